/* Sessions, trials and their limits, rule by rule: natkit-protocol(7). */
#include "broker_driver.h"

static struct rig rig;

static int start(void **state)
{
	const struct broker_config config = config_two();

	(void)state;
	rig_start(&rig, &config);
	return 0;
}

static int end(void **state)
{
	(void)state;
	rig_end(&rig);
	return 0;
}

static void test_session_needs_cookie(void **state)
{
	struct probe_msg p;
	struct msg m, again;
	uint64_t cookie;

	(void)state;
	msg_begin(&rig, &m, PROBE_SESSION, STUN_REQUEST);
	rig_put(&rig, control(), at(&rig, 0, false), &m);
	assert_int_equal(rig.count, 0); /* shorter than its answer */

	msg_begin(&rig, &m, PROBE_SESSION, STUN_REQUEST);
	stun_pad_to(&m.w, 128);
	rig_put(&rig, control(), at(&rig, 0, false), &m);
	assert_int_equal(sole_answer(&rig).error, PROBE_ERR_COOKIE);
	cookie = probe_of(&rig.sent[0]).cookie;

	/* From another port of the same IP, the cookie is wrong. */
	msg_begin(&rig, &m, PROBE_SESSION, STUN_REQUEST);
	probe_put_cookie(&m.w, cookie);
	stun_pad_to(&m.w, 128);
	again = m;
	rig_put(&rig, flow(50001), at(&rig, 0, false), &m);
	assert_int_equal(sole_answer(&rig).error, PROBE_ERR_COOKIE);

	again.w.buf = again.buf;
	m = again;
	m.w.buf = m.buf;
	rig_put(&rig, control(), at(&rig, 0, false), &m);
	p = probe_of(&rig.sent[0]);
	check_addr(sole_answer(&rig).xor_mapped, control());
	assert_true(p.has_token && p.has_time && p.has_limits);
	assert_int_equal(p.time_us, START);
	assert_int_equal(p.max_trials, 600);
	assert_int_equal(p.max_copies_per_s, 300);
	assert_int_equal(p.max_keep_s, 4500);
	assert_int_equal(broker_stats(rig.b)->sessions, 1);

	/* A retransmission gets the same session. */
	rig_put(&rig, control(), at(&rig, 0, false), &again);
	assert_int_equal(probe_of(&rig.sent[0]).token, p.token);
	assert_int_equal(broker_stats(rig.b)->sessions, 1);

	/* A new request from there replaces it. */
	assert_true(rig_session(&rig, control()) != p.token);
	assert_int_equal(broker_stats(rig.b)->sessions, 1);
}

static bool cookie_accepted_after(nk_time age)
{
	uint64_t cookie;
	struct msg m;

	msg_begin(&rig, &m, PROBE_SESSION, STUN_REQUEST);
	stun_pad_to(&m.w, 128);
	rig_put(&rig, control(), at(&rig, 0, false), &m);
	cookie = probe_of(&rig.sent[0]).cookie;
	rig.now += age;
	msg_begin(&rig, &m, PROBE_SESSION, STUN_REQUEST);
	probe_put_cookie(&m.w, cookie);
	stun_pad_to(&m.w, 128);
	rig_put(&rig, control(), at(&rig, 0, false), &m);
	return sole_answer(&rig).cls == STUN_SUCCESS;
}

static void test_cookie_ages(void **state)
{
	(void)state;
	for (nk_time start_s = 0; start_s < 60; start_s += 7) {
		assert_true(cookie_accepted_after(59 * NK_S));
		assert_false(cookie_accepted_after(121 * NK_S));
		rig.now += 7 * NK_S;
	}
}

static void end_session(uint64_t token, struct addr from, struct stun_msg *answer)
{
	struct msg m;

	msg_begin(&rig, &m, PROBE_SESSION, STUN_REQUEST);
	probe_put_token(&m.w, token);
	rig_put(&rig, from, at(&rig, 0, false), &m);
	*answer = sole_answer(&rig);
}

static void test_session_ends(void **state)
{
	const uint64_t token = rig_session(&rig, control());
	struct stun_msg answer;
	struct msg ask;

	(void)state;
	rig_trial(&rig, token, 1, STUN_INDICATION, flow(40001), at(&rig, 0, false), PAID(3));
	rig_ask(&rig, &ask, token, control(), 1, 3, 500);
	end_session(token, addr_v4(203, 0, 113, 10, 50000), &answer);
	assert_int_equal(answer.error, PROBE_ERR_SESSION);
	end_session(token, flow(50007), &answer); /* the NAT has moved the control flow */
	assert_int_equal(answer.cls, STUN_SUCCESS);
	assert_int_equal(broker_stats(rig.b)->sessions, 0);
	assert_int_equal(broker_stats(rig.b)->trials, 0);
	end_session(token, control(), &answer);
	assert_int_equal(answer.error, PROBE_ERR_SESSION);
	rig.count = 0;
	rig_wait(&rig, 2 * NK_S);
	assert_int_equal(rig.count, 0);
}

static void test_indication_is_never_answered(void **state)
{
	const uint64_t token = rig_session(&rig, control());
	struct probe_trial_state s;

	(void)state;
	assert_int_equal(rig_status(&rig, token, control(), 5).flags, 0);
	rig.now += 5;
	rig_trial(&rig, token, 5, STUN_INDICATION, flow(40005), at(&rig, 1, true), 200);
	assert_int_equal(rig.count, 0);
	s = rig_status(&rig, token, control(), 5);
	assert_int_equal(s.flags, PROBE_SEEN);
	assert_int_equal(s.port, 40005);
	assert_int_equal(s.last_us, START + 5);
}

static void test_trial_request(void **state)
{
	const uint64_t token = rig_session(&rig, control());

	(void)state;
	rig_trial(&rig, token, 6, STUN_REQUEST, flow(40006), at(&rig, 1, true), 0);
	assert_int_equal(sole_answer(&rig).cls, STUN_SUCCESS);
	assert_int_equal(rig.sent[0].len, PROBE_TRIAL_REPLY_LEN);
	check_addr(rig.sent[0].to, flow(40006));
	check_addr(rig.sent[0].from, at(&rig, 1, true));
	assert_int_equal(probe_of(&rig.sent[0]).trial, 6);
	assert_int_equal(rig_status(&rig, token, control(), 6).flags, PROBE_SEEN | PROBE_REPLIED);

	rig_trial(&rig, token + 1, 6, STUN_REQUEST, flow(40006), at(&rig, 0, false), 0);
	assert_int_equal(rig.count, 0);
}

static void test_trial_from_another_ip(void **state)
{
	const uint64_t token = rig_session(&rig, control());
	const struct addr other = addr_v4(203, 0, 113, 77, 40007);
	struct probe_msg p;
	struct msg ask;

	(void)state;
	rig_trial(&rig, token, 7, STUN_REQUEST, other, at(&rig, 0, false), 400);
	assert_int_equal(rig.count, 0);
	assert_int_equal(rig_status(&rig, token, control(), 7).flags,
			 PROBE_SEEN | PROBE_OTHER_ADDRESS);
	rig_ask(&rig, &ask, token, control(), 7, 1, 0);
	p = probe_of(&rig.sent[0]);
	assert_int_equal(rig.count, 1);
	assert_true((p.states[0].flags & PROBE_OTHER_ADDRESS) != 0);
	rig_wait(&rig, 2 * NK_S);
	assert_int_equal(rig.count, 1);
}

/* The port that a control flow has left may be somebody else's now. */
static void test_control_moves(void **state)
{
	const uint64_t token = rig_session(&rig, control());

	(void)state;
	rig_trial(&rig, token, 1, STUN_INDICATION, flow(40001), at(&rig, 0, false), 0);
	assert_int_equal(rig_status(&rig, token, flow(50007), 1).flags, PROBE_SEEN);
	assert_true(rig_session(&rig, control()) != token);
	assert_int_equal(rig_status(&rig, token, flow(50007), 1).flags, PROBE_SEEN);
	assert_int_equal(broker_stats(rig.b)->sessions, 2);

	/* Whoever opens a session where it is now takes its place. */
	rig_session(&rig, flow(50007));
	assert_int_equal(broker_stats(rig.b)->sessions, 2);
}

/* A status of 32 trials, from a control flow that the NAT has moved. */
static void test_status_of_many(void **state)
{
	const uint64_t token = rig_session(&rig, control());
	uint32_t trials[PROBE_TRIALS_MAX];
	struct probe_msg p;
	struct msg m;

	(void)state;
	for (uint32_t i = 0; i < PROBE_TRIALS_MAX; i++) {
		trials[i] = i * 3;
		if (i % 2 == 0)
			rig_trial(&rig, token, trials[i], STUN_INDICATION,
				  flow((uint16_t)(20000 + i)), at(&rig, 0, false), 0);
	}
	msg_begin(&rig, &m, PROBE_STATUS, STUN_REQUEST);
	probe_put_token(&m.w, token);
	probe_put_trials(&m.w, trials, PROBE_TRIALS_MAX);
	rig_put(&rig, flow(50999), at(&rig, 1, false), &m);
	assert_int_equal(sole_answer(&rig).cls, STUN_SUCCESS);
	check_addr(rig.sent[0].to, flow(50999));
	p = probe_of(&rig.sent[0]);
	assert_int_equal(p.state_count, PROBE_TRIALS_MAX);
	for (uint32_t i = 0; i < PROBE_TRIALS_MAX; i++) {
		assert_int_equal(p.states[i].trial, trials[i]);
		assert_int_equal(p.states[i].flags, i % 2 == 0 ? PROBE_SEEN : 0);
	}
}

static void test_forgotten(void **state)
{
	const uint64_t token = rig_session(&rig, control());
	const struct broker_stats *stats = broker_stats(rig.b);
	struct msg ask;

	(void)state;
	rig_trial(&rig, token, 1, STUN_INDICATION, flow(40001), at(&rig, 0, false), PAID(1));
	rig_trial(&rig, token, 2, STUN_INDICATION, flow(40002), at(&rig, 0, false), PAID(1));
	rig_ask(&rig, &ask, token, control(), 2, 1, 4000000);
	rig_wait(&rig, rig.config.keep - NK_S);
	assert_int_equal(stats->trials, 2);
	rig_wait(&rig, 2 * NK_S);
	assert_int_equal(stats->trials, 1);
	assert_int_equal(stats->sessions, 1);
	rig_wait(&rig, rig.config.keep);
	assert_int_equal(stats->trials, 0);
	assert_int_equal(stats->sessions, 0);
	assert_int_equal(stats->copies_sent, 1);
	rig_wait(&rig, 60 * NK_S);
	assert_true(broker_deadline(rig.b) == NK_NEVER);
}

static void restart(const struct broker_config *config)
{
	rig_end(&rig);
	rig_start(&rig, config);
}

static void test_full_tables(void **state)
{
	struct broker_config config = config_two();
	struct broker_event log;
	unsigned full = 0;
	uint64_t token;
	struct msg m;

	(void)state;
	config.sessions_max = 2;
	config.trials_max = 5;
	config.trials_per_ip = 3;
	restart(&config);
	token = rig_session(&rig, control());
	for (uint32_t i = 0; i < 4; i++)
		rig_trial(&rig, token, i, STUN_REQUEST, flow((uint16_t)(40000 + i)),
			  at(&rig, 0, false), 0);
	assert_int_equal(sole_answer(&rig).error,
			 PROBE_ERR_FULL); /* the fourth; not one that is known */
	rig_trial(&rig, token, 3, STUN_INDICATION, flow(40003), at(&rig, 0, false), 0);
	assert_int_equal(rig.count, 0);
	rig_trial(&rig, token, 3, STUN_REQUEST, addr_v4(203, 0, 113, 99, 1), at(&rig, 0, false), 0);
	assert_int_equal(rig.count, 0); /* nothing goes to others than the client */
	rig_trial(&rig, token, 1, STUN_REQUEST, flow(40001), at(&rig, 0, false), 0);
	assert_int_equal(rig.count, 1);
	assert_int_equal(broker_stats(rig.b)->trials, 3);

	token = rig_session(&rig, addr_v4(203, 0, 113, 20, 50000));
	for (uint32_t i = 0; i < 3; i++)
		rig_trial(&rig, token, i, STUN_INDICATION, addr_v4(203, 0, 113, 20, 1),
			  at(&rig, 0, false), 0);
	assert_int_equal(broker_stats(rig.b)->trials, 5);

	msg_begin(&rig, &m, PROBE_SESSION, STUN_REQUEST);
	stun_pad_to(&m.w, 128);
	rig_put(&rig, addr_v4(203, 0, 113, 30, 50000), at(&rig, 0, false), &m);
	const uint64_t cookie = probe_of(&rig.sent[0]).cookie;

	msg_begin(&rig, &m, PROBE_SESSION, STUN_REQUEST);
	probe_put_cookie(&m.w, cookie);
	rig_put(&rig, addr_v4(203, 0, 113, 30, 50000), at(&rig, 0, false), &m);
	assert_int_equal(sole_answer(&rig).error, PROBE_ERR_FULL);
	while (broker_next_event(rig.b, &log))
		full += log.kind == BROKER_TABLE_FULL;
	assert_int_equal(full, 1);
}

static struct probe_trial_state state_of(uint64_t token, uint32_t number)
{
	struct msg m;

	msg_begin(&rig, &m, PROBE_STATUS, STUN_REQUEST);
	probe_put_token(&m.w, token);
	probe_put_trials(&m.w, &number, 1);
	rig_put(&rig, control(), at(&rig, 0, false), &m);
	return probe_of(&rig.sent[0]).states[0];
}

/* One session has no room left, its address has; who comes later is told how much. */
static void test_room(void **state)
{
	struct broker_config config = config_two();
	uint64_t token;

	(void)state;
	config.trials_per_session = 2;
	config.trials_per_ip = 3;
	restart(&config);
	token = rig_session(&rig, control());
	assert_int_equal(probe_of(&rig.sent[0]).max_trials, 2);
	for (uint32_t i = 1; i < 4; i++)
		rig_trial(&rig, token, i, STUN_INDICATION, flow((uint16_t)(40000 + i)),
			  at(&rig, 0, false), 0);
	assert_int_equal(broker_stats(rig.b)->trials, 2);
	assert_int_equal(state_of(token, 2).flags, PROBE_SEEN);
	assert_int_equal(state_of(token, 3).flags, PROBE_REFUSED);
	rig_wait(&rig, 61 * NK_S);
	assert_int_equal(state_of(token, 3).flags, 0);
	token = rig_session(&rig, addr_with_port(control(), 50001));
	assert_int_equal(probe_of(&rig.sent[0]).max_trials, 1);
}

static void test_trials_of_one_v6_network(void **state)
{
	struct broker_config config = config_two();
	uint64_t a, b;

	(void)state;
	config.trials_per_ip = 2;
	restart(&config);
	a = rig_session(&rig, v6("2001:db8:9::1", 5));
	b = rig_session(&rig, v6("2001:db8:9::2", 5));
	rig_trial(&rig, a, 1, STUN_INDICATION, v6("2001:db8:9::1", 6), at(&rig, 2, false), 0);
	rig_trial(&rig, b, 1, STUN_INDICATION, v6("2001:db8:9::2", 6), at(&rig, 2, false), 0);
	rig_trial(&rig, b, 2, STUN_INDICATION, v6("2001:db8:9::2", 7), at(&rig, 2, false), 0);
	assert_int_equal(broker_stats(rig.b)->trials, 2);
}

#define unit(f) cmocka_unit_test_setup_teardown(f, start, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(test_session_needs_cookie),
		unit(test_cookie_ages),
		unit(test_session_ends),
		unit(test_indication_is_never_answered),
		unit(test_trial_request),
		unit(test_trial_from_another_ip),
		unit(test_control_moves),
		unit(test_status_of_many),
		unit(test_forgotten),
		unit(test_full_tables),
		unit(test_room),
		unit(test_trials_of_one_v6_network),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
