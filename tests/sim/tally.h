/* The truth table by preset: counts and shares. */
#ifndef TESTS_SIM_TALLY_H
#define TESTS_SIM_TALLY_H

#include "truth_table.h"

/* So many of so many. */
struct share {
	unsigned some, of;
};

/**
 * struct timer_tally - How well one timer of a preset was measured
 * @holds:	Runs in which ci95, or "at least", reaches the truth
 * @right:	Runs in which the value is within tolerance()
 * @worst_holds, @worst_right: Those shares in the worst cell of one loss and one delay
 * @narrow, @narrow_lossy: Values whose ci95 is at most WIDTH_MAX (with loss WIDTH_LOSSY_MAX)
 *		times tolerance() wide
 */
struct timer_tally {
	struct share holds, right, worst_holds, worst_right, narrow, narrow_lossy;
};

#define WIDTH_MAX       2.0
#define WIDTH_LOSSY_MAX 4.0

/**
 * struct tally - A preset
 * @tight:	It allows fewer mappings than natprobe wants at once
 * @wall:	Median of scene_result.wall
 * @in_time:	Runs in which that is at most WALL_MAX, or, if @tight, WALL_TIGHT_MAX
 */
struct tally {
	const char *name;
	bool tight;
	unsigned runs, unfinished, implausible, late;
	unsigned count[LOSSES][FIELD_COUNT][OUTCOMES];
	struct timer_tally timers[STATE_COUNT];
	double wall;
	struct share in_time;
};

#define WALL_MAX       1.1
#define WALL_TIGHT_MAX 2.5

/* Fills @out for preset number @preset. Return: false if it was not asked for, or no memory. */
bool tally_preset(const struct truth_table *t, unsigned preset, struct tally *out);

/* Over all losses. */
unsigned tally_count(const struct tally *t, enum field f, enum outcome o);

/* 1 of nothing. */
double share_value(struct share s);
void share_add(struct share *s, bool counts);

#endif
