#include "core/punch/birthday.h"

void birthday_start(struct birthday *b, bool opens, const struct addr *to, uint32_t socket,
		    struct rng *rng, nk_time now)
{
	*b = (struct birthday){
		.opens = opens,
		.to = *to,
		.socket = socket,
		.due = now,
		.rng = rng,
	};
}

/* Any port that was not probed yet. Few ever are, so that a second draw is rare. */
static uint16_t new_port(struct birthday *b)
{
	uint32_t i;

	do
		i = rng_below(b->rng, BIRTHDAY_PORTS);
	while ((b->probed[i / 64] >> i % 64 & 1) != 0);
	b->probed[i / 64] |= UINT64_C(1) << i % 64;
	return (uint16_t)(BIRTHDAY_LOWEST + i);
}

static unsigned packets(const struct birthday *b)
{
	return b->opens ? 2 * BIRTHDAY_SOCKETS : BIRTHDAY_PROBES;
}

bool birthday_next(struct birthday *b, struct aim *out, nk_time now)
{
	if (birthday_deadline(b) > now)
		return false;
	*out = (struct aim){.socket = b->socket, .to = b->to, .tactic = TACTIC_BIRTHDAY};
	if (b->opens)
		out->socket += b->sent % BIRTHDAY_SOCKETS;
	else
		out->to.port = new_port(b);
	b->sent++;
	b->due = now + BIRTHDAY_GAP;
	if (b->opens && b->sent == BIRTHDAY_SOCKETS)
		b->due += (BIRTHDAY_PROBES - BIRTHDAY_SOCKETS) * BIRTHDAY_GAP;
	return true;
}

nk_time birthday_deadline(const struct birthday *b)
{
	return b->sent < packets(b) ? b->due : NK_NEVER;
}
