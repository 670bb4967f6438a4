#include "script.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cast.h"
#include "sim/zoo_axes.h"

#define LINE_MAX_LEN 256
#define BLANKS       " \t\n"

/* The next word of *@rest, or NULL. */
static char *next_word(char **rest)
{
	char *word;

	do
		word = strsep(rest, BLANKS);
	while (word != NULL && *word == '\0');
	return word;
}

static bool read_number(const char *text, double highest, double *out)
{
	char *end;

	errno = 0;
	*out = text == NULL ? -1 : strtod(text, &end);
	return *out >= 0 && *out <= highest && errno == 0 && *end == '\0';
}

static bool read_label(const char *text, int *label)
{
	if (text == NULL || text[0] < 'A' || text[0] > 'Z' || text[1] != '\0')
		return false;
	*label = text[0] - 'A';
	return true;
}

/* "a", "a:5000" or "n:X" */
static bool read_endpoint(struct endpoint *out, const char *text)
{
	const size_t name = text == NULL ? 0 : strcspn(text, ":");
	double port;

	*out = (struct endpoint){.label = -1};
	if (text == NULL || !cast_find(&out->addr, text, name))
		return false;
	if (text[name] == '\0' || read_label(text + name + 1, &out->label))
		return true;
	if (!read_number(text + name + 1, 65535, &port))
		return false;
	out->addr.port = (uint16_t)port;
	return true;
}

static bool read_kind(struct step *s, const char *word)
{
	static const struct {
		const char *name;
		enum packet_kind kind;
		bool reply;
		enum packet_error error;
	} kinds[] = {
		{"udp", PACKET_UDP, false, 0},
		{"tcp", PACKET_TCP, false, 0},
		{"ping", PACKET_QUERY, false, 0},
		{"pong", PACKET_QUERY, true, 0},
		{"other", PACKET_OTHER, false, 0},
		{"ttl-exceeded", PACKET_ERROR, false, PACKET_TTL_EXCEEDED},
		{"no-port", PACKET_ERROR, false, PACKET_NO_PORT},
		{"no-host", PACKET_ERROR, false, PACKET_NO_HOST},
		{"prohibited", PACKET_ERROR, false, PACKET_PROHIBITED},
		{"too-big", PACKET_ERROR, false, PACKET_TOO_BIG},
	};

	for (size_t i = 0; word != NULL && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].name, word) == 0) {
			s->kind = kinds[i].kind;
			s->reply = kinds[i].reply;
			s->error = kinds[i].error;
			return true;
		}
	}
	return false;
}

/* Words that stand alone. */
static bool read_mark(struct step *s, const char *word)
{
	static const struct {
		const char *name;
		uint8_t flag;
	} flags[] = {
		{"syn", PACKET_SYN}, {"fin", PACKET_FIN}, {"rst", PACKET_RST}, {"ack", PACKET_ACK}};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (strcmp(flags[i].name, word) == 0) {
			s->flags |= flags[i].flag;
			return true;
		}
	}
	if (strcmp(word, "data") == 0)
		s->data = true;
	else if (strcmp(word, "df") == 0)
		s->dont_fragment = true;
	else if (strcmp(word, "split") == 0)
		s->split = SPLIT_IN_ORDER;
	else if (strcmp(word, "split-back") == 0)
		s->split = SPLIT_BACKWARDS;
	else
		return false;
	return true;
}

/* A word and, where it takes one, its value from *@rest. */
static bool read_word(struct step *s, const char *word, char **rest)
{
	double n;

	if (strcmp(word, "as") == 0)
		return read_label(next_word(rest), &s->as);
	if (strcmp(word, "about") == 0)
		return read_label(next_word(rest), &s->about);
	if (strcmp(word, "ttl") == 0) {
		if (!read_number(next_word(rest), 255, &n))
			return false;
		s->ttl = (uint8_t)n;
		return true;
	}
	if (strcmp(word, "size") == 0) {
		if (!read_number(next_word(rest), 4000, &n))
			return false;
		s->size = (unsigned)n;
		return true;
	}
	return read_mark(s, word);
}

/* "TIME FROM > TO KIND WORD..." */
static bool read_step(struct script *out, char *line, unsigned number)
{
	struct step *s = &out->steps[out->count];
	const char *time = next_word(&line);
	double seconds;
	char *word;

	if (out->count == SCRIPT_STEPS_MAX || !read_number(time + (*time == '+'), 1e6, &seconds))
		return false;
	*s = (struct step){
		.line = number, .at = nk_from_seconds(seconds), .ttl = 64, .as = -1, .about = -1};
	snprintf(s->text, sizeof(s->text), "%s", line + strspn(line, BLANKS));
	if (out->count > 0 && *time == '+')
		s->at += s[-1].at;
	if (!read_endpoint(&s->from, next_word(&line)) || (word = next_word(&line)) == NULL ||
	    strcmp(word, ">") != 0 || !read_endpoint(&s->to, next_word(&line)) ||
	    !read_kind(s, next_word(&line)))
		return false;
	while ((word = next_word(&line)) != NULL)
		if (!read_word(s, word, &line))
			return false;
	if (s->kind == PACKET_ERROR && s->about < 0)
		return false;
	out->count++;
	return true;
}

/* "AXIS = VALUE" */
static bool read_setting(struct script *out, char *line)
{
	char *value = strchr(line, '=');
	const char *name;
	double mtu;
	int axis;

	*value++ = '\0';
	value += strspn(value, BLANKS);
	name = next_word(&line);
	if (name == NULL)
		return false;
	if (strcmp(name, "liberal") == 0) {
		out->liberal = strcmp(value, "yes") == 0;
		return out->liberal;
	}
	if (strcmp(name, "mtu") == 0) {
		if (!read_number(value, 1500, &mtu))
			return false;
		out->mtu = (unsigned)mtu;
		return true;
	}
	axis = zoo_axis_find(name);
	return axis >= 0 && zoo_axis_set(&out->spec, axis, value);
}

static bool read_line(struct script *out, char *line, unsigned number)
{
	line[strcspn(line, "#\n")] = '\0';
	line += strspn(line, BLANKS);
	for (size_t n = strlen(line); n > 0 && strchr(BLANKS, line[n - 1]) != NULL; n--)
		line[n - 1] = '\0';
	if (*line == '\0')
		return true;
	return strchr(line, '=') != NULL ? read_setting(out, line) : read_step(out, line, number);
}

static int compare_times(const void *a, const void *b)
{
	const struct step *s = a, *t = b;

	if (s->at != t->at)
		return s->at < t->at ? -1 : 1;
	return s->line < t->line ? -1 : 1;
}

void script_sort(struct script *script)
{
	qsort(script->steps, script->count, sizeof(script->steps[0]), compare_times);
}

void script_add(struct script *script, const struct step *s)
{
	assert(script->count < SCRIPT_STEPS_MAX);
	script->steps[script->count] = *s;
	script->steps[script->count].line = script->count;
	script->count++;
}

bool script_read(struct script *out, const char *path, char *why, size_t room)
{
	char line[LINE_MAX_LEN];
	unsigned number = 1;
	FILE *f = fopen(path, "r");
	bool ok = f != NULL;

	if (!ok)
		snprintf(why, room, "%s: %s", path, strerror(errno));
	for (; ok && fgets(line, sizeof(line), f) != NULL; number++) {
		ok = read_line(out, line, number);
		if (!ok)
			snprintf(why, room, "%s:%u: cannot be read as a setting or a packet", path,
				 number);
	}
	if (f != NULL)
		fclose(f);
	script_sort(out);
	return ok;
}
