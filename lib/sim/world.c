#include "sim/world.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/heap.h"
#include "sim/dict.h"
#include "sim/host.h"
#include "sim/net_pcap.h"

/**
 * struct world - A world
 * @unheard:	Datagrams that came to a host where nothing took them
 * @pcap:	NULL: none is written
 */
struct world {
	nk_time now;
	struct rng rng;
	struct world_stats stats;
	uint64_t unheard;
	struct net *net;
	struct net_pcap *pcap;
	struct host_env env;
	struct host *hosts[NET_HOSTS_MAX];
	int host_count;
	struct heap wakes;
	nk_time wake_at[NET_HOSTS_MAX];
	uint32_t wake_order[NET_HOSTS_MAX], wake_where[NET_HOSTS_MAX];
};

static void trace(struct world *w, const struct packet *p)
{
	uint64_t h = dict_hash(&w->now, sizeof(w->now), w->stats.trace);

	h = dict_hash(&p->from, sizeof(p->from), h);
	h = dict_hash(&p->to, sizeof(p->to), h);
	w->stats.trace = dict_hash(p->data, p->len, h);
}

static struct packet *packet_for(void *user, size_t len)
{
	struct world *w = user;

	return net_get(w->net, len);
}

static void send_packet(void *user, int host, struct packet *p)
{
	struct world *w = user;

	trace(w, p);
	net_send(w->net, host, p, w->now);
}

static void turn_host(struct world *w, int host)
{
	heap_set(&w->wakes, (uint32_t)host, host_turn(w->hosts[host], w->now));
}

static void deliver(void *user, int host, const struct packet *p, nk_time now)
{
	struct world *w = user;

	if (host_receive(w->hosts[host], p, now)) {
		w->stats.delivered++;
		trace(w, p);
		turn_host(w, host);
	} else if (p->kind == PACKET_UDP) {
		w->unheard++;
	}
}

static void tap(void *user, enum net_place place, int number, const struct packet *p, nk_time now)
{
	struct world *w = user;

	if (w->pcap != NULL)
		net_pcap_tap(w->pcap, place, number, p, now);
}

struct world *world_new(uint64_t seed)
{
	struct world *w = crypto_init() == 0 ? calloc(1, sizeof(*w)) : NULL;

	if (w == NULL)
		return NULL;
	rng_seed_from_number(&w->rng, seed);
	w->env = (struct host_env){
		.get = packet_for,
		.send = send_packet,
		.user = w,
		.sent = &w->stats.sent,
		.late = &w->stats.late,
		.rng = &w->rng,
	};
	w->net = net_new(&(struct net_hooks){.deliver = deliver, .tap = tap, .user = w}, &w->rng);
	if (w->net == NULL) {
		free(w);
		return NULL;
	}
	heap_init(&w->wakes, w->wake_at, w->wake_order, w->wake_where, NET_HOSTS_MAX);
	return w;
}

void world_free(struct world *w)
{
	if (w == NULL)
		return;
	for (int i = 0; i < w->host_count; i++)
		host_free(w->hosts[i]);
	net_free(w->net);
	free(w->pcap);
	free(w);
}

nk_time world_now(const struct world *w)
{
	return w->now;
}

const struct world_stats *world_stats(struct world *w)
{
	const struct net_stats *n = net_stats(w->net);

	w->stats.lost = n->lost;
	w->stats.refused = n->refused;
	w->stats.stray = n->stray + w->unheard;
	return &w->stats;
}

int world_add_host(struct world *w, const struct addr *addrs, unsigned count, int behind)
{
	const int number = w->host_count;
	struct host *h = count > NET_ADDRS_MAX || number == NET_HOSTS_MAX
				 ? NULL
				 : host_new(&w->env, number, addrs, count);

	if (h == NULL)
		return -1;
	if (net_add_host(w->net, addrs, count, behind) != number) {
		host_free(h);
		return -1;
	}
	w->hosts[w->host_count++] = h;
	return number;
}

int world_add_nat(struct world *w, const struct nat_spec *spec, int behind)
{
	return world_add_node(w, spec, NULL, 0, behind);
}

int world_add_router(struct world *w, int behind)
{
	return world_add_node(w, NULL, NULL, 0, behind);
}

int world_add_node(struct world *w, const struct nat_spec *spec, const struct addr *inside,
		   unsigned count, int behind)
{
	return net_add_node(w->net, spec, inside, count, behind);
}

void world_set_way(struct world *w, int router, enum net_way way)
{
	net_set_way(w->net, router, way);
}

void world_set_link(struct world *w, int host, const struct link_spec *up,
		    const struct link_spec *down)
{
	net_set_link(w->net, host, up, down);
}

void world_set_nat_link(struct world *w, int nat, const struct link_spec *up,
			const struct link_spec *down)
{
	net_set_node_link(w->net, nat, up, down);
}

bool world_reboot_nat(struct world *w, int nat)
{
	return net_reboot(w->net, nat);
}

bool world_replace_nat(struct world *w, int nat, const struct nat_spec *spec)
{
	return net_replace_nat(w->net, nat, spec);
}

bool world_readdress_host(struct world *w, int host, unsigned index, const struct addr *to)
{
	if (!net_readdress_host(w->net, host, index, to))
		return false;
	if (host_readdress(w->hosts[host], index, to))
		world_tell(w, host, &(struct event){.kind = EVENT_LINK_LOST});
	return true;
}

bool world_write_pcap(struct world *w, FILE *file)
{
	if (w->pcap == NULL)
		w->pcap = malloc(sizeof(*w->pcap));
	if (w->pcap == NULL)
		return false;
	net_pcap_begin(w->pcap, file, 0, NULL, NULL);
	return true;
}

void world_attach(struct world *w, int host, const struct core_ops *ops, void *core)
{
	host_attach(w->hosts[host], ops, core);
	heap_set(&w->wakes, (uint32_t)host, w->now);
}

void world_tell(struct world *w, int host, const struct event *ev)
{
	host_input(w->hosts[host], ev, w->now);
	turn_host(w, host);
}

/* One packet, or else, so that answers are seen before time-outs, one host whose time has come. */
static void step(struct world *w)
{
	uint32_t host;

	if (net_turn(w->net, w->now))
		return;
	host = heap_due(&w->wakes, w->now);
	if (host != HEAP_NONE)
		turn_host(w, (int)host);
}

static const struct host *host_of(const struct world *w, const void *core)
{
	for (int i = 0; core != NULL && i < w->host_count; i++)
		if (host_runs(w->hosts[i], core))
			return w->hosts[i];
	return NULL;
}

int world_run(struct world *w, const void *core, nk_time until)
{
	const struct host *h = host_of(w, core);
	int status;

	while ((status = h == NULL ? CORE_BUSY : host_status(h)) == CORE_BUSY) {
		const nk_time next = nk_min(net_next(w->net), heap_next(&w->wakes));

		if (next > until || next == NK_NEVER)
			break;
		w->now = nk_max(w->now, next);
		step(w);
	}
	if (status == CORE_BUSY && until != NK_NEVER)
		w->now = nk_max(w->now, until);
	return status;
}

struct nat *world_nat(const struct world *w, int nat)
{
	return net_nat(w->net, nat);
}

unsigned nat_mappings(const struct world *w, int nat)
{
	return nat_held(net_nat(w->net, nat), w->now);
}

unsigned nat_mappings_peak(const struct world *w, int nat)
{
	return nat_held_peak(net_nat(w->net, nat));
}

struct nat_applied nat_applied(const struct world *w, int nat, enum nat_traffic traffic)
{
	return nat_applied_times(net_nat(w->net, nat), traffic, w->now);
}

nk_time nat_lets_in_until(const struct world *w, int nat, const struct addr *from,
			  const struct addr *to)
{
	const struct packet p = {.kind = PACKET_UDP, .from = *from, .to = *to};

	return nat_open_until(net_nat(w->net, nat), &p, w->now);
}

double nat_stretch_of(const struct world *w, int nat)
{
	return nat_stretched(net_nat(w->net, nat), w->now);
}
