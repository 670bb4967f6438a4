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

static int below(struct rng *rng, int limit)
{
	return (int)rng_below(rng, (uint32_t)limit);
}

static void set_last(struct port_range *r, int port)
{
	for (unsigned kind = 0; kind < PORTS_KINDS; kind++)
		r->last[kind] = (uint16_t)port;
}

struct ports *ports_new(const struct nat_spec *spec, struct rng *rng)
{
	struct ports *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	if (spec->cooldown > 0) {
		p->rests_until = calloc(PORTS_KINDS, sizeof(*p->rests_until));
		if (p->rests_until == NULL) {
			free(p);
			return NULL;
		}
	}
	p->all = (struct port_range){.lowest = range_lowest(spec), .count = range_count(spec)};
	set_last(&p->all, p->all.lowest + below(rng, p->all.count));
	return p;
}

void ports_free(struct ports *p)
{
	if (p == NULL)
		return;
	free(p->rests_until);
	free(p);
}

static bool is_set(const uint64_t *bits, unsigned i)
{
	return (bits[i / 64] >> i % 64 & 1) != 0;
}

static void set(uint64_t *bits, unsigned i)
{
	bits[i / 64] |= UINT64_C(1) << i % 64;
}

static void clear(uint64_t *bits, unsigned i)
{
	bits[i / 64] &= ~(UINT64_C(1) << i % 64);
}

static bool fits(const struct ports *p, const struct port_want *w, unsigned port)
{
	if (w->spec->port_parity && ((port ^ w->inside) & 1) != 0)
		return false;
	if (w->taken != NULL)
		return !w->taken(w->user, (uint16_t)port);
	if (is_set(p->used[w->kind], port) || is_set(p->kept[w->kind], port))
		return false;
	return p->rests_until == NULL || p->rests_until[w->kind][port] <= w->now;
}

static int after(const struct port_range *r, int port, int step)
{
	return r->lowest + (port - r->lowest + step % r->count + r->count) % r->count;
}

/* From @port on in steps, around the range, until one fits. Steps that come back to where they
 * began go on beside it. */
static uint16_t first_fit(const struct ports *p, const struct port_want *w, int port, int step)
{
	int began = port;

	for (int i = 0; i < w->range->count; i++) {
		if (fits(p, w, (unsigned)port))
			return (uint16_t)port;
		port = after(w->range, port, step);
		if (port == began)
			port = began = after(w->range, port, 1);
	}
	return 0;
}

static bool may_keep(const struct port_want *w)
{
	if (w->inside == 0)
		return false;
	if (w->spec->port_hi == 0 && w->spec->port_block == 0)
		return true;
	return w->inside >= w->range->lowest && w->inside < w->range->lowest + w->range->count;
}

static uint16_t choose(const struct ports *p, const struct port_want *w)
{
	const struct port_range *r = w->range;
	const int step = w->spec->port_step == 0 ? 1 : w->spec->port_step;

	if (w->spec->ports == NAT_PORTS_PRESERVE && may_keep(w) && fits(p, w, w->inside))
		return w->inside;
	if (w->spec->ports == NAT_PORTS_SEQUENTIAL)
		return first_fit(p, w, after(r, r->last[w->kind], step), step);
	return first_fit(p, w, r->lowest + below(w->rng, r->count), 1);
}

uint16_t ports_take(struct ports *p, const struct port_want *want)
{
	const uint16_t port = choose(p, want);

	if (port == 0)
		return 0;
	want->range->last[want->kind] = port;
	if (want->taken == NULL)
		set(p->used[want->kind], port);
	return port;
}

void ports_give_back(struct ports *p, const struct nat_spec *spec, enum packet_kind kind,
		     uint16_t port, nk_time now)
{
	clear(p->used[kind], port);
	if (p->rests_until != NULL)
		p->rests_until[kind][port] = now + spec->cooldown;
}

void ports_keep(struct ports *p, enum packet_kind kind, uint16_t port, bool kept)
{
	(kept ? set : clear)(p->kept[kind], port);
}

bool ports_take_block(struct ports *p, const struct nat_spec *spec, struct rng *rng,
		      struct port_range *out)
{
	const int size = spec->port_block, count = p->all.count / size;
	const int start = count == 0 ? 0 : below(rng, count);

	for (int i = 0; i < count; i++) {
		const int block = (start + i) % count;

		if (is_set(p->blocks, (unsigned)block))
			continue;
		set(p->blocks, (unsigned)block);
		*out = (struct port_range){.lowest = p->all.lowest + block * size, .count = size};
		set_last(out, out->lowest + size - 1);
		return true;
	}
	return false;
}
