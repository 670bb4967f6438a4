/* The replay window, against a list of all that was taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "core/session/replay.h"

static void test_each_once(void **state)
{
	struct replay r = {0};

	(void)state;
	for (uint64_t c = 0; c < 5000; c++) {
		assert_true(replay_is_fresh(&r, c));
		replay_take(&r, c);
		assert_false(replay_is_fresh(&r, c));
	}
}

static void test_window(void **state)
{
	struct replay r = {0};

	(void)state;
	replay_take(&r, 5000);
	assert_false(replay_is_fresh(&r, 5000 - REPLAY_WINDOW));
	for (uint64_t c = 5000 - REPLAY_WINDOW + 1; c < 5000; c++)
		assert_true(replay_is_fresh(&r, c));
}

/* A counter that a jump passed over is not that of one taken a window before. */
static void test_jumps(void **state)
{
	static const uint64_t jumps[] = {1, 63, 64, 65, 1023, 1024, 1025, 1ULL << 40, 1ULL << 62};

	(void)state;
	for (size_t i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++) {
		struct replay r = {0};

		for (uint64_t c = 0; c < 2000; c++)
			replay_take(&r, c);
		replay_take(&r, 1999 + jumps[i]);
		for (uint64_t c = 2000; c < 1999 + jumps[i] && c < 4000; c++)
			assert_int_equal(replay_is_fresh(&r, c),
					 1999 + jumps[i] - c < REPLAY_WINDOW);
		assert_false(replay_is_fresh(&r, 1999));
	}
}

static void test_last_counter(void **state)
{
	struct replay r = {0};

	(void)state;
	assert_true(replay_is_fresh(&r, UINT64_MAX - 1));
	replay_take(&r, UINT64_MAX - 1);
	assert_false(replay_is_fresh(&r, UINT64_MAX - 1));
	assert_false(replay_is_fresh(&r, UINT64_MAX));
	assert_true(replay_is_fresh(&r, UINT64_MAX - 2));
}

static void test_random(void **state)
{
	static bool taken[40000];
	struct replay r = {0};
	uint64_t newest = 0;
	struct rng rng;

	(void)state;
	rng_seed_from_number(&rng, 5);
	replay_take(&r, 0);
	taken[0] = true;
	for (unsigned i = 0; i < 200000 && newest < 38000; i++) {
		const uint64_t low = newest < 1500 ? 0 : newest - 1500;
		const uint64_t c = rng_below(&rng, 2) == 0
					   ? newest + 1 + rng_below(&rng, 3)
					   : low + rng_below(&rng, (uint32_t)(newest - low) + 1);
		const bool fresh = c + REPLAY_WINDOW > newest && !taken[c];

		assert_int_equal(replay_is_fresh(&r, c), fresh);
		if (!fresh)
			continue;
		replay_take(&r, c);
		taken[c] = true;
		newest = c > newest ? c : newest;
	}
	assert_true(newest >= 38000);
}

static int start(void **state)
{
	(void)state;
	return crypto_init();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_once),    cmocka_unit_test(test_window),
		cmocka_unit_test(test_jumps),        cmocka_unit_test(test_random),
		cmocka_unit_test(test_last_counter),
	};

	return cmocka_run_group_tests_name("session_replay", tests, start, NULL);
}
