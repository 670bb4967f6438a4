/*
 * Mappings that die together, of which none was pushed out: a NAT that purges in sweeps has no
 * quota, and lifetimes that vary. And quotas that look like timers, one mapping at a time.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "judge.h"
#include "stage.h"

#define SEEDS 12

static const struct {
	const char *name;
	unsigned first, replied, stream, sweep;
	bool by_flow;
} sweepers[] = {
	{"as pf", 60, 30, 60, 10, true},
	{"as libalias", 60, 60, 60, 64, true},
	{"as Realtek", 15, 15, 15, 1, true},
	{"by mapping", 40, 40, 120, 25, false},
};
#define SWEEPERS (sizeof(sweepers) / sizeof(sweepers[0]))

static void check_sweeper(unsigned which, uint64_t seed, unsigned *wide)
{
	struct nat_spec nat = stage_linux(sweepers[which].first, sweepers[which].stream);
	struct stage_plan plan;
	struct stage st;

	nat.t_replied = sweepers[which].replied * NK_S;
	nat.sweep = sweepers[which].sweep * NK_S;
	nat.sweep_phase = (nk_time)seed * NK_S * 7 % nat.sweep;
	nat.flow_timers = sweepers[which].by_flow;
	plan = stage_plan(&nat, seed);
	plan.link.loss = seed % 3 == 0 ? 0.05 : 0;
	plan.link.delay = seed % 2 == 0 ? 150 * NK_MS : 500;
	stage_set(&st, &plan);
	assert_int_equal(world_run(st.world, st.probe, 720 * NK_S), CORE_DONE);

	const struct probe_result *r = natprobe_result(st.probe);
	const nk_time times[] = {nat.t_first, nat.t_replied, nat.t_stream};

	if (r->quota.policy != QUOTA_NONE_SEEN)
		print_message("%s, seed %u: quota %u\n", sweepers[which].name, (unsigned)seed,
			      r->quota.value);
	assert_int_equal(r->quota.policy, QUOTA_NONE_SEEN);
	for (unsigned s = 0; s < STATE_COUNT; s++) {
		const struct measured *m = &r->timeouts[s];
		const double lo = nk_seconds(times[s]), hi = lo + sweepers[which].sweep;

		assert_true(m->known);
		assert_true(m->hi > lo - tolerance(lo) && m->lo < hi + tolerance(hi));
		assert_true(!m->varies || m->hi - m->lo <= hi - lo + 4 * tolerance(hi));
		*wide += m->varies;
	}
	stage_strike(&st);
}

static void test_sweeps_are_no_quota(void **state)
{
	unsigned wide = 0;

	(void)state;
	for (unsigned which = 0; which < SWEEPERS; which++)
		for (uint64_t seed = 1; seed <= SEEDS; seed++)
			check_sweeper(which, seed, &wide);
	print_message("lifetimes seen to vary: %u of %u\n", wide,
		      (unsigned)(SWEEPERS * SEEDS * STATE_COUNT));
	assert_true(wide > 0);
}

/* One timer is one timer, also with losses: it does not vary. */
static void test_one_timer_does_not_vary(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		const struct nat_spec nat = stage_linux(13, 31);
		struct stage_plan plan = stage_plan(&nat, seed);
		struct stage st;

		plan.link.loss = 0.05;
		stage_set(&st, &plan);
		assert_int_equal(world_run(st.world, st.probe, 720 * NK_S), CORE_DONE);
		for (unsigned s = 0; s < STATE_COUNT; s++)
			assert_false(natprobe_result(st.probe)->timeouts[s].varies);
		stage_strike(&st);
	}
}

/* The dense openings at the beginning push out what is still being set up. */
static void test_quota_in_the_rush(void **state)
{
	(void)state;
	for (unsigned quota = 128; quota <= 152; quota += 4) {
		struct nat_spec nat = stage_linux(30, 60);
		struct stage_plan plan;
		struct stage st;

		nat.quota = quota;
		nat.quota_policy = NAT_QUOTA_EVICT_FIRST;
		plan = stage_plan(&nat, quota);
		plan.link.delay = quota % 8 == 0 ? 500 : 20 * NK_MS;
		stage_set(&st, &plan);
		assert_int_equal(world_run(st.world, st.probe, 1800 * NK_S), CORE_DONE);

		const struct probe_result *r = natprobe_result(st.probe);

		print_message("quota %u: %s %u, stream %.1f s\n", quota,
			      quota_policy_name(r->quota.policy), r->quota.value,
			      r->timeouts[STATE_STREAM].value);
		assert_int_equal(r->quota.policy, QUOTA_EVICTS);
		for (unsigned s = 0; s < STATE_COUNT; s++)
			assert_int_equal(judge_time(&r->timeouts[s], s == STATE_STREAM ? 60 : 30),
					 RIGHT);
		stage_strike(&st);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sweeps_are_no_quota),
		cmocka_unit_test(test_one_timer_does_not_vary),
		cmocka_unit_test(test_quota_in_the_rush),
	};

	if (crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
