/* What the files of a punch share: its state; punch_pairs.c begins, punch.c sends, punch_hear.c is
 * told. */
#ifndef CORE_PUNCH_PUNCH_PARTS_H
#define CORE_PUNCH_PUNCH_PARTS_H

#include "core/punch/pairs.h"
#include "core/punch/plan.h"
#include "core/punch/punch.h"
#include "core/punch/spares.h"

#define PUNCH_ANSWERS_MAX 32          /* to be sent; more are dropped, and asked for again */
#define PUNCH_KEEPALIVE   (15 * NK_S) /* RFC 8445 section 11 */

struct punch_answer {
	uint32_t socket;
	struct addr to;
	uint8_t tid[STUN_TID];
	uint16_t error;
};

/**
 * struct punch - A punch under way
 * @heard_on:	By socket: a valid check came on it
 * @answers:	@answer_count to be sent
 * @end:	When it is over without a connection
 * @over:	It is
 * @keepalive:	(ICE) When the next one is due
 */
struct punch {
	struct punch_config config;
	struct rng *rng;
	struct checks checks;
	struct caps caps;
	struct plan plan;
	struct pairs pairs;
	struct spares spares;
	bool heard_on[PUNCH_SOCKETS_MAX];
	struct punch_answer answers[PUNCH_ANSWERS_MAX];
	unsigned answer_count;
	nk_time end;
	bool over;
	nk_time keepalive;
	struct punch_result result;
};

/* The pairs that the candidates make, in the order in which they are tried. */
void punch_make_pairs(struct punch *p, nk_time now);

#endif
