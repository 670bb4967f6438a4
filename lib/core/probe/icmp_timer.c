#include "core/probe/icmp_timer.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "wire/icmp_echo.h"

#define SEQUENCE    1
#define REPLY_GRACE (80 * NK_MS)
#define CLOSE_AFTER NK_S         /* copies that are still under way find the socket open */
#define ASK_AGAIN   (50 * NK_MS) /* when too many questions are under way */
#define APART       (60 * NK_MS) /* openings, where the fan leaves room */
#define GIVEN_UP    6            /* pings without any answer */
#define REPORT_MASS 0.95

static void look_at(struct icmp_timer *x, const struct icmp_trial *t, nk_time at)
{
	heap_set(&x->due, (uint32_t)(t - x->trials), at);
}

void icmp_timer_try(struct icmp_timer *x, const struct addr *server, const struct addr *local)
{
	*x = (struct icmp_timer){.server = *server, .local = *local, .count = 1};
	x->trials[0] = (struct icmp_trial){.phase = ICMP_WANTED, .flow = BUDGET_NO_FLOW};
	heap_init(&x->due, x->due_at, x->due_order, x->due_where, ICMP_TRIALS_MAX);
	look_at(x, &x->trials[0], 0);
}

void icmp_timer_not(struct icmp_timer *x, enum why_kind kind, const char *why)
{
	x->running = false;
	if (x->why != NULL)
		return;
	x->why_kind = kind;
	x->why = why;
}

void icmp_timer_start(struct icmp_timer *x, struct fan *fan, nk_time now)
{
	const struct probe_options *o = fan->options;

	x->fan = fan;
	x->running = true;
	x->started = now;
	x->decide_at = NK_NEVER;
	plan_build(&x->plan, ICMP_PLANNED, nk_seconds(o->max), o->resolution,
		   nk_seconds(nk_max(APART, o->pace)), false, 0, 0);
	lane_init(&x->lane, &fan->grid, nk_seconds(o->max), o->resolution, x->plan.climb);
}

static void evidence(struct icmp_timer *x, const struct icmp_trial *t, const struct ask_verdict *v,
		     double gap_s, const char *why)
{
	struct probe_result *r = x->fan->result;

	if (r->evidence_count == PROBE_EVIDENCE_MAX) {
		r->evidence_lost++;
		return;
	}
	r->evidence[r->evidence_count++] = (struct evidence){
		.kind = EVIDENCE_ICMP,
		.verdict = v != NULL ? v->verdict : VERDICT_VOID,
		.at_s = nk_seconds(t->opened - x->fan->run_started),
		.gap_s = gap_s,
		.local_port = t->id,
		.server = addr_with_port(x->server, 0),
		.copies = v != NULL ? v->copies : 0,
		.controls = v != NULL ? v->controls : 0,
		.why = why,
	};
}

static void end(struct icmp_timer *x, struct icmp_trial *t, nk_time now)
{
	t->phase = ICMP_ENDED;
	look_at(x, t, now + CLOSE_AFTER);
}

/* A set-up that failed: another in its place, unless none ever succeeds. */
static void not_set_up(struct icmp_timer *x, struct icmp_trial *t, const char *why, nk_time now)
{
	evidence(x, t, NULL, 0, why);
	end(x, t, now);
	x->decide_at = now;
	if (++x->unanswered >= GIVEN_UP && x->answered == 0)
		x->lane.done = true;
	else
		x->extra++;
}

static void send_ping(struct icmp_timer *x, uint32_t index, struct action *action, nk_time now)
{
	struct icmp_trial *t = &x->trials[index];
	struct wr w =
		wr_make(action->data + ICMP_ECHO_HEADER, sizeof(action->data) - ICMP_ECHO_HEADER);
	struct icmp_echo ping = {.request = true, .id = t->id, .sequence = SEQUENCE};

	rng_bytes(x->fan->exchanges->rng, t->tid, sizeof(t->tid));
	stun_begin(&w, PROBE_TRIAL, STUN_INDICATION, t->tid);
	probe_put_token(&w, x->fan->asker->token);
	probe_put_trial(&w, ICMP_NUMBER + index);
	stun_pad_to(&w, fan_trial_len(&x->server));
	ping.len = stun_end(&w);
	action->kind = ACTION_SEND;
	action->id = ICMP_SOCKETS + index;
	action->to = addr_with_port(x->server, 0);
	action->local = (struct addr){.port = 0};
	action->ttl = 0;
	action->len = icmp_echo_finish(action->data, addr_family(&x->server), &ping);
	t->sent = true;
	t->last = now;
	look_at(x, t, now + 2 * x->fan->exchanges->rtt + REPLY_GRACE);
	budget_touch(x->fan->budget, t->flow, now);
}

static void open_socket(const struct icmp_timer *x, uint32_t index, struct action *action)
{
	*action = (struct action){
		.kind = ACTION_OPEN,
		.id = ICMP_SOCKETS + index,
		.socket = SOCKET_ICMP,
		.local = addr_with_port(x->local, 0),
		.peer = x->server,
	};
}

/* A trial is due. True if that gives an action. */
static bool trial_output(struct icmp_timer *x, uint32_t index, struct action *action, nk_time now)
{
	struct icmp_trial *t = &x->trials[index];

	look_at(x, t, NK_NEVER);
	switch (t->phase) {
	case ICMP_WANTED:
		t->phase = ICMP_OPENING;
		open_socket(x, index, action);
		return true;
	case ICMP_SETUP:
		if (t->sent) {
			not_set_up(x, t, "no reply to the ping", now);
			return false;
		}
		send_ping(x, index, action, now);
		return true;
	case ICMP_ENDED:
		t->phase = ICMP_CLOSED;
		*action = (struct action){.kind = ACTION_CLOSE, .id = ICMP_SOCKETS + index};
		return true;
	default:
		return false;
	}
}

static unsigned held(const struct icmp_timer *x)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < x->count; i++)
		n += x->trials[i].flow >= 0 && x->fan->budget->flow[x->trials[i].flow].held;
	return n;
}

/* How many may be held: few while the fan still has some of its plan to open, none where they
 * would push its mappings out. */
static unsigned most_held(const struct icmp_timer *x)
{
	if (x->fan->result->quota.policy == QUOTA_EVICTS)
		return 0;
	for (unsigned s = 0; s < STATE_COUNT; s++)
		if (!x->fan->lanes[s].done && x->fan->planned[s] < x->fan->plans[s].count)
			return ICMP_RESERVED;
	return ICMP_HELD;
}

/* How many more may be opened. */
static unsigned room(const struct icmp_timer *x)
{
	const struct budget *b = x->fan->budget;
	const unsigned used = held(x), most = most_held(x);
	unsigned n = ICMP_TRIALS_MAX - x->count;

	if (used >= most || b->held >= b->limit || b->count == BUDGET_FLOWS_MAX)
		return 0;
	n = n < most - used ? n : most - used;
	return n < b->limit - b->held ? n : b->limit - b->held;
}

/* When the next mapping is to be opened. */
static nk_time opening_at(const struct icmp_timer *x)
{
	nk_time at = x->started;

	if (x->lane.done || (x->extra == 0 && x->planned == x->plan.count) || room(x) == 0)
		return NK_NEVER;
	if (x->extra == 0)
		at += nk_from_seconds(x->plan.at[x->planned]);
	return nk_max(at, x->fan->budget->next);
}

/* What is older than the timer holds nothing any more. */
static void sweep(struct icmp_timer *x, nk_time now)
{
	const struct timeout_estimate *e = &x->lane.estimate;
	const double life = e->hi * 1.03 + 0.5;

	for (uint32_t i = 0; i < x->count && !e->open; i++) {
		struct icmp_trial *t = &x->trials[i];

		if (t->flow == BUDGET_NO_FLOW || t->phase < ICMP_SILENT || t->phase == ICMP_ASKED ||
		    nk_seconds(now - t->last) <= life)
			continue;
		budget_gone(x->fan->budget, t->flow);
		t->flow = BUDGET_NO_FLOW;
		if (t->phase == ICMP_SILENT)
			end(x, t, now);
	}
}

/* Ages of the trials that may be asked, falling, with their indices. */
static unsigned ages_of(const struct icmp_timer *x, double *ages, uint32_t *index, nk_time now)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < x->count; i++) {
		const nk_time tested = now + x->fan->exchanges->rtt; /* when the copy comes */

		if (x->trials[i].phase != ICMP_SILENT)
			continue;
		lane_add_age(ages, index, n++, nk_seconds(tested - x->trials[i].last), i);
	}
	return n;
}

static unsigned coming(const struct icmp_timer *x)
{
	const unsigned wanted = x->plan.count - x->planned + x->extra;
	const unsigned more = room(x);
	unsigned n = wanted < more ? wanted : more;

	for (uint32_t i = 0; i < x->count; i++)
		n += x->trials[i].phase < ICMP_SILENT;
	return n;
}

static void ask(struct icmp_timer *x, const struct lane_decision *d, const uint32_t *index,
		nk_time now)
{
	struct ask_target targets[LANE_PICK_MAX] = {{.trial = 0}};

	for (unsigned i = 0; i < d->count; i++)
		targets[i] = (struct ask_target){
			.trial = ICMP_NUMBER + index[d->pick[i]],
			.socket = ICMP_SOCKETS + index[d->pick[i]],
		};
	if (!asker_ask(x->fan->asker, targets, d->count, ASK_COPIES, now)) {
		x->decide_at = now + ASK_AGAIN;
		return;
	}
	for (unsigned i = 0; i < d->count; i++)
		x->trials[index[d->pick[i]]].phase = ICMP_ASKED;
	x->lane.asked += d->count;
}

static void decide(struct icmp_timer *x, nk_time now)
{
	double ages[ICMP_TRIALS_MAX];
	uint32_t index[ICMP_TRIALS_MAX];
	struct lane_decision d;

	x->decide_at = NK_NEVER;
	lane_decide(&x->lane, ages, ages_of(x, ages, index, now), coming(x), &d);
	if (d.move == LANE_ASK)
		ask(x, &d, index, now);
	else if (d.move == LANE_OPEN && x->extra < d.count)
		x->extra = d.count;
	else if (d.move == LANE_WAIT && isfinite(d.wait))
		x->decide_at = now + nk_max(NK_MS, nk_from_seconds(d.wait) + 1);
}

static bool open_one(struct icmp_timer *x, struct action *action, nk_time now)
{
	if (opening_at(x) > now)
		return false;
	if (x->extra > 0)
		x->extra--;
	else
		x->planned++;
	x->trials[x->count] = (struct icmp_trial){
		.phase = ICMP_WANTED,
		.opened = now,
		.last = now,
		.flow = budget_take(x->fan->budget, now),
	};
	return trial_output(x, x->count++, action, now);
}

bool icmp_timer_output(struct icmp_timer *x, struct action *action, nk_time now)
{
	uint32_t index;

	while ((index = heap_due(&x->due, now)) != HEAP_NONE)
		if (trial_output(x, index, action, now))
			return true;
	if (!x->running)
		return false;
	sweep(x, now);
	if (x->decide_at <= now)
		decide(x, now);
	return open_one(x, action, now);
}

nk_time icmp_timer_deadline(const struct icmp_timer *x)
{
	const nk_time at = x->running ? nk_min(x->decide_at, opening_at(x)) : NK_NEVER;

	return nk_min(at, heap_next(&x->due));
}

/* Whether the reply is that of the kernel to this trial's ping. */
static bool is_answer(const struct icmp_trial *t, const struct icmp_echo *reply)
{
	struct stun_msg m;

	return t->phase == ICMP_SETUP && t->sent &&
	       stun_read(&m, reply->payload, reply->len) == 0 && m.method == PROBE_TRIAL &&
	       memcmp(m.tid, t->tid, sizeof(t->tid)) == 0;
}

static void reply_came(struct icmp_timer *x, uint32_t index, const struct event *ev, nk_time now)
{
	struct icmp_trial *t = &x->trials[index];
	struct event copy = *ev;
	struct icmp_echo reply;

	if (!x->running || !addr_same_ip(&ev->from, &x->server) ||
	    icmp_echo_read(&reply, addr_family(&x->server), ev->data, ev->len) != 0 ||
	    reply.request)
		return;
	copy.from = x->server; /* to the asker it is as any other copy */
	copy.data = reply.payload;
	copy.len = reply.len;
	if (asker_input_trial(x->fan->asker, ICMP_NUMBER + index, &copy, now)) {
		budget_tested(x->fan->budget, t->flow, now);
	} else if (is_answer(t, &reply)) {
		t->phase = ICMP_SILENT;
		look_at(x, t, NK_NEVER);
		t->last = now;
		x->answered++;
		x->decide_at = now;
		budget_touch(x->fan->budget, t->flow, now);
	}
}

static void opened(struct icmp_timer *x, struct icmp_trial *t, const struct event *ev, nk_time now)
{
	x->permitted = true;
	t->id = ev->local.port;
	t->phase = t->flow == BUDGET_NO_FLOW ? ICMP_ENDED : ICMP_SETUP;
	look_at(x, t, now);
}

static void open_failed(struct icmp_timer *x, struct icmp_trial *t, int error, nk_time now)
{
	t->phase = ICMP_CLOSED;
	look_at(x, t, NK_NEVER);
	if (x->running) {
		budget_gone(x->fan->budget, t->flow);
		evidence(x, t, NULL, 0, "no socket could be opened");
		x->decide_at = now;
		return;
	}
	icmp_timer_not(x, WHY_NOT_ASKED,
		       error == EACCES || error == EPERM
			       ? "not permitted: net.ipv4.ping_group_range does not allow ping "
				 "sockets"
			       : "the system has no ping sockets");
}

void icmp_timer_input(struct icmp_timer *x, const struct event *ev, nk_time now)
{
	const uint32_t index = ev->id - ICMP_SOCKETS;
	struct icmp_trial *t;

	if (index >= x->count)
		return;
	t = &x->trials[index];
	if (ev->kind == EVENT_OPENED)
		opened(x, t, ev, now);
	else if (ev->kind == EVENT_OPEN_FAILED)
		open_failed(x, t, ev->error, now);
	else if (ev->kind == EVENT_SEND_FAILED && t->phase == ICMP_SETUP)
		not_set_up(x, t, "the ping could not be sent", now);
	else if (ev->kind == EVENT_DATAGRAM)
		reply_came(x, index, ev, now);
}

void icmp_timer_verdict(struct icmp_timer *x, const struct ask_verdict *v, nk_time now)
{
	const uint32_t index = v->trial - ICMP_NUMBER;
	const bool alive = v->verdict == VERDICT_ALIVE;
	struct icmp_trial *t;
	double gap;

	if (index >= x->count || x->trials[index].phase != ICMP_ASKED)
		return;
	t = &x->trials[index];
	gap = v->verdict == VERDICT_VOID ? 0 : nk_seconds(v->at - t->last);
	evidence(x, t, v, gap, v->why);
	end(x, t, now);
	x->lane.asked--;
	x->decide_at = now;
	if (v->verdict != VERDICT_VOID)
		lane_tell(&x->lane, gap, alive);
	if (alive)
		t->last = now + ASK_COPIES * ASK_SPACING;
	else if (v->verdict == VERDICT_DEAD)
		budget_gone(x->fan->budget, t->flow);
}

static void unknown(struct measured *m, enum why_kind kind, const char *why)
{
	m->why_kind = kind;
	snprintf(m->why, sizeof(m->why), "%s", why);
}

void icmp_timer_report(const struct icmp_timer *x, struct measured *out)
{
	const struct lane *l = &x->lane;
	struct timeout_estimate e;

	*out = (struct measured){.trials = l->alive + l->dead};
	if (!x->running) {
		unknown(out, x->why_kind, x->why != NULL ? x->why : "");
		return;
	}
	timeout_belief_estimate(&l->belief, REPORT_MASS, &e);
	out->p = e.p;
	if (x->answered == 0) {
		unknown(out, WHY_PATH, "no ping was answered");
	} else if (x->fan->result->quota.policy == QUOTA_EVICTS ||
		   x->fan->suspicion.stage != SUSPICION_NONE) {
		unknown(out, WHY_PATH, "the NAT may evict sessions before their timer ends");
	} else if (l->alive + l->dead == 0) {
		unknown(out, WHY_PATH, "no trial was completed");
	} else if (l->alive == 0) {
		unknown(out, WHY_PATH,
			"no copy ever came: something on the path drops pings' replies that "
			"nobody asked for");
	} else if (e.open) {
		out->at_least = e.lo;
		unknown(out, WHY_PATH,
			l->done ? "longer than the longest silence tried"
				: "the run ended before it was bracketed");
	} else {
		/* Where inbound packets restart nothing, what counts is the ping, not its answer. */
		const double before = x->fan->result->refresh_in.answer == TRI_NO
					      ? nk_seconds(x->fan->exchanges->rtt)
					      : 0;

		out->known = true;
		out->value = e.value + before;
		out->lo = e.lo;
		out->hi = e.hi + before;
	}
}
