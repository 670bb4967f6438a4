/*
 * The NAT mappings that a run holds, counted as conntrack does: by flow.
 *
 * A NAT's table is a shared and sometimes small thing. Nothing is opened beyond
 * the limit or faster than the pace, and a flow counts as held until it is known
 * to be gone: found dead, or silent for longer than any timer of this NAT.
 */
#ifndef CORE_PROBE_BUDGET_H
#define CORE_PROBE_BUDGET_H

#include <stdbool.h>

#include "base/time.h"

#define BUDGET_FLOWS_MAX 8192
#define BUDGET_NO_FLOW   (-1)

/**
 * struct budget - Flows and when they last carried a packet
 * @limit:	Most flows held at once
 * @pace:	Least time between two new flows of the fan
 * @next:	When the next one may be opened
 * @life:	An upper bound of every timer of the NAT; NK_NEVER while not known
 * @peak:	Most ever held
 * @seen:	Flows held of which it is known that the NAT let them through
 */
struct budget {
	unsigned limit, held, peak, seen, count;
	nk_time pace, next, life;
	struct {
		nk_time made, used, last;
		bool held, seen;
	} flow[BUDGET_FLOWS_MAX];
};

/* What a NAT that evicts the oldest may mean by that: longest unused, or made first. */
enum age { AGE_BY_USE, AGE_BY_MAKING, AGES };

/**
 * struct rank - How many flows are younger than one, by each idea of age
 */
struct rank {
	unsigned younger[AGES];
};

void budget_init(struct budget *b, unsigned limit, nk_time pace);

/* A new flow, or BUDGET_NO_FLOW if the run has had too many. Does not look at the limit. */
int budget_take(struct budget *b, nk_time now);

/* Whether a new flow may be opened now. */
bool budget_ready(const struct budget *b, nk_time now);

/* A packet of the flow's own set-up; or one that tests it, which may restart its timer. */
void budget_touch(struct budget *b, int flow, nk_time now);
void budget_tested(struct budget *b, int flow, nk_time now);
void budget_seen(struct budget *b, int flow);
void budget_gone(struct budget *b, int flow);

/* Drops flows that have been silent for longer than @life. */
void budget_sweep(struct budget *b, nk_time now);

/* When the next flow will have been silent for @life, or NK_NEVER. */
nk_time budget_next_expiry(const struct budget *b);

/**
 * budget_rank_at_most() - How many of the flows held may be younger than one
 * @made, @used: Of that one; a flow is younger that was made or used later
 * @until:	Flows made later than this do not count
 * @remade:	Each of its packets may have made a flow anew
 */
struct rank budget_rank_at_most(const struct budget *b, nk_time made, nk_time used, nk_time until,
				bool remade);

/* Those that surely are: the NAT is known to have let them through, and they were used by @until. */
struct rank budget_rank_at_least(const struct budget *b, nk_time made, nk_time used, nk_time until);

/* How many of the flows held were made after @made. */
unsigned budget_made_after(const struct budget *b, nk_time made);

#endif
