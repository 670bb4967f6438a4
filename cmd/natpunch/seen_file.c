#include "seen_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "core/identity/card.h"
#include "face/log.h"
#include "io/files.h"

#define LINE     (CARD_KEY_TEXT + 20 + 1) /* a key, a space, microseconds, and a newline */
#define FILE_MAX (PUNCH_SEEN_MAX * LINE)

static void warn(struct seen_file *f, const char *what, const char *why)
{
	char quoted[LOG_QUOTED];

	if (!f->warned)
		log_line(LEVEL_WARNING, "cannot %s %s: %s; old offers may be played again", what,
			 log_quote(quoted, sizeof(quoted), f->path), why);
	f->warned = true;
}

static bool read_line(struct punch_seen *out, char *line)
{
	char *number = strchr(line, ' '), *end;

	if (number == NULL || number[1] < '0' || number[1] > '9')
		return false;
	*number++ = '\0';
	errno = 0;
	out->timestamp = strtoull(number, &end, 10);
	return errno == 0 && *end == '\0' && card_parse_key(out->key, line) == 0;
}

static bool read_lines(struct seen_file *f, char *text)
{
	char *line, *rest = text;

	while ((line = strsep(&rest, "\n")) != NULL && *line != '\0')
		if (f->count == PUNCH_SEEN_MAX || !read_line(&f->list[f->count++], line))
			return false;
	return line != NULL && rest == NULL;
}

static void read_file(struct seen_file *f)
{
	char *text;
	const int r = files_read(&text, NULL, f->path, FILE_MAX);

	if (r == NK_ERR_SYSTEM && errno == ENOENT)
		return;
	if (r != 0) {
		warn(f, "read", files_why(r));
		return;
	}
	if (!read_lines(f, text)) {
		warn(f, "read", "a line is not KEY TIME");
		f->count = 0;
	}
	free(text);
}

void seen_open(struct seen_file *f, const uint8_t key[static 32])
{
	char name[sizeof("seen/") + CARD_KEY_TEXT] = "seen/";

	f->count = 0;
	f->warned = false;
	card_key_text(key, name + strlen(name));
	if (files_place(f->path, FILES_STATE, name) == 0) {
		read_file(f);
		return;
	}
	warn(f, "make", "there is no folder for it");
	f->path[0] = '\0';
}

void seen_save(struct seen_file *f)
{
	char text[FILE_MAX + 1], key[CARD_KEY_TEXT];
	size_t len = 0;

	if (f->path[0] == '\0')
		return;
	for (unsigned i = 0; i < f->count; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s %" PRIu64 "\n",
					card_key_text(f->list[i].key, key), f->list[i].timestamp);
	if (files_write(f->path, text, len, 0600) != 0)
		warn(f, "write", strerror(errno));
}
