/*
 * The router that may open ports for us, and what is believed of it: whether it speaks PCP, NAT-PMP
 * or UPnP, kept per network in a small JSON file. Callers do not ask for what has never worked here
 * of late; listeners have the time to ask for all.
 */
#ifndef NATPUNCH_ROUTER_H
#define NATPUNCH_ROUTER_H

#include <limits.h>

#include "core/belief/link.h"
#include "core/call/natpunch.h"
#include "desk/network.h"
#include "desk/worker.h"

/**
 * struct router - All of it
 * @wanted:	Ports are to be asked for
 * @path:	The file; empty: nowhere to keep it
 * @unix_us:	Unix time at nk_time 0
 * @belief:	That a mapping is had, by protocol
 */
struct router {
	bool wanted;
	struct upnp_worker worker;
	char path[PATH_MAX];
	struct network network;
	int64_t unix_us;
	struct link_belief belief[PORTMAP_PROTOCOLS];
};

/* Starts the UPnP worker, where ports are wanted: before there are other threads. */
void router_begin(struct router *r, bool wanted, int64_t unix_us);
void router_end(struct router *r);

/* Finds the gateway towards the broker, and what is believed of it. */
void router_look(struct router *r, struct punch_options *options, const char *interface,
		 nk_time now);

/* What the run has found, for the next ones. */
void router_learn(struct router *r, const struct natpunch *run, nk_time now);

#endif
