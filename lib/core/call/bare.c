#include "core/call/bare.h"

#include <string.h>

#include "base/err.h"
#include "wire/stun.h"

#define KEEP     (15 * NK_S) /* RFC 8445 section 11 */
#define SILENCES 4           /* of that length make a path lost */

void bare_set_path(struct bare *b, uint32_t socket, const struct addr *peer, nk_time now)
{
	*b = (struct bare){
		.up = true,
		.socket = socket,
		.peer = *peer,
		.keep_at = now + KEEP,
		.lost_at = now + SILENCES * KEEP,
	};
}

void bare_heard(struct bare *b, nk_time now)
{
	b->lost_at = now + SILENCES * KEEP;
}

bool bare_is_lost(const struct bare *b, nk_time now)
{
	return b->up && now >= b->lost_at;
}

void bare_input(struct bare *b, const struct event *ev)
{
	if (!b->up || ev->len == 0 || ev->len > sizeof(b->in))
		return;
	memcpy(b->in, ev->data, ev->len);
	b->in_len = ev->len;
}

bool bare_next(struct bare *b, const uint8_t **bytes, size_t *len)
{
	if (b->in_len == 0)
		return false;
	*bytes = b->in;
	*len = b->in_len;
	b->in_len = 0;
	return true;
}

int bare_send(struct bare *b, const void *bytes, size_t len)
{
	struct bare_datagram *d;

	if (!b->up || b->out_count == BARE_QUEUE || len == 0 || len > sizeof(d->bytes))
		return NK_ERR_NO_ROOM;
	d = &b->out[(b->out_first + b->out_count++) % BARE_QUEUE];
	d->len = len;
	memcpy(d->bytes, bytes, len);
	return 0;
}

static size_t take_out(struct bare *b, uint8_t *out)
{
	const struct bare_datagram *d = &b->out[b->out_first];

	b->out_first = (b->out_first + 1) % BARE_QUEUE;
	b->out_count--;
	memcpy(out, d->bytes, d->len);
	return d->len;
}

static size_t indication(uint8_t *out, size_t room, struct rng *rng)
{
	struct wr w = wr_make(out, room);
	uint8_t tid[STUN_TID];

	rng_bytes(rng, tid, sizeof(tid));
	stun_begin(&w, STUN_BINDING, STUN_INDICATION, tid);
	stun_put_fingerprint(&w);
	return stun_end(&w);
}

bool bare_output(struct bare *b, struct action *action, struct rng *rng, nk_time now)
{
	if (!b->up || (b->out_count == 0 && now < b->keep_at))
		return false;
	action->kind = ACTION_SEND;
	action->id = b->socket;
	action->local = (struct addr){0};
	action->to = b->peer;
	action->ttl = 0;
	action->len = b->out_count > 0 ? take_out(b, action->data)
				       : indication(action->data, sizeof(action->data), rng);
	b->keep_at = now + KEEP;
	return true;
}

nk_time bare_deadline(const struct bare *b)
{
	return b->up ? nk_min(b->keep_at, b->lost_at) : NK_NEVER;
}
