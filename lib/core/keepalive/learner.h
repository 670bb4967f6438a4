/*
 * The interval that one NAT allows, learned while it is in use: the algorithm "learned".
 *
 * It is the largest interval with P(mapping lost) below a bound, by the timeout posterior. The
 * posterior is moved by what live mappings show (an inbound packet after a silence, a mapping that was
 * found dead or moved), and upwards only by spare mappings, which nobody needs: one is made as the
 * live ones are, left silent for longer than any live one will be, and asked from outside whether
 * it is still there (wire/probe_msg.h, or RESPONSE-PORT of RFC 5780). The live mapping never waits
 * longer than what a spare has survived.
 *
 * Beliefs fade: a NAT may have changed its mind, so the bound that is in use is tried again from
 * time to time, and a loss backs off at once.
 */
#ifndef CORE_KEEPALIVE_LEARNER_H
#define CORE_KEEPALIVE_LEARNER_H

#include "base/crypto.h"
#include "core/core.h"

/**
 * struct learner_config - What is known at first, and what may be tried
 * @first_id:	LEARNER_SOCKETS socket ids from here on are the learner's
 * @server:	Whom spare mappings are made to, as the live ones are; all zero: none, so nothing is
 *		learned upwards
 * @probe_service: It is a natbroker; else RESPONSE-PORT is tried
 * @floor:	No interval below, 15 s (RFC 8085 section 3.5); used only if @lower where the lower 95 %
 *		bound is under 20 s
 * @longest:	Nor above
 * @risk:	Bound of P(a mapping is lost within one interval)
 * @lower, @value, @upper: Of an earlier measurement, seconds, 0: none; @age: how old that is
 */
struct learner_config {
	uint32_t first_id;
	struct addr server;
	bool probe_service;
	nk_time floor, longest;
	bool below_floor;
	double risk;
	double lower, value, upper;
	nk_time age;
};

#define LEARNER_SOCKETS 4

/**
 * struct learner_state - What is believed now, for reports and files
 * @interval:	Before jitter
 * @lower, @upper: 95 % interval of the timeout, seconds; @upper 0: no silence tried ended it
 * @value:	Median, 0: not known
 * @trials:	Of spare mappings so far; @losses: of live ones
 * @below_floor: The interval is below the floor, because it must be
 */
struct learner_state {
	nk_time interval;
	double lower, value, upper;
	unsigned trials, losses;
	bool below_floor, outbound_only;
};

struct learner; /* learner_new() to learner_free() */

struct learner *learner_new(const struct learner_config *config, struct rng *rng, nk_time now);
void learner_free(struct learner *l);

/* Return: true if the event was the learner's. */
bool learner_input(struct learner *l, const struct event *ev, nk_time now);
bool learner_output(struct learner *l, struct action *action, nk_time now);
nk_time learner_deadline(const struct learner *l);

/* A live mapping was silent for @idle, and an inbound packet came through. */
void learner_held(struct learner *l, nk_time idle, nk_time now);

/* A live mapping was gone after @idle, or had moved. The interval is less at once. */
void learner_lost(struct learner *l, nk_time idle, nk_time now);

/* Another network: all is forgotten but the prior. */
void learner_moved(struct learner *l, nk_time now);

/* For live mappings, from now on. */
nk_time learner_interval(const struct learner *l);
struct learner_state learner_state(const struct learner *l);

#endif
