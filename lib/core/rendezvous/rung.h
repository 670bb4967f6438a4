/* What a broker passed on, and what is to be passed on by it: bodies that wait their turn. */
#ifndef CORE_RENDEZVOUS_RUNG_H
#define CORE_RENDEZVOUS_RUNG_H

#include "base/addr.h"
#include "wire/rendezvous_msg.h"

#define RUNGS_MAX 16

/**
 * struct rung - What the broker passed on: an offer, an answer, or a relayed packet
 * @from:	Where the broker says that its sender is
 * @ticket:	Lets answers go back there, for a minute or two
 */
struct rung {
	struct addr from;
	uint8_t ticket[RENDEZVOUS_TICKET];
	uint8_t offer[RENDEZVOUS_BODY_MAX];
	size_t len;
};

/* Those that wait, oldest first. */
struct rungs {
	struct rung at[RUNGS_MAX];
	unsigned first, count;
};

/* Copies it to the end. Return: 0, or NK_ERR_NO_ROOM if it is too long or too many wait. */
int rungs_put(struct rungs *r, const struct addr *from, const uint8_t *ticket, const void *body,
	      size_t len);

/* Takes the oldest; false if there is none. */
bool rungs_take(struct rungs *r, struct rung *out);

#endif
