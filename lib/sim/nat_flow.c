#include "sim/nat_flow.h"

#include "sim/nat_room.h"

bool flow_rules(const struct nat *n, const struct talk *t)
{
	return n->spec.flow_timers || t->proto != PACKET_UDP;
}

struct flow *flow_of(const struct nat *n, const struct mapping *m, const struct talk *t)
{
	const struct addr key =
		m->state.timed ? nat_masked(&t->remote, n->spec.filtering) : t->remote;

	return flow_find(n, m, &key);
}

static nk_time port_time(const struct nat_spec *spec, uint16_t port)
{
	for (unsigned i = 0; i < NAT_PORT_TIMES_MAX; i++)
		if (spec->port_times[i].t > 0 && spec->port_times[i].port == port)
			return spec->port_times[i].t;
	return 0;
}

nk_time flow_own_limit(const struct nat_spec *spec, const struct talk *t)
{
	switch (proto_kind(t->proto)) {
	case PACKET_UDP:
		return port_time(spec, t->remote.port);
	case PACKET_QUERY:
		return spec->t_icmp > 0 ? spec->t_icmp : NAT_ICMP_DEFAULT;
	default:
		return spec->t_other > 0 ? spec->t_other : NAT_OTHER_DEFAULT;
	}
}

bool flow_begin(struct nat *n, struct mapping *m, const struct talk *t, struct inside *h,
		nk_time now)
{
	struct flow *f = flow_make(n, m, &t->remote);
	nk_time own;

	if (f == NULL)
		return false;
	if (t->proto == PACKET_TCP) {
		f->tcp = tcp_track_begin(t->flags, t->outward);
		own = tcp_track_limit(&f->tcp, &n->spec);
	} else {
		own = flow_own_limit(&n->spec, t);
	}
	if (h != NULL)
		room_take(n, &f->state, h);
	state_begin(n, &f->state, t, own, now);
	return true;
}

struct flow *flow_now(struct nat *n, struct flow *f, const struct talk *t, nk_time now)
{
	if (f == NULL || t->proto != PACKET_TCP ||
	    !tcp_track_is_reopened(&f->tcp, t->flags, t->outward))
		return f;
	state_end(n, &f->state, now);
	return NULL;
}

static bool tcp_continue(struct nat *n, struct flow *f, const struct talk *t, nk_time now)
{
	const enum tcp_step step = tcp_track_next(&f->tcp, t->flags, t->outward);

	if (step != TCP_STEP_PASS)
		return step == TCP_STEP_IGNORE;
	if (n->spec.rst_ends && tcp_track_is_refused(&f->tcp)) {
		state_end(n, &f->state, now);
		return true;
	}
	f->state.life.own = tcp_track_limit(&f->tcp, &n->spec);
	state_touch(n, &f->state, t->outward, now);
	return true;
}

bool flow_continue(struct nat *n, struct flow *f, const struct talk *t, nk_time now)
{
	if (t->proto == PACKET_TCP)
		return tcp_continue(n, f, t, now);
	state_touch(n, &f->state, t->outward, now);
	return true;
}
