/* What must be true of the table of pairs, and whether it is. */
#ifndef TESTS_SIM_PAIR_VERDICT_H
#define TESTS_SIM_PAIR_VERDICT_H

#include "pair_tally.h"
#include "verdict.h"

/* A share misses its bound if even the upper end of Wilson's interval does. Return: how many
 * statements. */
unsigned pair_verdict(const struct pair_table *t, struct statement out[static STATEMENTS_MAX]);

#endif
