/* The network without clock or cores: ways, changes in mid-run, real packets. */
#include "net_rig.h"

/* Between hosts of one LAN none is taken; on the internet each packet passes a router. */
static void test_lan(void **state)
{
	static struct rig r;
	const struct addr other = V4(192, 0, 2, 7, 1);
	struct packet p = udp(client, neighbour, 5);
	int host;

	(void)state;
	rig_open(&r, &nat);
	p.ttl = 1;
	send_packet(&r, r.client, &p);
	assert_int_equal(r.count, 1);
	assert_int_equal(r.got[0].host, r.neighbour);
	assert_int_equal(r.got[0].packet.ttl, 1);
	host = net_add_host(r.net, &other, 1, NET_INTERNET);
	p = udp(server, other, 5);
	send_packet(&r, r.server, &p);
	assert_int_equal(r.got[0].host, host);
	assert_int_equal(r.got[0].packet.ttl, PACKET_TTL - 1);
	net_free(r.net);
}

/* What a NAT knew is gone, and its addresses may be others. */
static void test_replace(void **state)
{
	static struct rig r;
	struct packet back = udp(server, addr_with_port(nat.external[0], 5000), 5);
	struct packet p = udp(client, server, 5);
	struct nat_spec spec = nat;

	(void)state;
	rig_open(&r, &nat);
	send_packet(&r, r.client, &p);
	send_packet(&r, r.server, &back);
	assert_int_equal(r.got[0].host, r.client);
	assert_true(net_reboot(r.net, 0));
	assert_int_equal(nat_held(net_nat(r.net, 0), r.now), 0);
	send_packet(&r, r.server, &back);
	assert_int_equal(r.count, 0);

	spec.external[0] = addr_v4(203, 0, 113, 2, 0);
	assert_true(net_replace_nat(r.net, 0, &spec));
	send_packet(&r, r.client, &p);
	assert_true(addr_same_ip(&r.got[0].packet.from, &spec.external[0]));
	send_packet(&r, r.server, &back); /* nobody has that address any more */
	expect_error(&r, PACKET_NO_HOST, &internet, &back);

	spec.translate = false;
	assert_true(net_replace_nat(r.net, 0, &spec));
	send_packet(&r, r.client, &p);
	assert_true(addr_eq(&r.got[0].packet.from, &client));
	back.to = client; /* now it can be seen from outside */
	send_packet(&r, r.server, &back);
	assert_int_equal(r.got[0].host, r.client);
	net_free(r.net);
}

static void test_readdress(void **state)
{
	static struct rig r;
	const struct addr moved = V4(100, 64, 0, 9, 5000);
	struct packet p = udp(neighbour, moved, 5);

	(void)state;
	rig_open(&r, &nat);
	assert_true(net_readdress_host(r.net, r.client, 0, &moved));
	send_packet(&r, r.neighbour, &p);
	assert_int_equal(r.got[0].host, r.client);
	p.to = client; /* which is one of the internet's now, and nobody's there */
	send_packet(&r, r.neighbour, &p);
	expect_error(&r, PACKET_NO_HOST, &internet, &p);
	net_free(r.net);
}

/* An error about a packet that two NATs have changed finds its sender, who knows what it quotes. */
static void test_nested(void **state)
{
	static struct rig r;
	const struct addr deep = V4(100, 65, 0, 2, 5000);
	struct packet p = udp(deep, server, 5);
	struct nat_spec inner = nat;
	int node, host;

	(void)state;
	rig_open(&r, &nat);
	inner.external[0] = addr_v4(100, 64, 0, 77, 0);
	inner.ports = NAT_PORTS_RANDOM;
	node = net_add_node(r.net, &inner, NULL, 0, 0);
	host = net_add_host(r.net, &deep, 1, node);
	p.ttl = 3;
	send_packet(&r, host, &p);
	expect_error(&r, PACKET_TTL_EXCEEDED, &internet, &p);
	assert_int_equal(r.got[0].host, host);
	p.ttl = 2;
	send_packet(&r, host, &p);
	expect_error(&r, PACKET_TTL_EXCEEDED, &gateway, &p);
	p.ttl = 1; /* without an address inside it speaks by its external one */
	send_packet(&r, host, &p);
	expect_error(&r, PACKET_TTL_EXCEEDED, &inner.external[0], &p);
	net_free(r.net);
}

/* A router that is passed on one way alone takes from the TTL there, and nothing on the other. */
static void test_one_way(void **state)
{
	static const enum net_way ways[] = {NET_BOTH_WAYS, NET_OUT_ONLY, NET_BACK_ONLY};
	struct packet out = udp(client, server, 5), back = udp(server, client, 5);

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		static struct rig r;
		const bool on_way_out = ways[i] != NET_BACK_ONLY;
		const bool on_way_back = ways[i] != NET_OUT_ONLY;

		rig_open(&r, NULL);
		net_set_way(r.net, 0, ways[i]);
		out.ttl = PACKET_TTL;
		send_packet(&r, r.client, &out);
		assert_int_equal(r.got[0].host, r.server);
		assert_int_equal(r.got[0].packet.ttl, PACKET_TTL - 1 - on_way_out);
		back.ttl = PACKET_TTL;
		send_packet(&r, r.server, &back);
		assert_int_equal(r.got[0].host, r.client);
		assert_int_equal(r.got[0].packet.ttl, PACKET_TTL - 1 - on_way_back);
		out.ttl = 1;
		send_packet(&r, r.client, &out);
		expect_error(&r, PACKET_TTL_EXCEEDED, on_way_out ? &gateway : &internet, &out);
		net_free(r.net);
	}
}

static void test_taps(void **state)
{
	static struct rig r;
	const struct packet p = udp(client, server, 5), near = udp(client, neighbour, 5);
	const struct packet self = udp(client, client, 5);

	(void)state;
	rig_open(&r, &nat);
	send_packet(&r, r.client, &p);
	assert_string_equal(r.places, "host0 in0 out0 host2 ");
	send_packet(&r, r.client, &near);
	assert_string_equal(r.places, "host0 in0 host1 ");
	send_packet(&r, r.client, &self);
	assert_string_equal(r.places, "host0 host0 ");
	net_free(r.net);
}

/* Packets that set out at the same time arrive as they set out. */
static void test_first_in_first_out(void **state)
{
	static struct rig r;
	const struct link_spec link = {.delay = NK_MS};

	(void)state;
	rig_open(&r, &nat);
	net_set_link(r.net, r.client, &link, &link);
	for (unsigned i = 0; i < 100; i++) {
		const struct packet p = udp(client, server, i);
		struct packet *out = net_get(r.net, 0);
		uint8_t *data = out->data;

		*out = p;
		out->data = data;
		net_send(r.net, r.client, out, r.now);
	}
	settle(&r, NK_S);
	assert_int_equal(r.count, 100);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(r.got[i].packet.size, 28 + i);
	net_free(r.net);
}

static void send_bytes(struct rig *r, int host, const uint8_t *bytes, size_t len)
{
	struct packet *p = net_get(r->net, len);

	assert_non_null(p);
	memcpy(p->data, bytes, len);
	p->len = len;
	assert_int_equal(packet_read(p), 0);
	r->count = 0;
	r->len = 0;
	net_send(r->net, host, p, r->now);
	settle(r, NK_S);
}

/* What Linux sent comes out behind the NAT with right checksums, and goes back. */
static void test_real_packets(void **state)
{
	static struct rig r;
	static const unsigned some[] = {LINUX_UDP4, LINUX_PING4, LINUX_SYN4};

	(void)state;
	rig_open(&r, &nat);
	for (unsigned i = 0; i < 3; i++) {
		size_t len;
		uint8_t *bytes = linux_bytes(some[i], &len);
		struct packet p;

		send_bytes(&r, r.client, bytes, len);
		assert_int_equal(r.count, 1);
		assert_int_equal(r.len, len);
		assert_true(plainly_right(r.bytes, r.len));
		p = (struct packet){.fragments = 1, .data = r.bytes, .len = r.len};
		assert_int_equal(packet_read(&p), 0);
		assert_true(addr_same_ip(&p.from, &nat.external[0]));
		assert_int_equal(p.ttl, 62);
		free(bytes);
	}
	net_free(r.net);
}

/* The error of a node is bytes too, for whoever sent bytes. */
static void test_real_error(void **state)
{
	static struct rig r;
	uint8_t out[256];
	struct packet e = {.fragments = 1, .data = out};
	size_t len;
	uint8_t *bytes = linux_bytes(LINUX_SYN4, &len);

	(void)state;
	rig_open(&r, &nat);
	bytes[8] = 1; /* TTL; its checksum is one word with the protocol */
	bytes[10] = (uint8_t)(bytes[10] + 63);
	assert_true(plainly_right(bytes, len));
	send_bytes(&r, r.client, bytes, len);
	assert_int_equal(r.count, 1);
	e.len = packet_write(&r.got[0].packet, out, sizeof(out));
	assert_int_equal(e.len, 56);
	assert_true(plainly_right(out, e.len));
	assert_int_equal(packet_read(&e), 0);
	assert_int_equal(e.error, PACKET_TTL_EXCEEDED);
	assert_int_equal(e.quote.from.port, 6000);
	assert_true(e.quote.seq == 0xa7c57951);
	assert_int_equal(e.quote.size, len);
	free(bytes);
	net_free(r.net);
}

static void test_room(void **state)
{
	static struct rig r;
	struct packet *p;
	int node = 0;

	(void)state;
	rig_open(&r, NULL);
	assert_null(net_get(r.net, 70000));
	for (size_t room = 1; room <= 65575; room += 1311) {
		p = net_get(r.net, room);
		assert_non_null(p);
		assert_true(p->room >= room);
		memset(p->data, 1, p->room);
		net_put(r.net, p);
	}
	while (node >= 0)
		node = net_add_node(r.net, NULL, NULL, 0, NET_INTERNET);
	assert_int_equal(net_add_node(r.net, &nat, &gateway, 1, 0), -1);
	assert_null(net_nat(r.net, 0));
	assert_true(net_reboot(r.net, 0)); /* a router forgets nothing */
	net_free(r.net);
	net_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lan),          cmocka_unit_test(test_replace),
		cmocka_unit_test(test_readdress),    cmocka_unit_test(test_nested),
		cmocka_unit_test(test_taps),         cmocka_unit_test(test_first_in_first_out),
		cmocka_unit_test(test_real_packets), cmocka_unit_test(test_real_error),
		cmocka_unit_test(test_room),         cmocka_unit_test(test_one_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
