/* The table of keepalives in sums. */
#ifndef TESTS_SIM_ALIVE_TALLY_H
#define TESTS_SIM_ALIVE_TALLY_H

#include "alive_table.h"

/**
 * struct alive_sum - Runs together
 * @days:	Of all, in virtual time
 * @lost:	Mappings
 * @dark_s:	Sum of those of all lost mappings
 * @back_s, @back_dark: Sums of all runs; @dead_s: of those @deaths that were noticed
 * @dead_most_s: The longest of them
 */
struct alive_sum {
	unsigned runs, unfinished, late, deaths;
	double days, packets, bytes, lost;
	double dark_s, back_s, back_dark, dead_s, dead_most_s;
};

/**
 * struct alive_wanted - Which runs
 * @preset, @loss: That alone, or ALIVE_ANY
 * @holding:	Only those behind NATs whose timers never get shorter
 */
struct alive_wanted {
	enum alive_way way;
	int preset, loss;
	bool holding;
};

struct alive_sum alive_sum(const struct alive_table *t, const struct alive_wanted *w);

/* 0 of nothing. */
double alive_an_hour(const struct alive_sum *s, double of);
double alive_lost_a_month(const struct alive_sum *s); /* 30 days */
double alive_mean(double sum, double count);

#endif
