/*
 * What a listener sends back to those who ring, through the broker, by the tickets of their rings:
 * answers, until the broker has acknowledged them, and relayed packets, once.
 */
#ifndef CORE_RENDEZVOUS_WAY_BACK_H
#define CORE_RENDEZVOUS_WAY_BACK_H

#include "core/rendezvous/asking.h"
#include "core/rendezvous/rung.h"

#define WAY_BACK_ANSWERS 32 /* under way to the broker */

/* An answer that the broker has not acknowledged; @to has it as its body. */
struct way_back_answer {
	struct asking asking;
	struct rung to;
	uint32_t flags;
};

/* @relays:	Not yet sent */
struct way_back {
	struct way_back_answer answers[WAY_BACK_ANSWERS];
	struct rungs relays;
};

void way_back_init(struct way_back *b);

/* Copied. Return: 0 or NK_ERR_NO_ROOM. */
int way_back_answer(struct way_back *b, const struct rung *to, const uint8_t *answer, size_t len,
		    bool allow_relay, nk_time now);
int way_back_relay(struct way_back *b, const struct rung *to, const uint8_t *packet, size_t len);

/* The broker's response to an answer. */
void way_back_input(struct way_back *b, struct broker_link *link, const struct stun_msg *msg,
		    const struct rendezvous_msg *m, nk_time now);

/* @token:	Of the registration. Return: true if @action is set. */
bool way_back_output(struct way_back *b, struct broker_link *link, uint64_t token,
		     struct action *action, nk_time now);
nk_time way_back_deadline(const struct way_back *b);

#endif
