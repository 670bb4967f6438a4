/* What thirty targets on one host cost together, once their NAT is known. */
#ifndef TESTS_SIM_THIRTY_COST_H
#define TESTS_SIM_THIRTY_COST_H

#include "sim/nat_spec.h"

/**
 * struct thirty_cost - Of a quarter of a day, after half a day of learning
 * @wakes:	To those of thirty timers of 15 s; both as struct keeper_result counts them
 * @bytes:	Of all kinds, both ways, to those of three bytes every 15 s, and their answers
 * @fixed:	The same to those of an interval of 0.72 of the NAT's timer of streams, drawn from 80 to
 *		100 % of that
 * @up:		Of the targets, at the end
 */
struct thirty_cost {
	double wakes, bytes, fixed;
	unsigned up;
};

#define THIRTY 30

/* Thirty natbrokers, and a keeper that learns, behind that NAT. @loss: on its link, each way. */
struct thirty_cost thirty_measure(const struct nat_spec *nat, double loss);

/* Whether it is as cheap as it shall be. */
bool thirty_is_cheap(const struct thirty_cost *c, const struct nat_spec *nat, double loss);

#endif
