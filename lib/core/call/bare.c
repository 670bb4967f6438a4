#include "core/call/bare.h"

#include <string.h>

#include "base/err.h"
#include "wire/stun.h"

#define SILENCES 4 /* of @keep each, that make a path lost */

void bare_set_path(struct bare *b, uint32_t socket, const struct addr *peer, nk_time keep,
		   nk_time now)
{
	*b = (struct bare){
		.up = true,
		.socket = socket,
		.peer = *peer,
		.keep = keep,
		.keep_at = now + keep,
		.lost_at = now + SILENCES * keep,
	};
}

void bare_heard(struct bare *b, nk_time now)
{
	b->lost_at = now + SILENCES * b->keep;
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
	if (!b->up || b->out_len != 0 || len == 0 || len > sizeof(b->out))
		return NK_ERR_NO_ROOM;
	memcpy(b->out, bytes, len);
	b->out_len = len;
	return 0;
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
	if (!b->up || (b->out_len == 0 && now < b->keep_at))
		return false;
	action->kind = ACTION_SEND;
	action->id = b->socket;
	action->local = (struct addr){0};
	action->to = b->peer;
	action->ttl = 0;
	if (b->out_len > 0) {
		memcpy(action->data, b->out, b->out_len);
		action->len = b->out_len;
	} else {
		action->len = indication(action->data, sizeof(action->data), rng);
	}
	b->out_len = 0;
	b->keep_at = now + b->keep;
	return true;
}

nk_time bare_deadline(const struct bare *b)
{
	return b->up ? nk_min(b->keep_at, b->lost_at) : NK_NEVER;
}
