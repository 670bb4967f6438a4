/*
 * The ways to get through, cheapest first, and the one shape that they have.
 *
 * A tactic aims: it says to which address, from which socket and when the next
 * check goes. Sending, caps, authentication and acknowledgement are the same for
 * all (checks.h), so a tactic is a schedule and nothing more.
 */
#ifndef CORE_PUNCH_TACTIC_H
#define CORE_PUNCH_TACTIC_H

#include <stdint.h>

#include "base/addr.h"
#include "base/time.h"

enum tactic {
	TACTIC_HOST,     /* same machine or same LAN: host candidates */
	TACTIC_IPV6,     /* IPv6, with or without firewalls */
	TACTIC_MAPPED,   /* a port opened by PCP, NAT-PMP or UPnP */
	TACTIC_PLAIN,    /* both to where the broker saw the other */
	TACTIC_LEARN,    /* to where the peer's check came from (peer-reflexive) */
	TACTIC_PREDICT,  /* to ports that the peer's NAT will give next */
	TACTIC_HAIRPIN,  /* same NAT, by its outside */
	TACTIC_BIRTHDAY, /* many sockets against many ports */
	TACTIC_RELAY,    /* through the broker, short messages alone */
	TACTICS,
};

#define TACTIC_BIT(t) (1u << (t))
#define TACTICS_ALL   ((1u << TACTICS) - 1)

/**
 * struct aim - One check to be sent
 * @socket:	Which one, counted from the punch's first socket
 * @ttl:	0 for the system's default
 */
struct aim {
	uint32_t socket;
	struct addr to;
	uint8_t ttl;
	enum tactic tactic;
};

/* "plain", "predict" ...: as options, reports and the man page call it. NULL beyond the last. */
const char *tactic_name(enum tactic t);

#endif
