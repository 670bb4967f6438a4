/* Where a peer may be found (RFC 8445 section 5.1), and what is known of the NAT in front of it. */
#ifndef CORE_PUNCH_CANDIDATE_H
#define CORE_PUNCH_CANDIDATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

#define CANDIDATES_MAX            8
#define CANDIDATES_PUBLIC_IPS_MAX 2

enum candidate_kind {
	CANDIDATE_HOST = 1,
	CANDIDATE_SERVER_REFLEXIVE = 2,
	CANDIDATE_PEER_REFLEXIVE = 3,
	CANDIDATE_MAPPED = 4, /* opened by PCP, NAT-PMP or UPnP; for ICE it is server-reflexive */
};

struct candidate {
	enum candidate_kind kind;
	struct addr addr;
};

struct candidates {
	struct candidate list[CANDIDATES_MAX];
	unsigned count;
};

/* Classes as in RFC 4787 section 4.1; a hint only, and never a gate. */
enum hint_mapping { HINT_MAPPING_UNKNOWN, HINT_MAPPING_EI, HINT_MAPPING_AD, HINT_MAPPING_APD };
enum hint_ports { HINT_PORTS_UNKNOWN, HINT_PORTS_KEPT, HINT_PORTS_SEQUENTIAL, HINT_PORTS_RANDOM };

/**
 * struct nat_hint - What a side knows of its own NATs, told to the peer
 * @step:	HINT_PORTS_SEQUENTIAL: from one new mapping to the next, may be negative
 * @last_port:	External port of the newest mapping that was seen, 0 if none
 * @per_minute:	Foreign mappings that the NAT was seen to make meanwhile, per minute
 * @opener_ttl:	Smallest TTL that passes all its NATs; 0 if there are none or it is not known
 * @broker_hops: Hops from it to the broker, 0 if not known
 */
struct nat_hint {
	enum hint_mapping mapping;
	enum hint_ports ports;
	int16_t step;
	uint16_t last_port;
	uint16_t per_minute;
	uint8_t opener_ttl;
	uint8_t broker_hops;
};

/* RFC 8445 section 5.1.2.1; @index tells candidates of one kind apart, 0 being the best. */
uint32_t candidate_priority(enum candidate_kind kind, unsigned index);

/* One more, unless the list is full, or has as many public IPs as an offer may. One that is there
 * already has @kind from now on. */
void candidates_add(struct candidates *c, enum candidate_kind kind, const struct addr *a);

/* A port that our gateway opens, at the address at which the broker sees us. It is listed beside
 * the server-reflexive one, and before it, even if it is the same. Where there is no room a host
 * candidate goes. */
void candidates_add_mapped(struct candidates *c, const struct addr *a);
bool candidates_have_mapped(const struct candidates *c);

#endif
