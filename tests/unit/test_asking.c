/* Requests that are asked until they are answered: which answers are believed, and when the next goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "core/rendezvous/asking.h"
#include "core/rendezvous/registration.h"

#define METHOD RENDEZVOUS_RING

struct rig {
	struct rng rng;
	struct broker_link link;
	struct asking asking;
	nk_time now;
};

static void rig_start(struct rig *r)
{
	assert_int_equal(crypto_init(), 0);
	*r = (struct rig){.now = NK_S};
	rng_seed_from_number(&r->rng, 1);
	r->link.rng = &r->rng;
	asking_wait(&r->asking, r->now);
}

static void ask(struct rig *r, uint8_t tid[static STUN_TID])
{
	memcpy(tid, asking_send(&r->asking, &r->link, r->now), STUN_TID);
}

static bool answer(struct rig *r, const uint8_t tid[static STUN_TID])
{
	const struct rendezvous_msg m = {.has_time = true, .time_us = (uint64_t)r->now};
	struct stun_msg msg = {.method = METHOD, .cls = STUN_SUCCESS};

	memcpy(msg.tid, tid, STUN_TID);
	return asking_is_answered(&r->asking, &r->link, METHOD, &msg, &m, r->now);
}

/* Nothing was asked: there is no answer, and least of all one of no id. */
static void test_unasked(void **state)
{
	static const uint8_t nothing[STUN_TID];
	uint8_t tid[STUN_TID];
	struct rig r;

	(void)state;
	rig_start(&r);
	assert_false(answer(&r, nothing));
	ask(&r, tid);
	assert_false(answer(&r, nothing));
	tid[11] ^= 1;
	assert_false(answer(&r, tid));
}

/* One answer for each, and none that is older than one that has come. */
static void test_once(void **state)
{
	uint8_t tids[3][STUN_TID];
	struct rig r;

	(void)state;
	rig_start(&r);
	for (unsigned i = 0; i < 3; i++) {
		ask(&r, tids[i]);
		r.now += NK_MS;
	}
	assert_true(answer(&r, tids[1]));
	assert_false(answer(&r, tids[1]));
	assert_false(answer(&r, tids[0]));
	assert_true(answer(&r, tids[2]));
	assert_int_equal(broker_clock_rtt(&r.link.clock), NK_MS);
}

/* Once a second at first, and at last once in 16. */
static void test_pauses(void **state)
{
	static const nk_time want[] = {500,  1000, 1000, 1000, 1000, 1000,  1000, 1000,
				       1000, 1000, 2000, 4000, 8000, 16000, 16000};
	uint8_t tid[STUN_TID];
	struct rig r;

	(void)state;
	rig_start(&r);
	for (unsigned i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		ask(&r, tid);
		assert_int_equal(r.asking.due - r.now, want[i] * NK_MS);
		r.now = r.asking.due;
	}
	ask(&r, tid);
	r.now += 40 * NK_MS;
	assert_true(answer(&r, tid));
	asking_wait(&r.asking, r.now);
	ask(&r, tid);
	assert_int_equal(r.asking.due - r.now, 90 * NK_MS);
}

/* Answers that ask for more get it four times; then the pauses count. */
static void test_again(void **state)
{
	uint8_t tid[STUN_TID];
	struct rig r;

	(void)state;
	rig_start(&r);
	for (unsigned i = 0; i < 5; i++) {
		ask(&r, tid);
		asking_again(&r.asking, r.now);
		assert_int_equal(r.asking.due == r.now, i < 4);
	}
	asking_wait(&r.asking, r.now);
	ask(&r, tid);
	asking_again(&r.asking, r.now);
	assert_int_equal(r.asking.due, r.now);
}

/* A listener answers sixteen callers at once, each twice. */
static void test_answers_at_once(void **state)
{
	static const uint8_t yes[3];
	const struct registration_config config = {.broker = addr_v4(192, 0, 2, 1, 3478)};
	const struct rung to = {.from = addr_v4(198, 51, 100, 1, 1)};
	struct registration *registration;
	struct rng rng;

	(void)state;
	rng_seed_from_number(&rng, 1);
	registration = registration_new(&config, &rng, 0);
	assert_non_null(registration);
	for (unsigned i = 0; i < 32; i++)
		assert_int_equal(registration_answer(registration, &to, yes, 3, false, 0), 0);
	assert_int_equal(registration_answer(registration, &to, yes, 3, false, 0), NK_ERR_NO_ROOM);
	registration_free(registration);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unasked),         cmocka_unit_test(test_once),
		cmocka_unit_test(test_pauses),          cmocka_unit_test(test_again),
		cmocka_unit_test(test_answers_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
