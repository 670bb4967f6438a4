#include "edge.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "io/clock.h"
#include "names.h"
#include "sim/fragments.h"
#include "sim/packet_ip.h"
#include "wire/dns.h"
#include "wire/ip.h"

#define BATCH 32   /* packets in a row of one host, before others have their turn */
#define ROOM  2048 /* for packets of usual size */

bool edge_init(struct edge *e, struct net *net, const struct topology *t, unsigned host, int tun)
{
	*e = (struct edge){.net = net, .topology = t, .host = host, .tun = tun};
	e->whole = fragments_new();
	return e->whole != NULL;
}

void edge_free(struct edge *e)
{
	fragments_free(e->whole);
	*e = (struct edge){.tun = -1};
}

static bool owns(const struct edge *e, const struct addr *a)
{
	const struct topology_host *h = &e->topology->hosts[e->host];

	for (unsigned i = 0; i < h->addr_count; i++) {
		if (addr_same_ip(&h->addrs[i], a))
			return true;
	}
	return false;
}

/* RFC 1112 section 4 and RFC 4291 sections 2.5.6 and 2.7: what no router passes
 * on. */
static bool stays_on_link(const struct addr *a)
{
	if (addr_family(a) == ADDR_V4)
		return a->ip[12] >= 224 || (a->ip[12] == 169 && a->ip[13] == 254);
	return a->ip[0] == 0xff || (a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80);
}

static bool is_resolver(const struct addr *a)
{
	const struct addr v4 = TOPOLOGY_DNS_V4;
	struct addr v6;

	return addr_eq(a, &v4) ||
	       (addr_parse(&v6, TOPOLOGY_DNS_V6, v4.port) == 0 && addr_eq(a, &v6));
}

static void answer(struct edge *e, const struct packet *query)
{
	uint8_t bytes[DNS_ANSWER];
	struct packet p = {
		.kind = PACKET_UDP,
		.from = query->to,
		.to = query->from,
		.ttl = PACKET_TTL,
		.fragments = 1,
		.data = bytes,
		.len = names_answer(e->topology, e->host, query->data + query->payload,
				    query->len - query->payload, bytes),
	};

	p.size = packet_ip_header(&p) + IP_UDP_HEADER + p.len;
	if (p.len > 0)
		edge_write(e, &p);
}

/* A packet as it came from the device, taken over. */
static void take(struct edge *e, struct packet *p)
{
	if (packet_read(p) != 0 || stays_on_link(&p->to) || !owns(e, &p->from)) {
		net_put(e->net, p);
	} else if (p->kind == PACKET_UDP && is_resolver(&p->to)) {
		answer(e, p);
		net_put(e->net, p);
	} else {
		net_send(e->net, (int)e->host, p, clock_monotonic());
	}
}

static void take_fragment(struct edge *e, struct packet *fragment)
{
	struct packet *p = net_get(e->net, FRAGMENTS_WHOLE_MAX);

	if (p != NULL &&
	    fragments_add(e->whole, fragment->data, fragment->len, clock_monotonic(), p))
		take(e, p);
	else if (p != NULL)
		net_put(e->net, p);
	net_put(e->net, fragment);
}

bool edge_read(void *edge)
{
	struct edge *e = edge;
	const uint32_t mtu = e->topology->hosts[e->host].link.up.mtu;

	for (unsigned i = 0; i < BATCH; i++) {
		struct packet *p = net_get(e->net, mtu > ROOM ? FRAGMENTS_WHOLE_MAX : ROOM);
		ssize_t n;

		if (p == NULL)
			return true;
		n = read(e->tun, p->data, p->room);
		if (n <= 0) {
			net_put(e->net, p);
			return n == 0 || errno == EAGAIN || errno == EINTR;
		}
		p->len = (size_t)n;
		if (fragments_are(p->data, p->len))
			take_fragment(e, p);
		else
			take(e, p);
	}
	return true;
}

static void write_bytes(void *user, const uint8_t *ip, size_t len)
{
	const struct edge *e = user;

	/* A device that is full or down loses packets, as any does. */
	while (write(e->tun, ip, len) < 0 && errno == EINTR)
		;
}

void edge_write(struct edge *e, const struct packet *p)
{
	static uint8_t bytes[FRAGMENTS_WHOLE_MAX];
	const uint32_t mtu = e->topology->hosts[e->host].link.down.mtu;
	const size_t len = packet_write(p, bytes, sizeof(bytes));

	if (len > 0 && p->fragments > 1)
		fragments_split(bytes, len, mtu != 0 ? mtu : NET_MTU_DEFAULT, e->next_id++,
				write_bytes, e);
	else if (len > 0)
		write_bytes(e, bytes, len);
}
