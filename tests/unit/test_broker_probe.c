/* The probe service, rule by rule: natkit-protocol(7). */
#include "broker_driver.h"

#define PAID(copies) (((copies) * (28 + PROBE_COPY_LEN) - 28 + 3) / 4 * 4)

static struct rig rig;

static struct addr control(void)
{
	return addr_v4(203, 0, 113, 9, 50000);
}

static struct addr flow(uint16_t port)
{
	return addr_v4(203, 0, 113, 9, port);
}

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

/* Answer, then each round: the copy from where the trial had gone, the echo after it. */
static void test_ask(void **state)
{
	const uint64_t token = rig_session(&rig, control());
	struct probe_msg p;
	struct msg ask;

	(void)state;
	rig_trial(&rig, token, 8, STUN_INDICATION, flow(40008), at(&rig, 1, true), PAID(3));
	rig_ask(&rig, &ask, token, control(), 8, 3, 2000);
	p = probe_of(&rig.sent[0]);
	assert_int_equal(rig.count, 1);
	assert_int_equal(p.states[0].flags, PROBE_SEEN);
	assert_int_equal(p.time_us, START);

	rig_wait(&rig, 1999 * NK_MS);
	assert_int_equal(rig.count, 1);
	rig_wait(&rig, NK_S);
	assert_int_equal(rig.count, 7);
	for (unsigned i = 0; i < 3; i++) {
		const struct sent *copy = &rig.sent[1 + 2 * i], *echo = copy + 1;
		const nk_time due = START + 2 * NK_S + i * 100 * NK_MS;

		check_addr(copy->from, at(&rig, 1, true));
		check_addr(copy->to, flow(40008));
		assert_int_equal(copy->len, PROBE_COPY_LEN);
		assert_memory_equal(copy->data + 8, ask.tid, STUN_TID);
		p = probe_of(copy);
		assert_int_equal(p.trial, 8);
		assert_int_equal(p.round, i);
		assert_int_equal(p.time_us, due);
		check_addr(echo->from, at(&rig, 0, false));
		check_addr(echo->to, control());
		assert_memory_equal(echo->data + 8, ask.tid, STUN_TID);
		p = probe_of(echo);
		assert_false(p.has_trial);
		assert_int_equal(p.round, i);
	}
	assert_int_equal(broker_stats(rig.b)->copies_sent, 3);
}

static void test_ask_retransmitted(void **state)
{
	const uint64_t token = rig_session(&rig, control());
	struct msg ask, copy;
	struct sent first;

	(void)state;
	rig_trial(&rig, token, 9, STUN_INDICATION, flow(40009), at(&rig, 0, false), PAID(3));
	rig_ask(&rig, &ask, token, control(), 9, 1, 0);
	assert_int_equal(rig.count, 3); /* answer, copy, echo */
	first = rig.sent[0];
	for (unsigned i = 0; i < 3; i++) {
		rig.now += 10 * NK_S;
		copy = ask;
		copy.w.buf = copy.buf;
		rig_put(&rig, control(), at(&rig, 0, false), &copy);
		assert_int_equal(rig.count, 1);
		assert_int_equal(rig.sent[0].len, first.len);
		assert_memory_equal(rig.sent[0].data, first.data, first.len);
	}
	rig.count = 0;
	rig_wait(&rig, 60 * NK_S);
	assert_int_equal(rig.count, 0);
}

static void test_ask_must_be_paid(void **state)
{
	const uint64_t token = rig_session(&rig, control());
	struct msg ask;

	(void)state;
	rig_trial(&rig, token, 10, STUN_INDICATION, flow(40010), at(&rig, 0, false), PAID(3) - 4);
	rig_ask(&rig, &ask, token, control(), 10, 3, 0);
	assert_int_equal(rig.count, 1);
	assert_true((probe_of(&rig.sent[0]).states[0].flags & PROBE_REFUSED) != 0);
	rig_ask(&rig, &ask, token, control(), 10, 2, 0);
	assert_true((probe_of(&rig.sent[0]).states[0].flags & PROBE_REFUSED) == 0);

	/* What is promised cannot be promised again. */
	rig_ask(&rig, &ask, token, control(), 10, 1, 0);
	assert_int_equal(rig.count, 1);
	assert_true((probe_of(&rig.sent[0]).states[0].flags & PROBE_REFUSED) != 0);
	rig_wait(&rig, NK_S);
	assert_int_equal(broker_stats(rig.b)->copies_sent, 2);
	assert_true((rig_status(&rig, token, control(), 10).flags & PROBE_REFUSED) != 0);
}

/* A reply is paid by the request that it answers. */
static void test_reply_is_paid(void **state)
{
	const uint64_t token = rig_session(&rig, control());
	struct msg ask;

	(void)state;
	rig_trial(&rig, token, 11, STUN_REQUEST, flow(40011), at(&rig, 0, false), PAID(3));
	assert_int_equal(rig.count, 1);
	rig_ask(&rig, &ask, token, control(), 11, 3, 0);
	assert_true((probe_of(&rig.sent[0]).states[0].flags & PROBE_REFUSED) != 0);
	rig_trial(&rig, token, 11, STUN_INDICATION, flow(40011), at(&rig, 0, false), 40);
	rig_ask(&rig, &ask, token, control(), 11, 3, 0);
	assert_true((probe_of(&rig.sent[0]).states[0].flags & PROBE_REFUSED) == 0);
}

static void test_trial_moves(void **state)
{
	const uint64_t token = rig_session(&rig, control());
	struct msg ask;

	(void)state;
	rig_trial(&rig, token, 12, STUN_INDICATION, flow(40012), at(&rig, 0, false), PAID(3));
	rig_ask(&rig, &ask, token, control(), 12, 3, 1000);

	/* The new port has not paid: neither copies there nor echoes, and none to the old one. */
	rig_trial(&rig, token, 12, STUN_INDICATION, flow(40013), at(&rig, 0, true), 0);
	assert_int_equal(rig_status(&rig, token, control(), 12).port, 40013);
	rig.count = 0;
	rig_wait(&rig, 2 * NK_S);
	assert_int_equal(rig.count, 0);
	assert_true((rig_status(&rig, token, control(), 12).flags & PROBE_REFUSED) != 0);

	rig_trial(&rig, token, 12, STUN_INDICATION, flow(40013), at(&rig, 0, true), PAID(3));
	rig_ask(&rig, &ask, token, control(), 12, 1, 0);
	assert_int_equal(rig.count, 3);
	check_addr(rig.sent[1].to, flow(40013));
	check_addr(rig.sent[1].from, at(&rig, 0, true));
}

/* One round without its echo does not cost the next round its own. */
static void test_echo_returns(void **state)
{
	const uint64_t token = rig_session(&rig, control());
	struct msg ask;

	(void)state;
	rig_trial(&rig, token, 14, STUN_INDICATION, flow(40014), at(&rig, 0, false), PAID(3));
	rig_ask(&rig, &ask, token, control(), 14, 2, 1000);
	rig_trial(&rig, token, 14, STUN_INDICATION, flow(40015), at(&rig, 0, false), 0);
	rig.count = 0;
	rig_wait(&rig, 1050 * NK_MS);
	assert_int_equal(rig.count, 0);
	rig_trial(&rig, token, 14, STUN_INDICATION, flow(40015), at(&rig, 0, false), PAID(1));
	rig_wait(&rig, NK_S);
	assert_int_equal(rig.count, 2);
	assert_int_equal(probe_of(&rig.sent[0]).round, 1);
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

static uint64_t trial_cookie(uint64_t token, uint32_t trial, struct addr from, uint64_t cookie,
			     size_t len)
{
	struct msg m;

	msg_begin(&rig, &m, PROBE_TRIAL, STUN_REQUEST);
	probe_put_token(&m.w, token);
	probe_put_trial(&m.w, trial);
	probe_put_cookie(&m.w, cookie);
	if (len > m.w.len)
		stun_pad_to(&m.w, len);
	rig_put(&rig, from, at(&rig, 0, false), &m);
	return probe_of(&rig.sent[0]).cookie;
}

/* Copies without end to a trial that has echoed a cookie, as the refresh test needs them. */
static void test_proven_trial(void **state)
{
	const uint64_t token = rig_session(&rig, control());
	uint64_t cookie;
	struct msg ask;

	(void)state;
	cookie = trial_cookie(token, 13, flow(40013), 0, 0);
	assert_int_equal(rig.sent[0].len, PROBE_TRIAL_REPLY_LEN + 12);
	assert_true(cookie != 0);
	assert_int_equal(trial_cookie(token, 13, flow(40013), cookie, 0), 0);
	assert_int_equal(rig.sent[0].len, PROBE_TRIAL_REPLY_LEN);
	for (unsigned i = 0; i < 100; i++) {
		rig_ask(&rig, &ask, token, control(), 13, 3, 0);
		assert_int_equal(probe_of(&rig.sent[0]).states[0].flags,
				 PROBE_SEEN | PROBE_REPLIED);
		rig_wait(&rig, 3 * NK_S);
	}
	assert_int_equal(broker_stats(rig.b)->copies_sent, 300);

	/* The proof is of one port. */
	rig_trial(&rig, token, 13, STUN_INDICATION, flow(40014), at(&rig, 0, false), 0);
	rig_ask(&rig, &ask, token, control(), 13, 3, 0);
	assert_true((probe_of(&rig.sent[0]).states[0].flags & PROBE_REFUSED) != 0);
}

static void test_rate_cap(void **state)
{
	const uint64_t token = rig_session(&rig, control());
	unsigned refused = 0;
	struct msg ask;

	(void)state;
	for (uint32_t i = 0; i < 110; i++) {
		rig_trial(&rig, token, i, STUN_INDICATION, flow((uint16_t)(20000 + i)),
			  at(&rig, 0, false), PAID(3));
		rig_ask(&rig, &ask, token, control(), i, 3, 0);
		refused += (probe_of(&rig.sent[0]).states[0].flags & PROBE_REFUSED) != 0;
	}
	assert_int_equal(refused, 10);
	rig_wait(&rig, NK_S);
	assert_int_equal(broker_stats(rig.b)->copies_sent, 300);
}

/* Asks made over a long time that all fall due at once still keep to the cap, and say so. */
static void test_rate_cap_when_due(void **state)
{
	const uint64_t token = rig_session(&rig, control());
	unsigned copies = 0, echoes = 0;
	struct msg ask;

	(void)state;
	for (uint32_t i = 0; i < 400; i++) {
		rig_trial(&rig, token, i, STUN_INDICATION, flow((uint16_t)(20000 + i)),
			  at(&rig, 0, false), PAID(1));
		rig_ask(&rig, &ask, token, control(), i, 1, 100000 - i * 10);
		assert_int_equal(probe_of(&rig.sent[0]).states[0].flags, PROBE_SEEN);
		rig.now += 10 * NK_MS;
	}
	rig.count = 0;
	rig_wait(&rig, 100 * NK_S);
	for (unsigned i = 0; i < rig.count; i++) {
		copies += rig.sent[i].len == PROBE_COPY_LEN;
		echoes += rig.sent[i].len != PROBE_COPY_LEN;
	}
	assert_int_equal(copies, 300);
	assert_int_equal(echoes, 300);
}

static void put_ask(uint64_t token, const uint32_t *trials, unsigned n, uint8_t copies,
		    uint16_t spacing, uint32_t delay)
{
	struct msg m;

	msg_begin(&rig, &m, PROBE_ASK, STUN_REQUEST);
	probe_put_token(&m.w, token);
	if (n > 0)
		probe_put_trials(&m.w, trials, n);
	probe_put_copies(&m.w, copies, spacing, delay);
	rig_put(&rig, control(), at(&rig, 0, false), &m);
}

static void test_bad_asks(void **state)
{
	const uint64_t token = rig_session(&rig, control());
	const uint32_t trials[2] = {1, 2};

	(void)state;
	rig_trial(&rig, token, 1, STUN_INDICATION, flow(40001), at(&rig, 0, false), 1000);
	put_ask(token, trials, 1, 0, 100, 0);
	assert_int_equal(sole_answer(&rig).error, 400);
	put_ask(token, trials, 1, 4, 100, 0);
	assert_int_equal(sole_answer(&rig).error, 400);
	put_ask(token, trials, 1, 1, 19, 0);
	assert_int_equal(sole_answer(&rig).error, 400);
	put_ask(token, trials, 1, 1, 1001, 0);
	assert_int_equal(sole_answer(&rig).error, 400);
	put_ask(token, trials, 1, 1, 100, 4000001);
	assert_int_equal(sole_answer(&rig).error, 400);
	put_ask(token, trials, 0, 1, 100, 0);
	assert_int_equal(sole_answer(&rig).error, 400);
	put_ask(token + 1, trials, 1, 1, 100, 0);
	assert_int_equal(sole_answer(&rig).error, PROBE_ERR_SESSION);

	/* One of two is known: it is served, and echoed. */
	put_ask(token, trials, 2, 1, 20, 0);
	assert_int_equal(rig.count, 3);
	assert_int_equal(probe_of(&rig.sent[0]).states[0].flags, PROBE_SEEN);
	assert_int_equal(probe_of(&rig.sent[0]).states[1].flags, PROBE_UNKNOWN_TRIAL);
	put_ask(token, trials + 1, 1, 1, 20, 0);
	assert_int_equal(rig.count, 1);
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
	assert_int_equal(rig.count, 0); /* the fourth is refused, one that is known is not */
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
		unit(test_ask),
		unit(test_ask_retransmitted),
		unit(test_ask_must_be_paid),
		unit(test_reply_is_paid),
		unit(test_trial_moves),
		unit(test_echo_returns),
		unit(test_control_moves),
		unit(test_proven_trial),
		unit(test_rate_cap),
		unit(test_rate_cap_when_due),
		unit(test_bad_asks),
		unit(test_status_of_many),
		unit(test_forgotten),
		unit(test_full_tables),
		unit(test_trials_of_one_v6_network),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
