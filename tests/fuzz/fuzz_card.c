/* Contact cards: what is read is written back as a text that reads the same. */
#include <string.h>

#include "core/identity/card.h"
#include "must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char input[512], text[CARD_TEXT], again[CARD_TEXT], why[CARD_WHY];
	struct card a, b;

	if (size >= sizeof(input))
		return 0;
	memcpy(input, data, size);
	input[size] = '\0';
	if (card_parse(&a, input, why) != 0) {
		must(memchr(why, '\0', sizeof(why)) != NULL);
		return 0;
	}
	must(card_parse(&b, card_text(&a, text), why) == 0);
	must(memcmp(a.key, b.key, sizeof(a.key)) == 0 && a.port == b.port);
	must(strcmp(card_text(&b, again), text) == 0);
	return 0;
}
