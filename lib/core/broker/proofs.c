#include "core/broker/proofs.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/err.h"

#define MEMORY     (10 * NK_S) /* of the rate */
#define RATE_LEAST 10          /* a second, where nothing was measured yet */
#define SOONEST    NK_S
#define LATEST     (60 * NK_S) /* clients wait no longer */

int proofs_init(struct proofs *p, unsigned size)
{
	*p = (struct proofs){.size = size};
	p->ring = calloc(size, sizeof(*p->ring));
	return p->ring != NULL ? 0 : NK_ERR_NO_MEMORY;
}

void proofs_free(struct proofs *p)
{
	free(p->ring);
	*p = (struct proofs){0};
}

bool proofs_put(struct proofs *p, const struct event *ev, nk_time now)
{
	struct proof *room = &p->ring[(p->head + p->count) % p->size];

	if (p->count == p->size || ev->len > sizeof(room->data))
		return false;
	if (p->count == 0) {
		p->busy_since = now;
		p->done = 0;
	}
	room->ev = *ev;
	room->ev.data = room->data;
	memcpy(room->data, ev->data, ev->len);
	p->count++;
	return true;
}

const struct proof *proofs_take(struct proofs *p, nk_time now)
{
	const struct proof *first = &p->ring[p->head];

	if (p->count == 0)
		return NULL;
	if (now - p->busy_since > MEMORY) { /* what was long ago counts for less */
		p->busy_since += (now - p->busy_since) / 2;
		p->done /= 2;
	}
	p->head = (p->head + 1) % p->size;
	p->count--;
	p->done++;
	return first;
}

static double rate(const struct proofs *p, nk_time now)
{
	const double busy = nk_seconds(now - p->busy_since);
	const double measured = busy > 0 ? p->done / busy : 0;

	return measured > RATE_LEAST ? measured : RATE_LEAST;
}

nk_time proofs_put_off(struct proofs *p, nk_time now)
{
	if (p->slot < now + SOONEST)
		p->slot = now + SOONEST;
	p->slot += nk_from_seconds(1 / rate(p, now));
	if (p->slot > now + LATEST)
		p->slot = now + LATEST / 2;
	return p->slot - now;
}
