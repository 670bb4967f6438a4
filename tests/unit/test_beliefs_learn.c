/* What a call teaches, and what it does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../cmd/natpunch/beliefs_learn.h"

/* A call that has come to nothing yet. */
static struct call_report report(enum call_end end)
{
	return (struct call_report){
		.end = end,
		.tested = TACTICS,
		.met = NK_NEVER,
		.acknowledged = NK_NEVER,
		.answered = NK_NEVER,
		.fired = NK_NEVER,
		.connected = NK_NEVER,
	};
}

static struct tactics_belief learnt(const struct call_report *r)
{
	struct tactics_belief b = {.fact = {{0}}};

	beliefs_learn(&b, r, NK_S);
	return b;
}

static void assert_link(const struct link_belief *l, unsigned yes, unsigned no)
{
	assert_int_equal((unsigned)l->yes, yes);
	assert_int_equal((unsigned)l->no, no);
}

static void no_broker(void **state)
{
	const struct call_report r = report(CALL_NO_BROKER);
	const struct tactics_belief b = learnt(&r);

	(void)state;
	assert_link(&b.fact[LINK_WE_REACH_CLOUD], 0, 1);
	assert_link(&b.fact[LINK_CLOUD_REACHES_PEER], 0, 0);
}

static void no_path(void **state)
{
	struct call_report r = report(CALL_NO_PATH);
	struct tactics_belief b;

	(void)state;
	r.acknowledged = r.answered = r.fired = NK_S;
	r.punch.attempts[TACTIC_PLAIN].tried = true;
	b = learnt(&r);
	assert_link(&b.fact[LINK_CLOUD_REACHES_PEER], 1, 0);
	assert_link(&b.fact[LINK_PEER_CAN_OPEN], 0, 1);
	assert_link(&b.tactic[TACTIC_PLAIN], 0, 1);
	assert_link(&b.tactic[TACTIC_PREDICT], 0, 0);
}

static void connected(void **state)
{
	struct call_report r = report(CALL_CLOSED);
	struct tactics_belief b;

	(void)state;
	r.acknowledged = r.answered = r.fired = r.connected = NK_S;
	r.punch.connected = true;
	r.punch.heard = 1;
	r.punch.by = TACTIC_LEARN;
	r.punch.attempts[TACTIC_PLAIN].tried = true;
	b = learnt(&r);
	assert_link(&b.fact[LINK_PEER_IS_OPEN], 1, 0);
	assert_link(&b.fact[LINK_PEER_CAN_OPEN], 1, 0);
	assert_link(&b.tactic[TACTIC_LEARN], 1, 0);
	assert_link(&b.tactic[TACTIC_PLAIN], 0, 0);
}

/* The user did not wait for what would have come: that is no failure. */
static void stopped(void **state)
{
	static const enum call_end ends[] = {CALL_CLOSED, CALL_NOT_OVER, CALL_FAILED};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct call_report r = report(ends[i]);
		struct tactics_belief b = learnt(&r);

		assert_link(&b.fact[LINK_WE_REACH_CLOUD], 0, 0);
		r.acknowledged = NK_S;
		b = learnt(&r);
		assert_link(&b.fact[LINK_WE_REACH_CLOUD], 1, 0);
		assert_link(&b.fact[LINK_CLOUD_REACHES_PEER], 0, 0);
		r.answered = r.fired = NK_S;
		b = learnt(&r);
		assert_link(&b.fact[LINK_CLOUD_REACHES_PEER], 1, 0);
		assert_link(&b.fact[LINK_PEER_CAN_OPEN], 0, 0);
	}
}

static void relayed(void **state)
{
	struct call_report r = report(CALL_CLOSED);
	struct tactics_belief b;

	(void)state;
	r.acknowledged = r.answered = r.fired = NK_S;
	r.relayed = true;
	b = learnt(&r);
	assert_link(&b.tactic[TACTIC_RELAY], 1, 0);
	assert_link(&b.fact[LINK_PEER_CAN_OPEN], 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_broker), cmocka_unit_test(no_path), cmocka_unit_test(connected),
		cmocka_unit_test(stopped),   cmocka_unit_test(relayed),
	};

	return cmocka_run_group_tests_name("beliefs_learn", tests, NULL, NULL);
}
