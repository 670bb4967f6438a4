/*
 * When a lane of the fan opens its mappings.
 *
 * At the moment when a rung finds T bracketed, mappings are wanted whose silence
 * lies inside the bracket, evenly: so they must have been opened one after the
 * other over a time as long as the bracket is wide. Nobody knows T beforehand,
 * but a bracket is a fixed share of T: openings dense at first and ever rarer,
 * over the first tenth of the longest silence, serve every T.
 */
#ifndef CORE_PROBE_PLAN_H
#define CORE_PROBE_PLAN_H

#include <stdbool.h>

#define PLAN_MAX 2048

/**
 * struct plan - Opening times of one lane
 * @climb:	Relative distance of rungs that the number of mappings allows
 * @at:		@count times, rising, seconds after the start of the fan
 */
struct plan {
	double climb;
	unsigned count;
	double at[PLAN_MAX];
};

/**
 * plan_build() - Opening times for one lane
 * @mappings:	How many it may hold
 * @max_s:	Longest silence worth trying
 * @resolution:	Wanted relative precision
 * @apart:	Least time between two openings of this lane, seconds
 * @follows:	Another lane climbs ahead of this one, which then skips most of the first rungs
 * @hurry:	Share of the first rungs that are opened @hurry_apart apart: a lane whose
 *		set-up takes long must begin early
 */
void plan_build(struct plan *p, unsigned mappings, double max_s, double resolution, double apart,
		bool follows, unsigned hurry, double hurry_apart);

#endif
