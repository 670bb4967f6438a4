#include "core/probe/refresh.h"

#include <math.h>

#include "core/probe/refresh_parts.h"

#define STEP        NK_S /* between two copies of the server */
#define SETUP_TRIES 8
#define FIRST_PULSE 0.5 /* seconds of age */
#define PULSE_RATIO 2.2
#define PULSE_SHIFT 1.483 /* between the two flows: the root of the ratio */
#define PULSE_APART 0.8   /* of the shortest timer, once it is known */
#define BEFORE      0.97 /* of the shortest the timer can be: a pulse up to then made nothing anew */

static void pulses_start(struct refresh_flow *f, unsigned kind, nk_time now)
{
	f->silent_since = f->pulse = now;
	f->widest = 0;
	f->next_age = FIRST_PULSE * (kind == REFRESH_OUT_B ? PULSE_SHIFT : 1);
}

void refresh_start(struct refresh *r, struct fan *fan, nk_time now)
{
	*r = (struct refresh){.fan = fan, .running = true};
	for (unsigned k = 0; k < REFRESH_FLOWS; k++)
		r->flows[k] = (struct refresh_flow){.flow = BUDGET_NO_FLOW, .due = now};
}

void refresh_again(struct refresh *r, unsigned kind, nk_time now)
{
	struct refresh_flow *f = &r->flows[kind];

	f->has_cookie = f->asked = false;
	f->missed = f->tries = 0;
	f->heard = 0;
	f->due = now;
	f->ready = refresh_is_outbound(kind) && !r->fan->plain;
	pulses_start(f, kind, now);
}

/* The set-up's answer: the mapped port, or the cookie that lets the server send without being paid. */
static void answered(struct refresh *r, unsigned k, const struct event *ev, nk_time now)
{
	struct refresh_flow *f = &r->flows[k];
	struct stun_msg m;
	struct probe_msg p;

	if (f->ready || !addr_eq(&ev->from, &r->fan->server) ||
	    stun_read(&m, ev->data, ev->len) != 0 || m.cls != STUN_SUCCESS ||
	    !stun_answers(&m, r->fan->plain ? STUN_BINDING : PROBE_TRIAL, f->tid) ||
	    probe_read(&p, &m) != 0)
		return;
	budget_seen(r->fan->budget, f->flow);
	f->mapped_port = m.xor_mapped.port;
	pulses_start(f, k, now);
	f->due = now;
	if (!f->has_cookie && p.has_cookie) {
		f->has_cookie = true;
		f->cookie = p.cookie;
		return;
	}
	f->ready = true;
	f->due = now + STEP;
}

void refresh_input(struct refresh *r, const struct event *ev, nk_time now)
{
	const unsigned k = ev->id - REFRESH_SOCKETS;
	struct refresh_flow *f;

	if (!r->running || k >= REFRESH_FLOWS)
		return;
	f = &r->flows[k];
	if (ev->kind == EVENT_OPENED) {
		f->open = true;
		f->local_port = ev->local.port;
		refresh_again(r, k, now);
		if (f->ready)
			budget_seen(r->fan->budget, f->flow); /* opened before any limit was met */
	} else if (ev->kind == EVENT_OPEN_FAILED) {
		f->decided = true;
	} else if (ev->kind == EVENT_DATAGRAM &&
		   !asker_input_trial(r->fan->asker, REFRESH_NUMBER + k, ev, now)) {
		answered(r, k, ev, now);
	}
}

static void put_binding(struct action *action, enum stun_class cls,
			const uint8_t tid[static STUN_TID])
{
	struct wr w = wr_make(action->data, sizeof(action->data));

	stun_begin(&w, STUN_BINDING, cls, tid);
	action->len = stun_end(&w);
}

/* A TRIAL request for a cookie (zero), or one that echoes it. */
static void put_cookie_trial(const struct refresh *r, unsigned k, struct action *action)
{
	const struct refresh_flow *f = &r->flows[k];
	struct wr w = wr_make(action->data, sizeof(action->data));

	stun_begin(&w, PROBE_TRIAL, STUN_REQUEST, f->tid);
	probe_put_token(&w, r->fan->asker->token);
	probe_put_trial(&w, REFRESH_NUMBER + k);
	probe_put_cookie(&w, f->has_cookie ? f->cookie : 0);
	stun_pad_to(&w, fan_trial_len(&r->fan->server));
	action->len = stun_end(&w);
}

static void send_setup(struct refresh *r, unsigned k, struct action *action, nk_time now)
{
	struct refresh_flow *f = &r->flows[k];

	budget_touch(r->fan->budget, f->flow, now);
	rng_bytes(r->fan->exchanges->rng, f->tid, sizeof(f->tid));
	if (r->fan->plain)
		put_binding(action, STUN_REQUEST, f->tid);
	else
		put_cookie_trial(r, k, action);
	f->tries++;
	f->due = now + exchanges_wait(r->fan->exchanges);
	f->silent_since = now;
}

/* The first packet makes the mapping; the others are the pulses. */
static void send_pulse(struct refresh *r, unsigned k, struct action *action, nk_time now)
{
	struct refresh_flow *f = &r->flows[k];

	budget_touch(r->fan->budget, f->flow, now);
	rng_bytes(r->fan->exchanges->rng, f->tid, sizeof(f->tid));
	if (r->fan->plain)
		put_binding(action, STUN_INDICATION, f->tid);
	else
		fan_put_trial(r->fan, action, REFRESH_NUMBER + k, STUN_INDICATION, f->tid);
	f->widest = fmax(f->widest, nk_seconds(now - f->pulse));
	f->pulse = now;
	while (f->silent_since + nk_from_seconds(f->next_age) <= now)
		f->next_age *= PULSE_RATIO;
	f->due = f->silent_since + nk_from_seconds(f->next_age);
}

/*
 * Whether an outbound flow tells: its last pulse came before the timer could
 * have run out, and not so long ago that it would have run out again; nor were
 * two of them so far apart.
 */
static bool tells(const struct refresh *r, unsigned kind, nk_time now)
{
	const struct refresh_flow *f = &r->flows[kind];
	const double lo = BEFORE * refresh_outbound_lane(r)->estimate.lo,
		     least = BEFORE * refresh_shortest(r);

	return f->ready && nk_seconds(f->pulse - f->silent_since) <= lo && f->widest < least &&
	       nk_seconds(now - f->pulse) < least;
}

/* The outbound flow to ask: of those that tell, the one with the youngest pulse. */
static unsigned best_outbound(const struct refresh *r, nk_time now)
{
	const bool a = tells(r, REFRESH_OUT_A, now), b = tells(r, REFRESH_OUT_B, now);

	if (a && b)
		return r->flows[REFRESH_OUT_A].pulse > r->flows[REFRESH_OUT_B].pulse
			       ? REFRESH_OUT_A
			       : REFRESH_OUT_B;
	return a ? REFRESH_OUT_A : b ? REFRESH_OUT_B : REFRESH_FLOWS;
}

/*
 * When a flow is next to be served. Once the timeouts are known, it is asked
 * the moment it has outlived them.
 */
static nk_time due(const struct refresh *r, unsigned k)
{
	const struct refresh_flow *f = &r->flows[k];
	double longer;

	if (!f->open || f->decided)
		return NK_NEVER;
	longer = f->ready && !f->asked ? refresh_longest(r, k) : INFINITY;
	if (isinf(longer)) {
		const double apart = PULSE_APART * refresh_shortest(r);

		return refresh_is_outbound(k) && f->ready && !f->asked && isfinite(apart)
			       ? nk_min(f->due, f->pulse + nk_from_seconds(apart))
			       : f->due;
	}

	const nk_time outlived =
		nk_max(f->last_asked + ASK_RETRY, f->silent_since + nk_from_seconds(longer) + 1);

	return refresh_is_outbound(k) ? outlived : nk_min(f->due, outlived);
}

static bool ask(struct refresh *r, unsigned k, unsigned copies, nk_time now)
{
	struct refresh_flow *f = &r->flows[k];
	const struct ask_target target = {
		.trial = REFRESH_NUMBER + k,
		.socket = REFRESH_SOCKETS + k,
		.port = f->mapped_port,
	};

	f->asked = asker_ask(r->fan->asker, &target, 1, copies, now);
	f->due = now + (f->asked ? STEP : ASK_RETRY);
	f->last_asked = now;
	return f->asked;
}

/* An outbound flow's turn: a pulse, or once the timer is known the question. True if a packet leaves. */
static bool outbound_turn(struct refresh *r, unsigned k, struct action *action, nk_time now)
{
	struct refresh_flow *f = &r->flows[k];

	if (f->asked) {
		f->due = now + ASK_RETRY;
		return false;
	}
	if (isinf(refresh_longest(r, k))) {
		send_pulse(r, k, action, now);
		return true;
	}
	if (best_outbound(r, now) == k)
		ask(r, k, ASK_COPIES, now);
	else
		f->decided = true; /* by the other flow, or not at all */
	return false;
}

static bool flow_output(struct refresh *r, unsigned k, struct action *action, nk_time now)
{
	struct refresh_flow *f = &r->flows[k];

	if (due(r, k) > now)
		return false;
	action->kind = ACTION_SEND;
	action->id = REFRESH_SOCKETS + k;
	action->to = r->fan->server;
	action->local = (struct addr){.port = 0};
	action->ttl = 0;
	if (!f->ready) {
		if (f->tries == SETUP_TRIES) {
			f->decided = true;
			return false;
		}
		send_setup(r, k, action, now);
		return true;
	}
	if (refresh_is_outbound(k))
		return outbound_turn(r, k, action, now);
	if (!f->asked)
		ask(r, k, 1, now);
	else
		f->due = now + ASK_RETRY;
	return false;
}

/* What the fan has learnt meanwhile: that all before was disturbed by a quota. */
static void follow_fan(struct refresh *r, nk_time now)
{
	if (r->restarts == r->fan->restarts)
		return;
	r->restarts = r->fan->restarts;
	for (unsigned k = 0; k < REFRESH_FLOWS; k++) {
		refresh_again(r, k, now);
		r->flows[k].died = 0;
		r->flows[k].decided = !r->flows[k].open;
		refresh_undecide(r, k);
	}
}

bool refresh_output(struct refresh *r, struct action *action, nk_time now)
{
	if (!r->running)
		return false;
	while (r->opening < REFRESH_FLOWS && r->fan->budget->held < r->fan->budget->limit) {
		const unsigned k = r->opening++;

		r->flows[k].flow = budget_take(r->fan->budget, now);
		r->flows[k].opened = now;
		*action = (struct action){
			.kind = ACTION_OPEN,
			.id = REFRESH_SOCKETS + k,
			.socket = SOCKET_UDP,
			.local = r->fan->local,
			.peer = r->fan->server,
		};
		return true;
	}
	follow_fan(r, now);
	refresh_judge_death(r);
	for (unsigned k = 0; k < REFRESH_FLOWS; k++)
		if (flow_output(r, k, action, now))
			return true;
	return false;
}

nk_time refresh_deadline(const struct refresh *r)
{
	nk_time at = NK_NEVER;

	if (!r->running)
		return NK_NEVER;
	for (unsigned k = 0; k < REFRESH_FLOWS; k++)
		at = nk_min(at, due(r, k));
	return at;
}
