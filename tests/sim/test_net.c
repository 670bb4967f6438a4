/* The network without clock or cores: ways, answers of its nodes, changes in mid-run, real packets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../unit/ip_packets.h"
#include "base/crypto.h"
#include "sim/net.h"
#include "sim/packet_ip.h"

/* clang-format off */
#define V4(a, b, c, d, p) {.ip = {[10] = 0xff, [11] = 0xff, a, b, c, d}, .port = p}
#define V6(net, host, p)  {.ip = {0x20, 0x01, 0x0d, 0xb8, 0, net, [15] = host}, .port = p}
/* clang-format on */

static const struct addr server = V4(192, 0, 2, 1, 3478), server6 = V6(0, 1, 3478);
static const struct addr client = V4(100, 64, 0, 2, 5000), client6 = V6(1, 2, 5000);
static const struct addr neighbour = V4(100, 64, 0, 3, 5000);
static const struct addr gateway = V4(100, 64, 0, 1, 0), gateway6 = V6(1, 1, 0);
static const struct addr internet = V4(192, 0, 0, 8, 0);
static const struct addr nowhere = V4(192, 0, 2, 99, 1);

static const struct nat_spec nat = {
	.translate = true,
	.t_first = 30 * NK_S,
	.t_replied = 30 * NK_S,
	.t_stream = 120 * NK_S,
	.stream_after = 2 * NK_S,
	.refresh_out = true,
	.refresh_in = true,
	.external = {V4(203, 0, 113, 1, 0)},
	.external_count = 1,
};

#define GOT_MAX 256

struct got {
	int host;
	nk_time at;
	struct packet packet;
};

/* Client and neighbour behind node 0, which is a NAT or a router, and the server outside. */
struct rig {
	struct net *net;
	struct rng rng;
	int client, neighbour, server;
	struct got got[GOT_MAX];
	unsigned count;
	nk_time now;
	char places[256];
	uint8_t bytes[2048];
	size_t len;
};

static void deliver(void *user, int host, const struct packet *p, nk_time now)
{
	struct rig *r = user;

	assert_true(r->count < GOT_MAX);
	r->got[r->count++] = (struct got){host, now, *p};
	if (p->raw)
		r->len = packet_write(p, r->bytes, sizeof(r->bytes));
}

static void tap(void *user, enum net_place place, int number, const struct packet *p, nk_time now)
{
	static const char *const names[] = {"host", "in", "out"};
	struct rig *r = user;
	const size_t at = strlen(r->places);

	(void)p, (void)now;
	snprintf(r->places + at, sizeof(r->places) - at, "%s%d ", names[place], number);
}

static void rig_open(struct rig *r, const struct nat_spec *spec)
{
	const struct net_hooks hooks = {.deliver = deliver, .tap = tap, .user = r};
	const struct addr inside[] = {gateway, gateway6}, two[] = {client, client6};
	const struct addr servers[] = {server, server6};

	memset(r, 0, sizeof(*r));
	assert_int_equal(crypto_init(), 0);
	rng_seed_from_number(&r->rng, 1);
	r->net = net_new(&hooks, &r->rng);
	assert_non_null(r->net);
	assert_int_equal(net_add_node(r->net, spec, inside, 2, NET_INTERNET), 0);
	r->client = net_add_host(r->net, two, 2, 0);
	r->neighbour = net_add_host(r->net, &neighbour, 1, 0);
	r->server = net_add_host(r->net, servers, 2, NET_INTERNET);
	assert_true(r->client == 0 && r->neighbour == 1 && r->server == 2);
}

static void settle(struct rig *r, nk_time how_long)
{
	const nk_time until = r->now + how_long;

	while (net_next(r->net) <= until) {
		r->now = net_next(r->net) > r->now ? net_next(r->net) : r->now;
		assert_true(net_turn(r->net, r->now));
	}
	assert_false(net_turn(r->net, r->now));
	r->now = until;
}

static struct packet udp(struct addr from, struct addr to, size_t payload)
{
	return (struct packet){
		.kind = PACKET_UDP,
		.from = from,
		.to = to,
		.ttl = PACKET_TTL,
		.fragments = 1,
		.size = addr_overhead(&to) + payload,
	};
}

static struct packet syn(struct addr from, struct addr to)
{
	struct packet p = udp(from, to, 12);

	p.kind = PACKET_TCP;
	p.flags = PACKET_SYN;
	p.seq = 1000;
	return p;
}

/* Sends a packet without payload and lets it go where it goes within a second. */
static void send_packet(struct rig *r, int host, const struct packet *p)
{
	struct packet *out = net_get(r->net, 0);
	uint8_t *data;

	assert_non_null(out);
	data = out->data;
	*out = *p;
	out->data = data;
	r->count = 0;
	r->places[0] = 0;
	net_send(r->net, host, out, r->now);
	settle(r, NK_S);
}

/* What came last is that error, for the client, from there, and about what it sent. */
static void expect_error(const struct rig *r, enum packet_error error, const struct addr *from,
			 const struct packet *about)
{
	const struct packet *e = &r->got[0].packet;

	assert_int_equal(r->count, 1);
	assert_int_equal(e->kind, PACKET_ERROR);
	assert_int_equal(e->error, error);
	assert_true(addr_same_ip(&e->from, from));
	assert_true(addr_same_ip(&e->to, &about->from));
	assert_true(addr_eq(&e->quote.from, &about->from));
	assert_true(addr_eq(&e->quote.to, &about->to));
	assert_int_equal(e->quote.kind, about->kind);
}

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
		cmocka_unit_test(test_ttl_exceeded),
		cmocka_unit_test(test_ttl_exceeded_v6),
		cmocka_unit_test(test_ttl_exceeded_at_nat_of_v4),
		cmocka_unit_test(test_lan),
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
		cmocka_unit_test(test_replace),
		cmocka_unit_test(test_readdress),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_taps),
		cmocka_unit_test(test_first_in_first_out),
		cmocka_unit_test(test_real_packets),
		cmocka_unit_test(test_real_error),
		cmocka_unit_test(test_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
