/* Whole natmap runs: chains of NATs and routers, gateways and servers of all kinds, loss. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "core/natmap/signs.h"
#include "map_scene.h"
#include "wire/probe_msg.h"

#define QUICK (2 * NK_S) /* all but the enumeration is there by then */

static struct addr at(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(&a, text, 0), 0);
	return a;
}

static void speaks(struct map_plan *plan, bool pcp, bool nat_pmp)
{
	plan->gateway.pcp = pcp;
	plan->gateway.nat_pmp = nat_pmp;
	plan->gateway_at = plan->node_count - 1;
}

static const struct natmap_result *play(struct map_scene *s, const struct map_plan *plan, int want)
{
	const struct natmap_result *r;

	map_set(s, plan);
	assert_int_equal(map_play(s), want);
	r = natmap_result(s->map);
	assert_int_equal(world_stats(s->world)->late, 0);
	assert_true(r->quick_done);
	assert_int_equal(r->complete, want == CORE_DONE);
	return r;
}

static void assert_verdict(const struct natmap_result *r, enum natmap_verdict want, double p)
{
	assert_string_equal(natmap_verdict_name(r->verdict), natmap_verdict_name(want));
	assert_true(r->p >= p);
}

static void assert_hop(const struct natmap_result *r, unsigned number, const char *address)
{
	const struct addr a = at(address);

	assert_true(number <= r->path.count);
	assert_true(addr_same_ip(&r->path.hops[number - 1].address, &a));
}

static void assert_seen_at(const struct natmap_result *r, const char *address)
{
	const struct addr a = at(address);

	assert_int_equal(r->public_count, 1);
	assert_true(addr_same_ip(&r->public_addrs[0], &a));
}

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
	assert_int_equal(s.gateway.made, 0); /* to look is not to map */
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

/* All together, with the stateful hops: the quick part is told long before. */
static void test_enumerated(void **state)
{
	const struct nat_spec carrier = map_nat("203.0.113.1"), router = map_nat("100.64.3.4");
	struct nat_spec shorter = carrier;
	struct map_plan plan = map_plan(30);
	struct enumerate_progress at_2s;
	struct map_scene s;
	const struct natmap_result *r;

	(void)state;
	shorter.t_stream = 40 * NK_S;
	plan.options.enumerate = true;
	plan.options.max = 240 * NK_S;
	map_plan_add(&plan, &shorter, "100.64.0.1");
	map_plan_add(&plan, &router, "192.168.1.1");
	map_set(&s, &plan);
	world_run(s.world, s.map, QUICK);
	r = natmap_result(s.map);
	assert_true(r->quick_done);
	assert_false(r->path.enumerated);
	assert_int_equal(r->public_count, 1);
	natmap_progress(s.map, &at_2s, QUICK);
	assert_true(at_2s.stage[0] != '\0');
	assert_int_equal(map_play(&s), CORE_DONE);
	r = natmap_result(s.map);
	assert_true(r->path.enumerated);
	assert_int_equal(r->path.hops[0].state, HOP_STATEFUL);
	assert_int_equal(r->path.hops[1].state, HOP_STATEFUL);
	assert_int_equal(r->path.hops[2].state, HOP_STATELESS);
	assert_true(r->path.hops[0].timeout.lo <= 120 && r->path.hops[0].timeout.hi >= 120);
	assert_true(r->path.hops[1].timeout.lo <= 40 && r->path.hops[1].timeout.hi >= 40);
	assert_verdict(r, NATMAP_CARRIER_NAT, 0.9);
	assert_int_equal(r->nats, 2);
	assert_false(r->nats_at_least);
	assert_int_equal(r->carrier_hop, 2);
	assert_int_equal(world_stats(s.world)->late, 0);
	map_strike(&s);
}

/* A natmap that hears of no ICMP error in its first seconds, as where boxes have no more to
 * give. */
static void deaf_input(void *core, const struct event *ev, nk_time now)
{
	if (ev->kind != EVENT_ICMP_ERROR || now > 3 * NK_S)
		natmap_input(core, ev, now);
}

static void test_hops_tell_late(void **state)
{
	const struct nat_spec home = map_nat("203.0.113.1");
	struct core_ops deaf = natmap_ops;
	struct map_plan plan = map_plan(31);
	const struct natmap_result *r;
	struct map_scene s;

	(void)state;
	deaf.input = deaf_input;
	plan.options.enumerate = true;
	map_plan_add(&plan, NULL, "198.51.100.77");
	map_plan_add(&plan, &home, "192.168.1.1");
	map_set(&s, &plan);
	world_attach(s.world, s.client, &deaf, s.map);
	world_run(s.world, s.map, QUICK);
	r = natmap_result(s.map);
	assert_true(r->quick_done);
	assert_int_equal(r->path.count, 3);
	assert_int_equal(addr_family(&r->path.hops[1].address), ADDR_NONE);
	assert_int_equal(map_play(&s), CORE_DONE);
	r = natmap_result(s.map);
	assert_hop(r, 1, "192.168.1.1");
	assert_hop(r, 2, "198.51.100.77");
	map_strike(&s);
}

/* Stopped at any time, it tells what it knows by then, and all it started is over. */
static void test_stopped(void **state)
{
	static const nk_time moments[] = {0,          5 * NK_MS,   30 * NK_MS,
					  60 * NK_MS, 500 * NK_MS, 20 * NK_S};
	const struct nat_spec home = map_nat("203.0.113.1");

	(void)state;
	for (unsigned i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
		const struct event stop = {.kind = EVENT_STOP};
		struct map_plan plan = map_plan(40 + i);
		struct map_scene s;
		const struct natmap_result *r;

		plan.options.enumerate = true;
		map_plan_add(&plan, &home, "192.168.1.1");
		speaks(&plan, true, true);
		map_set(&s, &plan);
		world_run(s.world, s.map, world_now(s.world) + moments[i]);
		world_tell(s.world, s.client, &stop);
		assert_int_equal(map_play(&s), NK_ERR_STOPPED);
		r = natmap_result(s.map);
		assert_false(r->complete);
		assert_int_equal(r->cut_why, NK_ERR_STOPPED);
		assert_true(r->ended - r->started < moments[i] + NK_S);
		assert_false(r->path.enumerated);
		assert_non_null(r->path.enumeration_why);
		if (moments[i] >= 60 * NK_MS)
			assert_seen_at(r, "203.0.113.1");
		map_strike(&s);
	}
}

/* A natmap whose HOLDs are answered by an error. */
static unsigned refusals;

static void refused_input(void *core, const struct event *ev, nk_time now)
{
	struct event refusal = *ev;
	uint8_t buf[CORE_DATAGRAM_MAX];
	struct wr w = wr_make(buf, sizeof(buf));
	struct stun_msg m;

	if (ev->kind == EVENT_DATAGRAM && stun_read(&m, ev->data, ev->len) == 0 &&
	    m.method == PROBE_HOLD) {
		stun_begin(&w, PROBE_HOLD, STUN_ERROR, m.tid);
		stun_put_error(&w, 400, "Bad Request");
		refusal.data = buf;
		refusal.len = stun_end(&w);
		refusals++;
	}
	natmap_input(core, &refusal, now);
}

/* It is not asked again and again, as fast as it answers. */
static void test_holds_refused(void **state)
{
	const struct nat_spec home = map_nat("203.0.113.1");
	struct core_ops refused = natmap_ops;
	struct map_plan plan = map_plan(51);
	const struct natmap_result *r;
	struct map_scene s;

	(void)state;
	refusals = 0;
	refused.input = refused_input;
	plan.options.enumerate = true;
	map_plan_add(&plan, &home, "192.168.1.1");
	map_set(&s, &plan);
	world_attach(s.world, s.client, &refused, s.map);
	assert_int_equal(map_play(&s), CORE_DONE);
	r = natmap_result(s.map);
	assert_false(r->path.enumerated);
	assert_non_null(strstr(r->path.enumeration_why, "as it was asked to"));
	assert_in_range(refusals, 1, 10 * 20);
	map_strike(&s);
}

/* A server that allows few mappings: fewer silences are tried, and nothing turns for want of
 * room. */
static void test_few_trials(void **state)
{
	static const unsigned trials[] = {12, 16, 24};
	const struct nat_spec home = map_nat("203.0.113.1");

	(void)state;
	for (unsigned i = 0; i < sizeof(trials) / sizeof(trials[0]); i++) {
		struct map_plan plan = map_plan(52);
		const struct natmap_result *r;
		struct map_scene s;

		plan.trials = trials[i];
		plan.options.enumerate = true;
		plan.options.max = 240 * NK_S;
		map_plan_add(&plan, NULL, "198.51.100.77");
		map_plan_add(&plan, &home, "192.168.1.1");
		r = play(&s, &plan, CORE_DONE);
		assert_true(r->path.hops[0].state == HOP_UNKNOWN ||
			    r->path.hops[0].state == HOP_STATEFUL);
		map_strike(&s);
	}
}

/* The server keeps no mapping alive for one that has gone. */
static void test_stopped_holds(void **state)
{
	const struct nat_spec home = map_nat("203.0.113.1");
	const struct event stop = {.kind = EVENT_STOP};
	struct map_plan plan = map_plan(50);
	struct map_scene s;
	uint64_t ticks;

	(void)state;
	plan.options.enumerate = true;
	map_plan_add(&plan, &home, "192.168.1.1");
	map_set(&s, &plan);
	world_run(s.world, s.map, 20 * NK_S);
	ticks = broker_stats(s.broker)->ticks_sent;
	assert_true(ticks > 0);
	world_tell(s.world, s.client, &stop);
	assert_int_equal(map_play(&s), NK_ERR_STOPPED);
	assert_true(world_now(s.world) < 20 * NK_S + 100 * NK_MS);
	world_run(s.world, NULL, 20 * NK_S + 100 * NK_MS);
	ticks = broker_stats(s.broker)->ticks_sent;
	world_run(s.world, NULL, 60 * NK_S);
	assert_int_equal(broker_stats(s.broker)->ticks_sent, ticks);
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
		cmocka_unit_test(test_enumerated),
		cmocka_unit_test(test_hops_tell_late),
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_stopped_holds),
		cmocka_unit_test(test_holds_refused),
		cmocka_unit_test(test_few_trials),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
