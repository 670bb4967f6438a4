/*
 * A packet is moved hop by hop, each at its own moment, so that every NAT sees
 * packets in the order of time. Whatever a node cannot pass on it answers with
 * an ICMP error or a RST of its own, which is a packet like any other.
 */
#include "sim/net.h"

#include <string.h>

#include "sim/net_state.h"
#include "wire/ip.h"

/* Packets */

static const size_t rooms[NET_CLASSES] = {256, 2304, 66048};

void net_make_slabs(struct net *n)
{
	for (unsigned i = 0; i < NET_CLASSES; i++)
		n->slabs[i] = slab_make(sizeof(struct flight) + rooms[i]);
}

struct packet *net_get(struct net *n, size_t room)
{
	unsigned class = 0;
	struct flight *f;

	while (class < NET_CLASSES && rooms[class] < room)
		class ++;
	f = class == NET_CLASSES ? NULL : slab_get(&n->slabs[class]);
	if (f == NULL)
		return NULL;
	memset(f, 0, sizeof(*f));
	f->class = class;
	f->packet.ttl = PACKET_TTL;
	f->packet.fragments = 1;
	f->packet.data = f->data;
	f->packet.room = rooms[class];
	return &f->packet;
}

void net_put(struct net *n, struct packet *p)
{
	slab_put(&n->slabs[net_flight(p)->class], p);
}

static struct flight *twin_of(struct net *n, const struct flight *f)
{
	struct flight *twin = slab_get(&n->slabs[f->class]);

	if (twin != NULL) {
		memcpy(twin, f, sizeof(*f) + f->packet.len);
		twin->packet.data = twin->data;
	}
	return twin;
}

static void drop(struct net *n, struct flight *f, uint64_t *counter)
{
	(*counter)++;
	net_put(n, &f->packet);
}

static void tap(struct net *n, enum net_place place, int number, const struct flight *f)
{
	if (n->hooks.tap != NULL && number != NET_INTERNET)
		n->hooks.tap(n->hooks.user, place, number, &f->packet, n->now);
}

static void fly(struct net *n, struct flight *f, nk_time at)
{
	if (!agenda_push(&n->flying, at, f))
		net_put(n, &f->packet);
}

static void see(struct flight *f, enum hop hop, int node, bool whole)
{
	f->seen = (struct seen){
		.hop = hop,
		.node = node,
		.from = f->packet.from,
		.to = f->packet.to,
		.size = f->packet.size,
		.whole = whole,
	};
}

/* The packet as its sender knows it at this node. */
static struct packet as_seen(const struct flight *f)
{
	struct packet p = f->packet;

	p.from = f->seen.from;
	p.to = f->seen.to;
	p.size = f->seen.size;
	return p;
}

static void fail(struct net *n, struct flight *f, enum packet_error error, uint32_t mtu,
		 uint64_t *counter)
{
	if (f->seen.hop != HOP_NONE) {
		const struct packet about = as_seen(f);

		net_answer_error(n, f->seen.node, f->seen.hop, &about, error, mtu);
	}
	drop(n, f, counter);
}

/* Over a link */

/* Return: false if the packet is too large and has been dropped. */
static bool fit(struct net *n, const struct link *l, struct flight *f)
{
	struct packet *p = &f->packet;
	const uint32_t mtu = link_mtu(l);
	const unsigned pieces = packet_pieces(p, mtu);

	if (pieces <= p->fragments)
		return true;
	if (!f->seen.whole) {
		p->fragments = pieces;
		return true;
	}
	/* NAT64 changes the size: what the sender is told is what it may send. */
	fail(n, f, PACKET_TOO_BIG, mtu + (uint32_t)f->seen.size - (uint32_t)p->size,
	     &n->stats.lost);
	return false;
}

/* Sends a packet, its next hop set, over a link. Takes the packet. */
static void carry(struct net *n, struct link *l, struct flight *f)
{
	struct link_copy copies[LINK_COPIES_MAX];
	unsigned count;

	count = link_carry(l, f->packet.fragments, n->now, copies);
	l->stats.packets++;
	if (count == 0) {
		l->stats.lost++;
		drop(n, f, &n->stats.lost);
		return;
	}
	for (unsigned i = 1; i < count; i++) {
		struct flight *twin = twin_of(n, f);

		if (twin == NULL)
			break;
		twin->packet.disordered |= copies[i].disordered;
		fly(n, twin, copies[i].at);
	}
	f->packet.disordered |= copies[0].disordered;
	fly(n, f, copies[0].at);
}

static void go_up(struct net *n, struct place *from, struct flight *f)
{
	if (!fit(n, &from->up, f))
		return;
	f->hop = HOP_FROM_INSIDE;
	f->node = from->behind;
	carry(n, &from->up, f);
}

static void go_down(struct net *n, const struct route *r, struct flight *f)
{
	struct link *down =
		r->to_node ? &net_node(n, r->child)->place.down : &n->hosts[r->child].place.down;

	if (!fit(n, down, f))
		return;
	f->hop = r->to_node ? HOP_FROM_OUTSIDE : HOP_TO_HOST;
	f->node = r->child;
	carry(n, down, f);
}

/* Down from @node to whom the packet is for by now. */
static void route_down(struct net *n, int node, struct flight *f)
{
	const struct route *r = routes_find(&n->routes, node, &f->packet.to);

	if (r == NULL) {
		fail(n, f, PACKET_NO_HOST, 0, &n->stats.stray);
		return;
	}
	tap(n, NET_NODE_INSIDE, node, f);
	go_down(n, r, f);
}

static void leave(struct net *n, int node, struct flight *f)
{
	tap(n, NET_NODE_OUTSIDE, node, f);
	go_up(n, &net_node(n, node)->place, f);
}

void net_send_to(struct net *n, int node, int host, struct flight *f)
{
	tap(n, NET_NODE_INSIDE, node, f);
	go_down(n, &(struct route){.child = host}, f);
}

void net_send_back(struct net *n, int node, enum hop side, struct flight *f)
{
	if (side == HOP_FROM_INSIDE)
		route_down(n, node, f);
	else
		leave(n, node, f);
}

/* At a node */

typedef enum nat_verdict nat_way(struct nat *n, struct packet *p, enum nat_answer *answer,
				 nk_time now);

static bool passes(struct net *n, int number, struct flight *f, nat_way *way)
{
	struct nat *nat = net_node(n, number)->nat;
	enum nat_answer answer;
	enum nat_verdict verdict;

	if (nat == NULL)
		return true;
	verdict = way(nat, &f->packet, &answer, n->now);
	if (f->packet.kind == PACKET_TCP)
		heap_set(&n->late, (uint32_t)number, nat_late(nat));
	if (verdict == NAT_PASS) {
		f->packet.disordered = false; /* it was put together */
		return true;
	}
	if (verdict == NAT_REFUSE) {
		const struct packet about = as_seen(f);

		net_answer_refusal(n, number, f->seen.hop, &about, answer);
	}
	drop(n, f, &n->stats.refused);
	return false;
}

static void hairpin(struct net *n, int number, struct flight *f)
{
	const struct nat_spec *spec = nat_spec(net_node(n, number)->nat);
	const struct addr inside = f->packet.from;

	if (!passes(n, number, f, nat_out) || !passes(n, number, f, nat_in))
		return;
	if (spec->hairpin == NAT_HAIRPIN_INTERNAL)
		f->packet.from = inside;
	route_down(n, number, f);
}

static bool goes_round(const struct node *node, enum hop hop)
{
	return node->way == (hop == HOP_FROM_INSIDE ? NET_BACK_ONLY : NET_OUT_ONLY);
}

/* Its TTL may end here, though a NAT looks at it first, and does not forward what is for itself.
 * Return: false if it does. */
static bool take_hop(struct net *n, struct flight *f)
{
	const struct node *node = net_node(n, f->node);
	struct nat *nat = node->nat;

	if (goes_round(node, f->hop))
		return true;
	if (f->packet.ttl > 1) {
		f->packet.ttl--;
		return true;
	}
	if (nat != NULL && f->hop == HOP_FROM_INSIDE)
		nat_out_expired(nat, &f->packet, n->now);
	else if (nat != NULL && !nat_in_expired(nat, &f->packet, n->now))
		return true;
	fail(n, f, PACKET_TTL_EXCEEDED, 0, &n->stats.stray);
	return false;
}

static void arrive_from_inside(struct net *n, struct flight *f)
{
	const int number = f->node;
	const struct nat *nat = net_node(n, number)->nat;
	const bool is_own = nat != NULL && nat_is_external(nat, &f->packet.to);
	const struct route *r = routes_find(&n->routes, number, &f->packet.to);

	tap(n, NET_NODE_INSIDE, number, f);
	if (r != NULL && number != NET_INTERNET) { /* of the same LAN */
		go_down(n, r, f);
		return;
	}
	if (net_ask_ports(n, number, f))
		return;
	if (is_own && nat_spec(nat)->hairpin == NAT_HAIRPIN_NONE) {
		drop(n, f, &n->stats.refused);
		return;
	}
	if (!take_hop(n, f))
		return;
	if (number == NET_INTERNET)
		route_down(n, number, f);
	else if (is_own)
		hairpin(n, number, f);
	else if (passes(n, number, f, nat_out))
		leave(n, number, f);
}

static void arrive_from_outside(struct net *n, struct flight *f)
{
	const int number = f->node;

	tap(n, NET_NODE_OUTSIDE, number, f);
	if (take_hop(n, f) && passes(n, number, f, nat_in))
		route_down(n, number, f);
}

static void arrive_at_host(struct net *n, struct flight *f)
{
	tap(n, NET_AT_HOST, f->node, f);
	n->hooks.deliver(n->hooks.user, f->node, &f->packet, n->now);
	net_put(n, &f->packet);
}

static void arrive(struct net *n, struct flight *f)
{
	const struct packet *p = &f->packet;

	if (f->hop == HOP_TO_HOST) {
		arrive_at_host(n, f);
		return;
	}
	see(f, f->hop, f->node, p->dont_fragment || addr_family(&p->to) != ADDR_V4);
	if (f->hop == HOP_FROM_INSIDE)
		arrive_from_inside(n, f);
	else
		arrive_from_outside(n, f);
}

static bool answer_late(struct net *n)
{
	const uint32_t number = heap_due(&n->late, n->now);
	struct packet about = {.kind = PACKET_TCP, .flags = PACKET_SYN};
	struct packet_quote refused;
	enum nat_answer answer;
	struct nat *nat;

	if (number == HEAP_NONE)
		return false;
	nat = net_node(n, (int)number)->nat;
	if (nat_take_late(nat, &refused, &answer, n->now)) {
		about.from = refused.from;
		about.to = refused.to;
		about.seq = refused.seq;
		about.size = packet_ip_header(&about) + IP_TCP_HEADER;
		net_answer_refusal(n, (int)number, HOP_FROM_OUTSIDE, &about, answer);
	}
	heap_set(&n->late, number, nat_late(nat));
	return true;
}

void net_send(struct net *n, int host, struct packet *p, nk_time now)
{
	struct flight *f = net_flight(p);
	struct host *h = &n->hosts[host];

	n->now = nk_max(n->now, now);
	tap(n, NET_AT_HOST, host, f);
	for (unsigned i = 0; i < h->count; i++) {
		if (addr_same_ip(&h->addrs[i], &p->to)) {
			f->hop = HOP_TO_HOST;
			f->node = host;
			fly(n, f, n->now);
			return;
		}
	}
	/* The near end of its link has no name: what is too big for it, the far end refuses. */
	see(f, HOP_FROM_INSIDE, h->place.behind, p->dont_fragment);
	go_up(n, &h->place, f);
}

nk_time net_next(const struct net *n)
{
	return nk_min(agenda_next(&n->flying), heap_next(&n->late));
}

bool net_turn(struct net *n, nk_time now)
{
	n->now = nk_max(n->now, now);
	if (agenda_next(&n->flying) > n->now)
		return answer_late(n);
	arrive(n, agenda_pop(&n->flying));
	return true;
}
