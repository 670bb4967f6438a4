#include "sim/nat.h"

#include <stdlib.h>

#include "sim/nat64.h"
#include "sim/nat_admit.h"
#include "sim/nat_state.h"
#include "sim/nat_talk.h"

/* Packets */

/* Whether a packet came in such pieces that this NAT cannot put it together. */
static bool is_lost_in_pieces(const struct nat_spec *spec, const struct packet *p)
{
	switch (spec->fragments) {
	case NAT_FRAGMENTS_IN_ORDER:
		return p->disordered;
	case NAT_FRAGMENTS_DROP:
		return p->fragments > 1;
	case NAT_FRAGMENTS_ANY:
	default:
		return false;
	}
}

/* Its sender is told so, if that can be said to such a packet. */
static enum nat_verdict refuse(const struct packet *p, enum nat_answer *answer)
{
	if (*answer == NAT_ANSWER_RST && (p->kind != PACKET_TCP || (p->flags & PACKET_RST) != 0))
		*answer = NAT_ANSWER_NONE;
	return *answer == NAT_ANSWER_NONE ? NAT_DROP : NAT_REFUSE;
}

static enum nat_verdict pass_error(struct nat *n, struct packet *e, bool outward)
{
	struct talk t;

	if (n->spec.drop_errors || !talk_of_error(&n->spec, e, outward, &t) ||
	    !nat_admit_error(n, &t))
		return NAT_DROP;
	talk_rewrite_error(n, e, &t);
	return NAT_PASS;
}

enum nat_verdict nat_out(struct nat *n, struct packet *p, enum nat_answer *answer, nk_time now)
{
	struct talk t;

	*answer = NAT_ANSWER_NONE;
	nat_state_sweep(n, now);
	if (nat64_routes(&n->spec, &p->to))
		return NAT_PASS;
	if (nat64_has(&n->spec, &p->from)) /* RFC 6146 section 3.5: it would go round in circles */
		return NAT_DROP;
	if (p->kind == PACKET_ERROR)
		return pass_error(n, p, true);
	if (is_lost_in_pieces(&n->spec, p) || !talk_of_packet(&n->spec, p, true, &t))
		return NAT_DROP;
	if (p->kind == PACKET_OTHER && nat64_has(&n->spec, &p->to)) {
		*answer = NAT_ANSWER_NO_PORT; /* RFC 6146 section 3.4 */
		return NAT_REFUSE;
	}
	if (!nat_admit_out(n, &t, answer, now))
		return refuse(p, answer);
	talk_rewrite_packet(&n->spec, p, &t);
	return NAT_PASS;
}

/* A packet that was not let in: only who would open a connection is told. */
static enum nat_verdict turn_away(struct nat *n, const struct packet *p, enum nat_answer *answer,
				  nk_time now)
{
	const struct packet_quote syn = {
		.kind = p->kind, .from = p->from, .to = p->to, .seq = p->seq};

	if (p->kind != PACKET_TCP || (p->flags & (PACKET_SYN | PACKET_ACK)) != PACKET_SYN ||
	    n->spec.syn_answer == NAT_ANSWER_NONE ||
	    flow_at(n, PACKET_TCP, &p->to, &p->from) != NULL)
		return NAT_DROP;
	if (n->spec.syn_hold > 0) {
		nat_late_hold(&n->late, &syn, now + n->spec.syn_hold);
		return NAT_DROP;
	}
	*answer = n->spec.syn_answer;
	return refuse(p, answer);
}

enum nat_verdict nat_in(struct nat *n, struct packet *p, enum nat_answer *answer, nk_time now)
{
	struct talk t;

	*answer = NAT_ANSWER_NONE;
	nat_state_sweep(n, now);
	if (nat64_routes(&n->spec, &p->to))
		return NAT_PASS;
	if (p->kind == PACKET_ERROR)
		return pass_error(n, p, false);
	if (is_lost_in_pieces(&n->spec, p) || !talk_of_packet(&n->spec, p, false, &t))
		return NAT_DROP;
	if (!nat_admit_in(n, &t, now))
		return turn_away(n, p, answer, now);
	talk_rewrite_packet(&n->spec, p, &t);
	return NAT_PASS;
}

/* Return: false if it belongs to nothing. */
static bool expire(struct nat *n, const struct packet *p, bool outward, nk_time now)
{
	struct talk t;

	if (n->spec.ttl_first || p->kind == PACKET_ERROR || nat64_routes(&n->spec, &p->to))
		return true;
	nat_state_sweep(n, now);
	return talk_of_packet(&n->spec, p, outward, &t) && nat_admit_expired(n, &t, now);
}

void nat_out_expired(struct nat *n, const struct packet *p, nk_time now)
{
	expire(n, p, true, now);
}

bool nat_in_expired(struct nat *n, const struct packet *p, nk_time now)
{
	return expire(n, p, false, now) || !nat_translates(n, addr_family(&p->to));
}

nk_time nat_open_until(struct nat *n, const struct packet *p, nk_time now)
{
	struct talk t;

	nat_state_sweep(n, now);
	return talk_of_packet(&n->spec, p, false, &t) ? nk_max(nat_admit_until(n, &t), now) : now;
}

nk_time nat_late(const struct nat *n)
{
	return nat_late_next(&n->late);
}

bool nat_take_late(struct nat *n, struct packet_quote *refused, enum nat_answer *answer,
		   nk_time now)
{
	nat_state_sweep(n, now);
	while (nat_late_next(&n->late) <= now) {
		const struct packet_quote syn = nat_late_pop(&n->late);

		if (flow_at(n, PACKET_TCP, &syn.to, &syn.from) != NULL)
			continue; /* the inside has opened the same connection since */
		*refused = syn;
		*answer = n->spec.syn_answer;
		return true;
	}
	return false;
}

/* The NAT */

bool nat_translates(const struct nat *n, enum addr_family family)
{
	return family == ADDR_V4 ? n->translates_v4 : n->translates_v6;
}

bool nat_is_external(const struct nat *n, const struct addr *a)
{
	const struct addr as_sent = nat64_has(&n->spec, a) ? nat64_v4(a) : *a;

	for (unsigned i = 0; i < n->spec.external_count; i++)
		if (n->spec.translate && addr_same_ip(&n->spec.external[i], &as_sent))
			return true;
	return false;
}

const struct nat_spec *nat_spec(const struct nat *n)
{
	return &n->spec;
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

struct nat_applied nat_applied_times(struct nat *n, enum nat_traffic traffic, nk_time now)
{
	nat_state_sweep(n, now);
	return n->applied[traffic];
}

/* What one axis implies of others. */
static struct nat_spec complete(const struct nat_spec *spec)
{
	struct nat_spec s = *spec;

	s.nat64 &= s.translate;
	s.port_overload |= s.self_clash;
	s.flow_timers |= s.port_overload || s.remote_quota > 0;
	if (s.external_count > NAT_EXTERNALS_MAX)
		s.external_count = NAT_EXTERNALS_MAX;
	nat64_complete(&s);
	return s;
}

static bool has_external(const struct nat_spec *spec, enum addr_family family)
{
	for (unsigned i = 0; spec->translate && i < spec->external_count; i++)
		if (addr_family(&spec->external[i]) == family)
			return true;
	return false;
}

struct nat *nat_new(const struct nat_spec *spec, struct rng *rng)
{
	struct nat *n = calloc(1, sizeof(*n));

	if (n == NULL)
		return NULL;
	n->spec = complete(spec);
	n->translates_v4 = has_external(spec, ADDR_V4);
	n->translates_v6 = has_external(spec, ADDR_V6);
	n->rng = rng;
	if (spec->drift_walk > 0)
		rng_seed_from_number(&n->drift.rng, rng_u32(rng));
	n->host_slab = slab_make(sizeof(struct inside));
	n->mapping_slab = slab_make(sizeof(struct mapping));
	n->flow_slab = slab_make(sizeof(struct flow));
	n->crowd_slab = slab_make(sizeof(struct crowd));
	for (unsigned i = 0; spec->translate && i < n->spec.external_count; i++) {
		n->ports[i] = ports_new(spec, rng);
		if (n->ports[i] == NULL) {
			nat_free(n);
			return NULL;
		}
	}
	return n;
}

struct nat *nat_rebooted(const struct nat *n)
{
	struct nat *again = nat_new(&n->spec, n->rng);

	if (again != NULL)
		again->drift = n->drift;
	return again;
}

void nat_free(struct nat *n)
{
	if (n == NULL)
		return;
	for (size_t i = 0; i < NAT_EXTERNALS_MAX; i++)
		ports_free(n->ports[i]);
	agenda_free(&n->timers);
	dict_free(&n->hosts);
	dict_free(&n->inward);
	dict_free(&n->outward);
	dict_free(&n->flows);
	dict_free(&n->crowds);
	slab_free(&n->host_slab);
	slab_free(&n->mapping_slab);
	slab_free(&n->flow_slab);
	slab_free(&n->crowd_slab);
	free(n);
}
