/* The interval that a keeper learns, what it tells of it, and what makes it begin anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "keeper_rig.h"

#define HOUR (3600 * NK_S)

static struct rig rig;
static const struct keeper_belief nothing, known = {.lower = 64, .upper = 70};

static void begin(const struct nat_spec *nat, enum rig_server kind, uint64_t seed)
{
	rig_open(&rig, nat, 0, seed);
	rig.options.algorithm = KEEPALIVE_LEARNED;
	rig_add(&rig, kind);
}

static double interval(void)
{
	return nk_seconds(rig_result(&rig).targets[0].interval);
}

static unsigned told(enum keeper_event_kind kind)
{
	return rig_count(&rig, kind, KEEPER_TARGETS_MAX);
}

/* Each step that it told of is one of more than a tenth, and no other was made. */
static void check_steps(double first)
{
	double last = first;

	for (unsigned i = 0; i < rig.told_count; i++) {
		const struct keeper_event *e = &rig.told[i];
		const double ratio = nk_seconds(e->interval) / last;

		if (e->kind != KEEPER_EVENT_INTERVAL)
			continue;
		assert_int_equal(e->target, KEEPER_TARGETS_MAX);
		assert_true(ratio >= 1.1 || ratio <= 1 / 1.1);
		last = nk_seconds(e->interval);
	}
	assert_in_range((unsigned)(100 * interval() / last), 90, 110);
}

/* From what nobody minds to most of the timeout, and the mapping is there all the time. */
static void test_learns(void **state)
{
	const struct nat_spec nat = rig_nat(120 * NK_S);
	double first;

	(void)state;
	begin(&nat, RIG_BROKER, 1);
	rig_start(&rig);
	rig_wait(&rig, NK_S);
	first = interval();
	assert_true(first < 20);
	rig_wait(&rig, 2 * HOUR);
	assert_true(interval() > 0.7 * 120 && interval() < 120);
	check_steps(first);
	assert_int_equal(told(KEEPER_EVENT_UP), 1);
	assert_int_equal(told(KEEPER_EVENT_LOST), 0);
	assert_int_equal(told(KEEPER_EVENT_CHANGED), 0);
	assert_true(rig_result(&rig).lower > 60 && rig_result(&rig).upper >= 119);
	assert_true(rig_result(&rig).trials > 0);
	assert_true(rig_result(&rig).search_bytes > 0);
	rig_close(&rig);
}

/* Each round takes up room at the server only while it lasts: many may learn behind one address. */
static void test_leaves_nothing(void **state)
{
	const struct nat_spec nat = rig_nat(120 * NK_S);
	const struct broker_stats *stats;

	(void)state;
	begin(&nat, RIG_BROKER, 2);
	rig_start(&rig);
	rig_wait(&rig, HOUR);
	stats = broker_stats(rig.broker[0]);
	assert_in_range(stats->sessions_opened, 4, 1000);
	assert_in_range(stats->sessions, 0, 1);
	assert_in_range(stats->trials, 0, 4);
	rig_close(&rig);
}

/* The first server cannot ask from outside; the second can, and tells for both. */
static void test_who_can_serve(void **state)
{
	const struct nat_spec nat = rig_nat(120 * NK_S);

	(void)state;
	begin(&nat, RIG_STUN, 7);
	rig.stun[0].faults = PLAIN_RESPONSE_PORT_REFUSED;
	rig_add(&rig, RIG_BROKER);
	rig_start(&rig);
	rig_wait(&rig, HOUR);
	assert_true(interval() > 0.7 * 120 && interval() < 120);
	rig_close(&rig);
}

/* What an earlier run found is where this one begins. */
static void test_knows(void **state)
{
	const struct nat_spec nat = rig_nat(120 * NK_S);

	(void)state;
	begin(&nat, RIG_STUN, 2);
	rig.options.belief.lower = 110;
	rig.options.belief.value = 120;
	rig.options.belief.upper = 121;
	rig_start(&rig);
	rig_wait(&rig, 10 * HOUR);
	assert_true(interval() > 70 && interval() < 110);
	assert_in_range(rig.stun[0].asked, 36000 / 100, 36000 / 60);

	/* It was of another network. */
	keeper_believe(rig.keeper, &nothing, world_now(rig.world));
	assert_true(interval() < 20);
	keeper_believe(rig.keeper, &known, world_now(rig.world));
	assert_true(interval() > 50 && interval() < 60);
	rig_close(&rig);
}

/* Who does not learn reports what was believed, as long as it is of this network. */
static void test_told(void **state)
{
	const struct nat_spec nat = rig_nat(120 * NK_S);

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		begin(&nat, RIG_STUN, 7 + i);
		rig.options.algorithm = KEEPALIVE_FIXED;
		rig.options.belief.lower = 110;
		rig.options.belief.upper = 121;
		rig.options.belief.outbound_only = true;
		rig_start(&rig);
		assert_true(rig_result(&rig).outbound_only && rig_result(&rig).lower == 110);
		if (i == 0)
			keeper_believe(rig.keeper, &nothing, world_now(rig.world));
		else
			world_tell(rig.world, rig.client, &(struct event){.kind = EVENT_NETWORK});
		assert_false(rig_result(&rig).outbound_only);
		assert_true(rig_result(&rig).lower == 0 && rig_result(&rig).upper == 0);
		rig_close(&rig);
	}
}

/* Another network has another NAT: it begins anew, and learns that one. */
static void test_moves(void **state)
{
	const struct nat_spec wide = rig_nat(300 * NK_S), narrow = rig_nat(40 * NK_S);
	const struct addr to = addr_v4(10, 0, 0, 9, 0);

	(void)state;
	begin(&wide, RIG_BROKER, 3);
	rig_start(&rig);
	rig_wait(&rig, 6 * HOUR);
	assert_true(interval() > 200);
	assert_true(world_replace_nat(rig.world, rig.nat, &narrow));
	assert_true(world_readdress_host(rig.world, rig.client, 0, &to));
	rig_wait(&rig, NK_S);
	assert_true(interval() < 20);
	rig_wait(&rig, 2 * HOUR);
	assert_true(interval() > 0.7 * 40 && interval() < 40);
	rig_close(&rig);
}

/* The NAT's timeout is less from now on, and each new mapping has another port: the change is told, and
 * the interval follows. */
static void check_shrinks(unsigned targets, nk_time timeout)
{
	struct nat_spec nat = rig_nat(300 * NK_S);
	struct keeper_result result;

	nat.ports = NAT_PORTS_RANDOM;
	begin(&nat, RIG_BROKER, 4);
	while (rig.servers < targets)
		rig_add(&rig, RIG_BROKER);
	rig_start(&rig);
	rig_wait(&rig, 6 * HOUR);
	assert_true(interval() > 200);
	nat.t_first = nat.t_replied = nat.t_stream = timeout;
	assert_true(world_replace_nat(rig.world, rig.nat, &nat));
	rig_wait(&rig, 6 * HOUR);
	result = rig_result(&rig);
	assert_in_range(told(KEEPER_EVENT_CHANGED), 1, 6 * targets);
	assert_true(nk_seconds(result.targets[0].interval) > 0.7 * nk_seconds(timeout));
	assert_true(result.targets[0].interval < timeout);
	assert_int_equal(result.targets[0].state, KEEPER_UP);
	rig_close(&rig);
}

static void test_shrinks(void **state)
{
	(void)state;
	check_shrinks(1, 60 * NK_S);
	check_shrinks(3, 60 * NK_S);
	check_shrinks(3, 30 * NK_S);
}

/* The NAT began anew, with another address, or with other ports for all: no timeout is to blame, whoever
 * notices first, and the interval stays as it is. */
static void check_reboot(bool moves, unsigned targets, uint64_t seed)
{
	struct nat_spec nat = rig_nat(120 * NK_S);
	struct keeper_result is;
	double before;

	nat.ports = NAT_PORTS_RANDOM;
	begin(&nat, RIG_BROKER, seed);
	while (rig.servers < targets)
		rig_add(&rig, RIG_BROKER);
	rig_start(&rig);
	rig_wait(&rig, 6 * HOUR + (nk_time)seed * 37 * NK_S);
	before = interval();
	if (moves)
		nat.external[0] = addr_v4(203, 0, 113, 99, 0);
	assert_true(world_replace_nat(rig.world, rig.nat, &nat));
	rig_wait(&rig, 150 * NK_S);
	is = rig_result(&rig);
	assert_int_equal(told(KEEPER_EVENT_CHANGED), targets);
	assert_true(interval() >= 0.99 * before);
	assert_true(is.lower > 90 && is.upper >= 119);
	rig_wait(&rig, HOUR);
	assert_true(interval() >= 0.9 * before);
	assert_int_equal(told(KEEPER_EVENT_CHANGED), targets);
	rig_close(&rig);
}

static void test_reboots(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 5; seed++) {
		check_reboot(true, 1, seed);
		check_reboot(false, 3, seed);
	}
}

/* What a NAT forgot while the machine slept says nothing of its timeout. */
static void test_sleeps(void **state)
{
	struct nat_spec nat = rig_nat(300 * NK_S);
	double before;

	(void)state;
	nat.ports = NAT_PORTS_RANDOM;
	begin(&nat, RIG_BROKER, 5);
	rig_start(&rig);
	rig_wait(&rig, 6 * HOUR);
	before = interval();
	assert_true(world_reboot_nat(rig.world, rig.nat));
	world_tell(rig.world, rig.client, &(struct event){.kind = EVENT_RESUMED});
	rig_wait(&rig, NK_S);
	assert_int_equal(told(KEEPER_EVENT_CHANGED), 1);
	assert_true(interval() >= 0.99 * before);
	rig_close(&rig);
}

/* For two seconds nothing was answered: the interval leaves room for that. */
static void test_outage(void **state)
{
	const struct nat_spec nat = rig_nat(30 * NK_S);
	double before;

	(void)state;
	begin(&nat, RIG_STUN, 6);
	rig.options.belief.lower = 29;
	rig.options.belief.upper = 30;
	rig_start(&rig);
	rig_wait(&rig, NK_S);
	before = interval();
	rig_kill(&rig, 0);
	while (rig_result(&rig).targets[0].state == KEEPER_UP)
		rig_wait(&rig, 100 * NK_MS);
	rig_wait(&rig, 1400 * NK_MS);
	rig_revive(&rig, 0);
	rig_wait(&rig, NK_S);
	assert_int_equal(rig_result(&rig).targets[0].state, KEEPER_UP);
	assert_int_equal(told(KEEPER_EVENT_LOST), 0);
	assert_true(interval() < before);
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_learns),        cmocka_unit_test(test_leaves_nothing),
		cmocka_unit_test(test_who_can_serve), cmocka_unit_test(test_knows),
		cmocka_unit_test(test_moves),         cmocka_unit_test(test_shrinks),
		cmocka_unit_test(test_sleeps),        cmocka_unit_test(test_outage),
		cmocka_unit_test(test_told),          cmocka_unit_test(test_reboots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
