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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_time),
		cmocka_unit_test(test_too_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
