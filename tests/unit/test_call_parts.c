/* Parts of calls: secrets, when to fire, who has rung, and how the path is to be kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "base/err.h"
#include "core/call/bare.h"
#include "core/call/call_fire.h"
#include "core/call/call_keepalive.h"
#include "core/call/call_offer.h"
#include "core/call/callers.h"
#include "core/call/pipe.h"

static void assert_ice_chars(const char *text, size_t len)
{
	assert_int_equal(strlen(text), len);
	for (size_t i = 0; i < len; i++)
		assert_non_null(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				       "0123456789+/",
				       text[i]));
}

/* Computed apart, by Python's hmac and base64: HKDF as Noise has it, with export key 0, 1 ... 31. */
static void test_secrets(void **state)
{
	struct ice_secret caller, callee;
	uint8_t export[32];

	(void)state;
	for (unsigned i = 0; i < sizeof(export); i++)
		export[i] = (uint8_t)i;
	call_secrets(&caller, &callee, export);
	assert_ice_chars(caller.ufrag, PUNCH_UFRAG);
	assert_ice_chars(caller.password, PUNCH_PASSWORD);
	assert_string_equal(caller.ufrag, "koDkhaB3");
	assert_string_equal(caller.password, "7vaVPNSYlLvbHpAb3SvL/CJl");
	assert_string_equal(callee.ufrag, "Y3LUi+kl");
	assert_string_equal(callee.password, "Q7T1qBOT0lftMXC2Fs83olJc");
}

static void assert_puts_out(struct pipe *p, const char *text)
{
	struct action a;

	assert_true(pipe_output(p, &a));
	assert_int_equal(a.kind, ACTION_SEND);
	assert_int_equal(a.len, strlen(text));
	assert_memory_equal(a.data, text, a.len);
	assert_false(pipe_output(p, &a));
	pipe_input(p, &(struct event){.kind = EVENT_STREAM_ROOM});
}

/* Datagrams that come together wait for the stream, and those beyond the queue are dropped. */
static void test_datagrams_wait(void **state)
{
	static struct pipe p;
	struct action a;
	char text[2] = "";

	(void)state;
	pipe_open(&p, 1, PUNCH_DATAGRAMS);
	assert_true(pipe_output(&p, &a));
	pipe_input(&p, &(struct event){.kind = EVENT_OPENED});
	for (text[0] = 'a'; text[0] < 'a' + 9; text[0]++)
		pipe_put(&p, text, 1);
	assert_false(pipe_has_room(&p));
	for (text[0] = 'a'; text[0] < 'a' + 8; text[0]++)
		assert_puts_out(&p, text);
	assert_false(pipe_output(&p, &a));
	assert_true(pipe_has_room(&p));
}

/* Both hear of it in time: the caller half a round trip of each after the answer left, and whoever has
 * an opener sends it a whole round trip before its check. */
static void test_fire(void **state)
{
	static const nk_time rtts[] = {1 * NK_MS, 40 * NK_MS, 300 * NK_MS};

	(void)state;
	for (unsigned i = 0; i < 9; i++) {
		const nk_time callee = rtts[i / 3], caller = rtts[i % 3];
		const nk_time hears = (callee + caller) / 2;
		const nk_time with = call_fire_wait(callee, caller, true, 0);
		const nk_time without = call_fire_wait(callee, caller, false, 0);

		assert_true(without - caller / 2 >= hears);
		assert_true(without - callee / 2 >= 0);
		assert_true(with - caller / 2 >= hears + caller);
		assert_true(with - callee / 2 >= callee);
		assert_true(without < with);
	}
}

static enum callers_verdict judge(struct callers *c, uint32_t key, uint64_t timestamp, uint8_t id)
{
	struct offer o = {.timestamp_us = timestamp, .call_id = {id}};
	struct caller *who;

	memcpy(o.key, &key, sizeof(key));
	return callers_judge(c, &o, &who);
}

static void test_callers(void **state)
{
	static struct callers c;

	(void)state;
	memset(&c, 0, sizeof(c));
	assert_int_equal(judge(&c, 1, 100, 1), CALLERS_NEW);
	assert_int_equal(judge(&c, 1, 100, 1), CALLERS_AGAIN);
	assert_int_equal(judge(&c, 1, 100, 2), CALLERS_OLD);
	assert_int_equal(judge(&c, 1, 99, 1), CALLERS_OLD);
	assert_int_equal(judge(&c, 2, 99, 3), CALLERS_NEW);
	assert_int_equal(judge(&c, 1, 101, 4), CALLERS_NEW);
	assert_int_equal(judge(&c, 1, 100, 1), CALLERS_OLD);
	assert_int_equal(judge(&c, 1, 101, 4), CALLERS_AGAIN);
}

static void test_many_callers(void **state)
{
	static struct callers c;

	(void)state;
	memset(&c, 0, sizeof(c));
	for (uint32_t i = 0; i < 3 * CALLERS_MAX; i++)
		assert_int_equal(judge(&c, i, 100, 1), CALLERS_NEW);
	for (uint32_t i = 2 * CALLERS_MAX; i < 3 * CALLERS_MAX; i++)
		assert_int_equal(judge(&c, i, 99, 1), CALLERS_OLD);
}

/* What a run has seen is old to the next one, whose memory is as long. */
static void test_callers_of_earlier_run(void **state)
{
	static struct punch_seen seen[CALLERS_MAX];
	static struct callers c, next;
	unsigned count;

	(void)state;
	memset(&c, 0, sizeof(c));
	memset(&next, 0, sizeof(next));
	assert_false(callers_news(&c, seen, &count));
	for (uint32_t i = 0; i < CALLERS_MAX + 2; i++)
		judge(&c, i, 100 + i, 1);
	assert_true(callers_news(&c, seen, &count));
	assert_int_equal(count, CALLERS_MAX);
	callers_begin(&next, seen, count);
	assert_false(callers_news(&next, seen, &count));
	for (uint32_t i = 2; i < CALLERS_MAX + 2; i++)
		assert_int_equal(judge(&next, i, 100 + i, 1), CALLERS_OLD);
	assert_int_equal(judge(&next, CALLERS_MAX + 2, 1, 1), CALLERS_NEW); /* instead of 2 */
	assert_int_equal(judge(&next, 3, 103, 1), CALLERS_OLD);
	assert_int_equal(judge(&next, 2, 102, 1), CALLERS_NEW);
}

/* Several are sent before any of them leaves. */
static void test_bare_burst(void **state)
{
	static struct bare b;
	const struct addr peer = addr_v4(192, 0, 2, 1, 4000);
	struct action a;
	struct rng rng;

	(void)state;
	rng_seed_from_number(&rng, 1);
	bare_set_path(&b, 7, &peer, 0);
	for (uint8_t i = 0; i < 4; i++)
		assert_int_equal(bare_send(&b, &i, 1), 0);
	for (uint8_t i = 0; i < 4; i++) {
		assert_true(bare_output(&b, &a, &rng, 0));
		assert_int_equal(a.len, 1);
		assert_int_equal(a.data[0], i);
	}
	assert_false(bare_output(&b, &a, &rng, 0));
	for (unsigned i = 0; i < BARE_QUEUE; i++)
		assert_int_equal(bare_send(&b, "x", 1), 0);
	assert_int_equal(bare_send(&b, "x", 1), NK_ERR_NO_ROOM);
}

static void assert_taken(const uint8_t *bytes, size_t len, const struct keepalive_offer *ours,
			 enum keepalive_algorithm algorithm, double interval_s)
{
	struct offer answer = {.verdict = OFFER_ACCEPTS, .keepalives_len = len};
	struct keepalive_terms t;

	if (len > 0)
		memcpy(answer.keepalives, bytes, len);
	t = call_keepalive_answered(&answer, ours);
	assert_int_equal(t.algorithm, algorithm);
	assert_true(t.interval_s == interval_s);
}

/* An answer without terms, of an older version, or with others than were offered: the last resort. */
static void test_keepalive_answers(void **state)
{
	static const uint8_t learned[] = {KEEPALIVE_LEARNED, 5, 0},
			     never[] = {KEEPALIVE_NONE, 0, 0}, turns[] = {KEEPALIVE_TURNS, 0, 240},
			     unknown[] = {200, 0, 240}, often[] = {KEEPALIVE_FIXED, 0, 8};
	const double usual = 16.625; /* KEEPALIVE_DRAWN, in whole sixteenths */
	struct keepalive_offer ours = keepalive_default_offer();

	(void)state;
	assert_taken(learned, sizeof(learned), &ours, KEEPALIVE_LEARNED, 80);
	assert_taken(turns, sizeof(turns), &ours, KEEPALIVE_TURNS, 15);
	assert_taken(NULL, 0, &ours, KEEPALIVE_FIXED, usual);
	assert_taken(learned, 2, &ours, KEEPALIVE_FIXED, usual);
	assert_taken(never, sizeof(never), &ours, KEEPALIVE_FIXED, usual);
	assert_taken(unknown, sizeof(unknown), &ours, KEEPALIVE_FIXED, usual);
	assert_taken(often, sizeof(often), &ours, KEEPALIVE_FIXED, usual);
	ours.lower_s = 10;
	assert_taken(turns, sizeof(turns), &ours, KEEPALIVE_FIXED, 8);
}

/* What the other side says of itself stands first in an offer, and after the terms in an answer. */
static void test_keepalive_beliefs(void **state)
{
	struct keepalive_offer callers = keepalive_default_offer(), callees = callers, got;
	struct offer offer = {.verdict = OFFER_CALLS}, answer = {.verdict = OFFER_ACCEPTS};
	const struct offer old = {.verdict = OFFER_CALLS};

	(void)state;
	callers.lower_s = 100;
	callees.lower_s = 50;
	callees.outbound_only = true;
	call_keepalive_offer(&offer, &callers);
	assert_true(call_keepalive_answer(&answer, &offer, &callees).interval_s == 40);
	got = call_keepalive_theirs(&offer);
	assert_true(got.lower_s == 100 && !got.outbound_only && got.count == callers.count);
	got = call_keepalive_theirs(&answer);
	assert_true(got.lower_s == 50 && got.outbound_only && got.count == callees.count);
	assert_true(call_keepalive_answered(&answer, &callers).interval_s == 40);
	got = call_keepalive_theirs(&old);
	assert_true(got.lower_s == 0 && got.count == 0);
	assert_int_equal(call_keepalive_answer(&answer, &old, &callees).algorithm, KEEPALIVE_FIXED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_fire),
		cmocka_unit_test(test_datagrams_wait),
		cmocka_unit_test(test_callers),
		cmocka_unit_test(test_many_callers),
		cmocka_unit_test(test_callers_of_earlier_run),
		cmocka_unit_test(test_bare_burst),
		cmocka_unit_test(test_keepalive_answers),
		cmocka_unit_test(test_keepalive_beliefs),
	};

	return crypto_init() == 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
