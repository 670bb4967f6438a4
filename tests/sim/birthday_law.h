/* What chance makes of a birthday: many sockets behind a NAT with random ports, many probes. */
#ifndef TESTS_SIM_BIRTHDAY_LAW_H
#define TESTS_SIM_BIRTHDAY_LAW_H

/**
 * struct birthday_plan - Who sends what: one packet of each side in every step
 * @ports:	Among which the NAT chooses, all alike and none twice
 * @sockets:	Step s opens socket s of so many
 * @probes:	Step k probes a port, none twice, so many times; then all sockets send again
 * @loss:	Of each packet on its whole way
 */
struct birthday_plan {
	unsigned ports, sockets, probes;
	double loss;
};

/* P(somebody is heard), and how many probes are sent on average until then, or in all. */
struct birthday_law {
	double success, mean_probes;
};

struct birthday_law birthday_law(const struct birthday_plan *p);

/* P(@k of @drawn are among the @marked of @all): the hypergeometric distribution. */
double hypergeometric(unsigned all, unsigned marked, unsigned drawn, unsigned k);

/**
 * birthday_chance() - P(some probe meets an open port, and that is noticed)
 * @ports:	Among which the NAT chooses, all alike and none twice
 * @opened, @probed: How many, at most @ports
 * @missed:	P(a meeting is not noticed), each by itself; with losses q of each packet, q * q
 */
double birthday_chance(unsigned ports, unsigned opened, unsigned probed, double missed);

#endif
