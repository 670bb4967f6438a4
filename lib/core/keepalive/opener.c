/* Packets that end just past the own NAT: they refresh it, and cost the other side nothing. */
#include "core/keepalive/algorithm.h"

static nk_time base(const struct keepalive *k)
{
	return k->sent;
}

const struct keepalive_ops keepalive_opener = {
	.name = "opener",
	.need = KEEPALIVE_SEND_OPENER,
	.jitter = true,
	.base = base,
	.expected = keepalive_never,
};
