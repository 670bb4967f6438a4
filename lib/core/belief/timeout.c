#include "core/belief/timeout.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#define GRID_MIN  0.5
#define GRID_STEP 0.002
#define GRID_TOP  400.0
#define STRAY \
	1e-5 /* P(a copy "arrives" though the mapping is gone): 96 bits and a fresh port must match */
#define NOTHING     (-60.0) /* logarithm of a likelihood that is none beside the greatest */
#define SPIKE_MASS  0.6
#define SPIKE_WIDTH 0.004 /* two grid steps to each side */

/* Timers of the NATs that science knows of; seconds. */
static const double spikes[] = {15, 20, 30, 60, 65, 90, 120, 180, 240, 300, 350, 600};
#define SPIKES (sizeof(spikes) / sizeof(spikes[0]))

static const double loss_rates[] = {0.001, 0.003, 0.01, 0.03, 0.1, 0.3};
#define RATES (sizeof(loss_rates) / sizeof(loss_rates[0]))

/* Share of a spike, uniform over its width on a log scale, that lies below t. */
static double spike_below(double spike, double t)
{
	const double ratio = t / spike;
	double x;

	if (fabs(ratio - 1) > 2 * SPIKE_WIDTH) /* far from it no logarithm is needed */
		return ratio < 1 ? 0 : 1;
	x = (log(ratio) + SPIKE_WIDTH) / (2 * SPIKE_WIDTH);
	return x < 0 ? 0 : x > 1 ? 1 : x;
}

void timeout_grid_init(struct timeout_grid *g, double max_s)
{
	const double top = fmax(GRID_TOP, 1.2 * max_s);
	const double step = log1p(GRID_STEP);
	unsigned n = (unsigned)ceil(log(top / GRID_MIN) / step);

	if (n > TIMEOUT_GRID_MAX)
		n = TIMEOUT_GRID_MAX;
	g->count = n;
	for (unsigned i = 0; i <= n; i++) {
		double mass = (1 - SPIKE_MASS) * i / n;

		g->edge[i] = GRID_MIN * exp(step * i);
		for (size_t s = 0; s < SPIKES; s++)
			mass += SPIKE_MASS / SPIKES * spike_below(spikes[s], g->edge[i]);
		g->prior[i] = mass;
	}
	/* Spikes above the grid's end are cut off: what is left is made to sum to 1. */
	for (unsigned i = 0; i <= n; i++)
		g->prior[i] /= g->prior[n];
}

void timeout_belief_init(struct timeout_belief *b, const struct timeout_grid *g)
{
	*b = (struct timeout_belief){.grid = g};
}

void timeout_belief_add(struct timeout_belief *b, double gap_s, bool alive)
{
	unsigned at = b->count;

	if (b->count == TIMEOUT_TRIALS_MAX)
		return;
	while (at > 0 && b->trial[at - 1].gap > gap_s)
		at--;
	memmove(&b->trial[at + 1], &b->trial[at], (b->count - at) * sizeof(b->trial[0]));
	b->trial[at] = (struct timeout_trial){.gap = gap_s, .alive = alive};
	b->count++;
}

void timeout_belief_forget(struct timeout_belief *b, double from_s, double to_s, bool alive)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < b->count; i++) {
		const struct timeout_trial *t = &b->trial[i];

		if (t->alive != alive || t->gap < from_s || t->gap > to_s)
			b->trial[kept++] = *t;
	}
	b->count = kept;
}

/* Prior mass below t, linear inside a grid cell. */
static double prior_below(const struct timeout_grid *g, double t)
{
	if (t <= g->edge[0])
		return 0;
	if (t >= g->edge[g->count])
		return 1;

	unsigned i = (unsigned)(log(t / g->edge[0]) / log1p(GRID_STEP));

	/* The logarithm rounds: step to the cell that really holds t. */
	while (i > 0 && g->edge[i] > t)
		i--;
	while (i + 1 < g->count && g->edge[i + 1] <= t)
		i++;
	return g->prior[i] +
	       (g->prior[i + 1] - g->prior[i]) * (t - g->edge[i]) / (g->edge[i + 1] - g->edge[i]);
}

/* Prior mass of the bracket that ends at trial @i. */
static double bracket_prior(const struct timeout_belief *b, unsigned i)
{
	const double above = i < b->count ? prior_below(b->grid, b->trial[i].gap) : 1;

	return above - (i > 0 ? prior_below(b->grid, b->trial[i - 1].gap) : 0);
}

/* The likelihoods at each loss rate, as logarithms, before any trial. */
struct rates {
	double lost[RATES], came[RATES], controls[RATES];
	double best; /* of @controls */
};

static struct rates rates_of(const struct timeout_belief *b)
{
	struct rates l = {.best = -INFINITY};

	for (size_t r = 0; r < RATES; r++) {
		l.lost[r] = log(loss_rates[r]);
		l.came[r] = log1p(-loss_rates[r]);
		l.controls[r] = b->controls_lost * l.lost[r] + b->controls_got * l.came[r];
		l.best = fmax(l.best, l.controls[r]);
	}
	return l;
}

/* Trials below a bracket, which it says should have lived, and above it, which should have died. */
struct split {
	int alive_below, dead_below, alive_above, dead_above;
};

/* Goes up past a trial, or down with -1. */
static void go_past(struct split *s, const struct timeout_trial *t, int up)
{
	if (t->alive) {
		s->alive_below += up;
		s->alive_above -= up;
	} else {
		s->dead_below += up;
		s->dead_above -= up;
	}
}

static double likelihood(const struct rates *l, size_t r, const struct split *s)
{
	return l->controls[r] + s->alive_below * l->came[r] + s->dead_below * l->lost[r] +
	       s->alive_above * log(STRAY) + s->dead_above * log1p(-STRAY);
}

/*
 * The lowest bracket that may count, the trials around it, and the greatest likelihood. Below it so
 * many were alive above that nothing would be left even if all else fitted.
 */
static unsigned first_bracket(const struct timeout_belief *b, const struct rates *l,
			      struct split *at, double *best)
{
	unsigned i = b->count;

	*at = (struct split){.alive_above = 0};
	for (unsigned k = 0; k < b->count; k++) {
		at->alive_below += b->trial[k].alive;
		at->dead_below += !b->trial[k].alive;
	}
	*best = -INFINITY;
	for (;; i--) {
		for (size_t r = 0; r < RATES; r++)
			*best = fmax(*best, likelihood(l, r, at));
		if (i == 0 || l->best + at->alive_above * log(STRAY) - *best <= NOTHING)
			return i;
		go_past(at, &b->trial[i - 1], -1);
	}
}

/*
 * Posterior mass of the brackets between tried silences: mass[i] is that of
 * trial[i-1].gap < T <= trial[i].gap, with the grid's ends outside. The
 * likelihood is constant inside a bracket, so this is exact.
 */
static void bracket_masses(const struct timeout_belief *b,
			   double mass[static TIMEOUT_TRIALS_MAX + 1])
{
	const struct rates l = rates_of(b);
	struct split at;
	double best, total = 0;
	const unsigned first = first_bracket(b, &l, &at, &best);

	for (unsigned i = 0; i < first; i++)
		mass[i] = 0;
	for (unsigned i = first; i <= b->count; i++) {
		double sum = 0;

		for (size_t r = 0; r < RATES; r++) {
			const double ll = likelihood(&l, r, &at);

			if (ll - best > NOTHING)
				sum += exp(ll - best);
		}
		mass[i] = sum > 0 ? sum * bracket_prior(b, i) : 0;
		total += mass[i];
		if (i < b->count)
			go_past(&at, &b->trial[i], 1);
	}
	for (unsigned i = 0; i <= b->count; i++)
		mass[i] = total > 0 ? mass[i] / total : 1.0 / (b->count + 1);
}

static double bracket_lo(const struct timeout_belief *b, unsigned i)
{
	return i == 0 ? b->grid->edge[0] : fmax(b->trial[i - 1].gap, b->grid->edge[0]);
}

static double bracket_hi(const struct timeout_belief *b, unsigned i)
{
	return i == b->count ? b->grid->edge[b->grid->count] : b->trial[i].gap;
}

void timeout_belief_estimate(const struct timeout_belief *b, double mass,
			     struct timeout_estimate *out)
{
	double m[TIMEOUT_TRIALS_MAX + 1];
	unsigned first = 0, last;
	double sum, half;

	bracket_masses(b, m);
	for (unsigned i = 1; i <= b->count; i++)
		if (m[i] > m[first])
			first = i;
	last = first;
	for (sum = m[first]; sum < mass && (first > 0 || last < b->count);) {
		if (last == b->count || (first > 0 && m[first - 1] >= m[last + 1]))
			sum += m[--first];
		else
			sum += m[++last];
	}
	*out = (struct timeout_estimate){
		.lo = bracket_lo(b, first),
		.hi = bracket_hi(b, last),
		.p = sum < 1 ? sum : 1,
		.open = last == b->count,
	};
	if (out->open)
		return;

	half = sum / 2;
	while (first < last && half > m[first])
		half -= m[first++];
	out->value = bracket_lo(b, first) * pow(bracket_hi(b, first) / bracket_lo(b, first),
						m[first] > 0 ? half / m[first] : 0.5);
}

void timeout_belief_survival(const struct timeout_belief *b, const double *t, double *p,
			     unsigned count)
{
	double m[TIMEOUT_TRIALS_MAX + 1];
	double below = 0;
	unsigned i = 0;

	bracket_masses(b, m);
	for (unsigned k = 0; k < count; k++) {
		while (i < b->count && bracket_hi(b, i) <= t[k])
			below += m[i++];

		const double lo = bracket_lo(b, i), hi = bracket_hi(b, i);
		const double share =
			t[k] <= lo || hi <= lo ? 0 : fmin(1, log(t[k] / lo) / log(hi / lo));

		p[k] = fmax(0, 1 - below - share * m[i]);
	}
}

double timeout_spike_after(double t, double limit)
{
	for (size_t s = 0; s < SPIKES; s++)
		if (spikes[s] > t && spikes[s] < limit)
			return spikes[s];
	return 0;
}
