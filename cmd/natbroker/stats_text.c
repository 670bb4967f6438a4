#include "stats_text.h"

#include <stdlib.h>
#include <string.h>

#define PREFIX "natbroker_"
#define HELP   "# HELP " PREFIX
#define MOST   9007199254740992.0 /* 2^53: whole numbers up to there are exact */

/* Takes the next line, without its end; NULL: there is no whole one. */
static char *take_line(char **text)
{
	char *line = *text, *end = strchr(line, '\n');

	if (end == NULL)
		return NULL;
	*end = '\0';
	*text = end + 1;
	return line;
}

/* Nothing that a terminal would obey. */
static bool is_plain(const char *line)
{
	while (*line >= ' ' && *line <= '~')
		line++;
	return *line == '\0';
}

static void read_help(struct stats_line *out, char *line)
{
	char *space = strchr(line + strlen(HELP), ' ');

	out->help = space != NULL ? space + 1 : NULL;
}

/* "NAME VALUE" or "NAME{LABEL="TEXT"} VALUE". */
static bool read_number(struct stats_line *out, char *line)
{
	char *space = strrchr(line, ' '), *brace, *quote, *end;

	if (strncmp(line, PREFIX, strlen(PREFIX)) != 0 || space == NULL)
		return false;
	out->value = strtod(space + 1, &end);
	if (end == space + 1 || *end != '\0' || !(out->value >= 0 && out->value <= MOST))
		return false;
	*space = '\0';
	out->name = line + strlen(PREFIX);
	out->label = NULL;
	brace = strchr(line, '{');
	if (brace == NULL)
		return true;
	*brace = '\0';
	quote = strchr(brace + 1, '"');
	end = quote != NULL ? strchr(quote + 1, '"') : NULL;
	if (end == NULL)
		return false;
	*end = '\0';
	out->label = quote + 1;
	return true;
}

bool stats_next(char **text, struct stats_line *line)
{
	char *l;

	while ((l = take_line(text)) != NULL) {
		if (!is_plain(l))
			return false;
		if (strncmp(l, HELP, strlen(HELP)) == 0)
			read_help(line, l);
		else if (l[0] != '#')
			return read_number(line, l);
	}
	return false;
}
