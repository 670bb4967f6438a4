#include "environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "core/identity/card.h"

#define PREFIX "NATPUNCH_"

static void put_own(struct environment *e, const struct natpunch_event *peer)
{
	char key[CARD_KEY_TEXT], ip[ADDR_TEXT];
	unsigned n = 0;

	card_key_text(peer->key, key);
	snprintf(e->text[n++], ENVIRONMENT_TEXT, PREFIX "PEER=%s",
		 peer->name != NULL ? peer->name : key);
	snprintf(e->text[n++], ENVIRONMENT_TEXT, PREFIX "NAME=%s",
		 peer->name != NULL ? peer->name : "");
	snprintf(e->text[n++], ENVIRONMENT_TEXT, PREFIX "KEY=%s", key);
	snprintf(e->text[n++], ENVIRONMENT_TEXT, PREFIX "ADDRESS=%s",
		 addr_text_ip(&peer->addr, ip));
	snprintf(e->text[n++], ENVIRONMENT_TEXT, PREFIX "PORT=%u", peer->addr.port);
	snprintf(e->text[n++], ENVIRONMENT_TEXT, PREFIX "TACTIC=%s", tactic_name(peer->tactic));
	snprintf(e->text[n++], ENVIRONMENT_TEXT, PREFIX "CALL=%u", peer->call);
	for (unsigned i = 0; i < n; i++)
		e->list[i] = e->text[i];
}

int environment_make(struct environment *e, const struct natpunch_event *peer)
{
	size_t count = 0, at = ENVIRONMENT_OWN;

	while (environ[count] != NULL)
		count++;
	e->list = calloc(count + ENVIRONMENT_OWN + 1, sizeof(*e->list));
	if (e->list == NULL)
		return NK_ERR_NO_MEMORY;
	put_own(e, peer);
	for (size_t i = 0; i < count; i++)
		if (strncmp(environ[i], PREFIX, strlen(PREFIX)) != 0)
			e->list[at++] = environ[i];
	return 0;
}

void environment_free(struct environment *e)
{
	free(e->list);
	e->list = NULL;
}
