#include "sim/nat_room.h"

/* Inside hosts */

struct inside *inside_of(struct nat *n, const struct addr *endpoint)
{
	const struct addr ip = addr_with_port(*endpoint, 0);
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

bool inside_has_room(struct nat *n, struct inside *h, nk_time now)
{
	if (n->spec.quota == 0 || h->held < n->spec.quota)
		return true;
	if (n->spec.quota_policy == NAT_QUOTA_REFUSE)
		return false;
	state_end(n, h->first, now);
	return true;
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

void room_take(struct nat *n, struct state *s, struct inside *h)
{
	if (s->is_flow != n->spec.flow_timers)
		return;
	s->owner = h;
	h->held++;
	list_append(h, s);
	if (++n->held > n->peak)
		n->peak = n->held;
}

void room_used(const struct nat *n, struct state *s)
{
	if (s->owner == NULL)
		s = &s->mapping->state;
	if (s->owner == NULL || n->spec.quota_policy == NAT_QUOTA_EVICT_FIRST)
		return;
	list_remove(s->owner, s);
	list_append(s->owner, s);
}

void room_give_back(struct nat *n, struct state *s)
{
	if (s->owner == NULL)
		return;
	list_remove(s->owner, s);
	s->owner->held--;
	n->held--;
}

/* Remote endpoints */

static uint64_t crowd_hash(uint16_t proto, const struct addr *remote)
{
	return dict_hash(remote, sizeof(*remote), proto);
}

static struct crowd *crowd_find(const struct nat *n, uint16_t proto, const struct addr *remote)
{
	struct dict_node *t = dict_first(&n->crowds, crowd_hash(proto, remote));

	for (; t != NULL; t = dict_next(t)) {
		struct crowd *c = dict_entry(t, struct crowd, by_remote);

		if (c->proto == proto && addr_eq(&c->remote, remote))
			return c;
	}
	return NULL;
}

bool crowd_has_room(const struct nat *n, const struct talk *t)
{
	const struct crowd *c;

	if (n->spec.remote_quota == 0)
		return true;
	c = crowd_find(n, t->proto, &t->remote);
	return c == NULL || c->held < n->spec.remote_quota;
}

bool crowd_join(struct nat *n, struct flow *f)
{
	const uint16_t proto = f->state.mapping->proto;
	struct crowd *c;

	if (n->spec.remote_quota == 0)
		return true;
	c = crowd_find(n, proto, &f->remote);
	if (c == NULL) {
		c = slab_get(&n->crowd_slab);
		if (c == NULL)
			return false;
		*c = (struct crowd){.proto = proto, .remote = f->remote};
		if (!dict_add(&n->crowds, &c->by_remote, crowd_hash(proto, &f->remote))) {
			slab_put(&n->crowd_slab, c);
			return false;
		}
	}
	c->held++;
	f->crowd = c;
	return true;
}

void crowd_leave(struct nat *n, const struct flow *f)
{
	struct crowd *c = f->crowd;

	if (c == NULL || --c->held > 0)
		return;
	dict_del(&n->crowds, &c->by_remote);
	slab_put(&n->crowd_slab, c);
}
