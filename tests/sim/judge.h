/*
 * Judging a report of natprobe: each field is right, honestly unknown, or wrong.
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

enum field {
	FIELD_PUBLIC,
	FIELD_NAT,
	FIELD_FIREWALL,
	FIELD_MAPPING,
	FIELD_FILTERING,
	FIELD_PORTS,
	FIELD_POOLING,
	FIELD_HAIRPIN,
	FIELD_ALG,
	FIELD_SOLITARY,
	FIELD_REPLIED,
	FIELD_STREAM,
	FIELD_REFRESH_OUT,
	FIELD_REFRESH_IN,
	FIELD_QUOTA,
	FIELD_FRAGMENTS_OUT,
	FIELD_FRAGMENTS_IN,
	FIELD_ICMP,
	FIELD_COUNT
};

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

#define WHY_JUDGED 240

/* What the report says in that field, for people. */
void field_text(const struct probe_result *r, enum field f, char text[static WHY_JUDGED]);
const char *field_name(enum field f);
const char *outcome_name(enum outcome o);

enum outcome judge_class(const struct class_finding *f, enum nat_behaviour truth);
enum outcome judge_fact(const struct fact *f, bool truth);

/* Right: within tolerance() of the truth. What is longer than "at least" says is unknown. */
enum outcome judge_time(const struct measured *m, double truth);
enum outcome judge_span(const struct measured *m, struct span truth);
enum outcome judge_field(const struct probe_result *r, const struct truth *t, enum field f);

/* Whether ci95, or from "at least" on, reaches the truth. */
bool judge_holds(const struct measured *m, struct span truth);

struct span truth_of_timer(const struct truth *t, enum traffic_state state);

/* Whether what the model did to timers is what the description allows. */
bool truth_is_plausible(const struct truth *t);

/* Seconds by which a timeout may be off. */
double tolerance(double truth);

#endif
