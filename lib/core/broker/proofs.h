/*
 * Proofs of key that wait for their verification, which costs as much as fifty keepalives: it is
 * done when nothing else waits to be read. Who comes when the queue is full is told when to come
 * again, one after the other at the rate that was measured.
 */
#ifndef CORE_BROKER_PROOFS_H
#define CORE_BROKER_PROOFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/core.h"

#define PROOFS_BYTES 384 /* of one request: more than any that makes sense */

/* A REGISTER that is whole, but for its signature, which nobody has looked at. */
struct proof {
	struct event ev;
	uint8_t data[PROOFS_BYTES];
};

/**
 * struct proofs - A ring of them
 * @ring:	@size places
 * @busy_since:	When it was last found empty, or the count was last halved
 * @done:	Taken since then
 * @slot:	The time that whoever is put off next is told
 */
struct proofs {
	struct proof *ring;
	unsigned size, head, count;
	nk_time busy_since;
	double done;
	nk_time slot;
};

/* Return: 0 or NK_ERR_NO_MEMORY; proofs_free() takes what it left. */
int proofs_init(struct proofs *p, unsigned size);
void proofs_free(struct proofs *p);

/* Queues a copy of a datagram; false if there is no room. */
bool proofs_put(struct proofs *p, const struct event *ev, nk_time now);

/* Takes the one that has waited longest; borrowed until the next proofs_put(). NULL: there is none. */
const struct proof *proofs_take(struct proofs *p, nk_time now);

/* For how long to put off one who found no room. Each call is a place in the line. */
nk_time proofs_put_off(struct proofs *p, nk_time now);

#endif
