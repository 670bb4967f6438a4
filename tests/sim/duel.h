/*
 * Two punches in a virtual world, each behind its NATs. A server tells both how they look from
 * outside; all else (candidates, secrets, when to fire) the test hands from one to the other.
 */
#ifndef TESTS_SIM_DUEL_H
#define TESTS_SIM_DUEL_H

#include "core/punch/punch.h"
#include "sim/plain_server.h"
#include "sim/world.h"

#define DUEL_NATS  2
#define DUEL_ADDRS 16

/**
 * struct duel_side - One of the two, as the test wants it
 * @nats:	@nat_count of them, the outermost first
 * @v6:	The host has an IPv6 address too
 * @link:	Of the outermost NAT, or of the host
 * @fire:	After both know all
 * @hint:	What it says of its NATs; the last port is that which the server saw, if it is 0 here
 */
struct duel_side {
	struct nat_spec nats[DUEL_NATS];
	unsigned nat_count;
	bool v6;
	struct link_spec link;
	nk_time fire;
	uint8_t opener_ttl;
	struct nat_hint hint;
};

/**
 * struct duel_plan - What to build
 * @shared:	So many of the outermost NATs of the first side are the second's too
 * @hard:	Ports may be guessed, towards each other's outside
 * @both_control: ICE agents of one mind
 * @remote:	More candidates that the first is told of the second
 */
struct duel_plan {
	uint64_t seed;
	struct duel_side sides[2];
	unsigned shared;
	uint32_t tactics;
	bool ice, hard, both_control;
	nk_time first_pause, timeout;
	struct candidates remote;
};

/**
 * struct duelist - One of the two, as a core
 * @local, @mapped: By family
 * @asked:	By family: requests to the server still to be sent
 * @sent_to:	Packets of the punch by address, @addr_count of them
 * @spares:	Sockets that the punch has open; @spares_most: at once
 */
struct duelist {
	const struct duelist *other;
	struct punch *punch;
	struct punch_config config;
	struct rng rng;
	struct addr local[2], mapped[2], server[2];
	unsigned opened, asked;
	struct {
		struct addr addr;
		unsigned packets;
	} sent_to[DUEL_ADDRS];
	unsigned addr_count;
	unsigned spares, spares_most;
};

struct duel {
	struct world *world;
	struct plain_server servers[2];
	struct duelist sides[2];
	int hosts[2], nats[2][DUEL_NATS];
	nk_time began;
};

/* Both sides easy: like Linux, ports kept, @delay from the internet, and firing at once. */
struct duel_plan duel_plan(uint64_t seed, nk_time delay);

/* As Linux does it; @port_overload and the rest may be changed. */
struct nat_spec duel_linux(uint8_t last_byte);

/* Builds it, lets both learn their addresses, and starts the punches. */
void duel_set(struct duel *d, const struct duel_plan *plan);

/* Until both are through with it. Return: true if both are connected. */
bool duel_run(struct duel *d);

/* From the later fire until both were connected, in round trips of @rtt. */
double duel_round_trips(const struct duel *d, nk_time rtt);

/* Packets that a side has sent to an address. */
unsigned duel_sent_to(const struct duelist *s, const struct addr *to);

void duel_strike(struct duel *d);

#endif
