/* What the answers that a gatherer got say of the NAT. Each is unknown rather than wrong. */
#ifndef CORE_PUNCH_GATHER_JUDGE_H
#define CORE_PUNCH_GATHER_JUDGE_H

#include "base/addr.h"
#include "core/punch/candidate.h"

/* One socket's first mapping. */
struct gather_port {
	uint16_t local, mapped;
};

/**
 * gather_judge_ports() - How external ports are chosen
 * @ports:	@count at most GATHER_PORTS_MAX mappings, in the order in which they were made, as
 *		far as is known: packets may overtake one another
 * @step:	Set for HINT_PORTS_SEQUENTIAL only
 */
#define GATHER_PORTS_MAX 16
enum hint_ports gather_judge_ports(const struct gather_port *ports, unsigned count, int *step);

/**
 * gather_judge_mapping() - RFC 5780 section 4.3, all from one socket
 * @primary:	Its address as seen by the server at its first address and port
 * @port, @ip, @both: As seen at its other port, address, and both; all zero: not answered
 */
enum hint_mapping gather_judge_mapping(const struct addr *primary, const struct addr *port,
				       const struct addr *ip, const struct addr *both);

#define GATHER_TTLS  5 /* tried, from 1 on */
#define GATHER_TRIES 5 /* of each */

/**
 * gather_judge_ttl() - The smallest TTL that passes all our NATs
 * @came:	By TTL, how many of the GATHER_TRIES answers came; [0]: where no packet of a low TTL
 *		was sent before, so that an answer means that none is needed
 *
 * Return: 0 if none is needed, or if it is not clear.
 */
uint8_t gather_judge_ttl(const unsigned came[static GATHER_TTLS + 1]);

/* Routers that a packet has passed which arrives with @ttl; 0 if not known. */
uint8_t gather_judge_hops(uint8_t ttl);

#endif
