/* One direction of a link: when a packet arrives, and whether. */
#ifndef SIM_LINK_H
#define SIM_LINK_H

#include <stdbool.h>

#include "base/crypto.h"
#include "base/time.h"
#include "sim/net.h"

/**
 * struct link - A link and the state of its bursts
 * @rng:	Its own, so that what it loses does not depend on who else sends when
 * @bad:	It was losing all at time @as_of
 */
struct link {
	struct link_spec spec;
	struct link_stats stats;
	struct rng rng;
	bool bad;
	nk_time as_of;
};

#define LINK_COPIES_MAX 2

/**
 * struct link_copy - A packet that arrives
 * @at:		When it is complete
 * @disordered:	Its first fragment was not the first to come
 */
struct link_copy {
	nk_time at;
	bool disordered;
};

uint32_t link_mtu(const struct link *l);

/* A packet of so many fragments enters at @now, which never goes backwards. Sets when its copies
 * come. Return: how many there are, 0 if it is lost, as it is with any of its fragments. */
unsigned link_carry(struct link *l, unsigned fragments, nk_time now,
		    struct link_copy copies[LINK_COPIES_MAX]);

#endif
