/* When mappings are opened: within the budget, no faster than allowed, and so that brackets are filled. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/probe/lane.h"
#include "core/probe/plan.h"
#include "near.h"

static struct plan p;

static void check_times(unsigned mappings, double max, double apart, unsigned hurry,
			double hurry_apart)
{
	assert_in_range(p.count, mappings > 0, mappings < PLAN_MAX ? mappings : PLAN_MAX);
	assert_true(p.climb > 0);
	for (unsigned i = 0; i < p.count; i++) {
		const double least = i < hurry ? hurry_apart : apart;

		assert_true(p.at[i] >= 0);
		if (i > 0)
			assert_true(p.at[i] - p.at[i - 1] >= least - 1e-9);
	}
	if (p.count > 0)
		assert_near(p.at[0], 0, 0);
	if (p.count > 1)
		assert_true(p.at[p.count - 1] < 0.35 * max + p.count * apart);
}

static void test_times(void **state)
{
	static const unsigned mappings[] = {0, 1, 2, 3, 5, 8, 21, 64, 85, 256, 1000, 4000};
	static const double max[] = {10, 60, 360, 900, 7200};
	static const double apart[] = {0.005, 0.06, 0.3};

	(void)state;
	for (unsigned m = 0; m < 12; m++) {
		for (unsigned x = 0; x < 5; x++) {
			for (unsigned a = 0; a < 3; a++) {
				for (unsigned hurry = 0; hurry <= 24; hurry += 24) {
					plan_build(&p, mappings[m], max[x], 0.01, apart[a], false,
						   hurry, apart[a] / 3);
					check_times(mappings[m], max[x], apart[a], hurry,
						    apart[a] / 3);
				}
			}
		}
	}
}

/* More mappings never make the rungs wider. */
static void test_climb_shrinks(void **state)
{
	double last = INFINITY;

	(void)state;
	for (unsigned mappings = 80; mappings < 2000; mappings *= 2) {
		plan_build(&p, mappings, 360, 0.01, 0.02, false, 0, 0);
		assert_true(p.climb <= last);
		last = p.climb;
	}
	assert_true(last <= 0.03);
}

/*
 * The search as planned, for a timer between two rungs: one mapping is asked at
 * each rung. When the deadly rung is asked, those that are left and inside the
 * bracket leave no hole wider than @holes times the precision wanted.
 */
static void check_windows(unsigned mappings, double max, double apart, double holes)
{
	double rung = 0, below = 0;

	plan_build(&p, mappings, max, 0.01, apart, false, 0, 0);
	for (unsigned k = 0; rung < max; k++) {
		double hole = 0, last;

		below = rung;
		rung = last = lane_next_rung(below, p.climb, max);
		assert_true(k < p.count);
		for (unsigned i = k + 1; i < p.count; i++) {
			const double age = rung - (p.at[i] - p.at[k]);

			/* Too young to have been opened, or below the bracket. */
			if (age <= below)
				break;
			hole = fmax(hole, last - age);
			last = age;
		}
		hole = fmax(hole, last - below);
		if (hole > holes * fmax(LANE_LEAST_RESOLUTION, 0.01 * rung) + 1e-9)
			fail_msg("%u mappings up to %g s: a hole of %g s at %g s", mappings, max,
				 hole, rung);
	}
}

static void test_windows(void **state)
{
	(void)state;
	check_windows(85, 360, 0.06, 2);
	check_windows(128, 360, 0.04, 2);
	check_windows(256, 360, 0.02, 2);
	check_windows(256, 900, 0.02, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_climb_shrinks),
		cmocka_unit_test(test_windows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
