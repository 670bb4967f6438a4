/* natkeepalive's run where there is no way, a name has another family, and packets end on the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/err.h"
#include "keeper_rig.h"

static struct rig rig;

static void begin(enum rig_server kind, uint64_t seed)
{
	const struct nat_spec nat = rig_nat(60 * NK_S);

	rig_open(&rig, &nat, 0, seed);
	rig.options.algorithm = KEEPALIVE_FIXED;
	rig_add(&rig, kind);
}

static unsigned told(enum keeper_event_kind kind)
{
	return rig_count(&rig, kind, KEEPER_TARGETS_MAX);
}

static enum keeper_state state(void)
{
	return rig_result(&rig).targets[0].state;
}

static struct addr v6_server(void)
{
	struct addr a;

	assert_int_equal(addr_parse(&a, "2001:db8::1", 3478), 0);
	return a;
}

/* This machine has no IPv6: told once, tried again and again, and up when the name is another address. */
static void test_no_way(void **state_of)
{
	const struct addr to = rig_server_addr(0);

	(void)state_of;
	begin(RIG_STUN, 1);
	rig.options.targets[0].addr = v6_server();
	rig_start(&rig);
	rig_wait(&rig, 10 * NK_S);
	assert_int_equal(state(), KEEPER_LOST);
	rig_wait(&rig, 3600 * NK_S);
	assert_int_equal(told(KEEPER_EVENT_LOST), 1);
	assert_int_equal(rig.told_count, 1);
	assert_int_equal(world_stats(rig.world)->sent, 0);
	assert_int_equal(world_stats(rig.world)->late, 0);

	keeper_retarget(rig.keeper, 0, &to, world_now(rig.world));
	world_tell(rig.world, rig.client, &(struct event){.kind = EVENT_STREAM_ROOM});
	rig_wait(&rig, NK_S);
	assert_int_equal(state(), KEEPER_UP);
	assert_int_equal(told(KEEPER_EVENT_UP), 1);
	rig_close(&rig);
}

static void test_no_way_once(void **state_of)
{
	(void)state_of;
	begin(RIG_STUN, 2);
	rig.options.targets[0].addr = v6_server();
	rig.options.once = true;
	rig_start(&rig);
	rig_wait(&rig, 10 * NK_S);
	assert_int_equal(keeper_status(rig.keeper), NK_ERR_UNREACHABLE);
	rig_close(&rig);
}

/* The lowest TTL that passes our NAT is measured: openers hold the mapping, and few arrive. */
static void test_openers(void **state_of)
{
	uint64_t came;

	(void)state_of;
	begin(RIG_BROKER_TWO, 3);
	rig.options.algorithm = KEEPALIVE_OPENER;
	rig_start(&rig);
	rig_wait(&rig, 30 * NK_S);
	came = broker_stats(rig.broker[0])->datagrams_in;
	rig_wait(&rig, 600 * NK_S);
	assert_in_range(broker_stats(rig.broker[0])->datagrams_in - came, 2, 3); /* checks */
	assert_int_equal(nat_mappings(rig.world, rig.nat), 1);
	assert_in_range(rig_result(&rig).targets[0].packets_out, 600 / 17, 660 / 13);
	assert_int_equal(state(), KEEPER_UP);
	assert_true(rig_result(&rig).search_bytes > 0);
	rig_close(&rig);
}

/* Openers alone do not tell of a server that died, nor of a NAT that began anew: the target is asked. */
static void test_openers_check(void **state_of)
{
	struct nat_spec other = rig_nat(60 * NK_S);

	(void)state_of;
	other.external[0] = addr_v4(203, 0, 113, 99, 0);
	begin(RIG_BROKER_TWO, 6);
	rig.options.algorithm = KEEPALIVE_OPENER;
	rig_start(&rig);
	rig_wait(&rig, 30 * NK_S);
	assert_true(world_replace_nat(rig.world, rig.nat, &other));
	rig_wait(&rig, 300 * NK_S);
	assert_int_equal(told(KEEPER_EVENT_CHANGED), 1);
	rig_kill(&rig, 0);
	rig_wait(&rig, 300 * NK_S);
	assert_int_equal(told(KEEPER_EVENT_LOST), 1);
	rig_close(&rig);
}

/* A TTL that is given is used: this one ends nowhere before the server. */
static void test_given_ttl(void **state_of)
{
	uint64_t came;

	(void)state_of;
	begin(RIG_BROKER_TWO, 4);
	rig.options.algorithm = KEEPALIVE_OPENER;
	rig.options.opener_ttl = 9;
	rig_start(&rig);
	rig_wait(&rig, 30 * NK_S);
	came = broker_stats(rig.broker[0])->datagrams_in;
	rig_wait(&rig, 600 * NK_S);
	assert_in_range(broker_stats(rig.broker[0])->datagrams_in - came, 600 / 17, 600 / 13);
	assert_int_equal(rig_result(&rig).search_bytes, 0);
	rig_close(&rig);
}

/* Nothing is sent once it is up, and the mapping goes. */
static void test_none(void **state_of)
{
	(void)state_of;
	begin(RIG_BROKER, 5);
	rig.options.algorithm = KEEPALIVE_NONE;
	rig_start(&rig);
	rig_wait(&rig, 3600 * NK_S);
	assert_int_equal(rig_result(&rig).targets[0].packets_out, 1);
	assert_int_equal(nat_mappings(rig.world, rig.nat), 0);
	assert_int_equal(rig.told_count, 1);
	assert_in_range(rig_result(&rig).targets[0].age, 3599 * NK_S, 3600 * NK_S);
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_way),  cmocka_unit_test(test_no_way_once),
		cmocka_unit_test(test_openers), cmocka_unit_test(test_given_ttl),
		cmocka_unit_test(test_none),    cmocka_unit_test(test_openers_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
