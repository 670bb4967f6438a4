/* The hosts of the cast, in a network of the virtual world. */
#include <stdlib.h>
#include <string.h>

#include "cast.h"
#include "sim/fragments.h"
#include "sim/net.h"
#include "sim/packet_ip.h"
#include "stage.h"

#define SEED 1

static const struct {
	const char *v4, *v6;
	bool inside;
} hosts[] = {
	{"a", "a6", true},  {"b", "b6", true},  {"q", "q6", true},
	{"s", "s6", false}, {"t", "t6", false}, {"r", "r6", false},
};

#define HOSTS (sizeof(hosts) / sizeof(hosts[0]))

struct model_stage {
	struct stage stage;
	struct rng rng;
	struct net *net;
	struct fragments *fragments;
	uint32_t mtu;
	uint32_t id; /* of packets that are fragmented */
	nk_time now;
};

static void came_inside(void *user, const uint8_t *bytes, size_t len)
{
	const struct model_stage *m = user;

	m->stage.came(m->stage.user, true, bytes, len);
}

static void came_outside(void *user, const uint8_t *bytes, size_t len)
{
	const struct model_stage *m = user;

	m->stage.came(m->stage.user, false, bytes, len);
}

/* The internet is one more hop between the NAT and the hosts outside. */
static void deliver(void *user, int host, const struct packet *p, nk_time now)
{
	struct model_stage *m = user;
	const bool inside = hosts[host].inside;
	uint8_t bytes[STAGE_PACKET_MAX];
	struct packet q = *p;
	size_t len;

	(void)now;
	if (!inside)
		q.ttl++;
	len = packet_write(&q, bytes, sizeof(bytes));
	fragments_split(bytes, len, m->mtu, ++m->id, inside ? came_inside : came_outside, m);
}

/* Return: the number of the host that has the address. */
static int host_of(const struct addr *a)
{
	const char *name = cast_name(a);
	int i = 0;

	while (i < (int)HOSTS && (name == NULL || hosts[i].v4[0] != name[0]))
		i++;
	return i;
}

static void send_bytes(struct stage *s, bool inside, const uint8_t *bytes, size_t len)
{
	struct model_stage *m = (struct model_stage *)s;
	struct packet *p = net_get(m->net, FRAGMENTS_WHOLE_MAX);

	if (p == NULL)
		abort();
	if (fragments_are(bytes, len)) {
		if (!fragments_add(m->fragments, bytes, len, m->now, p)) {
			net_put(m->net, p);
			return;
		}
	} else {
		memcpy(p->data, bytes, len);
		p->len = len;
	}
	if (packet_read(p) != 0) {
		net_put(m->net, p);
		return;
	}
	if (!inside)
		p->ttl++;
	net_send(m->net, host_of(&p->from), p, m->now);
}

static nk_time until(struct stage *s, nk_time at)
{
	struct model_stage *m = (struct model_stage *)s;

	while (net_next(m->net) <= at) {
		m->now = nk_max(m->now, net_next(m->net));
		net_turn(m->net, m->now);
	}
	m->now = at;
	return at;
}

static void close_stage(struct stage *s)
{
	struct model_stage *m = (struct model_stage *)s;

	fragments_free(m->fragments);
	net_free(m->net);
	free(m);
}

/* The cast, and on both links of the NAT packets of @script->mtu and no more. */
static bool build(struct model_stage *m, const struct script *script)
{
	const struct addr inside[] = {cast_addr("i"), cast_addr("i6")};
	const struct net_hooks hooks = {.deliver = deliver, .user = m};
	const struct link_spec link = {.mtu = script->mtu};
	int node;

	m->mtu = script->mtu;
	m->fragments = fragments_new();
	m->net = net_new(&hooks, &m->rng);
	if (m->net == NULL || m->fragments == NULL)
		return false;
	node = net_add_node(m->net, &script->spec, inside, 2, NET_INTERNET);
	if (node < 0)
		return false;
	net_set_node_link(m->net, node, &link, NULL);
	for (int i = 0; i < (int)HOSTS; i++) {
		const struct addr addrs[] = {cast_addr(hosts[i].v4), cast_addr(hosts[i].v6)};

		if (net_add_host(m->net, addrs, 2, hosts[i].inside ? node : NET_INTERNET) != i)
			return false;
		if (hosts[i].inside)
			net_set_link(m->net, i, NULL, &link);
	}
	return true;
}

struct stage *model_stage(const struct script *script, stage_came *came, void *user,
			  const char **why)
{
	struct model_stage *m = calloc(1, sizeof(*m));

	if (m == NULL || crypto_init() != 0) {
		*why = "no memory";
		free(m);
		return NULL;
	}
	m->stage = (struct stage){until, send_bytes, close_stage, came, user};
	rng_seed_from_number(&m->rng, SEED);
	if (!build(m, script)) {
		*why = "no virtual network";
		close_stage(&m->stage);
		return NULL;
	}
	return &m->stage;
}
