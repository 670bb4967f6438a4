/* Whole natmap runs: chains of NATs and routers, gateways and servers of all kinds, loss. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/err.h"
#include "core/natmap/signs.h"
#include "map_rig.h"

static void test_no_nat(void **state)
{
	struct map_plan plan = map_plan(1);
	struct map_scene s;
	const struct natmap_result *r;

	(void)state;
	plan.clients[0] = plan.options.ways[0].local = at("203.0.113.9");
	for (unsigned i = 0; i < 4; i++)
		map_plan_add(&plan, NULL, i == 3 ? "203.0.113.1" : "198.51.100.77");
	r = play(&s, &plan, CORE_DONE);
	assert_verdict(r, NATMAP_OPEN, 0.95);
	assert_seen_at(r, "203.0.113.9");
	assert_int_equal(r->nats, 0);
	assert_true(r->path.reached);
	assert_int_equal(r->path.count, 5); /* the internet is one hop more */
	assert_int_equal(r->path.back, 5);
	assert_hop(r, 1, "203.0.113.1");
	assert_hop(r, 2, "198.51.100.77");
	assert_true(r->ended - r->started < QUICK);
	map_strike(&s);
}

/* With a server of two addresses it is seen at once, without waiting for anything to end. */
static void test_firewall(void **state)
{
	struct nat_spec wall = map_nat("203.0.113.1");
	struct map_plan plan = map_plan(2);
	struct map_scene s;
	const struct natmap_result *r;

	(void)state;
	wall.translate = false;
	plan.clients[0] = plan.options.ways[0].local = at("203.0.113.9");
	map_plan_add(&plan, NULL, "198.51.100.77");
	map_plan_add(&plan, &wall, "203.0.113.1");
	r = play(&s, &plan, CORE_DONE);
	assert_verdict(r, NATMAP_FIREWALL, 0.9);
	assert_non_null(signs_find(r, SIGN_FILTERED));
	assert_int_equal(r->nats, 0);
	map_strike(&s);
}

static void test_one_nat(void **state)
{
	const struct nat_spec home = map_nat("203.0.113.1");
	struct map_plan plan = map_plan(3);
	struct map_scene s;
	const struct natmap_result *r;

	(void)state;
	map_plan_add(&plan, NULL, "198.51.100.77");
	map_plan_add(&plan, &home, "192.168.1.1");
	speaks(&plan, true, true);
	r = play(&s, &plan, CORE_DONE);
	assert_verdict(r, NATMAP_ONE_NAT, 0.95);
	assert_seen_at(r, "203.0.113.1");
	assert_int_equal(r->nats, 1);
	assert_false(r->nats_at_least);
	assert_true(r->probe_service);
	assert_true(r->gateways[0].offer[PORTMAP_PCP].usable);
	assert_true(r->gateways[0].offer[PORTMAP_NAT_PMP].usable);
	assert_int_equal(s.gateway.server.made, 0); /* to look is not to map */
	map_strike(&s);
}

static void test_double_nat(void **state)
{
	const struct nat_spec outer = map_nat("203.0.113.1"), inner = map_nat("192.168.0.2");
	struct map_plan plan = map_plan(4);
	struct map_scene s;
	const struct natmap_result *r;

	(void)state;
	map_plan_add(&plan, &outer, "192.168.0.1");
	map_plan_add(&plan, &inner, "192.168.1.1");
	speaks(&plan, false, true);
	r = play(&s, &plan, CORE_DONE);
	assert_verdict(r, NATMAP_DOUBLE_NAT, 0.9);
	assert_non_null(signs_find(r, SIGN_GATEWAY_PRIVATE));
	assert_non_null(signs_find(r, SIGN_HOP_PRIVATE_BEYOND));
	assert_int_equal(r->nats, 2);
	assert_true(r->nats_at_least);
	map_strike(&s);
}

/* A carrier's NAT at @external with @inside, before a NAT at home at @home. */
static void play_carrier(const char *external, const char *inside, const char *home,
			 enum natmap_sign sign)
{
	const struct nat_spec carrier = map_nat(external), router = map_nat(home);
	struct map_plan plan = map_plan(5);
	struct map_scene s;
	const struct natmap_result *r;

	map_plan_add(&plan, &carrier, inside);
	map_plan_add(&plan, &router, "192.168.1.1");
	speaks(&plan, true, true);
	r = play(&s, &plan, CORE_DONE);
	assert_verdict(r, NATMAP_CARRIER_NAT, 0.6);
	assert_non_null(signs_find(r, sign));
	assert_seen_at(r, external);
	assert_int_equal(r->nats, 2);
	map_strike(&s);
}

static void test_carrier_nat(void **state)
{
	(void)state;
	play_carrier("203.0.113.1", "100.64.0.1", "100.64.3.4", SIGN_GATEWAY_SHARED);
	play_carrier("203.0.113.1", "10.0.0.1", "10.7.3.4", SIGN_GATEWAY_PRIVATE);
	/* One that has public addresses inside, which are others' or its own. */
	play_carrier("203.0.113.1", "198.51.100.7", "198.51.100.9", SIGN_GATEWAY_DIFFERS);
}

/* The gateway that is asked is beyond the first NAT. */
static void test_address_mismatch(void **state)
{
	const struct nat_spec carrier = map_nat("203.0.113.1"), router = map_nat("10.7.3.4");
	struct map_plan plan = map_plan(6);
	struct map_scene s;
	const struct natmap_result *r;

	(void)state;
	map_plan_add(&plan, &carrier, "198.51.100.7");
	map_plan_add(&plan, &router, "192.168.1.1");
	plan.gateway.pcp = true;
	plan.gateway_at = 0;
	plan.options.ways[0].gateway = at("198.51.100.7");
	r = play(&s, &plan, CORE_DONE);
	assert_non_null(signs_find(r, SIGN_ADDRESS_MISMATCH));
	assert_verdict(r, NATMAP_CARRIER_NAT, 0.6);
	map_strike(&s);
}

/* Where a machine has the carrier's address itself, as a phone has. */
static void test_phone(void **state)
{
	const struct nat_spec carrier = map_nat("203.0.113.1");
	struct map_plan plan = map_plan(7);
	struct map_scene s;
	const struct natmap_result *r;

	(void)state;
	plan.clients[0] = plan.options.ways[0].local = at("100.64.3.4");
	plan.options.ways[0].gateway = at("100.64.0.1");
	map_plan_add(&plan, &carrier, "100.64.7.1");
	map_plan_add(&plan, NULL, "100.64.0.1");
	r = play(&s, &plan, CORE_DONE);
	assert_verdict(r, NATMAP_CARRIER_NAT, 0.9);
	assert_int_equal(r->nats, 1);
	map_strike(&s);
}

/* IPv6 alone, with a NAT64 in the way; the server by a name that the resolver has made IPv6 of. */
static void test_nat64(void **state)
{
	struct nat_spec nat64 = map_nat("203.0.113.1");
	struct map_plan plan = map_plan(8);
	struct map_scene s;
	const struct natmap_result *r;

	(void)state;
	nat64.nat64 = true;
	plan.clients[0] = plan.options.ways[0].local = at("2001:db8:64::2");
	plan.options.ways[0].gateway = at("2001:db8:64::1");
	plan.options.servers[0] = addr_with_port(at("64:ff9b::192.0.2.1"), 3478);
	map_plan_add(&plan, &nat64, "2001:db8:64::1");
	r = play(&s, &plan, CORE_DONE);
	assert_verdict(r, NATMAP_NAT64, 0.9);
	assert_seen_at(r, "203.0.113.1");
	map_strike(&s);

	plan.options.servers[0] = addr_with_port(at("2001:db8:2::1"), 3478);
	plan.options.nat64[0] = addr_with_port(at("64:ff9b::"), 96);
	plan.options.nat64_count = 1;
	r = play(&s, &plan, CORE_DONE);
	assert_verdict(r, NATMAP_NAT64, 0.8);
	assert_seen_at(r, "2001:db8:64::2");
	map_strike(&s);
}

static void test_vpn(void **state)
{
	const struct nat_spec far = map_nat("203.0.113.1");
	struct map_plan plan = map_plan(9);
	struct map_scene s;
	const struct natmap_result *r;

	(void)state;
	plan.clients[0] = at("10.8.0.2");
	plan.options.ways[0] =
		(struct natmap_way){.local = at("10.8.0.2"), .interface = "wg0", .tunnel = true};
	map_plan_add(&plan, &far, "10.8.0.1");
	r = play(&s, &plan, CORE_DONE);
	assert_true(r->vpn);
	assert_verdict(r, NATMAP_ONE_NAT, 0.5);
	map_strike(&s);
}

/* Both families: the map is of the first server's, and both addresses are known. */
static void test_both_families(void **state)
{
	const struct nat_spec home = map_nat("203.0.113.1");
	struct map_plan plan = map_plan(10);
	struct map_scene s;
	const struct natmap_result *r;

	(void)state;
	plan.clients[1] = at("2001:db8:5::2");
	plan.client_count = 2;
	plan.options.servers[1] = addr_with_port(at("2001:db8:2::1"), 3478);
	plan.options.server_count = 2;
	map_plan_add(&plan, &home, "192.168.1.1");
	r = play(&s, &plan, CORE_DONE);
	assert_verdict(r, NATMAP_ONE_NAT, 0.6);
	assert_int_equal(r->public_count, 2);
	assert_true(addr_same_ip(&r->public_addrs[1], &plan.clients[1]));
	assert_true(addr_same_ip(&r->locals[1], &plan.clients[1]));
	map_strike(&s);

	/* Where the first family has no way to its server, the other's is mapped. */
	plan.options.servers[0] = addr_v4(192, 0, 2, 99, 3478);
	r = play(&s, &plan, CORE_DONE);
	assert_int_equal(addr_family(&r->server), ADDR_V6);
	assert_verdict(r, NATMAP_FIREWALL, 0.9);
	assert_true(r->ended - r->started < QUICK);
	map_strike(&s);
}

/* No server answers: what the gateway says is known all the same, and in time. */
static void test_silent_servers(void **state)
{
	const struct nat_spec home = map_nat("203.0.113.1");
	struct map_plan plan = map_plan(11);
	struct map_scene s;
	const struct natmap_result *r;
	char text[ADDR_TEXT];

	(void)state;
	plan.server = MAP_NOBODY;
	plan.options.enumerate = true;
	map_plan_add(&plan, &home, "192.168.1.1");
	speaks(&plan, false, true);
	r = play(&s, &plan, NK_ERR_UNREACHABLE);
	assert_true(r->ended - r->started < QUICK);
	assert_string_equal(addr_text(&r->gateways[0].offer[PORTMAP_NAT_PMP].external, text),
			    "203.0.113.1");
	assert_verdict(r, NATMAP_ONE_NAT, 0.5);
	assert_string_equal(r->path.enumeration_why, "no server answered");
	/* The way is known as far as it goes: the server's host is there, and nobody at its port. */
	assert_true(r->path.reached);
	assert_int_equal(r->path.count, 2);
	assert_hop(r, 1, "192.168.1.1");
	assert_string_equal(r->path.refused_why, "port unreachable");
	map_strike(&s);

	plan.gateway.nat_pmp = false;
	r = play(&s, &plan, NK_ERR_UNREACHABLE);
	assert_true(r->ended - r->started < QUICK);
	assert_verdict(r, NATMAP_UNKNOWN, 0);
	map_strike(&s);

	/* Nobody to ask is no failure. */
	plan.options.server_count = 0;
	r = play(&s, &plan, CORE_DONE);
	assert_verdict(r, NATMAP_UNKNOWN, 0);
	map_strike(&s);
}

/* The way is told up to where it ends. */
static void test_no_such_server(void **state)
{
	const struct nat_spec home = map_nat("203.0.113.1");
	struct map_plan plan = map_plan(11);
	struct map_scene s;
	const struct natmap_result *r;

	(void)state;
	plan.options.servers[0] = addr_v4(192, 0, 2, 99, 3478);
	map_plan_add(&plan, NULL, "198.51.100.77");
	map_plan_add(&plan, &home, "192.168.1.1");
	r = play(&s, &plan, NK_ERR_UNREACHABLE);
	assert_true(r->ended - r->started < QUICK);
	assert_false(r->path.reached);
	assert_true(r->path.count >= 2);
	assert_hop(r, 1, "192.168.1.1");
	assert_hop(r, 2, "198.51.100.77");
	assert_false(r->path.hops[0].by_route);
	map_strike(&s);
}

/* Another's server says all but what needs a natbroker, and that costs no time. */
static void test_plain_server(void **state)
{
	static const unsigned faults[] = {0, PLAIN_OTHER_SILENT, PLAIN_CHANGE_IGNORED,
					  PLAIN_UNKNOWN_METHOD_400};
	const struct nat_spec home = map_nat("203.0.113.1");

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct map_plan plan = map_plan(12 + i);
		struct map_scene s;
		const struct natmap_result *r;

		plan.server = MAP_PLAIN;
		plan.faults = faults[i];
		plan.options.enumerate = true;
		map_plan_add(&plan, &home, "192.168.1.1");
		speaks(&plan, true, true);
		r = play(&s, &plan, CORE_DONE);
		assert_true(r->ended - r->started < QUICK);
		assert_verdict(r, NATMAP_ONE_NAT, 0.95);
		assert_false(r->probe_service);
		assert_false(r->path.enumerated);
		assert_non_null(r->path.enumeration_why);
		assert_true(r->path.reached);
		map_strike(&s);
	}
}

/* Routers that tell nothing of themselves are boxes all the same. */
static void test_silent_routers(void **state)
{
	struct map_plan plan = map_plan(20);
	struct map_scene s;
	const struct natmap_result *r;

	(void)state;
	plan.clients[0] = plan.options.ways[0].local = at("203.0.113.9");
	for (unsigned i = 0; i < 3; i++)
		map_plan_add(&plan, NULL, i == 1 ? "2001:db8::1" : "203.0.113.1");
	r = play(&s, &plan, CORE_DONE);
	assert_true(r->ended - r->started < QUICK);
	assert_int_equal(r->path.count, 4);
	assert_int_equal(addr_family(&r->path.hops[1].address), ADDR_NONE);
	assert_hop(r, 3, "203.0.113.1");
	map_strike(&s);
}

/* With loss nothing is told that is false, and all of it within the limit. */
static void test_loss(void **state)
{
	const struct nat_spec carrier = map_nat("203.0.113.1"), router = map_nat("100.64.3.4");
	const unsigned runs = 300;
	unsigned right = 0, counted = 0;

	(void)state;
	for (unsigned seed = 0; seed < runs; seed++) {
		struct map_plan plan = map_plan(1000 + seed);
		struct map_scene s;
		const struct natmap_result *r;

		plan.link.loss = 0.02;
		plan.link.delay = (5 + seed % 150) * NK_MS;
		map_plan_add(&plan, NULL, "198.51.100.77");
		map_plan_add(&plan, &carrier, "100.64.0.1");
		map_plan_add(&plan, &router, "192.168.1.1");
		speaks(&plan, true, true);
		r = play(&s, &plan, CORE_DONE);
		assert_true(r->ended - r->started < QUICK);
		assert_seen_at(r, "203.0.113.1");
		right += r->verdict == NATMAP_CARRIER_NAT;
		counted += r->path.count == 4;
		map_strike(&s);
	}
	assert_int_equal(right, runs);
	assert_true(counted >= runs * 99 / 100);
}

/* The first box never says a word: its address is that of the route. */
static void deaf_to_first(void *core, const struct event *ev, nk_time now)
{
	const struct addr first = at("192.168.1.1");

	if (ev->kind != EVENT_ICMP_ERROR || !addr_same_ip(&ev->reporter, &first))
		natmap_input(core, ev, now);
}

static void test_silent_gateway(void **state)
{
	const struct nat_spec home = map_nat("203.0.113.1");
	struct core_ops deaf = natmap_ops;
	struct map_plan plan = map_plan(32);
	const struct natmap_result *r;
	struct map_scene s;

	(void)state;
	deaf.input = deaf_to_first;
	map_plan_add(&plan, NULL, "198.51.100.77");
	map_plan_add(&plan, &home, "192.168.1.1");
	map_set(&s, &plan);
	world_attach(s.world, s.client, &deaf, s.map);
	assert_int_equal(map_play(&s), CORE_DONE);
	r = natmap_result(s.map);
	assert_true(r->ended - r->started < QUICK);
	assert_hop(r, 1, "192.168.1.1");
	assert_true(r->path.hops[0].by_route);
	assert_false(r->path.hops[0].rtt_ms > 0);
	assert_false(r->path.hops[1].by_route);
	map_strike(&s);
}

/* A host that has no server at the port says so but once a second (Linux: after a burst): by which
 * request was answered, the boxes cannot be counted. */
static unsigned refusals;

static void one_refusal(void *core, const struct event *ev, nk_time now)
{
	const struct addr server = at("192.0.2.1");

	if (ev->kind != EVENT_ICMP_ERROR || !addr_same_ip(&ev->reporter, &server) ||
	    ++refusals == 9)
		natmap_input(core, ev, now);
}

static void test_one_refusal(void **state)
{
	const struct nat_spec home = map_nat("203.0.113.1");
	struct core_ops limited = natmap_ops;
	struct map_plan plan = map_plan(33);
	const struct natmap_result *r;
	struct map_scene s;

	(void)state;
	limited.input = one_refusal;
	refusals = 0;
	plan.server = MAP_NOBODY;
	map_plan_add(&plan, &home, "192.168.1.1");
	map_set(&s, &plan);
	world_attach(s.world, s.client, &limited, s.map);
	assert_int_equal(map_play(&s), NK_ERR_UNREACHABLE);
	r = natmap_result(s.map);
	assert_true(refusals > 9);
	assert_string_equal(r->path.refused_why, "port unreachable");
	assert_int_equal(r->path.count, 2);
	assert_false(r->path.reached);
	assert_hop(r, 1, "192.168.1.1");
	map_strike(&s);
}

/* Each hop is asked twice: the first round trip may have our own start in it. */
static unsigned errors_heard;

static void counting_input(void *core, const struct event *ev, nk_time now)
{
	natmap_input(core, ev, now);
	if (ev->kind == EVENT_ICMP_ERROR)
		errors_heard++;
}

static void test_round_trips(void **state)
{
	const struct nat_spec home = map_nat("203.0.113.1");
	struct core_ops counting = natmap_ops;
	struct map_plan plan = map_plan(33);
	const struct natmap_result *r;
	struct map_scene s;

	(void)state;
	counting.input = counting_input;
	map_plan_add(&plan, NULL, "198.51.100.77");
	map_plan_add(&plan, &home, "192.168.1.1");
	map_set(&s, &plan);
	world_attach(s.world, s.client, &counting, s.map);
	assert_int_equal(map_play(&s), CORE_DONE);
	r = natmap_result(s.map);
	assert_int_equal(r->path.count, 3);
	assert_true(errors_heard >= 2 * 3);
	assert_true(r->path.hops[2].rtt_ms >= 20);
	map_strike(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_nat),
		cmocka_unit_test(test_firewall),
		cmocka_unit_test(test_one_nat),
		cmocka_unit_test(test_double_nat),
		cmocka_unit_test(test_carrier_nat),
		cmocka_unit_test(test_address_mismatch),
		cmocka_unit_test(test_phone),
		cmocka_unit_test(test_nat64),
		cmocka_unit_test(test_vpn),
		cmocka_unit_test(test_both_families),
		cmocka_unit_test(test_silent_servers),
		cmocka_unit_test(test_plain_server),
		cmocka_unit_test(test_silent_routers),
		cmocka_unit_test(test_loss),
		cmocka_unit_test(test_no_such_server),
		cmocka_unit_test(test_silent_gateway),
		cmocka_unit_test(test_one_refusal),
		cmocka_unit_test(test_round_trips),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
