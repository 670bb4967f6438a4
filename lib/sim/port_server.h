/*
 * A gateway's server for PCP and NAT-PMP (RFC 6887, RFC 6886), which opens ports of one NAT: what
 * it answers, with faults to choose from. Where it is asked is the business of others (port_host.h).
 */
#ifndef SIM_PORT_SERVER_H
#define SIM_PORT_SERVER_H

#include "base/addr.h"
#include "base/crypto.h"
#include "sim/port_leases.h"
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
 * @announces:	After a reboot it tells those who had mappings
 * @pcp_result, @natpmp_result: Each request for a mapping gets this error; 0: none does
 * @min_s, @max_s: Lifetimes that it gives, @max_s even if it is less; 0: 120 and 86400 (RFC 6887
 *		section 15)
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

/**
 * struct port_server - A running server; its memory is the caller's
 * @nat:	Whose ports it opens; borrowed
 * @rules:	May be changed at any time
 * @began:	When its epoch was 0
 * @leases:	What it has given
 * @made, @renewed, @removed: How often it did so
 */
struct port_server {
	struct nat *nat;
	struct port_rules rules;
	nk_time began;
	struct rng rng;
	struct port_leases leases;
	unsigned made, renewed, removed;
};

void port_server_start(struct port_server *s, struct nat *nat, const struct port_rules *rules,
		       uint64_t seed, nk_time now);

/* What it answers to @len bytes from @from. Return: how many bytes; 0: nothing. */
size_t port_server_answer(struct port_server *s, const struct addr *from, const uint8_t *bytes,
			  size_t len, uint8_t out[static PCP_MAX], nk_time now);

/* It has rebooted with its NAT, which is another object now: it knows nothing any more. */
void port_server_reboot(struct port_server *s, struct nat *nat, nk_time now);

/* What it has to tell hosts after that, from its address @inside to PCP_CLIENT_PORT (RFC 6887
 * section 14.1, RFC 6886 section 3.2.1). Return: how many bytes; 0: nothing. */
size_t port_server_news(const struct port_server *s, const struct addr *inside,
			uint8_t out[static PCP_MAX], nk_time now);

#endif
