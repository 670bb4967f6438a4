/* The round trip to the peer, and how long to wait for an answer (RFC 6298). */
#ifndef CORE_SESSION_RTT_H
#define CORE_SESSION_RTT_H

#include "base/time.h"

#define RTT_UNKNOWN_TIMEOUT NK_S         /* section 2.1 */
#define RTT_TIMEOUT_MIN     (50 * NK_MS) /* acknowledgements leave at once: no need for a second */
#define RTT_TIMEOUT_MAX     (8 * NK_S)

/**
 * struct rtt - What was measured
 * @smooth:	Smoothed round trip, 0 before the first sample; @var: its mean deviation
 */
struct rtt {
	nk_time smooth, var;
};

void rtt_sample(struct rtt *r, nk_time took);

/* How long to wait for an answer after @repeats sends in vain. */
nk_time rtt_timeout(const struct rtt *r, unsigned repeats);

#endif
