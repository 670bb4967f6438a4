/*
 * Sequence numbers of TCP as the hosts of a script count them: a NAT drops what fits no window.
 *
 * Each end of a connection begins at NUMBERS_FIRST, and takes for granted, until it has got
 * something, that so does the other. So a connection can begin in its middle.
 */
#ifndef KERNEL_NUMBERS_H
#define KERNEL_NUMBERS_H

#include "sim/packet.h"

#define NUMBERS_FIRST 1000000
#define NUMBERS_MAX   512

/* One end: what @local has sent to @remote, and got from it. */
struct numbers_end {
	struct addr local, remote;
	uint32_t next, expected;
};

struct numbers {
	unsigned count;
	struct numbers_end ends[NUMBERS_MAX];
};

/* Fills in @p->seq and @p->ack of a packet with @payload bytes that is about to be sent. */
void numbers_sent(struct numbers *n, struct packet *p, size_t payload);

/* A packet has come to whom it is for. */
void numbers_got(struct numbers *n, const struct packet *p, size_t payload);

#endif
