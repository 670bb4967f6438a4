#include "sim/ports.h"

#include <stdbool.h>
#include <stdlib.h>

#define RANGE (65536 - PORTS_LOWEST)

struct ports *ports_new(const struct nat_spec *spec, struct rng *rng)
{
	struct ports *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	if (spec->cooldown > 0) {
		p->rests_until = calloc(65536, sizeof(*p->rests_until));
		if (p->rests_until == NULL) {
			free(p);
			return NULL;
		}
	}
	p->last = (uint16_t)(PORTS_LOWEST + rng_below(rng, RANGE));
	return p;
}

void ports_free(struct ports *p)
{
	if (p == NULL)
		return;
	free(p->rests_until);
	free(p);
}

static bool is_free(const struct ports *p, unsigned port, nk_time now)
{
	if ((p->used[port / 64] >> port % 64 & 1) != 0)
		return false;
	return p->rests_until == NULL || p->rests_until[port] <= now;
}

/* From @port on in steps, around the range, until one is free. */
static uint16_t first_free(const struct ports *p, unsigned port, int step, nk_time now)
{
	const int forward = step % RANGE;

	for (int i = 0; i < RANGE; i++) {
		if (is_free(p, port, now))
			return (uint16_t)port;
		port = (unsigned)(((int)port - PORTS_LOWEST + forward + RANGE) % RANGE) +
		       PORTS_LOWEST;
	}
	return 0;
}

static uint16_t choose(const struct ports *p, const struct nat_spec *spec, uint16_t inside,
		       struct rng *rng, nk_time now)
{
	const int step = spec->port_step == 0 ? 1 : spec->port_step;

	if (spec->ports == NAT_PORTS_PRESERVE && inside != 0 && is_free(p, inside, now))
		return inside;
	if (spec->ports == NAT_PORTS_SEQUENTIAL) {
		const int next = (p->last - PORTS_LOWEST + step % RANGE + RANGE) % RANGE;

		return first_free(p, (unsigned)next + PORTS_LOWEST, step, now);
	}
	return first_free(p, PORTS_LOWEST + rng_below(rng, RANGE), 1, now);
}

uint16_t ports_take(struct ports *p, const struct nat_spec *spec, uint16_t inside, struct rng *rng,
		    nk_time now)
{
	const uint16_t port = choose(p, spec, inside, rng, now);

	if (port != 0) {
		p->used[port / 64] |= UINT64_C(1) << port % 64;
		p->last = port;
	}
	return port;
}

void ports_give_back(struct ports *p, const struct nat_spec *spec, uint16_t port, nk_time now)
{
	p->used[port / 64] &= ~(UINT64_C(1) << port % 64);
	if (p->rests_until != NULL)
		p->rests_until[port] = now + spec->cooldown;
}
