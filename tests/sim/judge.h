/*
 * Judging findings of natprobe: each is right, honestly unknown, or wrong.
 *
 * The truth is the NAT as its text describes it. Only where a timer depends on
 * load or on a sweep is it what the model says that it did in that run, and even
 * that must lie within what the text allows.
 */
#ifndef TESTS_SIM_JUDGE_H
#define TESTS_SIM_JUDGE_H

#include <stdbool.h>

#include "core/probe/result.h"
#include "sim/nat_spec.h"

enum outcome { RIGHT, UNKNOWN, WRONG, OUTCOMES };

/**
 * struct truth - What is so
 * @nat:	As described
 * @port:	Of the server
 * @applied:	By traffic: how long the model really kept things in that run
 * @held_peak:	The most that the NAT held
 */
struct truth {
	struct nat_spec nat;
	uint16_t port;
	struct nat_applied applied[NAT_TRAFFICS];
	unsigned held_peak;
};

/* Seconds; one timer may have been applied as several times. */
struct span {
	double lo, hi;
};

const char *outcome_name(enum outcome o);

enum outcome judge_class(const struct class_finding *f, enum nat_behaviour truth);
enum outcome judge_fact(const struct fact *f, bool truth);

/* Right: within tolerance() of the truth. What is longer than "at least" says is unknown. */
enum outcome judge_time(const struct measured *m, double truth);
enum outcome judge_span(const struct measured *m, struct span truth);

/* Whether ci95, or from "at least" on, reaches the truth. */
bool judge_holds(const struct measured *m, struct span truth);

struct span truth_of_timer(const struct truth *t, enum traffic_state state);

/* Whether what the model did to timers is what the description allows. */
bool truth_is_plausible(const struct truth *t);

/* Seconds by which a timeout may be off. */
double tolerance(double truth);

#endif
