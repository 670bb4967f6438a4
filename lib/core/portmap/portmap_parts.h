/* What the parts of a port mapping share: the ladder of protocols, and the errands to the gateway. */
#ifndef CORE_PORTMAP_PORTMAP_PARTS_H
#define CORE_PORTMAP_PORTMAP_PARTS_H

#include "core/portmap/door.h"
#include "core/portmap/epoch.h"
#include "core/portmap/portmap.h"
#include "core/portmap/retry.h"
#include "core/portmap/scout.h"

#define PORTMAP_LEASE_MAX 86400u     /* RFC 6887 section 15 would have longer ones cut to this */
#define PORTMAP_APART     (4 * NK_S) /* between two renewals: RFC 6887 section 11.2.1 */

enum errand_task {
	ERRAND_MAKE,   /* gives up soon: there are other protocols */
	ERRAND_RENEW,  /* one try of several, all while the mapping lasts */
	ERRAND_REMOVE, /* gives up soon: we are about to end */
};

enum igd_step {
	IGD_CHECK, /* before a renewal: is it still there, and still ours? */
	IGD_ADD,
	IGD_UPDATE,
	IGD_DELETE,
};

/**
 * struct errand - What the gateway is asked to do, by one protocol; one at a time
 * @under_way, @done: It was begun; it has come to @why, which @code tells by the gateway's own number
 * @doubted:	Since it was begun the network may have become another one
 * @external, @lease_s: What a mapping was given
 * @retry:	PCP, NAT-PMP; @odd: it has answered what was not asked
 * @step, @request, @tries, @port: UPnP: what is being asked, its id on the line, ports that were taken, and the
 *		one that is asked for
 */
struct errand {
	bool under_way, done, doubted;
	enum portmap_protocol protocol;
	enum errand_task task;
	enum portmap_why why;
	unsigned code;
	struct addr external;
	uint32_t lease_s;
	struct retry retry;
	bool odd;
	enum igd_step step;
	uint32_t request;
	unsigned tries;
	uint16_t port;
};

enum portmap_phase {
	PHASE_CLIMB,  /* from the best protocol to the last */
	PHASE_HOLD,   /* a mapping is there, or was and is to be there again by the same protocol */
	PHASE_PAUSE,  /* all failed, though there was one before */
	PHASE_REMOVE, /* what there is, or may be */
	PHASE_OVER,
};

/**
 * struct portmap - One mapping
 * @rung:	PHASE_CLIMB: the protocol whose turn it is
 * @held_once:	So it never fails for good
 * @lost:	The gateway has lost it, as far as is known; @suspected: somebody says so
 * @refused:	By PCP, as to one without the right nonce: another program of ours may have the port
 * @may_be:	By protocol: something may be there that is to be removed
 * @port:	The external one to ask for
 * @sent:	When a request last left
 * @pause:	Between climbs
 * @removed_by:	PHASE_REMOVE: it is given up
 * @door:	To the gateway's port 5351
 * @ask_address: NAT-PMP: the external address is to be asked for again
 * @location, @igd: UPnP; @permanent: the gateway knows no other leases
 * @given:	UPnP: the external port that is there, or may be; @pinhole: its id
 */
struct portmap {
	struct portmap_config config;
	struct rng *rng;
	struct scout *scout;
	struct portmap_mapping mapping;
	enum portmap_phase phase;
	unsigned rung;
	struct errand errand;
	bool held_once, lost, suspected, refused;
	bool may_be[PORTMAP_PROTOCOLS];
	uint16_t port;
	nk_time sent;
	struct retry pause;
	nk_time removed_by;
	struct door door;
	struct epoch epochs[2];
	bool ask_address;
	char location[UPNP_URL];
	unsigned igd;
	bool permanent;
	uint16_t given, pinhole;
};

/* Does what is due of the ladder. Return: true if anything has changed, and more may be due. */
bool ladder_step(struct portmap *p, nk_time now);

void errand_begin(struct portmap *p, enum portmap_protocol protocol, enum errand_task task,
		  nk_time now);
void errand_end(struct errand *e, enum portmap_why why, unsigned code);

/* A lease that was granted: it is checked, and the errand ends. */
void errand_grant(struct portmap *p, const struct addr *external, uint32_t lease_s);

/* PCP and NAT-PMP, over the socket to the gateway's port 5351. */
void gateway_begin(struct portmap *p, nk_time now);
void gateway_hear(struct portmap *p, const struct event *ev, nk_time now);
void gateway_closed(struct portmap *p, const struct event *ev);
void gateway_hear_announcement(struct portmap *p, const struct event *ev, nk_time now);
bool gateway_output(struct portmap *p, struct action *action, nk_time now);

/* UPnP, over the line. */
void igd_begin(struct portmap *p, nk_time now);
void igd_step(struct portmap *p, nk_time now);

/* What errands find out beside what they were for: the gateway has lost the mapping; it is at another address. */
void ladder_lost(struct portmap *p, nk_time now);
void ladder_moved(struct portmap *p, const struct addr *external);

/* It may have lost it, as somebody says: it is asked, soon and once. */
void ladder_suspect(struct portmap *p, nk_time now);

/* Pauses between climbs; the first ends @at. */
void ladder_pause(struct portmap *p, nk_time at);

#endif
