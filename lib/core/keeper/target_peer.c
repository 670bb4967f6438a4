/*
 * A peer may be a natkeepalive too, and ask us: then it is answered, and what it sends unasked shows
 * that our NATs still let it in. It is answered at its own address only, and seldom enough that nobody
 * who writes that address on his packets gains by it.
 */
#include <string.h>

#include "core/keeper/keeper_parts.h"

#define REPLY_GAP  (500 * NK_MS) /* its hellos come once a second */
#define HELD_LEAST (5 * NK_S)    /* a silence worth learning from */
#define UNPROVED   4             /* intervals in which nothing of ours needs to be answered */

void target_peer_input(struct keeper *k, struct target *t, const struct stun_msg *m,
		       nk_time silence, nk_time now)
{
	if (k->learner != NULL && t->state == KEEPER_UP && silence >= HELD_LEAST)
		learner_held(k->learner, silence, now);
	if (m->cls == STUN_REQUEST && now - t->replied >= REPLY_GAP) {
		t->replies = true;
		memcpy(t->reply_tid, m->tid, STUN_TID);
	}
	/* Who is asked by the other need not ask; but that what leaves arrives must be seen too. */
	if (t->state == KEEPER_UP && now - t->proved < UNPROVED * k->interval)
		keepalive_heard(&t->keepalive, KEEPALIVE_HEARD_TRAFFIC, now);
	else
		keepalive_doubt(&t->keepalive, now);
}

bool target_peer_output(struct target *t, struct action *action, nk_time now)
{
	struct wr w = wr_make(action->data, sizeof(action->data));

	if (!t->replies)
		return false;
	t->replies = false;
	t->replied = now;
	stun_begin(&w, STUN_BINDING, STUN_SUCCESS, t->reply_tid);
	stun_put_xor_addr(&w, STUN_XOR_MAPPED_ADDRESS, &t->addr);
	stun_put_fingerprint(&w);
	action->len = stun_end(&w);
	keepalive_sent(&t->keepalive, false, now);
	return true;
}
