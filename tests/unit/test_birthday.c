/* Birthday: the formula against counting and against draws, and what is aimed where and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/punch/birthday.h"
#include "near.h"

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

static struct birthday begin(bool opens, struct rng *rng)
{
	const struct addr to = addr_v4(203, 0, 113, 7, 4000);
	struct birthday b;

	rng_seed_from_number(rng, 3);
	birthday_start(&b, opens, &to, opens ? 2 : 0, rng, 5 * NK_S);
	return b;
}

/* The next aim at its time; false when it is over. */
static bool next(struct birthday *b, struct aim *aim, nk_time *now)
{
	const nk_time at = birthday_deadline(b);

	if (at == NK_NEVER)
		return false;
	assert_true(at >= *now);
	assert_false(birthday_next(b, aim, at - 1));
	assert_true(birthday_next(b, aim, at));
	*now = at;
	return true;
}

static void no_port_is_probed_twice(void **state)
{
	static bool seen[65536];
	struct rng rng;
	struct birthday b = begin(false, &rng);
	nk_time now = 0;
	struct aim aim;
	unsigned n = 0;

	(void)state;
	for (; next(&b, &aim, &now); n++) {
		assert_int_equal(aim.socket, 0);
		assert_int_equal(aim.tactic, TACTIC_BIRTHDAY);
		assert_true(addr_same_ip(&aim.to, &b.to));
		assert_true(aim.to.port >= BIRTHDAY_LOWEST);
		assert_false(seen[aim.to.port]);
		seen[aim.to.port] = true;
		assert_true(now >= 5 * NK_S + n * NK_S / 100);
	}
	assert_int_equal(n, BIRTHDAY_PROBES);
}

static void each_socket_opens_twice(void **state)
{
	unsigned from[2 + BIRTHDAY_SOCKETS] = {0};
	struct rng rng;
	struct birthday b = begin(true, &rng);
	nk_time now = 0;
	struct aim aim;
	unsigned n = 0;

	(void)state;
	for (; next(&b, &aim, &now); n++) {
		assert_true(aim.socket >= 2 && aim.socket < 2 + BIRTHDAY_SOCKETS);
		assert_true(addr_eq(&aim.to, &b.to));
		from[aim.socket]++;
		assert_true(now >= 5 * NK_S + n * NK_S / 100);
		/* The second time when the prober is done. */
		if (n >= BIRTHDAY_SOCKETS)
			assert_true(now >= 5 * NK_S + BIRTHDAY_PROBES * BIRTHDAY_GAP);
	}
	for (unsigned i = 0; i < BIRTHDAY_SOCKETS; i++)
		assert_int_equal(from[2 + i], 2);
	assert_true(now < 5 * NK_S + BIRTHDAY_SPAN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_figures),
		cmocka_unit_test(small_numbers_by_counting),
		cmocka_unit_test(draws_agree),
		cmocka_unit_test(no_port_is_probed_twice),
		cmocka_unit_test(each_socket_opens_twice),
	};

	if (crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
