/*
 * The virtual world: hosts that run cores, joined by a network (net.h), in
 * virtual time. A run is a pure function of its seed.
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/addr.h"
#include "core/core.h"
#include "sim/nat_spec.h"
#include "sim/net.h"

/**
 * struct world_stats - What has happened so far
 * @sent:	Datagrams and ICMP messages that cores sent
 * @delivered:	Packets of which cores were told
 * @lost, @refused, @stray: As in struct net_stats; no socket is stray too
 * @late:	Times that a core, with nothing more to do, had a deadline that was not in the
 *		future: a fault of the core, which is then called again 1 ms later
 * @trace:	Hash over all packets sent and delivered, with their times: equal seeds give equal
 *		traces
 */
struct world_stats {
	uint64_t sent, delivered, lost, refused, stray, late;
	uint64_t trace;
};

struct world;

/* Return: an empty world at time 0, or NULL if there is no memory. world_free() takes NULL. */
struct world *world_new(uint64_t seed);
void world_free(struct world *w);
nk_time world_now(const struct world *w);
const struct world_stats *world_stats(struct world *w);

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

/* A plain router, which only takes one off a packet's TTL. Return: its number as a NAT's, or -1. */
int world_add_router(struct world *w, int behind);

/* Either (@spec NULL: a router), with @count addresses from which it sends ICMP errors to its
 * inside; to the internet a router sends them from there too. Without one of the family it uses an
 * external one, or stays silent. Return: its number, or -1. */
int world_add_node(struct world *w, const struct nat_spec *spec, const struct addr *inside,
		   unsigned count, int behind);

/* A router is passed on one of the two ways alone (net.h). */
void world_set_way(struct world *w, int router, enum net_way way);

/* The two directions of the link from a host (a NAT) towards the internet; both are perfect
 * and take no time until they are set. NULL leaves one as it is. */
void world_set_link(struct world *w, int host, const struct link_spec *up,
		    const struct link_spec *down);
void world_set_nat_link(struct world *w, int nat, const struct link_spec *up,
			const struct link_spec *down);

/* In mid-run: all that a NAT knew is lost; it becomes another one; a host's address (@index as it
 * was added) is another one, of which its core hears as EVENT_LINK_LOST if a socket was bound to
 * it. Return: false without memory, and nothing has changed. */
bool world_reboot_nat(struct world *w, int nat);
bool world_replace_nat(struct world *w, int nat, const struct nat_spec *spec);
bool world_readdress_host(struct world *w, int host, unsigned index, const struct addr *to);

/* From now on writes each packet to @file, borrowed, at every host and on both sides of every NAT
 * (pcap.h). Return: false without memory. */
bool world_write_pcap(struct world *w, FILE *file);

/* Runs @core on a host; it must have been started at world_now(). What ran there before is
 * forgotten and its sockets are closed. NULL @ops: nothing runs there. */
void world_attach(struct world *w, int host, const struct core_ops *ops, void *core);

/* Turns the world until @core's status is no longer busy, or until @until. NULL @core: until
 * then in any case. Return: its status. */
int world_run(struct world *w, const void *core, nk_time until);

/* One of the NATs, such as to open its ports (nat_forward.h); borrowed until it is rebooted or
 * replaced. */
struct nat *world_nat(const struct world *w, int nat);

/* Mappings that a NAT holds now, and the most it ever held. */
unsigned nat_mappings(const struct world *w, int nat);
unsigned nat_mappings_peak(const struct world *w, int nat);

/* How long timers of a NAT were so far, by traffic of that kind. */
struct nat_applied nat_applied(const struct world *w, int nat, enum nat_traffic traffic);

/* Until when a datagram from outside would be let in at a NAT if no other came before it;
 * world_now(): it is not let in. */
nk_time nat_lets_in_until(const struct world *w, int nat, const struct addr *from,
			  const struct addr *to);

/* By what its timers are multiplied now: load and drift. */
double nat_stretch_of(const struct world *w, int nat);

/* Tells a host's core of an event, such as EVENT_STOP or EVENT_LINK_LOST. */
void world_tell(struct world *w, int host, const struct event *ev);

#endif
