/* A NAT that opens ports for who asks at its inside addresses (RFC 6887, RFC 6886). */
#include "net_rig.h"

#include "sim/nat_forward.h"
#include "wire/ip.h"
#include "wire/natpmp.h"
#include "wire/pcp.h"

static struct nat_spec offering(enum nat_port_mapping what)
{
	struct nat_spec spec = nat;

	spec.filtering = NAT_APD;
	spec.port_mapping = what;
	return spec;
}

/* Sends bytes to a gateway, and lets what comes of them happen. Return: how many packets came. */
static unsigned ask(struct rig *r, struct addr from, struct addr to, const uint8_t *bytes,
		    size_t len)
{
	struct packet *p = net_get(r->net, len);
	uint8_t *data = p->data;

	*p = udp(from, addr_with_port(to, PCP_PORT), len);
	p->data = data;
	p->len = len;
	memcpy(data, bytes, len);
	r->count = 0;
	net_send(r->net, r->client, p, r->now);
	settle(r, NK_S);
	return r->count;
}

static struct pcp_msg map_of(struct addr who, uint32_t lifetime_s)
{
	return (struct pcp_msg){
		.opcode = PCP_MAP,
		.lifetime_s = lifetime_s,
		.client = addr_with_port(who, 0),
		.protocol = IP_UDP,
		.internal_port = who.port,
		.external = addr_any(addr_family(&who), 0),
	};
}

static struct pcp_msg pcp(struct rig *r, struct addr from, struct addr to, const struct pcp_msg *m)
{
	uint8_t bytes[PCP_MAX] = {0};
	struct pcp_msg got = {.opcode = PCP_OPCODES};
	const struct addr here = addr_with_port(to, PCP_PORT);

	assert_int_equal(ask(r, from, to, bytes, pcp_write(bytes, m)), 1);
	assert_int_equal(r->got[0].host, r->client);
	assert_true(addr_eq(&r->got[0].packet.from, &here));
	assert_true(addr_eq(&r->got[0].packet.to, &from));
	assert_int_equal(pcp_read(&got, r->bytes, r->len), 0);
	assert_true(got.response);
	return got;
}

static struct natpmp_msg natpmp(struct rig *r, const struct natpmp_msg *m)
{
	uint8_t bytes[NATPMP_MAX] = {0};
	struct natpmp_msg got = {.opcode = NATPMP_OPCODES};

	assert_int_equal(ask(r, client, gateway, bytes, natpmp_write(bytes, m)), 1);
	assert_int_equal(natpmp_read(&got, r->bytes, r->len), 0);
	return got;
}

/* Whether somebody outside reaches the client there. */
static bool is_open(struct rig *r, struct addr from, struct addr external)
{
	struct packet p = udp(from, external, 0);

	send_packet(r, r->server, &p);
	return r->count == 1 && r->got[0].host == r->client;
}

static void test_pcp(void **state)
{
	static struct rig r;
	struct nat_spec spec = offering(NAT_PORT_MAPPING_BOTH);
	const struct pcp_msg request = map_of(client, 7200);
	struct pcp_msg m;

	(void)state;
	spec.port_lease = 9500 * NK_MS;
	rig_open(&r, &spec);
	m = pcp(&r, client, gateway, &request);
	assert_int_equal(m.result, PCP_SUCCESS);
	assert_int_equal(m.lifetime_s, 10);
	assert_int_equal(m.epoch_s, 0);
	assert_true(addr_same_ip(&m.external, &spec.external[0]));
	assert_true(is_open(&r, server, m.external));
	settle(&r, 6 * NK_S);
	assert_true(is_open(&r, server, m.external));
	settle(&r, NK_S);
	assert_false(is_open(&r, server, m.external));
	assert_int_equal(pcp(&r, client, gateway, &request).epoch_s, 11);
	net_free(r.net);
}

static void test_natpmp(void **state)
{
	static struct rig r;
	const struct nat_spec spec = offering(NAT_PORT_MAPPING_NAT_PMP);
	struct natpmp_msg m = {.opcode = NATPMP_MAP_UDP, .internal_port = 5000, .lifetime_s = 3600};
	const struct pcp_msg other = map_of(client, 3600);
	uint8_t bytes[PCP_MAX] = {0};

	(void)state;
	rig_open(&r, &spec);
	m = natpmp(&r, &m);
	assert_int_equal(m.result, NATPMP_SUCCESS);
	assert_int_equal(m.lifetime_s, 3600);
	assert_true(is_open(&r, server, addr_with_port(spec.external[0], m.external.port)));
	assert_int_equal(ask(&r, client, gateway, bytes, pcp_write(bytes, &other)), 1);
	assert_int_equal(natpmp_read(&m, r.bytes, r.len), 0);
	assert_int_equal(m.result, NATPMP_UNSUPP_VERSION);
	net_free(r.net);
}

/* Who offers nothing does not answer, and what is for it goes where it always went. */
static void test_none(void **state)
{
	static struct rig r;
	struct nat_spec spec = offering(NAT_PORT_MAPPING_NONE);
	const struct pcp_msg m = map_of(client, 3600);
	uint8_t bytes[PCP_MAX] = {0};

	(void)state;
	rig_open(&r, &spec);
	assert_int_equal(ask(&r, client, gateway, bytes, pcp_write(bytes, &m)), 1);
	assert_int_equal(r.got[0].packet.kind, PACKET_ERROR);
	spec.port_mapping = NAT_PORT_MAPPING_BOTH;
	spec.nat64 = true;
	assert_true(net_replace_nat(r.net, 0, &spec));
	settle(&r, NK_S);
	assert_int_equal(r.count, 1);
	net_free(r.net);
}

static void test_refused(void **state)
{
	static struct rig r;
	const struct nat_spec spec = offering(NAT_PORT_MAPPING_REFUSED);
	const struct natpmp_msg map = {.opcode = NATPMP_MAP_UDP, .internal_port = 5000};
	const struct natpmp_msg address = {.opcode = NATPMP_ADDRESS};
	const struct pcp_msg m = map_of(client, 3600);

	(void)state;
	rig_open(&r, &spec);
	assert_int_equal(pcp(&r, client, gateway, &m).result, PCP_NOT_AUTHORIZED);
	assert_int_equal(natpmp(&r, &map).result, NATPMP_NOT_AUTHORIZED);
	assert_int_equal(natpmp(&r, &address).result, NATPMP_SUCCESS);
	assert_int_equal(nat_forwards(net_nat(r.net, 0), r.now), 0);
	net_free(r.net);
}

/* All is lost, the epoch begins anew, and those behind it are told, whoever they are. */
static void test_reboot(void **state)
{
	static struct rig r;
	struct nat_spec spec = offering(NAT_PORT_MAPPING_PCP);
	const struct addr all = V4(224, 0, 0, 1, PCP_CLIENT_PORT);
	const struct pcp_msg m = map_of(client, 3600);
	struct natpmp_msg address;
	struct pcp_msg news;
	struct addr external;

	(void)state;
	rig_open(&r, &spec);
	external = pcp(&r, client, gateway, &m).external;
	settle(&r, 100 * NK_S);
	assert_int_equal(pcp(&r, client, gateway, &m).epoch_s, 101);
	r.count = 0;
	assert_true(net_reboot(r.net, 0));
	settle(&r, NK_S);
	assert_int_equal(r.count,
			 4); /* two hosts, of two families as far as the gateway can know */
	assert_true(addr_eq(&r.got[0].packet.to, &all));
	assert_true(r.got[0].host == r.client && r.got[1].host == r.neighbour);
	assert_int_equal(pcp_read(&news, r.bytes, r.len), 0);
	assert_true(news.response && news.opcode == PCP_ANNOUNCE && news.epoch_s == 0);
	assert_false(is_open(&r, server, external));
	assert_in_range(pcp(&r, client, gateway, &m).epoch_s, 1, 3);

	spec.port_mapping = NAT_PORT_MAPPING_NAT_PMP;
	r.count = 0;
	assert_true(net_replace_nat(r.net, 0, &spec));
	settle(&r, NK_S);
	assert_int_equal(r.count, 2);
	assert_int_equal(natpmp_read(&address, r.bytes, r.len), 0);
	assert_int_equal(address.opcode, NATPMP_ADDRESS);
	assert_true(addr_same_ip(&address.external, &spec.external[0]));
	net_free(r.net);
}

/* IPv6 is not translated: a port of the firewall is opened. */
static void test_firewall(void **state)
{
	static struct rig r;
	const struct nat_spec spec = offering(NAT_PORT_MAPPING_BOTH);
	const struct natpmp_msg v4_only = {.opcode = NATPMP_ADDRESS};
	const struct pcp_msg request = map_of(client6, 3600);
	uint8_t bytes[NATPMP_MAX] = {0};
	struct pcp_msg m;

	(void)state;
	rig_open(&r, &spec);
	assert_false(is_open(&r, server6, client6));
	m = pcp(&r, client6, gateway6, &request);
	assert_int_equal(m.result, PCP_SUCCESS);
	assert_true(addr_eq(&m.external, &client6));
	assert_true(is_open(&r, server6, client6));
	assert_int_equal(ask(&r, client6, gateway6, bytes, natpmp_write(bytes, &v4_only)), 0);
	net_free(r.net);
}

/* The outer of two is not for those behind the inner one: RFC 6887 section 8.2. */
static void test_behind_another(void **state)
{
	static struct rig r;
	const struct nat_spec outer = offering(NAT_PORT_MAPPING_PCP);
	const struct addr home = V4(192, 168, 1, 2, 5000);
	struct nat_spec inner = offering(NAT_PORT_MAPPING_NONE);
	const struct pcp_msg m = map_of(home, 3600);
	int node;

	(void)state;
	rig_open(&r, &outer);
	inner.external[0] = addr_v4(100, 64, 0, 7, 0);
	node = net_add_node(r.net, &inner, NULL, 0, 0);
	r.client = net_add_host(r.net, &home, 1, node);
	assert_int_equal(pcp(&r, home, gateway, &m).result, PCP_ADDRESS_MISMATCH);
	net_free(r.net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pcp),
		cmocka_unit_test(test_natpmp),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_reboot),
		cmocka_unit_test(test_firewall),
		cmocka_unit_test(test_behind_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
