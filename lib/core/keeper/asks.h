/* The last Binding requests on a flow, so that a late answer is still known as one. */
#ifndef CORE_KEEPER_ASKS_H
#define CORE_KEEPER_ASKS_H

#include "base/crypto.h"
#include "core/core.h"
#include "wire/stun.h"

#define ASKS_KEPT 4

/* @open: neither it nor a later one is answered. */
struct asks {
	struct {
		uint8_t tid[STUN_TID];
		bool open;
		nk_time sent;
	} kept[ASKS_KEPT];
	unsigned next;
};

/* A new request, as @action's data. */
void asks_write(struct asks *a, struct rng *rng, struct action *action, nk_time now);

/* Whether @m is a success answer to one of them; it and those before it are not open any more then.
 * @rtt: how long it took. */
bool asks_answered(struct asks *a, const struct stun_msg *m, nk_time *rtt, nk_time now);

/* What needs no answer: refreshes only (RFC 8445 section 11). */
void asks_write_indication(struct rng *rng, struct action *action);

#endif
