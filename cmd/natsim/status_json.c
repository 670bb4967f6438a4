#include <stdlib.h>

#include "face/js.h"
#include "status.h"

#define SCHEMA "natkit.natsim-status/1"

const char *status_protocol(enum packet_kind kind)
{
	switch (kind) {
	case PACKET_UDP:
		return "udp";
	case PACKET_TCP:
		return "tcp";
	case PACKET_QUERY:
		return "icmp";
	default:
		return "other";
	}
}

static void put_addrs(struct js object, const char *key, const struct addr *list, unsigned count)
{
	struct js array = js_put_array(object, key);
	char text[ADDR_TEXT];

	for (unsigned i = 0; i < count; i++)
		js_add_text(array, addr_text_ip(&list[i], text));
}

static void put_behind(struct js object, const struct topology *t, int behind)
{
	js_put_text(object, "behind", behind == NET_INTERNET ? NULL : t->nodes[behind].name);
}

static void put_direction(struct js link, const char *key, const struct link_spec *l,
			  const struct link_stats *n)
{
	const double bad = l->burst_enter * (double)l->burst_mean / (double)NK_MS;
	struct js d = js_put_object(link, key);

	js_put_number(d, "delay_ms", (double)l->delay / (double)NK_MS);
	js_put_number(d, "jitter_ms", (double)l->jitter / (double)NK_MS);
	js_put_number(d, "loss", l->loss);
	js_put_number(d, "burst_loss", bad / (1 + bad));
	js_put_number(d, "burst_ms", (double)l->burst_mean / (double)NK_MS);
	js_put_number(d, "duplicate", l->duplicate);
	js_put_number(d, "reorder", l->reorder);
	js_put_number(d, "reorder_ms", (double)l->reorder_by / (double)NK_MS);
	js_put_int(d, "mtu", l->mtu == 0 ? NET_MTU_DEFAULT : l->mtu);
	js_put_int(d, "packets", (int64_t)n->packets);
	js_put_int(d, "lost", (int64_t)n->lost);
}

static void put_link(struct js object, const struct topology_link *l, const struct link_stats *up,
		     const struct link_stats *down)
{
	struct js link = js_put_object(object, "link");

	put_direction(link, "up", &l->up, up);
	put_direction(link, "down", &l->down, down);
}

static void put_host(struct js array, const struct status *s, unsigned i)
{
	const struct topology_host *h = &s->t->hosts[i];
	struct js host = js_add_object(array);
	struct link_stats up, down;

	js_put_text(host, "name", h->name);
	put_addrs(host, "addresses", h->addrs, h->addr_count);
	put_behind(host, s->t, h->behind);
	js_put_bool(host, "server", h->server);
	net_link_stats(s->net, (int)i, &up, &down);
	put_link(host, &h->link, &up, &down);
}

static void put_entry(struct js mappings, const struct nat_entry *e)
{
	struct js m = js_add_object(mappings);
	char text[ADDR_TEXT];

	js_put_text(m, "protocol", status_protocol(e->kind));
	js_put_text(m, "inside", addr_text(&e->inside, text));
	js_put_text(m, "external", addr_text(&e->external, text));
	js_put_text(m, "remote",
		    addr_family(&e->remote) == ADDR_NONE ? NULL : addr_text(&e->remote, text));
	js_put_text(m, "state", e->state);
	js_put_seconds(m, "left_s", nk_seconds(e->left));
}

static void put_node(struct js array, const struct status *s, unsigned i)
{
	const struct topology_node *n = &s->t->nodes[i];
	struct js node = js_add_object(array), mappings;
	struct link_stats up, down;
	struct nat_entry *entries;
	unsigned count;

	js_put_text(node, "name", n->name);
	js_put_text(node, "nat", n->nat[0] != '\0' ? n->nat : NULL);
	put_addrs(node, "external", n->spec.external, n->spec.external_count);
	put_addrs(node, "inside", n->inside, n->inside_count);
	put_behind(node, s->t, n->behind);
	net_node_link_stats(s->net, (int)i, &up, &down);
	put_link(node, &n->link, &up, &down);
	mappings = js_put_array(node, "mappings");
	entries = status_entries(s, i, &count);
	for (unsigned k = 0; k < count; k++)
		put_entry(mappings, &entries[k]);
	free(entries);
}

static void put_packets(struct js root, const struct net_stats *n)
{
	struct js packets = js_put_object(root, "packets");

	js_put_int(packets, "lost", (int64_t)n->lost);
	js_put_int(packets, "refused", (int64_t)n->refused);
	js_put_int(packets, "stray", (int64_t)n->stray);
}

int status_json(FILE *out, const struct status *s)
{
	bool failed;
	struct js root = js_object(&failed), hosts, nodes;
	int r;

	js_put_text(root, "schema", SCHEMA);
	js_put_text(root, "version", NK_VERSION);
	js_put_text(root, "name", s->name);
	js_put_text(root, "file", s->file);
	js_put_int(root, "pid", s->pid);
	js_put_seconds(root, "up_s", nk_seconds(s->up));
	js_put_int(root, "seed", (int64_t)s->t->seed);
	hosts = js_put_array(root, "hosts");
	for (unsigned i = 0; i < s->t->host_count; i++)
		put_host(hosts, s, i);
	nodes = js_put_array(root, "nodes");
	for (unsigned i = 0; i < s->t->node_count; i++)
		put_node(nodes, s, i);
	put_packets(root, net_stats(s->net));
	r = js_print(root, out, true);
	js_free(root);
	return r;
}
