/* Whom to call, and who may ring: petnames, cards and keys to what a run takes. */
#ifndef NATPUNCH_PEERS_H
#define NATPUNCH_PEERS_H

#include "contacts.h"
#include "settings.h"

/**
 * struct peers - The people of a run
 * @contacts:	All petnames, which the others borrow
 * @callee:	Whom to call; its card says where
 * @allowed:	@allowed_count who may ring, or have names at least
 */
struct peers {
	struct contacts contacts;
	struct contact callee;
	struct punch_contact allowed[NATPUNCH_ALLOWED_MAX];
	unsigned allowed_count;
};

/* Return: EXIT_YES, or the exit status to end with, told; peers_free() in either case. */
int peers_find(struct peers *p, const struct settings *s);
void peers_free(struct peers *p);

#endif
