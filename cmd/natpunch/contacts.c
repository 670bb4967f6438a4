#include "contacts.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/err.h"
#include "face/exit.h"
#include "face/log.h"
#include "io/files.h"

#define FILE_NAME "contacts"
#define LINE      (CONTACT_NAME + CARD_TEXT + 1)
#define SPACE     " \t\r"

static int say_file(const char *what, const char *path, const char *why)
{
	char quoted[LOG_QUOTED];

	log_line(LEVEL_ERROR, "cannot %s %s: %s", what, log_quote(quoted, sizeof(quoted), path),
		 why);
	return EXIT_USAGE;
}

static int place(char path[static PATH_MAX])
{
	const int r = files_place(path, FILES_CONFIG, FILE_NAME);

	if (r == NK_ERR_SYSTEM)
		return say_file("make the folders of", path, strerror(errno));
	if (r == 0)
		return EXIT_YES;
	log_line(LEVEL_ERROR, "neither HOME nor XDG_CONFIG_HOME says where the contacts are");
	return EXIT_USAGE;
}

static bool is_name(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_.";
	const size_t len = strlen(name);

	return len > 0 && len < CONTACT_NAME && name[0] != '-' && strspn(name, allowed) == len;
}

/* Return: NULL, or what is wrong. */
static const char *fill(struct contact *out, const char *name, const char *card,
			char why[static CARD_WHY])
{
	uint8_t dh[CRYPTO_KEY];

	if (!is_name(name))
		return "a name is up to 63 letters, digits, \"-\", \"_\" and \".\"";
	if (card_parse(&out->card, card, why) != 0)
		return why;
	if (!crypto_dh_public_of(dh, out->card.key))
		return "that key is nobody's";
	snprintf(out->name, sizeof(out->name), "%s", name);
	return NULL;
}

static int append(struct contacts *c, const struct contact *one)
{
	struct contact *list;

	if (c->count == CONTACTS_MAX) {
		log_line(LEVEL_ERROR, "there can be %d contacts at most", CONTACTS_MAX);
		return EXIT_USAGE;
	}
	list = reallocarray(c->list, c->count + 1, sizeof(*list));
	if (list == NULL) {
		log_line(LEVEL_ERROR, "%s", err_text(NK_ERR_NO_MEMORY));
		return EXIT_INTERNAL;
	}
	c->list = list;
	c->list[c->count++] = *one;
	return EXIT_YES;
}

/* "NAME CARD", or nothing. */
static int read_line(struct contacts *c, char *line, const char *path, unsigned number)
{
	char why[CARD_WHY], *save = NULL;
	const char *name = strtok_r(line, SPACE, &save), *card = strtok_r(NULL, SPACE, &save);
	const char *wrong;
	struct contact one;

	if (name == NULL || name[0] == '#')
		return EXIT_YES;
	if (card == NULL || strtok_r(NULL, SPACE, &save) != NULL)
		wrong = "a line is NAME CARD";
	else
		wrong = fill(&one, name, card, why);
	if (wrong == NULL)
		return append(c, &one);
	log_line(LEVEL_ERROR, "%s:%u: %s", path, number, wrong);
	return EXIT_USAGE;
}

static int read_lines(struct contacts *c, char *text, const char *path)
{
	int status = EXIT_YES;

	for (unsigned number = 1; text != NULL && status == EXIT_YES; number++) {
		char *line = strsep(&text, "\n");

		status = read_line(c, line, path, number);
	}
	return status;
}

int contacts_open(struct contacts *c)
{
	char path[PATH_MAX], *text;
	int status, r;

	*c = (struct contacts){.count = 0};
	/* Folders that cannot be made have no contacts in them. */
	if (files_place(path, FILES_CONFIG, FILE_NAME) == NK_ERR_BAD_INPUT ||
	    (access(path, F_OK) != 0 && errno == ENOENT))
		return EXIT_YES;
	r = files_read(&text, NULL, path, CONTACTS_MAX * LINE);
	if (r != 0)
		return say_file("read", path, files_why(r));
	status = read_lines(c, text, path);
	free(text);
	return status;
}

void contacts_free(struct contacts *c)
{
	free(c->list);
	c->list = NULL;
}

int contacts_save(const struct contacts *c)
{
	char path[PATH_MAX], card[CARD_TEXT], *text = NULL;
	int status = place(path);
	size_t len = 0;
	FILE *out;

	if (status != EXIT_YES)
		return status;
	out = open_memstream(&text, &len);
	for (unsigned i = 0; out != NULL && i < c->count; i++)
		fprintf(out, "%s %s\n", c->list[i].name, card_text(&c->list[i].card, card));
	if (out == NULL || fclose(out) != 0) {
		log_line(LEVEL_ERROR, "%s", err_text(NK_ERR_NO_MEMORY));
		status = EXIT_INTERNAL;
	} else if (files_write(path, text, len, 0600) != 0) {
		status = say_file("write", path, strerror(errno));
	}
	free(text);
	return status;
}

const struct contact *contacts_find(const struct contacts *c, const char *name)
{
	for (unsigned i = 0; i < c->count; i++)
		if (strcmp(c->list[i].name, name) == 0)
			return &c->list[i];
	return NULL;
}

const struct contact *contacts_find_key(const struct contacts *c, const uint8_t key[static 32])
{
	for (unsigned i = 0; i < c->count; i++)
		if (memcmp(c->list[i].card.key, key, 32) == 0)
			return &c->list[i];
	return NULL;
}

static int refuse(const char *text, const char *why)
{
	char quoted[LOG_QUOTED];

	log_line(LEVEL_ERROR, "cannot use %s; %s", log_quote(quoted, sizeof(quoted), text), why);
	return EXIT_USAGE;
}

int contacts_add(struct contacts *c, const char *name, const char *card)
{
	char why[CARD_WHY];
	const struct contact *other;
	struct contact one;
	const char *wrong = fill(&one, name, card, why);

	if (wrong != NULL)
		return refuse(is_name(name) ? card : name, wrong);
	if (contacts_find(c, name) != NULL)
		return refuse(name, "there is a contact of that name; remove it first");
	other = contacts_find_key(c, one.card.key);
	if (other != NULL) {
		log_line(LEVEL_ERROR, "that key is called %s already; remove it first",
			 other->name);
		return EXIT_USAGE;
	}
	return append(c, &one);
}

int contacts_remove(struct contacts *c, const char *name)
{
	const struct contact *one = contacts_find(c, name);
	const size_t at = one != NULL ? (size_t)(one - c->list) : 0;

	if (one == NULL)
		return refuse(name, "there is no contact of that name");
	c->count--;
	memmove(c->list + at, c->list + at + 1, (c->count - at) * sizeof(*c->list));
	return EXIT_YES;
}

int contacts_want(const struct contacts *c, const char *text, struct contact *out)
{
	const struct contact *one = contacts_find(c, text);
	const char *wrong;
	char why[CARD_WHY];

	if (one != NULL) {
		*out = *one;
		return EXIT_YES;
	}
	if (strchr(text, ':') == NULL)
		return refuse(text, "there is no contact of that name (\"natpunch contact list\")");
	wrong = fill(out, "card", text, why);
	if (wrong != NULL)
		return refuse(text, wrong);
	one = contacts_find_key(c, out->card.key);
	snprintf(out->name, sizeof(out->name), "%s", one != NULL ? one->name : "");
	return EXIT_YES;
}
