/*
 * What is believed of a yes-or-no fact of the network: "our packets reach the
 * cloud", "plain punch works from here to there".
 *
 * A mixture of "always", "never" and Beta(1,1): a few trials never make certain,
 * and one failure among many never makes impossible. Trials are discounted with
 * a half-life, so that belief falls back to its prior as time passes (Raj and Kalyani 2017).
 */
#ifndef CORE_BELIEF_LINK_H
#define CORE_BELIEF_LINK_H

#include <stdbool.h>

#include "base/time.h"

/**
 * struct link_prior - What is believed before any trial
 * @always, @never: Weights of the two, together below 1; the rest is Beta(@a, @b)
 * @noise:	Chance that one trial of "always" fails nevertheless (a lost packet)
 * @half_life:	After so long a trial counts half
 */
struct link_prior {
	double always, never;
	double a, b;
	double noise;
	nk_time half_life;
};

/* Discounted counts of trials, as of @at. All zero: none yet. */
struct link_belief {
	double yes, no;
	nk_time at;
};

/* The four facts that a call rests on. */
enum link_fact {
	LINK_WE_REACH_CLOUD,     /* our packets reach the broker */
	LINK_CLOUD_REACHES_PEER, /* what the broker passes on reaches the peer */
	LINK_PEER_IS_OPEN,       /* the peer's firewall has a hole for us now */
	LINK_PEER_CAN_OPEN,      /* the peer can make one */
	LINK_FACTS,
};

/* "we_reach_cloud" ...: as reports and files call it. NULL beyond the last. */
const char *link_fact_name(enum link_fact fact);
const struct link_prior *link_fact_prior(enum link_fact fact);

void link_belief_add(struct link_belief *b, const struct link_prior *prior, bool yes, nk_time now);

/* P(the next trial succeeds), and how sure: the standard deviation of the rate. */
double link_belief_p(const struct link_belief *b, const struct link_prior *prior, nk_time now);
double link_belief_sd(const struct link_belief *b, const struct link_prior *prior, nk_time now);

#endif
