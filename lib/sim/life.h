/* How long a NAT remembers one thing: its timer, by the traffic it has seen. */
#ifndef SIM_LIFE_H
#define SIM_LIFE_H

#include <stdbool.h>

#include "base/time.h"
#include "sim/nat_spec.h"

/**
 * struct life - A timer
 * @made:	When the first packet came
 * @restarted:	When a packet restarted it last
 * @ends:	It is over at this moment and was not the microsecond before
 * @own:	Its limit, whatever UDP's states say; 0: by them
 * @seen:	By direction, outward [1]: 0 nothing, 1 a packet, 2 one that has been answered
 * @any:	Every packet restarts it, not only those of UDP's refresh direction
 * @first:	It is in its first state
 * @stream:	It has become a stream, and remains one
 */
struct life {
	nk_time made, restarted, ends, own;
	uint8_t seen[2];
	bool any, first, stream;
};

/* The first packet, @outward or not, always starts the timer. @stretch: nat_stretch() */
struct life life_begin(const struct nat_spec *spec, nk_time own, double stretch, bool outward,
		       nk_time now);

/**
 * life_touch() - A packet passes
 * @l:		Not over at @now
 *
 * A packet that changes the state but does not restart the timer gives the time
 * since the last restart its new limit. Like conntrack (nf_conntrack_proto_udp.c),
 * the first answer makes no stream, however late it comes, unless the spec says
 * so; the packet after it may. With NAT_STATES_PF as pf_test_state_udp() does.
 */
void life_touch(struct life *l, const struct nat_spec *spec, double stretch, bool outward,
		nk_time now);

#endif
