#include "core/belief/tactics.h"

#define HALF_LIFE (24 * 3600 * NK_S) /* routers seldom change, people move about */
#define NOISE     0.02               /* P(what always works is lost once, or the peer goes away) */

/* What is believed before any call, and packets of a try that fails. */
struct tactic_fact {
	double cost;
	struct link_prior prior;
};

/* Weights by how often the like has been seen to work: 82 % of NATs can be punched (Ford 2005),
 * 24 % hairpin. */
static const struct tactic_fact facts[TACTICS] = {
	[TACTIC_HOST] = {4, {0.1, 0.5, 1, 1, NOISE, HALF_LIFE}},
	[TACTIC_IPV6] = {4, {0.3, 0.4, 1, 1, NOISE, HALF_LIFE}},
	[TACTIC_MAPPED] = {4, {0.7, 0.1, 1, 1, NOISE, HALF_LIFE}},
	[TACTIC_PLAIN] = {8, {0.6, 0.1, 1, 1, NOISE, HALF_LIFE}},
	[TACTIC_LEARN] = {8, {0.2, 0.4, 1, 1, NOISE, HALF_LIFE}},
	[TACTIC_PREDICT] = {200, {0.2, 0.4, 1, 1, NOISE, HALF_LIFE}},
	[TACTIC_HAIRPIN] = {8, {0.15, 0.65, 1, 1, NOISE, HALF_LIFE}},
	[TACTIC_BIRTHDAY] = {1280, {0.3, 0.4, 1, 1, NOISE, HALF_LIFE}},
	[TACTIC_RELAY] = {10000, {0.2, 0.6, 1, 1, NOISE, HALF_LIFE}},
};

void tactics_add_fact(struct tactics_belief *b, enum link_fact fact, bool yes, nk_time now)
{
	link_belief_add(&b->fact[fact], link_fact_prior(fact), yes, now);
}

void tactics_add(struct tactics_belief *b, enum tactic t, bool connected, nk_time now)
{
	link_belief_add(&b->tactic[t], tactics_prior(t), connected, now);
}

const struct link_prior *tactics_prior(enum tactic t)
{
	return &facts[t].prior;
}

double tactics_p(const struct tactics_belief *b, enum tactic t, nk_time now)
{
	return link_belief_p(&b->tactic[t], tactics_prior(t), now);
}

void tactics_order(enum tactic order[static TACTICS], const struct tactics_belief *b, nk_time now)
{
	double price[TACTICS];

	for (unsigned i = 0; i < TACTICS; i++) {
		const enum tactic t = (enum tactic)i;
		unsigned at = i;

		price[t] = facts[t].cost / tactics_p(b, t, now);
		for (; at > 0 && price[order[at - 1]] > price[t]; at--)
			order[at] = order[at - 1];
		order[at] = t;
	}
}
