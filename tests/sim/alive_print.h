/* The table of keepalives on paper. */
#ifndef TESTS_SIM_ALIVE_PRINT_H
#define TESTS_SIM_ALIVE_PRINT_H

#include <stdio.h>

#include "alive_verdict.h"

/* For people, on standard output. */
void alive_print(const struct alive_table *t);

/**
 * alive_write_json() - For programs
 *
 *	{"schema": "natkit.alive/1", "days": 365, "seeds": 1, "first": 1, "runs": 1248, "cpu_s": ...,
 *	 "wall_s": ...,
 *	 "presets": [{"name": "linux", "timeout_s": 120, "algorithms": {"learned": {
 *	   "packets_per_h": ..., "bytes_per_h": ..., "lost_per_30_d": ..., "dark_s": ...,
 *	   "back_s": ..., "back_dark": ..., "dead_s": ...,
 *	   "runs": [{"loss": "2%", "drift": "steady", "seed": 1, "packets": ..., "bytes": ...,
 *	     "lost": 0, "opened": 1, "interval_s": ..., "timeout_s": ...}, ...]}, ...}}, ...],
 *	 "statements": [...], "pass": true}
 *
 * "dark_s": for how long a lost mapping was missing; "back_s", "back_dark": after a reboot of the NAT,
 * until packets from the far end were let in, and the share of an hour in which they were not;
 * "dead_s": until a dead far end was given up, null: never. Statements are as in "make truth".
 *
 * Return: 0, or one of enum nk_err.
 */
int alive_write_json(FILE *out, const struct alive_table *t, const struct statement *statements,
		     unsigned count);

/* A picture of what each costs, and where it loses mappings. Return: as above. */
int alive_write_svg(FILE *out, const struct alive_table *t);

#endif
