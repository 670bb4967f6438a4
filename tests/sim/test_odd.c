/*
 * natprobe where things are odd: no NAT, two NATs, quotas, servers that can do less or that lie,
 * a user who has had enough. Nothing found may be false; what must be found is named by each test.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "base/err.h"
#include "judge.h"
#include "stage.h"

#define SEEDS 5

/* Runs to the end. */
static const struct probe_result *run(struct stage *st, const struct stage_plan *plan)
{
	stage_set(st, plan);
	assert_int_equal(world_run(st->world, st->probe, 1800 * NK_S), CORE_DONE);
	return natprobe_result(st->probe);
}

static bool has_fault(const struct probe_result *r, enum fault_kind kind)
{
	for (unsigned i = 0; i < r->fault_count; i++)
		if (r->faults[i].kind == kind)
			return true;
	return false;
}

static void assert_times(const struct probe_result *r, unsigned first, unsigned stream)
{
	assert_int_equal(judge_time(&r->timeouts[STATE_SOLITARY], first), RIGHT);
	assert_int_equal(judge_time(&r->timeouts[STATE_REPLIED], first), RIGHT);
	assert_int_equal(judge_time(&r->timeouts[STATE_STREAM], stream), RIGHT);
}

static void test_no_nat(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		const struct stage_plan plan = stage_plan(NULL, seed);
		struct stage st;
		const struct probe_result *r = run(&st, &plan);

		assert_int_equal(judge_fact(&r->nat, false), RIGHT);
		assert_int_equal(judge_class(&r->filtering, NAT_EI), RIGHT);
		for (unsigned i = 0; i < STATE_COUNT; i++)
			assert_false(r->timeouts[i].known);
		stage_strike(&st);
	}
}

/* Of two NATs the stricter class and the shorter time are seen. */
static void test_two_nats(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct nat_spec outer = stage_linux(30, 60);
		struct stage_plan plan = stage_plan(&outer, seed);
		struct stage st;

		plan.nats[1] = stage_linux(20, 90);
		plan.nats[1].external[0] = addr_v4(100, 64, 1, 1, 0);
		plan.nats[1].mapping = NAT_APD;
		plan.nats[1].filtering = NAT_EI;
		plan.nats[1].ports = NAT_PORTS_RANDOM;
		plan.nat_count = 2;

		const struct probe_result *r = run(&st, &plan);

		assert_int_equal(judge_class(&r->mapping, NAT_APD), RIGHT);
		assert_int_equal(judge_class(&r->filtering, NAT_APD), RIGHT);
		assert_int_equal(r->ports.pattern, PORTS_RANDOM);
		assert_times(r, 20, 60);
		stage_strike(&st);
	}
}

static void check_quota(unsigned quota, enum nat_quota policy, bool by_flow, uint64_t seed)
{
	struct nat_spec spec = stage_linux(30, 60);
	struct stage_plan plan;
	struct stage st;
	enum outcome times[STATE_COUNT];

	spec.quota = quota;
	spec.quota_policy = policy;
	spec.flow_timers = by_flow;
	plan = stage_plan(&spec, seed);

	const struct probe_result *r = run(&st, &plan);
	const unsigned peak = nat_mappings_peak(st.world, st.nats[0]);

	for (unsigned i = 0; i < STATE_COUNT; i++)
		times[i] = judge_time(&r->timeouts[i], i == STATE_STREAM ? 60 : 30);
	print_message(
		"%3u %s %-8s seed %u: %s %u, held %u, in truth %u; times %u %u %u; mapping %u, "
		"filtering %u; %.0f s\n",
		quota, policy == NAT_QUOTA_REFUSE ? "refused" : "evicted",
		by_flow ? "flows" : "mappings", (unsigned)seed, quota_policy_name(r->quota.policy),
		r->quota.value, r->quota.held, peak, times[0], times[1], times[2],
		judge_class(&r->mapping, NAT_EI), judge_class(&r->filtering, NAT_APD),
		nk_seconds(r->ended - r->started));
	if (peak < quota) /* never met */
		assert_int_equal(r->quota.policy, QUOTA_NONE_SEEN);
	else
		assert_int_equal(r->quota.policy,
				 policy == NAT_QUOTA_REFUSE ? QUOTA_REFUSES : QUOTA_EVICTS);
	for (unsigned i = 0; i < STATE_COUNT; i++)
		assert_int_not_equal(times[i], WRONG);
	assert_int_not_equal(judge_class(&r->mapping, NAT_EI), WRONG);
	assert_int_not_equal(judge_class(&r->filtering, NAT_APD), WRONG);
	stage_strike(&st);
}

static void check_quotas(enum nat_quota policy, bool by_flow)
{
	static const unsigned quotas[] = {24, 64, 200};

	for (unsigned i = 0; i < 3; i++)
		for (uint64_t seed = 1; seed <= SEEDS; seed++)
			check_quota(quotas[i], policy, by_flow, seed);
}

static void test_quota_refuses_flows(void **state)
{
	(void)state;
	check_quotas(NAT_QUOTA_REFUSE, true);
}

static void test_quota_refuses_mappings(void **state)
{
	(void)state;
	check_quotas(NAT_QUOTA_REFUSE, false);
}

static void test_quota_evicts_oldest(void **state)
{
	(void)state;
	check_quotas(NAT_QUOTA_EVICT_OLDEST, true);
}

static void test_quota_evicts_first(void **state)
{
	(void)state;
	check_quotas(NAT_QUOTA_EVICT_FIRST, true);
}

/* --mappings is kept to, as a NAT that counts flows counts. */
static void test_budget(void **state)
{
	static const unsigned budgets[] = {32, 64, 256, 512};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		const struct nat_spec spec = stage_linux(30, 60);
		struct stage_plan plan = stage_plan(&spec, 1);
		struct stage st;

		plan.options.mappings = budgets[i];

		const struct probe_result *r = run(&st, &plan);

		print_message("--mappings %u: %u held, %u said\n", budgets[i],
			      nat_mappings_peak(st.world, st.nats[0]), r->mappings_peak);
		assert_true(nat_mappings_peak(st.world, st.nats[0]) <= budgets[i]);
		for (unsigned s = 0; s < STATE_COUNT; s++)
			assert_int_not_equal(
				judge_time(&r->timeouts[s], s == STATE_STREAM ? 60 : 30), WRONG);
		stage_strike(&st);
	}
}

/* Neither packets out nor packets in keep the mapping. With ports drawn anew this could be seen, but
 * what each of them does cannot be told from what the other does. */
static void test_no_refresh(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct nat_spec spec = stage_linux(20, 40);
		struct stage_plan plan;
		struct stage st;

		spec.ports = NAT_PORTS_RANDOM;
		spec.refresh_out = spec.refresh_in = false;
		plan = stage_plan(&spec, seed);

		const struct probe_result *r = run(&st, &plan);

		assert_int_not_equal(judge_fact(&r->refresh_out, false), WRONG);
		assert_int_not_equal(judge_fact(&r->refresh_in, false), WRONG);
		stage_strike(&st);
	}
}

/* A third party's server: what it allows is measured, for the rest the reason is its limit. */
static void test_plain_server(void **state)
{
	(void)state;
	for (int kind = 0; kind < 3; kind++) {
		for (uint64_t seed = 1; seed <= SEEDS; seed++) {
			const struct nat_spec spec = stage_linux(13, 31);
			struct stage_plan plan = stage_plan(&spec, seed);
			struct stage st;

			plan.plain = true;
			plan.one_address = kind == 1;
			plan.faults = kind == 2 ? PLAIN_UNKNOWN_METHOD_400 | PLAIN_OTHER_FIXED : 0;

			const struct probe_result *r = run(&st, &plan);

			assert_false(r->probe_service);
			assert_int_equal(r->response_port, TRI_YES);
			assert_int_equal(judge_fact(&r->nat, true), RIGHT);
			assert_int_equal(judge_class(&r->mapping, NAT_EI),
					 kind == 1 ? UNKNOWN : RIGHT);
			assert_int_equal(judge_class(&r->filtering, NAT_APD),
					 kind == 1 ? UNKNOWN : RIGHT);
			assert_int_equal(judge_time(&r->timeouts[STATE_SOLITARY], 13), UNKNOWN);
			assert_int_equal(r->timeouts[STATE_SOLITARY].why_kind, WHY_SERVER);
			assert_int_equal(judge_time(&r->timeouts[STATE_REPLIED], 13), RIGHT);
			assert_int_not_equal(judge_time(&r->timeouts[STATE_STREAM], 31), WRONG);
			stage_strike(&st);
		}
	}
}

static const struct {
	unsigned faults;
	bool named;
	enum fault_kind name;
} liars[] = {
	{PLAIN_OTHER_IS_SELF, true, FAULT_OTHER_IS_SELF},
	{PLAIN_OTHER_SILENT, true, FAULT_OTHER_SILENT},
	{PLAIN_CHANGE_IGNORED, true, FAULT_CHANGE_IGNORED},
	{PLAIN_CHANGE_REFUSED, true, FAULT_CHANGE_REFUSED},
	{PLAIN_RESPONSE_PORT_IGNORED, false, 0},
	{PLAIN_RESPONSE_PORT_REFUSED, false, 0},
	{PLAIN_WRONG_SOURCE | PLAIN_TRUTH_TOO, false, 0}, /* the NAT may stop the wrong one */
	{PLAIN_WRONG_TID | PLAIN_TRUTH_TOO, true, FAULT_WRONG_TID},
	{PLAIN_GARBAGE | PLAIN_TRUTH_TOO, true, FAULT_GARBAGE},
};

/* A server that lies is named, and nothing false comes of it, whatever the NAT. */
static void test_liars(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(liars) / sizeof(liars[0]); i++) {
		for (int filtering = NAT_EI; filtering <= NAT_APD; filtering++) {
			struct nat_spec spec = stage_linux(13, 31);
			struct stage_plan plan;
			struct stage st;

			spec.filtering = (enum nat_behaviour)filtering;
			plan = stage_plan(&spec, 1 + i);
			plan.plain = true;
			plan.faults = liars[i].faults;

			const struct probe_result *r = run(&st, &plan);

			print_message("faults %#x, filtering %d: mapping %s, filtering %s\n",
				      plan.faults, filtering, nat_class_name(r->mapping.cls),
				      nat_class_name(r->filtering.cls));
			assert_true(!liars[i].named || has_fault(r, liars[i].name));
			assert_int_equal(judge_fact(&r->nat, true), RIGHT);
			assert_int_not_equal(judge_class(&r->mapping, NAT_EI), WRONG);
			assert_int_not_equal(judge_class(&r->filtering, spec.filtering), WRONG);
			assert_int_not_equal(judge_time(&r->timeouts[STATE_REPLIED], 13), WRONG);
			assert_int_not_equal(judge_time(&r->timeouts[STATE_STREAM], 31), WRONG);
			stage_strike(&st);
		}
	}
}

/* Nothing that can be believed comes: unreachable, within 5 s. */
static void test_useless_servers(void **state)
{
	static const unsigned faults[] = {PLAIN_SILENT, PLAIN_WRONG_TID, PLAIN_GARBAGE};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct nat_spec spec = stage_linux(13, 31);
		struct stage_plan plan = stage_plan(&spec, 1);
		struct stage st;

		plan.plain = true;
		plan.faults = faults[i];
		stage_set(&st, &plan);
		assert_int_equal(world_run(st.world, st.probe, 5 * NK_S), NK_ERR_UNREACHABLE);
		assert_false(natprobe_result(st.probe)->complete);
		stage_strike(&st);
	}
}

/* At any moment the run can be ended, and then it ends, and says that it is not complete. */
static void test_cut_short(void **state)
{
	static const struct {
		enum event_kind kind;
		int status;
	} ends[] = {{EVENT_STOP, NK_ERR_STOPPED}, {EVENT_LINK_LOST, NK_ERR_LINK_LOST}};
	static const nk_time moments[] = {0,        NK_MS,     25 * NK_MS, 200 * NK_MS, NK_S,
					  5 * NK_S, 14 * NK_S, 20 * NK_S,  32 * NK_S};

	(void)state;
	for (unsigned e = 0; e < 2; e++) {
		for (unsigned i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
			const struct nat_spec spec = stage_linux(13, 31);
			const struct stage_plan plan = stage_plan(&spec, 1);
			struct stage st;

			stage_set(&st, &plan);
			assert_int_equal(world_run(st.world, st.probe, moments[i]), CORE_BUSY);
			world_tell(st.world, st.client, &(struct event){.kind = ends[e].kind});
			assert_int_equal(world_run(st.world, st.probe, moments[i] + NK_S),
					 ends[e].status);

			const struct probe_result *r = natprobe_result(st.probe);

			assert_false(r->complete);
			assert_int_equal(r->cut_why, ends[e].status);
			for (unsigned s = 0; s < STATE_COUNT; s++)
				assert_int_not_equal(
					judge_time(&r->timeouts[s], s == STATE_STREAM ? 31 : 13),
					WRONG);
			stage_strike(&st);
		}
	}
}

/* A firewall of this machine refuses what is sent: that is not the server's silence. */
static void test_sending_forbidden(void **state)
{
	const struct nat_spec spec = stage_linux(13, 31);
	const struct stage_plan plan = stage_plan(&spec, 1);
	const struct event refused = {.kind = EVENT_SEND_FAILED, .id = 1, .error = EPERM};
	struct stage st;

	(void)state;
	stage_set(&st, &plan);
	assert_int_equal(world_run(st.world, st.probe, NK_MS), CORE_BUSY);
	world_tell(st.world, st.client, &refused);
	assert_int_equal(world_run(st.world, st.probe, NK_S), NK_ERR_PERMISSION);
	stage_strike(&st);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_nat),
		cmocka_unit_test(test_two_nats),
		cmocka_unit_test(test_quota_refuses_flows),
		cmocka_unit_test(test_quota_refuses_mappings),
		cmocka_unit_test(test_quota_evicts_oldest),
		cmocka_unit_test(test_quota_evicts_first),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_no_refresh),
		cmocka_unit_test(test_plain_server),
		cmocka_unit_test(test_liars),
		cmocka_unit_test(test_useless_servers),
		cmocka_unit_test(test_cut_short),
		cmocka_unit_test(test_sending_forbidden),
	};

	if (crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
