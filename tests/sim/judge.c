#include "judge.h"

#include <math.h>

double tolerance(double truth)
{
	return fmax(0.01 * truth, 0.25);
}

enum outcome judge_class(const struct class_finding *f, enum nat_behaviour truth)
{
	if (f->cls == CLASS_UNKNOWN)
		return UNKNOWN;
	return f->cls == CLASS_ENDPOINT_INDEPENDENT + (enum nat_class)truth ? RIGHT : WRONG;
}

enum outcome judge_fact(const struct fact *f, bool truth)
{
	if (f->answer == TRI_UNKNOWN)
		return UNKNOWN;
	return (f->answer == TRI_YES) == truth ? RIGHT : WRONG;
}

/* Timers */

enum outcome judge_span(const struct measured *m, struct span truth)
{
	const double lo = truth.lo - tolerance(truth.lo), hi = truth.hi + tolerance(truth.hi);

	if (m->known)
		return lo <= m->value && m->value <= hi ? RIGHT : WRONG;
	return m->at_least > hi ? WRONG : UNKNOWN;
}

enum outcome judge_time(const struct measured *m, double truth)
{
	return judge_span(m, (struct span){truth, truth});
}

bool judge_holds(const struct measured *m, struct span truth)
{
	if (m->known)
		return m->lo <= truth.hi && truth.lo <= m->hi;
	return m->at_least > 0 && m->at_least <= truth.hi;
}

static nk_time described(const struct truth *t, enum traffic_state state)
{
	const struct nat_spec *n = &t->nat;

	for (unsigned i = 0; i < NAT_PORT_TIMES_MAX; i++)
		if (n->port_times[i].t > 0 && n->port_times[i].port == t->port)
			return n->port_times[i].t;
	if (state == STATE_SOLITARY)
		return n->t_first;
	if (state == STATE_REPLIED && n->stream_after != NAT_AT_ONCE)
		return n->t_replied;
	return n->t_stream;
}

static bool varies(const struct nat_spec *n)
{
	return n->sweep > 0 || n->full_at > 0;
}

struct span truth_of_timer(const struct truth *t, enum traffic_state state)
{
	const double set = nk_seconds(described(t, state));
	const struct nat_applied *a = &t->applied[state];

	if (!varies(&t->nat))
		return (struct span){set, set};
	if (a->count == 0)
		return (struct span){set, set + nk_seconds(t->nat.sweep)};
	return (struct span){nk_seconds(a->lo), nk_seconds(a->hi)};
}

bool truth_is_plausible(const struct truth *t)
{
	const bool loaded = t->nat.full_at > 0 && t->held_peak > t->nat.full_from;

	for (unsigned s = 0; s < STATE_COUNT; s++) {
		const nk_time set = described(t, (enum traffic_state)s);
		const struct nat_applied *a = &t->applied[s];

		if (a->count > 0 && (a->hi > set + t->nat.sweep || (a->lo < set && !loaded)))
			return false;
	}
	return true;
}

const char *outcome_name(enum outcome o)
{
	static const char *const names[OUTCOMES] = {"right", "unknown", "wrong"};

	return names[o];
}
