/* What nodes say of packets that they do not pass on: ICMP errors and RSTs, to whom, how often. */
#include "net_rig.h"

static void test_ttl_exceeded(void **state)
{
	static struct rig r;
	struct packet p = udp(client, server, 5), back = udp(server, nat.external[0], 5);

	(void)state;
	rig_open(&r, &nat);
	p.ttl = 1;
	send_packet(&r, r.client, &p);
	expect_error(&r, PACKET_TTL_EXCEEDED, &gateway, &p);
	assert_int_equal(r.got[0].host, r.client);
	p.ttl = 2; /* ends at the internet, whose error comes back through the NAT */
	send_packet(&r, r.client, &p);
	expect_error(&r, PACKET_TTL_EXCEEDED, &internet, &p);
	assert_int_equal(net_stats(r.net)->stray, 2);

	back.ttl = 2;
	back.to.port = 5000;
	send_packet(&r, r.server, &back);
	expect_error(&r, PACKET_TTL_EXCEEDED, &nat.external[0], &back);
	assert_int_equal(r.got[0].host, r.server);
	net_free(r.net);
}

static void test_ttl_exceeded_v6(void **state)
{
	static struct rig r;
	struct packet p = udp(client6, server6, 5), back = udp(server6, client6, 5);

	(void)state;
	rig_open(&r, NULL);
	p.ttl = 1;
	send_packet(&r, r.client, &p);
	expect_error(&r, PACKET_TTL_EXCEEDED, &gateway6, &p);
	back.ttl = 2; /* a router has but one name */
	send_packet(&r, r.server, &back);
	expect_error(&r, PACKET_TTL_EXCEEDED, &gateway6, &back);
	back.ttl = 3;
	send_packet(&r, r.server, &back);
	assert_int_equal(r.got[0].packet.kind, PACKET_UDP);
	assert_int_equal(r.got[0].packet.ttl, 1);
	net_free(r.net);
}

/* A NAT of IPv4 alone is a router to IPv6. */
static void test_ttl_exceeded_at_nat_of_v4(void **state)
{
	static struct rig r;
	struct packet back = udp(server6, client6, 5);

	(void)state;
	rig_open(&r, &nat);
	back.ttl = 2;
	send_packet(&r, r.server, &back);
	expect_error(&r, PACKET_TTL_EXCEEDED, &gateway6, &back);
	net_free(r.net);
}

/* RFC 1122 section 3.2.2: nothing is said about an error, or to nobody in particular. */
static void test_no_answer(void **state)
{
	static struct rig r;
	struct packet p = udp(client, server, 5);

	(void)state;
	rig_open(&r, NULL);
	p.kind = PACKET_ERROR;
	p.from.port = p.to.port = 0;
	p.ttl = 1;
	send_packet(&r, r.client, &p);
	assert_int_equal(r.count, 0);
	p = udp(addr_v4(0, 0, 0, 0, 68), server, 5);
	p.ttl = 1;
	send_packet(&r, r.client, &p);
	assert_int_equal(r.count, 0);
	p = udp(client, addr_v4(224, 0, 0, 251, 5353), 5);
	send_packet(&r, r.client, &p);
	assert_int_equal(r.count, 0);
	assert_int_equal(net_stats(r.net)->stray, 3);
	net_free(r.net);
}

static void test_no_route(void **state)
{
	static struct rig r;
	const struct packet p = udp(client, nowhere, 5);

	(void)state;
	rig_open(&r, &nat);
	send_packet(&r, r.client, &p);
	expect_error(&r, PACKET_NO_HOST, &internet, &p);
	net_free(r.net);
}

/* RFC 4443 section 2.4f: however many packets fail, few errors are sent. */
static void test_pace(void **state)
{
	static struct rig r;
	struct packet p = udp(client, server, 5);
	unsigned answers = 0;

	(void)state;
	rig_open(&r, &nat);
	p.ttl = 1;
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 1000; i++) {
			send_packet(&r, r.client, &p);
			answers += r.count;
			r.now -= NK_S; /* all at the same time */
		}
		assert_int_equal(answers, 50 + 30 * round);
		r.now += 30 * NK_MS;
	}
	net_free(r.net);
}

static void set_mtu(struct rig *r, uint32_t up, uint32_t down)
{
	const struct link_spec u = {.mtu = up}, d = {.mtu = down};

	net_set_node_link(r->net, 0, &u, &d);
}

/* RFC 1191, RFC 4787 REQ-13: what must not be fragmented is refused, with the size that would do. */
static void test_too_big(void **state)
{
	static struct rig r;
	struct packet p = udp(client, server, 1373), back = udp(server, nat.external[0], 1173);

	(void)state;
	rig_open(&r, &nat);
	set_mtu(&r, 1400, 1200);
	p.dont_fragment = true;
	send_packet(&r, r.client, &p);
	expect_error(&r, PACKET_TOO_BIG, &gateway, &p);
	assert_int_equal(r.got[0].packet.mtu, 1400);
	p.size--;
	send_packet(&r, r.client, &p);
	assert_int_equal(r.got[0].packet.kind, PACKET_UDP);
	assert_int_equal(r.got[0].packet.fragments, 1);

	back.to.port = 5000;
	back.dont_fragment = true;
	send_packet(&r, r.server, &back);
	expect_error(&r, PACKET_TOO_BIG, &internet, &back);
	assert_int_equal(r.got[0].packet.mtu, 1200);
	back.dont_fragment = false;
	send_packet(&r, r.server, &back);
	assert_int_equal(r.got[0].host, r.client);
	assert_int_equal(r.got[0].packet.fragments, 2);
	assert_int_equal(net_stats(r.net)->lost, 2);
	net_free(r.net);
}

/* A host's own link may be too narrow for it, too. */
static void test_too_big_at_home(void **state)
{
	static struct rig r;
	const struct link_spec own = {.mtu = 1300};
	struct packet p = udp(client, server, 1273);

	(void)state;
	rig_open(&r, &nat);
	net_set_link(r.net, r.client, &own, NULL);
	p.dont_fragment = true;
	send_packet(&r, r.client, &p);
	expect_error(&r, PACKET_TOO_BIG, &gateway, &p);
	assert_int_equal(r.got[0].packet.mtu, 1300);
	net_free(r.net);
}

/* RFC 8200 section 5: IPv6 is fragmented by its sender alone. */
static void test_too_big_v6(void **state)
{
	static struct rig r;
	const struct link_spec own = {.mtu = 1300};
	const struct packet p = udp(client6, server6, 1353);

	(void)state;
	rig_open(&r, NULL);
	set_mtu(&r, 1300, 0);
	send_packet(&r, r.client, &p);
	expect_error(&r, PACKET_TOO_BIG, &gateway6, &p);
	assert_int_equal(r.got[0].packet.mtu, 1300);
	net_set_link(r.net, r.client, &own, NULL);
	send_packet(&r, r.client, &p);
	assert_int_equal(r.got[0].host, r.server);
	assert_int_equal(r.got[0].packet.fragments, 2);
	net_free(r.net);
}

/* NAT64 changes the size: the IPv6 side is told what it may send (RFC 7915 section 5.2). */
static void test_too_big_nat64(void **state)
{
	static struct rig r;
	const struct addr server64 = {.ip = {0, 0x64, 0xff, 0x9b, [12] = 192, 0, 2, 1},
				      .port = 3478};
	struct packet p = udp(client6, server64, 1400);
	struct nat_spec spec = nat;

	(void)state;
	spec.nat64 = true;
	rig_open(&r, &spec);
	set_mtu(&r, 1400, 0);
	send_packet(&r, r.client, &p);
	expect_error(&r, PACKET_TOO_BIG, &gateway6, &p);
	assert_int_equal(r.got[0].packet.mtu, 1420);
	p.size = 1420;
	send_packet(&r, r.client, &p);
	assert_int_equal(r.got[0].host, r.server);
	assert_int_equal(r.got[0].packet.size, 1400);
	net_free(r.net);
}

/* RFC 5508 REQ-8: the inside is told that there is no room. */
static void test_refused_inside(void **state)
{
	static struct rig r;
	struct packet p = udp(client, server, 5);
	struct nat_spec spec = nat;

	(void)state;
	spec.quota = 1;
	spec.full_answer = NAT_ANSWER_PROHIBITED;
	rig_open(&r, &spec);
	send_packet(&r, r.client, &p);
	assert_int_equal(r.got[0].host, r.server);
	p.from.port++;
	send_packet(&r, r.client, &p);
	expect_error(&r, PACKET_PROHIBITED, &gateway, &p);
	assert_int_equal(net_stats(r.net)->refused, 1);
	net_free(r.net);
}

/* The outside is told with an RST that answers just that SYN (RFC 9293 section 3.10.7.1). */
static void test_refused_outside(void **state)
{
	static struct rig r;
	const struct packet p = syn(server, addr_with_port(nat.external[0], 80));
	struct nat_spec spec = nat;

	(void)state;
	spec.syn_answer = NAT_ANSWER_RST;
	rig_open(&r, &spec);
	send_packet(&r, r.server, &p);
	assert_int_equal(r.count, 1);
	assert_int_equal(r.got[0].host, r.server);
	assert_int_equal(r.got[0].packet.flags, PACKET_RST | PACKET_ACK);
	assert_int_equal(r.got[0].packet.ack, 1001);
	assert_true(addr_eq(&r.got[0].packet.from, &p.to));
	assert_true(addr_eq(&r.got[0].packet.to, &p.from));
	net_free(r.net);
}

/* RFC 5382 REQ-4: the answer is held back, and what was refused is still known then. */
static void test_refused_late(void **state)
{
	static struct rig r;
	const struct packet p = syn(server, addr_with_port(nat.external[0], 80));
	uint8_t out[256];
	struct packet e = {.fragments = 1, .data = out};
	struct nat_spec spec = nat;

	(void)state;
	spec.syn_answer = NAT_ANSWER_NO_PORT;
	spec.syn_hold = 6 * NK_S;
	rig_open(&r, &spec);
	send_packet(&r, r.server, &p);
	assert_int_equal(r.count, 0);
	assert_int_equal(net_next(r.net), 6 * NK_S);
	settle(&r, 6 * NK_S);
	expect_error(&r, PACKET_NO_PORT, &nat.external[0], &p);
	assert_int_equal(r.got[0].at, 6 * NK_S);
	assert_true(net_next(r.net) == NK_NEVER);
	e.len = packet_write(&r.got[0].packet, out, sizeof(out));
	assert_true(plainly_right(out, e.len));
	assert_int_equal(packet_read(&e), 0); /* its quote too is what a host can read */
	assert_true(e.quote.seq == 1000);
	assert_true(addr_eq(&e.quote.from, &p.from));

	/* The NAT that held one is replaced. */
	send_packet(&r, r.server, &p);
	assert_true(net_next(r.net) != NK_NEVER);
	assert_true(net_reboot(r.net, 0));
	assert_true(net_next(r.net) == NK_NEVER);
	net_free(r.net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ttl_exceeded),
		cmocka_unit_test(test_ttl_exceeded_v6),
		cmocka_unit_test(test_ttl_exceeded_at_nat_of_v4),
		cmocka_unit_test(test_no_answer),
		cmocka_unit_test(test_no_route),
		cmocka_unit_test(test_pace),
		cmocka_unit_test(test_too_big),
		cmocka_unit_test(test_too_big_at_home),
		cmocka_unit_test(test_too_big_v6),
		cmocka_unit_test(test_too_big_nat64),
		cmocka_unit_test(test_refused_inside),
		cmocka_unit_test(test_refused_outside),
		cmocka_unit_test(test_refused_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
