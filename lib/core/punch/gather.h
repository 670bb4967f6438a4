/*
 * Before a call: what candidates do we have, and what is our NAT like? All at once,
 * with the sockets that the punch will use, and a few more that tell how ports go.
 *
 * - Binding to the broker: the server-reflexive candidate, and the round trip.
 * - Binding to its alternate address and ports: the mapping class, the step.
 * - Low-TTL calibration (science: Dolphin's way): for each TTL k a socket sends a packet of
 *   that TTL to the alternate address, then asks by CHANGE-REQUEST for an answer
 *   from there; the smallest k whose answer comes passes all our NATs.
 *
 * Whatever is not answered stays unknown. It takes two round trips, and no more than @limit.
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
 * @hosts:	@host_count addresses of this machine's interfaces, for host candidates; ports ignored
 * @quick:	No calibration and no step: candidates alone
 * @limit:	Most time that it may take, such as 1 s
 */
struct gather_config {
	struct addr broker[2];
	uint32_t socket[2];
	bool have[2];
	struct addr local[2];
	uint32_t first_socket;
	struct addr hosts[GATHER_HOSTS];
	unsigned host_count;
	bool quick;
	nk_time limit;
};

struct gather_result {
	struct candidates candidates; /* best first, by RFC 8445; at most two public IPs */
	struct nat_hint hint;
	bool server_heard;
	nk_time rtt;
};

struct gather; /* gather_new() to gather_free() */

struct gather *gather_new(const struct gather_config *config, struct rng *rng, nk_time now);
void gather_free(struct gather *g);
bool gather_input(struct gather *g, const struct event *ev, nk_time now);
bool gather_output(struct gather *g, struct action *action, nk_time now);
nk_time gather_deadline(const struct gather *g);
int gather_status(
	const struct gather *g); /* CORE_BUSY, then CORE_DONE; its own sockets are closed */
const struct gather_result *gather_result(const struct gather *g);

#endif
