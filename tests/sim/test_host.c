/* What hosts of the virtual world do as kernels do: ICMP, fragments, and addresses that change. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "puppet.h"
#include "wire/icmp_echo.h"

/* clang-format off */
#define V4(a, b, c, d, p) {.ip = {[10] = 0xff, [11] = 0xff, a, b, c, d}, .port = p}
#define V6(net, host, p)  {.ip = {0x20, 0x01, 0x0d, 0xb8, 0, net, [15] = host}, .port = p}
/* clang-format on */

static const struct addr server = V4(192, 0, 2, 1, 3478), server6 = V6(0, 1, 3478);
static const struct addr client = V4(100, 64, 0, 2, 5000), client6 = V6(1, 2, 5000);

/* Ports outside are other than inside, so that it shows where a NAT was passed. */
static const struct nat_spec nat = {
	.translate = true,
	.ports = NAT_PORTS_RANDOM,
	.t_first = 30 * NK_S,
	.t_replied = 30 * NK_S,
	.t_stream = 30 * NK_S,
	.refresh_out = true,
	.refresh_in = true,
	.external = {V4(203, 0, 113, 1, 0), V6(2, 1, 0)},
	.external_count = 2,
};

struct bench {
	struct world *w;
	int nat, client_host, server_host;
	struct puppet client, server;
};

static const struct addr internet = V4(192, 0, 0, 8, 0); /* where its routers answer from */
static const struct addr lan[] = {V4(100, 64, 0, 1, 0), V6(1, 1, 0)};

static void bench_open(struct bench *b)
{
	const struct addr servers[] = {server, server6}, clients[] = {client, client6};

	b->w = world_new(1);
	assert_non_null(b->w);
	b->nat = world_add_node(b->w, &nat, lan, 2, -1);
	b->client_host = world_add_host(b->w, clients, 2, b->nat);
	b->server_host = world_add_host(b->w, servers, 2, -1);
	puppet_attach(&b->client, b->w, b->client_host);
	puppet_attach(&b->server, b->w, b->server_host);
	assert_int_equal(puppet_open(&b->client, b->w, b->client_host, 1, client).port, 5000);
	assert_int_equal(puppet_open(&b->client, b->w, b->client_host, 2, client6).port, 5000);
}

static void settle(struct bench *b)
{
	world_run(b->w, NULL, world_now(b->w) + NK_S);
}

static void open_kind(struct bench *b, struct puppet *p, int host, enum socket_kind kind,
		      uint32_t id, struct addr local)
{
	p->opened = (struct addr){.port = 0};
	p->error = 0;
	puppet_do(p, b->w, host,
		  &(struct action){.kind = ACTION_OPEN, .id = id, .socket = kind, .local = local});
}

/* The errno of a closed port, of a TTL that ends, and of no way, and who says so. */
static void test_errors(void **state)
{
	static struct bench b;
	const struct addr nowhere = V4(192, 0, 2, 99, 1);
	const struct {
		uint32_t socket;
		const struct addr *to;
		uint8_t ttl;
		int error;
		const struct addr *reporter;
		uint8_t type, code;
	} cases[] = {
		{1, &server, 0, ECONNREFUSED, &server, 3, 3},
		{2, &server6, 0, ECONNREFUSED, &server6, 1, 4},
		{1, &server, 1, EHOSTUNREACH, &lan[0], 11, 0},
		{2, &server6, 1, EHOSTUNREACH, &lan[1], 3, 0},
		{1, &server, 2, EHOSTUNREACH, &internet, 11, 0},
		{1, &nowhere, 0, EHOSTUNREACH, &internet, 3, 1},
	};

	(void)state;
	bench_open(&b);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		puppet_send(&b.client, b.w, b.client_host, cases[i].socket, *cases[i].to,
			    cases[i].ttl, 0);
		settle(&b);
		assert_int_equal(b.client.icmp_errors, i + 1);
		assert_int_equal(b.client.error, cases[i].error);
		assert_true(addr_eq(&b.client.about, cases[i].to));
		assert_true(addr_same_ip(&b.client.icmp.reporter, cases[i].reporter));
		assert_int_equal(b.client.icmp.icmp_type, cases[i].type);
		assert_int_equal(b.client.icmp.icmp_code, cases[i].code);
	}
	assert_int_equal(b.client.count, 0);
	world_free(b.w);
}

/* Linux allows a burst, and then a few each second: a scan learns slowly which ports are closed. */
static void test_error_pace(void **state)
{
	static struct bench b;

	(void)state;
	bench_open(&b);
	for (unsigned i = 0; i < 200; i++)
		puppet_send(&b.client, b.w, b.client_host, 1, server, 0, i);
	settle(&b);
	assert_int_equal(b.client.icmp_errors, 50);
	world_free(b.w);
}

static void send_ping(struct bench *b, uint32_t id, struct addr to, uint16_t sequence)
{
	const struct icmp_echo ping = {
		.request = true, .id = 0xdead, .sequence = sequence, .len = 4};
	struct action a = {.kind = ACTION_SEND, .id = id, .to = addr_with_port(to, 0)};

	memcpy(a.data + ICMP_ECHO_HEADER, "ping", 4);
	a.len = icmp_echo_finish(a.data, addr_family(&to), &ping);
	puppet_do(&b->client, b->w, b->client_host, &a);
	settle(b);
}

static struct icmp_echo echo_of(const struct puppet_got *g)
{
	struct icmp_echo e = {.id = 0};

	assert_int_equal(icmp_echo_read(&e, addr_family(&g->from), g->head, g->len), 0);
	assert_int_equal(e.len, 4);
	assert_memory_equal(e.payload, "ping", 4);
	assert_int_equal(g->from.port, 0);
	assert_int_equal(g->local.port, 0);
	return e;
}

/* The kernel gives a ping its socket's id, the NAT another one, and the server's kernel replies. */
static void test_ping(void **state)
{
	const struct addr from[] = {client, client6}, to[] = {server, server6};
	static struct bench b;

	(void)state;
	bench_open(&b);
	for (unsigned i = 0; i < 2; i++) {
		struct icmp_echo asked, got;

		open_kind(&b, &b.server, b.server_host, SOCKET_ICMP_RAW, 10 + i,
			  addr_with_port(to[i], 0));
		assert_int_equal(b.server.opened.port, 0);
		open_kind(&b, &b.client, b.client_host, SOCKET_ICMP, 10 + i,
			  addr_with_port(from[i], 0));
		assert_int_not_equal(b.client.opened.port, 0);
		send_ping(&b, 10 + i, to[i], 7);

		assert_int_equal(b.server.count, i + 1);
		asked = echo_of(&b.server.got[i]);
		assert_true(asked.request);
		assert_true(addr_same_ip(&b.server.got[i].from, &nat.external[i]));
		assert_int_not_equal(asked.id, b.client.opened.port);
		assert_int_equal(b.client.count, i + 1);
		got = echo_of(&b.client.got[i]);
		assert_false(got.request);
		assert_int_equal(got.id, b.client.opened.port);
		assert_int_equal(got.sequence, 7);
		assert_int_equal(b.client.got[i].id, 10 + i);
	}
	assert_int_equal(world_stats(b.w)->stray, 0);
	world_free(b.w);
}

/* A reply of the server's own, as natbroker sends them, reaches the socket of that id. */
static void test_reply_of_a_core(void **state)
{
	static struct bench b;
	struct icmp_echo reply;
	struct action a = {.kind = ACTION_SEND, .id = 10};

	(void)state;
	bench_open(&b);
	open_kind(&b, &b.server, b.server_host, SOCKET_ICMP_RAW, 10, addr_any(ADDR_V4, 0));
	open_kind(&b, &b.client, b.client_host, SOCKET_ICMP, 10, addr_with_port(client, 0));
	send_ping(&b, 10, server, 7);
	reply = echo_of(&b.server.got[0]);
	reply.request = false;
	memcpy(a.data + ICMP_ECHO_HEADER, "ping", 4);
	a.len = icmp_echo_finish(a.data, ADDR_V4, &reply);
	a.to = b.server.got[0].from;
	a.local = b.server.got[0].local;
	puppet_do(&b.server, b.w, b.server_host, &a);
	settle(&b);
	assert_int_equal(b.client.count, 2);
	assert_int_equal(echo_of(&b.client.got[1]).id, b.client.opened.port);
	world_free(b.w);
}

static void test_ping_errors(void **state)
{
	static struct bench b;
	struct action a = {
		.kind = ACTION_SEND, .id = 10, .to = addr_with_port(server, 0), .ttl = 1};
	const struct icmp_echo request = {.request = true}, reply = {.request = false};

	(void)state;
	bench_open(&b);
	open_kind(&b, &b.client, b.client_host, SOCKET_ICMP, 10, addr_with_port(client, 0));
	a.len = icmp_echo_finish(a.data, ADDR_V4, &request);
	puppet_do(&b.client, b.w, b.client_host, &a);
	settle(&b);
	assert_int_equal(b.client.icmp_errors, 1);
	assert_int_equal(b.client.error, EHOSTUNREACH);
	assert_true(addr_eq(&b.client.about, &a.to));

	a.len = icmp_echo_finish(a.data, ADDR_V4, &reply);
	puppet_do(&b.client, b.w, b.client_host, &a);
	assert_int_equal(b.client.error, EINVAL);
	a.len = ICMP_ECHO_HEADER - 1;
	b.client.error = 0;
	puppet_do(&b.client, b.w, b.client_host, &a);
	assert_int_equal(b.client.error, EINVAL);
	world_free(b.w);
}

/* A datagram larger than the MTU comes through in fragments, or through no NAT that drops them. */
static void test_fragments(void **state)
{
	static struct bench b;
	struct action a = {.kind = ACTION_SEND, .id = 1, .to = server, .len = CORE_DATAGRAM_MAX};
	struct nat_spec spec = nat;

	(void)state;
	bench_open(&b);
	puppet_open(&b.server, b.w, b.server_host, 1, server);
	puppet_do(&b.client, b.w, b.client_host, &a);
	settle(&b);
	assert_int_equal(b.server.count, 1);
	assert_int_equal(b.server.got[0].len, CORE_DATAGRAM_MAX);

	spec.fragments = NAT_FRAGMENTS_DROP;
	assert_true(world_replace_nat(b.w, b.nat, &spec));
	puppet_do(&b.client, b.w, b.client_host, &a);
	settle(&b);
	assert_int_equal(b.server.count, 1);
	a.len = 1472;
	puppet_do(&b.client, b.w, b.client_host, &a);
	settle(&b);
	assert_int_equal(b.server.count, 2);
	world_free(b.w);
}

static void test_reboot(void **state)
{
	static struct bench b;
	struct addr before;

	(void)state;
	bench_open(&b);
	puppet_open(&b.server, b.w, b.server_host, 1, server);
	puppet_send(&b.client, b.w, b.client_host, 1, server, 0, 1);
	settle(&b);
	before = b.server.got[0].from;
	puppet_send(&b.server, b.w, b.server_host, 1, before, 0, 1);
	settle(&b);
	assert_int_equal(b.client.count, 1);
	assert_true(world_reboot_nat(b.w, b.nat));
	assert_int_equal(nat_mappings(b.w, b.nat), 0);
	puppet_send(&b.server, b.w, b.server_host, 1, before, 0, 1);
	settle(&b);
	assert_int_equal(b.client.count, 1);
	world_free(b.w);
}

/* The core hears of it if it had bound the address, and what it sent from there goes nowhere. */
static void test_readdress(void **state)
{
	static struct bench b;
	const struct addr moved = V4(100, 64, 0, 99, 0), bound = V4(100, 64, 0, 99, 5000);

	(void)state;
	bench_open(&b);
	puppet_open(&b.server, b.w, b.server_host, 1, addr_any(ADDR_V4, 3478));
	assert_true(world_readdress_host(b.w, b.server_host, 0, &server));
	assert_false(b.server.link_lost);
	assert_true(world_readdress_host(b.w, b.client_host, 0, &moved));
	assert_true(b.client.link_lost);
	puppet_send(&b.client, b.w, b.client_host, 1, server, 0, 1);
	assert_int_equal(b.client.error, EADDRNOTAVAIL);
	assert_int_equal(puppet_open(&b.client, b.w, b.client_host, 3, bound).port, 5000);
	b.server.echo = true;
	puppet_send(&b.client, b.w, b.client_host, 3, server, 0, 1);
	settle(&b);
	assert_int_equal(b.client.count, 1);
	assert_true(addr_eq(&b.client.got[0].local, &bound));
	world_free(b.w);
}

/* Knocks at @to. Return: 0, or the errno of what became of it; -1: nothing did. */
static int knock_at(struct bench *b, struct addr to)
{
	struct puppet *p = &b->client;

	p->opened = (struct addr){.port = 0};
	p->error = -1;
	puppet_do(p, b->w, b->client_host,
		  &(struct action){
			  .kind = ACTION_OPEN, .id = 20, .socket = SOCKET_TCP_KNOCK, .peer = to});
	settle(b);
	puppet_do(p, b->w, b->client_host, &(struct action){.kind = ACTION_CLOSE, .id = 20});
	settle(b);
	return p->opened.port != 0 ? 0 : p->error;
}

/* A door is knocked at once by each who comes, a closed port refuses, and so does a router. */
static void test_tcp(void **state)
{
	const struct addr nowhere = V4(192, 0, 2, 99, 1);
	const struct addr doors[] = {server, server6};
	static struct bench b;

	(void)state;
	bench_open(&b);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(knock_at(&b, doors[i]), ECONNREFUSED);
		open_kind(&b, &b.server, b.server_host, SOCKET_TCP_DOOR, 20 + i, doors[i]);
		assert_true(addr_eq(&b.server.opened, &doors[i]));
		assert_int_equal(knock_at(&b, doors[i]), 0);
		assert_int_equal(knock_at(&b, doors[i]), 0);
		assert_int_equal(b.server.knocks, 2 * (i + 1));
		assert_true(addr_same_ip(&b.server.knocker, &nat.external[i]));
	}
	assert_int_equal(knock_at(&b, nowhere), EHOSTUNREACH);
	puppet_do(&b.server, b.w, b.server_host, &(struct action){.kind = ACTION_CLOSE, .id = 20});
	assert_int_equal(knock_at(&b, server), ECONNREFUSED);
	world_set_link(b.w, b.server_host, NULL, &(struct link_spec){.loss = 1});
	assert_int_equal(knock_at(&b, server6), -1);
	world_free(b.w);
}

/* Each of two pings is seen at the host and at both sides of the NAT, and so are the replies. */
static void test_pcap(void **state)
{
	static struct bench b;
	char *bytes;
	size_t len;
	FILE *file = open_memstream(&bytes, &len);
	size_t packets = 0;

	(void)state;
	assert_non_null(file);
	bench_open(&b);
	assert_true(world_write_pcap(b.w, file));
	open_kind(&b, &b.client, b.client_host, SOCKET_ICMP, 10, addr_with_port(client, 0));
	send_ping(&b, 10, server, 1);
	send_ping(&b, 10, server, 2);
	world_free(b.w);
	assert_int_equal(fclose(file), 0);
	for (size_t at = 0; at < len;) {
		const uint8_t *p = (const uint8_t *)bytes + at;

		packets += p[3] == 6;
		at += (size_t)(p[6] << 8 | p[7]);
	}
	assert_int_equal(packets, 2 * 2 * 4);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_errors),      cmocka_unit_test(test_error_pace),
		cmocka_unit_test(test_ping),        cmocka_unit_test(test_reply_of_a_core),
		cmocka_unit_test(test_ping_errors), cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_reboot),      cmocka_unit_test(test_readdress),
		cmocka_unit_test(test_tcp),         cmocka_unit_test(test_pcap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
