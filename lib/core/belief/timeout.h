/*
 * What is believed of one timeout T: a posterior over a log grid.
 *
 * Evidence is a list of trials, each a silence and whether the mapping was
 * still there after it. A trial that says "dead" may be a loss in disguise, at
 * an unknown rate q; one that says "alive" may, rarely, be a stray. Both are in
 * the likelihood (science: P(alive | T > gap) = 1 - q, P(alive | T <= gap) = e),
 * and q is marginalised over a small grid whose prior comes from control trials.
 *
 * The prior is log-uniform with spikes where real NATs have their timers. It
 * chooses between the brackets that trials leave, never inside one: an estimate
 * ends at silences that were tried, so a truth beside a spike is not pulled to it.
 */
#ifndef CORE_BELIEF_TIMEOUT_H
#define CORE_BELIEF_TIMEOUT_H

#include <stdbool.h>

#define TIMEOUT_GRID_MAX   5200
#define TIMEOUT_TRIALS_MAX 1024

/**
 * struct timeout_grid - The grid and its prior, shared by all timeouts of a run
 * @count:	Cells
 * @edge:	@count + 1 cell borders, seconds, each 0.2 % above the last
 * @prior:	Cumulative prior mass below each border; the last is 1
 */
struct timeout_grid {
	unsigned count;
	double edge[TIMEOUT_GRID_MAX + 1];
	double prior[TIMEOUT_GRID_MAX + 1];
};

struct timeout_trial {
	double gap;
	bool alive;
};

/**
 * struct timeout_belief - Evidence about one timeout
 * @grid:	Borrowed; outlives the belief
 * @trial:	@count trials, by rising gap
 * @controls_got, @controls_lost: Control trials, in which the mapping was surely there
 */
struct timeout_belief {
	const struct timeout_grid *grid;
	unsigned count;
	struct timeout_trial trial[TIMEOUT_TRIALS_MAX];
	unsigned controls_got, controls_lost;
};

/**
 * struct timeout_estimate - Where T is
 * @lo, @hi:	The credible bracket: @lo is a silence that was survived, or the grid's lower
 *		end; @hi one that was not, or (@open) nothing: no silence tried ended it
 * @value:	Median of the posterior inside the bracket, uniform on a log scale between tried
 *		silences; not set when @open
 * @p:		Posterior mass of the bracket, at least the mass asked for
 */
struct timeout_estimate {
	double lo, hi, value, p;
	bool open;
};

/* A grid from 0.5 s to max(400, 1.2 x @max_s) seconds, with the prior. */
void timeout_grid_init(struct timeout_grid *g, double max_s);

void timeout_belief_init(struct timeout_belief *b, const struct timeout_grid *g);

/* Adds a trial. Beyond TIMEOUT_TRIALS_MAX trials it is dropped. */
void timeout_belief_add(struct timeout_belief *b, double gap_s, bool alive);

/* Forgets trials of that outcome with gaps from @from_s to @to_s: of a NAT that has changed since. */
void timeout_belief_forget(struct timeout_belief *b, double from_s, double to_s, bool alive);

/* The smallest run of brackets between tried silences that holds at least @mass. */
void timeout_belief_estimate(const struct timeout_belief *b, double mass,
			     struct timeout_estimate *out);

/* P(T > t), the posterior survival at each of @count rising times. */
void timeout_belief_survival(const struct timeout_belief *b, const double *t, double *p,
			     unsigned count);

/* The shortest timer of a real NAT above @t that lies below @limit, or 0: for choosing what to try next. */
double timeout_spike_after(double t, double limit);

#endif
