/*
 * Which tactics a punch uses, when each begins, and the aims of the hard ones.
 *
 * What costs a packet or two runs at once, from fire on. Predict and birthday cost hundreds:
 * they begin when the first answers should have come, one at a time, in the
 * order of what the NATs' classes and earlier calls make likely, and only as
 * both sides allow. Each further round swaps their roles. Classes are hints: what is
 * unknown may be anything, and plain is always tried.
 *
 * Both sides see the same two hints and the same fire, so both come to the same
 * order; beliefs are one side's own, and choose only what one side can do alone.
 */
#ifndef CORE_PUNCH_PLAN_H
#define CORE_PUNCH_PLAN_H

#include "base/crypto.h"
#include "core/punch/birthday.h"
#include "core/punch/candidate.h"
#include "core/punch/predict.h"
#include "core/punch/tactic.h"

#define PLAN_ROUNDS 4

/**
 * struct plan_config - What a plan is made from
 * @ours, @theirs: Hints on both NATs
 * @remote:	The peer's candidates
 * @controlling: The caller
 * @one_ip:	Both were seen at the same public IP
 * @tactics:	Bits that both sides want
 * @hard:	Both allow predict and birthday; towards @hard_ip alone (all zero: nowhere)
 * @fire, @first_pause, @give_up: As of the punch
 * @rng:	Borrowed for the plan's life
 */
struct plan_config {
	struct nat_hint ours, theirs;
	struct candidates remote;
	bool controlling;
	bool one_ip;
	uint32_t tactics;
	bool hard;
	struct addr hard_ip;
	nk_time fire, first_pause, give_up;
	struct rng *rng;
};

/* One run of a hard tactic; @role of predict, @opens of birthday. */
struct plan_round {
	enum tactic tactic;
	nk_time start;
	enum predict_role role;
	bool opens;
};

/**
 * struct plan - A plan under way; plain data, no end needed
 * @start:	When each tactic begins, NK_NEVER: not at all
 * @rounds:	@round_count of the hard ones, @round the current
 * @relay_likely: P(no direct path), if both NATs seem to give random ports; else 0
 */
struct plan {
	struct plan_config config;
	nk_time start[TACTICS];
	struct plan_round rounds[PLAN_ROUNDS];
	unsigned round_count, round;
	bool running;
	double relay_likely;
	nk_time hints_at;
	union {
		struct predict predict;
		struct birthday birthday;
	} run;
};

void plan_start(struct plan *p, const struct plan_config *config, nk_time now);

/* The next aim of predict or birthday that is due; false if there is none now. Sockets are
 * counted from the punch's first: 0 is IPv4, those from 2 on are fresh ones, to be opened when they
 * are first named. */
bool plan_next(struct plan *p, struct aim *out, nk_time now);

/* When the next one is due; NK_NEVER: there will be none. */
nk_time plan_deadline(const struct plan *p);

#endif
