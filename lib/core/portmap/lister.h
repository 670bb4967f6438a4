/*
 * What gateways offer, and the ports that are open on them as far as they tell: UPnP lists all of them; PCP and
 * NAT-PMP none.
 */
#ifndef CORE_PORTMAP_LISTER_H
#define CORE_PORTMAP_LISTER_H

#include "core/core.h"
#include "core/portmap/result.h"
#include "wire/upnp_msg.h"

#define LISTER_GATEWAYS_MAX 8
#define LISTER_ENTRIES_MAX  512 /* of all gateways together */
#define LISTER_STREAM       1   /* id of the stream to the UPnP worker */

/**
 * struct lister_options - Whom to ask
 * @gateways, @locals: @count of each, of one family, port 0
 * @limit:	How long to wait for protocols that are silent
 * @upnp:	There is a worker at the end of the stream
 */
struct lister_options {
	struct addr gateways[LISTER_GATEWAYS_MAX], locals[LISTER_GATEWAYS_MAX];
	unsigned count, protocols;
	nk_time limit;
	bool upnp;
};

/**
 * struct lister_entry - A port that is open
 * @gateway:	Number of the gateway
 * @lease_s:	Left, 0: it does not end by itself
 */
struct lister_entry {
	unsigned gateway;
	uint8_t ip_protocol;
	uint16_t external_port;
	struct addr client;
	uint32_t lease_s;
	char description[UPNP_DESCRIPTION];
};

struct lister; /* lister_new() to lister_free() */

/* Return: NULL without memory. lister_free() takes NULL. */
struct lister *lister_new(const struct lister_options *options, const uint8_t seed[static 32],
			  nk_time now);
void lister_free(struct lister *l);

const struct portmap_gateway *lister_gateway(const struct lister *l, unsigned i);

/* The entries, *@count of them, in the order of each gateway; *@cut: there are more than could be listed. */
const struct lister_entry *lister_entries(const struct lister *l, unsigned *count, bool *cut);

extern const struct core_ops lister_ops;

#endif
