/*
 * Pairs of a socket of ours and an address of the peer: those that the candidates
 * make, and those learnt from checks that came. Each has its rounds of checks.
 */
#ifndef CORE_PUNCH_PAIRS_H
#define CORE_PUNCH_PAIRS_H

#include "core/punch/tactic.h"
#include "wire/stun.h"

#define PAIRS_MAX 32
#define PAIRS_HEARD_MAX \
	24 /* with those learnt from checks; the rest is for those that were answered */

/**
 * struct pair - One way that may work
 * @socket:	Counted from the punch's first
 * @due:	Next check of its rounds, NK_NEVER: no more; @pause: from that to the next
 * @opener:	A low-TTL check is to be sent
 * @trigger:	A check of the peer came: one of ours is to be sent at once
 * @begun:	A full-TTL check has left
 * @heard:	A check of the peer came, the last of which was @heard_tid
 * @acked:	A check of ours was answered; @by_first: it was the first
 * @nominating: (ICE) Checks say USE-CANDIDATE; @nominated: such a one was answered
 * @wanted:	(ICE) A check of the peer said USE-CANDIDATE
 */
struct pair {
	uint32_t socket;
	struct addr to;
	enum tactic tactic;
	nk_time due, pause;
	bool opener, trigger, begun;
	bool heard, acked, by_first;
	bool nominating, nominated, wanted;
	uint8_t heard_tid[STUN_TID];
};

struct pairs {
	struct pair list[PAIRS_MAX];
	unsigned count;
};

struct pair *pairs_find(struct pairs *p, uint32_t socket, const struct addr *to);

/* Whether a check has come to @socket from @from. */
bool pairs_heard(const struct pairs *p, uint32_t socket, const struct addr *from);

/* A new pair, without rounds. NULL if there is no room: none ever makes room for another, since the
 * peer may have settled for it. */
struct pair *pairs_add(struct pairs *p, uint32_t socket, const struct addr *to, enum tactic tactic);

/* The first pair with a check to be triggered, with an opener to be sent; that is due; or NULL. */
struct pair *pairs_triggered(struct pairs *p);
struct pair *pairs_opener(struct pairs *p);
struct pair *pairs_due(struct pairs *p, nk_time now);

/* When pairs_due() has one; NK_NEVER: no more. */
nk_time pairs_next(const struct pairs *p);

#endif
