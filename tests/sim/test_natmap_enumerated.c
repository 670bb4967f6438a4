/* Whole natmap runs that look for stateful hops: what is told and when, stopped ones, and odd servers. */
#include <string.h>

#include "base/err.h"
#include "map_rig.h"
#include "wire/probe_msg.h"

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

/* The way back has other routers, and more of them: what lies on the way out is mapped. */
static void test_other_way_back(void **state)
{
	const struct nat_spec home = map_nat("203.0.113.1");
	const char *const beyond[] = {"198.51.100.4", "198.51.100.5", "198.51.100.6"};
	struct map_plan plan = map_plan(32);
	const struct natmap_result *r;
	struct map_scene s;

	(void)state;
	plan.options.enumerate = true;
	plan.options.max = 240 * NK_S;
	for (unsigned i = 0; i < 3; i++) {
		map_plan_add(&plan, NULL, beyond[i]);
		plan.nodes[i].way = i == 1 ? NET_OUT_ONLY : NET_BACK_ONLY;
	}
	map_plan_add(&plan, &home, "192.168.1.1");
	r = play(&s, &plan, CORE_DONE);
	assert_int_equal(r->path.count, 3);
	assert_int_equal(r->path.back, 4);
	assert_hop(r, 1, "192.168.1.1");
	assert_hop(r, 2, "198.51.100.5");
	assert_int_equal(r->path.hops[0].state, HOP_STATEFUL);
	assert_int_equal(r->path.hops[1].state, HOP_STATELESS);
	assert_int_equal(r->path.hops[2].state, HOP_STATELESS);
	assert_true(r->path.hops[0].timeout.lo <= 120 && r->path.hops[0].timeout.hi >= 120);
	assert_verdict(r, NATMAP_ONE_NAT, 0.7);
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

#define NO_ROOM "no room for more mappings"

/* No box is said to refuse mappings; that the server does may be why nothing was found, or little. */
static void assert_not_refused(const struct natmap_result *r)
{
	if (!r->path.enumerated) {
		assert_non_null(r->path.enumeration_why);
		assert_non_null(strstr(r->path.enumeration_why, NO_ROOM));
		return;
	}
	for (unsigned i = 0; i < r->path.count; i++) {
		const struct hop *hop = &r->path.hops[i];

		if (hop->state == HOP_UNKNOWN)
			assert_null(strstr(hop->why, "lets no more mappings through"));
	}
}

/* A server that allows few mappings: fewer silences are tried, and nothing turns for want of
 * room. */
static void test_few_trials(void **state)
{
	static const unsigned trials[] = {1, 2, 3, 4, 8, 12, 16, 17, 20, 24};
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
		assert_not_refused(r);
		assert_int_equal(r->path.enumerated, trials[i] >= 3);
		assert_true(r->path.enumerated || r->ended - r->started < QUICK);
		map_strike(&s);
	}
}

/* Who does not hear that the server has no room for a mapping. */
static void deaf_to_errors_input(void *core, const struct event *ev, nk_time now)
{
	struct stun_msg m;

	if (ev->kind != EVENT_DATAGRAM || stun_read(&m, ev->data, ev->len) != 0 ||
	    m.method != PROBE_TRIAL || m.cls != STUN_ERROR)
		natmap_input(core, ev, now);
}

static struct natmap *start_another(struct map_scene *s, const struct map_plan *plan,
				    uint8_t number, const struct core_ops *ops)
{
	const struct addr addr = addr_v4(192, 168, 1, (uint8_t)(2 + number), 0);
	const int host = world_add_host(s->world, &addr, 1, s->nodes[0]);
	struct natmap_options options = plan->options;
	const uint8_t seed[32] = {3, number};
	struct natmap *m;

	assert_true(host >= 0);
	options.ways[0].local = addr;
	m = natmap_new(&options, false, seed);
	assert_non_null(m);
	natmap_start(m, world_now(s->world));
	world_attach(s->world, host, ops, m);
	return m;
}

/* Two measure behind one address at once. Of what the server allows both are told before either has
 * any, and a third, later, that nothing is left. */
static void play_three(unsigned trials, const struct core_ops *ops)
{
	const struct nat_spec home = map_nat("203.0.113.1");
	struct map_plan plan = map_plan(60 + trials);
	struct natmap *second, *third;
	struct map_scene s;

	plan.trials = trials;
	plan.options.enumerate = true;
	plan.options.max = 240 * NK_S;
	map_plan_add(&plan, &home, "192.168.1.1");
	map_set(&s, &plan);
	world_attach(s.world, s.client, ops, s.map);
	second = start_another(&s, &plan, 1, ops);
	world_run(s.world, NULL, 20 * NK_S);
	third = start_another(&s, &plan, 2, ops);
	assert_int_equal(world_run(s.world, third, 30 * NK_S), CORE_DONE);
	assert_false(natmap_result(third)->path.enumerated);
	assert_not_refused(natmap_result(third));
	assert_int_equal(map_play(&s), CORE_DONE);
	assert_not_refused(natmap_result(s.map));
	assert_int_equal(world_run(s.world, second, 600 * NK_S), CORE_DONE);
	assert_not_refused(natmap_result(second));
	assert_int_equal(world_stats(s.world)->late, 0);
	natmap_free(second);
	natmap_free(third);
	map_strike(&s);
}

static void test_server_is_full(void **state)
{
	static const unsigned trials[] = {4, 8, 12, 20, 24, 40, 100};
	struct core_ops deaf = natmap_ops;

	(void)state;
	deaf.input = deaf_to_errors_input;
	for (unsigned i = 0; i < sizeof(trials) / sizeof(trials[0]); i++) {
		play_three(trials[i], &natmap_ops);
		play_three(trials[i], &deaf);
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
		cmocka_unit_test(test_enumerated),     cmocka_unit_test(test_other_way_back),
		cmocka_unit_test(test_hops_tell_late), cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_holds_refused),  cmocka_unit_test(test_few_trials),
		cmocka_unit_test(test_server_is_full), cmocka_unit_test(test_stopped_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
