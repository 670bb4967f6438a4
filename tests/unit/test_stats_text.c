/* What natbroker --stats reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../../cmd/natbroker/stats_text.h"

#define HELP "# HELP natbroker_a A thing.\n# TYPE natbroker_a gauge\n"

static bool reads(const char *bytes, struct stats_line *line)
{
	static char text[512];
	char *at = text;

	snprintf(text, sizeof(text), "%s", bytes);
	*line = (struct stats_line){.help = NULL};
	return stats_next(&at, line);
}

static void test_numbers(void **state)
{
	char text[] = HELP "natbroker_a 12\nnatbroker_b{reason=\"x\"} 0.5\nnatbroker_c 7";
	struct stats_line line = {.help = NULL};
	char *at = text;

	(void)state;
	assert_true(stats_next(&at, &line));
	assert_string_equal(line.name, "a");
	assert_string_equal(line.help, "A thing.");
	assert_null(line.label);
	assert_true(line.value == 12);
	assert_true(stats_next(&at, &line));
	assert_string_equal(line.name, "b");
	assert_string_equal(line.label, "x");
	assert_true(line.value == 0.5);
	assert_false(stats_next(&at, &line)); /* no whole line */
}

/* Whoever sits at that port: nothing of it reaches a terminal, and no number overflows. */
static void test_hostile(void **state)
{
	static const char *const texts[] = {
		"natbroker_a -1\n",
		"natbroker_a 1e300\n",
		"natbroker_a nan\n",
		"natbroker_a inf\n",
		"natbroker_a\n",
		"other_a 1\n",
		"natbroker_a{b=\"c} 1\n",
		"natbroker_\x1b[2J 1\n",
		"natbroker_a{b=\"\x07\"} 1\n",
		"natbroker_\xc3\xa4 1\n",
		"# HELP natbroker_a \x1b]0;x\x07\nnatbroker_a 1\n",
	};
	struct stats_line line;

	(void)state;
	assert_true(reads("natbroker_a 9007199254740992\n", &line));
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_false(reads(texts[i], &line));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
