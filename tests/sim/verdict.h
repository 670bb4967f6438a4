/* What must be true of the truth table, and whether it is. */
#ifndef TESTS_SIM_VERDICT_H
#define TESTS_SIM_VERDICT_H

#include "tally.h"

#define STATEMENTS_MAX 48

/**
 * struct statement - One of them
 * @figure:	What came out; where that is of one preset, the worst one's, named by @where
 * @bound:	The least that @figure may be (@at_most: the most)
 */
struct statement {
	char text[96], where[64];
	double figure, bound;
	bool at_most, pass;
};

/* Adds one to the @count that there are; nothing speaks against it yet. */
struct statement *statement_add(struct statement all[static STATEMENTS_MAX], unsigned *count,
				const char *text, double bound, bool at_most);

/* The one whose text begins so, or NULL. */
const struct statement *statement_find(const struct statement *statements, unsigned count,
				       const char *text);

/* Whether all of them are so. */
bool statements_pass(const struct statement *statements, unsigned count);

/* Judges the @count presets of a table. With fewer than FULL_SEEDS seeds a share may miss its
 * bound by what chance does: three standard deviations and one run. Return: how many statements. */
unsigned verdict(const struct tally *presets, unsigned count, unsigned seeds,
		 struct statement out[static STATEMENTS_MAX]);

#define FULL_SEEDS 100

#endif
