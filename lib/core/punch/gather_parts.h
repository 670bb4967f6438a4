/* What the parts of a gatherer share: gather.c asks, and gather_found.c says what came of it. */
#ifndef CORE_PUNCH_GATHER_PARTS_H
#define CORE_PUNCH_GATHER_PARTS_H

#include "core/probe/exchange.h"
#include "core/punch/gather.h"
#include "core/punch/gather_judge.h"

#define GATHER_STEPS  5  /* fresh sockets whose first mappings show how ports go */
#define GATHER_BROKER 12 /* requests to a broker, until one is answered: nothing matters more */

/* Its own sockets, counted from the first. */
enum {
	GATHER_STEP,
	GATHER_LAST = GATHER_STEP + GATHER_STEPS,
	GATHER_TTL, /* [0]: without a packet of low TTL */
	GATHER_OWN = GATHER_TTL + GATHER_TTLS + 1,
};
static_assert(GATHER_OWN <= GATHER_SOCKETS, "its ids are given by the owner");

/* The server's other addresses (RFC 5780 section 4.3). */
enum { DEST_PORT, DEST_IP, DEST_BOTH, GATHER_DESTS };

enum socket_state { UNOPENED, OPENING, OPEN, CLOSED };

struct own_socket {
	enum socket_state state;
	uint32_t id;
	uint16_t port;
};

/**
 * struct gather - One run
 * @own:	GATHER_OWN, and the fresh one at the end
 * @broker:	The exchanges of the candidates, by family; NULL: no such one
 * @asker:	The step's socket that asked the other addresses, -1: none yet
 * @step, @dest, @last, @change: The other exchanges; NULL: not asked
 * @steps:	Of @step, asked so far; the next at @step_at
 * @other:	The server's other address, once it has named it
 * @hops:	To the broker
 * @try_at:	Next try of the calibration, NK_NEVER: none; @tries: done, the last at @tried_at
 * @low_next:	TTL of the next low packet of this try; above GATHER_TTLS: all sent
 */
struct gather {
	struct gather_config config;
	struct exchanges exchanges;
	struct own_socket own[GATHER_OWN + 1];
	struct exchange *broker[2][GATHER_BROKER], *step[GATHER_STEPS], *dest[GATHER_DESTS], *last;
	struct exchange *change[GATHER_TTLS + 1][GATHER_TRIES];
	struct addr other;
	uint8_t hops;
	nk_time give_up, try_at, tried_at;
	nk_time step_at;
	unsigned steps, tries, low_next;
	int asker;
	bool asked_last, calibrated, over;
	struct gather_result result;
};

bool gather_answered(const struct exchange *e);

/* The port is kept for a socket's first mapping, and each destination has another. */
bool gather_needs_fresh(const struct nat_hint *h);

/* The one of @broker that was answered, or NULL. */
const struct exchange *gather_heard(const struct gather *g, unsigned family);

/* What is known so far. @step: set for HINT_PORTS_SEQUENTIAL. */
enum hint_ports gather_ports(const struct gather *g, int *step);
enum hint_mapping gather_mapping(const struct gather *g);

/* The newest of the step's mappings; NULL if none was seen. */
const struct exchange *gather_newest_step(const struct gather *g);

/* Fills in the result from all that was answered. */
void gather_conclude(struct gather *g);

#endif
