#include "core/probe/plan.h"

#include <math.h>
#include <stddef.h>

#include "core/probe/lane.h"

#define WINDOW 0.12 /* of the longest silence: no bracket is wider */

static const double climbs[] = {0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.1,
				0.13, 0.17, 0.25, 0.4,  0.7,  1.2,  2.5};
#define CLIMBS (sizeof(climbs) / sizeof(climbs[0]))

/* Rungs up to the longest silence; a lane that follows another takes every third of the first ones. */
static unsigned rungs(double climb, double max_s, bool follows)
{
	unsigned n = 0, first = 0;

	for (double at = 0; at < max_s; n++) {
		at = lane_next_rung(at, climb, max_s);
		first += at < LANE_COARSE_UNTIL;
	}
	return follows ? n - first * 2 / 3 : n;
}

/* The T whose bracket is so many seconds wide. */
static double reached(double width, double climb)
{
	double t = width / climb;

	for (int i = 0; i < 4; i++)
		t = width / (climb * lane_widening(t));
	return t;
}

/*
 * Lays out @dense openings as fast as allowed, then ever rarer ones: at time f
 * the spacing is @fine of the T whose bracket reaches that far. More than
 * @mappings are too many, however many.
 */
static unsigned lay_out(struct plan *p, unsigned mappings, unsigned dense, double fine,
			double max_s, double apart, unsigned hurry, double hurry_apart)
{
	const double end = WINDOW * max_s;
	const double least = LANE_LEAST_RESOLUTION;
	double at = 0, middle = 0;
	unsigned n = 0;

	while (n < PLAN_MAX && n <= mappings) {
		p->at[n++] = at;
		if (n == dense / 2)
			middle = at;
		if (n < dense)
			at += n < hurry ? hurry_apart : apart;
		else
			at += fmax(apart,
				   fine * fmax(least / 0.01, reached(at - middle, p->climb)));
		if (n >= dense && at > end)
			break;
	}
	return n;
}

void plan_build(struct plan *p, unsigned mappings, double max_s, double resolution, double apart,
		bool follows, unsigned hurry, double hurry_apart)
{
	if (mappings > PLAN_MAX)
		mappings = PLAN_MAX;
	/* The closest rungs for which enough mappings are left between them. */
	for (size_t i = 0; i < CLIMBS; i++) {
		const unsigned dense = rungs(climbs[i], max_s, follows);

		p->climb = climbs[i];
		if (dense > mappings)
			continue;
		for (double fine = 0.4 * resolution; fine < 1.7 * resolution; fine *= 1.05) {
			p->count =
				lay_out(p, mappings, dense, fine, max_s, apart, hurry, hurry_apart);
			if (p->count <= mappings)
				return;
		}
	}
	/* Too few for one pass: open them all, and leave the rest to later rounds. */
	p->climb = climbs[0];
	p->count = mappings;
	for (unsigned i = 0; i < mappings; i++)
		p->at[i] = i * apart;
}
