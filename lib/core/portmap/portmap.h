/*
 * One mapping on one gateway, made, held and removed by the best protocol that there is.
 *
 * All protocols are scouted at once; then they are tried in order of preference, each as soon as those before it
 * are known to be of no use. A mapping is renewed at half its life (RFC 6886 section 3.3, RFC 6887 section 11.2.1),
 * made again when the gateway's epoch says that it has lost its state (RFC 6887 section 8.5, RFC 6886
 * section 3.6), when an announcement says so, or when a renewal gives another port; and removed at the end. What
 * a protocol left half done (an answer that was lost) is removed too.
 */
#ifndef CORE_PORTMAP_PORTMAP_H
#define CORE_PORTMAP_PORTMAP_H

#include "base/crypto.h"
#include "core/core.h"
#include "core/portmap/result.h"
#include "core/portmap/upnp_line.h"

#define PORTMAP_SOCKETS    3 /* from @first_socket on */
#define PORTMAP_NONCE      12
#define PORTMAP_LIFETIME_S 7200 /* RFC 6886 section 3.3 */

/**
 * struct portmap_config - What is wanted
 * @gateway:	Port 0
 * @internal:	Our address, of the same family, and the port
 * @ip_protocol: 6 or 17
 * @external_port: Wanted, 0: any. @strict: that one or none
 * @remote:	Only from there may be sent (PCP FILTER, pinholes); all zero: from anywhere
 * @lifetime_s:	To ask for; 0: PORTMAP_LIFETIME_S; a day at most (RFC 6887 section 15)
 * @protocols:	Bits of those that may be used
 * @nonce:	PCP: whoever has it may change the mapping; of an earlier run to take it over. All zero: one is drawn
 * @pinhole:	Of a removal by UPnP for IPv6: the id that the mapping had
 * @detach:	It is to outlive us: nothing is removed at the end, nor should we die
 * @upnp:	The line to the worker, borrowed; NULL: no UPnP
 * @limit:	How long scouting may wait for silent protocols; for UPnP, and as long as none has answered, 2 s more
 * @announced:	Id of a socket of the owner's that gets announcements (port 5350), or 0
 */
struct portmap_config {
	struct addr gateway, internal, remote;
	uint8_t ip_protocol;
	uint16_t external_port;
	bool strict, detach;
	uint32_t lifetime_s;
	unsigned protocols;
	uint8_t nonce[PORTMAP_NONCE];
	uint16_t pinhole;
	uint32_t first_socket;
	struct upnp_line *upnp;
	nk_time limit;
	uint32_t announced;
};

struct portmap; /* portmap_new() to portmap_free() */

/* @rng is used as long as it lives. Return: NULL without memory. portmap_free() takes NULL. */
struct portmap *portmap_new(const struct portmap_config *config, struct rng *rng, nk_time now);
void portmap_free(struct portmap *p);

/* Return: true if the event was its own. Announcements are never its own: all may want them. */
bool portmap_input(struct portmap *p, const struct event *ev, nk_time now);
bool portmap_output(struct portmap *p, struct action *action, nk_time now);
nk_time portmap_deadline(const struct portmap *p);

/*
 * CORE_BUSY until it has failed or was released; CORE_DONE then, and its sockets are closed. What was held once
 * never fails: if the gateway has lost it, it is tried again and again, at last every 17 minutes.
 */
int portmap_status(const struct portmap *p);

/* Removes the mapping, unless it was to be detached; gives up after a few seconds. */
void portmap_release(struct portmap *p, nk_time now);

/* It is not to outlive us after all: a release removes it. */
void portmap_claim(struct portmap *p);

/* Looks now whether the mapping is still there: the network may have changed, or the machine slept. */
void portmap_doubt(struct portmap *p, nk_time now);

const struct portmap_mapping *portmap_result(const struct portmap *p);
const struct portmap_gateway *portmap_gateway(const struct portmap *p);

/* The same of a mapping of an earlier run (a file has told of it), by @protocol: removed and nothing else. */
struct portmap *portmap_new_removal(const struct portmap_config *config,
				    enum portmap_protocol protocol, uint16_t external_port,
				    struct rng *rng, nk_time now);

#endif
