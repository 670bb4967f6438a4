/* How long a NAT remembers one thing: its timer, by the traffic it has seen. */
#ifndef SIM_LIFE_H
#define SIM_LIFE_H

#include <stdbool.h>

#include "base/time.h"
#include "sim/world.h"

/**
 * struct life - A timer
 * @made:	When the first packet came
 * @restarted:	When a packet restarted it last
 * @ends:	It is over at this moment and was not the microsecond before
 * @out, @in:	Packets have gone that way
 * @stream:	It has become a stream, and remains one
 */
struct life {
	nk_time made, restarted, ends;
	bool out, in, stream;
};

/* The first packet, @outward or not, always starts the timer. */
struct life life_begin(const struct nat_spec *spec, bool outward, nk_time now);

/**
 * life_touch() - A packet passes
 * @l:		Not over at @now
 *
 * A packet that changes the state but does not restart the timer gives the time
 * since the last restart its new limit. Like conntrack (nf_conntrack_proto_udp.c),
 * the first answer never makes a stream, however late it comes; the packet after
 * it may.
 */
void life_touch(struct life *l, const struct nat_spec *spec, bool outward, nk_time now);

#endif
