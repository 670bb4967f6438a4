/* What must be true of the table of keepalives. */
#ifndef TESTS_SIM_ALIVE_VERDICT_H
#define TESTS_SIM_ALIVE_VERDICT_H

#include "alive_tally.h"
#include "verdict.h"

/* Return: how many statements; none of what was not run. */
unsigned alive_verdict(const struct alive_table *t, struct statement out[static STATEMENTS_MAX]);

#endif
