/* Petnames: the cards of others by the names that this user gave them, one a line in a file. */
#ifndef NATPUNCH_CONTACTS_H
#define NATPUNCH_CONTACTS_H

#include "core/identity/card.h"

#define CONTACTS_MAX 1000
#define CONTACT_NAME 64 /* with NUL */

struct contact {
	char name[CONTACT_NAME];
	struct card card;
};

/**
 * struct contacts - All of them, in the order of the file
 * @list:	@count of them, freed by contacts_free()
 */
struct contacts {
	struct contact *list;
	unsigned count;
};

/* Reads them; no file means none. Return: EXIT_YES, or the exit status to end with, which has been
 * told; contacts_free() in either case. */
int contacts_open(struct contacts *c);
void contacts_free(struct contacts *c);

/* Writes them. Return: EXIT_YES, or the exit status, told. */
int contacts_save(const struct contacts *c);

/* Return: NULL if there is none. */
const struct contact *contacts_find(const struct contacts *c, const char *name);
const struct contact *contacts_find_key(const struct contacts *c, const uint8_t key[static 32]);

/* Adds or removes one. Return: EXIT_YES, or the exit status, told. */
int contacts_add(struct contacts *c, const char *name, const char *card);
int contacts_remove(struct contacts *c, const char *name);

/* What an option or operand says, a petname or a card. Return: EXIT_YES, or the exit status, told. */
int contacts_want(const struct contacts *c, const char *text, struct contact *out);

#endif
