#include "core/keeper/ttl.h"

#define GUESS 4 /* values up to that were needed behind the NATs of carriers */
#define LIMIT (3 * NK_S)

void ttl_init(struct ttl *t, uint8_t fixed, uint32_t first_id)
{
	*t = (struct ttl){.fixed = fixed, .first_id = first_id};
}

void ttl_free(struct ttl *t)
{
	gather_free(t->gather);
	t->gather = NULL;
}

void ttl_measure(struct ttl *t, const struct addr *server, uint32_t socket,
		 const struct addr *local, struct rng *rng, nk_time now)
{
	const struct gather_config config = {
		.broker = {*server},
		.socket = {socket},
		.have = {true},
		.local = {*local},
		.first_socket = t->first_id,
		.limit = LIMIT,
	};

	if (t->fixed == 0 && t->gather == NULL && addr_family(server) == ADDR_V4)
		t->gather = gather_new(&config, rng, now);
}

uint8_t ttl_of(const struct ttl *t)
{
	if (t->fixed != 0)
		return t->fixed;
	return t->measured != 0 ? t->measured : GUESS;
}

bool ttl_input(struct ttl *t, const struct event *ev, nk_time now)
{
	return t->gather != NULL && gather_input(t->gather, ev, now);
}

bool ttl_output(struct ttl *t, struct action *action, nk_time now)
{
	if (t->gather == NULL)
		return false;
	if (gather_output(t->gather, action, now))
		return true;
	if (gather_status(t->gather) != CORE_BUSY) {
		t->measured = gather_result(t->gather)->hint.opener_ttl;
		ttl_free(t);
	}
	return false;
}

nk_time ttl_deadline(const struct ttl *t)
{
	return t->gather == NULL ? NK_NEVER : gather_deadline(t->gather);
}
