/*
 * The network between hosts: NATs, routers and links, and packets on their way.
 *
 * It has no clock: whoever drives it says what time it is, virtual (world.h) or
 * real (natsim). Nodes form a tree whose root is the internet (NET_INTERNET);
 * each node takes one off a packet's TTL. Hosts behind the same node share its
 * LAN. A host is a number and its addresses; what it does with packets is the
 * driver's business.
 */
#ifndef SIM_NET_H
#define SIM_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/crypto.h"
#include "base/time.h"
#include "sim/nat.h"
#include "sim/nat_spec.h"
#include "sim/packet.h"

#define NET_INTERNET    (-1)
#define NET_HOSTS_MAX   256
#define NET_NODES_MAX   64
#define NET_ADDRS_MAX   8
#define NET_MTU_DEFAULT 1500

/**
 * struct link_spec - What happens to packets on one direction of a link
 * @delay, @jitter: Each packet takes @delay and up to @jitter more; so jitter alone reorders
 * @loss:	Independent loss, 0 to 1, of each fragment
 * @burst_enter, @burst_mean: Gilbert-Elliott: chance per packet-free millisecond to enter the
 *		bad state, which loses all and lasts @burst_mean on average; 0 for none
 * @duplicate:	Share of packets that come twice
 * @reorder, @reorder_by: Share of packets that come so much later than they would
 * @mtu:	0: NET_MTU_DEFAULT. What is larger is fragmented, or refused with ICMP if it must
 *		not be (RFC 4787 REQ-13, RFC 1191, RFC 8201)
 */
struct link_spec {
	nk_time delay, jitter;
	double loss;
	double burst_enter;
	nk_time burst_mean;
	double duplicate;
	double reorder;
	nk_time reorder_by;
	uint32_t mtu;
};

/**
 * struct net_stats - What has become of packets so far
 * @lost:	By links, unfragmentable and too large ones among them
 * @refused:	Not let through by a NAT
 * @stray:	No route, or TTL used up
 */
struct net_stats {
	uint64_t lost, refused, stray;
};

/* Packets that one direction of a link was given so far, and those of them that it lost. */
struct link_stats {
	uint64_t packets, lost;
};

/* Where a packet was seen, for net_hooks.tap. */
enum net_place {
	NET_AT_HOST,      /* as the host sent it or gets it */
	NET_NODE_INSIDE,  /* on the inside of a NAT or router */
	NET_NODE_OUTSIDE, /* on its outside */
};

/**
 * struct net_hooks - What the network asks of its driver
 * @deliver:	A packet for a host has come; borrowed for the call
 * @tap:	A packet was seen (pcap); NULL: not wanted
 * @user:	First argument of both
 */
struct net_hooks {
	void (*deliver)(void *user, int host, const struct packet *p, nk_time now);
	void (*tap)(void *user, enum net_place place, int number, const struct packet *p,
		    nk_time now);
	void *user;
};

struct net;

/* @rng is used as long as the net lives. Return: NULL without memory. net_free() takes NULL. */
struct net *net_new(const struct net_hooks *hooks, struct rng *rng);
void net_free(struct net *n);
const struct net_stats *net_stats(const struct net *n);

/* A host with @count addresses (ports ignored), behind a node or NET_INTERNET. Return: its
 * number, from 0 on, or -1 if there is no more room. */
int net_add_host(struct net *n, const struct addr *addrs, unsigned count, int behind);

/* A NAT, or (@spec NULL) a plain router, between what is behind it and @behind. @inside are the
 * addresses from which it sends ICMP errors to the inside; without one of the family it uses an
 * external one, or stays silent. A NAT is asked there for ports, too (@spec->port_mapping).
 * Return: its number, from 0 on, or -1. */
int net_add_node(struct net *n, const struct nat_spec *spec, const struct addr *inside,
		 unsigned inside_count, int behind);

/* Which packets pass a router; others go another way, and keep their TTL there. */
enum net_way { NET_BOTH_WAYS, NET_OUT_ONLY, NET_BACK_ONLY };

/* Of a plain router: as where the way back is another one, and longer or shorter. */
void net_set_way(struct net *n, int node, enum net_way way);

/* The two directions of the link from a host (a node) towards the internet; both are perfect
 * until they are set. NULL leaves one as it is. */
void net_set_link(struct net *n, int host, const struct link_spec *up,
		  const struct link_spec *down);
void net_set_node_link(struct net *n, int node, const struct link_spec *up,
		       const struct link_spec *down);

/* Of the links of a host, a node; so far. */
void net_link_stats(const struct net *n, int host, struct link_stats *up, struct link_stats *down);
void net_node_link_stats(const struct net *n, int node, struct link_stats *up,
			 struct link_stats *down);

/* In mid-run: another host address (@index as it was added); all that a NAT knew is lost; it is
 * lost and the NAT becomes another one, also at other external addresses. Return: false without
 * memory, and nothing has changed. */
bool net_readdress_host(struct net *n, int host, unsigned index, const struct addr *to);
bool net_reboot(struct net *n, int node);
bool net_replace_nat(struct net *n, int node, const struct nat_spec *spec);

/* The NAT at a node, or NULL if it is a plain router; borrowed until the next replacement. */
struct nat *net_nat(const struct net *n, int node);

/* An empty packet with room for at least @room bytes, or NULL without memory. It goes back with
 * net_send() or net_put(). */
struct packet *net_get(struct net *n, size_t room);
void net_put(struct net *n, struct packet *p);

/* @host sends @p, taken over. @now never goes backwards. What takes no time is not done here but
 * by net_turn() at the same time. */
void net_send(struct net *n, int host, struct packet *p, nk_time now);

/* When something happens next; NK_NEVER: nothing. */
nk_time net_next(const struct net *n);

/* One step of what is due at @now. Return: false if nothing was. */
bool net_turn(struct net *n, nk_time now);

#endif
