#include "sim/ports.h"

#include <stdlib.h>

static int range_lowest(const struct nat_spec *spec)
{
	return spec->port_hi == 0 ? PORTS_LOWEST : spec->port_lo;
}

static int range_count(const struct nat_spec *spec)
{
	return (spec->port_hi == 0 ? 65535 : spec->port_hi) - range_lowest(spec) + 1;
}

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
	p->last = (uint16_t)(range_lowest(spec) + (int)rng_below(rng, (uint32_t)range_count(spec)));
	return p;
}

void ports_free(struct ports *p)
{
	if (p == NULL)
		return;
	free(p->rests_until);
	free(p);
}

/* Whom a port is wanted for. @taken, with port overloading, says whether it is taken. */
struct want {
	const struct nat_spec *spec;
	uint16_t inside;
	nk_time now;
	bool (*taken)(const void *user, uint16_t port);
	const void *user;
};

static bool fits(const struct ports *p, const struct want *w, unsigned port)
{
	if (w->spec->port_parity && ((port ^ w->inside) & 1) != 0)
		return false;
	if (w->taken != NULL)
		return !w->taken(w->user, (uint16_t)port);
	if ((p->used[port / 64] >> port % 64 & 1) != 0)
		return false;
	return p->rests_until == NULL || p->rests_until[port] <= w->now;
}

/* From @port on in steps, around the range, until one fits. */
static uint16_t first_fit(const struct ports *p, const struct want *w, int port, int step)
{
	const int lowest = range_lowest(w->spec), count = range_count(w->spec);

	for (int i = 0; i < count; i++) {
		if (fits(p, w, (unsigned)port))
			return (uint16_t)port;
		port = lowest + (port - lowest + step % count + count) % count;
	}
	return 0;
}

static bool may_keep(const struct want *w)
{
	if (w->inside == 0)
		return false;
	return w->spec->port_hi == 0 ||
	       (w->inside >= w->spec->port_lo && w->inside <= w->spec->port_hi);
}

static uint16_t choose(const struct ports *p, const struct want *w, struct rng *rng)
{
	const int lowest = range_lowest(w->spec), count = range_count(w->spec);
	const int step = w->spec->port_step == 0 ? 1 : w->spec->port_step;

	if (w->spec->ports == NAT_PORTS_PRESERVE && may_keep(w) && fits(p, w, w->inside))
		return w->inside;
	if (w->spec->ports == NAT_PORTS_SEQUENTIAL)
		return first_fit(p, w, lowest + (p->last - lowest + step % count + count) % count,
				 step);
	return first_fit(p, w, lowest + (int)rng_below(rng, (uint32_t)count), 1);
}

uint16_t ports_take(struct ports *p, const struct nat_spec *spec, uint16_t inside, struct rng *rng,
		    nk_time now)
{
	const struct want w = {.spec = spec, .inside = inside, .now = now};
	const uint16_t port = choose(p, &w, rng);

	if (port != 0) {
		p->used[port / 64] |= UINT64_C(1) << port % 64;
		p->last = port;
	}
	return port;
}

uint16_t ports_share(struct ports *p, const struct nat_spec *spec, uint16_t inside, struct rng *rng,
		     bool (*taken)(const void *user, uint16_t port), const void *user)
{
	const struct want w = {.spec = spec, .inside = inside, .taken = taken, .user = user};
	const uint16_t port = choose(p, &w, rng);

	if (port != 0)
		p->last = port;
	return port;
}

void ports_give_back(struct ports *p, const struct nat_spec *spec, uint16_t port, nk_time now)
{
	p->used[port / 64] &= ~(UINT64_C(1) << port % 64);
	if (p->rests_until != NULL)
		p->rests_until[port] = now + spec->cooldown;
}
