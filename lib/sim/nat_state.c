#include "sim/nat_state.h"

#include "sim/nat_external.h"
#include "sim/nat_room.h"

static uint64_t hash_pair(uint16_t proto, const struct addr *a, const struct addr *b)
{
	return dict_hash(b, sizeof(*b), dict_hash(a, sizeof(*a), proto));
}

enum packet_kind proto_kind(uint16_t proto)
{
	return (enum packet_kind)(proto & 0xff);
}

struct addr nat_masked(const struct addr *remote, enum nat_behaviour behaviour)
{
	switch (behaviour) {
	case NAT_EI:
		return (struct addr){.port = 0};
	case NAT_AD:
		return addr_with_port(*remote, 0);
	case NAT_APD:
	default:
		return *remote;
	}
}

/* Timers */

static void note(struct nat *n, const struct state *s, nk_time now)
{
	const struct life *l = &s->life;
	const nk_time t = l->ends - l->restarted;
	struct nat_applied *a = &n->applied[l->stream  ? NAT_TRAFFIC_STREAM
					    : l->first ? NAT_TRAFFIC_FIRST
						       : NAT_TRAFFIC_REPLIED];

	if (s->mapping->proto != PACKET_UDP || now - l->restarted <= t / 2)
		return;
	if (a->count == 0 || t < a->lo)
		a->lo = t;
	if (a->count == 0 || t > a->hi)
		a->hi = t;
	a->count++;
}

static void watch(struct nat *n, struct state *s)
{
	if (s->queued > 0 && s->queued_for <= s->life.ends)
		return;
	if (agenda_push(&n->timers, s->life.ends, s)) {
		s->queued++;
		s->queued_for = s->life.ends;
	}
}

double nat_stretched(struct nat *n, nk_time now)
{
	return nat_stretch(&n->drift, &n->spec, n->held, now);
}

static void restarted(struct nat *n, struct state *s)
{
	watch(n, s);
	room_used(n, s);
}

void state_begin(struct nat *n, struct state *s, const struct talk *t, nk_time own, nk_time now)
{
	s->life = life_begin(&n->spec, own, nat_stretched(n, now), t->outward, now);
	s->life.any = t->proto != PACKET_UDP;
	s->timed = true;
	restarted(n, s);
}

void state_touch(struct nat *n, struct state *s, bool outward, nk_time now)
{
	if (!s->timed)
		return;
	note(n, s, now);
	life_touch(&s->life, &n->spec, nat_stretched(n, now), outward, now);
	restarted(n, s);
}

static void state_release(struct nat *n, struct state *s)
{
	if (s->queued == 0)
		slab_put(s->is_flow ? &n->flow_slab : &n->mapping_slab, s);
}

static void forget(struct nat *n, struct state *s)
{
	room_give_back(n, s);
	s->gone = true;
	state_release(n, s);
}

/* Mappings and flows */

static void flow_end(struct nat *n, struct flow *f)
{
	crowd_leave(n, f);
	dict_del(&n->flows, &f->by_remote);
	*f->link = f->sibling;
	if (f->sibling != NULL)
		f->sibling->link = f->link;
	forget(n, &f->state);
}

void mapping_end(struct nat *n, struct mapping *m, nk_time now)
{
	while (m->flows != NULL)
		flow_end(n, m->flows);
	dict_del(&n->outward, &m->by_inside);
	dict_del(&n->inward, &m->by_external);
	external_give_back(n, m, now);
	forget(n, &m->state);
}

void state_end(struct nat *n, struct state *s, nk_time now)
{
	struct mapping *m = s->mapping;

	if (!s->is_flow) {
		mapping_end(n, m, now);
		return;
	}
	flow_end(n, (struct flow *)s);
	if (!m->state.timed && m->flows == NULL)
		mapping_end(n, m, now);
}

void nat_state_sweep(struct nat *n, nk_time now)
{
	forwards_sweep(n, now);
	while (agenda_next(&n->timers) <= now) {
		const nk_time at = agenda_next(&n->timers);
		struct state *s = agenda_pop(&n->timers);

		s->queued--;
		if (s->gone) {
			state_release(n, s);
		} else if (at != s->queued_for) {
			continue; /* from before its timer got shorter: it has another place */
		} else if (s->life.ends > now) {
			s->queued_for = NK_NEVER;
			watch(n, s);
		} else {
			note(n, s, s->life.ends);
			state_end(n, s, s->life.ends);
		}
	}
}

static uint64_t hash_external(uint16_t proto, const struct addr *external)
{
	return dict_hash(external, sizeof(*external), proto);
}

static bool add_to_dicts(struct nat *n, struct mapping *m)
{
	if (!dict_add(&n->outward, &m->by_inside, hash_pair(m->proto, &m->inside, &m->remote)))
		return false;
	if (dict_add(&n->inward, &m->by_external, hash_external(m->proto, &m->external)))
		return true;
	dict_del(&n->outward, &m->by_inside);
	return false;
}

static struct addr mapping_key(const struct nat *n, const struct addr *remote)
{
	return nat_masked(remote,
			  nat_translates(n, addr_family(remote)) ? n->spec.mapping : NAT_EI);
}

struct mapping *mapping_make(struct nat *n, const struct talk *t, struct inside *h, nk_time now)
{
	struct mapping *m = slab_get(&n->mapping_slab);

	if (m == NULL)
		return NULL;
	*m = (struct mapping){
		.proto = t->proto, .inside = t->here, .remote = mapping_key(n, &t->remote)};
	m->state.mapping = m;
	if (!external_take(n, m, t, h, now))
		goto none;
	if (add_to_dicts(n, m)) {
		room_take(n, &m->state, h);
		return m;
	}
	external_give_back(n, m, now);
none:
	slab_put(&n->mapping_slab, m);
	return NULL;
}

/* One whose external port is not chosen. */
static struct mapping *make_fixed(struct nat *n, const struct mapping *like)
{
	struct mapping *m = slab_get(&n->mapping_slab);

	if (m == NULL)
		return NULL;
	*m = *like;
	m->state.mapping = m;
	if (add_to_dicts(n, m))
		return m;
	slab_put(&n->mapping_slab, m);
	return NULL;
}

struct mapping *mapping_make_own(struct nat *n, const struct talk *t)
{
	return make_fixed(
		n, &(struct mapping){
			   .proto = t->proto, .own = true, .inside = t->here, .external = t->here});
}

struct mapping *mapping_make_open(struct nat *n, const struct talk *t, const struct nat_forward *f)
{
	return make_fixed(n, &(struct mapping){.proto = t->proto,
					       .inside = f->inside,
					       .remote = mapping_key(n, &t->remote),
					       .external = f->external});
}

/* Whether the first that is found may be the wrong one. */
static bool may_be_several(const struct nat *n, uint16_t proto)
{
	return external_is_shared(n, proto) || (n->spec.flow_timers && n->forward_count > 0);
}

struct mapping *mapping_find(const struct nat *n, const struct talk *t)
{
	const struct addr key = mapping_key(n, &t->remote);
	const bool several = may_be_several(n, t->proto);
	struct dict_node *node = dict_first(&n->outward, hash_pair(t->proto, &t->here, &key));
	struct mapping *usable = NULL;

	for (; node != NULL; node = dict_next(node)) {
		struct mapping *m = dict_entry(node, struct mapping, by_inside);

		if (m->proto != t->proto || m->own || !addr_eq(&m->inside, &t->here) ||
		    !addr_eq(&m->remote, &key))
			continue;
		if (!several || flow_find(n, m, &t->remote) != NULL)
			return m;
		if (usable == NULL && flow_at(n, t->proto, &m->external, &t->remote) == NULL)
			usable = m;
	}
	return usable;
}

struct mapping *mapping_at(const struct nat *n, const struct talk *t)
{
	const struct flow *f =
		may_be_several(n, t->proto) ? flow_at(n, t->proto, &t->here, &t->remote) : NULL;
	struct dict_node *node = dict_first(&n->inward, hash_external(t->proto, &t->here));

	if (f != NULL)
		return f->state.mapping;
	for (; node != NULL; node = dict_next(node)) {
		struct mapping *m = dict_entry(node, struct mapping, by_external);

		if (m->proto == t->proto && !m->own && addr_eq(&m->external, &t->here))
			return m;
	}
	return NULL;
}

bool mapping_lives(const struct nat *n, const struct mapping *m, const struct talk *t)
{
	struct dict_node *node = dict_first(&n->inward, hash_external(t->proto, &t->here));

	while (node != NULL && node != &m->by_external)
		node = dict_next(node);
	return node != NULL;
}

struct flow *flow_make(struct nat *n, struct mapping *m, const struct addr *remote)
{
	struct flow *f = slab_get(&n->flow_slab);

	if (f == NULL)
		return NULL;
	*f = (struct flow){.remote = *remote, .sibling = m->flows, .link = &m->flows};
	f->state.is_flow = true;
	f->state.mapping = m;
	if (!crowd_join(n, f))
		goto none;
	if (!dict_add(&n->flows, &f->by_remote, hash_pair(m->proto, &m->external, remote))) {
		crowd_leave(n, f);
		goto none;
	}
	if (m->flows != NULL)
		m->flows->link = &f->sibling;
	m->flows = f;
	return f;
none:
	slab_put(&n->flow_slab, f);
	return NULL;
}

struct flow *flow_find(const struct nat *n, const struct mapping *m, const struct addr *remote)
{
	struct dict_node *t = dict_first(&n->flows, hash_pair(m->proto, &m->external, remote));

	for (; t != NULL; t = dict_next(t)) {
		struct flow *f = dict_entry(t, struct flow, by_remote);

		if (f->state.mapping == m && addr_eq(&f->remote, remote))
			return f;
	}
	return NULL;
}

struct flow *flow_at(const struct nat *n, uint16_t proto, const struct addr *external,
		     const struct addr *remote)
{
	struct dict_node *t = dict_first(&n->flows, hash_pair(proto, external, remote));

	for (; t != NULL; t = dict_next(t)) {
		struct flow *f = dict_entry(t, struct flow, by_remote);
		const struct mapping *m = f->state.mapping;

		if (m->proto == proto && addr_eq(&m->external, external) &&
		    addr_eq(&f->remote, remote))
			return f;
	}
	return NULL;
}
