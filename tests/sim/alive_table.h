/* The table of keepalives: each algorithm behind each NAT, with each loss, on all processors. */
#ifndef TESTS_SIM_ALIVE_TABLE_H
#define TESTS_SIM_ALIVE_TABLE_H

#include "alive_scene.h"

#define ALIVE_ANY   (-1)
#define ALIVE_DAYS  365
#define ALIVE_SEEDS 1

/**
 * struct alive_plan - What to run
 * @zoo:	Borrowed, as are all texts
 * @preset:	That NAT alone, or NULL
 * @way, @loss, @drift: That one alone (ALIVE_LEARNED: with the oracle), or ALIVE_ANY. Of all drifts
 *		each NAT and loss has one, and another with the next seed
 * @again:	The command for a run alone, as far as it is common to all
 */
struct alive_plan {
	const struct zoo *zoo;
	const char *preset;
	int way, loss, drift;
	double days;
	uint64_t first;
	unsigned seeds;
	bool verbose;
	const char *again;
};

/* struct alive_table - @results: by number of scene; those that were not asked for are all zero */
struct alive_table {
	struct alive_plan plan;
	unsigned presets, count, runs;
	struct alive_result *results;
	double cpu_s, wall_s;
};

/* Runs all scenes, and tells of those that went wrong. Return: false without memory or processes.
 * alive_table_free() in any case. */
bool alive_table_fill(struct alive_table *t, const struct alive_plan *plan);
void alive_table_free(struct alive_table *t);

/* Scene number @i. Return: false if it is not asked for, or behind a NAT64. */
bool alive_table_scene(const struct alive_table *t, unsigned i, struct alive_scene *out);

/* The number of the first seed's scene; the other seeds follow. */
unsigned alive_table_cell(const struct alive_table *t, unsigned preset, enum alive_way way,
			  enum alive_loss loss);

#endif
