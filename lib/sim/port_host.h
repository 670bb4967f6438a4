/* A host of the virtual world that serves PCP and NAT-PMP, as the gateway with a NAT's inside
 * address. */
#ifndef SIM_PORT_HOST_H
#define SIM_PORT_HOST_H

#include "core/core.h"
#include "sim/port_server.h"
#include "sim/world.h"

#define PORT_HOST_OUTBOX 8

/**
 * struct port_host - A core that runs there; its memory is the caller's
 * @addr, @other: Its address, and the one that PORT_WRONG_SOURCE has it answer from
 * @world, @host, @nat: Where it is, and whose ports it opens
 */
struct port_host {
	struct port_server server;
	struct addr addr, other;
	struct world *world;
	int host, nat;
	unsigned opened;
	struct action outbox[PORT_HOST_OUTBOX];
	unsigned waiting;
};

/* Runs it at @host, which has the addresses @addr and @other (all zero: there is none) and is
 * behind @nat. */
void port_host_start(struct port_host *h, struct world *world, int host, int nat,
		     const struct addr *addr, const struct addr *other,
		     const struct port_rules *rules, uint64_t seed);

/* The gateway reboots: its NAT and its server know nothing any more. Nothing is multicast here:
 * those who had mappings are told, each alone. */
void port_host_reboot(struct port_host *h);

#endif
