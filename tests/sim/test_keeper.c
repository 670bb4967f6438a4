/* natkeepalive's run towards STUN servers: what it tells, when, and what it costs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/err.h"
#include "keeper_rig.h"

#define RTT (2 * RIG_ONE_WAY)

static struct rig rig;

static void begin(enum keepalive_algorithm algorithm, double loss, uint64_t seed)
{
	const struct nat_spec nat = rig_nat(120 * NK_S);

	rig_open(&rig, &nat, loss, seed);
	rig.options.algorithm = algorithm;
	rig_add(&rig, RIG_STUN);
}

static unsigned told(enum keeper_event_kind kind)
{
	return rig_count(&rig, kind, KEEPER_TARGETS_MAX);
}

static enum keeper_state state(void)
{
	return rig_result(&rig).targets[0].state;
}

/* One round trip, and the public address is there; then a request each interval, and nothing to tell. */
static void test_up(void **state_of)
{
	const struct keeper_event *up;
	struct keeper_result result;

	(void)state_of;
	begin(KEEPALIVE_FIXED, 0, 1);
	rig_start(&rig);
	assert_int_equal(state(), KEEPER_TRYING);
	rig_wait(&rig, RTT);
	assert_int_equal(state(), KEEPER_UP);
	up = rig_last(&rig, KEEPER_EVENT_UP);
	assert_non_null(up);
	assert_int_equal(up->at, RTT);
	assert_true(addr_same_ip(&up->mapped, &(struct addr)V4(203, 0, 113, 1, 0)));
	assert_true(addr_same_ip(&up->local, &(struct addr)V4(10, 0, 0, 2, 0)));
	assert_int_equal(up->mapped.port, up->local.port);

	rig_wait(&rig, 3600 * NK_S);
	result = rig_result(&rig);
	assert_int_equal(rig.told_count, 1);
	assert_in_range(rig.stun[0].asked, 3600 / 16, 3600 / 14);
	assert_int_equal(result.targets[0].packets_out, rig.stun[0].asked);
	assert_int_equal(result.targets[0].packets_in, rig.stun[0].asked);
	assert_int_equal(result.targets[0].bytes_out, rig.stun[0].asked * (28 + 28));
	assert_int_equal(result.targets[0].rtt, RTT);
	assert_int_equal(result.wakes, rig.stun[0].asked);
	assert_int_equal(result.constant_wakes, 240);
	assert_int_equal(result.bytes, result.targets[0].bytes_out + result.targets[0].bytes_in);
	assert_int_equal(result.constant_bytes, result.targets[0].constant_bytes);
	assert_in_range(result.targets[0].age, 0, 17 * NK_S);
	assert_int_equal(world_stats(rig.world)->late, 0);
	rig_close(&rig);
}

/* A server that dies is noticed after the next request by hellos one a second; its return by another. */
static void test_server_dies_and_returns(void **state_of)
{
	(void)state_of;
	begin(KEEPALIVE_FIXED, 0, 2);
	rig_start(&rig);
	rig_wait(&rig, 100 * NK_S);
	rig_kill(&rig, 0);
	rig_wait(&rig, 21 * NK_S);
	assert_int_equal(state(), KEEPER_LOST);
	assert_int_equal(told(KEEPER_EVENT_LOST), 1);
	rig_wait(&rig, 3600 * NK_S);
	assert_int_equal(told(KEEPER_EVENT_LOST), 1);

	rig_revive(&rig, 0);
	rig_wait(&rig, 20 * NK_S);
	assert_int_equal(state(), KEEPER_UP);
	assert_int_equal(told(KEEPER_EVENT_UP), 2);
	assert_int_equal(told(KEEPER_EVENT_CHANGED), 0);
	assert_int_equal(rig_result(&rig).targets[0].losses, 1);
	assert_int_equal(rig_result(&rig).targets[0].mends, 1);
	rig_close(&rig);
}

/* What is compared with is counted from the first second on, and is the same whatever is sent. Of several
 * timers some fall together: with 30 of 15 s, 4.06 wake-ups each 15 s are to be expected. */
static void test_constant(void **state_of)
{
	static const enum keepalive_algorithm all[] = {KEEPALIVE_FIXED, KEEPALIVE_OPENER,
						       KEEPALIVE_NONE};

	(void)state_of;
	for (unsigned i = 0; i < 3; i++) {
		begin(all[i], 0, 16);
		while (rig.servers < 30)
			rig_add(&rig, RIG_STUN);
		rig_start(&rig);
		rig_wait(&rig, 1500 * NK_MS);
		assert_int_equal(rig_result(&rig).targets[0].constant_bytes, (56 + 28 + 40) / 10);
		rig_wait(&rig, 3600 * NK_S - 1500 * NK_MS);
		assert_int_equal(rig_result(&rig).targets[0].constant_bytes, 240 * (56 + 28 + 40));
		assert_in_range(rig_result(&rig).constant_wakes, 970, 976);
		rig_close(&rig);
	}
}

/* Never there: that is told once too, and it is no loss of what never was. */
static void test_never_there(void **state_of)
{
	(void)state_of;
	begin(KEEPALIVE_FIXED, 0, 3);
	rig_kill(&rig, 0);
	rig_start(&rig);
	rig_wait(&rig, 3 * NK_S);
	assert_int_equal(state(), KEEPER_LOST);
	rig_wait(&rig, 600 * NK_S);
	assert_int_equal(rig.told_count, 1);
	assert_int_equal(told(KEEPER_EVENT_LOST), 1);
	assert_int_equal(rig_result(&rig).targets[0].losses, 0);
	rig_close(&rig);
}

/* The NAT is rebooted and has another address: one event, with both. */
static void test_change(void **state_of)
{
	struct nat_spec other = rig_nat(120 * NK_S);
	const struct keeper_event *e;

	(void)state_of;
	other.external[0] = addr_v4(203, 0, 113, 99, 0);
	begin(KEEPALIVE_FIXED, 0, 4);
	rig_start(&rig);
	rig_wait(&rig, 50 * NK_S);
	assert_true(world_replace_nat(rig.world, rig.nat, &other));
	rig_wait(&rig, 600 * NK_S);
	assert_int_equal(told(KEEPER_EVENT_CHANGED), 1);
	assert_int_equal(told(KEEPER_EVENT_UP), 1);
	e = rig_last(&rig, KEEPER_EVENT_CHANGED);
	assert_true(addr_same_ip(&e->before, &(struct addr)V4(203, 0, 113, 1, 0)));
	assert_true(addr_same_ip(&e->mapped, &other.external[0]));
	assert_int_equal(rig_result(&rig).targets[0].changes, 1);
	rig_close(&rig);
}

/* Of twenty packets one is lost, for a day: hellos see to it that nothing is told. */
static void test_losses(void **state_of)
{
	(void)state_of;
	begin(KEEPALIVE_FIXED, 0.05, 5);
	rig_start(&rig);
	rig_wait(&rig, 86400 * NK_S);
	assert_int_equal(state(), KEEPER_UP);
	assert_in_range(told(KEEPER_EVENT_LOST), 0, 5); /* 5760 rounds, each 0.0975 to the fourth */
	assert_int_equal(told(KEEPER_EVENT_UP), told(KEEPER_EVENT_LOST) + 1);
	assert_int_equal(told(KEEPER_EVENT_CHANGED), 0);
	rig_close(&rig);
}

/* Another address of the machine: sockets are opened again at the same port, at once. */
static void test_network_changes(void **state_of)
{
	const struct addr to = addr_v4(10, 0, 0, 77, 0);
	struct addr local;

	(void)state_of;
	begin(KEEPALIVE_FIXED, 0, 6);
	rig_add(&rig, RIG_STUN);
	rig_start(&rig);
	rig_wait(&rig, 40 * NK_S);
	local = rig_result(&rig).targets[0].local;
	assert_true(world_readdress_host(rig.world, rig.client, 0, &to));
	rig_wait(&rig, RTT + NK_MS);
	world_tell(rig.world, rig.client, &(struct event){.kind = EVENT_NETWORK}); /* the same */
	rig_wait(&rig, RTT + NK_MS);
	assert_int_equal(told(KEEPER_EVENT_NETWORK), 1);
	assert_int_equal(state(), KEEPER_UP);
	assert_int_equal(rig_result(&rig).targets[0].local.port, local.port);
	local = rig_result(&rig).targets[1].local;
	assert_true(addr_same_ip(&local, &to));
	rig_wait(&rig, 600 * NK_S);
	assert_int_equal(told(KEEPER_EVENT_NETWORK), 1);
	assert_int_equal(told(KEEPER_EVENT_LOST), 0);
	assert_int_equal(told(KEEPER_EVENT_UP), 2);
	rig_close(&rig);
}

/* Awake again: asked at once, and what the NAT forgot meanwhile is no timeout. */
static void test_resume(void **state_of)
{
	uint64_t asked;

	(void)state_of;
	begin(KEEPALIVE_FIXED, 0, 7);
	rig_start(&rig);
	rig_wait(&rig, 20 * NK_S);
	asked = rig.stun[0].asked;
	world_tell(rig.world, rig.client, &(struct event){.kind = EVENT_RESUMED});
	assert_int_equal(state(), KEEPER_DOUBTED);
	rig_wait(&rig, RTT);
	assert_int_equal(rig.stun[0].asked, asked + 1);
	assert_int_equal(state(), KEEPER_UP);
	assert_int_equal(told(KEEPER_EVENT_NETWORK), 1);
	rig_close(&rig);
}

/* Once: over as soon as all have answered, or one has not. */
static void test_once(void **state_of)
{
	(void)state_of;
	begin(KEEPALIVE_FIXED, 0, 8);
	rig.options.once = true;
	rig_add(&rig, RIG_STUN);
	rig_start(&rig);
	rig_wait(&rig, 10 * NK_S);
	assert_int_equal(keeper_status(rig.keeper), CORE_DONE);
	assert_int_equal(told(KEEPER_EVENT_UP), 2);
	assert_true(rig_result(&rig).complete);
	rig_close(&rig);

	begin(KEEPALIVE_FIXED, 0, 9);
	rig.options.once = true;
	rig_add(&rig, RIG_STUN);
	rig_kill(&rig, 1);
	rig_start(&rig);
	rig_wait(&rig, 10 * NK_S);
	assert_int_equal(keeper_status(rig.keeper), NK_ERR_UNREACHABLE);
	assert_int_equal(rig_count(&rig, KEEPER_EVENT_UP, 0), 1);
	assert_int_equal(rig_count(&rig, KEEPER_EVENT_LOST, 1), 1);
	assert_true(rig_result(&rig).complete);
	rig_close(&rig);
}

/* So long, and no longer; or until it is stopped. */
static void test_end(void **state_of)
{
	(void)state_of;
	begin(KEEPALIVE_FIXED, 0, 10);
	rig.options.duration = 60 * NK_S;
	rig_start(&rig);
	rig_wait(&rig, 60 * NK_S - NK_MS);
	assert_int_equal(keeper_status(rig.keeper), CORE_BUSY);
	rig_wait(&rig, 2 * NK_MS);
	assert_int_equal(keeper_status(rig.keeper), CORE_DONE);
	assert_true(rig_result(&rig).complete);
	rig_close(&rig);

	begin(KEEPALIVE_FIXED, 0, 11);
	rig.options.duration = 60 * NK_S;
	rig_start(&rig);
	rig_wait(&rig, 30 * NK_S);
	world_tell(rig.world, rig.client, &(struct event){.kind = EVENT_STOP});
	assert_int_equal(keeper_status(rig.keeper), CORE_DONE);
	assert_false(rig_result(&rig).complete);
	rig_close(&rig);

	begin(KEEPALIVE_FIXED, 0, 14);
	rig_start(&rig);
	world_tell(rig.world, rig.client, &(struct event){.kind = EVENT_STOP});
	assert_false(rig_result(&rig).complete);
	rig_close(&rig);
}

/* Targets of one local port are reached from one socket, and have one mapping. */
static void test_one_port(void **state_of)
{
	struct keeper_result result;

	(void)state_of;
	begin(KEEPALIVE_FIXED, 0, 12);
	rig_add(&rig, RIG_STUN);
	rig.options.targets[0].local_port = rig.options.targets[1].local_port = 5000;
	rig_start(&rig);
	rig_wait(&rig, 120 * NK_S);
	result = rig_result(&rig);
	assert_int_equal(result.targets[0].state, KEEPER_UP);
	assert_int_equal(result.targets[1].state, KEEPER_UP);
	assert_int_equal(result.targets[0].mapped.port, 5000);
	assert_int_equal(result.targets[1].mapped.port, 5000);
	assert_int_equal(nat_mappings(rig.world, rig.nat), 1);
	rig_close(&rig);
}

/* Two names of one server, from one port: each has its answers. */
static void test_one_server(void **state_of)
{
	(void)state_of;
	begin(KEEPALIVE_FIXED, 0, 15);
	rig_add(&rig, RIG_STUN);
	rig.options.targets[1].addr = rig.options.targets[0].addr;
	rig.options.targets[0].local_port = rig.options.targets[1].local_port = 5000;
	rig_start(&rig);
	rig_wait(&rig, 120 * NK_S);
	assert_int_equal(rig_result(&rig).targets[1].state, KEEPER_UP);
	assert_int_equal(rig.told_count, 2);
	rig_close(&rig);
}

/* The name is another address now. */
static void test_retarget(void **state_of)
{
	const struct addr to = addr_v4(192, 0, 2, 2, 3478);

	(void)state_of;
	begin(KEEPALIVE_FIXED, 0, 13);
	rig_add(&rig, RIG_STUN);
	rig.options.target_count = 1;
	rig_start(&rig);
	rig_wait(&rig, 30 * NK_S);
	rig_kill(&rig, 0);
	rig_wait(&rig, 30 * NK_S);
	assert_int_equal(state(), KEEPER_LOST);
	keeper_retarget(rig.keeper, 0, &to, world_now(rig.world));
	world_tell(rig.world, rig.client, &(struct event){.kind = EVENT_STREAM_ROOM});
	rig_wait(&rig, RTT + NK_MS);
	assert_int_equal(state(), KEEPER_UP);
	assert_int_equal(told(KEEPER_EVENT_UP), 2);
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_up),          cmocka_unit_test(test_server_dies_and_returns),
		cmocka_unit_test(test_never_there), cmocka_unit_test(test_constant),
		cmocka_unit_test(test_change),      cmocka_unit_test(test_one_server),
		cmocka_unit_test(test_losses),      cmocka_unit_test(test_network_changes),
		cmocka_unit_test(test_resume),      cmocka_unit_test(test_once),
		cmocka_unit_test(test_end),         cmocka_unit_test(test_one_port),
		cmocka_unit_test(test_retarget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
