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
#include "birthday_law.h"
#include "core/punch/birthday.h"
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
static const struct nat_spec once = NAT(APD, PRESERVE);
static const struct nat_spec kept = NAT(AD, PRESERVE);

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
	/* A third of all ports are others', on both NATs; without counting them it is a quarter. */
	assert_true(success(&counted, &counted, 50, runs) >= 0.5);
}

static void one_counts(void **state)
{
	const unsigned runs = seeds(30);

	(void)state;
	assert_true(success(&easy, &counted, 0, runs) >= 0.95);
	assert_true(success(&counted, &easy, 5, runs) >= 0.95);
	assert_true(success(&counted, &easy, 50, runs) >= 0.95);
	assert_true(success(&one, &counted, 5, runs) >= 0.95);
	assert_true(success(&one, &one, 5, runs) >= 0.95);
	assert_true(success(&easy, &one, 5, runs) >= 0.95);
}

/* The first mapping of a socket keeps its port: a fresh one's address is known. */
static void ports_are_kept(void **state)
{
	const struct nat_spec *const both[] = {&once, &kept};
	const unsigned runs = seeds(30);

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		assert_true(success(both[i], &easy, 5, runs) >= 0.95);
		assert_true(success(both[i], &once, 5, runs) >= 0.95);
		assert_true(success(both[i], &kept, 5, runs) >= 0.95);
		/* The one shot goes to a port that is another's as often as others take ports. */
		assert_true(success(both[i], &counted, 0, runs) >= 0.95);
		assert_true(success(both[i], &counted, 5, runs) >= 0.8);
		assert_true(success(&one, both[i], 5, runs) >= 0.8);
	}
	assert_true(success(&kept, &drawn, 5, runs) >= 0.9);
}

/* What the prober sends until a meeting is noticed: after @t packets of each side, with @lost of
 * each, that has not happened yet with the chance that is summed here. One mapping more than birthday's is
 * that of the ordinary checks. */
static double expected_probes(double lost)
{
	double sum = 0;

	for (unsigned t = 0; t < BIRTHDAY_PROBES; t++) {
		const unsigned opened = 1 + (t < BIRTHDAY_SOCKETS ? t : BIRTHDAY_SOCKETS);

		sum += 1 - birthday_chance(BIRTHDAY_PORTS, opened, t, lost);
	}
	return sum;
}

static void check_birthday(double loss, unsigned runs)
{
	const double lost = 1 - (1 - loss) * (1 - loss); /* on two links */
	const double chance =
		birthday_chance(BIRTHDAY_PORTS, BIRTHDAY_SOCKETS + 1, BIRTHDAY_PROBES, lost * lost);
	const double expected = expected_probes(lost);
	double good = 0, sum = 0, squares = 0;

	for (unsigned i = 0; i < runs; i++) {
		const struct hard_plan plan = {
			.seed = i + 1,
			.nats = {drawn, easy},
			.link = {.delay = 500, .loss = loss},
			.hints = {{.mapping = HINT_MAPPING_APD, .ports = HINT_PORTS_RANDOM},
				  {.mapping = HINT_MAPPING_EI, .ports = HINT_PORTS_KEPT}},
			.hard = true,
		};
		struct hard_result r;

		hard_play(&plan, &r);
		good += r.connected;
		sum += r.packets[1];
		squares += (double)r.packets[1] * r.packets[1];
	}
	sum /= runs;
	print_message("loss %.2f: %.4f connect, %.4f expected; %.1f probes, %.1f expected\n", loss,
		      good / runs, chance, sum, expected);
	assert_true(fabs(good / runs - chance) <= 3 * sqrt(chance * (1 - chance) / runs));
	assert_true(fabs(sum - expected) <= 1 + 3 * sqrt((squares / runs - sum * sum) / runs));
}

static void birthday_is_as_computed(void **state)
{
	(void)state;
	check_birthday(0, seeds(60));
	check_birthday(0.05, seeds(60));
}

static void both_drawn(void **state)
{
	const struct hard_plan plan = {
		.seed = 1, .nats = {drawn, drawn}, .link = {.delay = 20 * NK_MS}, .hard = true};
	struct hard_result r;

	(void)state;
	hard_play(&plan, &r);
	assert_false(r.connected);
	assert_true(r.relay_likely > 0.5 && r.relay_likely < 1);
	assert_int_equal(r.packets[0] + r.packets[1], 0);
}

/* Called random, in truth endpoint-independent: it connects by plain punching all the same. */
static void wrong_hints_are_no_gate(void **state)
{
	const struct nat_hint wrong = {.mapping = HINT_MAPPING_APD, .ports = HINT_PORTS_RANDOM};
	const struct hard_plan plan = {.seed = 1,
				       .nats = {easy, easy},
				       .link = {.delay = 20 * NK_MS},
				       .hints = {wrong, wrong},
				       .hard = true};
	struct hard_result r;

	(void)state;
	hard_play(&plan, &r);
	assert_true(r.connected);
	assert_true(r.relay_likely > 0.5);
	assert_true(r.took < 200 * NK_MS);
}

static void nothing_hard_unless_allowed(void **state)
{
	const struct hard_plan plan = {
		.seed = 1, .nats = {drawn, easy}, .link = {.delay = 20 * NK_MS}, .hard = false};
	struct hard_result r;

	(void)state;
	hard_play(&plan, &r);
	assert_false(r.connected);
	assert_int_equal(r.packets[0] + r.packets[1], 0);
	assert_true(r.relay_likely > 0.5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_count),
		cmocka_unit_test(one_counts),
		cmocka_unit_test(ports_are_kept),
		cmocka_unit_test(birthday_is_as_computed),
		cmocka_unit_test(both_drawn),
		cmocka_unit_test(wrong_hints_are_no_gate),
		cmocka_unit_test(nothing_hard_unless_allowed),
	};

	if (crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
