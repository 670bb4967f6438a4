/* Epochs by the letter of RFC 6887 section 8.5 and RFC 6886 section 3.6, and the waits between tries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/portmap/epoch.h"
#include "core/portmap/retry.h"

/* What is heard @client seconds after an epoch of 1000: is the state lost? */
static bool pcp(uint32_t server_s, double client)
{
	struct epoch e = {.known = false};

	assert_false(epoch_lost_pcp(&e, 1000, 50 * NK_S));
	return epoch_lost_pcp(&e, server_s, 50 * NK_S + nk_from_seconds(client));
}

static bool natpmp(uint32_t server_s, double client)
{
	struct epoch e = {.known = false};

	assert_false(epoch_lost_natpmp(&e, 1000, 50 * NK_S));
	return epoch_lost_natpmp(&e, server_s, 50 * NK_S + nk_from_seconds(client));
}

static void test_pcp(void **state)
{
	(void)state;
	assert_false(pcp(1000, 0));
	assert_false(pcp(999, 0)); /* a second back: reordered */
	assert_true(pcp(998, 0));
	/* server_delta + 2 < client_delta - client_delta / 16: 160 s of ours are at least 148 of its. */
	assert_false(pcp(1148, 160));
	assert_true(pcp(1147, 160));
	/* client_delta + 2 < server_delta - server_delta / 16 */
	assert_false(pcp(1172, 160)); /* 172 - 10 = 162 */
	assert_true(pcp(1173, 160));  /* 173 - 10 = 163 */
	assert_true(pcp(0, 3600));
	assert_false(pcp(4600, 3600));
	/* In whole seconds of our own clock. */
	assert_false(pcp(1000, 2.9));
	assert_true(pcp(1000, 3));
}

static void test_natpmp(void **state)
{
	(void)state;
	assert_false(natpmp(1000, 0));
	assert_false(natpmp(998, 0)); /* by more than 2 s */
	assert_true(natpmp(997, 0));
	/* 7/8 of 160 s are 140 s. */
	assert_false(natpmp(1138, 160));
	assert_true(natpmp(1137, 160));
	assert_false(natpmp(~0u, 160)); /* ahead is well */
	assert_true(natpmp(0, 3600));
}

/* Each is compared with the one before it, valid or not. */
static void test_sequence(void **state)
{
	struct epoch e = {.known = false}, f = {.known = false};

	(void)state;
	assert_false(epoch_lost_pcp(&e, 1000, 0));
	assert_true(epoch_lost_pcp(&e, 5, 10 * NK_S));
	assert_false(epoch_lost_pcp(&e, 15, 20 * NK_S));
	assert_false(epoch_lost_natpmp(&f, 1000, 0));
	assert_true(epoch_lost_natpmp(&f, 5, 10 * NK_S));
	assert_false(epoch_lost_natpmp(&f, 15, 20 * NK_S));
}

/* 3 s, then twice the wait before, up to 1024 s, each a tenth off at most. */
static void test_retry_pcp(void **state)
{
	const struct retry_plan plan = {3 * NK_S, 1024 * NK_S, 20, true};
	nk_time now = 0, wait = 0;
	struct retry r;
	struct rng rng;

	(void)state;
	rng_seed_from_number(&rng, 1);
	retry_start(&r, &plan, 0);
	for (unsigned i = 0; i < plan.tries; i++) {
		const nk_time want = i == 0 ? plan.first : nk_min(2 * wait, plan.most);

		assert_true(retry_to_send(&r, now) && !retry_is_over(&r, now));
		retry_sent(&r, &rng, now);
		assert_false(retry_to_send(&r, r.due - 1) || retry_is_over(&r, r.due - 1));
		wait = r.due - now;
		assert_in_range(wait, want * 9 / 10 - 1, want * 11 / 10 + 1);
		now = r.due;
	}
	assert_true(wait > 900 * NK_S);
	assert_true(retry_is_over(&r, now) && !retry_to_send(&r, now));
	retry_stop(&r);
	assert_false(retry_is_over(&r, now + 9999 * NK_S));
}

/* RFC 6886 section 3.1: 250 ms and doubled, nine times; in all almost two minutes and a half. */
static void test_retry_natpmp(void **state)
{
	const struct retry_plan plan = {250 * NK_MS, 64 * NK_S, 9, false};
	nk_time now = 0;
	struct retry r;

	(void)state;
	retry_start(&r, &plan, 0);
	while (!retry_is_over(&r, now)) {
		retry_sent(&r, NULL, now);
		now = r.due;
	}
	assert_true(now == 250 * NK_MS * 511);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pcp),          cmocka_unit_test(test_natpmp),
		cmocka_unit_test(test_sequence),     cmocka_unit_test(test_retry_pcp),
		cmocka_unit_test(test_retry_natpmp),
	};

	return cmocka_run_group_tests_name("portmap_epoch", tests, NULL, NULL);
}
