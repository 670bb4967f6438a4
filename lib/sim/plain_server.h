/*
 * A third party's STUN server as a core: RFC 8489 and RFC 5780 as coturn 4.6 does them, without
 * the probe service, and with faults to choose from. It answers each Binding request, at once,
 * without any limit.
 */
#ifndef SIM_PLAIN_SERVER_H
#define SIM_PLAIN_SERVER_H

#include "base/addr.h"
#include "base/crypto.h"
#include "core/core.h"

enum plain_fault {
	PLAIN_OTHER_IS_SELF = 1 << 0,  /* OTHER-ADDRESS is the address asked */
	PLAIN_OTHER_SILENT = 1 << 1,   /* nothing serves the alternate address */
	PLAIN_OTHER_FIXED = 1 << 2,    /* coturn: at the alternate address OTHER-ADDRESS is still
					      * the alternate, and the IP never changes */
	PLAIN_CHANGE_IGNORED = 1 << 3, /* CHANGE-REQUEST is answered from the address asked */
	PLAIN_CHANGE_REFUSED = 1 << 4, /* CHANGE-REQUEST gets 420 */
	PLAIN_RESPONSE_PORT_IGNORED = 1 << 5, /* the answer goes to the port that asked */
	PLAIN_RESPONSE_PORT_REFUSED = 1 << 6, /* RESPONSE-PORT gets 420 */
	PLAIN_WRONG_SOURCE = 1 << 7, /* answers leave from another address than they should */
	PLAIN_WRONG_TID = 1 << 8,    /* answers have one bit of the transaction id turned */
	PLAIN_GARBAGE = 1 << 9,      /* random bytes instead of answers */
	PLAIN_TRUTH_TOO = 1 << 10,   /* the right answer follows each wrong one */
	PLAIN_SILENT = 1 << 11,      /* no answers at all */
	PLAIN_UNKNOWN_METHOD_400 = 1 << 12, /* answers other methods' requests with an error */
};

#define PLAIN_SOCKETS 4
#define PLAIN_OUTBOX  2

/**
 * struct plain_server - A running server; its memory is the caller's
 * @addrs:	Primary and alternate address; the second is all zero if there is none
 * @ports:	Primary and alternate port; without an alternate address only the first is served
 * @faults:	Bits of enum plain_fault
 * @asked:	Binding requests received
 * @opened:	Sockets that were asked for so far; socket 2i + j is @addrs[i] at @ports[j]
 */
struct plain_server {
	struct addr addrs[2];
	uint16_t ports[2];
	unsigned faults;
	uint64_t asked;
	unsigned opened;
	struct rng rng;
	struct action outbox[PLAIN_OUTBOX];
	unsigned waiting;
};

/* @alternate may be NULL: a server with one address, which names no OTHER-ADDRESS. */
void plain_server_start(struct plain_server *s, const struct addr *primary,
			const struct addr *alternate, unsigned faults, uint64_t seed);

extern const struct core_ops plain_server_ops;

#endif
