/*
 * The hard tactics between two NATs: how often they get through, and whether that is what the
 * formulas say. NATKIT_SEEDS of each are a longer look.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "hard_pair.h"
#include "open_nat.h"

/* NATs that filter by endpoint. */
#define NAT(m, p)                                                                          \
	{                                                                                  \
		OPEN_NAT, .mapping = NAT_##m, .filtering = NAT_APD, .ports = NAT_PORTS_##p \
	}

static const struct nat_spec easy = NAT(EI, PRESERVE);
static const struct nat_spec counted = NAT(APD, SEQUENTIAL);
static const struct nat_spec one = NAT(AD, SEQUENTIAL);
static const struct nat_spec drawn = NAT(APD, RANDOM);

static unsigned seeds(unsigned in_short)
{
	const char *text = getenv("NATKIT_SEEDS");

	return text != NULL ? (unsigned)strtoul(text, NULL, 10) : in_short;
}

static const nk_time delays[] = {500, 20 * NK_MS, 150 * NK_MS}; /* one way, each */
#define DELAYS (sizeof(delays) / sizeof(delays[0]))

/* Share of runs that connect, over all delays. */
static double success(const struct nat_spec *a, const struct nat_spec *b, unsigned foreign,
		      unsigned runs)
{
	unsigned good = 0;
	double took = 0, packets = 0;

	for (unsigned i = 0; i < runs; i++) {
		const struct hard_plan plan = {
			.seed = i + 1,
			.nats = {*a, *b},
			.foreign = foreign,
			.link = {.delay = delays[i % DELAYS]},
			.hard = true,
		};
		struct hard_result r;

		hard_play(&plan, &r);
		good += r.connected;
		if (r.connected) {
			took += nk_seconds(r.took);
			packets += r.packets[0] + r.packets[1];
		}
	}
	print_message("%u foreign a second: %u of %u, on average %.2f s and %.0f packets\n",
		      foreign, good, runs, took / good, packets / good);
	return (double)good / runs;
}

static void both_count(void **state)
{
	const unsigned runs = seeds(60);

	(void)state;
	assert_true(success(&counted, &counted, 0, runs) >= 0.95);
	assert_true(success(&counted, &counted, 5, runs) >= 0.95);
	success(&counted, &counted, 50, runs);
}

static void one_counts(void **state)
{
	const unsigned runs = seeds(30);

	(void)state;
	assert_true(success(&easy, &counted, 0, runs) >= 0.95);
	assert_true(success(&counted, &easy, 5, runs) >= 0.95);
	success(&counted, &easy, 50, runs);
	assert_true(success(&one, &counted, 5, runs) >= 0.95);
	assert_true(success(&one, &one, 5, runs) >= 0.95);
	assert_true(success(&easy, &one, 5, runs) >= 0.95);
}

static void drawn_and_easy(void **state)
{
	const unsigned runs = seeds(30);

	(void)state;
	success(&easy, &drawn, 0, runs);
	success(&drawn, &easy, 5, runs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_count),
		cmocka_unit_test(one_counts),
		cmocka_unit_test(drawn_and_easy),
	};

	if (crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
