/* How external ports are chosen: each pattern, what lies between two, and too few samples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "core/probe/classify.h"
#include "near.h"

#define MOST 32

static struct port_sample samples[MOST];
static struct ports_finding found;
static struct rng rng;

static int set_up(void **state)
{
	(void)state;
	rng_seed_from_number(&rng, 8);
	memset(samples, 0, sizeof(samples));
	return crypto_init();
}

/* Local ports as a kernel gives them: any, apart from each other. */
static void locals(void)
{
	for (unsigned i = 0; i < MOST; i++)
		samples[i].local = (uint16_t)(32768 + rng_below(&rng, 28000));
}

static void judge(unsigned count)
{
	ports_judge(samples, count, &found);
	assert_int_equal(found.trials, count);
	assert_true(found.p >= 0 && found.p <= 1);
	if (found.pattern == PORTS_UNKNOWN)
		assert_true(found.why[0] != '\0' && found.why_kind == WHY_PATH);
	else
		assert_true(found.why[0] == '\0' && found.p > 0.5);
}

static void check(unsigned count, enum port_pattern pattern)
{
	judge(count);
	if (found.pattern != pattern)
		fail_msg("%s instead of %s", port_pattern_name(found.pattern),
			 port_pattern_name(pattern));
}

static void test_too_few(void **state)
{
	(void)state;
	locals();
	for (unsigned n = 0; n < 3; n++)
		check(n, PORTS_UNKNOWN);
	judge(3);
	assert_int_not_equal(found.pattern, PORTS_UNKNOWN);
}

static void test_preserved(void **state)
{
	(void)state;
	locals();
	for (unsigned i = 0; i < MOST; i++)
		samples[i].mapped = samples[i].local;
	check(3, PORTS_PRESERVED);
	check(12, PORTS_PRESERVED);
	assert_int_equal(found.kept, 12);
	assert_true(found.p > 0.98);
}

/* A port that somebody else holds is not kept; four of five is still the rule. */
static void test_mostly_preserved(void **state)
{
	(void)state;
	locals();
	for (unsigned i = 0; i < 10; i++)
		samples[i].mapped = samples[i].local;
	samples[4].mapped = 1025;
	samples[7].mapped = 61234;
	check(10, PORTS_PRESERVED);
	assert_int_equal(found.kept, 8);
	assert_near(found.p, 9.0 / 12, 1e-9);
	samples[2].mapped = 33333;
	judge(10);
	assert_int_not_equal(found.pattern, PORTS_PRESERVED);
}

static void test_preserved_and_consecutive(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 10; i++)
		samples[i].local = samples[i].mapped = (uint16_t)(40000 + i);
	check(10, PORTS_PRESERVED);
}

static void sequence(unsigned count, uint16_t first, int step)
{
	for (unsigned i = 0; i < count; i++)
		samples[i].mapped = (uint16_t)(first + (int)i * step);
}

static void test_sequential(void **state)
{
	static const int steps[] = {1, 2, 8, 64, -1, -2, -64};

	(void)state;
	locals();
	for (unsigned i = 0; i < 7; i++) {
		sequence(12, 20000, steps[i]);
		check(12, PORTS_SEQUENTIAL);
		assert_int_equal(found.step, steps[i]);
		check(3, PORTS_SEQUENTIAL);
	}
}

/* Others take ports too, and some mappings of ours were not seen. */
static void test_sequential_with_skips(void **state)
{
	static const uint16_t ports[] = {20000, 20001, 20002, 20004, 20005,
					 20008, 20009, 20010, 20011};

	(void)state;
	locals();
	for (unsigned i = 0; i < 9; i++)
		samples[i].mapped = ports[i];
	check(9, PORTS_SEQUENTIAL);
	assert_int_equal(found.step, 1);
}

/* Packets that left together arrive in another order, a few places off. */
static void test_sequential_overtaken(void **state)
{
	static const uint16_t up[] = {2, 0, 3, 1, 6, 4, 7, 5, 10, 8, 11, 9};

	(void)state;
	locals();
	for (int sign = 1; sign >= -1; sign -= 2) {
		for (unsigned i = 0; i < 12; i++)
			samples[i].mapped = (uint16_t)(20000 + sign * up[i]);
		check(12, PORTS_SEQUENTIAL);
		assert_int_equal(found.step, sign);
	}
}

/* The counter begins anew at the end of its range. */
static void test_sequential_wraps(void **state)
{
	(void)state;
	locals();
	sequence(6, 65530, 1);
	for (unsigned i = 6; i < 12; i++)
		samples[i].mapped = (uint16_t)(1024 + i - 6);
	check(12, PORTS_SEQUENTIAL);
	assert_int_equal(found.lo, 1024);
	assert_int_equal(found.hi, 65535);
}

static void test_too_far_for_a_sequence(void **state)
{
	(void)state;
	locals();
	sequence(12, 2000, 65);
	judge(12);
	assert_int_not_equal(found.pattern, PORTS_SEQUENTIAL);
}

/* Downwards is not the direction that the other steps have. */
static void test_steps_back(void **state)
{
	static const uint16_t ports[] = {20000, 20001, 15000, 9000, 9001, 3000};

	(void)state;
	locals();
	for (unsigned i = 0; i < 6; i++)
		samples[i].mapped = ports[i];
	judge(6);
	assert_int_not_equal(found.pattern, PORTS_SEQUENTIAL);
}

static void test_range(void **state)
{
	(void)state;
	locals();
	for (unsigned i = 0; i < 12; i++)
		samples[i].mapped = (uint16_t)(5000 + rng_below(&rng, 1000));
	check(12, PORTS_RANGE);
	assert_in_range(found.lo, 5000, 5999);
	assert_in_range(found.hi, found.lo, 5999);
	assert_true(found.p > 0.99);
}

/* Five ports are within 16000 of each other by chance now and then: no finding. */
static void test_range_by_chance(void **state)
{
	static const uint16_t ports[] = {21000, 30123, 25555, 36999, 22222};

	(void)state;
	locals();
	for (unsigned i = 0; i < 5; i++)
		samples[i].mapped = ports[i];
	check(5, PORTS_RANDOM);
}

static void random_ports(unsigned count, bool parity)
{
	locals();
	for (unsigned i = 0; i < count; i++) {
		samples[i].mapped = (uint16_t)(1024 + rng_below(&rng, 64512));
		if (parity && samples[i].mapped % 2 != samples[i].local % 2)
			samples[i].mapped ^= 1;
	}
}

static void test_parity(void **state)
{
	(void)state;
	random_ports(20, true);
	check(20, PORTS_PARITY);
	assert_int_equal(found.parity, 20);
	assert_true(found.p > 0.999);
	/* Seven equal parities are chance once in 128 times. */
	check(7, PORTS_RANDOM);
	samples[11].mapped ^= 1;
	check(20, PORTS_RANDOM);
	assert_int_equal(found.parity, 19);
}

/* Whatever is drawn, random ports are seldom taken for anything else. */
static void test_random(void **state)
{
	static const unsigned counts[] = {4, 6, 12, 24};

	(void)state;
	for (unsigned c = 0; c < 4; c++) {
		unsigned other = 0;

		for (unsigned i = 0; i < 5000; i++) {
			random_ports(counts[c], false);
			judge(counts[c]);
			other += found.pattern != PORTS_RANDOM;
		}
		assert_in_range(other, 0, 10);
	}
}

/* One external port for all: at least it is no random choice. */
static void test_same_port(void **state)
{
	(void)state;
	locals();
	for (unsigned i = 0; i < 6; i++)
		samples[i].mapped = 7777;
	check(6, PORTS_RANGE);
	assert_int_equal(found.lo, 7777);
	assert_int_equal(found.hi, 7777);
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_too_few),
		TEST(test_preserved),
		TEST(test_mostly_preserved),
		TEST(test_preserved_and_consecutive),
		TEST(test_sequential),
		TEST(test_sequential_with_skips),
		TEST(test_sequential_overtaken),
		TEST(test_sequential_wraps),
		TEST(test_too_far_for_a_sequence),
		TEST(test_steps_back),
		TEST(test_range),
		TEST(test_range_by_chance),
		TEST(test_parity),
		TEST(test_random),
		TEST(test_same_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
