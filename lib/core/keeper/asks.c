#include "core/keeper/asks.h"

#include <string.h>

static void write(struct action *action, enum stun_class cls, const uint8_t tid[static STUN_TID])
{
	struct wr w = wr_make(action->data, sizeof(action->data));

	stun_begin(&w, STUN_BINDING, cls, tid);
	stun_put_fingerprint(&w);
	action->len = stun_end(&w);
}

void asks_write(struct asks *a, struct rng *rng, struct action *action, nk_time now)
{
	const unsigned i = a->next;

	a->next = (i + 1) % ASKS_KEPT;
	rng_bytes(rng, a->kept[i].tid, STUN_TID);
	a->kept[i].open = true;
	a->kept[i].sent = now;
	write(action, STUN_REQUEST, a->kept[i].tid);
}

void asks_write_indication(struct rng *rng, struct action *action)
{
	uint8_t tid[STUN_TID];

	rng_bytes(rng, tid, sizeof(tid));
	write(action, STUN_INDICATION, tid);
}

static void settle(struct asks *a, nk_time sent)
{
	for (unsigned i = 0; i < ASKS_KEPT; i++)
		if (a->kept[i].sent <= sent)
			a->kept[i].open = false;
}

bool asks_answered(struct asks *a, const struct stun_msg *m, nk_time *rtt, nk_time now)
{
	if (m->cls != STUN_SUCCESS)
		return false;
	for (unsigned i = 0; i < ASKS_KEPT; i++) {
		if (!a->kept[i].open || !stun_answers(m, STUN_BINDING, a->kept[i].tid))
			continue;
		*rtt = now - a->kept[i].sent;
		settle(a, a->kept[i].sent);
		return true;
	}
	return false;
}
