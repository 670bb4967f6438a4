/*
 * natprobe in trouble that is not the NAT's: the path is cut for a while or for good, sockets
 * cannot be opened, packets cannot be sent. The run ends, and nothing false comes of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "base/err.h"
#include "core/probe/refresh.h"
#include "judge.h"
#include "stage.h"

#define FIRST  30
#define STREAM 60

static struct stage_plan a_plan(bool plain, uint64_t seed)
{
	const struct nat_spec nat = stage_linux(FIRST, STREAM);
	struct stage_plan plan = stage_plan(&nat, seed);

	plan.plain = plain;
	return plan;
}

static void assert_no_quota(struct stage *st)
{
	const struct probe_result *r = natprobe_result(st->probe);

	assert_int_not_equal(r->quota.policy, QUOTA_REFUSES);
	assert_int_not_equal(r->quota.policy, QUOTA_EVICTS);
}

static void assert_nothing_false(struct stage *st)
{
	const struct probe_result *r = natprobe_result(st->probe);

	assert_no_quota(st);
	for (unsigned s = 0; s < STATE_COUNT; s++)
		assert_int_not_equal(
			judge_time(&r->timeouts[s], s == STATE_STREAM ? STREAM : FIRST), WRONG);
	assert_int_not_equal(judge_fact(&r->refresh_out, true), WRONG);
	assert_int_not_equal(judge_fact(&r->refresh_in, true), WRONG);
}

/* Cuts the path at @at for @length. Return: the status at the end. */
static int run_cut(struct stage *st, const struct stage_plan *plan, nk_time at, nk_time length)
{
	const struct link_spec cut = {.delay = 10 * NK_MS, .loss = 1};
	int status;

	stage_set(st, plan);
	assert_int_equal(world_run(st->world, st->probe, at), CORE_BUSY);
	world_set_nat_link(st->world, st->nats[0], &cut, &cut);
	status = world_run(st->world, st->probe, at + length);
	if (status != CORE_BUSY)
		return status;
	world_set_nat_link(st->world, st->nats[0], &plan->link, &plan->link);
	return world_run(st->world, st->probe, 1800 * NK_S);
}

/* Set-ups that fail while nothing at all comes through are not refused by the NAT. */
static void test_cut_for_a_while(void **state)
{
	static const unsigned moments[] = {3, 6, 20, 29}, lengths[] = {2, 5, 10};

	(void)state;
	for (unsigned k = 0; k < 2 * 4 * 3; k++) {
		const struct stage_plan plan = a_plan(k % 2 != 0, k);
		struct stage st;

		assert_int_equal(
			run_cut(&st, &plan, moments[k / 6] * NK_S, lengths[k / 2 % 3] * NK_S),
			CORE_DONE);
		assert_nothing_false(&st);
		stage_strike(&st);
	}
}

static void test_cut_for_good(void **state)
{
	static const unsigned moments[] = {3, 20, 40};

	(void)state;
	for (unsigned k = 0; k < 2 * 3; k++) {
		const struct stage_plan plan = a_plan(k % 2 != 0, k);
		const nk_time at = moments[k / 2] * NK_S;
		struct stage st;

		assert_true(run_cut(&st, &plan, at, 60 * NK_S) < 0);
		assert_nothing_false(&st);
		assert_false(natprobe_result(st.probe)->complete);
		stage_strike(&st);
	}
}

static bool same_trial(const struct evidence *a, const struct evidence *b)
{
	return a->kind == b->kind && a->local_port == b->local_port &&
	       addr_eq(&a->server, &b->server) && a->at_s == b->at_s;
}

/* In haste, and stopped in the midst of it: each trial is told once, and where we are seen. */
static void test_told_once(void **state)
{
	(void)state;
	for (unsigned k = 0; k < 2; k++) {
		const struct event stop = {.kind = EVENT_STOP};
		struct stage_plan plan = a_plan(false, k);
		const struct probe_result *r;
		struct stage st;

		plan.options.quick = true;
		stage_set(&st, &plan);
		if (k == 1) {
			world_run(st.world, st.probe, 60 * NK_MS);
			world_tell(st.world, st.client, &stop);
		}
		assert_int_equal(world_run(st.world, st.probe, 10 * NK_S),
				 k == 1 ? NK_ERR_STOPPED : CORE_DONE);
		r = natprobe_result(st.probe);
		assert_int_equal(r->public_count, 1);
		assert_true(r->evidence_count > 0);
		for (unsigned i = 0; i < r->evidence_count; i++)
			for (unsigned j = 0; j < i; j++)
				assert_false(same_trial(&r->evidence[i], &r->evidence[j]));
		stage_strike(&st);
	}
}

/* With few mappings none is known well, but the truth is inside of what is said. */
static void assert_not_false(struct stage *st)
{
	const struct probe_result *r = natprobe_result(st->probe);

	for (unsigned s = 0; s < STATE_COUNT; s++) {
		const double truth = s == STATE_STREAM ? STREAM : FIRST;
		const struct measured *m = &r->timeouts[s];

		assert_true(m->known ? m->lo <= truth && truth <= m->hi : m->at_least <= truth + 1);
	}
}

/**
 * struct clumsy - A natprobe in a system that fails it
 * @opens:	Sockets beside the control socket that may still be opened
 * @sends_until: Nothing can be sent from those later on
 * @mute_from:	What the fan opens later on sends in vain, @mute_id the first of it; 0: never
 */
struct clumsy {
	struct natprobe *probe;
	unsigned opens;
	nk_time sends_until, mute_from;
	uint32_t mute_id;
};

static void clumsy_input(void *core, const struct event *ev, nk_time now)
{
	natprobe_input(((struct clumsy *)core)->probe, ev, now);
}

static bool clumsy_fails(struct clumsy *c, const struct action *action, nk_time now)
{
	if (action->id < (1u << 24))
		return false;
	if (action->kind == ACTION_SEND)
		return now >= c->sends_until;
	if (action->kind == ACTION_CLOSE || c->opens == 0)
		return action->kind == ACTION_OPEN;
	c->opens--;
	return false;
}

static bool clumsy_vanishes(struct clumsy *c, const struct action *action, nk_time now)
{
	if (c->mute_from == 0 || action->id < FAN_SOCKETS || action->id >= REFRESH_SOCKETS)
		return false;
	if (action->kind == ACTION_OPEN && c->mute_id == 0 && now >= c->mute_from)
		c->mute_id = action->id;
	return action->kind == ACTION_SEND && c->mute_id != 0 && action->id >= c->mute_id;
}

static bool clumsy_output(void *core, struct action *action, nk_time now)
{
	struct clumsy *c = core;

	while (natprobe_output(c->probe, action, now)) {
		struct event ev = {.kind = EVENT_OPEN_FAILED, .id = action->id, .error = 24};

		if (clumsy_vanishes(c, action, now))
			continue;
		if (!clumsy_fails(c, action, now))
			return true;
		if (action->kind == ACTION_SEND)
			ev.kind = EVENT_SEND_FAILED;
		natprobe_input(c->probe, &ev, now);
	}
	return false;
}

static nk_time clumsy_deadline(const void *core)
{
	return natprobe_deadline(((const struct clumsy *)core)->probe);
}

static int clumsy_status(const void *core)
{
	return natprobe_status(((const struct clumsy *)core)->probe);
}

static const struct core_ops clumsy_ops = {
	.input = clumsy_input,
	.output = clumsy_output,
	.deadline = clumsy_deadline,
	.status = clumsy_status,
};

/* The stage is left for the test to look at, and to strike. */
static void play_clumsy(struct stage *st, const struct stage_plan *plan, struct clumsy *c,
			nk_time until)
{
	stage_set(st, plan);
	c->probe = st->probe;
	world_attach(st->world, st->client, &clumsy_ops, c);
	assert_int_equal(world_run(st->world, c, until), CORE_DONE);
	assert_int_equal(world_stats(st->world)->late, 0);
}

static void run_clumsy(unsigned opens, nk_time sends_until)
{
	const struct stage_plan plan = a_plan(false, 1);
	struct clumsy c = {.opens = opens, .sends_until = sends_until};
	struct stage st;

	play_clumsy(&st, &plan, &c, 1800 * NK_S);
	assert_no_quota(&st);
	assert_not_false(&st);
	stage_strike(&st);
}

/* Set-ups vanish: it may be a quota of which others have all. Nobody waits for longer than the
 * longest silence that was to be tried. */
static void test_all_refused(void **state)
{
	static const unsigned seconds[] = {1, 2, 20};

	(void)state;
	for (unsigned i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
		struct stage_plan plan = a_plan(false, i);
		struct clumsy c = {
			.opens = 1000000,
			.sends_until = NK_NEVER,
			.mute_from = seconds[i] * NK_S,
		};
		struct stage st;

		plan.options.max = 100 * NK_S;
		play_clumsy(&st, &plan, &c, 250 * NK_S);
		stage_strike(&st);
	}
}

static void test_no_sockets(void **state)
{
	static const unsigned opens[] = {6, 9, 16, 40, 100};

	(void)state;
	for (unsigned i = 0; i < sizeof(opens) / sizeof(opens[0]); i++)
		run_clumsy(opens[i], NK_NEVER);
}

static void test_no_sends(void **state)
{
	static const unsigned seconds[] = {2, 3, 10, 40};

	(void)state;
	for (unsigned i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++)
		run_clumsy(1000000, seconds[i] * NK_S);
}

/* A NAT that evicts makes timers of its own: not to be believed before that is settled, not even
 * by one who ends the run. */
static void test_evicted(void **state)
{
	static const unsigned quotas[] = {24, 112, 148, 172};

	(void)state;
	for (unsigned k = 0; k < 4 * 12; k++) {
		struct stage_plan plan = a_plan(false, k);
		const nk_time at = k % 12 == 0 ? 1800 * NK_S : (k % 12) * 3 * NK_S;
		struct stage st;

		plan.nats[0].quota = quotas[k / 12];
		plan.nats[0].quota_policy =
			k % 2 != 0 ? NAT_QUOTA_EVICT_OLDEST : NAT_QUOTA_EVICT_FIRST;
		stage_set(&st, &plan);
		if (world_run(st.world, st.probe, at) == CORE_BUSY)
			world_tell(st.world, st.client, &(struct event){.kind = EVENT_STOP});
		assert_not_false(&st);
		stage_strike(&st);
	}
}

static bool names_full_server(const struct probe_result *r)
{
	bool named = false;

	for (unsigned i = 0; i < r->evidence_count; i++)
		named |=
			r->evidence[i].why != NULL && strstr(r->evidence[i].why, "no room") != NULL;
	return named;
}

/* Two of one home share what the server has room for: what it ignores is no quota of the NAT, and
 * nobody waits for it. */
static void test_server_is_full(void **state)
{
	static const unsigned rooms[] = {1, 20, 100, 200, 400};
	unsigned named = 0;

	(void)state;
	for (unsigned k = 0; k < 2 * sizeof(rooms) / sizeof(rooms[0]); k++) {
		const struct addr other = addr_v4(100, 64, 0, 3, 0);
		struct stage_plan plan = a_plan(false, k);
		const uint8_t seed[32] = {(uint8_t)k};
		struct natprobe *second;
		struct stage st, too;
		int host;

		plan.room = rooms[k / 2];
		plan.link.loss = k % 2 != 0 ? 0.05 : 0;
		stage_set(&st, &plan);
		host = world_add_host(st.world, &other, 1, st.nats[0]);
		second = natprobe_new(&plan.options, seed);
		assert_non_null(second);
		natprobe_start(second, 0);
		world_attach(st.world, host, &natprobe_ops, second);
		assert_int_equal(world_run(st.world, st.probe, 200 * NK_S), CORE_DONE);
		assert_int_equal(world_run(st.world, second, 200 * NK_S), CORE_DONE);
		too = (struct stage){.probe = second};
		assert_no_quota(&st);
		assert_no_quota(&too);
		assert_not_false(&st);
		assert_not_false(&too);
		named += names_full_server(natprobe_result(st.probe)) ||
			 names_full_server(natprobe_result(second));
		natprobe_free(second);
		stage_strike(&st);
	}
	assert_in_range(named, 4, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut_for_a_while), cmocka_unit_test(test_cut_for_good),
		cmocka_unit_test(test_told_once),       cmocka_unit_test(test_no_sockets),
		cmocka_unit_test(test_no_sends),        cmocka_unit_test(test_evicted),
		cmocka_unit_test(test_all_refused),     cmocka_unit_test(test_server_is_full),
	};

	if (crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
