#include "environment.h"

#include "core/identity/card.h"

#define PREFIX "NATPUNCH_"

int environment_of_peer(struct environment *e, const struct natpunch_event *peer)
{
	char key[CARD_KEY_TEXT], ip[ADDR_TEXT];
	const int r = environment_begin(e, PREFIX);

	if (r != 0)
		return r;
	card_key_text(peer->key, key);
	environment_put(e, PREFIX "PEER=%s", peer->name != NULL ? peer->name : key);
	environment_put(e, PREFIX "NAME=%s", peer->name != NULL ? peer->name : "");
	environment_put(e, PREFIX "KEY=%s", key);
	environment_put(e, PREFIX "ADDRESS=%s", addr_text_ip(&peer->addr, ip));
	environment_put(e, PREFIX "PORT=%u", peer->addr.port);
	environment_put(e, PREFIX "TACTIC=%s", tactic_name(peer->tactic));
	environment_put(e, PREFIX "CALL=%u", peer->call);
	return 0;
}
