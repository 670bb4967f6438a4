/* What a NAT remembers, told to people. */
#include "sim/nat_state.h"

static const char *state_name(const struct state *s)
{
	if (s->mapping->proto == PACKET_TCP)
		return tcp_track_name(&((const struct flow *)s)->tcp);
	if (s->life.stream && s->mapping->proto == PACKET_UDP)
		return "stream";
	return s->life.first ? "first" : "replied";
}

static struct nat_entry entry_of(const struct state *s, nk_time now)
{
	const struct mapping *m = s->mapping;

	return (struct nat_entry){
		.kind = proto_kind(m->proto),
		.inside = m->own ? (struct addr){.port = 0} : m->inside,
		.external = m->external,
		.remote = s->is_flow ? ((const struct flow *)s)->remote : m->remote,
		.state = state_name(s),
		.left = s->life.ends - now,
	};
}

void nat_each(struct nat *n, nk_time now, void (*each)(void *user, const struct nat_entry *e),
	      void *user)
{
	nat_state_sweep(n, now);
	for (unsigned i = 0; i < n->forward_count; i++) {
		const struct nat_forward *f = &n->forwards[i];
		const struct nat_entry e = {
			.kind = f->kind,
			.inside = f->inside,
			.external = f->external,
			.remote = f->remote,
			.state = "open",
			.left = f->until - now,
		};

		each(user, &e);
	}
	for (struct dict_node *t = dict_after(&n->outward, NULL); t != NULL;
	     t = dict_after(&n->outward, t)) {
		const struct mapping *m = dict_entry(t, struct mapping, by_inside);

		if (m->state.timed) {
			const struct nat_entry e = entry_of(&m->state, now);

			each(user, &e);
		}
		for (const struct flow *f = m->flows; f != NULL; f = f->sibling) {
			const struct nat_entry e = entry_of(&f->state, now);

			each(user, &e);
		}
	}
}
