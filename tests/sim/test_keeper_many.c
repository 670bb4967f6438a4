/* Thirty targets on one host: what they cost together, in wake-ups and bytes, on NATs of many timeouts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "keeper_rig.h"

#define TARGETS  30
#define HOUR     (3600 * NK_S)
#define LEARNED  (12 * HOUR) /* by then the interval is known */
#define MEASURED (6 * HOUR)
#define FRAME    (28 + KEEPALIVE_LEN) /* as IPv4 */

static struct rig rig;

/* What it cost within that time: bytes of all kinds, both ways. */
struct cost {
	double wakes, bytes;
};

static struct cost cost_so_far(void)
{
	const struct keeper_result r = rig_result(&rig);
	struct cost c = {.wakes = (double)r.wakes, .bytes = (double)r.search_bytes};

	for (unsigned i = 0; i < r.target_count; i++)
		c.bytes += (double)(r.targets[i].bytes_out + r.targets[i].bytes_in);
	return c;
}

static struct cost measure(nk_time timeout, double loss, uint64_t seed)
{
	const struct nat_spec nat = rig_nat(timeout);
	struct cost before, after;

	rig_open(&rig, &nat, loss, seed);
	rig.options.algorithm = KEEPALIVE_LEARNED;
	for (unsigned i = 0; i < TARGETS; i++)
		rig_add(&rig, RIG_BROKER);
	rig_start(&rig);
	rig_wait(&rig, LEARNED);
	before = cost_so_far();
	rig_wait(&rig, MEASURED);
	after = cost_so_far();
	for (unsigned i = 0; i < TARGETS; i++)
		assert_int_equal(rig_result(&rig).targets[i].state, KEEPER_UP);
	assert_int_equal(world_stats(rig.world)->late, 0);
	rig_close(&rig);
	return (struct cost){after.wakes - before.wakes, after.bytes - before.bytes};
}

/* Thirty timers of 15 s wake the machine up by themselves, and send a frame and are answered; fixed at
 * 0.72 of the timeout does in the mean at 0.9 of that. */
static void check(nk_time timeout, double loss)
{
	const double rounds = nk_seconds(MEASURED) * TARGETS / 15;
	const double at_fixed = nk_seconds(MEASURED) * TARGETS / (0.9 * 0.72 * nk_seconds(timeout));
	const struct cost c = measure(timeout, loss, (uint64_t)timeout);

	print_message(
		"%4.0f s, loss %.0f %%: wake-ups %.3f, bytes %.3f of constant, %.3f of fixed\n",
		nk_seconds(timeout), 100 * loss, c.wakes / rounds, c.bytes / (rounds * 2 * FRAME),
		c.bytes / (at_fixed * 2 * FRAME));
	assert_true(c.wakes <= rounds / 5);
	if (timeout >= 120 * NK_S)
		assert_true(c.bytes <= rounds * 2 * FRAME / 5);
	else
		assert_true(c.bytes <= 1.2 * at_fixed * 2 * FRAME);
}

static void test_costs(void **state)
{
	static const nk_time timeouts[] = {30 * NK_S, 60 * NK_S, 120 * NK_S, 300 * NK_S};

	(void)state;
	for (unsigned i = 0; i < sizeof(timeouts) / sizeof(timeouts[0]); i++)
		check(timeouts[i], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_costs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
