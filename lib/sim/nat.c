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
	state_begin(n, &f->state, NULL, true, to->port, now);
	return true;
}

static struct mapping *out_by_mapping(struct nat *n, const struct addr *from, const struct addr *to,
				      const struct addr *key, nk_time now)
{
	struct mapping *m = mapping_find(n, from, key, to);

	if (m != NULL) {
		state_touch(n, &m->state, true, now);
	} else {
		struct inside *h = inside_of(n, from);

		if (h == NULL || !inside_has_room(n, h, now))
			return NULL;
		m = mapping_make(n, from, key, to, h, now);
		if (m == NULL)
			return NULL;
		state_begin(n, &m->state, h, true, to->port, now);
	}
	return admit(n, m, to, now) ? m : NULL;
}

static struct mapping *out_by_flow(struct nat *n, const struct addr *from, const struct addr *to,
				   const struct addr *key, nk_time now)
{
	struct mapping *m = mapping_find(n, from, key, to);
	struct flow *f = m == NULL ? NULL : flow_find(n, m, to);

	if (f != NULL) {
		state_touch(n, &f->state, true, now);
		return m;
	}

	struct inside *h = inside_of(n, from);

	if (h == NULL || !inside_has_room(n, h, now))
		return NULL;
	m = mapping_find(n, from, key, to); /* room may have been made at its cost */
	if (m == NULL)
		m = mapping_make(n, from, key, to, h, now);
	if (m == NULL)
		return NULL;
	f = flow_make(n, m, to);
	if (f == NULL) {
		if (m->flows == NULL)
			mapping_end(n, m, now);
		return NULL;
	}
	state_begin(n, &f->state, h, true, to->port, now);
	return m;
}

static struct addr mapping_key(const struct nat *n, const struct addr *to)
{
	return masked(to, n->spec.translate ? n->spec.mapping : NAT_EI);
}

enum nat_verdict nat_out(struct nat *n, struct packet *p, enum nat_answer *answer, nk_time now)
{
	const struct addr key = mapping_key(n, &p->to);
	struct mapping *m;

	*answer = NAT_ANSWER_NONE;
	nat_state_sweep(n, now);
	m = n->spec.flow_timers ? out_by_flow(n, &p->from, &p->to, &key, now)
				: out_by_mapping(n, &p->from, &p->to, &key, now);
	if (m == NULL)
		return NAT_DROP;
	p->from = m->external;
	return NAT_PASS;
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
	if (!mapping_lives(n, m, &external)) /* room was made at its cost */
		return false;
	f = flow_make(n, m, from);
	if (f == NULL)
		return false;
	state_begin(n, &f->state, h, false, from->port, now);
	return true;
}

/* Not let in, it is traffic of the NAT itself, which a flow from the inside must not meet. */
static void take_as_own(struct nat *n, const struct addr *from, const struct addr *to, nk_time now)
{
	struct flow *f = flow_at(n, to, from);
	struct mapping *m;

	if (f != NULL) {
		state_touch(n, &f->state, false, now);
		return;
	}
	m = mapping_make_own(n, to);
	if (m == NULL)
		return;
	f = flow_make(n, m, from);
	if (f == NULL)
		mapping_end(n, m, now);
	else
		state_begin(n, &f->state, NULL, false, from->port, now);
}

enum nat_verdict nat_in(struct nat *n, struct packet *p, enum nat_answer *answer, nk_time now)
{
	struct mapping *m;

	*answer = NAT_ANSWER_NONE;
	nat_state_sweep(n, now);
	m = mapping_at(n, &p->to, &p->from);

	const struct addr inside = m == NULL ? p->to : m->inside;

	if (m == NULL || m->own ||
	    !(n->spec.flow_timers ? in_by_flow(n, m, &p->from, now)
				  : in_by_mapping(n, m, &p->from, now))) {
		if (n->spec.self_clash)
			take_as_own(n, &p->from, &p->to, now);
		return NAT_DROP;
	}
	p->to = inside;
	return NAT_PASS;
}

/* What there is sees a packet that goes no further. */
static void touch(struct nat *n, struct mapping *m, const struct addr *remote, bool outward,
		  nk_time now)
{
	const struct addr key = n->spec.flow_timers ? *remote : masked(remote, n->spec.filtering);
	struct flow *f = flow_find(n, m, &key);

	if (f != NULL)
		state_touch(n, &f->state, outward, now);
	if (f != NULL || outward || n->spec.filtering == NAT_EI)
		state_touch(n, &m->state, outward, now);
}

void nat_out_expired(struct nat *n, const struct packet *p, nk_time now)
{
	const struct addr key = mapping_key(n, &p->to);
	struct mapping *m;

	if (n->spec.ttl_first)
		return;
	nat_state_sweep(n, now);
	m = mapping_find(n, &p->from, &key, &p->to);
	if (m != NULL)
		touch(n, m, &p->to, true, now);
}

void nat_in_expired(struct nat *n, const struct packet *p, nk_time now)
{
	struct mapping *m;

	if (n->spec.ttl_first)
		return;
	nat_state_sweep(n, now);
	m = mapping_at(n, &p->to, &p->from);
	if (m != NULL && !m->own)
		touch(n, m, &p->from, false, now);
	else if (n->spec.self_clash)
		take_as_own(n, &p->from, &p->to,
			    now); /* not forwarded, so its TTL does not count */
}

bool nat_is_external(const struct nat *n, const struct addr *a)
{
	for (unsigned i = 0; i < n->spec.external_count; i++)
		if (n->spec.translate && addr_same_ip(&n->spec.external[i], a))
			return true;
	return false;
}

const struct nat_spec *nat_spec(const struct nat *n)
{
	return &n->spec;
}

nk_time nat_late(const struct nat *n)
{
	(void)n;
	return NK_NEVER;
}

bool nat_take_late(struct nat *n, struct packet_quote *refused, enum nat_answer *answer,
		   nk_time now)
{
	(void)n, (void)refused, (void)answer, (void)now;
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

struct nat_applied nat_applied_times(const struct nat *n, enum nat_traffic traffic)
{
	return n->applied[traffic];
}

struct nat *nat_new(const struct nat_spec *spec, struct rng *rng)
{
	struct nat *n = calloc(1, sizeof(*n));

	if (n == NULL)
		return NULL;
	n->spec = *spec;
	n->spec.port_overload |= spec->self_clash;
	n->spec.flow_timers |= n->spec.port_overload;
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
