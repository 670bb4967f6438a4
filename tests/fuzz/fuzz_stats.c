/* What natbroker --stats is told, which whoever sits at that port may have made up. */
#include <stdint.h>
#include <string.h>

#include "../../cmd/natbroker/stats_text.h"
#include "must.h"

#define TEXT_MAX  4096
#define VALUE_MAX 9007199254740992.0 /* 2^53: a whole number of no more is one in JSON too */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void is_plain(const char *text)
{
	for (; text != NULL && *text != '\0'; text++)
		must(*text >= ' ' && *text <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stats_line line = {.help = NULL};
	char *text, *at;

	if (size > TEXT_MAX)
		return 0;
	text = malloc(size + 1);
	must(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	at = text;
	while (stats_next(&at, &line)) {
		must(at > text && at <= text + size);
		must(line.value >= 0 && line.value <= VALUE_MAX);
		must(line.name != NULL);
		is_plain(line.name);
		is_plain(line.label);
		is_plain(line.help);
	}
	free(text);
	return 0;
}
