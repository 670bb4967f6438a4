/* The ports of one external address of a NAT. */
#ifndef SIM_PORTS_H
#define SIM_PORTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/crypto.h"
#include "base/time.h"
#include "sim/nat_spec.h"

#define PORTS_LOWEST 1024 /* lower ones are given only to who had the same inside */

/**
 * struct ports - Which ports are taken
 * @used:	One bit each
 * @rests_until: By port, when it may be taken again; NULL without a cool-down
 * @last:	The one given last, where a sequence goes on
 */
struct ports {
	uint64_t used[65536 / 64];
	nk_time *rests_until;
	uint16_t last;
};

/* Return: NULL without memory. ports_free() takes NULL. */
struct ports *ports_new(const struct nat_spec *spec, struct rng *rng);
void ports_free(struct ports *p);

/* Takes a port for an inside endpoint with port @inside. Return: 0 if none is free. */
uint16_t ports_take(struct ports *p, const struct nat_spec *spec, uint16_t inside, struct rng *rng,
		    nk_time now);

/* The same with port overloading: a port that is not @taken, and may be in use for other remotes. */
uint16_t ports_share(struct ports *p, const struct nat_spec *spec, uint16_t inside, struct rng *rng,
		     bool (*taken)(const void *user, uint16_t port), const void *user);
void ports_give_back(struct ports *p, const struct nat_spec *spec, uint16_t port, nk_time now);

#endif
