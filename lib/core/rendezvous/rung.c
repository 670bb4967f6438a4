#include "core/rendezvous/rung.h"

#include <string.h>

#include "base/err.h"

int rungs_put(struct rungs *r, const struct addr *from, const uint8_t *ticket, const void *body,
	      size_t len)
{
	struct rung *x = &r->at[(r->first + r->count) % RUNGS_MAX];

	if (len == 0 || len > sizeof(x->offer) || r->count == RUNGS_MAX)
		return NK_ERR_NO_ROOM;
	r->count++;
	x->from = *from;
	memcpy(x->ticket, ticket, sizeof(x->ticket));
	memcpy(x->offer, body, len);
	x->len = len;
	return 0;
}

bool rungs_take(struct rungs *r, struct rung *out)
{
	if (r->count == 0)
		return false;
	*out = r->at[r->first];
	r->first = (r->first + 1) % RUNGS_MAX;
	r->count--;
	return true;
}
