/*
 * The truth table in short: natprobe behind every NAT of the zoo, and behind some that are odder
 * than any in it, with each loss and one round trip. "make truth" is the whole of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "verdict.h"
#include "zoo_file.h"

/* Each statement that is missed is told, with the runs that were wrong. */
static void check(const char *path, unsigned seeds)
{
	static struct tally tallies[ZOO_PRESETS_MAX];
	struct zoo *zoo = zoo_from_file(path);
	const struct truth_plan plan = {
		.zoo = zoo,
		.loss = -1,
		.delay = -1,
		.first = 1,
		.seeds = seeds,
		.sample = true,
		.again = "truth",
	};
	struct statement statements[STATEMENTS_MAX];
	unsigned presets = 0, count, missed = 0;
	struct truth_table t;

	assert_true(truth_table_fill(&t, &plan));
	assert_true(t.runs > 0);
	for (unsigned i = 0; i < t.presets; i++)
		presets += tally_preset(&t, i, &tallies[presets]);
	count = verdict(tallies, presets, seeds, statements);
	for (unsigned i = 0; i < count; i++) {
		if (statements[i].pass)
			continue;
		print_error("%s: %g, not %g, %s\n", statements[i].text, statements[i].figure,
			    statements[i].bound, statements[i].where);
		missed++;
	}
	assert_int_equal(missed, 0);
	truth_table_free(&t);
	zoo_free(zoo);
}

static void test_zoo(void **state)
{
	(void)state;
	check(NULL, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zoo),
	};

	if (crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
