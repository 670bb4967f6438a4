/* What is to happen when: a binary heap by time, first in first out within one microsecond. */
#ifndef SIM_AGENDA_H
#define SIM_AGENDA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"

struct agenda_item {
	nk_time at;
	uint64_t seq;
	void *what;
};

/* All zero is an empty queue. */
struct agenda {
	struct agenda_item *items;
	size_t count, room;
	uint64_t seq;
};

/* @what is borrowed until it is popped. Return: false without memory. */
bool agenda_push(struct agenda *q, nk_time at, void *what);

/* The earliest time, or NK_NEVER. */
nk_time agenda_next(const struct agenda *q);

/* Takes what is due first; the queue must not be empty. */
void *agenda_pop(struct agenda *q);

void agenda_free(struct agenda *q); /* not what is in it */

#endif
