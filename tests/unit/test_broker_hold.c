/* TICKs that hold mappings, and what keeps them from being a weapon: natkit-protocol(7). */
#include "broker_driver.h"

#define LEASE 30000
#define WHOLE (28 + PROBE_TICK_LEN) /* of a TICK over IPv4 */

/* Makes a trial whose address has echoed a cookie. */
static void proven_trial(struct rig *r, uint64_t token, uint32_t trial, struct addr from,
			 struct addr to)
{
	uint64_t cookie = 0;

	for (unsigned i = 0; i < 2; i++) {
		struct msg m;

		msg_begin(r, &m, PROBE_TRIAL, STUN_REQUEST);
		probe_put_token(&m.w, token);
		probe_put_trial(&m.w, trial);
		probe_put_cookie(&m.w, cookie);
		stun_pad_to(&m.w, 64);
		rig_put(r, from, to, &m);
		cookie = probe_of(&r->sent[0]).cookie;
	}
}

static struct probe_hold hold_of(uint8_t ttl, uint16_t interval_ms, uint32_t lease_ms)
{
	return (struct probe_hold){.ttl = ttl, .interval_ms = interval_ms, .lease_ms = lease_ms};
}

/* HOLDs @count trials from @first on; the answer is in r->sent[0], what followed at once after
 * it. */
static struct msg hold(struct rig *r, uint64_t token, struct addr from, uint32_t first,
		       unsigned count, struct probe_hold h)
{
	uint32_t trials[PROBE_TRIALS_MAX];
	struct msg m;

	for (unsigned i = 0; i < count; i++)
		trials[i] = first + i;
	msg_begin(r, &m, PROBE_HOLD, STUN_REQUEST);
	probe_put_token(&m.w, token);
	probe_put_trials(&m.w, trials, count);
	probe_put_hold(&m.w, &h);
	rig_put(r, from, at(r, 0, false), &m);
	return m;
}

static uint16_t flags_in_answer(const struct rig *r)
{
	return probe_of(&r->sent[0]).states[0].flags;
}

static uint16_t error_in_answer(const struct rig *r)
{
	return sole_answer(r).error;
}

/* At once and then at the interval, until the lease ends; with the TTL asked for and the HOLD's id,
 * from where the trial had gone. */
static void test_ticks(void **state)
{
	struct rig *r = *state;
	const uint64_t token = rig_session(r, control());
	struct probe_msg p;
	struct msg asked;

	proven_trial(r, token, 8, flow(40008), at(r, 1, true));
	asked = hold(r, token, control(), 8, 1, hold_of(7, 4000, LEASE));
	assert_int_equal(r->count, 2);
	p = probe_of(&r->sent[0]);
	assert_int_equal(p.states[0].flags, PROBE_SEEN | PROBE_REPLIED | PROBE_HELD);
	assert_int_equal(p.hold.ttl, 7);
	assert_int_equal(p.hold.interval_ms, 4000);
	assert_int_equal(p.hold.lease_ms, LEASE);
	rig_wait(r, 60 * NK_S);
	assert_int_equal(r->count, 1 + 8); /* at 0, 4 ... 28 s */
	for (unsigned i = 1; i < r->count; i++) {
		const struct sent *tick = &r->sent[i];

		check_addr(tick->from, at(r, 1, true));
		check_addr(tick->to, flow(40008));
		assert_int_equal(tick->ttl, 7);
		assert_int_equal(tick->len, PROBE_TICK_LEN);
		assert_memory_equal(tick->data + 8, asked.tid, STUN_TID);
		assert_int_equal(probe_of(tick).trial, 8);
	}
	assert_int_equal(broker_stats(r->b)->ticks_sent, 8);
	assert_int_equal(rig_status(r, token, control(), 8).flags, PROBE_SEEN | PROBE_REPLIED);
}

/* Only once asked for again do they go on; and no HOLD makes one come sooner than its interval. */
static void test_renewed(void **state)
{
	struct rig *r = *state;
	const uint64_t token = rig_session(r, control());

	proven_trial(r, token, 8, flow(40008), at(r, 0, false));
	for (unsigned i = 0; i < 100; i++) {
		hold(r, token, control(), 8, 1, hold_of(7, 500, LEASE));
		assert_true((flags_in_answer(r) & PROBE_HELD) != 0);
		rig_wait(r, 100 * NK_MS);
	}
	assert_int_equal(broker_stats(r->b)->ticks_sent, 21);
	rig_wait(r, 29 * NK_S);
	assert_int_equal(broker_stats(r->b)->ticks_sent, 79);
	rig_wait(r, 60 * NK_S);
	assert_int_equal(broker_stats(r->b)->ticks_sent, 80);
}

/* The next HOLD is in place of the one before, and one without a lease ends it. */
static void test_replaced(void **state)
{
	struct rig *r = *state;
	const uint64_t token = rig_session(r, control());

	proven_trial(r, token, 8, flow(40008), at(r, 0, false));
	hold(r, token, control(), 8, 1, hold_of(7, 1000, LEASE));
	hold(r, token, control(), 8, 1, hold_of(255, 5000, LEASE));
	assert_int_equal(r->count, 1);
	rig_wait(r, 5 * NK_S);
	assert_int_equal(r->count, 2);
	assert_int_equal(r->sent[1].ttl, 255);
	hold(r, token, control(), 8, 1, hold_of(0, 0, 0));
	assert_int_equal(flags_in_answer(r) & PROBE_HELD, 0);
	rig_wait(r, 60 * NK_S);
	assert_int_equal(r->count, 1);
}

static void test_lease_is_short(void **state)
{
	struct rig *r = *state;
	const uint64_t token = rig_session(r, control());

	proven_trial(r, token, 8, flow(40008), at(r, 0, false));
	hold(r, token, control(), 8, 1, hold_of(7, 1000, UINT32_MAX));
	assert_int_equal(probe_of(&r->sent[0]).hold.lease_ms, PROBE_LEASE_MAX_MS);
	rig_wait(r, 300 * NK_S);
	assert_int_equal(broker_stats(r->b)->ticks_sent, 30);
}

/* The client is gone, or has ended its session. */
static void test_session_ends(void **state)
{
	struct rig *r = *state;
	const uint64_t token = rig_session(r, control());
	struct msg m;

	proven_trial(r, token, 8, flow(40008), at(r, 0, false));
	hold(r, token, control(), 8, 1, hold_of(7, 1000, LEASE));
	msg_begin(r, &m, PROBE_SESSION, STUN_REQUEST);
	probe_put_token(&m.w, token);
	rig_put(r, control(), at(r, 0, false), &m);
	assert_int_equal(sole_answer(r).cls, STUN_SUCCESS);
	rig_wait(r, 60 * NK_S);
	assert_int_equal(r->count, 1);
}

/* Not to an address that has not itself echoed a cookie, not to a port that the NAT has taken
 * since, and not to another address. */
static void test_proven_only(void **state)
{
	struct rig *r = *state;
	const uint64_t token = rig_session(r, control());

	rig_trial(r, token, 8, STUN_INDICATION, flow(40008), at(r, 0, false), PAID(3));
	hold(r, token, control(), 8, 1, hold_of(7, 500, LEASE));
	assert_int_equal(r->count, 1);
	assert_int_equal(flags_in_answer(r), PROBE_SEEN | PROBE_REFUSED);

	proven_trial(r, token, 9, flow(40009), at(r, 0, false));
	hold(r, token, control(), 9, 1, hold_of(7, 500, LEASE));
	assert_int_equal(r->count, 2);
	rig_trial(r, token, 9, STUN_INDICATION, flow(40010), at(r, 0, false), PAID(3));
	rig_wait(r, NK_S);
	assert_int_equal(r->count, 0);
	assert_int_equal(rig_status(r, token, control(), 9).flags & PROBE_HELD, 0);

	/* Nor to a port that has proved itself, but that nobody wants to be held. */
	proven_trial(r, token, 11, flow(40011), at(r, 0, false));
	hold(r, token, control(), 11, 1, hold_of(7, 10000, LEASE));
	assert_int_equal(r->count, 2);
	proven_trial(r, token, 11, flow(40012), at(r, 0, false));
	rig_wait(r, 12 * NK_S);
	assert_int_equal(r->count, 1); /* its answer */

	proven_trial(r, token, 10, flow(40010), at(r, 0, false));
	hold(r, token, control(), 10, 1, hold_of(7, 500, LEASE));
	rig_trial(r, token, 10, STUN_INDICATION, addr_v4(203, 0, 113, 77, 1), at(r, 0, false), 64);
	rig_wait(r, NK_S);
	assert_int_equal(r->count, 0);
}

/* A session has its own trials, and an address its own sessions. */
static void test_of_others(void **state)
{
	struct rig *r = *state;
	const struct addr neighbour = flow(50001), stranger = addr_v4(198, 51, 100, 1, 50000);
	const uint64_t token = rig_session(r, control()), other = rig_session(r, neighbour);

	proven_trial(r, token, 8, flow(40008), at(r, 0, false));
	hold(r, other, neighbour, 8, 1, hold_of(7, 500, LEASE));
	assert_int_equal(flags_in_answer(r), PROBE_UNKNOWN_TRIAL);
	hold(r, token, stranger, 8, 1, hold_of(7, 500, LEASE));
	assert_int_equal(error_in_answer(r), PROBE_ERR_SESSION);
	hold(r, token ^ 1, control(), 8, 1, hold_of(7, 500, LEASE));
	assert_int_equal(error_in_answer(r), PROBE_ERR_SESSION);
	rig_wait(r, NK_S);
	assert_int_equal(broker_stats(r->b)->ticks_sent, 0);
}

static void test_bad_requests(void **state)
{
	struct rig *r = *state;
	const uint64_t token = rig_session(r, control());
	struct msg m;

	proven_trial(r, token, 8, flow(40008), at(r, 0, false));
	hold(r, token, control(), 8, 1, hold_of(0, 500, LEASE));
	assert_int_equal(error_in_answer(r), 400);
	hold(r, token, control(), 8, 1, hold_of(1, PROBE_INTERVAL_MIN_MS - 1, LEASE));
	assert_int_equal(error_in_answer(r), 400);
	hold(r, token, control(), 8, 0, hold_of(1, 500, LEASE));
	assert_int_equal(error_in_answer(r), 400);
	msg_begin(r, &m, PROBE_HOLD, STUN_REQUEST);
	probe_put_token(&m.w, token);
	probe_put_trials(&m.w, (const uint32_t[]){8}, 1);
	rig_put(r, control(), at(r, 0, false), &m);
	assert_int_equal(error_in_answer(r), 400);
	rig_wait(r, NK_S);
	assert_int_equal(broker_stats(r->b)->ticks_sent, 0);
}

static uint64_t sent_bytes(const struct rig *r)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < r->count; i++)
		bytes += 28 + r->sent[i].len;
	return bytes;
}

/* Whoever has got the address of one who held all he could: what still comes is bounded. */
static void test_what_a_stranger_gets(void **state)
{
	struct rig *r = *state;
	const uint64_t token = rig_session(r, control());
	uint64_t bytes = 0;
	unsigned held = 0;

	for (uint32_t i = 0; i < 320; i++)
		proven_trial(r, token, i, flow((uint16_t)(40000 + i)), at(r, 0, false));
	for (uint32_t i = 0; i < 320; i += PROBE_TRIALS_MAX) {
		struct probe_msg p;

		hold(r, token, control(), i, PROBE_TRIALS_MAX, hold_of(7, 500, LEASE));
		p = probe_of(&r->sent[0]);
		for (unsigned k = 0; k < p.state_count; k++) {
			const uint16_t flags = p.states[k].flags;

			assert_int_equal((flags & PROBE_HELD) != 0, (flags & PROBE_REFUSED) == 0);
			held += (flags & PROBE_HELD) != 0;
		}
	}
	assert_int_equal(held, 75); /* of 300 copies a second half */
	for (unsigned i = 0; i < 30; i++) {
		r->count = 0;
		rig_wait(r, 10 * NK_S);
		bytes += sent_bytes(r);
	}
	assert_in_range(bytes, 59 * 75 * WHOLE, 60 * 75 * WHOLE);

	/* And what had been held may be held again. */
	hold(r, token, control(), 200, PROBE_TRIALS_MAX, hold_of(7, 500, LEASE));
	assert_true((flags_in_answer(r) & PROBE_HELD) != 0);
}

/* HOLDs trials 0 to 74. Return: how many of them had a TICK withheld. */
static unsigned hold_75(struct rig *r, uint64_t token)
{
	unsigned withheld = 0;

	for (uint32_t first = 0; first < 75; first += 25) {
		struct probe_msg p;

		hold(r, token, control(), first, 25, hold_of(7, 500, LEASE));
		p = probe_of(&r->sent[0]);
		for (unsigned i = 0; i < p.state_count; i++) {
			assert_true((p.states[i].flags & PROBE_HELD) != 0);
			withheld += (p.states[i].flags & PROBE_WITHHELD) != 0;
		}
	}
	return withheld;
}

/* Copies and TICKs are under one cap; that it forbade a TICK is told by the next HOLD, once. */
static void test_one_cap(void **state)
{
	struct rig *r = *state;
	const uint64_t token = rig_session(r, control());
	const nk_time start = r->now;
	struct msg ask;

	r->now += NK_S;
	for (uint32_t i = 0; i < 100; i++)
		proven_trial(r, token, i, flow((uint16_t)(40000 + i)), at(r, 0, false));
	assert_int_equal(hold_75(r, token), 0);
	rig_wait(r, 490 * NK_MS); /* the next TICKs are due in 10 ms */
	for (unsigned s = 0; s < 20; s++) {
		for (uint32_t i = 0; i < 300; i++)
			rig_ask(r, &ask, token, control(), i % 100, 1, 0);
		rig_wait(r, NK_S);
	}
	assert_true(broker_stats(r->b)->copies_sent + broker_stats(r->b)->ticks_sent <=
		    300 * (uint64_t)((r->now - start) / NK_S));
	assert_true(hold_75(r, token) > 0);
	assert_int_equal(hold_75(r, token), 0);
}

/* A retransmission changes nothing, and neither does a broker that was not turned for long. */
static void test_no_bursts(void **state)
{
	struct rig *r = *state;
	const uint64_t token = rig_session(r, control());
	struct msg asked, again;

	proven_trial(r, token, 8, flow(40008), at(r, 0, false));
	asked = hold(r, token, control(), 8, 1, hold_of(7, 500, LEASE));
	again = asked;
	again.w.buf = again.buf;
	rig_put(r, control(), at(r, 0, false), &again);
	assert_int_equal(r->count, 1);
	r->now += 20 * NK_S;
	r->count = 0;
	rig_drain(r);
	assert_int_equal(r->count, 1);
}

static void test_ability(void **state)
{
	struct rig *r = *state;

	rig_session(r, control());
	assert_true((probe_of(&r->sent[0]).abilities & PROBE_ABLE_HOLD) != 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_rig(test_ticks),
		with_rig(test_renewed),
		with_rig(test_replaced),
		with_rig(test_lease_is_short),
		with_rig(test_session_ends),
		with_rig(test_proven_only),
		with_rig(test_of_others),
		with_rig(test_bad_requests),
		with_rig(test_what_a_stranger_gets),
		with_rig(test_one_cap),
		with_rig(test_no_bursts),
		with_rig(test_ability),
	};

	return cmocka_run_group_tests_name("broker_hold", tests, NULL, NULL);
}
