/* The first side asks at an interval, the other answers; "learned" moves the interval. */
#include "core/keepalive/algorithm.h"

#define PATIENCE 2 /* times the wait for an answer: what was lost is repeated meanwhile */

/* Where only outbound packets refresh, each NAT needs those of its own side: both ways count. And the
 * second side knows from what it heard last by when it will be asked. */
static nk_time base(const struct keepalive *k)
{
	return k->first ? nk_min(k->sent, k->heard) : NK_NEVER;
}

static nk_time expected(const struct keepalive *k)
{
	return k->first ? NK_NEVER
			: k->heard + keepalive_interval(k) + PATIENCE * keepalive_wait(k);
}

const struct keepalive_ops keepalive_fixed = {
	.name = "fixed",
	.need = KEEPALIVE_SEND_ASK,
	.jitter = true,
	.base = base,
	.expected = expected,
};

const struct keepalive_ops keepalive_learned = {
	.name = "learned",
	.need = KEEPALIVE_SEND_ASK,
	.jitter = true,
	.base = base,
	.expected = expected,
};
