/* What the flows say of refreshing: verdicts, deaths, and what stays unknown. */
#include <math.h>
#include <stdio.h>

#include "core/probe/refresh_parts.h"

#define MISSES     6   /* copies lost in a row, each with its control answered: no chance at 5 % */
#define OUT_MISSES 2   /* questions of three copies each */
#define SLACK      0.3 /* seconds */
#define HEARD_LATE 3.0 /* it may have lived so much longer: some of the last copies were lost */

static struct fact *fact_of(const struct refresh *r, unsigned kind)
{
	struct probe_result *res = r->fan->result;

	return refresh_is_outbound(kind) ? &res->refresh_out : &res->refresh_in;
}

static void decide(struct refresh *r, unsigned kind, bool yes, double silent_s)
{
	struct probe_result *res = r->fan->result;
	const struct refresh_flow *f = &r->flows[kind];

	for (unsigned k = 0; k < REFRESH_FLOWS; k++)
		if (refresh_is_outbound(k) == refresh_is_outbound(kind))
			r->flows[k].decided = true;
	*fact_of(r, kind) = (struct fact){
		.answer = yes ? TRI_YES : TRI_NO,
		.p = 0.99,
		.trials = f->trials,
	};
	if (res->evidence_count == PROBE_EVIDENCE_MAX) {
		res->evidence_lost++;
		return;
	}
	res->evidence[res->evidence_count++] = (struct evidence){
		.kind = EVIDENCE_REFRESH,
		.state = refresh_is_outbound(kind) ? STATE_SOLITARY : STATE_STREAM,
		.verdict = yes ? VERDICT_ALIVE : VERDICT_DEAD,
		.at_s = nk_seconds(f->opened - r->fan->run_started),
		.gap_s = silent_s,
		.local_port = f->local_port,
		.server = r->fan->server,
	};
}

const struct lane *refresh_outbound_lane(const struct refresh *r)
{
	return &r->fan->lanes[r->fan->plain ? STATE_REPLIED : STATE_SOLITARY];
}

double refresh_shortest(const struct refresh *r)
{
	double least = INFINITY;

	for (unsigned s = STATE_SOLITARY; s <= STATE_REPLIED; s++) {
		const struct lane *l = &r->fan->lanes[s];

		if (l->max > 0 && !l->estimate.open)
			least = fmin(least, l->estimate.lo);
	}
	return least;
}

double refresh_longest(const struct refresh *r, unsigned kind)
{
	double top = 0;

	for (unsigned s = 0; s < STATE_COUNT; s++) {
		const struct lane *l = &r->fan->lanes[s];

		if (l->max <= 0 || (refresh_is_outbound(kind) && l != refresh_outbound_lane(r)))
			continue;
		if (l->estimate.open)
			return INFINITY;
		top = fmax(top, l->estimate.hi);
	}
	return top + fmax(SLACK, 0.01 * top);
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

/*
 * The inbound flow died in spite of its packets. That may have been a timer, or
 * a quota that pushed it out: another takes its place, and outlives it or not.
 */
static void inbound_died(struct refresh *r, nk_time now)
{
	struct refresh_flow *f = &r->flows[REFRESH_IN];
	const double age = nk_seconds(f->heard - f->silent_since);

	if (f->died > 0 && fabs(f->died - age) < HEARD_LATE) {
		budget_gone(r->fan->budget, f->flow);
		decide(r, REFRESH_IN, false, age);
		return;
	}
	f->died = age;
	f->beside_died = f->beside;
	refresh_again(r, REFRESH_IN, now);
}

/* Whether the present inbound flow has outlived its predecessor: it was no timer that took that
 * one. */
static bool outlived(const struct refresh_flow *f)
{
	return f->died > 0 && f->heard > 0 &&
	       nk_seconds(f->heard - f->silent_since) > f->died + HEARD_LATE;
}

/* A quota pushed a flow out; the fan itself need not have felt it. */
static void pushed_out(struct refresh *r)
{
	struct quota_finding *q = &r->fan->result->quota;

	if (q->policy != QUOTA_NONE_SEEN)
		return;
	q->policy = QUOTA_EVICTS;
	q->value = r->flows[REFRESH_IN].beside_died + 1;
	q->p = 0.9;
}

void refresh_verdict(struct refresh *r, const struct ask_verdict *v, nk_time now)
{
	const unsigned k = v->trial - REFRESH_NUMBER;
	struct refresh_flow *f;
	double age;

	if (!r->running || v->trial < REFRESH_NUMBER || k >= REFRESH_FLOWS)
		return;
	f = &r->flows[k];
	f->asked = false;
	f->due = nk_max(now, f->due);
	if (f->decided || v->verdict == VERDICT_VOID)
		return;
	f->trials++;
	age = nk_seconds(v->at - f->silent_since);
	if (refresh_is_outbound(k)) {
		/* All copies of one question may be lost, but hardly of two. */
		if (v->verdict == VERDICT_ALIVE || ++f->missed == OUT_MISSES)
			decide(r, k, v->verdict == VERDICT_ALIVE, age);
	} else if (v->verdict == VERDICT_ALIVE) {
		f->missed = 0;
		f->heard = v->at;
		f->beside = budget_made_after(r->fan->budget, f->opened);
		budget_tested(r->fan->budget, f->flow, now);
		if (age > refresh_longest(r, k))
			decide(r, k, true, age);
	} else {
		f->due = now + ASK_RETRY;
		if (++f->missed >= MISSES && f->heard > 0)
			inbound_died(r, now);
	}
}

void refresh_undecide(struct refresh *r, unsigned kind)
{
	*fact_of(r, kind) = (struct fact){.answer = TRI_UNKNOWN};
}

void refresh_judge_death(struct refresh *r)
{
	const struct refresh_flow *in = &r->flows[REFRESH_IN];

	if (outlived(in))
		pushed_out(r);
	else if (!in->decided && in->died > 0 && isfinite(refresh_longest(r, REFRESH_IN)) &&
		 fits_a_timer(r, in->died))
		decide(r, REFRESH_IN, false, in->died);
}

bool refresh_done(const struct refresh *r)
{
	if (!r->running)
		return true;
	for (unsigned k = 0; k < REFRESH_FLOWS; k++)
		if (!r->flows[k].decided && isfinite(refresh_longest(r, k)) && r->flows[k].open)
			return false;
	return true;
}

/* Whether a timer that would have to run out is longer than was asked for. */
static bool beyond_max(const struct refresh *r, unsigned kind)
{
	for (unsigned s = 0; s < STATE_COUNT; s++) {
		const struct lane *l = &r->fan->lanes[s];

		if (l->max > 0 && l->survived >= l->max && l->estimate.open &&
		    (!refresh_is_outbound(kind) || l == refresh_outbound_lane(r)))
			return true;
	}
	return false;
}

static void report_unknown(struct refresh *r, unsigned kind)
{
	struct fact *fact = fact_of(r, kind);
	const char *why = "its mapping could not be set up";

	*fact = (struct fact){.why_kind = WHY_PATH};
	if (beyond_max(r, kind)) {
		fact->why_kind = WHY_NOT_ASKED;
		why = "no timer ran out within the longest silence tried";
	} else if (!r->flows[kind].decided || refresh_is_outbound(kind)) {
		why = "the timeouts are not known well enough to tell";
	}
	snprintf(fact->why, sizeof(fact->why), "%s", why);
}

void refresh_report(struct refresh *r)
{
	for (unsigned k = 0; r->running && k < REFRESH_FLOWS; k++)
		if (fact_of(r, k)->answer == TRI_UNKNOWN)
			report_unknown(r, k);
}
