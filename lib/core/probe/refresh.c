#include "core/probe/refresh.h"

#include <math.h>
#include <stdio.h>

#define STEP        NK_S
#define SETUP_TRIES 8
#define MISSES      4 /* copies lost in a row, each with its control answered: no chance at 5 % loss */
#define SLACK       0.3 /* seconds */
#define HEARD_LATE \
	3.0 /* it may have lived so much longer: copies come once a second, some are lost */
#define ASK_RETRY (200 * NK_MS)

void refresh_start(struct refresh *r, struct fan *fan, nk_time now)
{
	*r = (struct refresh){.fan = fan, .running = true};
	for (unsigned d = 0; d < REFRESH_DIRECTIONS; d++)
		r->flows[d] = (struct refresh_flow){.flow = BUDGET_NO_FLOW, .due = now};
}

static struct fact *fact_of(const struct refresh *r, unsigned direction)
{
	struct probe_result *res = r->fan->result;

	return direction == REFRESH_OUT ? &res->refresh_out : &res->refresh_in;
}

static void decide(struct refresh *r, unsigned direction, bool yes, double silent_s)
{
	struct probe_result *res = r->fan->result;
	struct refresh_flow *f = &r->flows[direction];

	f->decided = true;
	*fact_of(r, direction) = (struct fact){
		.answer = yes ? TRI_YES : TRI_NO,
		.p = 0.99,
		.trials = f->trials,
	};
	if (res->evidence_count == PROBE_EVIDENCE_MAX)
		return;
	res->evidence[res->evidence_count++] = (struct evidence){
		.kind = EVIDENCE_REFRESH,
		.state = direction == REFRESH_OUT ? STATE_SOLITARY : STATE_STREAM,
		.verdict = yes ? VERDICT_ALIVE : VERDICT_DEAD,
		.at_s = nk_seconds(f->opened - r->fan->run_started),
		.gap_s = silent_s,
		.local_port = f->local_port,
		.server = r->fan->server,
	};
}

/*
 * How long a mapping would live that nothing refreshes: longer than any of
 * these lanes found. INFINITY while one of them is open.
 */
static double longest(const struct refresh *r, unsigned direction)
{
	double top = 0;

	for (unsigned s = 0; s < STATE_COUNT; s++) {
		const struct lane *l = &r->fan->lanes[s];

		if (l->max <= 0 || (direction == REFRESH_OUT && s == STATE_STREAM))
			continue;
		if (l->estimate.open)
			return INFINITY;
		top = fmax(top, l->estimate.hi);
	}
	return top + fmax(0.3, 0.01 * top);
}

/* Whether a mapping that was last heard at this age died of one of the timers. */
static bool fits_a_timer(const struct refresh *r, double age)
{
	for (unsigned s = 0; s < STATE_COUNT; s++) {
		const struct lane *l = &r->fan->lanes[s];

		if (l->max > 0 && !l->estimate.open && age < l->estimate.hi + SLACK &&
		    age + HEARD_LATE > l->estimate.lo - SLACK)
			return true;
	}
	return false;
}

/* Sets a flow up anew, on the same socket. */
static void again(struct refresh_flow *f, nk_time now)
{
	f->ready = f->has_cookie = f->asked = false;
	f->missed = f->tries = 0;
	f->heard = 0;
	f->due = now;
}

/*
 * The inbound flow died in spite of its packets. That is a timer at work only
 * if it died at the age of one: a quota may have pushed it out.
 */
static void inbound_died(struct refresh *r, nk_time now)
{
	struct refresh_flow *f = &r->flows[REFRESH_IN];
	const double age = nk_seconds(f->heard - f->silent_since);

	if (fits_a_timer(r, age)) {
		budget_gone(r->fan->budget, f->flow);
		decide(r, REFRESH_IN, false, age);
		return;
	}
	f->died = age;
	again(f, now);
}

void refresh_verdict(struct refresh *r, const struct ask_verdict *v, nk_time now)
{
	const unsigned d = v->trial - REFRESH_NUMBER;
	struct refresh_flow *f;
	double silent_s;

	if (!r->running || v->trial < REFRESH_NUMBER || d >= REFRESH_DIRECTIONS)
		return;
	f = &r->flows[d];
	f->asked = false;
	f->due = nk_max(now, f->due);
	if (f->decided || v->verdict == VERDICT_VOID)
		return;
	f->trials++;
	silent_s = nk_seconds(v->at - f->silent_since);
	if (d == REFRESH_OUT) {
		decide(r, d, v->verdict == VERDICT_ALIVE, silent_s);
	} else if (v->verdict == VERDICT_ALIVE) {
		f->missed = 0;
		f->heard = v->at;
		budget_touch(r->fan->budget, f->flow, now);
		if (silent_s > longest(r, d))
			decide(r, d, true, silent_s);
	} else if (++f->missed >= MISSES && f->heard > 0) {
		inbound_died(r, now);
	}
}

/* The set-up's answer: the mapped port, or the cookie that lets the server send without being paid. */
static void answered(struct refresh *r, unsigned d, const struct event *ev, nk_time now)
{
	struct refresh_flow *f = &r->flows[d];
	struct stun_msg m;
	struct probe_msg p;

	if (f->ready || !addr_eq(&ev->from, &r->fan->server) ||
	    stun_read(&m, ev->data, ev->len) != 0 || m.cls != STUN_SUCCESS ||
	    !stun_answers(&m, r->fan->plain ? STUN_BINDING : PROBE_TRIAL, f->tid) ||
	    probe_read(&p, &m) != 0)
		return;
	budget_seen(r->fan->budget, f->flow);
	f->mapped_port = m.xor_mapped.port;
	f->silent_since = now;
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
	const unsigned d = ev->id - REFRESH_SOCKETS;
	struct refresh_flow *f;

	if (!r->running || d >= REFRESH_DIRECTIONS)
		return;
	f = &r->flows[d];
	if (ev->kind == EVENT_OPENED) {
		f->open = true;
		f->local_port = ev->local.port;
		f->due = now;
		/* With the probe service nothing ever comes back to the client's packets. */
		f->ready = d == REFRESH_OUT && !r->fan->plain;
		f->silent_since = now;
		if (f->ready)
			budget_seen(r->fan->budget, f->flow); /* opened before any limit was met */
	} else if (ev->kind == EVENT_OPEN_FAILED) {
		f->decided = true;
	} else if (ev->kind == EVENT_DATAGRAM &&
		   !asker_input_trial(r->fan->asker, REFRESH_NUMBER + d, ev, now)) {
		answered(r, d, ev, now);
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
static void put_cookie_trial(const struct refresh *r, unsigned d, struct action *action)
{
	const struct refresh_flow *f = &r->flows[d];
	struct wr w = wr_make(action->data, sizeof(action->data));

	stun_begin(&w, PROBE_TRIAL, STUN_REQUEST, f->tid);
	probe_put_token(&w, r->fan->asker->token);
	probe_put_trial(&w, REFRESH_NUMBER + d);
	probe_put_cookie(&w, f->has_cookie ? f->cookie : 0);
	stun_pad_to(&w, fan_trial_len(&r->fan->server));
	action->len = stun_end(&w);
}

static void send_setup(struct refresh *r, unsigned d, struct action *action, nk_time now)
{
	struct refresh_flow *f = &r->flows[d];

	rng_bytes(r->fan->exchanges->rng, f->tid, sizeof(f->tid));
	if (r->fan->plain)
		put_binding(action, STUN_REQUEST, f->tid);
	else
		put_cookie_trial(r, d, action);
	f->tries++;
	f->due = now + exchanges_wait(r->fan->exchanges);
	f->silent_since = now;
}

static void send_outbound(struct refresh *r, struct action *action, nk_time now)
{
	struct refresh_flow *f = &r->flows[REFRESH_OUT];

	rng_bytes(r->fan->exchanges->rng, f->tid, sizeof(f->tid));
	if (r->fan->plain)
		put_binding(action, STUN_INDICATION, f->tid);
	else
		fan_put_trial(r->fan, action, REFRESH_NUMBER + REFRESH_OUT, STUN_INDICATION,
			      f->tid);
	f->due += STEP;
	if (f->due <= now)
		f->due = now + STEP;
}

/*
 * When a flow is next to be served. Once the timeouts are known, the inbound
 * flow is asked the moment it has outlived them, and not at its next second.
 */
static nk_time due(const struct refresh *r, unsigned d)
{
	const struct refresh_flow *f = &r->flows[d];
	double longer;

	if (!f->open || f->decided)
		return NK_NEVER;
	longer = f->ready && !f->asked && d == REFRESH_IN ? longest(r, d) : INFINITY;
	if (isinf(longer))
		return f->due;
	return nk_min(f->due, nk_max(f->last_asked + ASK_RETRY,
				     f->silent_since + nk_from_seconds(longer) + 1));
}

static bool ask(struct refresh *r, unsigned d, unsigned copies, nk_time now)
{
	struct refresh_flow *f = &r->flows[d];
	const struct ask_target target = {
		.trial = REFRESH_NUMBER + d,
		.socket = REFRESH_SOCKETS + d,
		.port = f->mapped_port,
	};

	f->asked = asker_ask(r->fan->asker, &target, 1, copies, now);
	f->due = now + (f->asked ? STEP : ASK_RETRY);
	f->last_asked = now;
	return f->asked;
}

static bool flow_output(struct refresh *r, unsigned d, struct action *action, nk_time now)
{
	struct refresh_flow *f = &r->flows[d];

	if (due(r, d) > now)
		return false;
	action->kind = ACTION_SEND;
	action->id = REFRESH_SOCKETS + d;
	action->to = r->fan->server;
	action->local = (struct addr){.port = 0};
	action->ttl = 0;
	budget_touch(r->fan->budget, f->flow, now);
	if (!f->ready) {
		if (f->tries == SETUP_TRIES) {
			f->decided = true;
			return false;
		}
		send_setup(r, d, action, now);
		return true;
	}
	if (d == REFRESH_IN) {
		if (!f->asked)
			ask(r, d, 1, now);
		else
			f->due = now + ASK_RETRY;
		return false;
	}
	/* Older than any timer that its packets would not have restarted: is it still there? */
	if (!f->asked && nk_seconds(now - f->silent_since) > longest(r, d) &&
	    ask(r, d, ASK_COPIES, now))
		return false;
	send_outbound(r, action, now);
	return true;
}

/* What the fan has learnt meanwhile: that all before was disturbed by a quota, or the timers. */
static void follow_fan(struct refresh *r, nk_time now)
{
	struct refresh_flow *in = &r->flows[REFRESH_IN], *out = &r->flows[REFRESH_OUT];

	if (r->restarts != r->fan->restarts) {
		r->restarts = r->fan->restarts;
		for (unsigned d = 0; d < REFRESH_DIRECTIONS; d++) {
			again(&r->flows[d], now);
			r->flows[d].decided = !r->flows[d].open;
			*fact_of(r, d) = (struct fact){.answer = TRI_UNKNOWN};
		}
		in->died = 0;
		out->ready = !r->fan->plain;
		out->silent_since = now;
	}
	if (!in->decided && in->died > 0 && fits_a_timer(r, in->died))
		decide(r, REFRESH_IN, false, in->died);
}

bool refresh_output(struct refresh *r, struct action *action, nk_time now)
{
	if (!r->running)
		return false;
	while (r->opening < REFRESH_DIRECTIONS && r->fan->budget->held < r->fan->budget->limit) {
		const unsigned d = r->opening++;

		r->flows[d].flow = budget_take(r->fan->budget, now);
		r->flows[d].opened = now;
		*action = (struct action){
			.kind = ACTION_OPEN,
			.id = REFRESH_SOCKETS + d,
			.socket = SOCKET_UDP,
			.local = r->fan->local,
			.peer = r->fan->server,
		};
		return true;
	}
	follow_fan(r, now);
	for (unsigned d = 0; d < REFRESH_DIRECTIONS; d++)
		if (flow_output(r, d, action, now))
			return true;
	return false;
}

nk_time refresh_deadline(const struct refresh *r)
{
	nk_time at = NK_NEVER;

	if (!r->running)
		return NK_NEVER;
	for (unsigned d = 0; d < REFRESH_DIRECTIONS; d++)
		at = nk_min(at, due(r, d));
	return at;
}

bool refresh_done(const struct refresh *r)
{
	if (!r->running)
		return true;
	for (unsigned d = 0; d < REFRESH_DIRECTIONS; d++)
		if (!r->flows[d].decided && isfinite(longest(r, d)) && r->flows[d].open)
			return false;
	return true;
}

void refresh_report(struct refresh *r)
{
	if (!r->running)
		return;
	for (unsigned d = 0; d < REFRESH_DIRECTIONS; d++) {
		struct fact *fact = fact_of(r, d);
		const char *why = "its mapping could not be set up";

		if (fact->answer != TRI_UNKNOWN)
			continue;
		if (!r->flows[d].decided)
			why = "the timeouts are not known well enough to tell";
		*fact = (struct fact){.why_kind = WHY_PATH};
		snprintf(fact->why, sizeof(fact->why), "%s", why);
	}
}
