/* Copies on request, and what they cost, rule by rule: natkit-protocol(7). */
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

#define unit(f) cmocka_unit_test_setup_teardown(f, start, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(test_ask),
		unit(test_ask_retransmitted),
		unit(test_ask_must_be_paid),
		unit(test_reply_is_paid),
		unit(test_trial_moves),
		unit(test_echo_returns),
		unit(test_proven_trial),
		unit(test_rate_cap),
		unit(test_rate_cap_when_due),
		unit(test_bad_asks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
