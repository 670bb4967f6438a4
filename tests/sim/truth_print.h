/* The truth table on paper. */
#ifndef TESTS_SIM_TRUTH_PRINT_H
#define TESTS_SIM_TRUTH_PRINT_H

#include "face/js.h"
#include "verdict.h"

/* For people, on standard output. */
void truth_print(const struct truth_table *t, const struct tally *presets, unsigned count);
void verdict_print(const struct statement *statements, unsigned count);

/* "statements" and "pass", as below. */
void verdict_put(struct js root, const struct statement *statements, unsigned count);

/**
 * truth_write_json() - For programs
 *
 *	{"schema": "natkit.truth/1", "seeds": 100, "first": 1, "runs": 66000, "cpu_s": ...,
 *	 "wall_s": ...,
 *	 "presets": [{"name": "linux", "runs": 1200,
 *	   "fields": {"mapping": {"right": 1200, "unknown": 0, "wrong": 0}, ...},
 *	   "timers": {"solitary": {"holds": 0.97, "right": 1, "worst_cell_holds": 0.93,
 *	     "worst_cell_right": 1, "narrow": 1, "narrow_with_loss": 1}, ...},
 *	   "wall": 1.02}, ...],
 *	 "statements": [{"statement": "mapping wrong, runs", "figure": 0, "bound": 0,
 *	   "at_most": true, "where": "", "pass": true}, ...],
 *	 "pass": true}
 *
 * Shares are from 0 to 1; "wall" is the median of (seconds - 5) / longest timer.
 *
 * Return: 0, or one of enum nk_err.
 */
int truth_write_json(FILE *out, const struct truth_table *t, const struct tally *presets,
		     unsigned preset_count, const struct statement *statements, unsigned count);

#endif
