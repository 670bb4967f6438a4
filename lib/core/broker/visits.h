/*
 * Ports that clients want to be visited at, one of each session, and afterwards what came of it.
 *
 * There is room for few: each takes seconds, and what many want at once is a scan.
 */
#ifndef CORE_BROKER_VISITS_H
#define CORE_BROKER_VISITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/heap.h"
#include "core/broker/store.h"

#define VISIT_PLACES 256

/**
 * struct visit - A visit under way, or what came of it
 * @tid:	Of the request that began it; VISITs carry it
 * @told:	Of the request that was told the end first, if @is_told
 * @to, @from:	The port, and where we come from
 * @knocking:	TCP: a socket of ours is open
 * @sent:	UDP: how many
 */
struct visit {
	uint8_t tid[STUN_TID], told[STUN_TID];
	bool is_told, knocking;
	uint8_t protocol;
	enum probe_reach reach;
	struct addr to;
	struct endpoint from;
	unsigned sent;
};

/* The places, by the tokens of their sessions; 0: free. */
struct visits {
	uint64_t tokens[VISIT_PLACES];
	struct visit places[VISIT_PLACES];
	struct heap due;
	nk_time due_at[VISIT_PLACES];
	uint32_t due_order[VISIT_PLACES], due_where[VISIT_PLACES];
};

void visits_init(struct visits *v);

/* The visit of a session, or NULL. */
struct visit *visits_of(struct visits *v, uint64_t token);

/* An empty place, or NULL. It is @token's until visits_end(). */
struct visit *visits_add(struct visits *v, uint64_t token);
void visits_end(struct visits *v, const struct visit *x);

void visits_set_due(struct visits *v, const struct visit *x, nk_time at);
struct visit *visits_due(struct visits *v, nk_time now); /* or NULL */
nk_time visits_deadline(const struct visits *v);

#endif
