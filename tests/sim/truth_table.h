/*
 * The truth table: natprobe's whole run against natbroker, behind every NAT of
 * a zoo, with every loss, round trip and seed, on all processors.
 */
#ifndef TESTS_SIM_TRUTH_TABLE_H
#define TESTS_SIM_TRUTH_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "scene.h"

/**
 * struct truth_plan - Which scenes
 * @preset:	That preset alone, or NULL
 * @loss, @delay: That one alone, or -1
 * @first:	@seeds of them from that one on
 * @sample:	With one delay for each preset and loss, another with the next seed
 * @verbose:	Tell every finding, not the wrong ones alone
 * @pcap:	Each packet is written to it, or NULL; of one scene alone
 * @again:	Begins the command that plays a scene again
 */
struct truth_plan {
	const struct zoo *zoo;
	const char *preset;
	int loss, delay;
	uint64_t first;
	unsigned seeds;
	bool sample, verbose;
	FILE *pcap;
	const char *again;
};

/**
 * struct truth_table - What came of it
 * @presets:	In the zoo
 * @results:	@count of them; those that were not asked for and those whose process died have
 *		not finished
 * @cpu_s:	Processor time of all runs
 */
struct truth_table {
	struct truth_plan plan;
	unsigned presets, count, runs;
	struct scene_result *results;
	double cpu_s, wall_s;
};

/* Plays all scenes and tells on standard output what is wrong, with the command that shows it
 * again. Return: false without memory or processes. truth_table_free() in any case. */
bool truth_table_fill(struct truth_table *t, const struct truth_plan *plan);
void truth_table_free(struct truth_table *t);

/* Scene number @i. Return: false if it is not asked for, or behind a NAT64: the server's addresses
 * are IPv4. */
bool truth_table_scene(const struct truth_table *t, unsigned i, struct scene *out);

/* The number of the first seed's scene in a cell; the other seeds follow. */
unsigned truth_table_cell(const struct truth_table *t, unsigned preset, enum scene_loss loss,
			  unsigned delay);

#endif
