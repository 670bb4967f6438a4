/*
 * What a NAT remembers: inside hosts, mappings and flows, each with its timer.
 *
 * Everything is found by hash. What has a timer waits in an agenda under a time
 * at which it may be over: a packet that restarts a timer does not touch the
 * agenda, and who is taken out of it too early is put back. Each packet begins
 * by nat_state_sweep(), so the rest of the code never meets what is over.
 */
#ifndef SIM_NAT_STATE_H
#define SIM_NAT_STATE_H

#include <stdbool.h>

#include "base/addr.h"
#include "sim/agenda.h"
#include "sim/dict.h"
#include "sim/life.h"
#include "sim/nat.h"
#include "sim/ports.h"
#include "sim/slab.h"

#define NAT_EXTERNALS (sizeof(((struct nat_spec *)NULL)->external) / sizeof(struct addr))

/**
 * struct inside - A host on the inside, never forgotten
 * @external:	Paired pooling: index of its external address by family, v4 and v6
 * @held:	What counts towards its quota
 * @first, @last: The same as a list, the next to be evicted first
 */
struct inside {
	struct dict_node by_ip;
	struct addr ip;
	int external[2];
	unsigned held;
	struct state *first, *last;
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
 */
struct mapping {
	struct state state; /* first */
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
	struct flow *sibling, **link;
};

struct nat {
	struct nat_spec spec;
	struct rng *rng;
	struct dict hosts, inward, outward, flows;
	struct slab host_slab, mapping_slab, flow_slab;
	struct agenda timers;
	struct ports *ports[NAT_EXTERNALS];
	unsigned held, peak;
	struct nat_applied applied[NAT_TRAFFICS];
};

struct inside *inside_of(struct nat *n, const struct addr *from);

/* Room for one more of a host, if need be at the cost of another. Return: false if refused. */
bool inside_has_room(struct nat *n, struct inside *h, nk_time now);

/* New ones have no timer yet; NULL if there is no port or no memory. @key is what of the remote
 * endpoint @to matters for mapping. */
struct mapping *mapping_make(struct nat *n, const struct addr *inside, const struct addr *key,
			     const struct addr *to, struct inside *h, nk_time now);

/* The mapping that a packet from the inside uses, or that one from the outside comes to. With
 * port overloading there may be several; one that has a flow with that remote goes first. */
struct mapping *mapping_find(const struct nat *n, const struct addr *inside, const struct addr *key,
			     const struct addr *to);
struct mapping *mapping_at(const struct nat *n, const struct addr *external,
			   const struct addr *from);

/* Whether @m is still there, at @external: room may have been made at its cost. */
bool mapping_lives(const struct nat *n, const struct mapping *m, const struct addr *external);

/* The NAT itself talks with @remote from @external, an external endpoint. */
struct mapping *mapping_make_own(struct nat *n, const struct addr *external);
void mapping_end(struct nat *n, struct mapping *m, nk_time now);

struct flow *flow_make(struct nat *n, struct mapping *m, const struct addr *remote);
struct flow *flow_find(const struct nat *n, const struct mapping *m, const struct addr *remote);
/* That of any mapping. */
struct flow *flow_at(const struct nat *n, const struct addr *external, const struct addr *remote);

/* The first packet, from or to the remote port @port, and each packet after it. With an @owner
 * it counts towards his quota. */
void state_begin(struct nat *n, struct state *s, struct inside *owner, bool outward, uint16_t port,
		 nk_time now);
void state_touch(struct nat *n, struct state *s, bool outward, nk_time now);

void nat_state_sweep(struct nat *n, nk_time now);

#endif
