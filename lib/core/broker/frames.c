/*
 * Keepalive frames of those that are registered: the one thing that comes by the hundred thousand a
 * second, so it costs a look-up and no more. natkit-protocol(7), KEEPALIVES.
 *
 * Who is not registered, at that very address and with us at this one, gets silence, and so does
 * a wrong tag: an answer would tell, and reflect.
 */
#include <string.h>

#include "core/broker/state.h"

static struct keepalive_flow flow_of(const struct broker *b, const struct listener *l)
{
	struct keepalive_flow f = {.first = false, .sent = l->sent, .heard = l->counted};

	keepalive_key_of_token(f.key, registry_token(&b->registry, l->key, &l->from));
	return f;
}

static void send_frame(struct broker *b, struct listener *l, struct keepalive_flow *f,
		       enum keepalive_kind kind)
{
	struct action *a = answer_room(b, registry_endpoint(&b->registry, l), &l->from);

	if (a == NULL)
		return;
	keepalive_write(f, kind, a->data);
	a->len = KEEPALIVE_LEN;
	l->sent = (uint32_t)f->sent;
}

static bool is_at(const struct broker *b, const struct listener *l, const struct endpoint *at)
{
	const struct endpoint *known = registry_endpoint(&b->registry, l);

	return known->id == at->id && addr_eq(&known->local, &at->local);
}

void frame_input(struct broker *b, const struct event *ev, const struct endpoint *at, nk_time now)
{
	struct listener *l = registry_at(&b->registry, &ev->from);
	struct keepalive_flow f;
	bool crossed;
	enum keepalive_kind kind;
	uint64_t acked;

	b->stats.frames++;
	if (l == NULL || !is_at(b, l, at)) {
		b->stats.frames_unknown++;
		return;
	}
	f = flow_of(b, l);
	if (!keepalive_read(&f, ev->data, ev->len, &kind, &acked)) {
		b->stats.frames_bad++;
		return;
	}
	/* Where both have sent their turns at once, the client goes on and we pass. What it has not heard
	 * by more than that was never sent (LEDGER_SKIP). */
	crossed = l->turned && acked + 1 == f.sent;
	l->counted = (uint32_t)f.heard;
	registry_heard(l, kind == KEEPALIVE_TURN && !crossed, now);
	if (kind != KEEPALIVE_ASK)
		return;
	b->stats.frames_answered++;
	send_frame(b, l, &f, KEEPALIVE_ANSWER);
}

void frame_turn(struct broker *b, struct listener *l)
{
	struct keepalive_flow f = flow_of(b, l);

	b->stats.turns++;
	send_frame(b, l, &f, KEEPALIVE_TURN);
}
