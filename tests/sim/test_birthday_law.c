/* The law of birthdays, against counting, against draws, and against figures of others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../unit/near.h"
#include "birthday_law.h"
#include "core/punch/birthday.h"

/* Figures that others have published for 256 open ports (Tailscale, "How NAT traversal works",
 * recomputed without repetition). */
static void published_figures(void **state)
{
	(void)state;
	assert_near(birthday_chance(BIRTHDAY_PORTS, 256, 174, 0), 0.500, 0.001);
	assert_near(birthday_chance(BIRTHDAY_PORTS, 256, 256, 0), 0.639, 0.001);
	assert_near(birthday_chance(BIRTHDAY_PORTS, 256, 1024, 0), 0.984, 0.001);
	assert_near(birthday_chance(BIRTHDAY_PORTS, 256, 2048, 0), 0.9997, 0.0001);
}

/* All subsets of 6 ports with 2 open and 3 probed: C(4,3) / C(6,3) = 4 / 20 meet none, 12 / 20
 * one, 4 / 20 two. */
static void small_numbers_by_counting(void **state)
{
	(void)state;
	assert_near(birthday_chance(6, 2, 3, 0), 0.8, 1e-12);
	assert_near(birthday_chance(6, 2, 3, 0.5), 1 - (4 + 12 * 0.5 + 4 * 0.25) / 20, 1e-12);
	assert_near(birthday_chance(6, 2, 3, 1), 0, 1e-12);
	assert_near(birthday_chance(6, 0, 3, 0), 0, 1e-12);
	assert_near(birthday_chance(6, 4, 3, 0), 1, 1e-12);
}

static void draws_agree(void **state)
{
	const unsigned ports = 300, opened = 12, probed = 40, runs = 20000;
	const double missed = 0.3;
	const double chance = birthday_chance(ports, opened, probed, missed);
	unsigned good = 0;
	struct rng rng;

	(void)state;
	rng_seed_from_number(&rng, 1);
	for (unsigned r = 0; r < runs; r++) {
		bool open[300] = {false}, noticed = false;
		uint16_t all[300];

		for (uint16_t i = 0; i < ports; i++)
			all[i] = i;
		for (unsigned i = 0; i < opened + probed; i++) {
			/* The first 12 of one shuffle are open; the first 40 of another are probed. */
			const unsigned at = i < opened ? i : i - opened;
			const unsigned k = at + rng_below(&rng, ports - at);
			const uint16_t port = all[k];

			all[k] = all[at];
			all[at] = port;
			if (i < opened)
				open[port] = true;
			else if (open[port] && rng_unit(&rng) >= missed)
				noticed = true;
		}
		good += noticed;
	}
	assert_near((double)good / runs, chance, 3 * sqrt(chance * (1 - chance) / runs));
}

/* By hand: one socket among four ports and two probes; and the product that the whole thing is
 * without loss. A second chance is missed by loss squared. */
static void law_by_hand(void **state)
{
	const struct birthday_law hand = birthday_law(&(struct birthday_plan){4, 1, 2, 0});
	const struct birthday_law lossy = birthday_law(&(struct birthday_plan){4, 1, 2, 0.5});
	const struct birthday_law whole =
		birthday_law(&(struct birthday_plan){BIRTHDAY_PORTS, 256, 1024, 0});
	double silent = 1, sum = 0;

	(void)state;
	assert_near(hand.success, 0.5, 1e-9);
	assert_near(hand.mean_probes, 1.75, 1e-9);
	assert_near(lossy.success, 0.375, 1e-9);
	assert_near(lossy.mean_probes, 1.875, 1e-9);
	for (unsigned i = 0; i < 1024; i++)
		silent *= ((double)BIRTHDAY_PORTS - 256 - i) / ((double)BIRTHDAY_PORTS - i);
	assert_near(whole.success, 1 - silent, 1e-9);
	for (unsigned k = 0; k <= 8; k++)
		sum += hypergeometric(20, 8, 11, k);
	assert_near(sum, 1, 1e-9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_figures),
		cmocka_unit_test(small_numbers_by_counting),
		cmocka_unit_test(draws_agree),
		cmocka_unit_test(law_by_hand),
	};

	if (crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
