/*
 * Everything is found by hash. What has a timer waits in a queue under a time
 * at which it may be over: a packet that restarts a timer does not touch the
 * queue, and who is taken out of it too early is put back. Each call begins by
 * removing all that is over, so the rest of the code never meets it.
 */
#include "sim/nat.h"

#include <stdlib.h>

#include "sim/agenda.h"
#include "sim/dict.h"
#include "sim/life.h"
#include "sim/ports.h"
#include "sim/slab.h"

#define EXTERNALS (sizeof(((struct nat_spec *)NULL)->external) / sizeof(struct addr))

/**
 * struct inside - A host on the inside, never forgotten
 * @external:	Paired pooling: index of its external address by family, v4 and v6
 * @held:	What counts towards its quota
 * @first, @last: The same as a list, the next to be evicted first
 */
struct inside {
	struct dict_node by_ip;
	struct addr ip;
	int external[2];
	unsigned held;
	struct state *first, *last;
};

/**
 * struct state - What a mapping and a flow have in common
 * @mapping:	Itself or, of a flow, what it belongs to
 * @queued:	Places in the queue that point here; memory is kept until there are none
 * @queued_for:	The earliest of them
 * @owner:	Whose quota it counts towards, or NULL
 */
struct state {
	struct life life;
	bool is_flow, timed, gone;
	unsigned queued;
	nk_time queued_for;
	struct mapping *mapping;
	struct inside *owner;
	struct state *prev, *next;
};

struct mapping {
	struct state state; /* first */
	struct dict_node by_inside, by_external;
	struct addr inside, remote, external;
	struct ports *ports;
	struct flow *flows;
};

struct flow {
	struct state state; /* first */
	struct dict_node by_remote;
	struct addr remote;
	struct flow *sibling, **link;
};

struct nat {
	struct nat_spec spec;
	struct rng *rng;
	struct dict hosts, inward, outward, flows;
	struct slab host_slab, mapping_slab, flow_slab;
	struct agenda timers;
	struct ports *ports[EXTERNALS];
	unsigned held, peak;
};

static struct addr masked(const struct addr *remote, enum nat_behaviour behaviour)
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

static uint64_t hash_pair(const struct addr *a, const struct addr *b)
{
	return dict_hash(b, sizeof(*b), dict_hash(a, sizeof(*a), 0));
}

/* Inside hosts and their quotas */

static int pick_external(struct nat *n, const struct addr *family_of)
{
	int fits[EXTERNALS];
	uint32_t count = 0;

	for (unsigned i = 0; i < n->spec.external_count; i++)
		if (addr_family(&n->spec.external[i]) == addr_family(family_of))
			fits[count++] = (int)i;
	return count == 0 ? -1 : fits[rng_below(n->rng, count)];
}

static struct inside *inside_of(struct nat *n, const struct addr *from)
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

static void watch(struct nat *n, struct state *s)
{
	if (s->queued > 0 && s->queued_for <= s->life.ends)
		return;
	if (agenda_push(&n->timers, s->life.ends, s)) {
		s->queued++;
		s->queued_for = s->life.ends;
	}
}

static void state_begin(struct nat *n, struct state *s, struct inside *owner, bool outward,
			nk_time now)
{
	s->life = life_begin(&n->spec, outward, now);
	s->timed = true;
	watch(n, s);
	if (owner == NULL)
		return;
	s->owner = owner;
	owner->held++;
	list_append(owner, s);
	if (++n->held > n->peak)
		n->peak = n->held;
}

static void state_touch(struct nat *n, struct state *s, bool outward, nk_time now)
{
	if (!s->timed)
		return;
	life_touch(&s->life, &n->spec, outward, now);
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

static void mapping_end(struct nat *n, struct mapping *m, nk_time now)
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

static void forget_what_is_over(struct nat *n, nk_time now)
{
	while (agenda_next(&n->timers) <= now) {
		struct state *s = agenda_pop(&n->timers);

		s->queued--;
		if (s->gone)
			state_release(n, s);
		else if (s->life.ends <= now)
			end(n, s, s->life.ends);
		else
			watch(n, s);
	}
}

static bool quota_has_room(struct nat *n, struct inside *h, nk_time now)
{
	if (n->spec.quota == 0 || h->held < n->spec.quota)
		return true;
	if (n->spec.quota_policy == NAT_QUOTA_REFUSE)
		return false;
	end(n, h->first, now);
	return true;
}

static bool set_external(struct nat *n, struct mapping *m, struct inside *h, nk_time now)
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
	m->ports = n->ports[*paired];

	const uint16_t port = ports_take(m->ports, &n->spec, m->inside.port, n->rng, now);

	m->external = addr_with_port(n->spec.external[*paired], port);
	return port != 0;
}

static struct mapping *mapping_make(struct nat *n, const struct addr *inside,
				    const struct addr *remote, struct inside *h, nk_time now)
{
	struct mapping *m = slab_get(&n->mapping_slab);

	if (m == NULL)
		return NULL;
	*m = (struct mapping){.inside = *inside, .remote = *remote};
	m->state.mapping = m;
	if (!set_external(n, m, h, now))
		goto none;
	if (!dict_add(&n->outward, &m->by_inside, hash_pair(inside, remote)))
		goto none_but_port;
	if (dict_add(&n->inward, &m->by_external, dict_hash(&m->external, sizeof(struct addr), 0)))
		return m;
	dict_del(&n->outward, &m->by_inside);
none_but_port:
	if (m->ports != NULL)
		ports_give_back(m->ports, &n->spec, m->external.port, now);
none:
	slab_put(&n->mapping_slab, m);
	return NULL;
}

static struct mapping *mapping_find(const struct nat *n, const struct addr *inside,
				    const struct addr *remote)
{
	struct dict_node *t = dict_first(&n->outward, hash_pair(inside, remote));

	for (; t != NULL; t = dict_next(t)) {
		struct mapping *m = dict_entry(t, struct mapping, by_inside);

		if (addr_eq(&m->inside, inside) && addr_eq(&m->remote, remote))
			return m;
	}
	return NULL;
}

static struct mapping *mapping_at(const struct nat *n, const struct addr *external)
{
	struct dict_node *t = dict_first(&n->inward, dict_hash(external, sizeof(*external), 0));

	for (; t != NULL; t = dict_next(t)) {
		struct mapping *m = dict_entry(t, struct mapping, by_external);

		if (addr_eq(&m->external, external))
			return m;
	}
	return NULL;
}

static struct flow *flow_make(struct nat *n, struct mapping *m, const struct addr *remote)
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

static struct flow *flow_find(const struct nat *n, const struct mapping *m,
			      const struct addr *remote)
{
	struct dict_node *t = dict_first(&n->flows, hash_pair(&m->external, remote));

	for (; t != NULL; t = dict_next(t)) {
		struct flow *f = dict_entry(t, struct flow, by_remote);

		if (f->state.mapping == m && addr_eq(&f->remote, remote))
			return f;
	}
	return NULL;
}

/* With timers by mapping: what a packet out leaves behind for filtering to let answers in. */
static bool admit(struct nat *n, struct mapping *m, const struct addr *to, nk_time now)
{
	const struct addr key = masked(to, n->spec.filtering);
	struct flow *f;

	if (n->spec.filtering == NAT_EI)
		return true;
	f = flow_find(n, m, &key);
	if (f != NULL) {
		state_touch(n, &f->state, true, now);
		return true;
	}
	f = flow_make(n, m, &key);
	if (f == NULL)
		return false;
	state_begin(n, &f->state, NULL, true, now);
	return true;
}

static struct mapping *out_by_mapping(struct nat *n, const struct addr *from, const struct addr *to,
				      const struct addr *key, nk_time now)
{
	struct mapping *m = mapping_find(n, from, key);

	if (m != NULL) {
		state_touch(n, &m->state, true, now);
	} else {
		struct inside *h = inside_of(n, from);

		if (h == NULL || !quota_has_room(n, h, now))
			return NULL;
		m = mapping_make(n, from, key, h, now);
		if (m == NULL)
			return NULL;
		state_begin(n, &m->state, h, true, now);
	}
	return admit(n, m, to, now) ? m : NULL;
}

static struct mapping *out_by_flow(struct nat *n, const struct addr *from, const struct addr *to,
				   const struct addr *key, nk_time now)
{
	struct mapping *m = mapping_find(n, from, key);
	struct flow *f = m == NULL ? NULL : flow_find(n, m, to);

	if (f != NULL) {
		state_touch(n, &f->state, true, now);
		return m;
	}

	struct inside *h = inside_of(n, from);

	if (h == NULL || !quota_has_room(n, h, now))
		return NULL;
	m = mapping_find(n, from, key); /* room may have been made at its cost */
	if (m == NULL)
		m = mapping_make(n, from, key, h, now);
	if (m == NULL)
		return NULL;
	f = flow_make(n, m, to);
	if (f == NULL) {
		if (m->flows == NULL)
			mapping_end(n, m, now);
		return NULL;
	}
	state_begin(n, &f->state, h, true, now);
	return m;
}

bool nat_out(struct nat *n, struct addr *from, const struct addr *to, nk_time now)
{
	const struct addr key = masked(to, n->spec.translate ? n->spec.mapping : NAT_EI);
	struct mapping *m;

	forget_what_is_over(n, now);
	m = n->spec.flow_timers ? out_by_flow(n, from, to, &key, now)
				: out_by_mapping(n, from, to, &key, now);
	if (m == NULL)
		return false;
	*from = m->external;
	return true;
}

static bool in_by_mapping(struct nat *n, struct mapping *m, const struct addr *from, nk_time now)
{
	if (n->spec.filtering != NAT_EI) {
		const struct addr key = masked(from, n->spec.filtering);
		struct flow *f = flow_find(n, m, &key);

		if (f == NULL)
			return false;
		state_touch(n, &f->state, false, now);
	}
	state_touch(n, &m->state, false, now);
	return true;
}

static bool knows_address(const struct mapping *m, const struct addr *remote)
{
	for (const struct flow *f = m->flows; f != NULL; f = f->sibling)
		if (addr_same_ip(&f->remote, remote))
			return true;
	return false;
}

static bool in_by_flow(struct nat *n, struct mapping *m, const struct addr *from, nk_time now)
{
	const struct addr external = m->external;
	struct flow *f = flow_find(n, m, from);
	struct inside *h;

	if (f != NULL) {
		state_touch(n, &f->state, false, now);
		return true;
	}
	if (n->spec.filtering == NAT_APD)
		return false;
	if (n->spec.filtering == NAT_AD && !knows_address(m, from))
		return false;
	h = inside_of(n, &m->inside);
	if (h == NULL || !quota_has_room(n, h, now))
		return false;
	if (mapping_at(n, &external) != m) /* room was made at its cost */
		return false;
	f = flow_make(n, m, from);
	if (f == NULL)
		return false;
	state_begin(n, &f->state, h, false, now);
	return true;
}

bool nat_in(struct nat *n, const struct addr *from, struct addr *to, nk_time now)
{
	struct mapping *m;

	forget_what_is_over(n, now);
	m = mapping_at(n, to);
	if (m == NULL)
		return false;

	const struct addr inside = m->inside;

	if (!(n->spec.flow_timers ? in_by_flow(n, m, from, now) : in_by_mapping(n, m, from, now)))
		return false;
	*to = inside;
	return true;
}

bool nat_is_external(const struct nat *n, const struct addr *a)
{
	for (unsigned i = 0; i < n->spec.external_count; i++)
		if (n->spec.translate && addr_same_ip(&n->spec.external[i], a))
			return true;
	return false;
}

unsigned nat_held(struct nat *n, nk_time now)
{
	forget_what_is_over(n, now);
	return n->held;
}

unsigned nat_held_peak(const struct nat *n)
{
	return n->peak;
}

struct nat *nat_new(const struct nat_spec *spec, struct rng *rng)
{
	struct nat *n = calloc(1, sizeof(*n));

	if (n == NULL)
		return NULL;
	n->spec = *spec;
	n->rng = rng;
	n->host_slab = slab_make(sizeof(struct inside));
	n->mapping_slab = slab_make(sizeof(struct mapping));
	n->flow_slab = slab_make(sizeof(struct flow));
	if (n->spec.external_count > EXTERNALS)
		n->spec.external_count = EXTERNALS;
	for (unsigned i = 0; spec->translate && i < n->spec.external_count; i++) {
		n->ports[i] = ports_new(spec, rng);
		if (n->ports[i] == NULL) {
			nat_free(n);
			return NULL;
		}
	}
	return n;
}

void nat_free(struct nat *n)
{
	if (n == NULL)
		return;
	for (size_t i = 0; i < EXTERNALS; i++)
		ports_free(n->ports[i]);
	agenda_free(&n->timers);
	dict_free(&n->hosts);
	dict_free(&n->inward);
	dict_free(&n->outward);
	dict_free(&n->flows);
	slab_free(&n->host_slab);
	slab_free(&n->mapping_slab);
	slab_free(&n->flow_slab);
	free(n);
}
