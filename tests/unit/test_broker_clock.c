/* What is known of a broker's clock, from exchanges good and bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/rendezvous/broker_clock.h"

#define AHEAD (5000 * NK_S) /* the broker's clock before ours */

static void exchange(struct broker_clock *c, nk_time sent, nk_time there, nk_time back)
{
	broker_clock_add(c, sent, sent + there + back, (uint64_t)(sent + there + AHEAD));
}

static nk_time off_by(const struct broker_clock *c, nk_time ours)
{
	return (nk_time)broker_clock_theirs(c, ours) - (ours + AHEAD);
}

static void test_unknown_then_known(void **state)
{
	struct broker_clock c = {.count = 0};

	(void)state;
	assert_false(broker_clock_known(&c));
	exchange(&c, 10 * NK_S, 20 * NK_MS, 20 * NK_MS);
	assert_true(broker_clock_known(&c));
	assert_int_equal(broker_clock_rtt(&c), 40 * NK_MS);
	assert_int_equal(off_by(&c, 12 * NK_S), 0);
	assert_int_equal(broker_clock_ours(&c, (uint64_t)(12 * NK_S + AHEAD)), 12 * NK_S);
}

/* Queues make round trips longer and offsets wrong: the shortest says most. */
static void test_shortest_counts(void **state)
{
	struct broker_clock c = {.count = 0};

	(void)state;
	exchange(&c, 1 * NK_S, 300 * NK_MS, 20 * NK_MS);
	assert_int_equal(off_by(&c, 2 * NK_S), 140 * NK_MS);
	exchange(&c, 2 * NK_S, 22 * NK_MS, 20 * NK_MS);
	exchange(&c, 3 * NK_S, 20 * NK_MS, 500 * NK_MS);
	assert_int_equal(off_by(&c, 4 * NK_S), 1 * NK_MS);
	assert_int_equal(broker_clock_rtt(&c), 42 * NK_MS);
}

/* After a change of the path the old, shorter round trip is forgotten with its sample. */
static void test_old_ones_go(void **state)
{
	struct broker_clock c = {.count = 0};

	(void)state;
	exchange(&c, NK_S, 5 * NK_MS, 5 * NK_MS);
	for (unsigned i = 1; i < BROKER_CLOCK_SAMPLES; i++)
		exchange(&c, (1 + 15 * i) * NK_S, 50 * NK_MS, 50 * NK_MS);
	assert_int_equal(broker_clock_rtt(&c), 10 * NK_MS);
	exchange(&c, 200 * NK_S, 50 * NK_MS, 50 * NK_MS);
	assert_int_equal(broker_clock_rtt(&c), 100 * NK_MS);
}

/* An hour at 15 ppm is 54 ms: a sample as old as that is worth less than one of 100 ms now. */
static void test_drift(void **state)
{
	struct broker_clock c = {.count = 0};

	(void)state;
	exchange(&c, NK_S, 5 * NK_MS, 5 * NK_MS);
	exchange(&c, 3600 * NK_S, 50 * NK_MS, 50 * NK_MS);
	assert_int_equal(broker_clock_rtt(&c), 100 * NK_MS);
}

/* A broker may say anything; what is made of it must not overflow. */
static void test_hostile_times(void **state)
{
	struct broker_clock c = {.count = 0};

	(void)state;
	broker_clock_add(&c, NK_S, 2 * NK_S, UINT64_MAX);
	assert_false(broker_clock_known(&c));
	broker_clock_add(&c, 2 * NK_S, NK_S, 5);
	assert_false(broker_clock_known(&c));
	broker_clock_add(&c, NK_S, 2 * NK_S, INT64_MAX / 2);
	assert_true(broker_clock_ours(&c, 0) < 0);
	assert_true(broker_clock_ours(&c, UINT64_MAX) - NK_S < 2 * NK_S);
	exchange(&c, 3 * NK_S, NK_MS, NK_MS);
	assert_true(broker_clock_ours(&c, UINT64_MAX) > 1000000 * NK_S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unknown_then_known), cmocka_unit_test(test_shortest_counts),
		cmocka_unit_test(test_old_ones_go),        cmocka_unit_test(test_drift),
		cmocka_unit_test(test_hostile_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
