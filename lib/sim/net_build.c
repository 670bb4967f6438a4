/* How the network is put together, and how that changes in mid-run. */
#include <stdlib.h>
#include <string.h>

#include "sim/net_state.h"

/* The internet's routers speak as nobody's: RFC 7600 section 4.8, RFC 6666. */
static const struct addr dummy_v4 = {.ip = {[10] = 0xff, [11] = 0xff, 192, 0, 0, 8}};
static const struct addr dummy_v6 = {.ip = {0x01, [15] = 8}};

struct net *net_new(const struct net_hooks *hooks, struct rng *rng)
{
	struct net *n = calloc(1, sizeof(*n));

	if (n == NULL)
		return NULL;
	n->hooks = *hooks;
	n->rng = rng;
	n->nodes[0].inside[0] = dummy_v4;
	n->nodes[0].inside[1] = dummy_v6;
	n->nodes[0].inside_count = 2;
	n->routes = routes_make();
	net_make_slabs(n);
	heap_init(&n->late, n->late_at, n->late_order, n->late_where, NET_NODES_MAX);
	return n;
}

void net_free(struct net *n)
{
	if (n == NULL)
		return;
	for (int i = 0; i < n->node_count; i++) {
		nat_free(net_node(n, i)->nat);
		free(net_node(n, i)->ports);
	}
	routes_free(&n->routes);
	agenda_free(&n->flying);
	for (unsigned i = 0; i < NET_CLASSES; i++)
		slab_free(&n->slabs[i]);
	free(n);
}

const struct net_stats *net_stats(const struct net *n)
{
	return &n->stats;
}

/* Routes are made anew with each change, for there are few. */

static bool hides(const struct node *node, const struct addr *ip)
{
	return node->nat != NULL && nat_translates(node->nat, addr_family(ip));
}

/* To something behind @node, and so at the nodes further up as long as none hides it. */
static bool add_routes(const struct net *n, struct routes *t, int node, const struct addr *ip,
		       bool to_node, int child)
{
	for (;;) {
		const struct node *at = &n->nodes[1 + node];

		if (!routes_add(t, node, ip, to_node, child))
			return false;
		if (node == NET_INTERNET || hides(at, ip))
			return true;
		to_node = true;
		child = node;
		node = at->place.behind;
	}
}

static bool add_host_routes(const struct net *n, struct routes *t, int number)
{
	const struct host *h = &n->hosts[number];

	for (unsigned i = 0; i < h->count; i++)
		if (!add_routes(n, t, h->place.behind, &h->addrs[i], false, number))
			return false;
	return true;
}

static bool add_node_routes(const struct net *n, struct routes *t, int number)
{
	const struct node *node = &n->nodes[1 + number];
	const struct nat_spec *spec = node->nat == NULL ? NULL : nat_spec(node->nat);

	if (spec == NULL || !spec->translate)
		return true;
	for (unsigned i = 0; i < spec->external_count; i++)
		if (!add_routes(n, t, node->place.behind, &spec->external[i], true, number))
			return false;
	return true;
}

static bool reroute(struct net *n)
{
	struct routes fresh = routes_make();
	bool ok = true;

	for (int i = 0; ok && i < n->host_count; i++)
		ok = add_host_routes(n, &fresh, i);
	for (int i = 0; ok && i < n->node_count; i++)
		ok = add_node_routes(n, &fresh, i);
	if (!ok) {
		routes_free(&fresh);
		return false;
	}
	routes_free(&n->routes);
	n->routes = fresh;
	return true;
}

int net_add_host(struct net *n, const struct addr *addrs, unsigned count, int behind)
{
	const int number = n->host_count;
	struct host *h = &n->hosts[number];

	if (number == NET_HOSTS_MAX || count > NET_ADDRS_MAX)
		return -1;
	*h = (struct host){.place = {.behind = behind}, .count = count};
	memcpy(h->addrs, addrs, count * sizeof(*addrs));
	n->host_count++;
	if (reroute(n))
		return number;
	n->host_count--;
	return -1;
}

int net_add_node(struct net *n, const struct nat_spec *spec, const struct addr *inside,
		 unsigned inside_count, int behind)
{
	const int number = n->node_count;
	struct node *node = net_node(n, number);

	if (number == NET_NODES_MAX || inside_count > NET_ADDRS_MAX)
		return -1;
	*node = (struct node){
		.place = {.behind = behind}, .inside_count = inside_count, .booted = n->now};
	if (inside_count > 0)
		memcpy(node->inside, inside, inside_count * sizeof(*inside));
	if (spec != NULL) {
		node->nat = nat_new(spec, n->rng);
		if (node->nat == NULL)
			return -1;
	}
	n->node_count++;
	if (reroute(n))
		return number;
	n->node_count--;
	nat_free(node->nat);
	return -1;
}

void net_set_way(struct net *n, int node, enum net_way way)
{
	net_node(n, node)->way = way;
}

static void set_direction(struct net *n, struct link *l, const struct link_spec *spec)
{
	uint8_t seed[32];

	if (spec == NULL)
		return;
	*l = (struct link){.spec = *spec, .stats = l->stats, .as_of = n->now};
	rng_bytes(n->rng, seed, sizeof(seed));
	rng_seed(&l->rng, seed);
}

static void set_link(struct net *n, struct place *place, const struct link_spec *up,
		     const struct link_spec *down)
{
	set_direction(n, &place->up, up);
	set_direction(n, &place->down, down);
}

void net_set_link(struct net *n, int host, const struct link_spec *up, const struct link_spec *down)
{
	set_link(n, &n->hosts[host].place, up, down);
}

void net_set_node_link(struct net *n, int node, const struct link_spec *up,
		       const struct link_spec *down)
{
	set_link(n, &net_node(n, node)->place, up, down);
}

void net_link_stats(const struct net *n, int host, struct link_stats *up, struct link_stats *down)
{
	*up = n->hosts[host].place.up.stats;
	*down = n->hosts[host].place.down.stats;
}

void net_node_link_stats(const struct net *n, int node, struct link_stats *up,
			 struct link_stats *down)
{
	*up = n->nodes[1 + node].place.up.stats;
	*down = n->nodes[1 + node].place.down.stats;
}

bool net_readdress_host(struct net *n, int host, unsigned index, const struct addr *to)
{
	struct addr *at = &n->hosts[host].addrs[index];
	const struct addr was = *at;

	*at = *to;
	if (reroute(n))
		return true;
	*at = was;
	return false;
}

/* @to is taken over, NULL if there was no memory for it. */
static bool put_nat(struct net *n, int node, struct nat *to)
{
	struct node *at = net_node(n, node);
	struct nat *was = at->nat;

	at->nat = to;
	if (to == NULL || !reroute(n)) {
		nat_free(to);
		at->nat = was;
		return false;
	}
	nat_free(was);
	heap_set(&n->late, (uint32_t)node, NK_NEVER);
	net_forget_ports(n, node);
	return true;
}

bool net_replace_nat(struct net *n, int node, const struct nat_spec *spec)
{
	return put_nat(n, node, nat_new(spec, n->rng));
}

bool net_reboot(struct net *n, int node)
{
	const struct nat *nat = net_node(n, node)->nat;

	return nat == NULL || put_nat(n, node, nat_rebooted(nat));
}

struct nat *net_nat(const struct net *n, int node)
{
	return n->nodes[1 + node].nat;
}
