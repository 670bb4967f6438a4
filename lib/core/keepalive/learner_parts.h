/* What the files of the learner share with one another, and with nobody else: what is believed is in
 * learner.c, and how it is found out in learner_round.c. */
#ifndef CORE_KEEPALIVE_LEARNER_PARTS_H
#define CORE_KEEPALIVE_LEARNER_PARTS_H

#include "core/keepalive/learner.h"
#include "core/keepalive/learner_silences.h"
#include "core/keepalive/learner_spare.h"

#define LEARNER_SPARES (LEARNER_SOCKETS - 1)

enum learner_phase {
	RESTING,
	STARTING, /* the control flow is opened, and its session */
	RUNNING,
};

/**
 * struct learner - State
 * @opening, @open, @doomed: Sockets that are so, or to be closed. Bits; the control flow is 0
 * @mapped:	The control flow's address as the server sees it
 * @round:	When the next begins
 * @doubts:	Rounds to come soon once something is found; @doubting: this is one
 * @before:	@silences until a spare did not survive, at @before_at, what others had; or NK_NEVER
 * @settled:	Once, on this network; @is_short: the floor would be too much for the NAT
 * @lived, @died: The longest silence of late that a spare survived, and the least that one did not;
 *		0: none. @lived_at, @died_at: the last
 * @surprised:	One did not, in this round
 * @failures:	Of rounds, one after another
 * @verdicts:	In this round
 * @outage:	Longest of late, as of @outage_at
 */
struct learner {
	struct learner_config config;
	struct rng *rng;
	struct silences silences, before;
	nk_time before_at;
	struct exchanges exchanges;
	struct asker asker;
	enum learner_phase phase;
	struct spare spares[LEARNER_SPARES];
	unsigned spare_count, opening, open, doomed;
	struct addr mapped;
	bool control_wanted;
	nk_time round;
	bool doubting, settled, is_short;
	unsigned doubts;
	double lived, died;
	nk_time lived_at, died_at;
	bool surprised;
	unsigned failures, verdicts;
	uint32_t last_number;
	nk_time outage, outage_at;
	nk_time interval;
	unsigned trials, losses;
};

/* learner.c: what is believed, and when it is tried */

/* A spare that was silent for so long, seconds, was there or not. */
void learner_lived(struct learner *l, double gap, nk_time now);
void learner_died(struct learner *l, double gap, nk_time now);

/* Who is dead after no time at all was never asked: what was found with that server is void. */
void learner_void(struct learner *l, nk_time now);

/* The round is over with something found, or (learner_put_off()) without. */
void learner_plan(struct learner *l, nk_time now);
void learner_put_off(struct learner *l, nk_time now);

/* What to try in this one. */
unsigned learner_gaps(const struct learner *l, double gaps[static SILENCES_GAPS]);

/* learner_round.c: all sockets are closed, and what was silent is of no use any more */
void learner_end_round(struct learner *l);

#endif
