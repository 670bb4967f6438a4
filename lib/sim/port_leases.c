#include "sim/port_leases.h"

#include "sim/nat.h"

#define PORT_LOWEST 1024
#define TRIES       64 /* ports at random until one is free */

static void forget_old(struct port_leases *l, nk_time now)
{
	for (unsigned i = l->count; i > 0; i--)
		if (l->list[i - 1].open.until <= now)
			l->list[i - 1] = l->list[--l->count];
}

struct port_lease *port_leases_find(struct port_leases *l, enum packet_kind kind,
				    const struct addr *inside, nk_time now)
{
	forget_old(l, now);
	for (unsigned i = 0; i < l->count; i++)
		if (l->list[i].open.kind == kind && addr_eq(&l->list[i].open.inside, inside))
			return &l->list[i];
	return NULL;
}

unsigned port_leases_of(struct port_leases *l, const struct addr *ip, nk_time now)
{
	unsigned count = 0;

	forget_old(l, now);
	for (unsigned i = 0; i < l->count; i++)
		count += addr_same_ip(&l->list[i].open.inside, ip);
	return count;
}

struct addr port_leases_external(const struct nat *n, const struct addr *inside)
{
	const struct nat_spec *spec = nat_spec(n);

	for (unsigned i = 0; i < spec->external_count; i++)
		if (addr_family(&spec->external[i]) == addr_family(inside))
			return addr_with_port(spec->external[i], 0);
	return *inside;
}

static uint16_t any_port(struct rng *rng)
{
	return (uint16_t)(PORT_LOWEST + rng_below(rng, 65536 - PORT_LOWEST));
}

struct port_lease *port_leases_take(struct port_leases *l, struct nat *n,
				    const struct port_lease *want, bool only, struct rng *rng,
				    nk_time now)
{
	const bool fixed = only || addr_eq(&want->open.external, &want->open.inside);
	struct port_lease lease = *want;

	if (l->count == NAT_FORWARDS_MAX)
		return NULL;
	if (lease.open.external.port == 0)
		lease.open.external.port = any_port(rng);
	for (unsigned i = 0; !nat_forward(n, &lease.open, now); i++) {
		if (fixed || i == TRIES)
			return NULL;
		lease.open.external.port = any_port(rng);
	}
	l->list[l->count] = lease;
	return &l->list[l->count++];
}

void port_leases_renew(struct port_lease *lease, struct nat *n, const struct nat_forward *as,
		       nk_time now)
{
	lease->open.until = as->until;
	lease->open.remote = as->remote;
	nat_forward(n, &lease->open, now);
}

void port_leases_end(struct port_leases *l, struct port_lease *lease, struct nat *n, nk_time now)
{
	nat_forward_end(n, lease->open.kind, &lease->open.external, now);
	*lease = l->list[--l->count];
}
