/* One direction of a link: when a packet arrives, and whether. */
#ifndef SIM_LINK_H
#define SIM_LINK_H

#include <stdbool.h>

#include "base/crypto.h"
#include "base/time.h"
#include "sim/world.h"

/**
 * struct link - A link and the state of its bursts
 * @bad:	It was losing all at time @as_of
 */
struct link {
	struct link_spec spec;
	bool bad;
	nk_time as_of;
};

#define LINK_COPIES_MAX 2

/* A packet enters at @now, which never goes backwards. Sets the arrival times of its copies.
 * Return: how many there are, 0 if it is lost. */
unsigned link_carry(struct link *l, struct rng *rng, nk_time now, nk_time at[LINK_COPIES_MAX]);

#endif
