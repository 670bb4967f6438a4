#include "sim/nat_forward.h"

#include "sim/nat_flow.h"
#include "sim/nat_room.h"
#include "sim/nat_state.h"

/* The ports of its external address, or NULL where nothing is translated. */
static struct ports *ports_of(const struct nat *n, const struct nat_forward *f)
{
	for (unsigned i = 0; i < n->spec.external_count; i++)
		if (addr_same_ip(&n->spec.external[i], &f->external))
			return n->ports[i];
	return NULL;
}

static void keep_port(const struct nat *n, const struct nat_forward *f, bool kept)
{
	struct ports *ports = ports_of(n, f);

	if (ports != NULL)
		ports_keep(ports, f->kind, f->external.port, kept);
}

static void end(struct nat *n, unsigned i)
{
	keep_port(n, &n->forwards[i], false);
	n->forwards[i] = n->forwards[--n->forward_count];
}

void forwards_sweep(struct nat *n, nk_time now)
{
	for (unsigned i = n->forward_count; i > 0; i--)
		if (n->forwards[i - 1].until <= now)
			end(n, i - 1);
}

static struct nat_forward *find(struct nat *n, enum packet_kind kind, const struct addr *external)
{
	for (unsigned i = 0; i < n->forward_count; i++)
		if (n->forwards[i].kind == kind && addr_eq(&n->forwards[i].external, external))
			return &n->forwards[i];
	return NULL;
}

/* Whether a mapping of somebody else has the port; where ports are shared, that is no obstacle. */
static bool is_mapped(const struct nat *n, const struct nat_forward *f)
{
	const struct talk t = {.proto = (uint16_t)f->kind, .here = f->external};
	const struct mapping *m = n->spec.flow_timers ? NULL : mapping_at(n, &t);

	return m != NULL && !addr_eq(&m->inside, &f->inside);
}

bool nat_forward(struct nat *n, const struct nat_forward *f, nk_time now)
{
	struct nat_forward *was;

	nat_state_sweep(n, now);
	was = find(n, f->kind, &f->external);
	if (was != NULL) {
		if (!addr_eq(&was->inside, &f->inside))
			return false;
		*was = *f;
		return true;
	}
	if (n->forward_count == NAT_FORWARDS_MAX || is_mapped(n, f))
		return false;
	n->forwards[n->forward_count++] = *f;
	keep_port(n, f, true);
	return true;
}

void nat_forward_end(struct nat *n, enum packet_kind kind, const struct addr *external, nk_time now)
{
	const struct nat_forward *f;

	nat_state_sweep(n, now);
	f = find(n, kind, external);
	if (f != NULL)
		end(n, (unsigned)(f - n->forwards));
}

unsigned nat_forwards(struct nat *n, nk_time now)
{
	nat_state_sweep(n, now);
	return n->forward_count;
}

static bool may_come(const struct nat_forward *f, const struct addr *remote)
{
	return addr_family(&f->remote) == ADDR_NONE ||
	       (addr_same_ip(&f->remote, remote) &&
		(f->remote.port == 0 || f->remote.port == remote->port));
}

/* What a packet from outside comes to and may use, or NULL. */
static const struct nat_forward *forward_at(const struct nat *n, const struct talk *t)
{
	for (unsigned i = 0; i < n->forward_count; i++) {
		const struct nat_forward *f = &n->forwards[i];

		if (f->kind == t->proto && addr_eq(&f->external, &t->here))
			return may_come(f, &t->remote) ? f : NULL;
	}
	return NULL;
}

/* What is open for the sender of a packet to the outside, or NULL. */
static const struct nat_forward *forward_of(const struct nat *n, const struct talk *t)
{
	for (unsigned i = 0; i < n->forward_count; i++)
		if (n->forwards[i].kind == t->proto && addr_eq(&n->forwards[i].inside, &t->here))
			return &n->forwards[i];
	return NULL;
}

bool forward_carries(const struct nat *n, struct talk *t)
{
	const struct nat_forward *f;

	if (n->spec.flow_timers)
		return false;
	f = t->outward ? forward_of(n, t) : forward_at(n, t);
	if (f != NULL)
		t->mapped = t->outward ? f->external : f->inside;
	return f != NULL;
}

void forward_alias_in(const struct nat *n, struct talk *t)
{
	for (unsigned i = 0; i < n->alias_count; i++) {
		const struct nat_alias *a = &n->aliases[i];

		if (a->proto == t->proto && addr_eq(&a->external, &t->here) &&
		    addr_eq(&a->remote, &t->remote))
			t->remote = a->alias;
	}
}

void forward_alias_out(const struct nat *n, struct talk *t)
{
	for (unsigned i = 0; i < n->alias_count; i++) {
		const struct nat_alias *a = &n->aliases[i];

		if (a->proto == t->proto && addr_eq(&a->external, &t->mapped) &&
		    addr_eq(&a->alias, &t->remote))
			t->remote = a->remote;
	}
}

/* The oldest is forgotten. */
static void give_alias(struct nat *n, struct talk *t)
{
	struct nat_alias *a = &n->aliases[n->alias_next++ % NAT_ALIASES_MAX];
	const uint16_t port = (uint16_t)(PORTS_LOWEST + rng_below(n->rng, 65536 - PORTS_LOWEST));

	if (n->alias_count < NAT_ALIASES_MAX)
		n->alias_count++;
	*a = (struct nat_alias){.proto = t->proto,
				.external = t->here,
				.remote = t->remote,
				.alias = addr_with_port(t->remote, port)};
	t->remote = a->alias;
}

static struct talk answer_to(const struct talk *t, const struct nat_forward *f)
{
	return (struct talk){
		.proto = t->proto, .outward = true, .here = f->inside, .remote = t->remote};
}

/* Whether the inside talks with that remote by another port. */
static bool is_known_otherwise(const struct nat *n, const struct talk *t,
			       const struct nat_forward *f)
{
	const struct talk back = answer_to(t, f);
	const struct mapping *m = mapping_find(n, &back);

	return m != NULL && flow_find(n, m, &t->remote) != NULL;
}

bool forward_begins(struct nat *n, struct talk *t, nk_time now)
{
	const struct nat_forward *f = forward_at(n, t);
	struct inside *h = f == NULL ? NULL : inside_of(n, &f->inside);
	struct talk back;
	struct mapping *m;

	if (h == NULL || (t->proto == PACKET_TCP && !tcp_track_may_begin(t->flags, false)) ||
	    !crowd_has_room(n, t) || !inside_has_room(n, h, now))
		return false;
	if (is_known_otherwise(n, t, f))
		give_alias(n, t);
	t->mapped = f->inside;
	back = answer_to(t, f);
	m = mapping_find(n, &back);
	if (m == NULL || !addr_eq(&m->external, &f->external))
		m = mapping_make_open(n, t, f);
	return m != NULL && flow_begin(n, m, t, h, now);
}

nk_time forward_until(const struct nat *n, const struct talk *t)
{
	const struct nat_forward *f = forward_at(n, t);

	return f == NULL ? 0 : f->until;
}
