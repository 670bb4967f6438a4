#include "sim/agenda.h"

#include <stdlib.h>

#define FIRST_ROOM 64

static bool before(const struct agenda_item *a, const struct agenda_item *b)
{
	return a->at < b->at || (a->at == b->at && a->seq < b->seq);
}

bool agenda_push(struct agenda *q, nk_time at, void *what)
{
	const struct agenda_item item = {at, q->seq, what};

	if (q->count == q->room) {
		const size_t room = q->room == 0 ? FIRST_ROOM : 2 * q->room;
		struct agenda_item *items = realloc(q->items, room * sizeof(*items));

		if (items == NULL)
			return false;
		q->items = items;
		q->room = room;
	}

	size_t place = q->count++;

	while (place > 0 && before(&item, &q->items[(place - 1) / 2])) {
		q->items[place] = q->items[(place - 1) / 2];
		place = (place - 1) / 2;
	}
	q->items[place] = item;
	q->seq++;
	return true;
}

nk_time agenda_next(const struct agenda *q)
{
	return q->count == 0 ? NK_NEVER : q->items[0].at;
}

void *agenda_pop(struct agenda *q)
{
	void *what = q->items[0].what;
	const struct agenda_item last = q->items[--q->count];
	size_t place = 0;

	for (;;) {
		size_t child = 2 * place + 1;

		if (child >= q->count)
			break;
		if (child + 1 < q->count && before(&q->items[child + 1], &q->items[child]))
			child++;
		if (!before(&q->items[child], &last))
			break;
		q->items[place] = q->items[child];
		place = child;
	}
	q->items[place] = last;
	return what;
}

void agenda_free(struct agenda *q)
{
	free(q->items);
	*q = (struct agenda){.items = NULL};
}
