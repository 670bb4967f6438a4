/* What the talk of a look with its broker, and the verdict that comes of it, share. */
#ifndef CORE_PORTMAP_REACH_PARTS_H
#define CORE_PORTMAP_REACH_PARTS_H

#include "core/portmap/reach.h"
#include "core/portmap/retry.h"
#include "wire/probe_msg.h"

/* What is asked of the broker: to know us, and then to visit the port and what came of that. */
enum reach_stage {
	STAGE_CONTROL, /* the control socket is being opened */
	STAGE_SESSION,
	STAGE_PORT, /* the port is being opened */
	STAGE_VISIT,
	STAGE_ARRIVAL, /* it has been, or was let in: @until is the time for us to see it */
	STAGE_OVER,
};

/**
 * struct reach - One look
 * @tid, @request: The request that is not answered yet
 * @visit_tid:	Of the request that began the visit
 * @opened:	Bits of the sockets that are open, or being opened; @wanted: are to be
 * @taken:	Somebody has the port, or @barred: we may not listen there
 * @knocked:	Somebody was at the door: @knocker
 * @told:	By the broker last
 * @goodbye:	The session is to be ended
 */
struct reach {
	struct reach_config config;
	struct rng *rng;
	nk_time started;
	struct reach_result result;
	enum reach_stage stage;
	struct retry request;
	uint8_t tid[STUN_TID], visit_tid[STUN_TID];
	uint64_t cookie, token;
	uint32_t abilities;
	unsigned opened, wanted;
	bool taken, barred, knocked, goodbye;
	struct addr knocker;
	enum probe_reach told;
	nk_time until;
};

/* The broker is asked for what the stage is, from @at on. */
void reach_ask(struct reach *r, nk_time at);

/* The broker is to come; what it tells of that; who was at the door; and whose datagram came in. */
void reach_visit(struct reach *r, nk_time now);
void reach_told(struct reach *r, enum probe_reach reach, nk_time now);
void reach_knocked(struct reach *r, const struct addr *from, nk_time now);
void reach_seen(struct reach *r, const struct addr *from, nk_time now);

/* Nobody was seen in time. */
void reach_missed(struct reach *r, nk_time now);

void reach_end(struct reach *r, enum reach_verdict verdict, enum reach_why why, nk_time now);

#endif
