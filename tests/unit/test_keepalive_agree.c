/* Two offers, and what comes of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/keepalive/keepalive.h"
#include "near.h"

#define OTHER ((uint8_t)77) /* not known yet */

#define OFFER(lower, outbound, n, ...)                                                   \
	{                                                                                \
		.lower_s = (lower), .outbound_only = (outbound), .count = (n), .wish = { \
			__VA_ARGS__                                                      \
		}                                                                        \
	}

#define TURNS_FIRST(lower, outbound) \
	OFFER(lower, outbound, 2, {KEEPALIVE_TURNS, 15, 15}, {KEEPALIVE_FIXED, 1, 17})

static const struct {
	struct keepalive_offer theirs, ours;
	uint8_t algorithm;
	double interval;
} rows[] = {
	/* Nothing is known. */
	{TURNS_FIRST(0, false), TURNS_FIRST(0, false), KEEPALIVE_TURNS, 15},
	/* TURNS, at the limits of what either NAT bears. */
	{TURNS_FIRST(20, false), TURNS_FIRST(0, false), KEEPALIVE_TURNS, 15},
	{TURNS_FIRST(19.9, false), TURNS_FIRST(0, false), KEEPALIVE_FIXED, 15.875},
	{TURNS_FIRST(0, false), TURNS_FIRST(15, false), KEEPALIVE_FIXED, 12},
	{TURNS_FIRST(0, false), TURNS_FIRST(39.9, true), KEEPALIVE_FIXED, 16.625},
	{TURNS_FIRST(40, true), TURNS_FIRST(0, false), KEEPALIVE_TURNS, 15},
	{TURNS_FIRST(0, true), TURNS_FIRST(0, false), KEEPALIVE_TURNS, 15},
	/* Their order, within both bounds and both NATs. */
	{OFFER(120, false, 2, {KEEPALIVE_LEARNED, 1, 900}, {KEEPALIVE_TURNS, 15, 15}),
	 OFFER(200, false, 2, {KEEPALIVE_TURNS, 15, 15}, {KEEPALIVE_LEARNED, 20, 900}),
	 KEEPALIVE_LEARNED, 96},
	{OFFER(120, false, 1, {KEEPALIVE_LEARNED, 1, 900}),
	 OFFER(200, false, 1, {KEEPALIVE_LEARNED, 20, 60}), KEEPALIVE_LEARNED, 60},
	{OFFER(120, false, 1, {KEEPALIVE_LEARNED, 1, 900}),
	 OFFER(0, false, 1, {KEEPALIVE_LEARNED, 1, 900}), KEEPALIVE_LEARNED, 16.625},
	{OFFER(120, false, 1, {KEEPALIVE_LEARNED, 1, 900}),
	 OFFER(KEEPALIVE_NO_NAT, false, 1, {KEEPALIVE_LEARNED, 1, 900}), KEEPALIVE_LEARNED, 96},
	/* One that cannot be is passed over: unknown, not ours, bounds that miss each other or the NAT. */
	{OFFER(120, false, 3, {OTHER, 1, 900}, {KEEPALIVE_OPENER, 1, 900},
	       {KEEPALIVE_FIXED, 1, 30}),
	 OFFER(120, false, 2, {OTHER, 1, 900}, {KEEPALIVE_FIXED, 1, 25}), KEEPALIVE_FIXED, 25},
	{OFFER(120, false, 2, {KEEPALIVE_FIXED, 30, 40}, {KEEPALIVE_OPENER, 1, 50}),
	 OFFER(120, false, 2, {KEEPALIVE_FIXED, 1, 25}, {KEEPALIVE_OPENER, 1, 900}),
	 KEEPALIVE_OPENER, 50},
	{OFFER(30, false, 2, {KEEPALIVE_FIXED, 25, 40}, {KEEPALIVE_OPENER, 1, 50}),
	 OFFER(120, false, 2, {KEEPALIVE_FIXED, 1, 40}, {KEEPALIVE_OPENER, 1, 900}),
	 KEEPALIVE_OPENER, 24},
	/* Nobody is asked for more than one per 15 s by wish alone. */
	{OFFER(120, false, 1, {KEEPALIVE_LEARNED, 1, 10}),
	 OFFER(120, false, 1, {KEEPALIVE_LEARNED, 1, 900}), KEEPALIVE_FIXED, 16.625},
	{OFFER(12, false, 1, {KEEPALIVE_LEARNED, 1, 5}),
	 OFFER(120, false, 1, {KEEPALIVE_LEARNED, 1, 900}), KEEPALIVE_LEARNED, 5},
	/* Nothing in common. */
	{OFFER(0, false, 1, {KEEPALIVE_TURNS, 15, 15}),
	 OFFER(0, false, 1, {KEEPALIVE_OPENER, 1, 60}), KEEPALIVE_FIXED, 16.625},
	{OFFER(10, false, 1, {KEEPALIVE_TURNS, 15, 15}),
	 OFFER(0, false, 1, {KEEPALIVE_OPENER, 1, 60}), KEEPALIVE_FIXED, 8},
	{OFFER(0, false, 0, {0}), OFFER(0, false, 0, {0}), KEEPALIVE_FIXED, 16.625},
	/* Both want to be left alone. */
	{OFFER(30, false, 1, {KEEPALIVE_NONE, 0, 0}), OFFER(0, false, 1, {KEEPALIVE_NONE, 0, 0}),
	 KEEPALIVE_NONE, 0},
};

static void test_agree(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct keepalive_terms t = keepalive_agree(&rows[i].theirs, &rows[i].ours);

		if (t.algorithm != rows[i].algorithm)
			print_error("row %u\n", i);
		assert_int_equal(t.algorithm, rows[i].algorithm);
		assert_near(t.interval_s, rows[i].interval, 1e-6);
	}
}

/* Two programs without wishes; and terms that were agreed can be told. */
static void test_default(void **state)
{
	struct keepalive_offer theirs = keepalive_default_offer();
	const struct keepalive_offer ours = keepalive_default_offer();
	uint8_t bytes[KEEPALIVE_TERMS_LEN];
	struct keepalive_terms t, told;

	(void)state;
	for (double lower = 0.05; lower < KEEPALIVE_NO_NAT; lower *= 1.3) {
		theirs.lower_s = lower;
		t = keepalive_agree(&theirs, &ours);
		keepalive_terms_write(bytes, &t);
		assert_int_equal(keepalive_terms_read(&told, bytes, sizeof(bytes)), 0);
		assert_int_equal(told.algorithm, KEEPALIVE_LEARNED);
		assert_true(told.interval_s == t.interval_s); /* both sides have the same */
		assert_true(told.interval_s >= 1 && told.interval_s <= fmax(1, 0.8 * lower));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_agree),
		cmocka_unit_test(test_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
