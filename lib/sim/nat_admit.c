#include "sim/nat_admit.h"

#include "sim/nat_flow.h"
#include "sim/nat_room.h"

/* Out */

/* With timers by mapping: what a packet out leaves behind for filtering to let answers in. */
static bool leave_open(struct nat *n, struct mapping *m, const struct talk *t, nk_time now)
{
	const struct addr key = nat_masked(&t->remote, n->spec.filtering);
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
	state_begin(n, &f->state, t, flow_own_limit(&n->spec, t), now);
	return true;
}

static bool out_by_mapping(struct nat *n, struct talk *t, nk_time now)
{
	struct mapping *m = mapping_find(n, t);

	if (m != NULL) {
		state_touch(n, &m->state, true, now);
	} else {
		struct inside *h = inside_of(n, &t->here);

		if (h == NULL || !inside_has_room(n, h, now))
			return false;
		m = mapping_make(n, t, h, now);
		if (m == NULL)
			return false;
		state_begin(n, &m->state, t, flow_own_limit(&n->spec, t), now);
	}
	t->mapped = m->external;
	return leave_open(n, m, t, now);
}

/* The mapping for a new flow. */
static struct mapping *mapping_for(struct nat *n, const struct talk *t, struct inside *h,
				   nk_time now)
{
	struct mapping *m = mapping_find(n, t);

	if (m != NULL && !n->spec.flow_timers)
		return m;
	if (!inside_has_room(n, h, now))
		return NULL;
	if (m != NULL) /* room may have been made at its cost */
		m = mapping_find(n, t);
	return m != NULL ? m : mapping_make(n, t, h, now);
}

static bool out_anew(struct nat *n, struct talk *t, nk_time now)
{
	struct inside *h = crowd_has_room(n, t) ? inside_of(n, &t->here) : NULL;
	struct mapping *m = h == NULL ? NULL : mapping_for(n, t, h, now);

	if (m == NULL)
		return false;
	t->mapped = m->external;
	if (flow_begin(n, m, t, h, now))
		return true;
	if (m->flows == NULL)
		mapping_end(n, m, now);
	return false;
}

static bool out_by_flow(struct nat *n, struct talk *t, enum nat_answer *answer, nk_time now)
{
	struct mapping *m = mapping_find(n, t);
	struct flow *f = m == NULL ? NULL : flow_find(n, m, &t->remote);

	if (f != NULL)
		t->mapped = m->external;
	f = flow_now(n, f, t, now);
	if (f != NULL)
		return flow_continue(n, f, t, now);
	if (t->proto == PACKET_TCP && !tcp_track_may_begin(t->flags, n->spec.tcp_pickup)) {
		*answer = n->spec.tcp_pickup ? NAT_ANSWER_NONE : n->spec.tcp_lost;
		return false;
	}
	*answer = n->spec.full_answer;
	return out_anew(n, t, now);
}

bool nat_admit_out(struct nat *n, struct talk *t, enum nat_answer *answer, nk_time now)
{
	if (forward_carries(n, t))
		return true;
	if (flow_rules(n, t)) {
		const bool passes = out_by_flow(n, t, answer, now);

		forward_alias_out(n, t);
		return passes;
	}
	*answer = n->spec.full_answer;
	return out_by_mapping(n, t, now);
}

/* In */

static bool in_by_mapping(struct nat *n, struct mapping *m, const struct talk *t, nk_time now)
{
	if (n->spec.filtering != NAT_EI) {
		struct flow *f = flow_of(n, m, t);

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

/* Whether filtering lets in what belongs to no flow. */
static bool is_welcome(const struct nat *n, const struct mapping *m, const struct talk *t)
{
	if (t->proto == PACKET_TCP && !tcp_track_may_begin(t->flags, false))
		return false;
	if (proto_kind(t->proto) == PACKET_OTHER && nat_translates(n, addr_family(&t->remote)))
		return false; /* whose it is only the pair of addresses says */
	switch (n->spec.filtering) {
	case NAT_EI:
		return true;
	case NAT_AD:
		return knows_address(m, &t->remote);
	case NAT_APD:
	default:
		return false;
	}
}

static bool in_by_flow(struct nat *n, struct mapping *m, const struct talk *t, nk_time now)
{
	struct flow *f = flow_now(n, flow_find(n, m, &t->remote), t, now);
	struct inside *h;

	if (f != NULL)
		return flow_continue(n, f, t, now);
	if (!mapping_lives(n, m, t) || !is_welcome(n, m, t) || !crowd_has_room(n, t))
		return false;
	h = inside_of(n, &m->inside);
	if (h == NULL || (n->spec.flow_timers && !inside_has_room(n, h, now)))
		return false;
	return mapping_lives(n, m, t) && flow_begin(n, m, t, h, now);
}

/* Not let in, it is traffic of the NAT itself, which a flow from the inside must not meet. The
 * NAT answers TCP with an RST, which ends it again, and pings are known by their direction. */
static void take_as_own(struct nat *n, const struct talk *t, nk_time now)
{
	struct flow *f;
	struct mapping *m;

	if (!n->spec.self_clash || t->proto != PACKET_UDP || !nat_is_external(n, &t->here))
		return;
	f = flow_at(n, t->proto, &t->here, &t->remote);
	if (f != NULL) {
		state_touch(n, &f->state, false, now);
		return;
	}
	m = mapping_make_own(n, t);
	if (m != NULL && !flow_begin(n, m, t, NULL, now))
		mapping_end(n, m, now);
}

bool nat_admit_in(struct nat *n, struct talk *t, nk_time now)
{
	struct mapping *m;

	if (forward_carries(n, t))
		return true;
	forward_alias_in(n, t);
	m = mapping_at(n, t);
	if (m != NULL && !m->own) {
		t->mapped = m->inside;
		if (flow_rules(n, t) ? in_by_flow(n, m, t, now) : in_by_mapping(n, m, t, now))
			return true;
	}
	if ((m == NULL || !m->own) && forward_begins(n, t, now))
		return true;
	take_as_own(n, t, now);
	return false;
}

/* Neither */

static bool touch_by_mapping(struct nat *n, struct mapping *m, const struct talk *t, nk_time now)
{
	struct flow *f = flow_of(n, m, t);
	const bool known = f != NULL || t->outward || n->spec.filtering == NAT_EI;

	if (f != NULL)
		state_touch(n, &f->state, t->outward, now);
	if (known)
		state_touch(n, &m->state, t->outward, now);
	return known;
}

static bool touch_expired(struct nat *n, struct mapping *m, const struct talk *t, nk_time now)
{
	struct flow *f;

	if (!flow_rules(n, t))
		return touch_by_mapping(n, m, t, now);
	f = flow_now(n, flow_of(n, m, t), t, now);
	if (f != NULL)
		return flow_continue(n, f, t, now);
	return !t->outward && mapping_lives(n, m, t) && is_welcome(n, m, t);
}

bool nat_admit_expired(struct nat *n, const struct talk *t, nk_time now)
{
	struct mapping *m = t->outward ? mapping_find(n, t) : mapping_at(n, t);

	if (m != NULL && m->own)
		return false;
	if (m != NULL && touch_expired(n, m, t, now))
		return true;
	return !t->outward && forward_until(n, t) > 0;
}

bool nat_admit_error(const struct nat *n, struct talk *t)
{
	const struct mapping *m;

	if (forward_carries(n, t))
		return true;
	m = t->outward ? mapping_find(n, t) : mapping_at(n, t);
	if (m == NULL || m->own)
		return false;
	t->mapped = t->outward ? m->external : m->inside;
	return (m->state.timed && n->spec.filtering == NAT_EI) || flow_of(n, m, t) != NULL;
}

static nk_time until_by_mapping(const struct nat *n, const struct mapping *m, const struct talk *t)
{
	const struct flow *f = flow_of(n, m, t);

	if (n->spec.filtering == NAT_EI)
		return m->state.life.ends;
	return f == NULL ? 0 : nk_min(f->state.life.ends, m->state.life.ends);
}

nk_time nat_admit_until(const struct nat *n, const struct talk *t)
{
	const struct mapping *m = mapping_at(n, t);
	const struct addr from = nat_masked(&t->remote, n->spec.filtering);
	nk_time until = forward_until(n, t);

	if (m == NULL || m->own)
		return m == NULL ? until : 0;
	if (!flow_rules(n, t))
		return nk_max(until, until_by_mapping(n, m, t));
	for (const struct flow *f = m->flows; f != NULL; f = f->sibling) {
		const struct addr known = nat_masked(&f->remote, n->spec.filtering);

		if (addr_eq(&known, &from))
			until = nk_max(until, f->state.life.ends);
	}
	return until;
}
