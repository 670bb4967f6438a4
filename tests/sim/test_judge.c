/* The judge of the truth table: what he calls right, unknown and wrong, and when a bound is missed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "stage.h"
#include "verdict.h"

static struct measured measured(double lo, double value, double hi)
{
	return (struct measured){.known = true, .lo = lo, .value = value, .hi = hi};
}

static void test_times(void **state)
{
	const struct measured off = measured(30.2, 30.31, 30.4), near = measured(99.2, 99.1, 99.4);
	const struct measured longer = {.at_least = 29}, false_longer = {.at_least = 31};

	(void)state;
	assert_int_equal(judge_time(&off, 30), WRONG);
	assert_int_equal(judge_time(&off, 30.1), RIGHT);
	assert_int_equal(judge_time(&near, 100), RIGHT);
	assert_int_equal(judge_time(&near, 101), WRONG);
	assert_int_equal(judge_time(&longer, 30), UNKNOWN);
	assert_int_equal(judge_time(&false_longer, 30), WRONG);
	assert_false(judge_holds(&off, (struct span){30, 30}));
	assert_true(judge_holds(&off, (struct span){30, 30.2}));
	assert_true(judge_holds(&off, (struct span){30.4, 31}));
	assert_true(judge_holds(&longer, (struct span){30, 30}));
	assert_false(judge_holds(&false_longer, (struct span){30, 30}));
}

/* A timer is what the text says, unless a sweep or the load may change it. */
static void test_truth_of_timers(void **state)
{
	struct truth t = {.nat = stage_linux(30, 120), .port = 3478};

	(void)state;
	t.applied[STATE_STREAM] = (struct nat_applied){110 * NK_S, 125 * NK_S, 9};
	assert_true(truth_of_timer(&t, STATE_SOLITARY).lo == 30);
	assert_true(truth_of_timer(&t, STATE_STREAM).hi == 120);
	assert_false(truth_is_plausible(&t));
	t.nat.sweep = 10 * NK_S;
	assert_true(truth_of_timer(&t, STATE_STREAM).hi == 125);
	assert_true(truth_of_timer(&t, STATE_SOLITARY).hi == 40);
	assert_false(truth_is_plausible(&t));
	t.nat.full_from = 10;
	t.nat.full_at = 100;
	t.held_peak = 11;
	assert_true(truth_is_plausible(&t));
	t.applied[STATE_STREAM].hi = 131 * NK_S;
	assert_false(truth_is_plausible(&t));
	t.nat.stream_after = NAT_AT_ONCE;
	t.nat.full_at = 0;
	t.nat.sweep = 0;
	assert_true(truth_of_timer(&t, STATE_REPLIED).lo == 120);
	t.nat.port_times[1] = (struct nat_port_time){3478, 5 * NK_S};
	assert_true(truth_of_timer(&t, STATE_REPLIED).lo == 5);
}

static enum outcome ports(const struct truth *t, enum port_pattern pattern, int step, uint16_t lo,
			  uint16_t hi)
{
	const struct probe_result r = {
		.ports = {.pattern = pattern, .step = step, .lo = lo, .hi = hi}};

	return field_judge(&r, t, FIELD_PORTS);
}

static void test_ports(void **state)
{
	struct truth t = {.nat = stage_linux(30, 120)};

	(void)state;
	assert_int_equal(ports(&t, PORTS_PRESERVED, 0, 0, 0), RIGHT);
	assert_int_equal(ports(&t, PORTS_RANDOM, 0, 0, 0), WRONG);
	assert_int_equal(ports(&t, PORTS_UNKNOWN, 0, 0, 0), UNKNOWN);
	t.nat.ports = NAT_PORTS_SEQUENTIAL;
	assert_int_equal(ports(&t, PORTS_SEQUENTIAL, 1, 0, 0), RIGHT);
	t.nat.port_step = -3;
	assert_int_equal(ports(&t, PORTS_SEQUENTIAL, 1, 0, 0), WRONG);
	assert_int_equal(ports(&t, PORTS_SEQUENTIAL, -3, 0, 0), RIGHT);
	t.nat.ports = NAT_PORTS_RANDOM;
	assert_int_equal(ports(&t, PORTS_PARITY, 0, 0, 0), WRONG);
	assert_int_equal(ports(&t, PORTS_RANGE, 0, 4000, 4099), WRONG);
	t.nat.port_block = 100;
	assert_int_equal(ports(&t, PORTS_RANGE, 0, 4000, 4099), RIGHT);
	assert_int_equal(ports(&t, PORTS_RANGE, 0, 4000, 4100), WRONG);
	t.nat.port_lo = 4000;
	t.nat.port_hi = 5000;
	assert_int_equal(ports(&t, PORTS_RANGE, 0, 4000, 5000), RIGHT);
}

static enum outcome quota(const struct truth *t, enum quota_policy policy, unsigned value)
{
	const struct probe_result r = {.quota = {.policy = policy, .value = value}};

	return field_judge(&r, t, FIELD_QUOTA);
}

static void test_quotas(void **state)
{
	struct truth t = {.nat = stage_linux(30, 120), .held_peak = 100};

	(void)state;
	assert_int_equal(quota(&t, QUOTA_NONE_SEEN, 0), RIGHT);
	assert_int_equal(quota(&t, QUOTA_EVICTS, 100), WRONG);
	t.nat.quota = 100;
	t.nat.quota_policy = NAT_QUOTA_EVICT_FIRST;
	assert_int_equal(quota(&t, QUOTA_NONE_SEEN, 0), WRONG);
	assert_int_equal(quota(&t, QUOTA_EVICTS, 96), RIGHT);
	assert_int_equal(quota(&t, QUOTA_EVICTS, 110), WRONG);
	assert_int_equal(quota(&t, QUOTA_REFUSES, 100), WRONG);
	t.held_peak = 99;
	assert_int_equal(quota(&t, QUOTA_NONE_SEEN, 0), RIGHT);
}

/* A preset of which all is right, in 1200 runs. */
static struct tally perfect(void)
{
	const struct share all = {1200, 1200}, cell = {100, 100};
	struct tally t = {.name = "perfect", .runs = 1200, .wall = 1.0};

	for (unsigned l = 0; l < LOSSES; l++)
		for (unsigned f = 0; f < FIELD_COUNT; f++)
			t.count[l][f][RIGHT] = 300;
	for (unsigned s = 0; s < STATE_COUNT; s++)
		t.timers[s] = (struct timer_tally){all, all, cell, cell, {300, 300}, {900, 900}};
	return t;
}

static unsigned missed(const struct tally *t, unsigned seeds)
{
	struct tally presets[2] = {perfect(), *t};
	struct statement out[STATEMENTS_MAX];
	const unsigned count = verdict(presets, 2, seeds, out);
	unsigned n = 0;

	for (unsigned i = 0; i < count; i++)
		n += !out[i].pass;
	return n;
}

/* One preset that misses a bound is enough, and one run too many. */
static void test_bounds(void **state)
{
	struct tally t = perfect();

	(void)state;
	assert_int_equal(missed(&t, 100), 0);
	t.count[LOSS_5][FIELD_MAPPING][WRONG] = 1;
	assert_int_equal(missed(&t, 100), 1);
	assert_int_equal(missed(&t, 1), 1);
	t = perfect();
	t.count[LOSS_NONE][FIELD_FILTERING][RIGHT] = 297;
	t.count[LOSS_NONE][FIELD_FILTERING][UNKNOWN] = 3;
	assert_int_equal(missed(&t, 100), 0);
	t.count[LOSS_NONE][FIELD_FILTERING][RIGHT] = 296;
	t.count[LOSS_NONE][FIELD_FILTERING][UNKNOWN] = 4;
	assert_int_equal(missed(&t, 100), 1);
	t = perfect();
	t.timers[STATE_STREAM].holds.some = 1128;
	t.timers[STATE_SOLITARY].right.some = 1188;
	t.timers[STATE_REPLIED].worst_right.some = 85;
	t.timers[STATE_REPLIED].narrow.some = 285;
	t.timers[STATE_REPLIED].narrow_lossy.some = 855;
	t.wall = 1.1;
	assert_int_equal(missed(&t, 100), 0);
	t.timers[STATE_STREAM].holds.some--;
	t.timers[STATE_SOLITARY].right.some--;
	t.timers[STATE_REPLIED].worst_right.some--;
	t.timers[STATE_REPLIED].narrow.some--;
	t.timers[STATE_REPLIED].narrow_lossy.some--;
	t.wall = 1.101;
	assert_int_equal(missed(&t, 100), 6);
	t = perfect();
	t.tight = true;
	t.wall = 2.5;
	assert_int_equal(missed(&t, 100), 0);
	t.wall = 2.51;
	assert_int_equal(missed(&t, 100), 1);
	t = perfect();
	t.unfinished = t.implausible = t.late = 1;
	assert_int_equal(missed(&t, 100), 3);
}

/* With few seeds, chance alone misses no bound, and all runs wrong do. */
static void test_few_seeds(void **state)
{
	struct tally t = perfect();

	(void)state;
	t.timers[STATE_STREAM].right = (struct share){11, 12};
	assert_int_equal(missed(&t, 100), 1);
	assert_int_equal(missed(&t, 1), 0);
	t.timers[STATE_STREAM].right = (struct share){0, 4};
	assert_int_equal(missed(&t, 1), 1);
	t = perfect();
	t.wall = 1.2;
	t.in_time = (struct share){10, 24};
	assert_int_equal(missed(&t, 100), 1);
	assert_int_equal(missed(&t, 2), 0);
	t.in_time = (struct share){2, 24};
	assert_int_equal(missed(&t, 2), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times),  cmocka_unit_test(test_truth_of_timers),
		cmocka_unit_test(test_ports),  cmocka_unit_test(test_quotas),
		cmocka_unit_test(test_bounds), cmocka_unit_test(test_few_seeds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
