/* A TCP connection as a NAT follows it, by the flags of its packets alone. */
#ifndef SIM_TCP_TRACK_H
#define SIM_TCP_TRACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "sim/nat_spec.h"

/**
 * struct tcp_track - A connection
 * @state:	Of enum nat_tcp_state, or NAT_TCP_STATES: both sides have sent a SYN and no answer
 * @outward:	Who sent first is inside
 * @answered:	The other side has sent something
 * @simultaneous: Both sides have sent a SYN
 * @closing:	One side has sent a FIN
 * @last, @last_outward: The packet before: its kind, and where it went
 */
struct tcp_track {
	uint8_t state;
	bool outward, answered, simultaneous, closing;
	uint8_t last;
	bool last_outward;
};

enum tcp_step {
	TCP_STEP_PASS,
	TCP_STEP_IGNORE, /* passes, and restarts no timer: perhaps both sides know better */
	TCP_STEP_LOSE,   /* does not belong there */
};

/* Whether a connection can begin with a packet with these @flags: a SYN; or, with @pickup, one
 * from the middle. */
bool tcp_track_may_begin(uint8_t flags, bool pickup);
struct tcp_track tcp_track_begin(uint8_t flags, bool outward);

/**
 * tcp_track_next() - Another packet of a connection
 * @flags:	PACKET_SYN and so on
 *
 * The transitions are those of conntrack in Linux 6 (nf_conntrack_proto_tcp.c),
 * which believes every number in the packets here.
 */
enum tcp_step tcp_track_next(struct tcp_track *t, uint8_t flags, bool outward);

/* Whether what there was is over, and this the first packet of a new connection. */
bool tcp_track_is_reopened(const struct tcp_track *t, uint8_t flags, bool outward);

/* A connection that was refused: reset before there was an answer, or as the answer. */
bool tcp_track_is_refused(const struct tcp_track *t);

/* How long it may be silent. */
nk_time tcp_track_limit(const struct tcp_track *t, const struct nat_spec *spec);

/* Name of its state, as in conntrack: "SYN_SENT". */
const char *tcp_track_name(const struct tcp_track *t);

#endif
