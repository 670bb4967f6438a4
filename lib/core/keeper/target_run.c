/* What a target is told, and what is sent to it: Binding requests, as long as it has not registered us. */
#include <string.h>

#include "core/keeper/keeper_parts.h"

#define CHECK_EVERY 16 /* openers */

static bool is_natbroker(const struct stun_msg *m)
{
	static const char name[] = "natkit ";

	return m->software_len >= sizeof(name) - 1 &&
	       memcmp(m->software, name, sizeof(name) - 1) == 0;
}

static void take_answer(struct keeper *k, struct target *t, const struct stun_msg *m, nk_time rtt,
			nk_time now)
{
	const struct addr mapped =
		addr_family(&m->xor_mapped) != ADDR_NONE ? m->xor_mapped : m->mapped;

	if (addr_family(&mapped) == ADDR_NONE)
		return;
	t->is_natbroker |= is_natbroker(m);
	t->keepalive.rtt = rtt;
	keepalive_heard(&t->keepalive, KEEPALIVE_HEARD_ANSWER, now);
	if (!t->registered)
		target_heard(k, t, &mapped, now);
}

/* Return: false if it is none of ours. */
static bool take_binding(struct keeper *k, struct target *t, const struct event *ev, nk_time now)
{
	struct stun_msg m;
	nk_time rtt;

	if (stun_read(&m, ev->data, ev->len) != 0 || m.method != STUN_BINDING)
		return false;
	if (asks_answered(&t->asks, &m, &rtt, now)) {
		target_count_in(t, ev->len, now);
		take_answer(k, t, &m, rtt, now);
		return true;
	}
	if (t->plan->kind != KEEPER_PEER || t->plan->shared ||
	    (m.cls != STUN_REQUEST && m.cls != STUN_INDICATION) || !m.has_fingerprint)
		return false;
	target_peer_input(k, t, &m, target_count_in(t, ev->len, now), now);
	return true;
}

bool target_input(struct keeper *k, struct target *t, const struct event *ev, nk_time now)
{
	if (ev->id != t->socket || ev->kind != EVENT_DATAGRAM || !addr_eq(&ev->from, &t->addr))
		return false;
	return target_broker_input(k, t, ev, now) || take_binding(k, t, ev, now);
}

void target_resumed(struct keeper *k, struct target *t, const struct event *ev, nk_time now)
{
	t->excused = true;
	if (t->started)
		keepalive_doubt(&t->keepalive, now);
	target_broker_input(k, t, ev, now);
}

/* What was registered was another address of ours. */
void target_moved(struct keeper *k, struct target *t, nk_time now)
{
	t->excused = true;
	target_broker_end(t);
	t->register_at = now;
	if (t->started)
		target_start(k, t, now);
}

/* An opener tells nothing of a mapping that is gone: now and then the target is asked. */
static bool is_to_ask(struct target *t)
{
	if (t->state != KEEPER_UP || ++t->openers < CHECK_EVERY)
		return false;
	t->openers = 0;
	return true;
}

static void write_need(struct keeper *k, struct target *t, enum keepalive_need need,
		       struct action *action, nk_time now)
{
	const bool checks = need == KEEPALIVE_SEND_OPENER && is_to_ask(t);

	action->ttl = 0;
	if (checks)
		keepalive_sent(&t->keepalive, true, now);
	if (need != KEEPALIVE_SEND_OPENER || checks) {
		target_asks(t, now);
		asks_write(&t->asks, k->rng, action, now);
		return;
	}
	asks_write_indication(k->rng, action);
	if (k->options->algorithm == KEEPALIVE_OPENER)
		action->ttl = ttl_of(&k->ttl);
}

/* While its socket cannot be opened hellos are due all the same, and none is answered. */
static bool bind_output(struct keeper *k, struct target *t, struct action *action, nk_time now)
{
	const bool up = wake_is_up(&k->wake, now);
	enum keepalive_need need;

	do {
		need = up ? keepalive_next_early(&t->keepalive, now)
			  : keepalive_next(&t->keepalive, now);
		if (keepalive_lost(&t->keepalive))
			target_lost(k, t, now);
	} while (need != KEEPALIVE_REST && !outlets_open(&k->outlets, t->socket));
	if (need == KEEPALIVE_REST)
		return false;
	write_need(k, t, need, action, now);
	return true;
}

bool target_output(struct keeper *k, struct target *t, struct action *action, nk_time now)
{
	const bool open = outlets_open(&k->outlets, t->socket);
	bool sends;

	if (!t->started)
		return false;
	action->kind = ACTION_SEND;
	action->id = t->socket;
	action->local = (struct addr){.port = 0};
	action->to = t->addr;
	action->ttl = 0;
	sends = (open &&
		 (target_peer_output(t, action, now) || target_broker_output(k, t, action, now))) ||
		(!t->registered && bind_output(k, t, action, now));
	if (!sends)
		return false;
	target_count_out(t, action->len, now);
	keeper_awake(k, now);
	keepalive_share(target_keepalive(t), k->share);
	return true;
}

nk_time target_deadline(const struct keeper *k, const struct target *t)
{
	nk_time at = NK_NEVER;

	if (!t->started)
		return NK_NEVER;
	if (outlets_open(&k->outlets, t->socket))
		at = nk_min(t->replies ? 0 : NK_NEVER, target_broker_deadline(k, t));
	return t->registered ? at : nk_min(at, keepalive_deadline(&t->keepalive));
}
