/* The gateways of all ways, scouted at once over one line to the UPnP worker. */
#ifndef CORE_PORTMAP_SCOUTS_H
#define CORE_PORTMAP_SCOUTS_H

#include "core/portmap/scout.h"
#include "core/portmap/upnp_line.h"

#define SCOUTS_MAX     8
#define SCOUTS_SOCKETS (SCOUTS_MAX * SCOUT_SOCKETS) /* from @first_socket on */

/**
 * struct scouts_config - Whom to ask
 * @gateways, @locals: @count of them; without a gateway (all zero) there is nobody to ask
 * @upnp:	Id of the stream to the UPnP worker, 0: there is none
 * @protocols, @limit: As of one scout
 */
struct scouts_config {
	struct addr gateways[SCOUTS_MAX], locals[SCOUTS_MAX];
	unsigned count;
	uint32_t first_socket, upnp;
	unsigned protocols;
	nk_time limit;
};

struct scouts; /* scouts_new() to scouts_free() */

/* @rng is used as long as it lives. Return: NULL without memory. scouts_free() takes NULL. */
struct scouts *scouts_new(const struct scouts_config *config, struct rng *rng);
void scouts_free(struct scouts *s);
void scouts_start(struct scouts *s, nk_time now);

/* Return: true if the event was its own. */
bool scouts_input(struct scouts *s, const struct event *ev, nk_time now);
bool scouts_output(struct scouts *s, struct action *action, nk_time now);
nk_time scouts_deadline(const struct scouts *s);
bool scouts_busy(const struct scouts *s);

/* What is not known yet stays so. */
void scouts_stop(struct scouts *s);

/* What is known of a gateway so far; a protocol of which that is nothing is PORTMAP_UNHEARD. */
void scouts_result(const struct scouts *s, unsigned i, struct portmap_gateway *out);

#endif
