/*
 * Each side sends an interval after the other's last packet, so that one packet per interval tells
 * both sides that the other is alive, and acknowledges.
 */
#include "core/keepalive/algorithm.h"

static nk_time base(const struct keepalive *k)
{
	return k->ours ? k->since : NK_NEVER;
}

static nk_time expected(const struct keepalive *k)
{
	return k->ours ? NK_NEVER : k->since + keepalive_interval(k) + keepalive_wait(k);
}

const struct keepalive_ops keepalive_turns = {
	.name = "turns",
	.need = KEEPALIVE_SEND_TURN,
	.base = base,
	.expected = expected,
};
