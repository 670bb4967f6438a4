/* By what a NAT multiplies its timers: its load, and what becomes of them in the course of time. */
#ifndef SIM_NAT_STRETCH_H
#define SIM_NAT_STRETCH_H

#include "base/crypto.h"
#include "sim/nat_spec.h"

/**
 * struct nat_drift - How far timers have drifted; all but @rng zero until the NAT's first packet
 * @began:	When that was
 * @as_of, @log: They were exp(@log) times as long, by the walk, whose chances are its own: the same
 *		whatever packets there are
 */
struct nat_drift {
	bool begun;
	nk_time began, as_of;
	double log;
	struct rng rng;
};

/* The timers of a NAT that holds so much are so many times as long as its spec says. */
double nat_stretch(struct nat_drift *d, const struct nat_spec *spec, unsigned held, nk_time now);

#endif
