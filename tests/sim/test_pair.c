/* Two natpunch meet: calls, messages both ways, and how they end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "pair.h"

#define LIMIT (60 * NK_S)

static void test_plain_call(void **state)
{
	struct pair_plan plan = pair_plan(1, 20 * NK_MS);
	struct pair p;

	(void)state;
	plan.ends[PAIR_CALLS].say = "hello\n\nhow are you?\n";
	plan.ends[PAIR_CALLS].then_end = true;
	plan.ends[PAIR_LISTENS].say = "well\n";
	pair_set(&p, &plan);
	assert_int_equal(pair_run(&p, LIMIT), CORE_DONE);
	assert_int_equal(natpunch_end(p.ends[PAIR_CALLS].run), CALL_CLOSED);
	assert_string_equal((char *)p.ends[PAIR_LISTENS].heard, "hello\n\nhow are you?\n");
	assert_string_equal((char *)p.ends[PAIR_CALLS].heard, "well\n");
	assert_int_equal(world_stats(p.world)->late, 0);
	pair_strike(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_call),
	};

	if (crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
