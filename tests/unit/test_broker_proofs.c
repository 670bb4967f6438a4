/* Who comes first when there is more to do than can be done: those who are there already. */
#include "register_rig.h"

#include "core/broker/proofs.h"

#define WAITING 512 /* as many proofs wait; the rest comes again */

/* Nobody is limited but by the queue. */
static void start(struct rig *r)
{
	struct broker_config config = config_two();

	config.calls_per_s = 100000;
	config.registrations_per_ip = 100000;
	rig_start(r, &config);
}

/* A datagram behind which others wait. */
static void pressed(struct rig *r, struct addr from, struct msg *m)
{
	const struct event ev = {
		.kind = EVENT_DATAGRAM,
		.from = from,
		.local = at(r, 0, false),
		.more = true,
		.data = m->buf,
		.len = stun_end(&m->w),
	};

	r->count = 0;
	broker_input(r->b, &ev, r->now);
	rig_drain(r);
}

static struct addr nth(unsigned i)
{
	return addr_v4(203, 0, (uint8_t)(113 + i / 50000), 9, (uint16_t)(1000 + i % 50000));
}

/* Rounds of a full load: proofs wait, a refresh and a cookie do not; when it is over, one in each turn. */
static void test_order(void **state)
{
	const struct identity first = identity(1), second = identity(2);
	struct msg m;
	uint64_t token;
	struct rig r;

	(void)state;
	start(&r);
	token = enroll(&r, &first, nth(0));
	prove(&r, &m, &second, cookie(&r, RENDEZVOUS_REGISTER, nth(1)), at(&r, 0, false));
	pressed(&r, nth(1), &m);
	assert_int_equal(r.count, 0);
	for (unsigned i = 0; i < 100; i++) {
		msg_begin(&r, &m, RENDEZVOUS_REGISTER, STUN_REQUEST);
		probe_put_token(&m.w, token);
		pressed(&r, nth(0), &m);
		assert_int_equal(sole_answer(&r).cls, STUN_SUCCESS);
		check_addr(r.sent[0].to, nth(0));
	}
	assert_int_equal(broker_stats(r.b)->proofs_waiting, 1);
	assert_true(broker_deadline(r.b) <= r.now);
	r.count = 0;
	rig_drain(&r); /* nothing came in this turn */
	assert_int_equal(sole_answer(&r).cls, STUN_SUCCESS);
	check_addr(r.sent[0].to, nth(1));
	assert_int_equal(broker_stats(r.b)->proofs, 2);
	assert_int_equal(broker_stats(r.b)->proofs_waiting, 0);
	rig_end(&r);
}

/* The queue is bounded; who finds it full is told a time, each a later one, within a minute. */
static void test_full(void **state)
{
	const struct identity id = identity(1);
	uint32_t last = 0;
	struct msg m;
	struct rig r;

	(void)state;
	start(&r);
	for (unsigned i = 0; i < WAITING + 300; i++) {
		uint64_t c;

		msg_begin(&r, &m, RENDEZVOUS_REGISTER, STUN_REQUEST);
		stun_pad_to(&m.w, RENDEZVOUS_ASK_LEN);
		pressed(&r, nth(i), &m);
		c = of(&r.sent[0]).cookie;
		prove(&r, &m, &id, c, at(&r, 0, false));
		pressed(&r, nth(i), &m);
		if (i < WAITING) {
			assert_int_equal(r.count, 0);
			continue;
		}
		assert_int_equal(sole_answer(&r).error, PROBE_ERR_FULL);
		assert_in_range(of(&r.sent[0]).retry_ms, last + 1, 60000);
		last = of(&r.sent[0]).retry_ms;
	}
	assert_int_equal(broker_stats(r.b)->proofs_put_off, 300);
	assert_int_equal(broker_stats(r.b)->proofs, 0);
	for (unsigned i = 0; i < WAITING; i++) { /* one in a turn */
		r.count = 0;
		rig_drain(&r);
		assert_int_equal(r.count, 1);
		check_addr(r.sent[0].to, nth(i));
	}
	rig_drain(&r);
	assert_int_equal(r.count, 1);
	assert_int_equal(broker_stats(r.b)->proofs, WAITING);
	assert_int_equal(broker_stats(r.b)->registrations, 1);
	rig_end(&r);
}

/* Times to come again are as far apart as the proofs that were seen to be done. */
static void test_rate(void **state)
{
	const uint8_t byte = 0;
	const struct event ev = {.data = &byte, .len = 1};
	struct proofs p;
	nk_time now = 1000 * NK_S, off, next;

	(void)state;
	assert_int_equal(proofs_init(&p, 4), 0);
	for (unsigned i = 0; i < 4; i++)
		assert_true(proofs_put(&p, &ev, now));
	assert_false(proofs_put(&p, &ev, now));
	for (unsigned i = 0; i < 20000; i++) { /* 400 a second */
		now += 2500;
		assert_non_null(proofs_take(&p, now));
		assert_true(proofs_put(&p, &ev, now));
	}
	off = proofs_put_off(&p, now);
	assert_in_range(off, NK_S, NK_S + 3000);
	for (unsigned i = 0; i < 1000; i++) {
		next = proofs_put_off(&p, now);
		assert_in_range(next - off, 2400, 2600);
		off = next;
	}
	for (unsigned i = 0; i < 100000;
	     i++) { /* more than a minute holds: spread over its second half */
		next = proofs_put_off(&p, now);
		assert_in_range(next, NK_S, 60 * NK_S);
	}
	proofs_free(&p);
}

/* Longer than any that makes sense: it cannot wait, and it would be no use to come again. */
static void test_too_long(void **state)
{
	const struct identity id = identity(1);
	struct msg m;
	struct rig r;

	(void)state;
	start(&r);
	prove(&r, &m, &id, cookie(&r, RENDEZVOUS_REGISTER, nth(0)), at(&r, 0, false));
	stun_pad_to(&m.w, PROOFS_BYTES + 4);
	rig_put(&r, nth(0), at(&r, 0, false), &m);
	assert_int_equal(sole_answer(&r).error, 400);
	rig_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
