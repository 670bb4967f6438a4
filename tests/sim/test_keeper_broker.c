/* natkeepalive's run towards natbrokers: registered, three bytes do; where not, Binding requests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "keeper_rig.h"

#define RTT   (2 * RIG_ONE_WAY)
#define FRAME (28 + KEEPALIVE_LEN) /* as IPv4 */

static struct rig rig;

static void begin(enum keepalive_algorithm algorithm, double loss, uint64_t seed)
{
	const struct nat_spec nat = rig_nat(120 * NK_S);

	rig_open(&rig, &nat, loss, seed);
	rig.options.algorithm = algorithm;
	rig_add(&rig, RIG_BROKER);
}

static unsigned told(enum keeper_event_kind kind)
{
	return rig_count(&rig, kind, KEEPER_TARGETS_MAX);
}

static struct keeper_target_result result(void)
{
	return rig_result(&rig).targets[0];
}

/* A STUN server that is a natbroker says so, and registers us: from then on frames, and answers. */
static void test_frames(void **state)
{
	struct keeper_target_result was, is;

	(void)state;
	begin(KEEPALIVE_FIXED, 0, 1);
	rig_start(&rig);
	rig_wait(&rig, 5 * RTT);
	assert_int_equal(broker_stats(rig.broker[0])->registrations, 1);
	was = result();
	rig_wait(&rig, 3600 * NK_S);
	is = result();
	assert_in_range(is.packets_out - was.packets_out, 3600 / 16, 3600 / 14);
	assert_int_equal(is.packets_in - was.packets_in, is.packets_out - was.packets_out);
	assert_int_equal(is.bytes_out - was.bytes_out, FRAME * (is.packets_out - was.packets_out));
	assert_int_equal(is.bytes_in - was.bytes_in, is.bytes_out - was.bytes_out);
	assert_in_range(is.constant_bytes, 240 * 2 * FRAME, 241 * 2 * FRAME);
	assert_int_equal(is.state, KEEPER_UP);
	assert_int_equal(rig.told_count, 1);
	assert_int_equal(told(KEEPER_EVENT_UP), 1);
	assert_int_equal(broker_stats(rig.broker[0])->registrations, 1);
	rig_close(&rig);
}

/* Each side sends every second time: half the packets. */
static void test_turns(void **state)
{
	struct keeper_target_result was, is;

	(void)state;
	begin(KEEPALIVE_TURNS, 0, 2);
	rig_start(&rig);
	rig_wait(&rig, NK_S);
	was = result();
	rig_wait(&rig, 3600 * NK_S);
	is = result();
	assert_in_range(is.packets_out - was.packets_out, 3600 / 31, 3600 / 29);
	assert_in_range(is.packets_in - was.packets_in, 3600 / 31, 3600 / 29);
	assert_int_equal(rig.told_count, 1);
	rig_close(&rig);
}

/* No registrations are left there: Binding requests go on, and the way is kept. */
static void test_not_registered(void **state)
{
	(void)state;
	begin(KEEPALIVE_FIXED, 0, 3);
	rig_full(&rig, 0);
	rig_start(&rig);
	rig_wait(&rig, 300 * NK_S);
	assert_int_equal(result().state, KEEPER_UP);
	assert_int_equal(rig.told_count, 1);
	assert_int_equal(broker_stats(rig.broker[0])->registrations, 0);
	assert_in_range(broker_stats(rig.broker[0])->bindings, 300 / 16, 300 / 13);
	assert_in_range(broker_stats(rig.broker[0])->datagrams_in -
				broker_stats(rig.broker[0])->bindings,
			2, 10); /* it is asked for half a minute, and then no more */
	rig_close(&rig);
}

/* It dies, which is noticed; and is back without memory, and registers us again. */
static void test_broker_dies_and_returns(void **state)
{
	(void)state;
	begin(KEEPALIVE_FIXED, 0, 4);
	rig_start(&rig);
	rig_wait(&rig, 100 * NK_S);
	rig_kill(&rig, 0);
	rig_wait(&rig, 35 * NK_S);
	assert_int_equal(result().state, KEEPER_LOST);
	rig_wait(&rig, 600 * NK_S);
	assert_int_equal(told(KEEPER_EVENT_LOST), 1);
	rig_revive(&rig, 0);
	rig_wait(&rig, 20 * NK_S);
	assert_int_equal(result().state, KEEPER_UP);
	assert_int_equal(told(KEEPER_EVENT_UP), 2);
	assert_int_equal(broker_stats(rig.broker[0])->registrations, 1);
	rig_close(&rig);
}

/* Restarted at once: nobody notices anything but the broker. */
static void test_broker_restarts(void **state)
{
	(void)state;
	begin(KEEPALIVE_FIXED, 0, 5);
	rig_start(&rig);
	rig_wait(&rig, 100 * NK_S);
	rig_revive(&rig, 0);
	rig_wait(&rig, 20 * NK_S);
	assert_int_equal(broker_stats(rig.broker[0])->registrations, 1);
	assert_int_equal(result().state, KEEPER_UP);
	assert_int_equal(rig.told_count, 1);
	rig_close(&rig);
}

/* Another public address, and another one of ours: told once each, and registered from there. */
static void test_changes(void **state)
{
	const struct addr to = addr_v4(10, 0, 0, 77, 0);
	struct nat_spec other = rig_nat(120 * NK_S);

	(void)state;
	other.external[0] = addr_v4(203, 0, 113, 99, 0);
	begin(KEEPALIVE_FIXED, 0, 6);
	rig_start(&rig);
	rig_wait(&rig, 100 * NK_S);
	assert_true(world_replace_nat(rig.world, rig.nat, &other));
	rig_wait(&rig, 20 * NK_S);
	assert_int_equal(told(KEEPER_EVENT_CHANGED), 1);
	assert_true(
		addr_same_ip(&rig_last(&rig, KEEPER_EVENT_CHANGED)->mapped, &other.external[0]));
	assert_int_equal(broker_stats(rig.broker[0])->registrations, 1);

	assert_true(world_readdress_host(rig.world, rig.client, 0, &to));
	rig_wait(&rig, NK_S);
	assert_int_equal(result().state, KEEPER_UP);
	assert_int_equal(told(KEEPER_EVENT_NETWORK), 1);
	rig_wait(&rig, 600 * NK_S);
	assert_int_equal(told(KEEPER_EVENT_CHANGED), 2); /* the port is still the other one's */
	assert_int_equal(told(KEEPER_EVENT_LOST), 0);
	assert_int_equal(told(KEEPER_EVENT_UP), 1);
	rig_close(&rig);
}

/* One of twenty packets lost, for a day. */
static void test_losses(void **state)
{
	(void)state;
	begin(KEEPALIVE_FIXED, 0.05, 7);
	rig_start(&rig);
	rig_wait(&rig, 86400 * NK_S);
	assert_int_equal(result().state, KEEPER_UP);
	assert_in_range(told(KEEPER_EVENT_LOST), 0, 5);
	assert_int_equal(told(KEEPER_EVENT_UP), told(KEEPER_EVENT_LOST) + 1);
	assert_int_equal(told(KEEPER_EVENT_CHANGED), 0);
	rig_close(&rig);
}

/* Awake again: the broker is asked at once. */
static void test_resume(void **state)
{
	(void)state;
	begin(KEEPALIVE_FIXED, 0, 8);
	rig_start(&rig);
	rig_wait(&rig, 20 * NK_S);
	assert_true(world_reboot_nat(rig.world, rig.nat));
	world_tell(rig.world, rig.client, &(struct event){.kind = EVENT_RESUMED});
	assert_int_equal(result().state, KEEPER_DOUBTED);
	rig_wait(&rig, RTT);
	assert_int_equal(result().state, KEEPER_UP);
	assert_int_equal(told(KEEPER_EVENT_NETWORK), 1);
	assert_int_equal(told(KEEPER_EVENT_LOST), 0);
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_not_registered),
		cmocka_unit_test(test_broker_dies_and_returns),
		cmocka_unit_test(test_broker_restarts),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_losses),
		cmocka_unit_test(test_resume),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
