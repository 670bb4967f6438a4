#include "peers.h"

#include <string.h>

#include "face/exit.h"

static void allow(struct peers *p, const uint8_t key[static 32])
{
	const struct contact *c = contacts_find_key(&p->contacts, key);
	struct punch_contact *one = &p->allowed[p->allowed_count++];

	memcpy(one->key, key, sizeof(one->key));
	one->name = c != NULL ? c->name : NULL;
}

static int allow_text(struct peers *p, const char *text)
{
	struct contact found;
	uint8_t key[32];
	int status;

	if (contacts_find(&p->contacts, text) == NULL && card_parse_key(key, text) == 0) {
		allow(p, key);
		return EXIT_YES;
	}
	status = contacts_want(&p->contacts, text, &found);
	if (status == EXIT_YES)
		allow(p, found.card.key);
	return status;
}

static int find_allowed(struct peers *p, const struct settings *s)
{
	int status = EXIT_YES;

	for (unsigned i = 0; i < s->allow_count && status == EXIT_YES; i++)
		status = allow_text(p, s->allow[i]);
	/* Where all may ring, those whom we know are called by their names. */
	for (unsigned i = 0;
	     s->punch.allow_any && i < p->contacts.count && p->allowed_count < NATPUNCH_ALLOWED_MAX;
	     i++)
		allow(p, p->contacts.list[i].card.key);
	return status;
}

int peers_find(struct peers *p, const struct settings *s)
{
	int status = contacts_open(&p->contacts);

	if (status != EXIT_YES)
		return status;
	if (s->punch.mode == PUNCH_LISTEN)
		return find_allowed(p, s);
	return contacts_want(&p->contacts, s->callee, &p->callee);
}

void peers_free(struct peers *p)
{
	contacts_free(&p->contacts);
}
