/*
 * Which port mapping protocols a gateway speaks, all asked at once and without mapping anything.
 *
 * PCP: ANNOUNCE (RFC 6887 section 14.1), whose answer also tells by its version whether NAT-PMP alone is there;
 * NAT-PMP: the external address (RFC 6886 section 3.2); UPnP: SSDP, to the multicast group and to the gateway
 * itself, then the description and the external address, by the worker at the other end of a stream
 * (wire/upnp_msg.h). Only what comes from the gateway asked is believed.
 */
#ifndef CORE_PORTMAP_SCOUT_H
#define CORE_PORTMAP_SCOUT_H

#include "base/crypto.h"
#include "core/core.h"
#include "core/portmap/result.h"

#define SCOUT_SOCKETS 2 /* from @first_socket on */

/**
 * struct scout_config - Whom to ask
 * @gateway, @local: Of one family, port 0; for IPv6 the gateway's address with a global address of ours
 * @first_socket: SCOUT_SOCKETS ids of its own
 * @upnp:	The line to the UPnP worker (upnp_line.h), borrowed; NULL: there is none, and UPnP is not asked for
 * @protocols:	Bits of those to ask for
 * @limit:	How long to wait for those that are silent, such as 1 s; a UPnP gateway that has told where its
 *		description is has 5 s more for that
 * @patience:	How much longer to wait for UPnP: an answer by SSDP may be held back for a second or more; and for all
 *		as long as none has answered
 */
struct scout_config {
	struct addr gateway, local;
	uint32_t first_socket;
	struct upnp_line *upnp;
	unsigned protocols;
	nk_time limit, patience;
};

struct scout; /* scout_new() to scout_free() */

/* @rng is used as long as it lives. Return: NULL without memory. scout_free() takes NULL. */
struct scout *scout_new(const struct scout_config *config, struct rng *rng, nk_time now);
void scout_free(struct scout *s);

/* Looks anew: nothing is known any more. */
void scout_again(struct scout *s, nk_time now);

/* Looks no further: what is not known stays so. Its sockets are still to be closed, by scout_output(). */
void scout_stop(struct scout *s);

/* Return: true if the event was its own. */
bool scout_input(struct scout *s, const struct event *ev, nk_time now);
bool scout_output(struct scout *s, struct action *action, nk_time now);
nk_time scout_deadline(const struct scout *s);

/* CORE_BUSY, then CORE_DONE; its sockets are closed then. */
int scout_status(const struct scout *s);

/* Whether all that will ever be known of that protocol is known. */
bool scout_knows(const struct scout *s, enum portmap_protocol p);

/* What is known so far. */
const struct portmap_gateway *scout_result(const struct scout *s);

/* URL of the gateway's UPnP description, or NULL. */
const char *scout_location(const struct scout *s);

#endif
