/* SYNs that were not let in, and whose answers are held back: RFC 5382 REQ-4. */
#ifndef SIM_NAT_LATE_H
#define SIM_NAT_LATE_H

#include <stdbool.h>

#include "base/time.h"
#include "sim/packet.h"

#define NAT_LATE_MAX 64 /* what comes when there are so many is never answered */

/* A ring, in the order in which they are due. */
struct nat_late {
	struct {
		nk_time due;
		struct packet_quote syn;
	} held[NAT_LATE_MAX];
	unsigned first, count;
};

/* @syn will be due at @due, unless it is there already: the answer to a SYN is the answer to its
 * repetitions. */
void nat_late_hold(struct nat_late *l, const struct packet_quote *syn, nk_time due);

/* When the next is due, or NK_NEVER. */
nk_time nat_late_next(const struct nat_late *l);

/* Takes the next; there must be one. */
struct packet_quote nat_late_pop(struct nat_late *l);

#endif
