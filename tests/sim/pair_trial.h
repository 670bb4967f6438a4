/* Pairs that have to guess, or are told wrong: what comes of them, many times over, and what the law says. */
#ifndef TESTS_SIM_PAIR_TRIAL_H
#define TESTS_SIM_PAIR_TRIAL_H

#include "verdict.h"

#define PAIR_TRIAL_RUNS 150 /* of each for each seed of a cell */

/**
 * pair_trials() - Play all trials
 * @zoo:	With the combinations of mapping, filtering and ports
 * @runs:	Of each, from seed @first on
 * @out:	Judged here, with room for all that follow; *@count of them are there, and counted on
 *
 * Return: false without memory or processes.
 */
bool pair_trials(const struct zoo *zoo, unsigned runs, uint64_t first,
		 struct statement out[static STATEMENTS_MAX], unsigned *count);

#endif
