/*
 * Ports that a NAT with a step will give next, aimed at one after the other.
 *
 * Three ways to stand towards such a NAT, and each side takes one:
 *
 * - Sweep: one socket of ours sends to last port + step * {1 .. n}. The peer's NAT gave its
 *   only mapping towards us one of these ports, however many foreign mappings came between.
 * - Wait: only the peer sweeps; our ordinary check to it makes the mapping that it looks for.
 * - Stand: both NATs map each destination port anew, so that sweeping moves our own port too.
 *   Then one side sweeps and the other stands: from n sockets it sends to one port of the sweeper's,
 *   the one that his NAT is to give in the middle of his sweep. That packet of the sweeper
 *   goes to a port that one of our n sockets has. In numbers: with foreign mappings f on his NAT,
 *   g on ours, he sends his i-th packet from port i + f to port i; we send our j-th from port
 *   j + g to port c. They meet at i = c - f, j = c - f - g, so all goes well while both lie in
 *   1 .. n. Two sweeps would meet only if the errors of both guesses cancelled out.
 *
 * Each pass sends the same again: what the first opened, the second gets through.
 */
#ifndef CORE_PUNCH_PREDICT_H
#define CORE_PUNCH_PREDICT_H

#include "core/punch/candidate.h"
#include "core/punch/tactic.h"

#define PREDICT_GAP    (10 * NK_MS) /* between packets: 100 a second */
#define PREDICT_PASSES 2
#define PREDICT_MAX    256 /* packets of a pass */
#define PREDICT_STAND  96  /* sockets of the one who stands, and packets of the one who sweeps */

enum predict_role { PREDICT_WAIT, PREDICT_SWEEP, PREDICT_STANDS };

/**
 * struct predict_config - What is known when it begins
 * @ours, @theirs: The NATs
 * @to:		The peer's public IP, the only one aimed at; its port is ignored
 * @role:	From predict_role()
 * @age:	How old the hints are
 * @moved:	Mappings that each side has made since then by its own sending, such as in earlier rounds
 * @socket:	The one to sweep from; @first_fresh: the first of PREDICT_STAND to stand with
 */
struct predict_config {
	struct nat_hint ours, theirs;
	struct addr to;
	enum predict_role role;
	nk_time age;
	unsigned moved;
	uint32_t socket, first_fresh;
};

/**
 * struct predict - A run of it; plain data, no end needed
 * @first, @step: The first port aimed at, and from each to the next (0: always the same)
 * @count:	Packets of a pass, @sent: of all passes
 */
struct predict {
	struct addr to;
	enum predict_role role;
	int first, step;
	unsigned count, sent;
	uint32_t socket;
	nk_time due;
};

/* Which part a side takes; @first: it sweeps where one of two must (the caller, and on the
 * second try the callee). */
enum predict_role predict_role(const struct nat_hint *ours, const struct nat_hint *theirs,
			       bool first);

void predict_start(struct predict *p, const struct predict_config *config, nk_time now);

/* The next aim that is due; false if there is none now. */
bool predict_next(struct predict *p, struct aim *out, nk_time now);

/* When the next one is due; NK_NEVER: it is over. */
nk_time predict_deadline(const struct predict *p);

#endif
