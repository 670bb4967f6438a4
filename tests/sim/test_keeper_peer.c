/* Two of natkeepalive, each behind its NAT, that keep a way to each other open; and one alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/keeper/asks.h"
#include "keeper_rig.h"

#define ONE_WAY (30 * NK_MS)
#define PORT    6000

static struct side {
	struct keeper_options options;
	struct rng rng;
	struct keeper *keeper;
	int nat, host;
	unsigned told[KEEPER_EVENT_NETWORK + 1];
} side[2];

static struct world *world;

static struct addr public_of(unsigned i)
{
	return addr_v4(203, 0, 113, (uint8_t)(i + 1), PORT);
}

static void add_side(unsigned i, nk_time timeout, uint64_t seed)
{
	const struct link_spec link = {.delay = ONE_WAY};
	const struct addr inside = addr_v4(10, 0, (uint8_t)i, 2, 0);
	struct nat_spec nat = rig_nat(timeout);

	nat.external[0] = addr_with_port(public_of(i), 0);
	side[i].nat = world_add_nat(world, &nat, -1);
	side[i].host = world_add_host(world, &inside, 1, side[i].nat);
	assert_true(side[i].nat >= 0 && side[i].host >= 0);
	world_set_link(world, side[i].host, &link, &link);
	rng_seed_from_number(&side[i].rng, seed * 2 + i);
	side[i].options.algorithm = KEEPALIVE_FIXED;
	side[i].options.target_count = 1;
	side[i].options.targets[0] = (struct keeper_target){
		.kind = KEEPER_PEER, .addr = public_of(!i), .local_port = PORT};
}

static void begin(nk_time timeout, uint64_t seed)
{
	memset(side, 0, sizeof(side));
	assert_int_equal(crypto_init(), 0);
	world = world_new(seed);
	assert_non_null(world);
	for (unsigned i = 0; i < 2; i++)
		add_side(i, timeout, seed);
}

static void start(unsigned i)
{
	side[i].keeper = keeper_new(&side[i].options, &side[i].rng, world_now(world));
	assert_non_null(side[i].keeper);
	world_attach(world, side[i].host, &keeper_ops, side[i].keeper);
}

static void stop(unsigned i)
{
	world_attach(world, side[i].host, NULL, NULL);
	keeper_free(side[i].keeper);
	side[i].keeper = NULL;
}

static void wait(nk_time d)
{
	struct keeper_event e;

	world_run(world, NULL, world_now(world) + d);
	for (unsigned i = 0; i < 2; i++)
		while (side[i].keeper != NULL && keeper_next_event(side[i].keeper, &e))
			side[i].told[e.kind]++;
}

static struct keeper_target_result result(unsigned i)
{
	struct keeper_result out;

	keeper_result(side[i].keeper, &out, world_now(world));
	return out.targets[0];
}

static void end(void)
{
	assert_int_equal(world_stats(world)->late, 0);
	for (unsigned i = 0; i < 2; i++)
		keeper_free(side[i].keeper);
	world_free(world);
}

/* They meet, know their public addresses from each other, and keep them for a day. One asks in most
 * rounds, and not both. */
static void test_meet(void **state)
{
	(void)state;
	begin(30 * NK_S, 1);
	start(0);
	start(1);
	wait(2 * NK_S);
	for (unsigned i = 0; i < 2; i++) {
		const struct addr public = public_of(i), mapped = result(i).mapped;

		assert_int_equal(result(i).state, KEEPER_UP);
		assert_true(addr_eq(&mapped, &public));
	}
	wait(86400 * NK_S);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(result(i).state, KEEPER_UP);
		assert_int_equal(side[i].told[KEEPER_EVENT_UP], 1);
		assert_int_equal(side[i].told[KEEPER_EVENT_LOST], 0);
	}
	assert_in_range(result(0).packets_out, 86400 / 15, 13 * 86400 / 150);
	end();
}

/* The other comes an hour later: until then nothing is proved, and nothing is told. */
static void test_late(void **state)
{
	(void)state;
	begin(30 * NK_S, 2);
	start(0);
	wait(3600 * NK_S);
	assert_int_equal(result(0).state, KEEPER_UNPROVEN);
	assert_int_equal(nat_mappings(world, side[0].nat), 1);
	assert_in_range(result(0).packets_out, 3600 / 17, 3600 / 13);
	for (unsigned kind = 0; kind <= KEEPER_EVENT_NETWORK; kind++)
		assert_int_equal(side[0].told[kind], 0);

	start(1);
	wait(2 * NK_S);
	assert_int_equal(result(0).state, KEEPER_UP);
	assert_int_equal(result(1).state, KEEPER_UP);
	end();
}

/* A NAT holds what was never answered for less long than what the learned interval was found with; nor
 * is a peer that has gone answered. */
static void test_silent(void **state)
{
	const struct keeper_belief belief = {.lower = 110, .value = 120, .upper = 121};
	struct nat_spec nat = rig_nat(120 * NK_S);

	(void)state;
	begin(120 * NK_S, 7);
	nat.t_first = 30 * NK_S;
	nat.external[0] = addr_with_port(public_of(0), 0);
	assert_true(world_replace_nat(world, side[0].nat, &nat));
	side[0].options.algorithm = KEEPALIVE_LEARNED;
	side[0].options.belief = belief;
	start(0);
	for (unsigned i = 0; i < 2; i++) {
		for (unsigned s = 0; s < 600; s++) {
			wait(NK_S);
			assert_int_equal(nat_mappings(world, side[0].nat), 1);
		}
		start(1);
		wait(200 * NK_S);
		assert_int_equal(result(0).state, KEEPER_UP);
		stop(1);
		wait(200 * NK_S);
		assert_int_equal(result(0).state, KEEPER_LOST);
		assert_true(world_reboot_nat(world, side[0].nat));
		wait(20 * NK_S);
	}
	end();
}

/* It goes, is missed, and comes back. */
static void test_gone_and_back(void **state)
{
	(void)state;
	begin(30 * NK_S, 3);
	start(0);
	start(1);
	wait(100 * NK_S);
	stop(1);
	wait(25 * NK_S);
	assert_int_equal(result(0).state, KEEPER_LOST);
	assert_int_equal(side[0].told[KEEPER_EVENT_LOST], 1);
	wait(1000 * NK_S);
	start(1);
	wait(3 * NK_S);
	assert_int_equal(result(0).state, KEEPER_UP);
	assert_int_equal(result(0).mends, 1);
	assert_int_equal(side[0].told[KEEPER_EVENT_LOST], 1);
	end();
}

/* Nothing of ours arrives any more; what the other sends does, and does not hide it. */
static void test_one_way(void **state)
{
	const struct link_spec dead = {.delay = ONE_WAY, .loss = 1};

	(void)state;
	begin(120 * NK_S, 6);
	side[0].options.interval = 60 * NK_S; /* so it is the other that asks */
	start(0);
	start(1);
	wait(100 * NK_S);
	world_set_link(world, side[0].host, &dead, NULL);
	wait(300 * NK_S);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(result(i).state, KEEPER_LOST);
		assert_int_equal(side[i].told[KEEPER_EVENT_LOST], 1);
	}
	end();
}

/* Openers end past our NAT, and the peer's never sees one; ours holds the mapping. */
static void test_openers(void **state)
{
	uint64_t seen;

	(void)state;
	begin(30 * NK_S, 4);
	side[0].options.algorithm = KEEPALIVE_OPENER;
	side[0].options.opener_ttl = 1;
	start(0);
	wait(10 * NK_S);
	seen = world_stats(world)->refused;
	assert_int_equal(seen, 3); /* the hellos, at the other NAT */
	wait(600 * NK_S);
	assert_int_equal(world_stats(world)->refused, seen);
	assert_int_equal(nat_mappings(world, side[0].nat), 1);
	assert_int_equal(result(0).state, KEEPER_UNPROVEN);
	end();
}

/* Requests that bear the peer's address, a thousand a second: no more than two answers come of them. */
static void test_flood(void **state)
{
	struct action ask = {.kind = ACTION_SEND};
	struct asks asks = {.next = 0};
	uint64_t before;

	(void)state;
	begin(30 * NK_S, 5);
	start(0);
	start(1);
	wait(5 * NK_S);
	stop(1);
	before = result(0).packets_out;
	for (unsigned i = 0; i < 1000; i++) {
		const struct event ev = {
			.kind = EVENT_DATAGRAM,
			.id = 0,
			.from = public_of(1),
			.data = ask.data,
			.len = (asks_write(&asks, &side[1].rng, &ask, 0), ask.len),
		};

		world_tell(world, side[0].host, &ev);
		wait(NK_MS);
	}
	assert_in_range(result(0).packets_out - before, 2, 3);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_meet),          cmocka_unit_test(test_late),
		cmocka_unit_test(test_gone_and_back), cmocka_unit_test(test_one_way),
		cmocka_unit_test(test_openers),       cmocka_unit_test(test_flood),
		cmocka_unit_test(test_silent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
