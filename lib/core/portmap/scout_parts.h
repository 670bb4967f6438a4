/* What asking a gateway and hearing it share. */
#ifndef CORE_PORTMAP_SCOUT_PARTS_H
#define CORE_PORTMAP_SCOUT_PARTS_H

#include "core/portmap/door.h"
#include "core/portmap/retry.h"
#include "core/portmap/scout.h"
#include "core/portmap/upnp_line.h"

enum { CONTROL, SEARCH }; /* sockets: to the gateway's port 5351, and for SSDP */

/**
 * struct scout - A look at one gateway
 * @known:	By protocol: nothing more is waited for
 * @asked:	When first; @ask: when again
 * @search:	Of a round of SEARCHES, which is next; @no_direct: nobody is at the gateway's own port
 * @describe:	Id of the request to the worker, or 0; @described_until: it is given up
 */
struct scout {
	struct scout_config config;
	struct rng *rng;
	struct portmap_gateway result;
	nk_time ends;
	struct door doors[SCOUT_SOCKETS];
	bool known[PORTMAP_PROTOCOLS];
	nk_time asked[PORTMAP_PROTOCOLS];
	struct retry ask[PORTMAP_PROTOCOLS];
	unsigned search;
	bool no_direct;
	char location[UPNP_URL];
	uint32_t describe;
	nk_time described_until;
};

/* Nothing more is waited for of that protocol. */
void scout_settle(struct scout *s, enum portmap_protocol p, enum portmap_why why);

void scout_hear_control(struct scout *s, const struct event *ev, nk_time now);
void scout_hear_search(struct scout *s, const struct event *ev, nk_time now);
void scout_described(struct scout *s, const struct upnp_reply *r, nk_time now);

#endif
