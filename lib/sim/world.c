/*
 * A packet is moved hop by hop, each at its own moment, so that every NAT sees
 * packets in the order of time. Nodes are the internet (-1), NATs by number,
 * and hosts. Routes are kept per node: which child has that address.
 */
#include "sim/world.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/heap.h"
#include "sim/agenda.h"
#include "sim/dict.h"
#include "sim/host.h"
#include "sim/link.h"
#include "sim/nat.h"
#include "sim/slab.h"

#define INTERNET (-1)

/* The two directions of one link, towards the internet and away from it. */
struct wire {
	struct link up, down;
};

struct place {
	int behind;
	struct wire wire;
};

struct host_place {
	struct place place;
	struct host *host;
};

struct nat_place {
	struct place place;
	struct nat_spec spec;
	struct nat *nat;
};

/* At @node the address @ip is reached through the link to @child. */
struct route {
	struct dict_node in_routes;
	int node;
	struct addr ip;
	bool to_nat;
	int child;
};

enum hop { HOP_FROM_INSIDE, HOP_FROM_OUTSIDE, HOP_TO_HOST };

/* A datagram on its way to @node: a NAT or the internet, or for HOP_TO_HOST a host. */
struct flight {
	struct packet packet;
	enum hop hop;
	int node;
	uint8_t data[CORE_DATAGRAM_MAX];
};

struct world {
	nk_time now;
	struct rng rng;
	struct world_stats stats;
	struct host_env env;
	struct host_place hosts[WORLD_HOSTS_MAX];
	int host_count;
	struct nat_place nats[WORLD_NATS_MAX];
	int nat_count;
	struct dict routes;
	struct slab route_slab, packet_slab;
	struct agenda flying;
	struct heap wakes;
	nk_time wake_at[WORLD_HOSTS_MAX];
	uint32_t wake_order[WORLD_HOSTS_MAX], wake_where[WORLD_HOSTS_MAX];
};

/* Routes */

static uint64_t route_hash(int node, const struct addr *ip)
{
	return dict_hash(ip->ip, sizeof(ip->ip), (uint64_t)(node + 1));
}

static const struct route *route_find(const struct world *w, int node, const struct addr *a)
{
	struct dict_node *t = dict_first(&w->routes, route_hash(node, a));

	for (; t != NULL; t = dict_next(t)) {
		const struct route *r = dict_entry(t, struct route, in_routes);

		if (r->node == node && addr_same_ip(&r->ip, a))
			return r;
	}
	return NULL;
}

/* Also at the nodes further up, as long as no NAT hides the address. */
static bool route_add(struct world *w, int node, const struct addr *ip, bool to_nat, int child)
{
	for (;;) {
		struct route *r = slab_get(&w->route_slab);

		if (r == NULL)
			return false;
		*r = (struct route){.node = node, .ip = *ip, .to_nat = to_nat, .child = child};
		if (!dict_add(&w->routes, &r->in_routes, route_hash(node, ip)))
			return false;
		if (node == INTERNET || w->nats[node].spec.translate)
			return true;
		to_nat = true;
		child = node;
		node = w->nats[node].place.behind;
	}
}

/* Packets */

static void trace(struct world *w, const struct addr *from, const struct addr *to,
		  const uint8_t *data, size_t len)
{
	uint64_t h = dict_hash(&w->now, sizeof(w->now), w->stats.trace);

	h = dict_hash(from, sizeof(*from), h);
	h = dict_hash(to, sizeof(*to), h);
	w->stats.trace = dict_hash(data, len, h);
}

static void packet_copy(struct flight *out, const struct flight *p)
{
	memcpy(out, p, offsetof(struct flight, data));
	memcpy(out->data, p->data, p->packet.len);
}

/* Sends a packet, its next hop set, over a link. Takes the packet. */
static void carry(struct world *w, struct link *l, struct flight *p)
{
	nk_time at[LINK_COPIES_MAX];
	const unsigned copies = link_carry(l, &w->rng, w->now, at);

	if (copies == 0)
		w->stats.lost++;
	for (unsigned i = 1; i < copies; i++) {
		struct flight *twin = slab_get(&w->packet_slab);

		if (twin == NULL)
			break;
		packet_copy(twin, p);
		if (!agenda_push(&w->flying, at[i], twin))
			slab_put(&w->packet_slab, twin);
	}
	if (copies == 0 || !agenda_push(&w->flying, at[0], p))
		slab_put(&w->packet_slab, p);
}

static void carry_up(struct world *w, struct place *from, struct flight *p)
{
	p->hop = HOP_FROM_INSIDE;
	p->node = from->behind;
	carry(w, &from->wire.up, p);
}

static void carry_down(struct world *w, const struct route *r, struct flight *p)
{
	p->hop = r->to_nat ? HOP_FROM_OUTSIDE : HOP_TO_HOST;
	p->node = r->child;
	carry(w,
	      r->to_nat ? &w->nats[r->child].place.wire.down : &w->hosts[r->child].place.wire.down,
	      p);
}

static void drop(struct world *w, struct flight *p, uint64_t *counter)
{
	(*counter)++;
	slab_put(&w->packet_slab, p);
}

static void send_datagram(void *user, int host, const struct addr *from, const struct addr *to,
			  uint8_t ttl, const uint8_t *data, size_t len)
{
	struct world *w = user;
	struct flight *p = slab_get(&w->packet_slab);

	if (p == NULL)
		return;
	p->packet =
		(struct packet){.from = *from, .to = *to, .ttl = ttl, .fragments = 1, .len = len};
	memcpy(p->data, data, len);
	w->stats.sent++;
	trace(w, from, to, data, len);
	if (!host_has(w->hosts[host].host, to)) {
		carry_up(w, &w->hosts[host].place, p);
		return;
	}
	p->hop = HOP_TO_HOST;
	p->node = host;
	if (!agenda_push(&w->flying, w->now, p))
		slab_put(&w->packet_slab, p);
}

static void arrive_at_host(struct world *w, struct flight *p)
{
	struct host *h = w->hosts[p->node].host;

	const struct packet *in = &p->packet;

	if (!host_receive(h, &in->from, &in->to, in->ttl, p->data, in->len, w->now)) {
		drop(w, p, &w->stats.stray);
		return;
	}
	w->stats.delivered++;
	trace(w, &in->from, &in->to, p->data, in->len);
	heap_set(&w->wakes, (uint32_t)p->node, host_turn(h, w->now));
	slab_put(&w->packet_slab, p);
}

/* Down from @node to whom the packet is for by now. */
static void route_down(struct world *w, int node, struct flight *p)
{
	const struct route *r = route_find(w, node, &p->packet.to);

	if (r == NULL)
		drop(w, p, &w->stats.stray);
	else
		carry_down(w, r, p);
}

static void hairpin(struct world *w, int number, struct flight *p)
{
	struct nat_place *n = &w->nats[number];
	const struct addr inside = p->packet.from;
	enum nat_answer answer;

	if (n->spec.hairpin == NAT_HAIRPIN_NONE ||
	    nat_out(n->nat, &p->packet, &answer, w->now) != NAT_PASS ||
	    nat_in(n->nat, &p->packet, &answer, w->now) != NAT_PASS) {
		drop(w, p, &w->stats.refused);
		return;
	}
	if (n->spec.hairpin == NAT_HAIRPIN_INTERNAL)
		p->packet.from = inside;
	route_down(w, number, p);
}

static void arrive_from_inside(struct world *w, struct flight *p)
{
	struct nat_place *n = &w->nats[p->node];
	enum nat_answer answer;

	if (route_find(w, p->node, &p->packet.to) != NULL)
		route_down(w, p->node, p);
	else if (nat_is_external(n->nat, &p->packet.to))
		hairpin(w, p->node, p);
	else if (nat_out(n->nat, &p->packet, &answer, w->now) != NAT_PASS)
		drop(w, p, &w->stats.refused);
	else
		carry_up(w, &n->place, p);
}

static void arrive_from_outside(struct world *w, struct flight *p)
{
	enum nat_answer answer;

	if (nat_in(w->nats[p->node].nat, &p->packet, &answer, w->now) == NAT_PASS)
		route_down(w, p->node, p);
	else
		drop(w, p, &w->stats.refused);
}

/* Its TTL ends here, yet a NAT may look at it first. */
static void expire(struct world *w, const struct flight *p)
{
	if (p->node == INTERNET)
		return;
	if (p->hop == HOP_FROM_OUTSIDE)
		nat_in_expired(w->nats[p->node].nat, &p->packet, w->now);
	else if (route_find(w, p->node, &p->packet.to) == NULL)
		nat_out_expired(w->nats[p->node].nat, &p->packet, w->now);
}

static void arrive(struct world *w, struct flight *p)
{
	if (p->hop == HOP_TO_HOST)
		arrive_at_host(w, p);
	else if (p->packet.ttl <= 1) {
		expire(w, p);
		drop(w, p, &w->stats.stray);
	} else {
		p->packet.ttl--;
		if (p->node == INTERNET)
			route_down(w, INTERNET, p);
		else if (p->hop == HOP_FROM_INSIDE)
			arrive_from_inside(w, p);
		else
			arrive_from_outside(w, p);
	}
}

/* The world */

struct world *world_new(uint64_t seed)
{
	struct world *w = crypto_init() == 0 ? calloc(1, sizeof(*w)) : NULL;

	if (w == NULL)
		return NULL;
	rng_seed_from_number(&w->rng, seed);
	w->env = (struct host_env){
		.send = send_datagram, .user = w, .stats = &w->stats, .rng = &w->rng};
	w->route_slab = slab_make(sizeof(struct route));
	w->packet_slab = slab_make(sizeof(struct flight));
	heap_init(&w->wakes, w->wake_at, w->wake_order, w->wake_where, WORLD_HOSTS_MAX);
	return w;
}

void world_free(struct world *w)
{
	if (w == NULL)
		return;
	for (int i = 0; i < w->host_count; i++)
		host_free(w->hosts[i].host);
	for (int i = 0; i < w->nat_count; i++)
		nat_free(w->nats[i].nat);
	dict_free(&w->routes);
	agenda_free(&w->flying);
	slab_free(&w->route_slab);
	slab_free(&w->packet_slab);
	free(w);
}

nk_time world_now(const struct world *w)
{
	return w->now;
}

const struct world_stats *world_stats(const struct world *w)
{
	return &w->stats;
}

int world_add_host(struct world *w, const struct addr *addrs, unsigned count, int behind)
{
	const int number = w->host_count;

	if (number == WORLD_HOSTS_MAX || count > WORLD_HOST_ADDRS_MAX)
		return -1;

	struct host *h = host_new(&w->env, number, addrs, count);

	if (h == NULL)
		return -1;
	w->hosts[number] = (struct host_place){.place = {.behind = behind}, .host = h};
	w->host_count++;
	for (unsigned i = 0; i < count; i++)
		if (!route_add(w, behind, &addrs[i], false, number))
			return -1;
	return number;
}

int world_add_nat(struct world *w, const struct nat_spec *spec, int behind)
{
	const int number = w->nat_count;

	if (number == WORLD_NATS_MAX)
		return -1;

	struct nat *n = nat_new(spec, &w->rng);

	if (n == NULL)
		return -1;
	w->nats[number] = (struct nat_place){.place = {.behind = behind}, .spec = *spec, .nat = n};
	w->nat_count++;
	for (unsigned i = 0; spec->translate && i < spec->external_count; i++)
		if (!route_add(w, behind, &spec->external[i], true, number))
			return -1;
	return number;
}

static void set_wire(struct wire *wire, const struct world *w, const struct link_spec *up,
		     const struct link_spec *down)
{
	if (up != NULL)
		wire->up = (struct link){.spec = *up, .as_of = w->now};
	if (down != NULL)
		wire->down = (struct link){.spec = *down, .as_of = w->now};
}

void world_set_link(struct world *w, int host, const struct link_spec *up,
		    const struct link_spec *down)
{
	set_wire(&w->hosts[host].place.wire, w, up, down);
}

void world_set_nat_link(struct world *w, int nat, const struct link_spec *up,
			const struct link_spec *down)
{
	set_wire(&w->nats[nat].place.wire, w, up, down);
}

void world_attach(struct world *w, int host, const struct core_ops *ops, void *core)
{
	host_attach(w->hosts[host].host, ops, core);
	heap_set(&w->wakes, (uint32_t)host, w->now);
}

void world_tell(struct world *w, int host, const struct event *ev)
{
	host_input(w->hosts[host].host, ev, w->now);
	heap_set(&w->wakes, (uint32_t)host, host_turn(w->hosts[host].host, w->now));
}

/* One packet, or else, so that answers are seen before time-outs, one host whose time has come. */
static void step(struct world *w)
{
	if (agenda_next(&w->flying) <= w->now) {
		arrive(w, agenda_pop(&w->flying));
		return;
	}

	const uint32_t host = heap_due(&w->wakes, w->now);

	if (host != HEAP_NONE)
		heap_set(&w->wakes, host, host_turn(w->hosts[host].host, w->now));
}

static const struct host *host_of(const struct world *w, const void *core)
{
	for (int i = 0; core != NULL && i < w->host_count; i++)
		if (host_runs(w->hosts[i].host, core))
			return w->hosts[i].host;
	return NULL;
}

int world_run(struct world *w, const void *core, nk_time until)
{
	const struct host *h = host_of(w, core);
	int status;

	while ((status = h == NULL ? CORE_BUSY : host_status(h)) == CORE_BUSY) {
		const nk_time next = nk_min(agenda_next(&w->flying), heap_next(&w->wakes));

		if (next > until || next == NK_NEVER)
			break;
		w->now = nk_max(w->now, next);
		step(w);
	}
	if (status == CORE_BUSY && until != NK_NEVER)
		w->now = nk_max(w->now, until);
	return status;
}

unsigned nat_mappings(const struct world *w, int nat)
{
	return nat_held(w->nats[nat].nat, w->now);
}

unsigned nat_mappings_peak(const struct world *w, int nat)
{
	return nat_held_peak(w->nats[nat].nat);
}

struct nat_applied nat_applied(const struct world *w, int nat, enum nat_traffic traffic)
{
	return nat_applied_times(w->nats[nat].nat, traffic);
}
