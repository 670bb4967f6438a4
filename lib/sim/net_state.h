/* What the files of the network share: its nodes, hosts and packets on their way. */
#ifndef SIM_NET_STATE_H
#define SIM_NET_STATE_H

#include "base/heap.h"
#include "sim/agenda.h"
#include "sim/link.h"
#include "sim/net.h"
#include "sim/pace.h"
#include "sim/routes.h"
#include "sim/slab.h"

struct port_server;

struct place {
	int behind;
	struct link up, down; /* towards the internet and away from it */
};

struct host {
	struct place place;
	struct addr addrs[NET_ADDRS_MAX];
	unsigned count;
};

/**
 * struct node - A NAT, a router, or the internet
 * @nat:	NULL: it translates nothing
 * @way:	Of packets that pass it
 * @inside:	@inside_count addresses of its own
 * @ports:	Opens its ports for who asks; NULL: nobody has asked since @booted
 */
struct node {
	struct place place;
	struct nat *nat;
	enum net_way way;
	struct addr inside[NET_ADDRS_MAX];
	unsigned inside_count;
	struct pace errors;
	struct port_server *ports;
	nk_time booted;
};

enum hop {
	HOP_NONE, /* made where it is */
	HOP_FROM_INSIDE,
	HOP_FROM_OUTSIDE,
	HOP_TO_HOST
};

/**
 * struct seen - A packet as it came to the node that it is at: what errors about it speak of
 * @whole:	The node must not fragment it
 */
struct seen {
	enum hop hop;
	int node;
	struct addr from, to;
	size_t size;
	bool whole;
};

/* A packet on its way to @node, or for HOP_TO_HOST to a host of that number. */
struct flight {
	struct packet packet; /* first, so that it is known by it */
	enum hop hop;
	int node;
	struct seen seen;
	unsigned class;
	uint8_t data[];
};

#define NET_CLASSES 3 /* sizes of packets, for memory's sake */

struct net {
	struct net_hooks hooks;
	struct rng *rng;
	struct net_stats stats;
	nk_time now;
	struct host hosts[NET_HOSTS_MAX];
	int host_count;
	struct node nodes[1 + NET_NODES_MAX]; /* the internet, and the others from 0 on */
	int node_count;
	struct routes routes;
	struct slab slabs[NET_CLASSES];
	struct agenda flying;
	struct heap late;
	nk_time late_at[NET_NODES_MAX];
	uint32_t late_order[NET_NODES_MAX], late_where[NET_NODES_MAX];
};

static inline struct node *net_node(struct net *n, int number)
{
	return &n->nodes[1 + number];
}

static inline struct flight *net_flight(struct packet *p)
{
	return (struct flight *)(void *)p;
}

/* The three sizes of packets. */
void net_make_slabs(struct net *n);

/* A node sends a packet of its own to one side. */
void net_send_back(struct net *n, int node, enum hop side, struct flight *f);

/* The same to one host behind it. */
void net_send_to(struct net *n, int node, int host, struct flight *f);

/* net_ports.c: a packet from inside that asks a node for ports is answered. Return: false if it is
 * no such packet, else it is taken over. */
bool net_ask_ports(struct net *n, int number, struct flight *f);

/* A node has another NAT now: it has opened no ports, and hosts behind it are told so. */
void net_forget_ports(struct net *n, int number);

/* A node tells the sender of a packet, which is on that side, why it goes no further; or nothing,
 * where nothing may be said. */
void net_answer_error(struct net *n, int number, enum hop side, const struct packet *about,
		      enum packet_error error, uint32_t mtu);
void net_answer_refusal(struct net *n, int number, enum hop side, const struct packet *about,
			enum nat_answer answer);

#endif
