#include "base/heap.h"

void heap_init(struct heap *h, nk_time *at, uint32_t *order, uint32_t *where, size_t n)
{
	*h = (struct heap){.at = at, .order = order, .where = where};
	for (size_t i = 0; i < n; i++)
		where[i] = HEAP_NONE;
}

static void put(struct heap *h, size_t place, uint32_t thing)
{
	h->order[place] = thing;
	h->where[thing] = (uint32_t)place;
}

static void sift_up(struct heap *h, size_t place)
{
	const uint32_t thing = h->order[place];

	while (place > 0) {
		const size_t parent = (place - 1) / 2;

		if (h->at[h->order[parent]] <= h->at[thing])
			break;
		put(h, place, h->order[parent]);
		place = parent;
	}
	put(h, place, thing);
}

static void sift_down(struct heap *h, size_t place)
{
	const uint32_t thing = h->order[place];

	for (;;) {
		size_t child = 2 * place + 1;

		if (child >= h->count)
			break;
		if (child + 1 < h->count && h->at[h->order[child + 1]] < h->at[h->order[child]])
			child++;
		if (h->at[h->order[child]] >= h->at[thing])
			break;
		put(h, place, h->order[child]);
		place = child;
	}
	put(h, place, thing);
}

static void take_out(struct heap *h, uint32_t thing)
{
	const size_t place = h->where[thing];
	const uint32_t last = h->order[--h->count];

	h->where[thing] = HEAP_NONE;
	if (last == thing)
		return;
	put(h, place, last);
	sift_up(h, place);
	sift_down(h, h->where[last]);
}

void heap_set(struct heap *h, uint32_t thing, nk_time at)
{
	if (at == NK_NEVER) {
		if (h->where[thing] != HEAP_NONE)
			take_out(h, thing);
		return;
	}
	h->at[thing] = at;
	if (h->where[thing] == HEAP_NONE)
		put(h, h->count++, thing);
	sift_up(h, h->where[thing]);
	sift_down(h, h->where[thing]);
}

nk_time heap_next(const struct heap *h)
{
	return h->count > 0 ? h->at[h->order[0]] : NK_NEVER;
}

uint32_t heap_due(const struct heap *h, nk_time now)
{
	return heap_next(h) <= now && h->count > 0 ? h->order[0] : HEAP_NONE;
}
