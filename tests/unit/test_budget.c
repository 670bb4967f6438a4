/* The budget of mappings: limit, pace, what counts as held, and for how long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/probe/budget.h"

static struct budget b;

static void test_limit(void **state)
{
	int flow[3];

	(void)state;
	budget_init(&b, 3, 0);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(budget_ready(&b, 10));
		flow[i] = budget_take(&b, 10);
		assert_true(flow[i] >= 0);
	}
	assert_int_equal(b.held, 3);
	assert_false(budget_ready(&b, 1000 * NK_S));
	budget_gone(&b, flow[1]);
	assert_true(budget_ready(&b, 1000 * NK_S));
	budget_take(&b, 1000 * NK_S);
	assert_int_equal(b.held, 3);
	assert_int_equal(b.peak, 3);
}

static void test_pace(void **state)
{
	(void)state;
	budget_init(&b, 10, 20 * NK_MS);
	budget_take(&b, 100 * NK_MS);
	assert_false(budget_ready(&b, 100 * NK_MS));
	assert_false(budget_ready(&b, 120 * NK_MS - 1));
	assert_true(budget_ready(&b, 120 * NK_MS));
}

static void test_gone_twice(void **state)
{
	int flow;

	(void)state;
	budget_init(&b, 10, 0);
	budget_take(&b, 0);
	flow = budget_take(&b, 0);
	budget_seen(&b, flow);
	budget_gone(&b, flow);
	budget_gone(&b, flow);
	assert_int_equal(b.held, 1);
	assert_int_equal(b.seen, 0);
	assert_int_equal(b.peak, 2);
}

static void test_seen(void **state)
{
	int flow, gone;

	(void)state;
	budget_init(&b, 10, 0);
	flow = budget_take(&b, 0);
	gone = budget_take(&b, 0);
	assert_int_equal(b.seen, 0);
	budget_seen(&b, flow);
	budget_seen(&b, flow);
	assert_int_equal(b.seen, 1);
	budget_gone(&b, gone);
	budget_seen(&b, gone);
	assert_int_equal(b.seen, 1);
	assert_int_equal(b.held, 1);
}

static void test_no_flow(void **state)
{
	(void)state;
	budget_init(&b, 10, 0);
	budget_touch(&b, BUDGET_NO_FLOW, 5);
	budget_seen(&b, BUDGET_NO_FLOW);
	budget_gone(&b, BUDGET_NO_FLOW);
	assert_int_equal(b.held, 0);
	assert_int_equal(b.seen, 0);
}

static void test_sweep(void **state)
{
	int first, second;

	(void)state;
	budget_init(&b, 10, 0);
	first = budget_take(&b, 0);
	second = budget_take(&b, 4 * NK_S);
	budget_seen(&b, first);
	budget_sweep(&b, 1000 * NK_S);
	assert_int_equal(b.held, 2);
	assert_true(budget_next_expiry(&b) == NK_NEVER);

	b.life = 30 * NK_S;
	budget_sweep(&b, 30 * NK_S);
	assert_int_equal(b.held, 2);
	assert_true(budget_next_expiry(&b) == 30 * NK_S + 1);
	budget_sweep(&b, budget_next_expiry(&b));
	assert_int_equal(b.held, 1);
	assert_int_equal(b.seen, 0);

	budget_touch(&b, second, 10 * NK_S);
	assert_true(budget_next_expiry(&b) == 40 * NK_S + 1);
	budget_sweep(&b, 40 * NK_S + 1);
	assert_int_equal(b.held, 0);
	assert_true(budget_next_expiry(&b) == NK_NEVER);
	assert_int_equal(b.peak, 2);
}

static void assert_rank(nk_time of, nk_time until, bool surely, unsigned by_making, unsigned by_use)
{
	const struct rank r = surely ? budget_rank_at_least(&b, of, of, until)
				     : budget_rank_at_most(&b, of, of, until, false);

	assert_int_equal(r.younger[AGE_BY_MAKING], by_making);
	assert_int_equal(r.younger[AGE_BY_USE], by_use);
}

static void test_rank(void **state)
{
	int flow[4];

	(void)state;
	budget_init(&b, 10, 0);
	for (int i = 0; i < 4; i++)
		flow[i] = budget_take(&b, i * NK_S);
	assert_rank(-1, 9 * NK_S, false, 4, 4);
	assert_rank(NK_S, 9 * NK_S, false, 2, 2);
	assert_rank(NK_S, 2 * NK_S, false, 1, 1);
	assert_rank(NK_S, 9 * NK_S, true, 0, 0);
	budget_gone(&b, flow[3]);
	assert_rank(NK_S, 9 * NK_S, false, 1, 1);
	budget_touch(&b, flow[0], 9 * NK_S);
	assert_rank(NK_S, 9 * NK_S, false, 1, 2);
	assert_int_equal(budget_rank_at_most(&b, NK_S, NK_S, 9 * NK_S, true).younger[AGE_BY_MAKING],
			 2);
	budget_seen(&b, flow[0]);
	budget_seen(&b, flow[2]);
	assert_rank(NK_S, 9 * NK_S, true, 1, 2);
	assert_rank(NK_S, 8 * NK_S, true, 1, 1);
}

static void test_made_after(void **state)
{
	int flow[4];

	(void)state;
	budget_init(&b, 10, 0);
	for (int i = 0; i < 4; i++)
		flow[i] = budget_take(&b, i / 2 * NK_S);
	assert_int_equal(budget_made_after(&b, -1), 4);
	assert_int_equal(budget_made_after(&b, 0), 2);
	assert_int_equal(budget_made_after(&b, NK_S), 0);
	budget_gone(&b, flow[0]);
	assert_int_equal(budget_made_after(&b, 0), 2);
	budget_gone(&b, flow[3]);
	assert_int_equal(budget_made_after(&b, 0), 1);
}

static void test_too_many(void **state)
{
	(void)state;
	budget_init(&b, 10, 0);
	for (int i = 0; i < BUDGET_FLOWS_MAX; i++) {
		const int flow = budget_take(&b, i);

		assert_int_equal(flow, i);
		budget_gone(&b, flow);
	}
	assert_false(budget_ready(&b, NK_S));
	assert_int_equal(budget_take(&b, NK_S), BUDGET_NO_FLOW);
	assert_int_equal(b.held, 0);
	assert_int_equal(b.peak, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limit),      cmocka_unit_test(test_pace),
		cmocka_unit_test(test_seen),       cmocka_unit_test(test_gone_twice),
		cmocka_unit_test(test_no_flow),    cmocka_unit_test(test_sweep),
		cmocka_unit_test(test_rank),       cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_made_after),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
