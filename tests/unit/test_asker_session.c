/* The asker and its server: sessions, STATUS, and room for requests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "asker_rig.h"

static void test_session_with_cookie(void **state)
{
	struct msg m;

	(void)state;
	asker_open_session(&a, 3);
	assert_true(next());
	assert_int_equal(sent_msg.method, PROBE_SESSION);
	assert_false(sent_probe.has_cookie);
	/* A request pays for its answer. */
	assert_int_equal(sent.len, 128);

	m = message(PROBE_SESSION, STUN_ERROR, sent_msg.tid);
	m.error = PROBE_ERR_COOKIE;
	m.cookie = true;
	assert_true(control_hears(&m));
	assert_int_equal(a.mode, ASKER_STARTING);
	assert_true(next());
	assert_true(sent_probe.has_cookie && sent_probe.cookie == COOKIE);
	assert_int_equal(sent.len, 128);

	m = message(PROBE_SESSION, STUN_SUCCESS, sent_msg.tid);
	m.token = true;
	assert_true(control_hears(&m));
	assert_int_equal(a.mode, ASKER_SERVICE);
	assert_true(a.token == TOKEN);
	assert_false(next());
	assert_true(asker_deadline(&a) == NK_NEVER);
}

/* A server that wants one cookie after the other is not followed. */
static void test_cookie_twice(void **state)
{
	(void)state;
	asker_open_session(&a, 3);
	for (unsigned i = 0; i < 2; i++) {
		struct msg m;

		assert_true(next());
		m = message(PROBE_SESSION, STUN_ERROR, sent_msg.tid);
		m.error = PROBE_ERR_COOKIE;
		m.cookie = true;
		assert_true(control_hears(&m));
	}
	assert_int_equal(a.mode, ASKER_NONE);
	assert_false(next());
}

static void test_session_refused(void **state)
{
	struct msg m;

	(void)state;
	asker_open_session(&a, 3);
	assert_true(next());
	m = message(PROBE_SESSION, STUN_ERROR, sent_msg.tid);
	m.error = PROBE_ERR_FULL;
	assert_true(control_hears(&m));
	assert_int_equal(a.mode, ASKER_NONE);
}

static void test_session_unanswered(void **state)
{
	(void)state;
	asker_open_session(&a, 3);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(next());
		assert_false(next());
		assert_int_equal(a.mode, ASKER_STARTING);
		now = asker_deadline(&a);
	}
	assert_false(next());
	assert_int_equal(a.mode, ASKER_NONE);
	assert_true(asker_deadline(&a) == NK_NEVER);
}

static void test_session_forged(void **state)
{
	uint8_t wrong[STUN_TID];
	struct msg m;

	(void)state;
	asker_open_session(&a, 3);
	assert_true(next());
	m = message(PROBE_SESSION, STUN_SUCCESS, sent_msg.tid);
	m.token = true;
	m.from = stranger;
	assert_false(control_hears(&m));
	m.from = addr_with_port(server, 3479);
	assert_false(control_hears(&m));
	m.from = server;
	m.method = PROBE_ASK;
	assert_false(control_hears(&m));
	m.method = PROBE_SESSION;
	m.cls = STUN_INDICATION;
	assert_false(control_hears(&m));
	m.cls = STUN_SUCCESS;
	m.cut = true;
	assert_false(control_hears(&m));
	m.cut = false;
	for (unsigned i = 0; i < STUN_TID; i++) {
		memcpy(wrong, sent_msg.tid, STUN_TID);
		wrong[i] ^= 1;
		m.tid = wrong;
		assert_false(control_hears(&m));
	}
	assert_int_equal(a.mode, ASKER_STARTING);
}

static void test_end(void **state)
{
	(void)state;
	session();
	ask(1, 3);
	asker_end(&a);
	assert_true(next());
	assert_int_equal(sent_msg.method, PROBE_SESSION);
	assert_true(sent_probe.has_token && sent_probe.token == TOKEN);
	asker_end(&a);
	now = nk_max(now, asker_deadline(&a));
	assert_false(next());
	assert_int_equal(a.mode, ASKER_SERVICE);
}

static void test_status(void **state)
{
	static const uint32_t trials[] = {5, 6};
	struct probe_trial_state s;
	struct msg m;

	(void)state;
	session();
	assert_true(asker_status(&a, trials, 2));
	assert_true(next());
	assert_int_equal(sent_msg.method, PROBE_STATUS);
	assert_int_equal(sent_probe.trial_count, 2);
	assert_int_equal(sent_probe.trials[1], 6);
	m = message(PROBE_STATUS, STUN_SUCCESS, sent_msg.tid);
	m.states[0] = (struct probe_trial_state){.trial = 5, .flags = PROBE_SEEN, .port = 4711};
	m.states[1] = (struct probe_trial_state){.trial = 6};
	m.state_count = 2;
	assert_true(control_hears(&m));
	assert_true(asker_take_state(&a, &s));
	assert_int_equal(s.trial, 5);
	assert_int_equal(s.port, 4711);
	assert_int_equal(s.flags, PROBE_SEEN);
	assert_true(asker_take_state(&a, &s));
	assert_int_equal(s.trial, 6);
	assert_false(asker_take_state(&a, &s));
	/* Once only. */
	assert_false(control_hears(&m));
}

static void test_too_many(void **state)
{
	const struct ask_target target = {.trial = 1, .socket = TRIAL_ON + 1};
	unsigned n = 0;

	(void)state;
	session();
	while (n < 1000 && asker_ask(&a, &target, 1, 3, now))
		n++;
	assert_int_equal(n, ASKS_MAX);
	while (n < 1000 && asker_status(&a, &target.trial, 1))
		n++;
	assert_int_equal(n, ASKS_MAX + ASKER_STATUSES);
	assert_true(asker_deadline(&a) != NK_NEVER);
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_session_with_cookie),
		TEST(test_cookie_twice),
		TEST(test_session_refused),
		TEST(test_session_unanswered),
		TEST(test_session_forged),
		TEST(test_end),
		TEST(test_status),
		TEST(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
