#include "core/broker/wheel.h"

#include <stdlib.h>

#include "base/err.h"

#define IS_FIRST 0x80000000u /* in prev: there is no thing before, but the number of the list */

int wheel_init(struct wheel *w, uint32_t n)
{
	*w = (struct wheel){.next = WHEEL_NEVER};
	w->links = calloc(n, sizeof(*w->links));
	return w->links != NULL ? 0 : NK_ERR_NO_MEMORY;
}

void wheel_free(struct wheel *w)
{
	free(w->links);
	*w = (struct wheel){.next = WHEEL_NEVER};
}

static uint32_t *list_at(struct wheel *w, uint64_t tick)
{
	return &w->first[tick % WHEEL_SLOTS];
}

void wheel_clear(struct wheel *w, uint32_t thing)
{
	struct wheel_link *l = &w->links[thing];

	if (l->prev == 0)
		return;
	if ((l->prev & IS_FIRST) != 0)
		w->first[l->prev & ~IS_FIRST] = l->next;
	else
		w->links[l->prev - 1].next = l->next;
	if (l->next != 0)
		w->links[l->next - 1].prev = l->prev;
	*l = (struct wheel_link){0};
	w->count--;
}

void wheel_set(struct wheel *w, uint32_t thing, uint64_t tick, uint64_t now)
{
	struct wheel_link *l = &w->links[thing];
	uint32_t *first;

	wheel_clear(w, thing);
	if (w->count == 0) {
		w->at = now;
		w->next = WHEEL_NEVER;
	}
	if (tick < w->at)
		tick = w->at;
	if (tick - w->at >= WHEEL_SLOTS)
		tick = w->at + WHEEL_SLOTS - 1;

	first = list_at(w, tick);
	*l = (struct wheel_link){*first, IS_FIRST | (uint32_t)(tick % WHEEL_SLOTS)};
	if (*first != 0)
		w->links[*first - 1].prev = thing + 1;
	*first = thing + 1;
	w->count++;
	if (tick < w->next)
		w->next = tick;
}

/* The first list after @tick with something in it. */
static uint64_t list_after(struct wheel *w, uint64_t tick)
{
	if (w->count == 0)
		return WHEEL_NEVER;
	do
		tick++;
	while (*list_at(w, tick) == 0);
	return tick;
}

uint32_t wheel_take(struct wheel *w, uint64_t now)
{
	while (w->next <= now) {
		const uint32_t first = *list_at(w, w->next);

		w->at = w->next;
		if (first != 0) {
			wheel_clear(w, first - 1);
			return first - 1;
		}
		w->next = list_after(w, w->next);
	}
	w->at = now;
	return WHEEL_NONE;
}

uint64_t wheel_next(const struct wheel *w)
{
	return w->next;
}
