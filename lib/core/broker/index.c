#include "core/broker/index.h"

#include <stdlib.h>

#include "base/err.h"

int index_init(struct index *x, uint32_t n, uint64_t (*hash_of)(const void *owner, uint32_t number),
	       const void *owner)
{
	*x = (struct index){.places = n + n / 3 + 2, .hash_of = hash_of, .owner = owner};
	while (x->number_mask < n)
		x->number_mask = 2 * x->number_mask + 1;
	x->slots = calloc(x->places, sizeof(*x->slots));
	return x->slots != NULL ? 0 : NK_ERR_NO_MEMORY;
}

void index_free(struct index *x)
{
	free(x->slots);
	*x = (struct index){0};
}

/* The upper half of the hash chooses the place, the lower one marks it. */
static uint32_t home(const struct index *x, uint64_t hash)
{
	return (uint32_t)((hash >> 32) * x->places >> 32);
}

static uint32_t after(const struct index *x, uint32_t at)
{
	return at + 1 < x->places ? at + 1 : 0;
}

struct index_walk index_walk(const struct index *x, uint64_t hash)
{
	return (struct index_walk){home(x, hash), (uint32_t)hash & ~x->number_mask};
}

uint32_t index_next(const struct index *x, struct index_walk *w)
{
	uint32_t slot;

	while ((slot = x->slots[w->at]) != 0) {
		w->at = after(x, w->at);
		if ((slot & ~x->number_mask) == w->mark)
			return (slot & x->number_mask) - 1;
	}
	return INDEX_NONE;
}

void index_add(struct index *x, uint32_t number)
{
	struct index_walk w = index_walk(x, x->hash_of(x->owner, number));

	while (x->slots[w.at] != 0)
		w.at = after(x, w.at);
	x->slots[w.at] = w.mark | (number + 1);
}

static uint32_t distance(const struct index *x, uint32_t from, uint32_t to)
{
	return to >= from ? to - from : to + x->places - from;
}

/* Later slots of the run move up into the gap, so that no tombstones are needed. */
static void close_gap(struct index *x, uint32_t gap)
{
	uint32_t i;

	for (i = after(x, gap); x->slots[i] != 0; i = after(x, i)) {
		const uint32_t number = (x->slots[i] & x->number_mask) - 1;

		if (distance(x, home(x, x->hash_of(x->owner, number)), i) < distance(x, gap, i))
			continue;
		x->slots[gap] = x->slots[i];
		gap = i;
	}
	x->slots[gap] = 0;
}

void index_remove(struct index *x, uint32_t number)
{
	struct index_walk w = index_walk(x, x->hash_of(x->owner, number));

	while (x->slots[w.at] != (w.mark | (number + 1))) {
		if (x->slots[w.at] == 0)
			return;
		w.at = after(x, w.at);
	}
	close_gap(x, w.at);
}
