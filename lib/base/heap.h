/* The due times of a run: a binary heap of small integers, each with one time. */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/time.h"

/**
 * struct heap - Which of n things is due first
 * @at:		n times, by thing
 * @order:	n things, heap-ordered by time
 * @where:	n places, by thing: its index in @order, or HEAP_NONE
 * @count:	Things in the heap
 *
 * The three arrays belong to the caller, so that a heap needs no memory of its own.
 */
struct heap {
	nk_time *at;
	uint32_t *order;
	uint32_t *where;
	size_t count;
};

#define HEAP_NONE UINT32_MAX

/* Empties the heap over arrays of @n. */
void heap_init(struct heap *h, nk_time *at, uint32_t *order, uint32_t *where, size_t n);

/* Sets the time of @thing, adding it if need be; NK_NEVER removes it. O(log n). */
void heap_set(struct heap *h, uint32_t thing, nk_time at);

/* The earliest time, or NK_NEVER. */
nk_time heap_next(const struct heap *h);

/* The thing that is due first if its time is @now or before, else HEAP_NONE. It stays in the heap. */
uint32_t heap_due(const struct heap *h, nk_time now);

#endif
