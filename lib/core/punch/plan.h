/*
 * Which tactics a punch uses, when each begins, and the aims of the hard ones.
 *
 * What costs a packet or two runs at once, from fire on. Predict and birthday cost hundreds:
 * they begin when the first answers should have come, one at a time, and only as
 * both sides allow. What each side does follows from the two hints, which both have, so that both come
 * to the same rounds; where either could take either part, each further round swaps them.
 * Hints are no gates: a class that is not known may be any, and plain is always tried.
 */
#ifndef CORE_PUNCH_PLAN_H
#define CORE_PUNCH_PLAN_H

#include "base/crypto.h"
#include "core/punch/birthday.h"
#include "core/punch/candidate.h"
#include "core/punch/predict.h"
#include "core/punch/tactic.h"

#define PLAN_ROUNDS 8
#define PLAN_FRESH  2 /* the socket that has sent nothing before fire, see gather.h */

/**
 * struct plan_config - What a plan is made from
 * @ours, @theirs: Hints on both NATs
 * @remote:	The peer's candidates
 * @have_fresh:	PLAN_FRESH is open, and a candidate of ours
 * @controlling: The caller
 * @mapped:	A candidate of ours is a port that our gateway opens
 * @one_ip:	Both were seen at the same public IP
 * @tactics:	Bits that both sides want
 * @hard:	Both allow predict and birthday; towards @hard_ip alone (all zero: nowhere)
 * @fire, @first_pause, @give_up: As of the punch
 * @plain_p:	What is believed of plain punching to this peer; 0: nothing is known
 * @rng:	Borrowed for the plan's life
 */
struct plan_config {
	struct nat_hint ours, theirs;
	struct candidates remote;
	bool have_fresh;
	bool controlling;
	bool one_ip, mapped;
	uint32_t tactics;
	bool hard;
	struct addr hard_ip;
	nk_time fire, first_pause, give_up;
	double plain_p;
	struct rng *rng;
};

/* What we do in one round of the hard tactics. */
enum plan_part {
	PLAN_NOTHING, /* our ordinary checks are what the other side looks for */
	PLAN_SWEEP,
	PLAN_WALK,
	PLAN_STAND,
	PLAN_STAND_TO_FRESH,
	PLAN_SHOOT,
	PLAN_OPEN,
	PLAN_PROBE,
};

/**
 * struct plan - A plan under way; plain data, no end needed
 * @start:	When each tactic begins, NK_NEVER: not at all
 * @end:	The peer's address that is most likely right
 * @relay_likely: P(no direct path) where neither predict nor birthday can find one, else 0
 * @hint_at:	When the peer's hint was so, about
 * @round:	The next to begin, at @round_at; NK_NEVER: none
 * @running:	What the current round does
 * @moved:	Ports of the peer's, counted from its last, that earlier rounds are done with
 * @fresh_at, @fresh_pause: Next check from PLAN_FRESH, and the pause after it
 */
struct plan {
	struct plan_config config;
	nk_time start[TACTICS];
	struct addr end;
	double relay_likely;
	nk_time hint_at;
	unsigned round;
	nk_time round_at;
	enum plan_part running;
	unsigned moved;
	nk_time fresh_at, fresh_pause;
	union {
		struct predict predict;
		struct birthday birthday;
	} run;
};

void plan_start(struct plan *p, const struct plan_config *config, nk_time now);

/* The next aim that is due; false if there is none now. Sockets are counted from the punch's
 * first: 0 is IPv4, those from 2 on are fresh ones, to be opened when they are first named. Those
 * of TACTIC_PLAIN go to a candidate of the peer's from PLAN_FRESH. */
bool plan_next(struct plan *p, struct aim *out, nk_time now);

/* When the next one is due; NK_NEVER: there will be none. */
nk_time plan_deadline(const struct plan *p);

#endif
