/* The belief about one timeout: against a sum over a fine grid, and against known truths. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "core/belief/timeout.h"
#include "near.h"

#define MAX_S 360.0

static struct timeout_grid grid;
static struct timeout_belief belief;

static int set_up(void **state)
{
	(void)state;
	timeout_grid_init(&grid, MAX_S);
	return crypto_init();
}

static void begin(void)
{
	timeout_belief_init(&belief, &grid);
}

static void add(double gap, bool alive)
{
	timeout_belief_add(&belief, gap, alive);
}

static double survival_at(double t)
{
	double p;

	timeout_belief_survival(&belief, &t, &p, 1);
	return p;
}

/* What the header promises of the prior, not yet cut at the grid's end. */
static double reference_prior(double t)
{
	static const double timers[] = {15, 20, 30, 60, 65, 90, 120, 180, 240, 300, 350, 600};
	double mass = 0.4 * log(t / 0.5) / log(grid.edge[grid.count] / 0.5);

	for (unsigned i = 0; i < 12; i++) {
		const double x = (log(t / timers[i]) + 0.004) / 0.008;

		mass += 0.05 * fmin(1, fmax(0, x));
	}
	return mass;
}

/* P(all that was seen | T = truth, loss rate): trial by trial. */
static long double reference_likelihood(double truth, double rate)
{
	long double like = 1;

	for (unsigned i = 0; i < belief.controls_lost; i++)
		like *= rate;
	for (unsigned i = 0; i < belief.controls_got; i++)
		like *= 1 - rate;
	for (unsigned i = 0; i < belief.count; i++) {
		const double alive = truth > belief.trial[i].gap ? 1 - rate : 1e-5;

		like *= belief.trial[i].alive ? alive : 1 - alive;
	}
	return like;
}

/* P(T > t) by a sum over all cells and loss rates. Exact if silences lie on the cells' borders. */
static double reference_survival(double t)
{
	static const double rates[] = {0.001, 0.003, 0.01, 0.03, 0.1, 0.3};
	long double above = 0, all = 0;

	for (unsigned i = 0; i < grid.count; i++) {
		const double lo = grid.edge[i], hi = grid.edge[i + 1];
		const double truth = (lo + hi) / 2;
		long double sum = 0;

		for (unsigned r = 0; r < 6; r++)
			sum += reference_likelihood(truth, rates[r]);
		sum *= reference_prior(hi) - reference_prior(lo);
		all += sum;
		if (truth > t)
			above += sum;
	}
	return (double)(above / all);
}

static void check_against_reference(void)
{
	for (unsigned i = 0; i < belief.count; i++) {
		const double gap = belief.trial[i].gap;

		assert_near(survival_at(gap), reference_survival(gap), 1e-8);
	}
}

/* The border next to @t: there the reference is exact. */
static double border(double t)
{
	unsigned i = 0;

	while (grid.edge[i] < t)
		i++;
	return grid.edge[i];
}

static void test_masses_few(void **state)
{
	static const struct timeout_trial sets[][4] = {
		{{10, true}, {20, true}, {40, false}, {80, false}},
		{{10, false}, {20, true}, {40, false}, {80, false}},
		{{10, true}, {20, false}, {40, true}, {80, false}},
		{{29.95, true}, {30.2, false}, {40, true}, {122, false}},
		{{10, false}, {20, false}, {40, false}, {80, true}},
		{{10, false}, {20, false}, {40, false}, {80, false}},
		{{10, true}, {20, true}, {40, true}, {300, true}},
	};
	static const unsigned controls[][2] = {{0, 0}, {100, 0}, {70, 30}, {3, 1}};

	(void)state;
	for (unsigned s = 0; s < sizeof(sets) / sizeof(sets[0]); s++) {
		for (unsigned c = 0; c < 4; c++) {
			begin();
			belief.controls_got = controls[c][0];
			belief.controls_lost = controls[c][1];
			for (unsigned i = 0; i < 4; i++)
				add(border(sets[s][i].gap), sets[s][i].alive);
			check_against_reference();
		}
	}
}

static void test_masses_random(void **state)
{
	struct rng rng;

	(void)state;
	rng_seed_from_number(&rng, 11);
	for (unsigned set = 0; set < 10; set++) {
		const double truth = 2 * pow(150, rng_unit(&rng));

		begin();
		belief.controls_got = rng_below(&rng, 50);
		belief.controls_lost = rng_below(&rng, 5);
		for (unsigned i = 0; i < 20; i++) {
			const double gap = border(pow(350, rng_unit(&rng)));

			add(gap, gap < truth && rng_unit(&rng) > 0.1);
		}
		check_against_reference();
	}
}

/* A death below a survivor is a loss. How easily a single death is believed is up to the controls. */
static void test_controls(void **state)
{
	double p[3];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		begin();
		belief.controls_got = i == 0 ? 200 : i == 1 ? 0 : 140;
		belief.controls_lost = i == 2 ? 60 : 0;
		add(20, true);
		add(40, false);
		p[i] = survival_at(40);
	}
	assert_true(p[0] < 0.02);
	assert_true(p[0] < p[1] && p[1] < p[2]);
	assert_true(p[2] > 0.15);
}

/* One run as the fan makes it: rungs, then silences inside the bracket. A loss is taken for a death. */
static void simulate(struct rng *rng, double truth, double loss)
{
	struct timeout_estimate e;

	begin();
	for (double gap = 1; gap < MAX_S; gap *= 1.15)
		add(gap, gap < truth && rng_unit(rng) >= loss);
	for (unsigned pass = 0; pass < 3; pass++) {
		timeout_belief_estimate(&belief, 0.99, &e);
		for (unsigned i = 1; i < 9; i++) {
			const double gap = e.lo + (fmin(e.hi, MAX_S) - e.lo) * i / 9;

			add(gap, gap < truth && rng_unit(rng) >= loss);
		}
	}
}

static void check_coverage(double loss)
{
	const unsigned sets = 2000;
	unsigned covered = 0, closed = 0;
	struct rng rng;

	rng_seed_from_number(&rng, 5);
	for (unsigned i = 0; i < sets; i++) {
		const double truth = 1.5 * pow(200, rng_unit(&rng));
		struct timeout_estimate e;

		simulate(&rng, truth, loss);
		timeout_belief_estimate(&belief, 0.95, &e);
		assert_true(e.p >= 0.95 && e.p <= 1);
		assert_true(e.lo < e.hi);
		if (!e.open)
			assert_true(e.lo <= e.value && e.value <= e.hi);
		closed += !e.open;
		covered += e.lo < truth && truth <= e.hi;
	}
	assert_in_range(covered, sets * 95 / 100, sets);
	/* "Anything is possible" would cover too. */
	assert_in_range(closed, sets * 97 / 100, sets);
}

static void test_coverage_without_loss(void **state)
{
	(void)state;
	check_coverage(0);
}

static void test_coverage_2_percent(void **state)
{
	(void)state;
	check_coverage(0.02);
}

static void test_coverage_5_percent(void **state)
{
	(void)state;
	check_coverage(0.05);
}

/* A truth 1.5 % above a known timer, silences 0.7 % apart around it. */
static void test_beside_a_spike(void **state)
{
	static const double spikes[] = {30, 120};

	(void)state;
	for (unsigned s = 0; s < 2; s++) {
		const double truth = spikes[s] * 1.015;
		struct timeout_estimate e;

		begin();
		for (int i = -8; i <= 8; i++) {
			const double gap = spikes[s] * pow(1.007, i + 0.5);

			add(gap, gap < truth);
		}
		timeout_belief_estimate(&belief, 0.95, &e);
		assert_false(e.open);
		assert_true(e.lo < truth && truth <= e.hi);
		assert_true(e.lo > spikes[s] * 1.005);
		assert_near(e.value, truth, 0.007 * truth);
	}
}

/* Inside a bracket nothing is known: its middle is the value, wherever a spike may be. */
static void test_inside_a_bracket(void **state)
{
	struct timeout_estimate e;

	(void)state;
	begin();
	add(28, true);
	for (double gap = 34; gap < 42; gap++)
		add(gap, false);
	timeout_belief_estimate(&belief, 0.95, &e);
	assert_near(e.lo, 28, 1e-9);
	assert_near(e.hi, 34, 1e-9);
	assert_near(e.value, sqrt(28.0 * 34.0), 1e-6);
	assert_near(survival_at(e.value), (survival_at(28) + survival_at(34)) / 2, 1e-6);
}

/* The median of several brackets, when one alone is not sure enough. */
static void test_several_brackets(void **state)
{
	struct timeout_estimate e;

	(void)state;
	begin();
	add(10, true);
	for (double gap = 20; gap < 23; gap++)
		add(gap, false);
	add(40, true);
	for (double gap = 80; gap < 88; gap++)
		add(gap, false);
	timeout_belief_estimate(&belief, 0.9995, &e);
	assert_false(e.open);
	assert_true(e.p >= 0.9995);
	assert_near(e.lo, 10, 1e-9);
	assert_near(survival_at(e.value), (survival_at(e.lo) + survival_at(e.hi)) / 2, 1e-6);
}

static void test_open(void **state)
{
	struct timeout_estimate e;

	(void)state;
	begin();
	for (double gap = 1; gap < 100; gap *= 2)
		add(gap, true);
	timeout_belief_estimate(&belief, 0.95, &e);
	assert_true(e.open);
	assert_near(e.lo, 64, 1e-9);
	assert_near(e.hi, grid.edge[grid.count], 1e-9);
}

static void test_no_evidence(void **state)
{
	struct timeout_estimate e;

	(void)state;
	begin();
	timeout_belief_estimate(&belief, 0.95, &e);
	assert_true(e.open);
	assert_near(e.lo, 0.5, 1e-9);
	assert_near(e.p, 1, 1e-9);
	assert_near(survival_at(0.1), 1, 1e-9);
	assert_near(survival_at(0.5), 1, 1e-9);
	assert_near(survival_at(1e6), 0, 1e-9);
}

static void test_grid(void **state)
{
	struct timeout_grid large;

	(void)state;
	assert_true(grid.edge[grid.count] >= 1.2 * MAX_S);
	assert_near(grid.edge[1] / grid.edge[0], 1.002, 1e-9);
	assert_near(grid.prior[0], 0, 1e-12);
	assert_near(grid.prior[grid.count], 1, 1e-12);
	for (unsigned i = 0; i < grid.count; i++)
		assert_true(grid.prior[i] < grid.prior[i + 1]);
	timeout_grid_init(&large, 7200);
	assert_true(large.edge[large.count] >= 1.2 * 7200);
	assert_near(large.prior[large.count], 1, 1e-12);
}

static void test_survival_falls(void **state)
{
	double t[200], p[200];
	struct rng rng;

	(void)state;
	rng_seed_from_number(&rng, 3);
	for (unsigned i = 0; i < 200; i++)
		t[i] = 0.3 * pow(2000, i / 199.0);
	for (unsigned set = 0; set < 200; set++) {
		begin();
		for (unsigned i = rng_below(&rng, 60); i > 0; i--)
			add(0.2 * pow(3000, rng_unit(&rng)), rng_below(&rng, 2) == 0);
		timeout_belief_survival(&belief, t, p, 200);
		assert_near(p[0], 1, 1e-9);
		assert_near(p[199], 0, 1e-9);
		for (unsigned i = 1; i < 200; i++)
			assert_true(p[i] >= 0 && p[i] <= p[i - 1] + 1e-12);
	}
}

static void test_order_and_limit(void **state)
{
	struct rng rng;

	(void)state;
	rng_seed_from_number(&rng, 4);
	begin();
	for (unsigned i = 0; i < TIMEOUT_TRIALS_MAX + 20; i++)
		add(1 + 300 * rng_unit(&rng), false);
	assert_int_equal(belief.count, TIMEOUT_TRIALS_MAX);
	for (unsigned i = 1; i < belief.count; i++)
		assert_true(belief.trial[i - 1].gap <= belief.trial[i].gap);
}

/* What is forgotten was never said. */
static void test_forget(void **state)
{
	double before;

	(void)state;
	begin();
	add(40, true);
	add(60, false);
	before = survival_at(50);
	add(20, false);
	add(30, false);
	add(80, true);
	timeout_belief_forget(&belief, 20, 30, true);
	assert_int_equal(belief.count, 5);
	timeout_belief_forget(&belief, 20, 30, false);
	timeout_belief_forget(&belief, 60.1, INFINITY, true);
	assert_int_equal(belief.count, 2);
	assert_near(survival_at(50), before, 0);
}

static void test_spike_after(void **state)
{
	(void)state;
	assert_near(timeout_spike_after(0, 400), 15, 0);
	assert_near(timeout_spike_after(29, 31), 30, 0);
	assert_near(timeout_spike_after(30, 400), 60, 0);
	assert_near(timeout_spike_after(29, 30), 0, 0);
	assert_near(timeout_spike_after(601, 1e9), 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grid),
		cmocka_unit_test(test_masses_few),
		cmocka_unit_test(test_masses_random),
		cmocka_unit_test(test_controls),
		cmocka_unit_test(test_coverage_without_loss),
		cmocka_unit_test(test_coverage_2_percent),
		cmocka_unit_test(test_coverage_5_percent),
		cmocka_unit_test(test_beside_a_spike),
		cmocka_unit_test(test_inside_a_bracket),
		cmocka_unit_test(test_several_brackets),
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_no_evidence),
		cmocka_unit_test(test_survival_falls),
		cmocka_unit_test(test_order_and_limit),
		cmocka_unit_test(test_forget),
		cmocka_unit_test(test_spike_after),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
