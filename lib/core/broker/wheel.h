/*
 * Due times of very many things, coarse and cheap: a ring of lists, one for each tick.
 *
 * A thing may come up before its time, when that is farther away than the ring is long; its
 * owner then sets it again.
 */
#ifndef CORE_BROKER_WHEEL_H
#define CORE_BROKER_WHEEL_H

#include <stdint.h>

#define WHEEL_SLOTS 16384 /* ticks */
#define WHEEL_NONE  UINT32_MAX
#define WHEEL_NEVER UINT64_MAX
#define WHEEL_MAX   (UINT32_MAX / 4) /* things */

/* A thing's place in its list; all zero: in none. */
struct wheel_link {
	uint32_t next, prev;
};

/**
 * struct wheel - Things by the tick that they are due at
 * @first:	Of each list the first thing, plus one; 0: it is empty
 * @links:	By thing
 * @count:	Things in lists
 * @at:		Of all lists this one is the earliest
 * @next:	No list before this tick has anything in it
 */
struct wheel {
	uint32_t first[WHEEL_SLOTS];
	struct wheel_link *links;
	uint32_t count;
	uint64_t at, next;
};

/* Takes memory for @n things. Return: 0 or NK_ERR_NO_MEMORY; wheel_free() takes what either left. */
int wheel_init(struct wheel *w, uint32_t n);
void wheel_free(struct wheel *w);

/* Sets, or changes, when a thing is due. */
void wheel_set(struct wheel *w, uint32_t thing, uint64_t tick, uint64_t now);
void wheel_clear(struct wheel *w, uint32_t thing);

/* Takes out a thing that is due at @now or before; WHEEL_NONE: there is none. */
uint32_t wheel_take(struct wheel *w, uint64_t now);

/* The first tick at which something may be due, or WHEEL_NEVER. */
uint64_t wheel_next(const struct wheel *w);

#endif
