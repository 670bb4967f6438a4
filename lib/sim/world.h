/*
 * The virtual world: cores joined by links and modelled NATs, in virtual time.
 *
 * A run is a pure function of its seed. This is the small beginning: UDP,
 * mapping and filtering by RFC 4787, timers by traffic state, quotas, links
 * with delay, jitter and loss. Hosts are joined by one router, the internet;
 * each NAT and the internet take one off a packet's TTL.
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "core/core.h"

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

#define NAT_AT_ONCE        ((nk_time)-1)
#define NAT_PORT_TIMES_MAX 4

/* UDP to a remote port has a timer of its own, whatever its traffic; such as DNS. */
struct nat_port_time {
	uint16_t port;
	nk_time t;
};

/**
 * struct nat_spec - A NAT, as data
 * @translate:	False: a stateful firewall that rewrites nothing; @mapping and @ports mean nothing
 * @mapping, @filtering: RFC 4787 sections 4.1 and 5
 * @ports:	Preserve: the external port is the inside port if that is free, else a random one;
 *		so the first of an endpoint's mappings keeps the port and the others do not
 * @port_step:	For NAT_PORTS_SEQUENTIAL, also negative; 0 is 1
 * @port_lo, @port_hi: Ports are from this range; 0: from 1024 to 65535, and lower ones for who
 *		had the same inside
 * @port_parity: An even port for an even port, an odd for an odd (RFC 4787 section 4.2.2)
 * @port_overload: Linux: a port is taken only towards the remote endpoints that a flow uses it
 *		for (RFC 4787 section 4.2.1, REQ-3a); implies @flow_timers
 * @t_first, @t_replied, @t_stream: Timers: until the first answer, from it on, as a stream
 * @stream_after: Age that makes a stream of what has been answered: its next packet either way
 *		does (Linux: 2 s). NAT_AT_ONCE: the first answer does
 * @states:	What is meant by replied and stream
 * @port_times: Timers by remote port, that of the packet that made the state; unused ones have t 0
 * @sweep:	What is over goes at the next sweep only, and lives until then; 0: it goes at once
 * @sweep_phase: When the first sweep is
 * @full_from, @full_at: From @full_from mappings (with @flow_timers: flows) in the table on, its
 *		timers shrink in proportion, to nothing at @full_at; each by the load at the packet
 *		that restarts it. @full_at 0: never
 * @refresh_out, @refresh_in: Which packets restart the timer
 * @flow_timers: Linux: the timers belong to each flow (inside endpoint, remote endpoint), and a
 *		mapping lives as long as one of its flows. False: a mapping has one timer, and each
 *		remote address (or endpoint) that filtering lets in has its own, by the same rules
 * @quota:	Most mappings (with @flow_timers: flows) of one inside address, 0 for none
 * @cooldown:	A freed external port rests this long
 * @self_clash:	Linux with an open INPUT chain: what is not let in is taken for the NAT's own
 *		traffic, and holds its port towards that remote; implies @port_overload
 * @ttl_first:	A packet whose TTL ends here is seen by nothing. False, as Linux: it restarts the
 *		timer of what there is, and makes nothing new
 * @external:	@external_count addresses; those of a packet's family are used for it
 * @arbitrary_pooling: The external address is drawn anew for each mapping, not once for each
 *		inside address
 */
struct nat_spec {
	bool translate;
	enum nat_behaviour mapping, filtering;
	enum nat_ports ports;
	int port_step;
	uint16_t port_lo, port_hi;
	bool port_parity, port_overload;
	nk_time t_first, t_replied, t_stream, stream_after;
	enum nat_states states;
	struct nat_port_time port_times[NAT_PORT_TIMES_MAX];
	nk_time sweep, sweep_phase;
	unsigned full_from, full_at;
	bool refresh_out, refresh_in;
	bool flow_timers;
	enum nat_hairpin hairpin;
	unsigned quota;
	enum nat_quota quota_policy;
	nk_time cooldown;
	bool self_clash, ttl_first;
	struct addr external[4];
	unsigned external_count;
	bool arbitrary_pooling;
};

/* What NAT timers were set to: the shortest and the longest time from the packet that started one
 * last until what it was for would be over, of @count packets. */
struct nat_applied {
	nk_time lo, hi;
	unsigned count;
};

/* Kinds of struct nat_applied, by the traffic there had been. */
enum nat_traffic { NAT_TRAFFIC_FIRST, NAT_TRAFFIC_REPLIED, NAT_TRAFFIC_STREAM, NAT_TRAFFICS };

/**
 * struct link_spec - What happens to packets on one direction of a link
 * @delay, @jitter: Each packet takes @delay and up to @jitter more, so that jitter reorders
 * @loss:	Independent loss, 0 to 1
 * @burst_enter, @burst_mean: Gilbert-Elliott: chance per packet-free millisecond to enter the
 *		bad state, which loses all and lasts @burst_mean on average; 0 for none
 * @duplicate:	Share of packets that come twice
 */
struct link_spec {
	nk_time delay, jitter;
	double loss;
	double burst_enter;
	nk_time burst_mean;
	double duplicate;
};

/**
 * struct world_stats - What has happened so far
 * @sent:	Datagrams that cores sent
 * @delivered:	Datagrams that cores were given
 * @lost:	Lost by links
 * @refused:	Not let through by a NAT
 * @stray:	No route, no socket, or TTL used up
 * @late:	Times that a core, with nothing more to do, had a deadline that was not in the
 *		future: a fault of the core, which is then called again 1 ms later
 * @trace:	Hash over all datagrams sent and delivered, with their times: equal seeds give
 *		equal traces
 */
struct world_stats {
	uint64_t sent, delivered, lost, refused, stray, late;
	uint64_t trace;
};

#define WORLD_HOSTS_MAX      256
#define WORLD_NATS_MAX       64
#define WORLD_HOST_ADDRS_MAX 8

struct world;

/* Return: an empty world at time 0, or NULL if there is no memory. world_free() takes NULL. */
struct world *world_new(uint64_t seed);
void world_free(struct world *w);
nk_time world_now(const struct world *w);
const struct world_stats *world_stats(const struct world *w);

/**
 * world_add_host() - A host with addresses that are routed to it
 * @addrs:	@count addresses, ports ignored; the first of a family is the one it sends from
 * @behind:	Number of the NAT that it is behind, or -1: the internet
 *
 * Return: the host's number, or -1 if the world is full.
 */
int world_add_host(struct world *w, const struct addr *addrs, unsigned count, int behind);

/* A NAT between its inside hosts and @behind (-1: the internet). Return: its number, or -1. */
int world_add_nat(struct world *w, const struct nat_spec *spec, int behind);

/* The two directions of the link from a host (a NAT) towards the internet; both are perfect
 * and take no time until they are set. NULL leaves one as it is. */
void world_set_link(struct world *w, int host, const struct link_spec *up,
		    const struct link_spec *down);
void world_set_nat_link(struct world *w, int nat, const struct link_spec *up,
			const struct link_spec *down);

/* Runs @core on a host; it must have been started at world_now(). What ran there before is
 * forgotten and its sockets are closed. NULL @ops: nothing runs there. */
void world_attach(struct world *w, int host, const struct core_ops *ops, void *core);

/* Turns the world until @core's status is no longer busy, or until @until. NULL @core: until
 * then in any case. Return: its status. */
int world_run(struct world *w, const void *core, nk_time until);

/* Mappings that a NAT holds now, and the most it ever held. */
unsigned nat_mappings(const struct world *w, int nat);
unsigned nat_mappings_peak(const struct world *w, int nat);

/* What the timers of a NAT were set to so far, by traffic of that kind. */
struct nat_applied nat_applied(const struct world *w, int nat, enum nat_traffic traffic);

/* Tells a host's core of an event, such as EVENT_STOP or EVENT_LINK_LOST. */
void world_tell(struct world *w, int host, const struct event *ev);

#endif
