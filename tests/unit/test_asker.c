/* The asker: what copies and their controls prove, and what must not be believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "asker_rig.h"

static void test_ask_bytes(void **state)
{
	(void)state;
	session();
	ask(2, 3);
	assert_int_equal(sent_msg.method, PROBE_ASK);
	assert_int_equal(sent_msg.cls, STUN_REQUEST);
	assert_true(sent_probe.token == TOKEN);
	assert_int_equal(sent_probe.trial_count, 2);
	assert_int_equal(sent_probe.trials[1], 2);
	assert_int_equal(sent_probe.copies, 3);
	assert_int_equal(sent_probe.spacing_ms, ASK_SPACING / NK_MS);
}

static void test_alive(void **state)
{
	struct ask_verdict v;
	nk_time first;

	(void)state;
	session();
	ask(1, 3);
	now += RTT;
	assert_true(acked());
	check_no_verdict();
	now += 1;
	first = now;
	assert_true(copy(1, 0));
	now += ASK_SPACING;
	assert_true(copy(1, 1));
	assert_true(asker_take(&a, &v, now));
	assert_int_equal(v.verdict, VERDICT_ALIVE);
	assert_int_equal(v.copies, 3);
	assert_true(v.at == first);
	assert_null(v.why);
	check_no_verdict();
	assert_true(asker_deadline(&a) == NK_NEVER);
}

/* One copy of three is proof, whatever became of the controls and of the acknowledgement. */
static void test_alive_by_last_copy(void **state)
{
	(void)state;
	session();
	ask(1, 3);
	now += 3 * ASK_SPACING;
	assert_true(copy(1, 2));
	check_verdict(1, VERDICT_ALIVE, NULL);
}

static void test_dead(void **state)
{
	struct ask_verdict v;
	nk_time fired;

	(void)state;
	session();
	ask(1, 3);
	now += RTT;
	assert_true(acked());
	fired = now;
	for (int round = 0; round < 3; round++) {
		check_no_verdict();
		assert_true(echo(round));
		now += ASK_SPACING;
	}
	pass();
	assert_true(asker_take(&a, &v, now));
	assert_int_equal(v.verdict, VERDICT_DEAD);
	assert_int_equal(v.controls, 7);
	assert_int_equal(v.copies, 0);
	assert_true(v.at == fired);
}

/* A copy that comes right after the last control was only overtaken. */
static void test_overtaken(void **state)
{
	(void)state;
	session();
	ask(2, 3);
	now += RTT;
	acked();
	for (int round = 0; round < 3; round++)
		echo(round);
	check_no_verdict();
	now += 10 * NK_MS;
	assert_true(copy(2, 2));
	pass();
	check_verdict(1, VERDICT_DEAD, NULL);
	check_verdict(2, VERDICT_ALIVE, NULL);
	check_no_verdict();
}

static void check_controls(unsigned copies, unsigned echoes, enum verdict verdict)
{
	set_up(NULL);
	session();
	ask(1, copies);
	now += RTT;
	acked();
	for (unsigned round = 0; round < copies; round++) {
		if (echoes >> round & 1)
			assert_true(echo((int)round));
		now += ASK_SPACING;
	}
	pass();
	check_verdict(1, verdict, verdict == VERDICT_VOID ? "control answers were lost" : NULL);
}

static void test_controls_needed(void **state)
{
	(void)state;
	for (unsigned echoes = 0; echoes < 8; echoes++) {
		const unsigned n = (echoes & 1) + (echoes >> 1 & 1) + (echoes >> 2);

		check_controls(3, echoes, n >= 2 ? VERDICT_DEAD : VERDICT_VOID);
	}
	check_controls(2, 3, VERDICT_DEAD);
	check_controls(2, 2, VERDICT_VOID);
	check_controls(1, 1, VERDICT_DEAD);
	check_controls(1, 0, VERDICT_VOID);
}

/* The same control twice is one. */
static void test_control_repeated(void **state)
{
	(void)state;
	session();
	ask(1, 3);
	now += RTT;
	acked();
	assert_true(echo(0));
	assert_true(echo(0));
	assert_true(echo(0));
	pass();
	check_verdict(1, VERDICT_VOID, "control answers were lost");
}

static void test_refusals(void **state)
{
	struct msg m;

	(void)state;
	session();
	ask(4, 3);
	now += RTT;
	m = message(PROBE_ASK, STUN_SUCCESS, a.asks[0].tid);
	m.states[0] = (struct probe_trial_state){.trial = 1, .flags = PROBE_REFUSED};
	m.states[1] = (struct probe_trial_state){.trial = 2, .flags = PROBE_UNKNOWN_TRIAL};
	m.states[2] = (struct probe_trial_state){.trial = 3, .flags = PROBE_OTHER_ADDRESS};
	m.states[3] = (struct probe_trial_state){.trial = 4, .flags = PROBE_SEEN};
	m.state_count = 4;
	assert_true(control_hears(&m));
	for (int round = 0; round < 3; round++)
		echo(round);
	pass();
	check_verdict(1, VERDICT_VOID, "the server refused to send");
	check_verdict(2, VERDICT_VOID, "the server refused to send");
	check_verdict(3, VERDICT_VOID, "exit addresses differ");
	check_verdict(4, VERDICT_DEAD, NULL);
}

static void test_lost_acknowledgement(void **state)
{
	uint8_t first[STUN_TID];

	(void)state;
	session();
	ask(1, 3);
	memcpy(first, sent_msg.tid, STUN_TID);
	now += RTT;
	for (int round = 0; round < 3; round++)
		assert_true(echo(round));
	/* The controls came, the acknowledgement did not: asked again, with the same id. */
	now += NK_S;
	check_no_verdict();
	assert_true(asker_deadline(&a) <= now);
	assert_true(next());
	assert_memory_equal(sent_msg.tid, first, STUN_TID);
	now += RTT;
	assert_true(acked());
	pass();
	check_verdict(1, VERDICT_DEAD, NULL);
}

static void test_never_acknowledged(void **state)
{
	unsigned repeats = 1;

	(void)state;
	session();
	ask(1, 3);
	while (a.asks[0].used && !a.asks[0].given_up) {
		now = nk_max(now, asker_deadline(&a));
		repeats += next();
		assert_in_range(repeats, 1, 8);
	}
	assert_int_equal(repeats, 8);
	check_verdict(1, VERDICT_VOID, "the server did not take the question");
}

static void test_session_lost(void **state)
{
	struct msg m;

	(void)state;
	session();
	ask(1, 3);
	m = message(PROBE_ASK, STUN_ERROR, sent_msg.tid);
	m.error = PROBE_ERR_SESSION;
	assert_true(control_hears(&m));
	assert_true(a.session_lost);
	check_verdict(1, VERDICT_VOID, "the server did not take the question");
}

/* Each of these is a copy or a control but for one thing. */
static void test_forged(void **state)
{
	struct msg good, m;
	uint8_t wrong[STUN_TID];

	(void)state;
	session();
	ask(2, 3);
	now += RTT;
	acked();
	good = copy_of(1, 1);
	for (unsigned i = 0; i < STUN_TID; i++) {
		memcpy(wrong, good.tid, STUN_TID);
		wrong[i] ^= 0x80;
		m = good;
		m.tid = wrong;
		assert_false(trial_hears(1, &m));
		m.method = PROBE_ECHO;
		assert_false(control_hears(&m));
	}
	m = good;
	m.from = stranger;
	assert_false(trial_hears(1, &m));
	m.from = addr_with_port(server, 3479);
	assert_false(trial_hears(1, &m));
	m = good;
	m.round = 3;
	assert_false(trial_hears(1, &m));
	m.round = 255;
	assert_false(trial_hears(1, &m));
	m.round = -1;
	assert_false(trial_hears(1, &m));
	m = good;
	m.trial = 3;
	assert_false(trial_hears(1, &m));
	m.trial = 2;
	assert_false(trial_hears(1, &m));
	m.trial = 0;
	assert_false(trial_hears(1, &m));
	m = good;
	m.cls = STUN_SUCCESS;
	assert_false(trial_hears(1, &m));
	m = good;
	m.cut = true;
	assert_false(trial_hears(1, &m));
	/* A copy on the control flow is no control, an echo on a trial no copy. */
	assert_false(control_hears(&good));
	m = good;
	m.method = PROBE_ECHO;
	assert_false(trial_hears(1, &m));
	m.from = stranger;
	assert_false(control_hears(&m));
	assert_false(echo(3));
	assert_false(echo(-1));

	pass();
	check_verdict(1, VERDICT_VOID, "control answers were lost");
	check_verdict(2, VERDICT_VOID, "control answers were lost");
}

static void test_late_copy(void **state)
{
	struct msg late;
	uint8_t tid[STUN_TID];

	(void)state;
	session();
	ask(1, 3);
	now += RTT;
	acked();
	for (int round = 0; round < 3; round++)
		echo(round);
	memcpy(tid, a.asks[0].tid, STUN_TID);
	late = copy_of(1, 0);
	late.tid = tid;
	pass();
	check_verdict(1, VERDICT_DEAD, NULL);
	check_no_verdict();
	assert_false(trial_hears(1, &late));

	/* The next question about the same trial has another id: what belonged to the last one is no answer. */
	ask(1, 3);
	assert_memory_not_equal(a.asks[0].tid, tid, STUN_TID);
	assert_false(trial_hears(1, &late));
}

/* RESPONSE-PORT: each round is one request per target to its mapped port, then a plain one. */
static uint8_t plain_tids[3][3][STUN_TID];

static void plain_rounds(void)
{
	const struct ask_target targets[] = {{.trial = 1, .socket = TRIAL_ON + 1, .port = 40001},
					     {.trial = 2, .socket = TRIAL_ON + 2, .port = 40002}};
	const nk_time start = now;

	asker_use_response_port(&a);
	assert_true(asker_ask(&a, targets, 2, 3, now));
	for (unsigned round = 0; round < 3; round++) {
		assert_true(asker_deadline(&a) == start + round * ASK_SPACING);
		now = asker_deadline(&a);
		for (unsigned i = 0; i < 3; i++) {
			assert_true(next());
			assert_int_equal(sent_msg.method, STUN_BINDING);
			assert_int_equal(sent_msg.response_port, i < 2 ? targets[i].port : 0);
			memcpy(plain_tids[round][i], sent_msg.tid, STUN_TID);
		}
		assert_false(next());
	}
}

static bool plain_answer(unsigned round, unsigned target, uint32_t trial)
{
	struct msg m = message(STUN_BINDING, STUN_SUCCESS, plain_tids[round][target]);

	m.address = true;
	return trial == 0 ? control_hears(&m) : trial_hears(trial, &m);
}

static void test_response_port(void **state)
{
	(void)state;
	plain_rounds();
	now += RTT;
	assert_true(plain_answer(0, 2, 0));
	assert_true(plain_answer(2, 2, 0));
	assert_true(plain_answer(1, 1, 2));
	check_no_verdict();
	pass();
	check_verdict(1, VERDICT_DEAD, NULL);
	check_verdict(2, VERDICT_ALIVE, NULL);
	check_no_verdict();
	assert_true(asker_deadline(&a) == NK_NEVER);
}

static void test_response_port_void(void **state)
{
	(void)state;
	plain_rounds();
	assert_true(plain_answer(1, 2, 0));
	pass();
	check_verdict(1, VERDICT_VOID, "control answers were lost");
	check_verdict(2, VERDICT_VOID, "control answers were lost");
}

static void test_response_port_forged(void **state)
{
	uint8_t wrong[STUN_TID];
	struct msg m;

	(void)state;
	plain_rounds();
	/* The answer to the other target, a control on a trial, and a copy on the control flow. */
	assert_false(plain_answer(0, 1, 1));
	assert_false(plain_answer(0, 2, 1));
	assert_false(plain_answer(0, 0, 0));
	m = message(STUN_BINDING, STUN_SUCCESS, wrong);
	m.address = true;
	for (unsigned i = 0; i < STUN_TID; i++) {
		memcpy(wrong, plain_tids[0][0], STUN_TID);
		wrong[i] ^= 0x40;
		assert_false(trial_hears(1, &m));
	}
	memcpy(wrong, plain_tids[0][0], STUN_TID);
	m.from = addr_with_port(server, 3479);
	assert_false(trial_hears(1, &m));
	m.from = server;
	m.cls = STUN_ERROR;
	m.error = 420;
	assert_false(trial_hears(1, &m));
	for (unsigned round = 0; round < 3; round++)
		assert_true(plain_answer(round, 2, 0));
	pass();
	check_verdict(1, VERDICT_DEAD, NULL);
	check_verdict(2, VERDICT_DEAD, NULL);
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_ask_bytes),
		TEST(test_alive),
		TEST(test_alive_by_last_copy),
		TEST(test_dead),
		TEST(test_overtaken),
		TEST(test_controls_needed),
		TEST(test_control_repeated),
		TEST(test_refusals),
		TEST(test_lost_acknowledgement),
		TEST(test_never_acknowledged),
		TEST(test_session_lost),
		TEST(test_forged),
		TEST(test_late_copy),
		TEST(test_response_port),
		TEST(test_response_port_void),
		TEST(test_response_port_forged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
