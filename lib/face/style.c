#include "face/style.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_DEFAULT 80
#define WIDTH_LEAST   40

struct style style_of(FILE *out)
{
	const char *term = getenv("TERM"), *no_colour = getenv("NO_COLOR");
	const bool terminal = isatty(fileno(out));
	struct winsize size = {0};
	struct style s = {.width = WIDTH_DEFAULT};

	s.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	s.colour = terminal && (no_colour == NULL || *no_colour == '\0') && term != NULL &&
		   strcmp(term, "dumb") != 0;
	if (terminal && ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		s.width = size.ws_col > WIDTH_LEAST ? size.ws_col : WIDTH_LEAST;
	return s;
}

const char *style_tone(const struct style *s, enum tone tone)
{
	static const char *const codes[] = {
		[TONE_PLAIN] = "\033[0m", [TONE_STRONG] = "\033[1m", [TONE_DIM] = "\033[2m",
		[TONE_GOOD] = "\033[32m", [TONE_BAD] = "\033[31m",   [TONE_DOUBT] = "\033[33m",
		[TONE_BLUE] = "\033[34m",
	};

	return s->colour ? codes[tone] : "";
}
