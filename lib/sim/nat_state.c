#include "sim/nat_state.h"

static uint64_t hash_pair(const struct addr *a, const struct addr *b)
{
	return dict_hash(b, sizeof(*b), dict_hash(a, sizeof(*a), 0));
}

/* Inside hosts and their quotas */

static int pick_external(struct nat *n, const struct addr *family_of)
{
	int fits[NAT_EXTERNALS];
	uint32_t count = 0;

	for (unsigned i = 0; i < n->spec.external_count; i++)
		if (addr_family(&n->spec.external[i]) == addr_family(family_of))
			fits[count++] = (int)i;
	return count == 0 ? -1 : fits[rng_below(n->rng, count)];
}

struct inside *inside_of(struct nat *n, const struct addr *from)
{
	const struct addr ip = addr_with_port(*from, 0);
	const uint64_t hash = dict_hash(&ip, sizeof(ip), 0);
	struct inside *h;

	for (struct dict_node *t = dict_first(&n->hosts, hash); t != NULL; t = dict_next(t)) {
		h = dict_entry(t, struct inside, by_ip);
		if (addr_eq(&h->ip, &ip))
			return h;
	}
	h = slab_get(&n->host_slab);
	if (h == NULL)
		return NULL;
	*h = (struct inside){.ip = ip, .external = {-1, -1}};
	if (!dict_add(&n->hosts, &h->by_ip, hash)) {
		slab_put(&n->host_slab, h);
		return NULL;
	}
	return h;
}

static void list_append(struct inside *h, struct state *s)
{
	s->prev = h->last;
	s->next = NULL;
	*(h->last != NULL ? &h->last->next : &h->first) = s;
	h->last = s;
}

static void list_remove(struct inside *h, struct state *s)
{
	*(s->prev != NULL ? &s->prev->next : &h->first) = s->next;
	*(s->next != NULL ? &s->next->prev : &h->last) = s->prev;
}

/* Timers */

static void note(struct nat *n, const struct life *l)
{
	const nk_time t = l->ends - l->restarted;
	struct nat_applied *a = &n->applied[l->stream  ? NAT_TRAFFIC_STREAM
					    : l->first ? NAT_TRAFFIC_FIRST
						       : NAT_TRAFFIC_REPLIED];

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

void state_begin(struct nat *n, struct state *s, struct inside *owner, bool outward, uint16_t port,
		 nk_time now)
{
	s->life = life_begin(&n->spec, port, n->held + (owner != NULL), outward, now);
	s->timed = true;
	note(n, &s->life);
	watch(n, s);
	if (owner == NULL)
		return;
	s->owner = owner;
	owner->held++;
	list_append(owner, s);
	if (++n->held > n->peak)
		n->peak = n->held;
}

void state_touch(struct nat *n, struct state *s, bool outward, nk_time now)
{
	if (!s->timed)
		return;
	life_touch(&s->life, &n->spec, n->held, outward, now);
	note(n, &s->life);
	watch(n, s);
	if (s->owner != NULL && n->spec.quota_policy != NAT_QUOTA_EVICT_FIRST) {
		list_remove(s->owner, s);
		list_append(s->owner, s);
	}
}

static void state_release(struct nat *n, struct state *s)
{
	if (s->queued == 0)
		slab_put(s->is_flow ? &n->flow_slab : &n->mapping_slab, s);
}

static void state_end(struct nat *n, struct state *s)
{
	if (s->owner != NULL) {
		list_remove(s->owner, s);
		s->owner->held--;
		n->held--;
	}
	s->gone = true;
	state_release(n, s);
}

/* Mappings and flows */

static void flow_end(struct nat *n, struct flow *f)
{
	dict_del(&n->flows, &f->by_remote);
	*f->link = f->sibling;
	if (f->sibling != NULL)
		f->sibling->link = f->link;
	state_end(n, &f->state);
}

void mapping_end(struct nat *n, struct mapping *m, nk_time now)
{
	while (m->flows != NULL)
		flow_end(n, m->flows);
	dict_del(&n->outward, &m->by_inside);
	dict_del(&n->inward, &m->by_external);
	if (m->ports != NULL)
		ports_give_back(m->ports, &n->spec, m->external.port, now);
	state_end(n, &m->state);
}

/* Ends a mapping or a flow, and the mapping too that lived by its flows alone. */
static void end(struct nat *n, struct state *s, nk_time now)
{
	struct mapping *m = s->mapping;

	if (!s->is_flow) {
		mapping_end(n, m, now);
		return;
	}
	flow_end(n, (struct flow *)s);
	if (n->spec.flow_timers && m->flows == NULL)
		mapping_end(n, m, now);
}

void nat_state_sweep(struct nat *n, nk_time now)
{
	while (agenda_next(&n->timers) <= now) {
		struct state *s = agenda_pop(&n->timers);

		s->queued--;
		s->queued_for = NK_NEVER; /* of its other places the time is not known */
		if (s->gone)
			state_release(n, s);
		else if (s->life.ends <= now)
			end(n, s, s->life.ends);
		else
			watch(n, s);
	}
}

bool inside_has_room(struct nat *n, struct inside *h, nk_time now)
{
	if (n->spec.quota == 0 || h->held < n->spec.quota)
		return true;
	if (n->spec.quota_policy == NAT_QUOTA_REFUSE)
		return false;
	end(n, h->first, now);
	return true;
}

/* Whom the port would be shared with, towards one remote. */
struct sharing {
	const struct nat *nat;
	struct addr external;
	const struct addr *remote;
};

static bool is_shared(const void *user, uint16_t port)
{
	const struct sharing *s = user;
	const struct addr external = addr_with_port(s->external, port);

	return flow_at(s->nat, &external, s->remote) != NULL;
}

static bool set_external(struct nat *n, struct mapping *m, const struct addr *to, struct inside *h,
			 nk_time now)
{
	if (!n->spec.translate) {
		m->external = m->inside;
		return true;
	}

	int *paired = &h->external[addr_family(&m->inside) == ADDR_V6];

	if (*paired < 0 || n->spec.arbitrary_pooling)
		*paired = pick_external(n, &m->inside);
	if (*paired < 0)
		return false;

	struct ports *ports = n->ports[*paired];
	const struct sharing s = {n, n->spec.external[*paired], to};
	uint16_t port;

	if (n->spec.port_overload) {
		port = ports_share(ports, &n->spec, m->inside.port, n->rng, is_shared, &s);
	} else {
		port = ports_take(ports, &n->spec, m->inside.port, n->rng, now);
		m->ports = ports;
	}
	m->external = addr_with_port(n->spec.external[*paired], port);
	return port != 0;
}

static bool add_to_dicts(struct nat *n, struct mapping *m)
{
	if (!dict_add(&n->outward, &m->by_inside, hash_pair(&m->inside, &m->remote)))
		return false;
	if (dict_add(&n->inward, &m->by_external, dict_hash(&m->external, sizeof(struct addr), 0)))
		return true;
	dict_del(&n->outward, &m->by_inside);
	return false;
}

struct mapping *mapping_make(struct nat *n, const struct addr *inside, const struct addr *key,
			     const struct addr *to, struct inside *h, nk_time now)
{
	struct mapping *m = slab_get(&n->mapping_slab);

	if (m == NULL)
		return NULL;
	*m = (struct mapping){.inside = *inside, .remote = *key};
	m->state.mapping = m;
	if (!set_external(n, m, to, h, now))
		goto none;
	if (add_to_dicts(n, m))
		return m;
	if (m->ports != NULL)
		ports_give_back(m->ports, &n->spec, m->external.port, now);
none:
	slab_put(&n->mapping_slab, m);
	return NULL;
}

struct mapping *mapping_make_own(struct nat *n, const struct addr *external)
{
	struct mapping *m = slab_get(&n->mapping_slab);

	if (m == NULL)
		return NULL;
	*m = (struct mapping){.own = true, .inside = *external, .external = *external};
	m->state.mapping = m;
	if (add_to_dicts(n, m))
		return m;
	slab_put(&n->mapping_slab, m);
	return NULL;
}

struct mapping *mapping_find(const struct nat *n, const struct addr *inside, const struct addr *key,
			     const struct addr *to)
{
	struct dict_node *t = dict_first(&n->outward, hash_pair(inside, key));
	struct mapping *usable = NULL;

	for (; t != NULL; t = dict_next(t)) {
		struct mapping *m = dict_entry(t, struct mapping, by_inside);

		if (m->own || !addr_eq(&m->inside, inside) || !addr_eq(&m->remote, key))
			continue;
		if (!n->spec.port_overload || flow_find(n, m, to) != NULL)
			return m;
		if (usable == NULL && flow_at(n, &m->external, to) == NULL)
			usable = m;
	}
	return usable;
}

struct mapping *mapping_at(const struct nat *n, const struct addr *external,
			   const struct addr *from)
{
	const struct flow *f = n->spec.port_overload ? flow_at(n, external, from) : NULL;
	struct dict_node *t = dict_first(&n->inward, dict_hash(external, sizeof(*external), 0));

	if (f != NULL)
		return f->state.mapping;
	for (; t != NULL; t = dict_next(t)) {
		struct mapping *m = dict_entry(t, struct mapping, by_external);

		if (!m->own && addr_eq(&m->external, external))
			return m;
	}
	return NULL;
}

bool mapping_lives(const struct nat *n, const struct mapping *m, const struct addr *external)
{
	struct dict_node *t = dict_first(&n->inward, dict_hash(external, sizeof(*external), 0));

	while (t != NULL && t != &m->by_external)
		t = dict_next(t);
	return t != NULL;
}

struct flow *flow_make(struct nat *n, struct mapping *m, const struct addr *remote)
{
	struct flow *f = slab_get(&n->flow_slab);

	if (f == NULL)
		return NULL;
	*f = (struct flow){.remote = *remote, .sibling = m->flows, .link = &m->flows};
	f->state.is_flow = true;
	f->state.mapping = m;
	if (!dict_add(&n->flows, &f->by_remote, hash_pair(&m->external, remote))) {
		slab_put(&n->flow_slab, f);
		return NULL;
	}
	if (m->flows != NULL)
		m->flows->link = &f->sibling;
	m->flows = f;
	return f;
}

struct flow *flow_find(const struct nat *n, const struct mapping *m, const struct addr *remote)
{
	struct dict_node *t = dict_first(&n->flows, hash_pair(&m->external, remote));

	for (; t != NULL; t = dict_next(t)) {
		struct flow *f = dict_entry(t, struct flow, by_remote);

		if (f->state.mapping == m && addr_eq(&f->remote, remote))
			return f;
	}
	return NULL;
}

struct flow *flow_at(const struct nat *n, const struct addr *external, const struct addr *remote)
{
	struct dict_node *t = dict_first(&n->flows, hash_pair(external, remote));

	for (; t != NULL; t = dict_next(t)) {
		struct flow *f = dict_entry(t, struct flow, by_remote);

		if (addr_eq(&f->state.mapping->external, external) && addr_eq(&f->remote, remote))
			return f;
	}
	return NULL;
}
