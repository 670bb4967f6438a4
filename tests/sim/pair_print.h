/* The table of pairs on paper. */
#ifndef TESTS_SIM_PAIR_PRINT_H
#define TESTS_SIM_PAIR_PRINT_H

#include "pair_verdict.h"

/* For people, on standard output. */
void pair_print(const struct pair_table *t);

/**
 * pair_write_json() - For programs
 *
 *	{"schema": "natkit.pairs/1", "seeds": 20, "first": 1, "runs": ..., "cpu_s": ..., "wall_s": ...,
 *	 "classes": [{"a": "EIM/EIF", "b": "APDM/APDF", "kind": "allowed", "runs": ...,
 *	   "connected": {"none": {"runs": ..., "p": ..., "ci95": [..., ...]}, "5%": ..., ...},
 *	   "by": {"plain": ..., ...}, "first_check": ..., "call_s": ..., "packets": ...}, ...],
 *	 "pairs": [{"a": "ei-ei-preserve", "b": ..., "kind": "allowed", "runs": ...,
 *	   "connected": ..., "by": {...}, "call_s": ..., "packets": ...}, ...],
 *	 "sample": {"none": {"allowed": {"runs", "p", "ci95"}, ..., "lan": ..., "carrier": ...}, ...},
 *	 "statements": as in truth_write_json(), "pass": true}
 *
 * Shares are from 0 to 1, times and packets (of both sides) are medians of runs that connected.
 *
 * Return: 0, or one of enum nk_err.
 */
int pair_write_json(FILE *out, const struct pair_table *t, const struct statement *statements,
		    unsigned count);

/* A heat map: callers down, callees across, as SVG. Return: 0, or NK_ERR_SYSTEM. */
int pair_write_svg(FILE *out, const struct pair_table *t);

#endif
