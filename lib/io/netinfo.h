/* What the kernel knows of the way to a destination, and of its own interfaces. */
#ifndef IO_NETINFO_H
#define IO_NETINFO_H

#include <net/if.h>
#include <stdbool.h>

#include "base/addr.h"

/**
 * struct route_info - How packets to a destination leave
 * @interface:	Name of the interface
 * @local:	Source address that the kernel would choose, port 0
 * @gateway:	Next hop, of either family; all zero if the destination is on the link
 * @mtu:	Of the route or the interface, whichever is less, bytes of IP
 * @table:	Number of the routing table that has the route
 * @tunnel:	The interface is one end of a tunnel (tun, WireGuard, GRE ...): what is
 *		measured is the network behind the tunnel. One of raw IP is none
 */
struct route_info {
	char interface[IF_NAMESIZE];
	struct addr local;
	struct addr gateway;
	unsigned mtu, table;
	bool tunnel;
};

/**
 * struct link_info - An interface
 * @up:		Administratively up; @loopback, @tunnel: what it is
 */
struct link_info {
	char name[IF_NAMESIZE];
	unsigned index;
	unsigned mtu;
	bool up, loopback, tunnel;
};

/**
 * netinfo_route() - The way to a destination
 * @out:	Written on success only
 * @interface:	Only through this interface, or NULL
 *
 * Return: 0; NK_ERR_UNREACHABLE if there is no route; NK_ERR_BAD_INPUT if there
 * is no such interface; NK_ERR_SYSTEM.
 */
int netinfo_route(struct route_info *out, const struct addr *to, const char *interface);

/* The same for packets that have the address @from of ours: rules may send them another way. */
int netinfo_route_from(struct route_info *out, const struct addr *to, const struct addr *from,
		       const char *interface);

/**
 * netinfo_ways() - All ways out of this machine: default routes of both families, as the kernel
 * prefers them
 * @out:	At most @max; IPv4 before IPv6, and only those for which there is an address of ours.
 *		Of several routing tables, the one for packets without an address comes first
 *
 * Return: how many were written, or NK_ERR_SYSTEM.
 */
int netinfo_ways(struct route_info *out, unsigned max);

/* How what is sent from @local, an address of ours, leaves for far away if nothing binds it to an interface, as with
 * answers of most programs. Return: false if it does not. */
bool netinfo_answers(struct route_info *out, const struct addr *local);

/* The machine's interfaces, at most @max. Return: how many were written, or NK_ERR_SYSTEM. */
int netinfo_links(struct link_info *out, unsigned max);

#endif
