/*
 * A request to a broker that is asked again until it is answered.
 *
 * Each time it goes under a new transaction id, so that the answer tells how long
 * this very exchange took, and an answer to an earlier one is still known as such.
 */
#ifndef CORE_RENDEZVOUS_ASKING_H
#define CORE_RENDEZVOUS_ASKING_H

#include "core/rendezvous/broker_link.h"

#define ASKING_IDS 4

/**
 * struct asking - When to ask, and what was asked
 * @ids:	The last ones; @open: not answered, nor is a later one. @next is where the next one goes
 * @tries:	Sends that were not answered; @at_once: answers since asking_wait() that asked for more
 * @due:	Next send, NK_NEVER: none is wanted
 */
struct asking {
	struct {
		uint8_t tid[STUN_TID];
		bool open;
		nk_time sent;
	} ids[ASKING_IDS];
	unsigned next, tries, at_once;
	nk_time due;
};

/* Nothing more is unanswered; the next send is at @due. */
void asking_wait(struct asking *a, nk_time due);

/* An answer wants something else at once. A few times in a row it gets it; then the next send is
 * when it was due without that: no broker can make us flood it. */
void asking_again(struct asking *a, nk_time now);

/* The id to send under now. Unless it is answered, the next send follows after one round trip and a
 * half, then ever more slowly: once a second, and at last once in 16. */
const uint8_t *asking_send(struct asking *a, const struct broker_link *link, nk_time now);

/* Whether @m is a response to one of the last sends, the first one, and none to a later one has
 * come. If so and if it told TIME, the clock learns. */
bool asking_is_answered(struct asking *a, struct broker_link *link, uint16_t method,
			const struct stun_msg *msg, const struct rendezvous_msg *m, nk_time now);

#endif
