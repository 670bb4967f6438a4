/*
 * One lane of the fan: the search for one timeout, given mappings of many ages.
 *
 * Mappings are opened early and left silent with their gap open. The lane
 * decides which of them to ask now. First it climbs: it asks the oldest one at
 * silences that rise by a few per cent (rungs), a little above the timers of
 * real NATs where it can. The first rung that is dead brackets T, and now every
 * mapping whose silence lies inside the bracket is asked at the same moment:
 * one pass gives the resolution. If there are none, the lane waits for younger
 * ones to come of age, or wants new ones opened.
 *
 * Pure: ages in, a decision out. The fan does the rest.
 */
#ifndef CORE_PROBE_LANE_H
#define CORE_PROBE_LANE_H

#include <stdint.h>

#include "core/belief/timeout.h"

#define LANE_PICK_MAX         32
#define LANE_LEAST_RESOLUTION 0.25 /* seconds */
#define LANE_COARSE_UNTIL     10.0 /* see struct lane */

/**
 * struct lane - State of one search
 * @max:	Longest silence worth trying, seconds
 * @resolution:	Wanted relative precision
 * @climb:	Relative distance of two rungs
 * @coarse_below: Silences that another lane has survived: rungs up to it may be three steps
 *		apart, since a mapping with more traffic seldom dies earlier
 * @asked:	Mappings asked and not judged yet
 * @opened_more: It has wanted mappings beyond the plan, which come of age together
 * @survived, @died: Longest silence survived, and the shortest deadly one above it (0: none)
 */
struct lane {
	struct timeout_belief belief;
	struct timeout_estimate estimate;
	double max, resolution, climb, coarse_below;
	unsigned asked, alive, dead;
	double survived, died;
	bool done, opened_more;
};

enum lane_move { LANE_WAIT, LANE_ASK, LANE_OPEN, LANE_DONE };

/**
 * struct lane_decision - What a lane wants
 * @pick:	LANE_ASK: @count indices into the ages
 * @wait:	LANE_WAIT: seconds until to decide again; INFINITY: when something has changed
 * @count:	LANE_OPEN: how many mappings it could use
 */
struct lane_decision {
	enum lane_move move;
	unsigned pick[LANE_PICK_MAX];
	unsigned count;
	double wait;
};

void lane_init(struct lane *l, const struct timeout_grid *grid, double max_s, double resolution,
	       double climb);

/* Adds an age to @count of them that fall, and what it is the age of to their @index. */
void lane_add_age(double *ages, uint32_t *index, unsigned count, double age, uint32_t of);

/* Tells of a verdict that counts. */
void lane_tell(struct lane *l, double gap_s, bool alive);

/* Tells how many groups of control answers came so far, and how many did not. */
void lane_controls(struct lane *l, unsigned got, unsigned lost);

/* Whether it has nothing to decide before something changes. */
bool lane_rests(const struct lane *l);

/**
 * lane_decide() - What to do now
 * @ages:	Silences of the mappings that may be asked, falling, @count of them
 * @coming:	Mappings that are being set up or are still to be opened by plan
 */
void lane_decide(struct lane *l, const double *ages, unsigned count, unsigned coming,
		 struct lane_decision *out);

/**
 * lane_spread() - Where lifetimes lie that differ from mapping to mapping
 * @lo:		The longest silence survived below all that were not
 * @hi:		The shortest one not survived above all that were
 *
 * So they do where a NAT purges in sweeps, or shortens its timers under load.
 * Return: false if what was seen can be one timer, and a loss; then nothing is written.
 */
bool lane_spread(const struct lane *l, double *lo, double *hi);

/* Precision wanted of a timeout of @t seconds: the half width that is good enough. */
double lane_precision(const struct lane *l, double t);

/* How much further apart rungs are above @from seconds: the wall clock has more slack there. */
double lane_widening(double from);

/* The silence that the rung after @from aims at. */
double lane_next_rung(double from, double climb, double max_s);

#endif
