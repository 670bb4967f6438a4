/*
 * What a NAT remembers: inside hosts, mappings and flows, each with its timer.
 *
 * Everything is found by hash. What has a timer waits in an agenda under a time
 * at which it may be over: a packet that restarts a timer does not touch the
 * agenda, and who is taken out of it too early is put back. Each packet begins
 * by nat_state_sweep(), so the rest of the code never meets what is over.
 *
 * UDP mappings have a timer each, unless the spec says flow_timers; all other
 * mappings live as long as one of their flows.
 */
#ifndef SIM_NAT_STATE_H
#define SIM_NAT_STATE_H

#include <stdbool.h>

#include "base/addr.h"
#include "sim/agenda.h"
#include "sim/dict.h"
#include "sim/life.h"
#include "sim/nat.h"
#include "sim/nat_forward.h"
#include "sim/nat_late.h"
#include "sim/nat_stretch.h"
#include "sim/ports.h"
#include "sim/slab.h"
#include "sim/tcp_track.h"

/**
 * struct talk - Who talks with whom, as a packet at this NAT says
 * @proto:	Its kind, for PACKET_OTHER with its number: each has mappings and ports of its own
 * @flags:	Of TCP
 * @here:	Outward: the inside endpoint. Inward: its external endpoint
 * @remote:	The other side; of ICMP queries the address alone. With NAT64 it is IPv4
 * @mapped:	What @here becomes on the other side of the NAT, once that is known
 */
struct talk {
	uint16_t proto;
	bool outward;
	uint8_t flags;
	struct addr here, remote, mapped;
};

/**
 * struct inside - A host on the inside, never forgotten
 * @external:	Paired pooling: index of its external address by family, v4 and v6
 * @blocks:	Its ports of each external address; @count is 0 until it has some
 * @held:	What counts towards its quota
 * @first, @last: The same as a list, the next to be evicted first
 */
struct inside {
	struct dict_node by_ip;
	struct addr ip;
	int external[2];
	struct port_range blocks[NAT_EXTERNALS_MAX];
	unsigned held;
	struct state *first, *last;
};

/* A remote endpoint that has a quota, as long as it has flows. */
struct crowd {
	struct dict_node by_remote;
	uint16_t proto;
	struct addr remote;
	unsigned held;
};

/**
 * struct state - What a mapping and a flow have in common
 * @mapping:	Itself or, of a flow, what it belongs to
 * @queued:	Places in the queue that point here; memory is kept until there are none
 * @queued_for:	The earliest of them
 * @owner:	Whose quota it counts towards, or NULL
 */
struct state {
	struct life life;
	bool is_flow, timed, gone;
	unsigned queued;
	nk_time queued_for;
	struct mapping *mapping;
	struct inside *owner;
	struct state *prev, *next;
};

/**
 * struct mapping - An inside endpoint and its external endpoint
 * @remote:	What of the remote endpoint matters
 * @own:	There is no inside: the NAT itself has that traffic
 * @ports:	Where the external port goes back to, or NULL
 */
struct mapping {
	struct state state; /* first */
	uint16_t proto;
	bool own;
	struct dict_node by_inside, by_external;
	struct addr inside, remote, external;
	struct ports *ports;
	struct flow *flows;
};

struct flow {
	struct state state; /* first */
	struct dict_node by_remote;
	struct addr remote;
	struct tcp_track tcp;
	struct crowd *crowd;
	struct flow *sibling, **link;
};

struct nat {
	struct nat_spec spec;
	bool translates_v4, translates_v6;
	struct rng *rng;
	struct dict hosts, inward, outward, flows, crowds;
	struct slab host_slab, mapping_slab, flow_slab, crowd_slab;
	struct agenda timers;
	struct nat_drift drift;
	struct ports *ports[NAT_EXTERNALS_MAX];
	unsigned held, peak;
	struct nat_applied applied[NAT_TRAFFICS];
	struct nat_late late;
	struct nat_forward forwards[NAT_FORWARDS_MAX];
	unsigned forward_count;
	struct nat_alias aliases[NAT_ALIASES_MAX];
	unsigned alias_count, alias_next;
};

enum packet_kind proto_kind(uint16_t proto);

/* What of a remote endpoint matters to a behaviour. */
struct addr nat_masked(const struct addr *remote, enum nat_behaviour behaviour);

/* New ones have no timer yet; NULL if there is no port or no memory. @t is outward. */
struct mapping *mapping_make(struct nat *n, const struct talk *t, struct inside *h, nk_time now);

/* The NAT itself talks from @t's external endpoint; who has a port open talks from there. */
struct mapping *mapping_make_own(struct nat *n, const struct talk *t);
struct mapping *mapping_make_open(struct nat *n, const struct talk *t, const struct nat_forward *f);

/* The mapping that a packet from the inside uses, or that one from the outside comes to. Where
 * ports are shared, or open, there may be several; one that has a flow with that remote goes
 * first. */
struct mapping *mapping_find(const struct nat *n, const struct talk *t);
struct mapping *mapping_at(const struct nat *n, const struct talk *t);

/* Whether @m, which a packet came to, is still there: room may have been made at its cost. */
bool mapping_lives(const struct nat *n, const struct mapping *m, const struct talk *t);
void mapping_end(struct nat *n, struct mapping *m, nk_time now);

struct flow *flow_make(struct nat *n, struct mapping *m, const struct addr *remote);
/* That with @remote; or, of a mapping with a timer, what lets @remote in. */
struct flow *flow_find(const struct nat *n, const struct mapping *m, const struct addr *remote);
/* That of any mapping. */
struct flow *flow_at(const struct nat *n, uint16_t proto, const struct addr *external,
		     const struct addr *remote);

/* The first packet, of @t, and each packet after it. @own is as in struct life. */
void state_begin(struct nat *n, struct state *s, const struct talk *t, nk_time own, nk_time now);
void state_touch(struct nat *n, struct state *s, bool outward, nk_time now);

/* Ends a mapping or a flow, and the mapping too that lived by its flows alone. */
void state_end(struct nat *n, struct state *s, nk_time now);

void nat_state_sweep(struct nat *n, nk_time now);

#endif
