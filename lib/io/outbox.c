#include "io/outbox.h"

#include <string.h>

void outbox_init(struct outbox *box)
{
	box->free = NULL;
	for (size_t i = 0; i < OUTBOX_SLOTS; i++) {
		box->slots[i].next = box->free;
		box->free = &box->slots[i];
	}
}

bool outbox_has_room(const struct outbox *box, const struct outbox_queue *q)
{
	return box->free != NULL && q->count < OUTBOX_PER_SOCKET;
}

bool outbox_add(struct outbox *box, struct outbox_queue *q, const struct action *action)
{
	struct datagram_out *d = box->free;

	if (!outbox_has_room(box, q))
		return false;
	box->free = d->next;

	d->next = NULL;
	d->to = action->to;
	d->from = action->local;
	d->ttl = action->ttl;
	d->len = (uint16_t)action->len;
	memcpy(d->data, action->data, action->len);

	if (q->first == NULL)
		q->first = d;
	else
		q->last->next = d;
	q->last = d;
	q->count++;
	return true;
}

void outbox_drop_first(struct outbox *box, struct outbox_queue *q)
{
	struct datagram_out *d = q->first;

	q->first = d->next;
	q->count--;
	d->next = box->free;
	box->free = d;
}
