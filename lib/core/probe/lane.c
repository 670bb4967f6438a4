#include "core/probe/lane.h"

#include <math.h>

#define SURE        0.99 /* posterior mass that a bracket must hold to be acted on */
#define FIRST_RUNG  1.0
#define LEAST_RUNG  8.0 /* below this many seconds rungs are a fixed distance apart, */
#define LEAST_STEP  0.6 /* which need not be more than this */
#define COARSE_STEP 0.2 /* a lane that climbs this fast needs no shortcut */
#define ENOUGH      1.5 /* bracket width, in precisions, at which a lane is content */
#define ACCEPTABLE  1.8 /* and at which it will not wait for more */
#define WITNESSES   2
#define SEVERAL     2 /* deaths, of which one may be a loss */
#define FEW         8 /* mappings, of which none is left for between the rungs */

void lane_init(struct lane *l, const struct timeout_grid *grid, double max_s, double resolution,
	       double climb)
{
	*l = (struct lane){.max = max_s, .resolution = resolution, .climb = climb};
	timeout_belief_init(&l->belief, grid);
	timeout_belief_estimate(&l->belief, SURE, &l->estimate);
}

double lane_precision(const struct lane *l, double t)
{
	return fmax(LANE_LEAST_RESOLUTION, l->resolution * t);
}

void lane_add_age(double *ages, uint32_t *index, unsigned count, double age, uint32_t of)
{
	for (; count > 0 && ages[count - 1] < age; count--) {
		ages[count] = ages[count - 1];
		index[count] = index[count - 1];
	}
	ages[count] = age;
	index[count] = of;
}

void lane_controls(struct lane *l, unsigned got, unsigned lost)
{
	l->belief.controls_got = got;
	l->belief.controls_lost = lost;
}

void lane_tell(struct lane *l, double gap_s, bool alive)
{
	if (alive)
		l->alive++;
	else
		l->dead++;
	timeout_belief_add(&l->belief, gap_s, alive);
	timeout_belief_estimate(&l->belief, SURE, &l->estimate);

	l->survived = 0;
	l->died = 0;
	for (unsigned i = 0; i < l->belief.count; i++)
		if (l->belief.trial[i].alive)
			l->survived = l->belief.trial[i].gap;
	for (unsigned i = l->belief.count; i > 0 && !l->belief.trial[i - 1].alive; i--)
		l->died = l->belief.trial[i - 1].gap;
}

bool lane_spread(const struct lane *l, double *lo, double *hi)
{
	const double near = l->survived - lane_precision(l, l->survived);
	double before = 0;
	unsigned early = 0;

	for (unsigned i = 0; i < l->belief.count; i++) {
		const struct timeout_trial *t = &l->belief.trial[i];

		if (t->alive && early == 0)
			before = t->gap;
		early += !t->alive && t->gap < near;
	}
	if (early < SEVERAL || !(l->died > 0))
		return false;
	*lo = before;
	*hi = l->died;
	return true;
}

double lane_widening(double from)
{
	return from > 60 ? 1 + fmin(0.4, (from - 60) / 150) : 1;
}

double lane_next_rung(double from, double climb, double max_s)
{
	const double least = fmin(LEAST_STEP, climb * LEAST_RUNG);
	const double to = from < FIRST_RUNG / 2
				  ? FIRST_RUNG
				  : from + fmax(least, climb * lane_widening(from) * from);
	const double spike = timeout_spike_after(from * 1.001, to);

	return fmin(max_s, spike > 0 ? spike * 1.005 + 0.05 : to);
}

/* A lane with fewer mappings than rungs climbs in longer steps; the last one goes to the top. */
static double climb_with(const struct lane *l, unsigned mappings)
{
	const double from = fmax(FIRST_RUNG, l->survived);

	if (from >= l->max || mappings == 0)
		return l->climb;
	return fmax(l->climb,
		    (mappings < FEW ? 1 : 0.6) * (pow(l->max / from, 1.0 / mappings) - 1));
}

static void climb(const struct lane *l, const double *ages, unsigned count, unsigned coming,
		  struct lane_decision *out)
{
	const double step = climb_with(l, count + coming);
	double rung = lane_next_rung(l->survived, step, l->max);

	if (l->survived < fmin(l->coarse_below, LANE_COARSE_UNTIL) && step < COARSE_STEP)
		rung = fmin(l->max, l->survived + 3 * (rung - l->survived));
	if (count == 0) {
		out->move = coming > 0 ? LANE_WAIT : LANE_OPEN;
		out->count = 1 + (unsigned)(log(l->max / rung + 1) / 0.7);
	} else if (ages[0] >= rung) {
		out->move = LANE_ASK;
		out->pick[out->count++] = 0;
	} else {
		out->wait = rung - ages[0];
	}
}

/* All that are inside the bracket, but no closer together than is useful, and witnesses of its upper end. */
static void pick_inside(const struct lane *l, double lo, double hi, bool doubtful,
			const double *ages, unsigned count, struct lane_decision *out)
{
	const double apart = fmax(0.3 * lane_precision(l, hi), (hi - lo) / (LANE_PICK_MAX - 8));
	double last = INFINITY;
	unsigned witnesses = 0;

	for (unsigned i = 0; i < count && out->count < LANE_PICK_MAX; i++) {
		if (ages[i] >= hi) {
			if (doubtful && witnesses++ < WITNESSES)
				out->pick[out->count++] = i;
			continue;
		}
		if (ages[i] <= lo)
			break;
		if (last - ages[i] < apart || hi - ages[i] < apart / 2 || ages[i] - lo < apart / 2)
			continue;
		last = ages[i];
		out->pick[out->count++] = i;
	}
}

/* None is inside: wait until younger ones are, spread over the bracket. */
static void wait_inside(const struct lane *l, double lo, double hi, bool doubtful,
			const double *ages, unsigned count, struct lane_decision *out)
{
	const unsigned wanted =
		(unsigned)fmin(8, fmax(1, ceil((hi - lo) / lane_precision(l, hi)) - 1));
	unsigned first = 0, n;

	while (first < count && ages[first] > lo)
		first++;
	n = count - first < wanted ? count - first : wanted;
	for (unsigned i = 0; i < n; i++) {
		/* The oldest is given the longest target, so that all are done soonest. */
		const double target =
			doubtful && i == 0 ? hi * 1.002 : lo + (hi - lo) * (n - i) / (n + 1);

		out->wait = fmin(out->wait, fmax(0.001, target - ages[first + i]));
	}
}

/* Whether those picked lie in the upper half of the bracket too: as they do that were opened for this. */
static bool spread_out(double lo, double hi, const double *ages, const struct lane_decision *picked)
{
	for (unsigned i = 0; i < picked->count; i++)
		if (ages[picked->pick[i]] >= (lo + hi) / 2)
			return true;
	return false;
}

/* They come of age together: the oldest is asked at the first of evenly spaced silences, the others later. */
static void take_turns(const struct lane *l, double lo, double hi, bool doubtful,
		       const double *ages, unsigned count, struct lane_decision *out)
{
	const unsigned wanted = (unsigned)fmax(1, ceil((hi - lo) / lane_precision(l, hi)) - 1);
	unsigned first = 0, n = 0;
	double target;

	while (ages[first] >= hi)
		first++;
	while (first + n < count && n < wanted && ages[first + n] > 2 * lo - hi)
		n++;
	target = doubtful && n == 1 ? hi * 1.002 : lo + (hi - lo) / (n + 1);
	out->count = 0;
	if (ages[first] < target) {
		out->wait = target - ages[first];
		return;
	}
	out->move = LANE_ASK;
	out->pick[out->count++] = first;
}

static void narrow(struct lane *l, const double *ages, unsigned count, unsigned coming,
		   struct lane_decision *out)
{
	const bool doubtful = l->estimate.open;
	const double lo = doubtful ? l->survived : l->estimate.lo;
	const double hi = doubtful ? l->died : l->estimate.hi;
	const double width = (hi - lo) / lane_precision(l, hi);
	double from = lo;

	/* Where a known timer lies just below a silence that was survived, that may have been a
	 * stray. Asking next to it or above settles this; asking all that is below would not. */
	if (lo < l->survived && l->survived < hi)
		from = fmax(lo, fmin(l->survived, hi - lane_precision(l, hi)));

	if (!doubtful && width <= ENOUGH) {
		out->move = LANE_DONE;
		return;
	}
	pick_inside(l, from, hi, doubtful, ages, count, out);
	if (out->count > 0 && l->opened_more && !spread_out(from, hi, ages, out)) {
		take_turns(l, from, hi, doubtful, ages, count, out);
		return;
	}
	if (out->count > 0) {
		out->move = LANE_ASK;
		return;
	}
	if (!doubtful && width <= ACCEPTABLE) {
		out->move = LANE_DONE;
		return;
	}
	wait_inside(l, from, hi, doubtful, ages, count, out);
	if (isinf(out->wait) && coming == 0) {
		out->move = LANE_OPEN;
		out->count = (unsigned)fmin(LANE_PICK_MAX, ceil(width));
	}
}

bool lane_rests(const struct lane *l)
{
	return l->done || l->asked > 0;
}

void lane_decide(struct lane *l, const double *ages, unsigned count, unsigned coming,
		 struct lane_decision *out)
{
	*out = (struct lane_decision){.move = LANE_WAIT, .wait = INFINITY};
	if (lane_rests(l))
		return;
	if (l->survived >= l->max && l->died == 0) {
		out->move = LANE_DONE;
	} else if (l->died > 0 || !l->estimate.open) {
		narrow(l, ages, count, coming, out);
	} else {
		climb(l, ages, count, coming, out);
	}
	l->done = out->move == LANE_DONE;
	l->opened_more |= out->move == LANE_OPEN;
}
