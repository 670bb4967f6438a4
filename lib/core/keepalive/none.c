/* Nothing is sent: most mappings live long, and those that did not are punched again when needed. */
#include "core/keepalive/algorithm.h"

const struct keepalive_ops keepalive_none = {
	.name = "none",
	.need = KEEPALIVE_REST,
	.base = keepalive_never,
	.expected = keepalive_never,
};
