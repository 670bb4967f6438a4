/*
 * What earlier calls between two networks say of the next one: the facts that it
 * rests on, and each tactic's chance. Plain data, to be kept in a file.
 *
 * A prior for what to try first, never a gate: the least likely tactic is tried too, later.
 */
#ifndef CORE_BELIEF_TACTICS_H
#define CORE_BELIEF_TACTICS_H

#include "core/belief/link.h"
#include "core/punch/tactic.h"

/**
 * struct tactics_belief - Of one pair of networks, ours and the peer's; all zero: nothing yet
 * @fact:	By enum link_fact
 * @tactic:	By enum tactic: where it was tried to the end, did it connect?
 */
struct tactics_belief {
	struct link_belief fact[LINK_FACTS];
	struct link_belief tactic[TACTICS];
};

void tactics_add_fact(struct tactics_belief *b, enum link_fact fact, bool yes, nk_time now);
void tactics_add(struct tactics_belief *b, enum tactic t, bool connected, nk_time now);

const struct link_prior *tactics_prior(enum tactic t);

/* P(it connects if it is tried). */
double tactics_p(const struct tactics_belief *b, enum tactic t, nk_time now);

/* All tactics by what a try costs over its chance, least first: tried in this order, the
 * expected cost until one connects is least. */
void tactics_order(enum tactic order[static TACTICS], const struct tactics_belief *b, nk_time now);

#endif
