/*
 * Ports that our gateway opens (core/portmap), each for one socket that punches: asked for as soon
 * as there is the socket, told to the peer if they are there in time, and closed when the socket is
 * not used any more. Nothing waits for one, but that which is open is closed before the run ends.
 *
 * The gateway is asked for all protocols at first, then only for the one that it had. If it has
 * none, it is left alone for ten minutes.
 */
#ifndef CORE_CALL_DOORS_H
#define CORE_CALL_DOORS_H

#include "base/crypto.h"
#include "core/core.h"
#include "core/portmap/portmap.h"
#include "core/portmap/upnp_line.h"
#include "core/punch/candidate.h"

#define DOORS_MAX 8 /* of all calls; more calls go without */
#define DOORS_IDS (DOORS_MAX * PORTMAP_SOCKETS)

/**
 * struct doors_config - Whom to ask
 * @gateway, @local: The next hop of IPv4 and our address towards it, ports 0; all zero: there is
 *		none to ask
 * @protocols:	Bits of those to ask for: what is believed of this network; 0: none
 * @upnp:	There is a worker (io/upnp.h) at the stream
 */
struct doors_config {
	struct addr gateway, local;
	unsigned protocols;
	bool upnp;
};

/* Bits of the protocols by which a port was opened, and of those by which none could be. */
struct doors_found {
	unsigned worked, failed;
};

/**
 * struct door - One of them
 * @map:	NULL: no door
 * @wanted:	Its socket is still there; @failed: that it has none is known
 */
struct door {
	struct portmap *map;
	uint32_t socket;
	uint16_t port;
	bool wanted, failed;
	struct addr gateway, local;
};

/**
 * struct doors - All of them, and what the gateway was found to speak
 * @config:	Borrowed; it changes when the network does
 * @protocols:	Bits of those that are worth asking for at @gateway, by @found there
 * @again_at:	When nothing is to be asked before
 */
struct doors {
	const struct doors_config *config;
	struct rng *rng;
	uint32_t first_id;
	struct upnp_line line;
	struct door list[DOORS_MAX];
	struct addr gateway, local;
	unsigned protocols;
	struct doors_found found;
	nk_time again_at;
};

/* Ids are @first_id to + DOORS_IDS, and @stream for the worker; @config and @rng are borrowed. */
void doors_init(struct doors *d, const struct doors_config *config, uint32_t first_id,
		uint32_t stream, struct rng *rng);
void doors_free(struct doors *d);

/* One might be had, as far as is known. */
bool doors_may_be_had(const struct doors *d, nk_time now);

/* The gateway is left alone for ten minutes: there was no socket or no memory. */
void doors_leave(struct doors *d, nk_time now);

/* A socket of IPv4 that is bound to @port and shall have one. */
void doors_want(struct doors *d, uint32_t socket, uint16_t port, nk_time now);

/* The socket is no more, or needs none. */
void doors_drop(struct doors *d, uint32_t socket);

/* What has become of it; NULL: it has none. */
const struct portmap_mapping *doors_of(const struct doors *d, uint32_t socket);

/* The address and port outside, all zero as long as there are none of use: what does not lead to
 * where the broker sees us, by @gathered, does not lead to us. */
struct addr doors_external(const struct doors *d, uint32_t socket,
			   const struct candidates *gathered);

/* Return: true if the event was their own. All are looked at after EVENT_RESUMED and
 * EVENT_LINK_LOST. */
bool doors_input(struct doors *d, const struct event *ev, nk_time now);
bool doors_output(struct doors *d, struct action *action, nk_time now);
nk_time doors_deadline(const struct doors *d);

/* Nothing is open, or asked for, any more. */
bool doors_are_closed(const struct doors *d);

#endif
