#include "face/prose.h"

#include <string.h>

#define WIDTH_MAX 100

void prose_label(FILE *out, const struct style *st, const char *name)
{
	fprintf(out, "%s%-*s%s", style_tone(st, TONE_STRONG), PROSE_COLS, name,
		style_tone(st, TONE_PLAIN));
}

/* Of a word at @text; a number has its unit with it. */
static size_t word_len(const char *text)
{
	static const char *const units[] = {"s", "ms", "min", "h", "%"};
	const size_t len = strcspn(text, " ");
	const char *next = text + len + 1;

	if (len == 0 || text[len] == '\0' || text[len - 1] < '0' || text[len - 1] > '9')
		return len;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcspn(next, " ,;:.)") == strlen(units[i]) &&
		    strncmp(next, units[i], strlen(units[i])) == 0)
			return len + 1 + strcspn(next, " ");
	return len;
}

/* Later lines begin with @edge, which takes @edge_cols columns, and go on at column @indent. */
static void wrap(FILE *out, const struct style *st, size_t at, size_t indent, const char *edge,
		 size_t edge_cols, const char *text)
{
	const size_t width = st->width < WIDTH_MAX ? st->width : WIDTH_MAX;
	bool first = true;

	while (*text != '\0') {
		const size_t word = word_len(text);

		if (!first && at + 1 + word > width) {
			fprintf(out, "\n%s%*s", edge, (int)(indent - edge_cols), "");
			at = indent;
		} else if (!first) {
			fputc(' ', out);
			at++;
		}
		fprintf(out, "%.*s", (int)word, text);
		at += word;
		text += word;
		text += strspn(text, " ");
		first = false;
	}
	fputc('\n', out);
}

void prose_wrapped(FILE *out, const struct style *st, size_t at, size_t indent, const char *text)
{
	wrap(out, st, at, indent, "", 0, text);
}

void prose_beside(FILE *out, const struct style *st, size_t at, const char *edge, size_t edge_cols,
		  const char *text)
{
	wrap(out, st, at, at, edge, edge_cols, text);
}

void prose_line(FILE *out, const struct style *st, const char *name, const char *text)
{
	prose_toned(out, st, TONE_PLAIN, name, text);
}

void prose_toned(FILE *out, const struct style *st, enum tone tone, const char *name,
		 const char *text)
{
	prose_label(out, st, name);
	fputs(style_tone(st, tone), out);
	prose_wrapped(out, st, PROSE_COLS, PROSE_COLS, text);
	fputs(style_tone(st, TONE_PLAIN), out);
}
