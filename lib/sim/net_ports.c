/* A NAT that opens ports for who asks at its inside addresses: PCP and NAT-PMP (port_server.h). */
#include <stdlib.h>
#include <string.h>

#include "sim/net_state.h"
#include "sim/port_server.h"

/* RFC 1112 section 4, RFC 4291 section 2.7.1. */
static const struct addr all_hosts_v4 = {.ip = {[10] = 0xff, [11] = 0xff, 224, 0, 0, 1}};
static const struct addr all_hosts_v6 = {.ip = {0xff, 0x02, [15] = 1}};

static bool offers(const struct node *node)
{
	const struct nat_spec *spec = node->nat == NULL ? NULL : nat_spec(node->nat);

	return spec != NULL && spec->port_mapping != NAT_PORT_MAPPING_NONE && !spec->nat64;
}

static struct port_rules rules_of(const struct nat_spec *spec)
{
	const bool refused = spec->port_mapping == NAT_PORT_MAPPING_REFUSED;

	return (struct port_rules){
		.pcp = spec->port_mapping != NAT_PORT_MAPPING_NAT_PMP,
		.nat_pmp = spec->port_mapping != NAT_PORT_MAPPING_PCP,
		.announces = true,
		.pcp_result = refused ? PCP_NOT_AUTHORIZED : PCP_SUCCESS,
		.natpmp_result = refused ? NATPMP_NOT_AUTHORIZED : NATPMP_SUCCESS,
		.max_s = (uint32_t)((spec->port_lease + NK_S - 1) / NK_S),
	};
}

/* Return: NULL without memory. */
static struct port_server *server_of(struct net *n, struct node *node)
{
	const struct port_rules rules = rules_of(nat_spec(node->nat));

	if (node->ports != NULL)
		return node->ports;
	node->ports = malloc(sizeof(*node->ports));
	if (node->ports != NULL)
		port_server_start(node->ports, node->nat, &rules, rng_u32(n->rng), node->booted);
	return node->ports;
}

static struct flight *datagram(struct net *n, const struct addr *from, const struct addr *to,
			       const uint8_t *bytes, size_t len)
{
	struct packet *p = net_get(n, len);

	if (p == NULL)
		return NULL;
	p->kind = PACKET_UDP;
	p->from = addr_with_port(*from, PCP_PORT);
	p->to = *to;
	p->size = addr_overhead(to) + len;
	p->len = len;
	memcpy(p->data, bytes, len);
	return net_flight(p);
}

static void answer(struct net *n, int number, const struct packet *p)
{
	struct port_server *s = server_of(n, net_node(n, number));
	uint8_t bytes[PCP_MAX];
	struct flight *f;
	size_t len;

	if (s == NULL)
		return;
	len = port_server_answer(s, &p->from, p->data + p->payload, p->len - p->payload, bytes,
				 n->now);
	f = len > 0 ? datagram(n, &p->to, &p->from, bytes, len) : NULL;
	if (f != NULL)
		net_send_back(n, number, HOP_FROM_INSIDE, f);
}

bool net_ask_ports(struct net *n, int number, struct flight *f)
{
	const struct node *node = net_node(n, number);
	const struct packet *p = &f->packet;
	unsigned i = 0;

	if (p->kind != PACKET_UDP || p->to.port != PCP_PORT || !offers(node))
		return false;
	while (i < node->inside_count && !addr_same_ip(&node->inside[i], &p->to))
		i++;
	if (i == node->inside_count)
		return false;
	answer(n, number, p);
	net_put(n, &f->packet);
	return true;
}

static void tell_hosts(struct net *n, int number, const struct addr *from, const uint8_t *bytes,
		       size_t len)
{
	const bool v4 = addr_family(from) == ADDR_V4;
	const struct addr to = addr_with_port(v4 ? all_hosts_v4 : all_hosts_v6, PCP_CLIENT_PORT);

	for (int i = 0; i < n->host_count; i++) {
		struct flight *f = n->hosts[i].place.behind == number
					   ? datagram(n, from, &to, bytes, len)
					   : NULL;

		if (f != NULL)
			net_send_to(n, number, i, f);
	}
}

void net_forget_ports(struct net *n, int number)
{
	struct node *node = net_node(n, number);
	struct port_server *s;
	uint8_t news[PCP_MAX];

	free(node->ports);
	node->ports = NULL;
	node->booted = n->now;
	s = offers(node) ? server_of(n, node) : NULL;
	for (unsigned i = 0; s != NULL && i < node->inside_count; i++) {
		const struct addr *from = &node->inside[i];
		const size_t len = port_server_news(s, from, news, n->now);

		if (len > 0)
			tell_hosts(n, number, from, news, len);
	}
}
