/*
 * Ports that a NAT with a step will give next, aimed at one after the other.
 *
 * - Sweep: the peer has one mapping towards us, and its port is one of last port + step * {1 .. n},
 *   however many foreign mappings came between. One socket of ours sends to each.
 * - Walk and stand: both NATs map each destination port anew, so that a sweep moves our own port
 *   too. One side walks: from one socket to the ports that the other's NAT is to give. The
 *   other stands: from n sockets to one port, the one that the walker's NAT is to give in mid-walk. With f
 *   foreign mappings on the walker's NAT and g on the other, the walker's i-th packet goes from port
 *   i + f to port i, and the j-th of those who stand from port j + g to port c. They meet at
 *   i = c - f, j = c - f - g: all is well while both are within 1 .. n. (Two sweeps would
 *   meet only if the errors of both guesses cancelled out.)
 * - Shot: ours is known, but only towards the first destination of a fresh socket. The peer
 *   stands, and ours goes to the middle of where it stands, again and again.
 *
 * Of two packets that meet, the later one gets through what the earlier has opened.
 */
#ifndef CORE_PUNCH_PREDICT_H
#define CORE_PUNCH_PREDICT_H

#include "core/punch/candidate.h"
#include "core/punch/tactic.h"

#define PREDICT_GAP     (10 * NK_MS) /* between packets: 100 a second */
#define PREDICT_SHOTS   20
#define PREDICT_STAND   96  /* sockets of who stands, and packets of who walks */
#define PREDICT_SWEEP   64  /* packets of a sweep, and more where foreign mappings are expected */
#define PREDICT_LONGEST 256 /* packets of any run */

enum predict_role { PREDICT_SWEEPS, PREDICT_WALKS, PREDICT_STANDS, PREDICT_SHOOTS };

/**
 * struct predict_config - What is known when it begins
 * @theirs:	The peer's NAT
 * @to:		The peer's public IP, the only one aimed at. With a port if that is known, to stand
 *		towards it; otherwise the port is 0
 * @age:	How old @theirs is
 * @moved:	Ports to leave out: mappings that earlier rounds have made or looked for
 * @socket:	To send from; to stand: the first of PREDICT_STAND
 */
struct predict_config {
	enum predict_role role;
	struct nat_hint theirs;
	struct addr to;
	nk_time age;
	unsigned moved;
	uint32_t socket;
};

/**
 * struct predict - A run of it; plain data, no end needed
 * @last, @step: Ports are counted from here, in such steps
 * @first:	The first aim's port, in steps; then @port_by more each, and @socket_by sockets
 * @count:	Packets, @sent so far; @gap between two
 */
struct predict {
	struct addr to;
	int last, step, first;
	int port_by;
	uint32_t socket, socket_by;
	unsigned count, sent;
	nk_time gap, due;
};

void predict_start(struct predict *p, const struct predict_config *config, nk_time now);

/* How long it takes. */
nk_time predict_span(const struct predict *p);

/* The next aim that is due; false if there is none now. */
bool predict_next(struct predict *p, struct aim *out, nk_time now);

/* When the next one is due; NK_NEVER: it is over. */
nk_time predict_deadline(const struct predict *p);

#endif
