/*
 * Before a call: what candidates do we have, and what is our NAT like? All at once,
 * with the sockets that the punch will use, and a few more that tell how ports go.
 *
 * - Binding to the broker: the server-reflexive candidate, and the round trip.
 * - The same from a few fresh sockets at once: how ports are chosen, and the step.
 * - Binding to its alternate address and ports from one of them: the mapping class.
 * - Low-TTL calibration (the way of Dolphin's pull request 11382): for each TTL a socket sends a
 *   packet of that TTL to the alternate address, then asks by CHANGE-REQUEST for an answer
 *   from there; the smallest TTL whose answer comes passes all our NATs.
 * - Where ports go one after the other, at the end the last one, which the peer will count from.
 *
 * Whatever is not answered, or not clearly, stays unknown. It takes two and a half round trips and 30
 * ms, where ports go one after the other 0.2 s and another, and no more than @limit; one round
 * trip if the hint is known.
 */
#ifndef CORE_PUNCH_GATHER_H
#define CORE_PUNCH_GATHER_H

#include "base/crypto.h"
#include "core/core.h"
#include "core/punch/candidate.h"

#define GATHER_SOCKETS 12 /* ids that it may open and close for itself */
#define GATHER_HOSTS   6

/**
 * struct gather_config - What to ask of whom
 * @broker:	Up to one per family, all zero where there is none
 * @socket:	By family (0: IPv4), open, with @local as the address bound
 * @first_socket: GATHER_SOCKETS ids for its own use
 * @want_fresh:	Open @fresh_socket (IPv4) too, for the punch: see @fresh of the result
 * @hosts:	@host_count addresses of this machine's interfaces, for host candidates; ports ignored
 * @quick:	Candidates alone: of the hint, @hint, but the last port is true
 * @limit:	Most time that it may take, such as 1 s
 */
struct gather_config {
	struct addr broker[2];
	uint32_t socket[2];
	bool have[2];
	struct addr local[2];
	uint32_t first_socket;
	bool want_fresh;
	uint32_t fresh_socket;
	struct addr hosts[GATHER_HOSTS];
	unsigned host_count;
	bool quick;
	struct nat_hint hint;
	nk_time limit;
};

/**
 * struct gather_result - What was found
 * @candidates:	Best first, by RFC 8445; at most CANDIDATES_PUBLIC_IPS_MAX public IPs
 * @fresh:	The last candidate is @fresh_socket's, which is left open and has sent nothing: the
 *		NAT keeps the port of a socket's first mapping, but maps each destination anew.
 *		Otherwise @fresh_socket is closed
 * @server_heard: The broker answered; @rtt: within this time
 */
struct gather_result {
	struct candidates candidates;
	struct nat_hint hint;
	bool fresh;
	bool server_heard;
	nk_time rtt;
};

struct gather; /* gather_new() to gather_free() */

/* Return: NULL without memory. gather_free() takes NULL. */
struct gather *gather_new(const struct gather_config *config, struct rng *rng, nk_time now);
void gather_free(struct gather *g);

/* Return: true if the event was the gatherer's own. */
bool gather_input(struct gather *g, const struct event *ev, nk_time now);
bool gather_output(struct gather *g, struct action *action, nk_time now);
nk_time gather_deadline(const struct gather *g);

/* CORE_BUSY, then CORE_DONE; its own sockets are closed then. */
int gather_status(const struct gather *g);
const struct gather_result *gather_result(const struct gather *g);

#endif
