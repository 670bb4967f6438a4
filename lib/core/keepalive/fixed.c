/* The first side asks at an interval, the other answers; "learned" moves the interval. */
#include "core/keepalive/algorithm.h"

#define PATIENCE (3 * NK_S) /* of the side that is asked, while the first repeats what was lost */

/* Where only outbound packets refresh, each NAT needs those of its own side; and a flow that only the
 * other side uses does not tell whether ours arrive. */
static nk_time base(const struct keepalive *k)
{
	return k->first ? nk_min(k->sent, k->answered) : NK_NEVER;
}

static nk_time expected(const struct keepalive *k)
{
	return k->first ? NK_NEVER : k->heard + keepalive_interval(k) + PATIENCE;
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
