/*
 * The interval that one NAT allows, learned while it is in use: the algorithm "learned".
 *
 * It follows the longest silence that a mapping has survived and that the timeout's posterior trusts,
 * with room for a hello, or several where answers were missing of late. What live mappings show
 * counts (an inbound packet after a silence; one that was found dead, or moved), but longer
 * silences are tried with spare mappings only, which nobody needs: they are made as the live ones are,
 * left silent, and asked from outside whether they are still there (core/probe/asker.h).
 *
 * A NAT may change its mind. So what is newer overrules what contradicts it, and the longest silence
 * that was survived and the shortest that was not are tried again from time to time.
 */
#ifndef CORE_KEEPALIVE_LEARNER_H
#define CORE_KEEPALIVE_LEARNER_H

#include "base/crypto.h"
#include "core/core.h"

/**
 * struct learner_config - What is known at first, and what may be tried
 * @first_id:	LEARNER_SOCKETS socket ids from here on are the learner's
 * @server:	As for learner_serve()
 * @floor:	No interval below, 15 s (RFC 8085 section 3.5); used only if @lower where the lower 95 %
 *		bound is under 20 s
 * @longest:	Nor above
 * @risk:	Bound of P(a silence that is trusted is longer than the timeout)
 * @lower, @upper: Of an earlier measurement, seconds, 0: none; @age: how old that is
 */
struct learner_config {
	uint32_t first_id;
	struct addr server;
	bool probe_service;
	nk_time floor, longest;
	bool below_floor;
	double risk;
	double lower, upper;
	nk_time age;
};

#define LEARNER_SOCKETS 4
#define LEARNER_RISK    0.001

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
	bool below_floor;
};

struct learner; /* learner_new() to learner_free() */

struct learner *learner_new(const struct learner_config *config, struct rng *rng, nk_time now);
void learner_free(struct learner *l);

/* Whom spare mappings are made to from now on, as the live ones are; all zero: nobody, so nothing is
 * learned upwards. @probe_service: it is a natbroker; else RESPONSE-PORT (RFC 5780) is tried. */
void learner_serve(struct learner *l, const struct addr *server, bool probe_service, nk_time now);

/* Return: true if the event was the learner's own. EVENT_RESUMED is for everybody. */
bool learner_input(struct learner *l, const struct event *ev, nk_time now);
bool learner_output(struct learner *l, struct action *action, nk_time now);
nk_time learner_deadline(const struct learner *l);

/* A live mapping was silent for @idle, and an inbound packet came through. */
void learner_held(struct learner *l, nk_time idle, nk_time now);

/* A live mapping was gone after @idle, or had moved. The interval is less at once. */
void learner_lost(struct learner *l, nk_time idle, nk_time now);

/* The NAT began anew at some time after @since: what was found dead from then on was not silent for too
 * long. What is believed is tried again at once. */
void learner_anew(struct learner *l, nk_time since, nk_time now);

/* Of several packets only one that left @length after the first was answered: there is to be room
 * for that. */
void learner_outage(struct learner *l, nk_time length, nk_time now);

/* Another network: all is forgotten but the prior. */
void learner_moved(struct learner *l, nk_time now);

/* What was measured @age ago, as in struct learner_config. */
void learner_believe(struct learner *l, double lower, double upper, nk_time age, nk_time now);

/* For live mappings, from now on. */
nk_time learner_interval(const struct learner *l);
struct learner_state learner_state(const struct learner *l);

#endif
