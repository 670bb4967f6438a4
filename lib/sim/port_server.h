/*
 * A gateway's server for PCP and NAT-PMP (RFC 6887, RFC 6886) as a core, with faults to choose
 * from. The host that runs it has the inside address of a NAT, whose ports it opens.
 */
#ifndef SIM_PORT_SERVER_H
#define SIM_PORT_SERVER_H

#include "base/addr.h"
#include "base/crypto.h"
#include "core/core.h"
#include "sim/port_leases.h"
#include "sim/world.h"
#include "wire/natpmp.h"
#include "wire/pcp.h"

enum port_fault {
	PORT_PRIVATE = 1 << 0,         /* it says that its external address is a private one */
	PORT_OTHER = 1 << 1,           /* it never gives the port that is wanted */
	PORT_LIED = 1 << 2,            /* it says another port than it has opened */
	PORT_LEASE_ZERO = 1 << 3,      /* it says that what it has opened lasts for no time */
	PORT_WRONG_SOURCE = 1 << 4,    /* it answers from its other address */
	PORT_FAILURE_IGNORED = 1 << 5, /* PREFER_FAILURE is ignored */
	PORT_EPOCH_STANDS = 1 << 6,    /* its epoch is always the same */
	PORT_WRONG_NONCE = 1 << 7,     /* PCP: one bit of the nonce is turned */
	PORT_NOTHING_OPEN = 1 << 8,    /* it opens nothing, and says that it did */
};

/**
 * struct port_rules - What it is like
 * @pcp, @nat_pmp: What it speaks; of neither it is silent
 * @announces:	PCP: after a reboot it tells those who had mappings, each alone: here nothing is
 *		multicast
 * @pcp_result, @natpmp_result: Each request for a mapping gets this error; 0: none does
 * @min_s, @max_s: Lifetimes that it gives; 0: 120 and 86400 (RFC 6887 section 15)
 * @quota:	Mappings of one inside address; 0: as many as there is room for
 * @epoch_s:	At its start; after a reboot it is 0
 * @faults:	Bits of enum port_fault
 */
struct port_rules {
	bool pcp, nat_pmp, announces;
	uint8_t pcp_result;
	uint16_t natpmp_result;
	uint32_t min_s, max_s;
	unsigned quota;
	uint32_t epoch_s;
	unsigned faults;
};

#define PORT_SERVER_SOCKETS 2
#define PORT_SERVER_OUTBOX  8

/**
 * struct port_server - A running server; its memory is the caller's
 * @addr, @other: Its address, and the one that PORT_WRONG_SOURCE has it answer from
 * @world, @host, @nat: Where it is, and whose ports it opens
 * @rules:	May be changed at any time
 * @began:	When its epoch was 0
 * @leases:	What it has given
 * @made, @renewed, @removed: How often it did so
 */
struct port_server {
	struct addr addr, other;
	struct world *world;
	int host, nat;
	struct port_rules rules;
	nk_time began;
	struct rng rng;
	struct port_leases leases;
	unsigned made, renewed, removed;
	unsigned opened;
	struct action outbox[PORT_SERVER_OUTBOX];
	unsigned waiting;
};

/* Runs it at @host, which has the addresses @addr and @other (all zero: there is none) and is
 * behind @nat. */
void port_server_start(struct port_server *s, struct world *world, int host, int nat,
		       const struct addr *addr, const struct addr *other,
		       const struct port_rules *rules, uint64_t seed);

/* The gateway reboots: its NAT and its server know nothing any more. */
void port_server_reboot(struct port_server *s);

#endif
