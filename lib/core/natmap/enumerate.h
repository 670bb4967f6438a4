/*
 * Which boxes on the way keep state, and for how long: TTL-driven enumeration, after P. Richter et
 * al., "A Multi-perspective Analysis of Carrier-Grade NAT Deployment" (IMC 2016), and Netalyzr.
 *
 * NATs and firewalls forget a flow that was silent for longer than their timer. A packet of a small
 * TTL refreshes the flow at the boxes that it reaches, and goes no further. So a flow can be kept
 * alive at every box but one, by keepalives of ours that end at the hop before that box, and of the
 * broker's that end at the hop beyond it. Here hop 2 hears of neither:
 *
 *	           hop 1       hop 2       hop 3
 *	   we ----- NAT ------- NAT ------ router ----- broker
 *	    -------->|                       |<-----------
 *
 * After some silence there, the broker sends one packet all the way. If it comes, hop 2 keeps no
 * state, or for longer than that; if not, it keeps state, and its timer is shorter. The same for
 * each hop, and at many silences, finds all boxes that keep state, and their timers.
 *
 * Our keepalives take no privilege (IP_TTL). The broker is asked for its own (PROBE_HOLD), and for
 * packets all the way (PROBE_ASK). How many boxes there are is known from the trace (trace.h), and
 * on the way back from the TTL that the broker's packets have left.
 *
 * All hops run side by side, on many mappings that are opened early, each on a fresh local port,
 * since one that was sent through is silent no more. Those that are silent everywhere are asked at
 * rising silences; when they have ended, so may have those of any hop, and each hop's are asked
 * from there on (probe/lane.h). A hop's life is a posterior (belief/timeout.h); one lost packet
 * decides nothing. Boxes may end each other's mappings: explain.h tells which of them it was.
 *
 * No mapping is made faster than the pace or beyond the limit, and no more are held than can be
 * kept alive gently; where a NAT gives fewer, fewer silences are tried.
 */
#ifndef CORE_NATMAP_ENUMERATE_H
#define CORE_NATMAP_ENUMERATE_H

#include "base/crypto.h"
#include "core/core.h"
#include "core/natmap/explain.h"

#define ENUMERATE_FLOWS_MAX 768
#define ENUMERATE_SOCKETS   (ENUMERATE_FLOWS_MAX + 1) /* ids from @first_socket on */

/**
 * struct enumerate_config - Where to look
 * @broker:	With PROBE_ABLE_HOLD; @local: address to bind, port 0
 * @count:	Boxes on the way there, from the trace; @back: on the way back, 0: to be found out
 * @max:	Longest timeout to look for
 * @mappings, @pace: As in the options
 */
struct enumerate_config {
	struct addr broker, local;
	unsigned count, back;
	nk_time max;
	unsigned mappings;
	nk_time pace;
	uint32_t first_socket;
};

/* For a progress bar and events. @stage: a few words; @left_max: the longest that it can still
 * take. */
struct enumerate_progress {
	char stage[96];
	double done;
	nk_time left_max;
};

struct enumerate; /* large; enumerate_new() to enumerate_free() */

/* Return: NULL without memory. enumerate_free() takes NULL. */
struct enumerate *enumerate_new(void);
void enumerate_free(struct enumerate *e);

/* Once, and before all that follows. @rng is used as long as it lives. */
void enumerate_start(struct enumerate *e, const struct enumerate_config *config, struct rng *rng);
bool enumerate_input(struct enumerate *e, const struct event *ev, nk_time now);
bool enumerate_output(struct enumerate *e, struct action *action, nk_time now);
nk_time enumerate_deadline(const struct enumerate *e);

/* Ends it before its time: by the next outputs the broker lets go of all mappings, and sockets are
 * closed. */
void enumerate_stop(struct enumerate *e);

/* CORE_BUSY; CORE_DONE: all hops are decided, or @max was reached; NK_ERR_UNREACHABLE: the broker
 * is silent, or cannot do this; NK_ERR_STOPPED. */
int enumerate_status(const struct enumerate *e);

/* Writes what is known so far: states and timeouts of hops, @silence, counts. */
void enumerate_report(const struct enumerate *e, struct path_result *path);
void enumerate_progress(const struct enumerate *e, struct enumerate_progress *out, nk_time now);

#endif
