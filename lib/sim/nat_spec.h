/* A NAT as data: every property of the model, by RFC 4787, 5382, 5508 and what real ones add. */
#ifndef SIM_NAT_SPEC_H
#define SIM_NAT_SPEC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/time.h"

enum nat_behaviour {
	NAT_EI,
	NAT_AD,
	NAT_APD
}; /* endpoint-independent, address-, address-and-port-dependent */
enum nat_ports { NAT_PORTS_PRESERVE, NAT_PORTS_SEQUENTIAL, NAT_PORTS_RANDOM };
enum nat_hairpin {
	NAT_HAIRPIN_NONE,
	NAT_HAIRPIN_EXTERNAL, /* RFC 4787 REQ-9a: delivered from the sender's external address */
	NAT_HAIRPIN_INTERNAL, /* delivered, but from the sender's inside address */
};
enum nat_quota {
	NAT_QUOTA_REFUSE,
	NAT_QUOTA_EVICT_OLDEST, /* the one that has been silent longest goes */
	NAT_QUOTA_EVICT_FIRST,  /* the one that was made first goes */
};
enum nat_states {
	NAT_STATES_ANSWERED, /* replied from the first answer on, a stream by age */
	NAT_STATES_PF, /* pf: replied from the second packet on, a stream once both have answered */
};

/* What whoever sends something that the NAT does not let through is told. */
enum nat_answer {
	NAT_ANSWER_NONE,
	NAT_ANSWER_RST,        /* TCP only; others get none */
	NAT_ANSWER_NO_PORT,    /* ICMP port unreachable */
	NAT_ANSWER_PROHIBITED, /* ICMP communication administratively prohibited */
};

/* What the NAT's box offers hosts behind it at its inside addresses: PCP (RFC 6887), NAT-PMP (RFC
 * 6886). */
enum nat_port_mapping {
	NAT_PORT_MAPPING_NONE,
	NAT_PORT_MAPPING_PCP,
	NAT_PORT_MAPPING_NAT_PMP,
	NAT_PORT_MAPPING_BOTH,
	NAT_PORT_MAPPING_REFUSED, /* it speaks both, and opens nothing: not authorized */
};

/* States of a TCP connection as conntrack names them (nf_conntrack_proto_tcp.c). */
enum nat_tcp_state {
	NAT_TCP_SYN_SENT,
	NAT_TCP_SYN_RECV,
	NAT_TCP_ESTABLISHED,
	NAT_TCP_FIN_WAIT,   /* one side has closed */
	NAT_TCP_CLOSE_WAIT, /* and that was acknowledged */
	NAT_TCP_LAST_ACK,   /* the other side has closed too */
	NAT_TCP_TIME_WAIT,  /* and that was acknowledged */
	NAT_TCP_CLOSE,      /* reset */
	NAT_TCP_STATES
};

/* Fragments of a datagram, where ports are in the first alone. */
enum nat_fragments {
	NAT_FRAGMENTS_ANY,      /* put together in whatever order they come (RFC 4787 REQ-14) */
	NAT_FRAGMENTS_IN_ORDER, /* lost unless the first comes first */
	NAT_FRAGMENTS_DROP,
};

#define NAT_AT_ONCE        ((nk_time)-1)
#define NAT_PORT_TIMES_MAX 4
#define NAT_EXTERNALS_MAX  4

/* RFC 5382 REQ-5 and RFC 5508 REQ-2: where a timer is 0. */
#define NAT_TCP_ESTABLISHED_DEFAULT (7440 * NK_S)
#define NAT_TCP_TRANSITORY_DEFAULT  (240 * NK_S)
#define NAT_ICMP_DEFAULT            (60 * NK_S)
#define NAT_OTHER_DEFAULT           (600 * NK_S) /* nf_conntrack_generic_timeout */

/* UDP to a remote port has a timer of its own, whatever its traffic; such as DNS. */
struct nat_port_time {
	uint16_t port;
	nk_time t;
};

/**
 * struct nat_spec - A NAT
 * @translate:	False: a stateful firewall that rewrites nothing; @mapping and @ports mean nothing
 * @nat64:	With @translate: IPv6 inside, IPv4 outside (RFC 6146). What is sent to @prefix64 is
 *		translated, other IPv6 is only routed
 * @prefix64:	A /96; all zero is 64:ff9b::/96 (RFC 6052)
 * @mapping, @filtering: RFC 4787 sections 4.1 and 5; RFC 5382 REQ-1 and 3; RFC 5508 REQ-1
 * @ports:	Preserve: the external port is the inside port if that is free, else a random one;
 *		so the first of an endpoint's mappings keeps the port and the others do not.
 *		The identifiers of ICMP queries are chosen alike
 * @port_step:	For NAT_PORTS_SEQUENTIAL, also negative; 0 is 1
 * @port_lo, @port_hi: Ports are from this range; 0: from 1024 to 65535, and lower ones for who
 *		had the same inside
 * @port_parity: An even port for an even port, an odd for an odd (RFC 4787 section 4.2.2)
 * @port_overload: Linux: a port is taken only towards the remote endpoints that a flow uses it
 *		for (RFC 4787 section 4.2.1, REQ-3a; RFC 7857 section 3); implies @flow_timers
 * @port_block:	Each inside address has a block of so many ports of its own, drawn when it first
 *		sends (RFC 7422, RFC 6888 REQ-4); when they are used up it is refused. 0: none
 * @t_first, @t_replied, @t_stream: UDP timers: until the first answer, from it on, as a stream
 * @stream_after: Age that makes a stream of what has been answered: its next packet either way
 *		does (Linux: 2 s). NAT_AT_ONCE: the first answer does
 * @states:	What is meant by replied and stream
 * @port_times: UDP timers by remote port, that of the packet that made the state; unused ones
 *		have t 0
 * @t_tcp:	TCP timers by state; 0: NAT_TCP_ESTABLISHED_DEFAULT, for the other states
 *		@t_transitory
 * @t_transitory: 0: NAT_TCP_TRANSITORY_DEFAULT
 * @t_pickup:	Limit of the timer of a connection picked up until it is answered (Linux: 300 s);
 *		0: none
 * @rst_ends:	Linux: an RST before the first answer, or as it, ends a connection at once. Others
 *		leave it in NAT_TCP_CLOSE (RFC 7857 section 2.2)
 * @t_icmp:	Timer of ICMP queries; 0: NAT_ICMP_DEFAULT
 * @t_other:	Timer of PACKET_OTHER; 0: NAT_OTHER_DEFAULT
 * @sweep:	What is over goes at the next sweep only, and lives until then; 0: it goes at once
 * @sweep_phase: When the first sweep is
 * @full_from, @full_at: From @full_from mappings (with @flow_timers: flows) in the table on, its
 *		timers shrink in proportion, to nothing at @full_at; each by the load at the packet
 *		that restarts it. @full_at 0: never
 * @drift_step, @drift_after: So long after its first packet all its timers become @drift_step times
 *		as long, by new firmware say. 0: never
 * @drift_walk:	All its timers wander: each hour by chance a little up or down, by so much (as the
 *		standard deviation of their logarithm) in a day, but not beyond half and twice
 * @refresh_out, @refresh_in: Which packets of UDP restart the timer (RFC 4787 section 4.3); of
 *		others all do
 * @flow_timers: Linux: the timers belong to each flow (inside endpoint, remote endpoint), and a
 *		mapping lives as long as one of its flows. False: a mapping has one timer, and each
 *		remote address (or endpoint) that filtering lets in has its own, by the same rules.
 *		All but UDP has timers by flow in any case
 * @hairpin:	RFC 4787 section 6
 * @quota:	Most mappings (with @flow_timers: flows) of one inside address, 0 for none
 * @remote_quota: Most flows towards one remote endpoint, of all inside addresses; what would be
 *		more is refused. Implies @flow_timers. 0: none
 * @full_answer: What the inside is told of what finds no room (RFC 5508 REQ-8)
 * @cooldown:	A freed external port rests this long (RFC 6888 REQ-8)
 * @self_clash:	Linux with an open INPUT chain: UDP that is not let in is taken for the NAT's own
 *		traffic, and holds its port towards that remote; implies @port_overload
 * @ttl_first:	A packet whose TTL ends here is seen by nothing. False, as Linux: it restarts the
 *		timer of what there is, and makes nothing new
 * @syn_answer:	What the outside is told of a SYN that is not let in; other TCP without state is
 *		dropped in silence
 * @syn_hold:	That answer comes so much later, and not at all if the inside has sent a SYN there
 *		meanwhile (RFC 5382 REQ-4: at least 6 s)
 * @tcp_pickup:	TCP from the inside that is no SYN and has no state makes a connection anew
 *		(nf_conntrack_tcp_loose)
 * @tcp_lost:	Without @tcp_pickup: what the inside is told of such a packet
 * @drop_errors: ICMP errors are not passed on (against RFC 5508 REQ-4 and 5)
 * @fragments:	RFC 4787 section 11
 * @alg:	Rewrites what looks like the inside address in payloads, as bytes, and back
 * @port_mapping: What hosts may ask for ports that are open from outside; of a NAT64 nothing
 * @port_lease:	For how long it opens one at most, in whole seconds upwards; 0: a day (RFC 6887
 *		section 15)
 * @external:	@external_count addresses; those of a packet's family (NAT64: IPv4) are used for it.
 *		Without one of a family its packets are filtered only, as by a firewall: so do most
 *		routers at home with IPv6
 * @arbitrary_pooling: The external address is drawn anew for each mapping, not once for each
 *		inside address (RFC 4787 REQ-2)
 */
struct nat_spec {
	bool translate, nat64;
	struct addr prefix64;
	enum nat_behaviour mapping, filtering;
	enum nat_ports ports;
	int port_step;
	uint16_t port_lo, port_hi;
	bool port_parity, port_overload;
	uint16_t port_block;
	nk_time t_first, t_replied, t_stream, stream_after;
	enum nat_states states;
	struct nat_port_time port_times[NAT_PORT_TIMES_MAX];
	nk_time t_tcp[NAT_TCP_STATES], t_transitory;
	nk_time t_pickup;
	bool rst_ends;
	nk_time t_icmp, t_other;
	nk_time sweep, sweep_phase;
	unsigned full_from, full_at;
	double drift_step, drift_walk;
	nk_time drift_after;
	bool refresh_out, refresh_in;
	bool flow_timers;
	enum nat_hairpin hairpin;
	unsigned quota;
	enum nat_quota quota_policy;
	unsigned remote_quota;
	enum nat_answer full_answer;
	nk_time cooldown;
	bool self_clash, ttl_first;
	enum nat_answer syn_answer;
	nk_time syn_hold;
	bool tcp_pickup;
	enum nat_answer tcp_lost;
	bool drop_errors;
	enum nat_fragments fragments;
	bool alg;
	enum nat_port_mapping port_mapping;
	nk_time port_lease;
	struct addr external[NAT_EXTERNALS_MAX];
	unsigned external_count;
	bool arbitrary_pooling;
};

/* How long NAT timers were: the shortest and the longest time from the packet that restarted one
 * until what it was for would be over, of @count that were put to the test: they ran out, or more
 * than half of that time had passed before the next packet. */
struct nat_applied {
	nk_time lo, hi;
	unsigned count;
};

/* Kinds of struct nat_applied, by the UDP traffic there had been. */
enum nat_traffic { NAT_TRAFFIC_FIRST, NAT_TRAFFIC_REPLIED, NAT_TRAFFIC_STREAM, NAT_TRAFFICS };

#endif
