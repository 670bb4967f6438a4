/*
 * The table of pairs: natpunch's whole calls between all combinations of mapping, filtering and
 * ports, with every loss, delay and seed; and a sample over the whole zoo, nested up to two levels.
 */
#ifndef TESTS_SIM_PAIR_TABLE_H
#define TESTS_SIM_PAIR_TABLE_H

#include "pair_scene.h"

#define PAIR_PRESETS 27   /* the combinations */
#define PAIR_SAMPLE  2500 /* runs over the zoo for each seed of a cell */
#define PAIR_POOL \
	150 /* runs with one loss that an allowed class pair has for each seed of a cell */
#define PAIR_CELLS (PAIR_PRESETS * PAIR_PRESETS * PAIR_LOSSES * PAIR_DELAYS)
#define PAIR_SEEDS 20 /* the whole table */

/**
 * struct pair_table_plan - Which scenes
 * @side:	Those NATs alone (count 0: all), and no sample
 * @shared:	With both: the outermost is one and the same
 * @loss, @delay: That one alone, or -1
 * @first:	@seeds of them for each cell from that one on
 * @verbose:	Tell of each pair that should meet and does not
 * @pcap:	Each packet is written to it, or NULL; of one scene alone
 * @again:	Begins the command that plays a scene again
 */
struct pair_table_plan {
	const struct zoo *zoo;
	struct pair_side side[PAIR_SIDES];
	bool shared;
	int loss, delay;
	uint64_t first;
	unsigned seeds;
	bool verbose;
	FILE *pcap;
	const char *again;
};

/**
 * struct pair_table - What came of it
 * @sides:	Of the matrix, @side_count callers and callees
 * @cell_from:	The number of the first scene of each cell, and of the sample
 * @count:	Scenes and their results
 */
struct pair_table {
	struct pair_table_plan plan;
	struct pair_side sides[PAIR_SIDES][PAIR_PRESETS];
	unsigned side_count[PAIR_SIDES];
	unsigned cell_from[PAIR_CELLS + 1];
	unsigned cells, count;
	struct pair_result *results;
	double cpu_s, wall_s;
};

/* Plays all scenes. Return: false without memory or processes, or if the zoo lacks combinations.
 * pair_table_free() in any case. */
bool pair_table_fill(struct pair_table *t, const struct pair_table_plan *plan);
void pair_table_free(struct pair_table *t);

/* The number of a cell, and the scenes in it. */
unsigned pair_table_cell(const struct pair_table *t, unsigned caller, unsigned callee,
			 enum pair_loss loss, enum pair_delay delay);
struct pair_scene pair_table_scene(const struct pair_table *t, unsigned i);

/* Where the sample begins; it ends with the table. */
unsigned pair_table_sample(const struct pair_table *t);

#endif
