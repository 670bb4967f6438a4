/* One lane of the fan: its rungs, its decisions, and whole searches against a known timer. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "core/probe/lane.h"
#include "core/probe/plan.h"
#include "near.h"

#define MAX_S      360.0
#define RESOLUTION 0.01
#define POOL       85
#define APART      0.06
#define ANSWER_S   0.2 /* from a question to its verdict */

static struct timeout_grid grid;
static struct lane lane;
static struct lane_decision d;

static int set_up(void **state)
{
	(void)state;
	timeout_grid_init(&grid, MAX_S);
	return crypto_init();
}

static void begin(void)
{
	lane_init(&lane, &grid, MAX_S, RESOLUTION, 0.05);
}

static void decide(const double *ages, unsigned count, unsigned coming)
{
	lane_decide(&lane, ages, count, coming, &d);
}

/* Rungs survived one after the other, up to the first that is not below @t. */
static void climb_to(double t)
{
	while (lane.survived < t)
		lane_tell(&lane, lane_next_rung(lane.survived, lane.climb, MAX_S), true);
}

/* Enough deaths that no loss is suspected. */
static void dies_at(double gap)
{
	for (unsigned i = 0; i < 4; i++)
		lane_tell(&lane, gap + 0.01 * i, false);
}

static void test_rungs_rise(void **state)
{
	static const double climbs[] = {0.03, 0.05, 0.1, 0.4, 2.5};

	(void)state;
	for (unsigned c = 0; c < 5; c++) {
		for (double max = 2; max < 8000; max *= 1.7) {
			double at = 0;
			unsigned n = 0;

			while (at < max) {
				const double to = lane_next_rung(at, climbs[c], max);

				assert_true(to > at && to <= max);
				at = to;
				assert_in_range(++n, 1, 400);
			}
			assert_near(at, max, 0);
		}
	}
}

/* No rung falls short of a known timer and the next one well past it. */
static void test_rungs_meet_timers(void **state)
{
	static const double timers[] = {15, 20, 30, 60, 65, 90, 120, 180, 240, 300, 350};
	static const double climbs[] = {0.03, 0.05, 0.1, 0.25};

	(void)state;
	for (unsigned c = 0; c < 4; c++) {
		for (unsigned i = 0; i < 11; i++) {
			double at = 0;

			while (at <= timers[i] * 1.001)
				at = lane_next_rung(at, climbs[c], MAX_S);
			assert_true(at > timers[i]);
			assert_true(at < timers[i] * 1.006 + 0.06);
		}
	}
}

static void test_climb(void **state)
{
	const double old[] = {1.5, 1.0, 0.5}, young[] = {0.4, 0.3, 0.2};

	(void)state;
	begin();
	decide(old, 3, 60);
	assert_int_equal(d.move, LANE_ASK);
	assert_int_equal(d.count, 1);
	assert_int_equal(d.pick[0], 0);

	decide(young, 3, 60);
	assert_int_equal(d.move, LANE_WAIT);
	assert_near(d.wait, lane_next_rung(0, 0.05, MAX_S) - 0.4, 1e-9);

	lane.asked = 1;
	decide(old, 3, 60);
	assert_int_equal(d.move, LANE_WAIT);
	assert_true(isinf(d.wait));
}

static void test_climb_without_mappings(void **state)
{
	(void)state;
	begin();
	decide(NULL, 0, 2);
	assert_int_equal(d.move, LANE_WAIT);
	assert_true(isinf(d.wait));
	decide(NULL, 0, 0);
	assert_int_equal(d.move, LANE_OPEN);
	assert_in_range(d.count, 1, 20);
}

static void test_top(void **state)
{
	const double age = 500;

	(void)state;
	begin();
	climb_to(MAX_S);
	decide(&age, 1, 5);
	assert_int_equal(d.move, LANE_DONE);
	assert_true(lane.done);
	assert_true(lane.estimate.open);
	decide(&age, 1, 5);
	assert_int_equal(d.move, LANE_WAIT);
}

/* After the first deadly rung, all inside the bracket are asked at once. */
static void test_bracket_is_asked(void **state)
{
	double ages[40];
	double lo, hi;

	(void)state;
	begin();
	climb_to(60);
	lo = lane.survived;
	dies_at(lo + 6);
	hi = lo + 6;
	assert_false(lane.estimate.open);
	assert_near(lane.estimate.lo, lo, 1e-9);
	assert_near(lane.estimate.hi, hi, 1e-9);
	for (unsigned i = 0; i < 40; i++)
		ages[i] = hi + 4 - 0.4 * i;
	decide(ages, 40, 0);
	assert_int_equal(d.move, LANE_ASK);
	assert_in_range(d.count, 8, LANE_PICK_MAX);
	for (unsigned i = 0; i < d.count; i++) {
		assert_true(ages[d.pick[i]] > lo && ages[d.pick[i]] < hi);
		if (i > 0)
			assert_true(d.pick[i] > d.pick[i - 1]);
	}
}

/* A single death may be a loss: older ones are asked again as witnesses. */
static void test_witnesses(void **state)
{
	const double ages[] = {200, 190, 180, 20};
	double died;

	(void)state;
	begin();
	climb_to(60);
	died = lane.survived * 1.5;
	lane_tell(&lane, died, false);
	if (!lane.estimate.open)
		fail_msg("one death should leave a doubt");
	decide(ages, 4, 0);
	assert_int_equal(d.move, LANE_ASK);
	assert_int_equal(d.count, 2);
	assert_int_equal(d.pick[0], 0);
	assert_int_equal(d.pick[1], 1);

	/* They are alive: it was a loss, and the climb goes on above them. */
	lane_tell(&lane, 200, true);
	lane_tell(&lane, 190, true);
	assert_near(lane.survived, 200, 0);
	assert_near(lane.died, 0, 0);
	decide(ages, 4, 0);
	assert_true(d.move == LANE_WAIT || d.move == LANE_ASK);
}

/* Too young for the bracket: the wait ends when the first of them is inside. */
static void test_bracket_wait(void **state)
{
	const double ages[] = {30, 29, 28, 27, 26, 25, 24, 23, 22};
	double lo, hi;

	(void)state;
	begin();
	climb_to(60);
	lo = lane.survived;
	hi = lo + 6;
	dies_at(hi);
	decide(ages, 9, 0);
	assert_int_equal(d.move, LANE_WAIT);
	assert_true(ages[0] + d.wait > lo && ages[0] + d.wait < hi);
}

static void test_bracket_open(void **state)
{
	const double ages[] = {300, 200};

	(void)state;
	begin();
	climb_to(60);
	dies_at(lane.survived + 6);
	decide(ages, 2, 0);
	assert_int_equal(d.move, LANE_OPEN);
	assert_in_range(d.count, 2, LANE_PICK_MAX);
	decide(ages, 2, 3);
	assert_int_equal(d.move, LANE_WAIT);
}

static void test_narrow_enough(void **state)
{
	const double ages[] = {61, 60.5};

	(void)state;
	begin();
	climb_to(75);
	dies_at(lane.survived + 0.8);
	decide(ages, 2, 0);
	assert_int_equal(d.move, LANE_DONE);
}

static void test_precision(void **state)
{
	(void)state;
	begin();
	assert_near(lane_precision(&lane, 10), 0.25, 1e-12);
	assert_near(lane_precision(&lane, 300), 3, 1e-12);
}

/*
 * A whole search: mappings open as planned and when the lane wants more, at most
 * POOL of them held at once, and answer after a while whether they were there.
 */
struct search {
	struct rng rng;
	struct plan plan;
	double truth, lost, voids, now, next_opening;
	double opened[POOL];
	bool used[POOL];
	unsigned planned, extra, held;
	double asked_at;
	unsigned asked[LANE_PICK_MAX], asked_count;
};

static double slot_age(const struct search *s, unsigned i)
{
	return s->now - s->opened[i];
}

static unsigned pool(const struct search *s, double *ages, unsigned *slots)
{
	unsigned n = 0;

	for (unsigned i = 0; i < POOL; i++) {
		unsigned at = n;

		if (!s->used[i])
			continue;
		for (; at > 0 && ages[at - 1] < slot_age(s, i); at--) {
			ages[at] = ages[at - 1];
			slots[at] = slots[at - 1];
		}
		ages[at] = slot_age(s, i);
		slots[at] = i;
		n++;
	}
	return n;
}

/* Those that are known to be gone, or older than anything wanted, make room. */
static void retire(struct search *s)
{
	for (unsigned i = 0; i < POOL; i++) {
		if (s->used[i] && !lane.estimate.open && slot_age(s, i) > lane.estimate.hi * 1.03) {
			s->used[i] = false;
			s->held--;
		}
	}
}

static void open_some(struct search *s)
{
	if (s->held == POOL)
		retire(s);
	for (unsigned i = 0; i < POOL && s->now >= s->next_opening; i++) {
		const bool by_plan = s->planned < s->plan.count && s->plan.at[s->planned] <= s->now;

		if (s->used[i] || (s->extra == 0 && !by_plan))
			continue;
		if (s->extra > 0)
			s->extra--;
		else
			s->planned++;
		s->used[i] = true;
		s->opened[i] = s->now;
		s->held++;
		s->next_opening = s->now + APART;
	}
}

static void answers(struct search *s)
{
	for (unsigned i = 0; i < s->asked_count; i++) {
		const unsigned slot = s->asked[i];
		const double gap = s->asked_at - s->opened[slot];

		lane.asked--;
		s->held--;
		if (rng_unit(&s->rng) >= s->voids)
			lane_tell(&lane, gap, gap < s->truth && rng_unit(&s->rng) >= s->lost);
	}
	s->asked_count = 0;
}

static void turn(struct search *s)
{
	double ages[POOL];
	unsigned slots[POOL];
	const unsigned n = pool(s, ages, slots);
	const unsigned coming = s->plan.count - s->planned + s->extra < POOL - s->held
					? s->plan.count - s->planned + s->extra
					: POOL - s->held;

	decide(ages, n, coming);
	if (d.move == LANE_OPEN && s->extra < d.count)
		s->extra = d.count;
	if (d.move != LANE_ASK)
		return;
	assert_in_range(d.count, 1, LANE_PICK_MAX);
	for (unsigned i = 0; i < d.count; i++) {
		assert_in_range(d.pick[i], 0, n - 1);
		assert_true(s->used[slots[d.pick[i]]]);
		s->used[slots[d.pick[i]]] = false;
		s->asked[i] = slots[d.pick[i]];
	}
	s->asked_count = lane.asked = d.count;
	s->asked_at = s->now;
}

/* Returns how long it took. */
static double search(struct search *s, uint64_t seed, double truth, double lost, double voids)
{
	*s = (struct search){.truth = truth, .lost = lost, .voids = voids};
	rng_seed_from_number(&s->rng, seed);
	plan_build(&s->plan, POOL, MAX_S, RESOLUTION, APART, false, 0, 0);
	lane_init(&lane, &grid, MAX_S, RESOLUTION, s->plan.climb);
	while (!lane.done && s->now < 10 * MAX_S) {
		if (s->asked_count > 0 && s->now >= s->asked_at + ANSWER_S)
			answers(s);
		open_some(s);
		turn(s);
		s->now += 0.02;
	}
	assert_true(lane.done);
	return s->now;
}

static bool is_right(double truth)
{
	struct timeout_estimate e;

	timeout_belief_estimate(&lane.belief, 0.95, &e);
	return !e.open && fabs(e.value - truth) <= fmax(0.25, RESOLUTION * truth) * 1.000001;
}

static void test_searches(void **state)
{
	static struct search s;
	double total = 0;
	unsigned count = 0;

	(void)state;
	for (double truth = 3; truth < 355; truth *= 1.037) {
		const double took = search(&s, 1, truth, 0, 0);

		if (!is_right(truth))
			fail_msg("%g s was not found", truth);
		if (took > 2.2 * truth + 0.15 * MAX_S)
			fail_msg("%g s took %g s", truth, took);
		total += took / truth;
		count++;
	}
	/* Mostly one pass is enough. */
	assert_true(total / count < 1.5);
}

/* Known timers, and truths a little beside them. */
static void test_searches_near_timers(void **state)
{
	static const double truths[] = {15,  20,    30,    30.45, 29.6, 60,    65, 90,
					120, 121.8, 118.3, 180,   240,  243.1, 300};
	static struct search s;

	(void)state;
	for (unsigned i = 0; i < sizeof(truths) / sizeof(truths[0]); i++) {
		search(&s, 2, truths[i], 0, 0);
		if (!is_right(truths[i]))
			fail_msg("%g s was not found", truths[i]);
	}
}

static void check_with_loss(double lost, double voids, unsigned least_of_100)
{
	static struct search s;
	struct rng rng;
	unsigned right = 0;

	rng_seed_from_number(&rng, 9);
	for (unsigned i = 0; i < 100; i++) {
		const double truth = 2 * pow(150, rng_unit(&rng));

		search(&s, i, truth, lost, voids);
		right += is_right(truth);
	}
	assert_in_range(right, least_of_100, 100);
}

/* Deaths that were losses, at the rate that three copies leave at 20 % loss; and void trials. */
static void test_searches_with_losses(void **state)
{
	(void)state;
	check_with_loss(0.008, 0, 98);
}

static void test_searches_with_many_losses(void **state)
{
	(void)state;
	check_with_loss(0.03, 0, 95);
}

static void test_searches_with_voids(void **state)
{
	(void)state;
	check_with_loss(0, 0.1, 98);
}

static void test_search_beyond(void **state)
{
	static struct search s;

	(void)state;
	search(&s, 3, 5000, 0, 0);
	assert_true(lane.estimate.open);
	assert_true(lane.survived >= MAX_S);
}

/* Lifetimes that differ tell where they lie; one timer, and a loss, tell nothing. */
static void test_spread(void **state)
{
	double lo = 1, hi = 2;

	(void)state;
	begin();
	climb_to(100);
	lane_tell(&lane, 50, false);
	dies_at(110);
	assert_false(lane_spread(&lane, &lo, &hi));
	assert_near(lo, 1, 0);
	assert_near(hi, 2, 0);
	lane_tell(&lane, 60, false);
	assert_true(lane_spread(&lane, &lo, &hi));
	assert_in_range((unsigned)lo, 45, 50);
	assert_near(hi, 110, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rungs_rise),
		cmocka_unit_test(test_rungs_meet_timers),
		cmocka_unit_test(test_climb),
		cmocka_unit_test(test_climb_without_mappings),
		cmocka_unit_test(test_top),
		cmocka_unit_test(test_bracket_is_asked),
		cmocka_unit_test(test_witnesses),
		cmocka_unit_test(test_bracket_wait),
		cmocka_unit_test(test_bracket_open),
		cmocka_unit_test(test_narrow_enough),
		cmocka_unit_test(test_precision),
		cmocka_unit_test(test_searches),
		cmocka_unit_test(test_searches_near_timers),
		cmocka_unit_test(test_searches_with_losses),
		cmocka_unit_test(test_searches_with_many_losses),
		cmocka_unit_test(test_searches_with_voids),
		cmocka_unit_test(test_search_beyond),
		cmocka_unit_test(test_spread),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
