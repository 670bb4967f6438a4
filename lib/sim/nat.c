#include "sim/nat.h"

#include <stdlib.h>

#include "sim/nat_state.h"

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

		if (h == NULL || !inside_has_room(n, h, now))
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

	if (h == NULL || !inside_has_room(n, h, now))
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

	nat_state_sweep(n, now);
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
	if (h == NULL || !inside_has_room(n, h, now))
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

	nat_state_sweep(n, now);
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
	nat_state_sweep(n, now);
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
	if (n->spec.external_count > NAT_EXTERNALS)
		n->spec.external_count = NAT_EXTERNALS;
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
	for (size_t i = 0; i < NAT_EXTERNALS; i++)
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
