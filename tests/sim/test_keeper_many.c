/* Thirty targets on one host: what they cost together, on NATs of four timeouts; the zoo is thirty.c's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "keeper_rig.h"
#include "thirty_cost.h"

static void check(unsigned timeout, double loss)
{
	const struct nat_spec nat = rig_nat(timeout * NK_S);
	const struct thirty_cost c = thirty_measure(&nat, loss);

	print_message("%3u s, loss %.0f %%: wake-ups %.3f, bytes %.3f, of fixed %.3f\n", timeout,
		      100 * loss, c.wakes, c.bytes, c.fixed);
	assert_int_equal(c.up, THIRTY);
	assert_true(thirty_is_cheap(&c, &nat));
}

static void test_costs(void **state)
{
	(void)state;
	check(30, 0);
	check(60, 0);
	check(120, 0);
	check(300, 0);
}

/* Hellos are longer, and come when they must. */
static void test_costs_with_losses(void **state)
{
	(void)state;
	check(60, 0.02);
	check(300, 0.02);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_costs),
		cmocka_unit_test(test_costs_with_losses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
