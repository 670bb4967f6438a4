#include "io/outbox.h"

void outbox_init(struct outbox *box)
{
	box->free = NULL;
	box->next = &box->slots[0];
	for (size_t i = 1; i < OUTBOX_SLOTS; i++) {
		box->slots[i].next = box->free;
		box->free = &box->slots[i];
	}
}

bool outbox_has_room(const struct outbox *box, const struct outbox_queue *q)
{
	return box->free != NULL && q->count < OUTBOX_PER_SOCKET;
}

struct action *outbox_next(struct outbox *box)
{
	return &box->next->send;
}

bool outbox_add(struct outbox *box, struct outbox_queue *q)
{
	struct datagram_out *d = box->next;

	if (!outbox_has_room(box, q))
		return false;
	box->next = box->free;
	box->free = box->free->next;

	d->next = NULL;
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
