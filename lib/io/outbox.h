/*
 * Datagrams that wait to be written: one pool for all sockets, a queue for each.
 *
 * Sends are collected during a turn and written by the batch. A socket that
 * cannot take more keeps what is left in its queue until it is writable; no
 * socket may hold more than a part of the pool, so that one cannot starve the
 * others. The core writes where the datagram will be sent from: nothing is copied.
 */
#ifndef IO_OUTBOX_H
#define IO_OUTBOX_H

#include "io/datagrams.h"

#define OUTBOX_SLOTS      512
#define OUTBOX_PER_SOCKET 256

/* @next: where the core's next action goes; in no list. */
struct outbox {
	struct datagram_out slots[OUTBOX_SLOTS];
	struct datagram_out *free, *next;
};

struct outbox_queue {
	struct datagram_out *first;
	struct datagram_out *last;
	unsigned count;
};

void outbox_init(struct outbox *box);

bool outbox_has_room(const struct outbox *box, const struct outbox_queue *q);

/* Where the core is to write its next action. */
struct action *outbox_next(struct outbox *box);

/* Queues what stands in outbox_next(), an ACTION_SEND; false if there is no room. */
bool outbox_add(struct outbox *box, struct outbox_queue *q);

/* Takes the first datagram out of the queue, which is not empty, and frees its slot. */
void outbox_drop_first(struct outbox *box, struct outbox_queue *q);

#endif
