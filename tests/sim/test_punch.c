/* Two punches behind modelled NATs: who connects, by which tactic, how soon, with how many packets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/err.h"
#include "duel.h"

#define DELAY (20 * NK_MS)
#define RTT   (4 * DELAY) /* between the two: each is DELAY from the internet */

static const struct punch_result *result(const struct duel *d, unsigned side)
{
	return punch_result(d->sides[side].punch);
}

static void assert_by(const struct duel *d, enum tactic tactic)
{
	assert_int_equal(result(d, 0)->by, tactic);
	assert_int_equal(result(d, 1)->by, tactic);
	assert_int_equal(world_stats(d->world)->late, 0);
}

/* Fired together, or a little apart, it takes one round trip, and the first check is it. */
static void test_in_time(void **state)
{
	static const nk_time skews[] = {0, 5 * NK_MS, 2 * DELAY - NK_MS};

	(void)state;
	for (unsigned i = 0; i < 2 * 3; i++) {
		struct duel_plan plan = duel_plan(i, DELAY);
		struct duel d;

		plan.sides[i % 2].fire = skews[i / 2];
		duel_set(&d, &plan);
		assert_true(duel_run(&d));
		assert_by(&d, TACTIC_PLAIN);
		assert_true(duel_round_trips(&d, RTT) <= 1.01);
		assert_true(result(&d, 0)->first_check && result(&d, 1)->first_check);
		duel_strike(&d);
	}
}

static void test_too_early(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct duel_plan plan = duel_plan(i, DELAY);
		struct duel d;

		plan.sides[i].fire = 3 * DELAY;
		duel_set(&d, &plan);
		assert_true(duel_run(&d));
		assert_by(&d, TACTIC_PLAIN);
		assert_true(duel_round_trips(&d, RTT) <= 1.6);
		assert_true(result(&d, 0)->first_check || result(&d, 1)->first_check);
		duel_strike(&d);
	}
}

/* Linux with an open INPUT chain: a check that comes too early moves the port, for good. */
static void test_opener(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		const bool has_opener = i >= 2;
		struct duel_plan plan = duel_plan(i, DELAY);
		struct duel d;

		for (unsigned k = 0; k < 2; k++) {
			plan.sides[k].nats[0].self_clash = true;
			plan.sides[k].opener_ttl = has_opener ? 2 : 0;
			plan.sides[k].fire = k == i % 2 ? 4 * DELAY : DELAY;
		}
		duel_set(&d, &plan);
		assert_int_equal(duel_run(&d), has_opener);
		assert_int_equal(result(&d, 0)->opener_sent, has_opener);
		if (has_opener)
			assert_true(duel_round_trips(&d, RTT) <= 1.01);
		duel_strike(&d);
	}
}

static struct nat_spec nat_of(enum nat_behaviour mapping, enum nat_behaviour filtering,
			      uint8_t last_byte)
{
	struct nat_spec nat = duel_linux(last_byte);

	nat.mapping = mapping;
	nat.filtering = filtering;
	nat.flow_timers = nat.port_overload = false;
	if (mapping != NAT_EI)
		nat.ports = NAT_PORTS_RANDOM;
	return nat;
}

/* A port that only the peer's check tells. */
static void test_learn(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct duel_plan plan = duel_plan(i, DELAY);
		struct duel d;

		plan.sides[i % 2].nats[0] = nat_of(NAT_APD, NAT_APD, 1);
		plan.sides[!(i % 2)].nats[0] = nat_of(NAT_EI, i < 2 ? NAT_AD : NAT_EI, 2);
		duel_set(&d, &plan);
		assert_true(duel_run(&d));
		assert_int_equal(result(&d, i % 2)->by, TACTIC_PLAIN);
		assert_int_equal(result(&d, !(i % 2))->by, TACTIC_LEARN);
		assert_true(duel_round_trips(&d, RTT) <= 1.6);
		duel_strike(&d);
	}
}

/* Whatever they send leaves from yet another port, and all of it is let in. */
static void test_never_from_where_it_is_sent_to(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct duel_plan plan = duel_plan(i, DELAY);
		struct duel d;

		plan.sides[0].nats[0] = nat_of(NAT_APD, NAT_EI, 1);
		plan.sides[1].nats[0] = nat_of(NAT_APD, i < 2 ? NAT_EI : NAT_AD, 2);
		duel_set(&d, &plan);
		assert_true(duel_run(&d));
		assert_true(duel_round_trips(&d, RTT) <= 1.6);
		duel_strike(&d);
	}
}

/* Hopeless: it ends when it must, and nobody got more than the caps allow. */
static void test_caps(void **state)
{
	struct duel_plan plan = duel_plan(1, DELAY);
	struct duel d;

	(void)state;
	plan.timeout = 3600 * NK_S;
	for (unsigned k = 0; k < 2; k++)
		plan.sides[k].nats[0] = nat_of(NAT_APD, NAT_APD, (uint8_t)(k + 1));
	plan.first_pause = NK_MS; /* so that pauses alone allow more */
	for (uint16_t i = 0; i < 5; i++)
		plan.remote.list[i] = (struct candidate){
			CANDIDATE_SERVER_REFLEXIVE,
			addr_v4(198, 51, 100, 1, 1000 + i),
		};
	plan.remote.count = 5;
	duel_set(&d, &plan);
	assert_false(duel_run(&d));
	assert_int_equal(punch_status(d.sides[0].punch), NK_ERR_UNREACHABLE);
	/* 1 ms, 1.5 ms ... 19.8 s: 25 pauses, of which the sum is a minute. */
	assert_true(world_now(d.world) < d.began + 65 * NK_S);
	assert_int_equal(d.sides[0].addr_count, 7);
	for (unsigned i = 0; i < d.sides[0].addr_count; i++)
		assert_int_equal(d.sides[0].sent_to[i].packets, PUNCH_UNPROVEN_MAX);
	duel_strike(&d);
}

static void test_at_the_timeout(void **state)
{
	struct duel_plan plan = duel_plan(1, DELAY);
	struct duel d;

	(void)state;
	plan.timeout = 7 * NK_S;
	for (unsigned k = 0; k < 2; k++)
		plan.sides[k].nats[0] = nat_of(NAT_APD, NAT_APD, (uint8_t)(k + 1));
	duel_set(&d, &plan);
	assert_false(duel_run(&d));
	assert_int_equal(world_now(d.world) - d.began, 7 * NK_S);
	duel_strike(&d);
}

static void test_same_lan(void **state)
{
	struct duel_plan plan = duel_plan(1, DELAY);
	struct duel d;

	(void)state;
	plan.shared = 1;
	duel_set(&d, &plan);
	assert_true(duel_run(&d));
	assert_by(&d, TACTIC_HOST);
	assert_int_equal(duel_round_trips(&d, RTT) * 1000, 0);
	duel_strike(&d);
}

static void nest(struct duel_plan *plan, bool shared)
{
	for (unsigned k = 0; k < 2; k++) {
		struct duel_side *side = &plan->sides[k];

		side->nats[1] = duel_linux(1);
		side->nats[1].external[0] = addr_v4(100, 64, 0, (uint8_t)(k + 2), 0);
		side->nat_count = 2;
	}
	plan->shared = shared;
}

/* Each at home behind a NAT of its own, both behind one carrier's. */
static void test_hairpin(void **state)
{
	struct duel_plan plan = duel_plan(1, DELAY);
	struct duel d;

	(void)state;
	nest(&plan, true);
	plan.sides[0].nats[0] = nat_of(NAT_EI, NAT_EI, 1);
	plan.sides[0].nats[0].hairpin = NAT_HAIRPIN_EXTERNAL;
	duel_set(&d, &plan);
	assert_true(duel_run(&d));
	assert_by(&d, TACTIC_HAIRPIN);
	assert_true(result(&d, 0)->attempts[TACTIC_HOST].first_sent <
		    result(&d, 0)->attempts[TACTIC_HAIRPIN].first_sent);
	duel_strike(&d);
}

static void test_nested(void **state)
{
	struct duel_plan plan = duel_plan(1, DELAY);
	struct duel d;

	(void)state;
	nest(&plan, false);
	duel_set(&d, &plan);
	assert_true(duel_run(&d));
	assert_by(&d, TACTIC_PLAIN);
	assert_true(duel_round_trips(&d, RTT) <= 1.01);
	duel_strike(&d);
}

/* IPv4 is hopeless; in IPv6 the routers only filter. */
static void test_ipv6(void **state)
{
	struct duel_plan plan = duel_plan(1, DELAY);
	struct duel d;

	(void)state;
	for (unsigned k = 0; k < 2; k++) {
		plan.sides[k].nats[0] = nat_of(NAT_APD, NAT_APD, (uint8_t)(k + 1));
		plan.sides[k].v6 = true;
	}
	duel_set(&d, &plan);
	assert_true(duel_run(&d));
	assert_by(&d, TACTIC_IPV6);
	assert_true(duel_round_trips(&d, RTT) <= 1.01);
	duel_strike(&d);
}

/* What was lost is made good: everybody connects, and half of them as if nothing had been. */
static void test_loss(void **state)
{
	const struct link_spec lossy = {.delay = DELAY, .loss = 0.1};
	unsigned in_one = 0, in_four = 0;

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		struct duel_plan plan = duel_plan(i, DELAY);
		struct duel d;

		duel_set(&d, &plan);
		for (unsigned k = 0; k < 2; k++)
			world_set_nat_link(d.world, d.nats[k][0], &lossy, &lossy);
		assert_true(duel_run(&d));
		in_one += duel_round_trips(&d, RTT) <= 1.01;
		in_four += duel_round_trips(&d, RTT) <= 4;
		duel_strike(&d);
	}
	assert_true(in_one >= 100);
	assert_true(in_four >= 195);
}

static void set_hints(struct duel_plan *plan, enum hint_ports ports)
{
	plan->hard = true;
	plan->sides[0].hint = (struct nat_hint){.mapping = HINT_MAPPING_APD, .ports = ports};
	plan->sides[1].hint =
		(struct nat_hint){.mapping = HINT_MAPPING_EI, .ports = HINT_PORTS_KEPT};
}

/* Many sockets against many ports; when it is over only the one that met is left. */
static void test_birthday(void **state)
{
	unsigned connected = 0;

	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		struct duel_plan plan = duel_plan(i, DELAY);
		struct duel d;
		unsigned extra;

		set_hints(&plan, HINT_PORTS_RANDOM);
		plan.sides[0].nats[0] = nat_of(NAT_APD, NAT_APD, 1);
		duel_set(&d, &plan);
		if (duel_run(&d)) {
			connected++;
			assert_by(&d, TACTIC_BIRTHDAY);
		}
		/* Closing takes no time, but who connects last ends the run. */
		world_run(d.world, NULL, world_now(d.world) + NK_S);
		extra = result(&d, 0)->connected;
		assert_int_equal(d.sides[0].spares, extra);
		assert_true(d.sides[0].spares_most > 1);
		assert_int_equal(d.sides[1].spares_most, 0);
		duel_strike(&d);
	}
	assert_true(connected >= 8);
}

static void test_predict(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		struct duel_plan plan = duel_plan(i, DELAY);
		struct duel d;

		set_hints(&plan, HINT_PORTS_SEQUENTIAL);
		plan.sides[0].nats[0] = nat_of(NAT_APD, NAT_APD, 1);
		plan.sides[0].nats[0].ports = NAT_PORTS_SEQUENTIAL;
		plan.sides[0].hint.step = 1;
		duel_set(&d, &plan);
		assert_true(duel_run(&d));
		assert_int_equal(result(&d, 1)->by, TACTIC_PREDICT);
		duel_strike(&d);
	}
}

/* ICE between two agents of ours; a conflict of roles takes a second round trip. */
static void test_ice(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		struct duel_plan plan = duel_plan(i, DELAY);
		struct duel d;

		plan.ice = true;
		plan.both_control = i >= 2;
		duel_set(&d, &plan);
		assert_true(duel_run(&d));
		assert_by(&d, TACTIC_PLAIN);
		assert_true(duel_round_trips(&d, RTT) <= (plan.both_control ? 2.01 : 1.01));
		assert_true(result(&d, 0)->nominated && result(&d, 1)->nominated);
		duel_strike(&d);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_time),
		cmocka_unit_test(test_too_early),
		cmocka_unit_test(test_opener),
		cmocka_unit_test(test_learn),
		cmocka_unit_test(test_never_from_where_it_is_sent_to),
		cmocka_unit_test(test_caps),
		cmocka_unit_test(test_at_the_timeout),
		cmocka_unit_test(test_same_lan),
		cmocka_unit_test(test_hairpin),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_loss),
		cmocka_unit_test(test_birthday),
		cmocka_unit_test(test_predict),
		cmocka_unit_test(test_ice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
