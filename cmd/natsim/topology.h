/*
 * What a world is, as plain data: hosts, the NATs and routers in front of them,
 * and the links between. "natsim run" makes one from options, "natsim up" from a
 * file; the engine and what "natsim status" shows are built from it.
 *
 * Nodes form a tree whose root is the Internet. Numbers of hosts and nodes here
 * are their numbers in struct net.
 */
#ifndef NATSIM_TOPOLOGY_H
#define NATSIM_TOPOLOGY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "sim/nat_spec.h"
#include "sim/net.h"

#define TOPOLOGY_NAME       64 /* bytes: a label of a DNS name, and a NUL */
#define TOPOLOGY_WHY        160
#define TOPOLOGY_INSIDE_MAX 2 /* an IPv4 and an IPv6 address */

/* Where each world's own resolver answers, IPv4 and IPv6; no host may have them. */
#define TOPOLOGY_DNS_V4 addr_v4(192, 0, 2, 53, 53)
#define TOPOLOGY_DNS_V6 "2001:db8::53"

/**
 * struct topology_link - Both directions of the link from something towards the Internet
 * All zero is a perfect one.
 */
struct topology_link {
	struct link_spec up, down;
};

/**
 * struct topology_host - A host: network, mount, process and host name spaces of its own
 * @name:	Found by DNS as @name.natsim, and short as @name. A DNS label in lower case
 * @addrs:	@addr_count addresses, at least 1; port 0. The first of a family is used as source
 * @behind:	Number of the node in front of it, or NET_INTERNET
 * @link:	To what is in front of it; the MTU of its device is that of @link.up
 * @server:	Runs natbroker, which serves all its addresses
 */
struct topology_host {
	char name[TOPOLOGY_NAME];
	struct addr addrs[NET_ADDRS_MAX];
	unsigned addr_count;
	int behind;
	struct topology_link link;
	bool server;
};

/**
 * struct topology_node - A NAT, a firewall or a plain router
 * @name:	As of a host; its DNS name has the external addresses, a router's the inside ones
 * @nat:	Name of the preset, empty for a plain router
 * @spec:	Unless @nat is empty: the preset as overridden by the user, with its @external addresses
 * @inside:	@inside_count addresses, from which it sends ICMP errors to the inside; may be none
 * @behind:	Number of an earlier node, or NET_INTERNET
 * @link:	To what is in front of it
 */
struct topology_node {
	char name[TOPOLOGY_NAME];
	char nat[TOPOLOGY_NAME];
	struct nat_spec spec;
	struct addr inside[TOPOLOGY_INSIDE_MAX];
	unsigned inside_count;
	int behind;
	struct topology_link link;
};

/**
 * struct topology - A world
 * @seed:	Of losses, delays and ports drawn; each run of a seed draws the same
 */
struct topology {
	uint64_t seed;
	struct topology_host hosts[NET_HOSTS_MAX];
	unsigned host_count;
	struct topology_node nodes[NET_NODES_MAX];
	unsigned node_count;
};

/* Return: a world with nothing in it and a seed from the kernel, or NULL without memory. It is
 * freed with free(). */
struct topology *topology_new(void);

/* Adds a host, a node (a plain router) without addresses in front of the Internet, for the caller
 * to fill in. @name is cut if it is too long; topology_check() looks at it. Return: NULL if there
 * is no more room. */
struct topology_host *topology_add_host(struct topology *t, const char *name);
struct topology_node *topology_add_node(struct topology *t, const char *name);

/* By name. Return: the number, or -1. */
int topology_find_host(const struct topology *t, const char *name);
int topology_find_node(const struct topology *t, const char *name);

/* Whether a host or a NAT can have an address: not one for none, many, or a single machine or
 * link. */
bool topology_can_have(const struct addr *a);

/**
 * topology_check() - Whether a world can be
 * @why:	If not, what is wrong, naming the host or node: one line for a person
 *
 * Names are DNS labels and unlike each other, each host has an address, each node that translates
 * an external one (firewalls and routers have none); no address is there twice behind the same
 * node; no NAT64 offers port mapping.
 */
bool topology_check(const struct topology *t, char why[static TOPOLOGY_WHY]);

struct zoo;

/**
 * topology_read() - A world from a JSON file
 * @t:		As of topology_new()
 * @zoo:	Where its NATs are looked up
 * @path:	For messages, which are given on standard error
 *
 * Return: OPTIONS_GO_ON, or the exit status to end with.
 */
int topology_read(struct topology *t, const struct zoo *zoo, const char *path);

#endif
