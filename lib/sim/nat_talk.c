#include "sim/nat_talk.h"

#include "sim/nat64.h"
#include "sim/nat_alg.h"

static uint16_t proto_of(enum packet_kind kind, uint8_t protocol)
{
	return (uint16_t)(kind == PACKET_OTHER ? (unsigned)protocol << 8 | kind : kind);
}

static void set_remote(struct talk *t, const struct nat_spec *spec, const struct addr *remote)
{
	t->remote = nat64_has(spec, remote) ? nat64_v4(remote) : *remote;
	if (t->proto == PACKET_QUERY)
		t->remote.port = 0;
}

bool talk_of_packet(const struct nat_spec *spec, const struct packet *p, bool outward,
		    struct talk *t)
{
	if (p->kind == PACKET_QUERY && p->reply == outward)
		return false;
	t->proto = proto_of(p->kind, p->protocol);
	t->outward = outward;
	t->flags = p->flags;
	t->here = outward ? p->from : p->to;
	set_remote(t, spec, outward ? &p->to : &p->from);
	return true;
}

bool talk_of_error(const struct nat_spec *spec, const struct packet *e, bool outward,
		   struct talk *t)
{
	const struct packet_quote *q = &e->quote;

	if ((q->kind == PACKET_QUERY && q->reply != outward) || !addr_same_ip(&e->to, &q->from))
		return false;
	t->proto = proto_of(q->kind, q->protocol);
	t->outward = outward;
	t->flags = 0;
	t->here = outward ? q->to : q->from;
	set_remote(t, spec, outward ? &q->from : &q->to);
	return true;
}

/* The remote side of a talk as it is seen on the other side of the NAT. */
static struct addr remote_beyond(const struct nat_spec *spec, const struct talk *t)
{
	struct addr a = t->remote;

	if (spec->nat64 && addr_family(&t->mapped) == ADDR_V6)
		a = nat64_v6(spec, &a);
	if (t->proto == PACKET_QUERY)
		a.port = t->mapped.port;
	return a;
}

static void change_family(struct packet *p, const struct talk *t)
{
	const enum addr_family family = addr_family(&t->mapped);

	if (family == addr_family(&t->here))
		return;
	if (family == ADDR_V4)
		nat64_to_v4(p);
	else
		nat64_to_v6(p);
}

void talk_rewrite_packet(const struct nat_spec *spec, struct packet *p, const struct talk *t)
{
	const struct addr beyond = remote_beyond(spec, t);

	p->from = t->outward ? t->mapped : beyond;
	p->to = t->outward ? beyond : t->mapped;
	if (spec->nat64)
		change_family(p, t);
	if (spec->alg)
		nat_alg_rewrite(p, &t->here, &t->mapped);
}

void talk_rewrite_error(const struct nat *n, struct packet *e, const struct talk *t)
{
	const struct nat_spec *spec = &n->spec;
	const struct addr beyond = remote_beyond(spec, t);
	struct packet_quote *q = &e->quote;

	q->from = t->outward ? beyond : t->mapped;
	q->to = t->outward ? t->mapped : beyond;
	e->to = addr_with_port(q->from, 0);
	/* RFC 5508 REQ-5: whoever inside has sent it, perhaps a router, speaks as the NAT. */
	if (t->outward && nat_translates(n, addr_family(&t->mapped)))
		e->from = addr_with_port(t->mapped, 0);
	else if (addr_family(&e->from) != addr_family(&e->to))
		e->from = nat64_v6(spec, &e->from);
	if (spec->nat64)
		change_family(e, t);
}
