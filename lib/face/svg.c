#include "face/svg.h"

void svg_text(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '<')
			fputs("&lt;", out);
		else if (*text == '>')
			fputs("&gt;", out);
		else if (*text == '&')
			fputs("&amp;", out);
		else if ((unsigned char)*text >= 0x20 && (unsigned char)*text < 0x7f)
			fputc(*text, out);
		else
			fputc('?', out);
	}
}
