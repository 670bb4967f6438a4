/*
 * Has the broker send TICKs to flows, by HOLDs on the control flow: each for some flows of one TTL,
 * renewed long before its lease ends, and repeated until it is answered.
 */
#include <string.h>

#include "core/natmap/enumerate_parts.h"

#define LEASE (12 * NK_S)
#define RENEW (4 * NK_S)
#define AHEAD (2 * NK_S) /* what is due so soon goes along */
#define TRIES 8
#define AGAIN NK_S /* after an answer that grants nothing */

void hold_want(struct enumerate *e, struct flow *f, nk_time at)
{
	if (f->ttl == 0)
		return;
	f->hold_due = at;
	e->hold_at = nk_min(e->hold_at, at);
}

static bool wants_end(const struct flow *f)
{
	return f->phase == FLOW_ENDED;
}

static bool goes_along(const struct flow *f, const struct flow *with, nk_time now)
{
	return f->phase != FLOW_FREE && !f->hold_asked && f->hold_due <= now + AHEAD &&
	       f->ttl == with->ttl && wants_end(f) == wants_end(with);
}

static void compose(struct enumerate *e, struct hold_request *r, const struct flow *with,
		    nk_time now)
{
	*r = (struct hold_request){
		.used = true,
		.hold = {.ttl = with->ttl,
			 .interval_ms = (uint16_t)(e->interval / NK_MS),
			 .lease_ms = wants_end(with) ? 0 : LEASE / NK_MS},
		.first_sent = now,
	};
	rng_bytes(e->rng, r->tid, sizeof(r->tid));
	for (uint32_t i = 0; i < e->flow_max && r->count < PROBE_TRIALS_MAX; i++) {
		if (!goes_along(&e->flow[i], with, now))
			continue;
		e->flow[i].hold_asked = true;
		e->flow[i].hold_due = now + AGAIN;
		memcpy(e->flow[i].hold_tid, r->tid, sizeof(r->tid));
		r->flows[r->count++] = i;
	}
}

/* Composes what is due, as far as there is room. */
static void look(struct enumerate *e, nk_time now)
{
	unsigned slot = 0;

	e->hold_at = NK_NEVER;
	for (uint32_t i = 0; i < e->flow_max; i++) {
		const struct flow *f = &e->flow[i];

		if (f->phase == FLOW_FREE || f->hold_asked || f->hold_due == NK_NEVER)
			continue;
		if (f->hold_due > now) {
			e->hold_at = nk_min(e->hold_at, f->hold_due);
			continue;
		}
		while (slot < HOLDS_MAX && e->holds[slot].used)
			slot++;
		if (slot == HOLDS_MAX)
			return; /* an answer will make room */
		compose(e, &e->holds[slot], f, now);
	}
}

static nk_time request_due(const struct enumerate *e, const struct hold_request *r)
{
	return r->repeats == 0 ? r->first_sent
			       : r->sent + exchanges_backoff(&e->exchanges, r->repeats);
}

static void concluded(struct enumerate *e, struct hold_request *r, nk_time now)
{
	for (unsigned i = 0; i < r->count; i++)
		e->flow[r->flows[i]].hold_asked = false;
	r->used = false;
	e->hold_at = now;
}

static void encode(const struct enumerate *e, const struct hold_request *r, struct action *action)
{
	struct wr w = wr_make(action->data, sizeof(action->data));
	uint32_t numbers[PROBE_TRIALS_MAX];

	for (unsigned i = 0; i < r->count; i++)
		numbers[i] = FLOW_NUMBER(r->flows[i]);
	stun_begin(&w, PROBE_HOLD, STUN_REQUEST, r->tid);
	probe_put_token(&w, e->asker.token);
	probe_put_trials(&w, numbers, r->count);
	probe_put_hold(&w, &r->hold);
	action->len = stun_end(&w);
	action->kind = ACTION_SEND;
	action->id = e->config.first_socket;
	action->to = e->config.broker;
	action->local = (struct addr){.port = 0};
	action->ttl = 0;
}

bool hold_output(struct enumerate *e, struct action *action, nk_time now)
{
	if (e->hold_at <= now)
		look(e, now);
	for (unsigned i = 0; i < HOLDS_MAX; i++) {
		struct hold_request *r = &e->holds[i];

		if (!r->used || request_due(e, r) > now)
			continue;
		if (r->repeats++ == TRIES) {
			concluded(e, r, now);
			continue;
		}
		r->sent = now;
		encode(e, r, action);
		return true;
	}
	return false;
}

nk_time hold_deadline(const struct enumerate *e)
{
	nk_time at = e->hold_at;

	for (unsigned i = 0; i < HOLDS_MAX; i++)
		if (e->holds[i].used)
			at = nk_min(at, request_due(e, &e->holds[i]));
	return at;
}

nk_time hold_unanswered(const struct enumerate *e, nk_time now)
{
	nk_time longest = 0;

	for (unsigned i = 0; i < HOLDS_MAX; i++)
		if (e->holds[i].used && e->holds[i].repeats > 0)
			longest = nk_max(longest, now - e->holds[i].first_sent);
	return longest;
}

/* The lease counts from when the request first left, which is no later than the broker counts. */
static void granted(struct enumerate *e, struct flow *f, const struct hold_request *r, nk_time now)
{
	const nk_time covered = nk_max(f->held_until, nk_max(f->last_out, f->last_in));

	if (f->phase == FLOW_HELD && now > covered + e->interval)
		f->lapsed = true;
	f->held_until = r->first_sent + r->hold.lease_ms * NK_MS;
	f->hold_interval = r->hold.interval_ms * NK_MS;
	hold_want(e, f, wants_end(f) ? now : r->first_sent + RENEW);
}

static void take_state(struct enumerate *e, const struct hold_request *r,
		       const struct probe_trial_state *s, nk_time now)
{
	struct flow *f;

	for (unsigned i = 0; i < r->count; i++) {
		f = &e->flow[r->flows[i]];
		if (FLOW_NUMBER(r->flows[i]) != s->trial || f->phase == FLOW_FREE)
			continue;
		if (r->hold.lease_ms == 0) {
			f->held_until = 0;
			f->hold_due = NK_NEVER;
			continue;
		}
		if (s->flags &
		    (PROBE_REFUSED | PROBE_UNKNOWN_TRIAL | PROBE_OTHER_ADDRESS | PROBE_WITHHELD))
			f->lapsed = true;
		flow_is_at(e, r->flows[i], s->port, now);
		granted(e, f, r, now);
	}
}

bool hold_input(struct enumerate *e, const struct event *ev, nk_time now)
{
	struct stun_msg m;
	struct probe_msg p;

	if (!addr_eq(&ev->from, &e->config.broker) || stun_read(&m, ev->data, ev->len) != 0 ||
	    probe_read(&p, &m) != 0)
		return false;
	for (unsigned i = 0; i < HOLDS_MAX; i++) {
		struct hold_request *r = &e->holds[i];

		if (!r->used || !stun_answers(&m, PROBE_HOLD, r->tid))
			continue;
		if (r->repeats == 1)
			exchanges_learn(&e->exchanges, now - r->sent, true);
		if (m.cls == STUN_ERROR && m.error == PROBE_ERR_SESSION)
			e->asker.session_lost = true;
		if (p.hold.lease_ms < r->hold.lease_ms)
			r->hold.lease_ms = p.hold.lease_ms; /* as it was granted */
		for (unsigned k = 0; m.cls == STUN_SUCCESS && k < p.state_count; k++)
			take_state(e, r, &p.states[k], now);
		concluded(e, r, now);
		return true;
	}
	return false;
}
