/*
 * One side's NAT gives ports at random, the other side's port is known: the random side opens
 * many, the other probes many, and some pair meets (the birthday paradox).
 *
 * The opener sends from BIRTHDAY_SOCKETS sockets to the peer's known address. The prober sends
 * from its one socket to BIRTHDAY_PROBES ports, none of them twice. Whichever of two
 * that meet is the later gets through what the other opened; and when the prober is done
 * the opener sends once more, so that only two losses in a row undo a meeting.
 */
#ifndef CORE_PUNCH_BIRTHDAY_H
#define CORE_PUNCH_BIRTHDAY_H

#include "base/crypto.h"
#include "core/punch/tactic.h"

#define BIRTHDAY_GAP     (10 * NK_MS) /* between packets: 100 a second */
#define BIRTHDAY_SOCKETS 256
#define BIRTHDAY_PROBES  1024
#define BIRTHDAY_SPAN    ((BIRTHDAY_PROBES + BIRTHDAY_SOCKETS) * BIRTHDAY_GAP)
#define BIRTHDAY_LOWEST  1024 /* NATs give no ports below */
#define BIRTHDAY_PORTS   (65536 - BIRTHDAY_LOWEST)

/**
 * struct birthday - A run of it; plain data, no end needed
 * @opens:	We open; otherwise we probe
 * @to:		Opening: the peer's known address. Probing: its IP
 * @socket:	Opening: the first of BIRTHDAY_SOCKETS. Probing: the one
 * @sent:	Packets so far
 * @probed:	Bit by port less BIRTHDAY_LOWEST
 */
struct birthday {
	bool opens;
	struct addr to;
	uint32_t socket;
	unsigned sent;
	nk_time due;
	struct rng *rng;
	uint64_t probed[BIRTHDAY_PORTS / 64];
};

/* @rng is borrowed for the run. */
void birthday_start(struct birthday *b, bool opens, const struct addr *to, uint32_t socket,
		    struct rng *rng, nk_time now);

/* The next aim that is due; false if there is none now. */
bool birthday_next(struct birthday *b, struct aim *out, nk_time now);

/* When the next one is due; NK_NEVER: it is over. */
nk_time birthday_deadline(const struct birthday *b);

#endif
