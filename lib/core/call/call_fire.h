/* When both sides fire (natkit-protocol(7), TIMING). */
#ifndef CORE_CALL_CALL_FIRE_H
#define CORE_CALL_CALL_FIRE_H

#include "core/call/call.h"

/**
 * call_fire_wait() - From the answer until packets of both sides would reach the broker
 * @callee, @caller: Their round trips to the broker
 * @opener:	One of the two sends one, at least a round trip before it fires
 * @vain:	Attempts just before that found no path: one side may have been too slow
 */
nk_time call_fire_wait(nk_time callee, nk_time caller, bool opener, unsigned vain);

/* The first pause between checks: max(50 ms, both round trips), unless the user has chosen. */
nk_time call_first_pause(const struct call_options *options, nk_time ours, nk_time theirs);

#endif
