/* A NAT that lets everybody in, with the timers of Linux, and how to write addresses as constants. */
#ifndef TESTS_SIM_OPEN_NAT_H
#define TESTS_SIM_OPEN_NAT_H

#include "sim/nat_spec.h"

/* clang-format off */
#define V4(a, b, c, d, p) {.ip = {[10] = 0xff, [11] = 0xff, a, b, c, d}, .port = p}
/* clang-format on */

/* Members of a struct nat_spec; more may follow. */
#define OPEN_NAT                                                                                 \
	.translate = true, .t_first = 30 * NK_S, .t_replied = 30 * NK_S, .t_stream = 120 * NK_S, \
	.stream_after = 2 * NK_S, .refresh_out = true, .refresh_in = true,                       \
	.external = {V4(203, 0, 113, 1, 0)}, .external_count = 1

#endif
