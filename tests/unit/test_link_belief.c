/* Beliefs in yes-or-no facts: closed forms, forgetting, and that nothing is ever certain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/belief/link.h"
#include "core/belief/tactics.h"
#include "near.h"

#define HOUR (3600 * NK_S)

/* Uniform in the middle, a third on each end, no lost packets: the case with closed forms. */
static const struct link_prior thirds = {1.0 / 3, 1.0 / 3, 1, 1, 0, HOUR};
static const struct link_prior noisy = {1.0 / 3, 1.0 / 3, 1, 1, 0.05, HOUR};

static struct link_belief after(const struct link_prior *prior, unsigned yes, unsigned no)
{
	struct link_belief b = {0};

	for (unsigned i = 0; i < yes; i++)
		link_belief_add(&b, prior, true, 0);
	for (unsigned i = 0; i < no; i++)
		link_belief_add(&b, prior, false, 0);
	return b;
}

/* Without a trial: the mean of 1, 0 and a half; a stray makes "never" a thousandth. */
static void the_prior_comes_first(void **state)
{
	const struct link_belief none = {0};

	(void)state;
	assert_near(link_belief_p(&none, &thirds, 0), 0.5, 0.0005);
	assert_near(link_belief_p(&none, &thirds, 77 * HOUR), 0.5, 0.0005);
	/* (1/4 + 1/4 + 1/12) / 3 */
	assert_near(link_belief_sd(&none, &thirds, 0) * link_belief_sd(&none, &thirds, 0), 7.0 / 36,
		    0.0005);
}

/* n of n: P(always) = (n+1)/(n+2) with equal weights, and the rest is Laplace's rule. */
static void successes_in_a_row_have_a_closed_form(void **state)
{
	(void)state;
	for (unsigned n = 3; n <= 1000; n *= 3) {
		const struct link_belief b = after(&thirds, n, 0);
		const double always = (n + 1.0) / (n + 2.0);
		const double p = link_belief_p(&b, &thirds, 0);

		assert_near(p, always + (1 - always) * (n + 1.0) / (n + 2.0), 1e-8);
		assert_true(p < 1);
		assert_true(link_belief_sd(&b, &thirds, 0) > 0);
	}
}

/* Without lost packets a mixed sample rules out both ends: Laplace's rule alone. */
static void a_mixed_sample_is_laplaces_rule(void **state)
{
	const struct link_belief b = after(&thirds, 7, 3);

	(void)state;
	assert_near(link_belief_p(&b, &thirds, 0), 8.0 / 12, 1e-6);
	assert_near(link_belief_sd(&b, &thirds, 0) * link_belief_sd(&b, &thirds, 0),
		    8.0 / 12 * 4.0 / 12 / 13, 1e-6);
}

/* The integral over the uniform part, done the slow way, for counts that are no whole numbers. */
static double mean_by_sum(double yes, double no, const struct link_prior *prior)
{
	const double rate = 1 - prior->noise;
	double weight = prior->always * pow(rate, yes) * pow(1 - rate, no), top = weight * rate;
	const double never = prior->never * pow(1e-3, yes) * pow(1 - 1e-3, no);
	const unsigned steps = 100000;

	weight += never;
	top += never * 1e-3;
	for (unsigned i = 0; i < steps; i++) {
		const double r = (i + 0.5) / steps;
		const double w =
			(1 - prior->always - prior->never) * pow(r, yes) * pow(1 - r, no) / steps;

		weight += w;
		top += w * r;
	}
	return top / weight;
}

static void counts_need_not_be_whole(void **state)
{
	const double counts[][2] = {{0.3, 0}, {0, 0.7}, {2.5, 0.25}, {17.2, 1.9}, {0.4, 12.1}};

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		const struct link_belief b = {counts[i][0], counts[i][1], 0};

		assert_near(link_belief_p(&b, &noisy, 0),
			    mean_by_sum(counts[i][0], counts[i][1], &noisy), 1e-4);
	}
}

static void one_failure_of_many_is_a_lost_packet(void **state)
{
	const struct link_belief all = after(&noisy, 40, 0), but_one = after(&noisy, 40, 1);

	(void)state;
	assert_true(link_belief_p(&but_one, &noisy, 0) > 0.9);
	assert_true(link_belief_p(&but_one, &noisy, 0) < link_belief_p(&all, &noisy, 0));
}

static void one_success_after_many_failures_is_seen(void **state)
{
	const struct link_belief none = after(&noisy, 0, 40), one = after(&noisy, 1, 40);

	(void)state;
	assert_true(link_belief_p(&none, &noisy, 0) > 0);
	assert_true(link_belief_p(&none, &noisy, 0) < 0.01);
	assert_true(link_belief_p(&one, &noisy, 0) > 5 * link_belief_p(&none, &noisy, 0));
}

static void time_brings_back_the_prior(void **state)
{
	const struct link_belief good = after(&noisy, 20, 0), bad = after(&noisy, 0, 20);
	const struct link_belief none = {0};
	const double prior = link_belief_p(&none, &noisy, 0);
	double up = link_belief_p(&good, &noisy, 0), down = link_belief_p(&bad, &noisy, 0);

	(void)state;
	for (nk_time t = HOUR; t < 12 * HOUR; t += HOUR) {
		const double p = link_belief_p(&good, &noisy, t),
			     q = link_belief_p(&bad, &noisy, t);

		assert_true(p < up && p > prior);
		assert_true(q > down && q < prior);
		up = p;
		down = q;
	}
	assert_near(link_belief_p(&good, &noisy, 40 * HOUR), prior, 1e-6);
	assert_near(link_belief_p(&bad, &noisy, 40 * HOUR), prior, 1e-6);
}

/* A trial a half-life ago counts half, whenever the next is added. */
static void an_old_trial_counts_less(void **state)
{
	struct link_belief b = after(&noisy, 2, 0);

	(void)state;
	link_belief_add(&b, &noisy, false, HOUR);
	assert_near(b.yes, 1, 1e-9);
	assert_near(b.no, 1, 1e-9);
	/* A clock that was set back forgets nothing, and brings nothing back. */
	link_belief_add(&b, &noisy, true, 0);
	assert_near(b.yes, 2, 1e-9);
}

static void many_trials_do_not_overflow(void **state)
{
	const struct link_belief b = {1e6, 0, 0}, c = {0, 1e6, 0}, both = {1e6, 1e6, 0};

	(void)state;
	assert_near(link_belief_p(&b, &noisy, 0), 1, 1e-4);
	assert_near(link_belief_p(&c, &noisy, 0), 0, 1e-4);
	assert_near(link_belief_p(&both, &noisy, 0), 0.5, 1e-4);
}

static void facts_have_names_and_priors(void **state)
{
	const struct link_belief none = {0};

	(void)state;
	for (unsigned i = 0; i < LINK_FACTS; i++) {
		const struct link_prior *prior = link_fact_prior((enum link_fact)i);
		const double p = link_belief_p(&none, prior, 0);

		assert_non_null(link_fact_name((enum link_fact)i));
		assert_true(p > 0.01 && p < 0.99);
		assert_true(prior->always + prior->never < 1);
	}
	assert_null(link_fact_name(LINK_FACTS));
}

/* Cheap and likely first; hundreds of packets only when those have failed again and again. */
static void tactics_are_ordered_by_cost_over_chance(void **state)
{
	struct tactics_belief b = {0};
	enum tactic order[TACTICS];
	unsigned where[TACTICS];

	(void)state;
	tactics_order(order, &b, 0);
	for (unsigned i = 0; i < TACTICS; i++)
		where[order[i]] = i;
	assert_true(where[TACTIC_PLAIN] < where[TACTIC_PREDICT]);
	assert_true(where[TACTIC_PREDICT] < where[TACTIC_BIRTHDAY]);
	assert_int_equal(order[TACTICS - 1], TACTIC_RELAY);

	for (unsigned i = 0; i < 20; i++) {
		tactics_add(&b, TACTIC_PREDICT, false, 0);
		tactics_add(&b, TACTIC_BIRTHDAY, true, 0);
	}
	tactics_order(order, &b, 0);
	for (unsigned i = 0; i < TACTICS; i++)
		where[order[i]] = i;
	assert_true(where[TACTIC_BIRTHDAY] < where[TACTIC_PREDICT]);
	assert_true(tactics_p(&b, TACTIC_PREDICT, 0) > 0);
	assert_true(tactics_p(&b, TACTIC_BIRTHDAY, 0) < 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_prior_comes_first),
		cmocka_unit_test(successes_in_a_row_have_a_closed_form),
		cmocka_unit_test(a_mixed_sample_is_laplaces_rule),
		cmocka_unit_test(counts_need_not_be_whole),
		cmocka_unit_test(one_failure_of_many_is_a_lost_packet),
		cmocka_unit_test(one_success_after_many_failures_is_seen),
		cmocka_unit_test(time_brings_back_the_prior),
		cmocka_unit_test(an_old_trial_counts_less),
		cmocka_unit_test(many_trials_do_not_overflow),
		cmocka_unit_test(facts_have_names_and_priors),
		cmocka_unit_test(tactics_are_ordered_by_cost_over_chance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
