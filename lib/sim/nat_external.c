#include "sim/nat_external.h"

bool external_is_shared(const struct nat *n, uint16_t proto)
{
	return n->spec.port_overload || proto_kind(proto) == PACKET_OTHER;
}

/* There is one: it is translated. */
static int pick(struct nat *n, enum addr_family family)
{
	int fits[NAT_EXTERNALS_MAX] = {0};
	uint32_t count = 0;

	for (unsigned i = 0; i < n->spec.external_count; i++)
		if (addr_family(&n->spec.external[i]) == family)
			fits[count++] = (int)i;
	return fits[rng_below(n->rng, count)];
}

/* Whom the port would be shared with, towards one remote. */
struct sharing {
	const struct nat *nat;
	const struct talk *talk;
	struct addr external;
};

static bool is_taken(const void *user, uint16_t port)
{
	const struct sharing *s = user;
	const struct addr external = addr_with_port(s->external, port);

	return flow_at(s->nat, s->talk->proto, &external, &s->talk->remote) != NULL;
}

static struct port_range *range_of(struct nat *n, struct inside *h, int external)
{
	struct port_range *block = &h->blocks[external];

	if (n->spec.port_block == 0)
		return &n->ports[external]->all;
	if (block->count == 0 && !ports_take_block(n->ports[external], &n->spec, n->rng, block))
		return NULL;
	return block;
}

static bool take_port(struct nat *n, struct mapping *m, const struct talk *t, struct inside *h,
		      int external, nk_time now)
{
	const struct sharing s = {n, t, n->spec.external[external]};
	const bool shared = external_is_shared(n, m->proto);
	struct ports *ports = n->ports[external];
	const struct port_want want = {
		.spec = &n->spec,
		.kind = proto_kind(m->proto),
		.inside = m->inside.port,
		.range = range_of(n, h, external),
		.taken = shared ? is_taken : NULL,
		.user = &s,
		.rng = n->rng,
		.now = now,
	};
	const uint16_t port = want.range == NULL ? 0 : ports_take(ports, &want);

	if (!shared)
		m->ports = ports;
	m->external = addr_with_port(s.external, port);
	return port != 0;
}

bool external_take(struct nat *n, struct mapping *m, const struct talk *t, struct inside *h,
		   nk_time now)
{
	const enum addr_family family = n->spec.nat64 ? ADDR_V4 : addr_family(&m->inside);
	int *paired = &h->external[family == ADDR_V6];

	if (!nat_translates(n, family)) {
		m->external = m->inside;
		return true;
	}
	if (*paired < 0 || n->spec.arbitrary_pooling)
		*paired = pick(n, family);
	if (proto_kind(m->proto) != PACKET_OTHER)
		return take_port(n, m, t, h, *paired, now);
	m->external = addr_with_port(n->spec.external[*paired], 0);
	return flow_at(n, m->proto, &m->external, &t->remote) == NULL;
}

void external_give_back(const struct nat *n, const struct mapping *m, nk_time now)
{
	if (m->ports != NULL)
		ports_give_back(m->ports, &n->spec, proto_kind(m->proto), m->external.port, now);
}
