/*
 * Holds: TICKs to trials, with a TTL that ends where the client wants it.
 *
 * They go only to an address that has itself echoed a cookie, and for as long as the client goes on
 * asking: who has got that address since is let alone within a lease.
 */
#include <string.h>

#include "core/broker/state.h"

/* Whether TICKs may go to where a trial was last heard. */
static bool may_hold(const struct broker *b, const struct trial *t)
{
	return t->proven && (t->flags & PROBE_OTHER_ADDRESS) == 0 && !is_icmp(b, t->at.id);
}

/* Holds a trial, or ends that. Return: how it stands, PROBE_WITHHELD of the hold before. */
static struct probe_trial_state hold(struct broker *b, struct trial *t,
				     const struct probe_hold *hold, const struct request *q)
{
	struct probe_trial_state state;

	t->flags &= (uint16_t)~PROBE_REFUSED;
	if (hold->lease_ms == 0) {
		store_release(&b->store, t);
	} else if (may_hold(b, t) && store_hold(&b->store, t, hold, q->now)) {
		memcpy(t->hold_tid, q->msg->tid, STUN_TID);
	} else {
		store_release(&b->store, t);
		t->flags |= PROBE_REFUSED;
		log_rate(b, &t->from, q->now);
	}
	state = probe_trial_state_of(t, t->number);
	t->flags &= (uint16_t)~PROBE_WITHHELD;
	return state;
}

static bool hold_is_valid(const struct probe_msg *m)
{
	return m->has_hold && (m->hold.lease_ms == 0 ||
			       (m->hold.ttl != 0 && m->hold.interval_ms >= PROBE_INTERVAL_MIN_MS));
}

void probe_hold_input(struct broker *b, const struct request *q, const struct probe_msg *m,
		      const struct session *s)
{
	struct probe_trial_state states[PROBE_TRIALS_MAX];
	uint8_t buf[CORE_DATAGRAM_MAX];
	struct wr w = answer_begin(q, STUN_SUCCESS, buf);
	struct probe_hold granted = m->hold;

	if (!hold_is_valid(m)) {
		answer_error(b, q, ANSWER_NO_LONGER, 400, "Bad Request");
		return;
	}
	if (granted.lease_ms > PROBE_LEASE_MAX_MS)
		granted.lease_ms = PROBE_LEASE_MAX_MS;
	for (unsigned i = 0; i < m->trial_count; i++) {
		struct trial *t = store_trial(&b->store, s, m->trials[i]);

		states[i] = t != NULL ? hold(b, t, &granted, q)
				      : (struct probe_trial_state){.trial = m->trials[i],
								   .flags = PROBE_UNKNOWN_TRIAL};
	}
	probe_put_hold(&w, &granted);
	probe_put_states(&w, states, m->trial_count);
	probe_put_time(&w, (uint64_t)q->now);
	answer_send(b, q, ANSWER_PROVEN, &w);
}

bool probe_hold_output(struct broker *b, struct trial *t, struct action *action, nk_time now)
{
	struct wr w = wr_make(action->data, sizeof(action->data));

	if (now >= t->hold_until || !may_hold(b, t)) {
		store_release(&b->store, t);
		return false;
	}
	store_ticked(&b->store, t, now);
	if (!limits_take(&b->limits, LIMIT_SENT, &t->from, 1, b->config.copies_per_s, now)) {
		log_rate(b, &t->from, now);
		t->flags |= PROBE_WITHHELD;
		return false;
	}
	b->stats.ticks_sent++;
	stun_begin(&w, PROBE_TICK, STUN_INDICATION, t->hold_tid);
	probe_put_trial(&w, t->number);
	action->len = stun_end(&w);
	send_from(action, &t->at, &t->from);
	action->ttl = t->ttl;
	return true;
}
