/* What a natmap run is asked to draw. */
#ifndef CORE_NATMAP_OPTIONS_H
#define CORE_NATMAP_OPTIONS_H

#include <stdbool.h>

#include "base/addr.h"
#include "base/time.h"

#define NATMAP_SERVERS_MAX  8
#define NATMAP_GATEWAYS_MAX 8
#define NATMAP_LOCALS_MAX   16

/**
 * struct natmap_way - One way out of this machine
 * @gateway:	Next hop, port 0; all zero: none (the link is a tunnel, or everything is on the
 *		link)
 * @local:	The address of ours that is used that way
 * @interface:	Its name
 * @tunnel:	The interface is one end of a tunnel: a VPN
 */
struct natmap_way {
	struct addr gateway, local;
	char interface[16];
	bool tunnel;
};

/**
 * struct natmap_options - What is to be found out
 * @servers:	Addresses of natbrokers (or, less being told, STUN servers), in order of preference
 * @ways:	Default routes of both families, the one towards the first server first
 * @nat64:	Prefixes that the resolver has told of by RFC 7050, @nat64_count of them; port is
 *		the length
 * @enumerate:	Look for stateful hops, which takes as long as the longest timeout
 * @max:	Longest timeout to look for
 * @mappings:	Most NAT mappings to be held at once; @pace: least time between two new ones
 * @protocols:	Port mapping protocols to ask for: bits of enum portmap_protocol
 * @limit:	Most time for everything but the enumeration
 */
struct natmap_options {
	struct addr servers[NATMAP_SERVERS_MAX];
	unsigned server_count;
	struct natmap_way ways[NATMAP_GATEWAYS_MAX];
	unsigned way_count;
	struct addr nat64[2];
	unsigned nat64_count;
	bool enumerate;
	nk_time max;
	unsigned mappings;
	nk_time pace;
	unsigned protocols;
	nk_time limit;
};

#endif
