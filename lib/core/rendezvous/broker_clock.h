/*
 * What a client knows of a broker's clock and of the way to it, from every exchange
 * that tells TIME. The exchange with the shortest round trip says most about the
 * clock's offset (RFC 5905 section 10, the clock filter); old ones count less.
 */
#ifndef CORE_RENDEZVOUS_BROKER_CLOCK_H
#define CORE_RENDEZVOUS_BROKER_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

#define BROKER_CLOCK_SAMPLES 8

/**
 * struct broker_clock - The last exchanges
 * @rtt:	Round trip of each; @offset: broker's clock less ours at its middle; @at: when
 */
struct broker_clock {
	struct {
		nk_time rtt, offset, at;
	} sample[BROKER_CLOCK_SAMPLES];
	unsigned count, next;
};

/* An exchange: sent and heard by our clock, @broker_us by the broker's. */
void broker_clock_add(struct broker_clock *c, nk_time sent, nk_time heard, uint64_t broker_us);
bool broker_clock_known(const struct broker_clock *c);
nk_time broker_clock_rtt(const struct broker_clock *c);

/* Our time for a broker's, and the other way. */
nk_time broker_clock_ours(const struct broker_clock *c, uint64_t broker_us);
uint64_t broker_clock_theirs(const struct broker_clock *c, nk_time ours);

#endif
