/*
 * How many boxes lie between us and a server, and at which addresses: one request of each TTL.
 *
 * Each TTL has a socket of its own: an ICMP error may quote too little to tell requests apart
 * otherwise. The least TTL that is answered tells the number of boxes; ICMP time-exceeded messages
 * tell addresses, unprivileged (IP_RECVERR). What is lost is asked again. A hop that has told its
 * address is asked once more: of two round trips the shorter one has less of our own in it, and
 * boxes have few ICMP errors to give.
 */
#ifndef CORE_NATMAP_TRACE_H
#define CORE_NATMAP_TRACE_H

#include "base/crypto.h"
#include "core/core.h"
#include "core/natmap/result.h"

#define TRACE_SOCKETS NATMAP_HOPS_MAX /* ids from @first_socket on */

/**
 * struct trace_config - Where to look
 * @server:	A STUN server; @local: address to bind, port 0
 * @rtt:	To it, 0: not known
 * @tries:	How often to ask those that do not answer, 0: as often as is of use
 * @limit:	How long to wait at most
 */
struct trace_config {
	struct addr server, local;
	uint32_t first_socket;
	unsigned tries;
	nk_time rtt, limit;
};

struct trace; /* trace_new() to trace_free() */

/* Return: NULL without memory. trace_free() takes NULL. */
struct trace *trace_new(void);
void trace_free(struct trace *t);

/* Once, and before all that follows. @rng is used as long as it lives. */
void trace_start(struct trace *t, const struct trace_config *config, struct rng *rng, nk_time now);

/* Return: true if the event was its own. */
bool trace_input(struct trace *t, const struct event *ev, nk_time now);
bool trace_output(struct trace *t, struct action *action, nk_time now);
nk_time trace_deadline(const struct trace *t);

/* What is not known yet stays so. */
void trace_stop(struct trace *t);

/* CORE_BUSY, then CORE_DONE; its sockets are closed then. */
int trace_status(const struct trace *t);

/* How many boxes there are is known; only addresses may be missing. */
bool trace_counted(const struct trace *t);

/* Whether an ICMP error says that the TTL ended at who sent it. */
bool trace_is_time_exceeded(const struct event *ev);

/* Writes @path->reached, @path->count, @path->back by the TTL that the server's answers had left,
 * the addresses and round trips of hops, and who refused. */
void trace_report(const struct trace *t, struct path_result *path);

#endif
