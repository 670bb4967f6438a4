/* Thirty targets on one host: what they cost together, on NATs of three timeouts; the zoo is thirty.c's. */
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
	assert_true(thirty_is_cheap(&c, &nat, loss));
}

static void test_costs(void **state)
{
	(void)state;
	check(30, 0);
	check(120, 0);
}

/* Hellos are longer, and come when they must. */
static void test_costs_with_losses(void **state)
{
	(void)state;
	check(60, 0.02);
}

static struct rig rig;

static void begin(enum rig_server kind, unsigned targets)
{
	const struct nat_spec nat = rig_nat(120 * NK_S);

	rig_open(&rig, &nat, 0, 1);
	rig.options.algorithm = KEEPALIVE_FIXED;
	rig.options.interval = 20 * NK_S;
	for (unsigned i = 0; i < targets; i++)
		rig_add(&rig, kind);
}

/* They leave together by one draw, whose mean is 0.9: the first of thirty draws is near 0.8. Each 16th
 * exchange is followed by another at once (KEEPALIVE_RENEW). */
static void check_draw(enum rig_server kind)
{
	struct keeper_result r;

	begin(kind, THIRTY);
	rig_start(&rig);
	rig_wait(&rig, 36000 * NK_S);
	r = rig_result(&rig);
	assert_in_range(r.wakes, 2000, 2180);
	for (unsigned i = 0; i < THIRTY; i++)
		assert_in_range(r.targets[i].packets_out, 2000, 2180);
	rig_close(&rig);
}

static void test_one_draw(void **state)
{
	(void)state;
	check_draw(RIG_STUN);
	check_draw(RIG_BROKER);
}

/* Ten targets whose answers come again at other times than those of the rest fall in with them. */
static void check_falling_in(enum rig_server kind)
{
	uint64_t wakes;

	begin(kind, 20);
	for (unsigned i = 0; i < 10; i++)
		rig_kill(&rig, i);
	rig_start(&rig);
	rig_wait(&rig, 100 * NK_S);
	for (unsigned i = 0; i < 10; i++) {
		rig_revive(&rig, i);
		rig_wait(&rig, 1700 * NK_MS);
	}
	rig_wait(&rig, 600 * NK_S);
	wakes = rig_result(&rig).wakes;
	rig_wait(&rig, 3600 * NK_S);
	assert_in_range(rig_result(&rig).wakes - wakes, 3600 / 20, 3600 / 10);
	rig_close(&rig);
}

static void test_falling_in(void **state)
{
	(void)state;
	check_falling_in(RIG_STUN);
	check_falling_in(RIG_BROKER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_draw),
		cmocka_unit_test(test_falling_in),
		cmocka_unit_test(test_costs),
		cmocka_unit_test(test_costs_with_losses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
