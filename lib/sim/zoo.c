#include "sim/zoo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXTS_MAX 16

/**
 * struct zoo - Presets, and the texts that all their words are parts of
 */
struct zoo {
	struct zoo_preset presets[ZOO_PRESETS_MAX];
	unsigned count;
	char *texts[TEXTS_MAX];
	unsigned text_count;
};

/* Where the reading is: @now is the preset begun last, not one of the zoo's before it ends. */
struct reading {
	struct zoo *zoo;
	struct zoo_preset now;
	unsigned line, begun;
	char *why;
};

static bool fault(const struct reading *r, unsigned line, const char *what, const char *word)
{
	snprintf(r->why, ZOO_WHY, "line %u: %s: %.60s", line, what, word);
	return false;
}

/* The words between blanks at both ends, in place. */
static char *trimmed(char *s)
{
	size_t n;

	s += strspn(s, " \t");
	for (n = strlen(s); n > 0 && strchr(" \t\r", s[n - 1]) != NULL; n--)
		s[n - 1] = '\0';
	return s;
}

/* Cuts @s at the first @mark. Return: what follows it, trimmed, or NULL. */
static char *cut(char *s, char mark)
{
	char *at = strchr(s, mark);

	if (at == NULL)
		return NULL;
	*at = '\0';
	return trimmed(at + 1);
}

static struct zoo_preset *find(const struct zoo *z, const char *name)
{
	for (unsigned i = 0; i < z->count; i++)
		if (strcmp(z->presets[i].name, name) == 0)
			return (struct zoo_preset *)&z->presets[i];
	return NULL;
}

static bool is_whole(const struct reading *r)
{
	const struct zoo_preset *p = &r->now;

	if (p->title == NULL)
		return fault(r, r->begun, "no title", p->name);
	for (int i = 0; i < ZOO_AXES; i++)
		if (p->claims[i].mark == ZOO_ABSENT && zoo_axis_is_needed(i, !p->spec.translate))
			return fault(r, r->begun, "the preset does not say its", zoo_axis_name(i));
	return true;
}

/* Puts away the preset begun last, if there is one. */
static bool finish(struct reading *r)
{
	struct zoo_preset *p;

	if (r->now.name == NULL)
		return true;
	if (!is_whole(r))
		return false;
	p = find(r->zoo, r->now.name);
	if (p == NULL) {
		if (r->zoo->count == ZOO_PRESETS_MAX)
			return fault(r, r->begun, "too many presets", r->now.name);
		p = &r->zoo->presets[r->zoo->count++];
	}
	*p = r->now;
	return true;
}

static bool begin(struct reading *r, char *name)
{
	char *rest = cut(name, ']');

	if (rest == NULL || *rest != '\0')
		return fault(r, r->line, "not the name of a preset", name);
	name = trimmed(name);
	if (*name == '\0' || name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")] != '\0')
		return fault(r, r->line, "names have lower case letters, digits and -", name);
	if (!finish(r))
		return false;
	r->now = (struct zoo_preset){.name = name, .spec = {.translate = true}};
	r->begun = r->line;
	return true;
}

static bool read_mark(const char *text, enum zoo_mark *out)
{
	for (int m = ZOO_ASSUMED; m < ZOO_MARKS; m++)
		if (strcmp(text, zoo_mark_name((enum zoo_mark)m)) == 0) {
			*out = (enum zoo_mark)m;
			return true;
		}
	return false;
}

/* Begins as a copy; if it is only @assumed to be alike, so is all that was copied. */
static bool be_like(struct reading *r, const char *name, bool assumed, const char *why)
{
	const struct zoo_preset *model = find(r->zoo, name);

	if (model == NULL)
		return fault(r, r->line, "no such preset before this one", name);
	r->now.spec = model->spec;
	memcpy(r->now.claims, model->claims, sizeof(r->now.claims));
	for (int i = 0; assumed && i < ZOO_AXES; i++)
		if (r->now.claims[i].mark != ZOO_ABSENT) {
			r->now.claims[i].mark = ZOO_ASSUMED;
			r->now.claims[i].source = why;
		}
	return true;
}

static bool read_setting(struct reading *r, const char *key, char *value)
{
	char *mark_text = cut(value, '|'), *source = mark_text == NULL ? NULL : cut(mark_text, '|');
	const int axis = zoo_axis_find(key);
	enum zoo_mark mark = ZOO_SOURCED;

	value = trimmed(value);
	if (mark_text != NULL &&
	    (source == NULL || *source == '\0' || !read_mark(trimmed(mark_text), &mark)))
		return fault(r, r->line, "after | there must be sourced or assumed, | and a text",
			     key);
	if (strcmp(key, "like") == 0)
		return be_like(r, value, mark == ZOO_ASSUMED, source);
	if (axis < 0)
		return fault(r, r->line, "no such axis", key);
	if (source == NULL)
		return fault(r, r->line, "nothing says where this is from", key);
	if (!zoo_axis_set(&r->now.spec, axis, value))
		return fault(r, r->line, zoo_axis_values(axis), value);
	r->now.claims[axis] = (struct zoo_claim){mark, value, source};
	return true;
}

static bool read_line(struct reading *r, char *line)
{
	char *value;

	line = trimmed(line);
	if (*line == '\0' || *line == '#')
		return true;
	if (*line == '[')
		return begin(r, line + 1);
	value = cut(line, '=');
	if (value == NULL)
		return fault(r, r->line, "neither [name] nor axis = value", line);
	if (r->now.name == NULL)
		return fault(r, r->line, "before the first preset", line);
	line = trimmed(line);
	if (strcmp(line, "title") != 0)
		return read_setting(r, line, value);
	r->now.title = value;
	return true;
}

bool zoo_read(struct zoo *z, const char *text, size_t len, char why[static ZOO_WHY])
{
	struct reading r = {.zoo = z, .why = why};
	char *copy = z->text_count == TEXTS_MAX || memchr(text, '\0', len) != NULL
			     ? NULL
			     : malloc(len + 1);
	char *next;

	if (copy == NULL)
		return fault(&r, 0, "no room for one more text, or not a text", "");
	memcpy(copy, text, len);
	copy[len] = '\0';
	z->texts[z->text_count++] = copy;
	for (char *line = copy; line != NULL; line = next) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		r.line++;
		if (!read_line(&r, line))
			return false;
	}
	return finish(&r);
}

const struct zoo_preset *zoo_at(const struct zoo *z, unsigned i)
{
	return i < z->count ? &z->presets[i] : NULL;
}

const struct zoo_preset *zoo_find(const struct zoo *z, const char *name)
{
	return find(z, name);
}

const char *zoo_mark_name(enum zoo_mark mark)
{
	static const char *const names[ZOO_MARKS] = {"absent", "assumed", "sourced"};

	return names[mark];
}

struct zoo *zoo_new(void)
{
	return calloc(1, sizeof(struct zoo));
}

void zoo_free(struct zoo *z)
{
	if (z == NULL)
		return;
	for (unsigned i = 0; i < z->text_count; i++)
		free(z->texts[i]);
	free(z);
}
