#include "core/session/incoming.h"

#include <string.h>

void incoming_put(struct incoming *in, const struct frame *f)
{
	const uint16_t ahead = (uint16_t)(f->seq - in->next);
	struct incoming_message *m = &in->held[f->seq % INCOMING_HELD];

	in->ack_due = true; /* even if it was had before: the peer does not know that */
	if (ahead >= INCOMING_HELD || m->held)
		return;
	m->held = true;
	m->is_close = f->kind == FRAME_CLOSE;
	m->len = f->len;
	if (f->len > 0)
		memcpy(m->bytes, f->data, f->len);
}

const struct incoming_message *incoming_first(const struct incoming *in)
{
	const struct incoming_message *m = &in->held[in->next % INCOMING_HELD];

	return m->held ? m : NULL;
}

void incoming_take(struct incoming *in)
{
	in->held[in->next++ % INCOMING_HELD].held = false;
	in->ack_due = true;
}

struct frame incoming_ack(const struct incoming *in)
{
	struct frame f = {.kind = FRAME_ACK, .seq = in->next};

	for (unsigned i = 0; i < INCOMING_HELD; i++)
		if (in->held[(uint16_t)(in->next + i) % INCOMING_HELD].held)
			f.bits |= (uint64_t)1 << i;
	return f;
}
