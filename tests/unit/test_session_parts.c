/* Messages that come in any order, pings and their answers, and the wait for a round trip. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/session/incoming.h"
#include "core/session/pings.h"
#include "core/session/rtt.h"

static struct incoming in;

static int begin(void **state)
{
	(void)state;
	memset(&in, 0, sizeof(in));
	return 0;
}

static void put(uint16_t seq, const char *text)
{
	const struct frame f = {
		.kind = FRAME_MESSAGE,
		.seq = seq,
		.data = (const uint8_t *)text,
		.len = strlen(text),
	};

	incoming_put(&in, &f);
}

static void take(const char *text)
{
	const struct incoming_message *m = incoming_first(&in);

	assert_non_null(m);
	assert_int_equal(m->len, strlen(text));
	assert_memory_equal(m->bytes, text, m->len);
	incoming_take(&in);
}

static void check_ack(uint16_t seq, uint64_t bits)
{
	const struct frame f = incoming_ack(&in);

	assert_true(in.ack_due);
	assert_int_equal(f.kind, FRAME_ACK);
	assert_int_equal(f.seq, seq);
	assert_true(f.bits == bits);
	in.ack_due = false;
}

static void test_in_order(void **state)
{
	(void)state;
	assert_null(incoming_first(&in));
	put(0, "one");
	check_ack(0, 1);
	take("one");
	check_ack(1, 0);
	put(1, "");
	take("");
	check_ack(2, 0);
}

static void test_any_order(void **state)
{
	(void)state;
	put(2, "three");
	check_ack(0, 4);
	assert_null(incoming_first(&in));
	put(0, "one");
	check_ack(0, 5);
	put(1, "two");
	take("one");
	take("two");
	take("three");
	check_ack(3, 0);
}

/* The first one counts; and who sends it again is told again. */
static void test_twice(void **state)
{
	(void)state;
	put(0, "one");
	check_ack(0, 1);
	put(0, "another");
	check_ack(0, 1);
	take("one");
	check_ack(1, 0);
	put(0, "one");
	check_ack(1, 0);
	assert_null(incoming_first(&in));
}

static void test_too_far_ahead(void **state)
{
	(void)state;
	put(INCOMING_HELD, "no");
	check_ack(0, 0);
	put(INCOMING_HELD - 1, "yes");
	check_ack(0, (uint64_t)1 << 63);
}

static void test_numbers_wrap(void **state)
{
	(void)state;
	in.next = 65535;
	put(0, "two");
	check_ack(65535, 2);
	put(65535, "one");
	take("one");
	take("two");
	check_ack(1, 0);
}

static void test_pings(void **state)
{
	struct pings p;
	nk_time took = 0;

	(void)state;
	pings_start(&p, 100);
	assert_int_equal(pings_last(&p), 0);
	assert_int_equal(pings_send(&p, NK_S), 100);
	assert_int_equal(pings_send(&p, 2 * NK_S), 101);
	assert_int_equal(pings_last(&p), 2 * NK_S);
	assert_true(pings_is_answer(&p, 100, 4 * NK_S, &took));
	assert_int_equal(took, 3 * NK_S);
	assert_true(pings_is_answer(&p, 101, 4 * NK_S, &took));
	assert_int_equal(took, 2 * NK_S);
	assert_false(pings_is_answer(&p, 99, 4 * NK_S, &took));
	assert_false(pings_is_answer(&p, 102, 4 * NK_S, &took));
	pings_start(&p, 5000);
	assert_false(pings_is_answer(&p, 101, 6 * NK_S, &took));
}

static void test_old_pings(void **state)
{
	struct pings p;
	nk_time took;

	(void)state;
	pings_start(&p, 100);
	for (unsigned i = 0; i < 20; i++)
		pings_send(&p, i * NK_S);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(pings_is_answer(&p, 100 + i, 20 * NK_S, &took), i >= 12);
}

/* RFC 6298 section 2, with our bounds. */
static void test_timeout(void **state)
{
	struct rtt r = {0};

	(void)state;
	assert_int_equal(rtt_timeout(&r, 0), NK_S);
	rtt_sample(&r, 100 * NK_MS);
	assert_int_equal(rtt_timeout(&r, 0), 300 * NK_MS);
	rtt_sample(&r, 180 * NK_MS);
	assert_int_equal(r.smooth, 110 * NK_MS);
	assert_int_equal(r.var, 57500);
	assert_int_equal(rtt_timeout(&r, 0), 340 * NK_MS);
	assert_int_equal(rtt_timeout(&r, 2), 4 * 340 * NK_MS);
	assert_int_equal(rtt_timeout(&r, 1000), RTT_TIMEOUT_MAX);
	r = (struct rtt){0};
	rtt_sample(&r, 0);
	assert_int_equal(rtt_timeout(&r, 0), RTT_TIMEOUT_MIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_in_order, begin),
		cmocka_unit_test_setup(test_any_order, begin),
		cmocka_unit_test_setup(test_twice, begin),
		cmocka_unit_test_setup(test_too_far_ahead, begin),
		cmocka_unit_test_setup(test_numbers_wrap, begin),
		cmocka_unit_test_setup(test_pings, begin),
		cmocka_unit_test_setup(test_old_pings, begin),
		cmocka_unit_test_setup(test_timeout, begin),
	};

	return cmocka_run_group_tests_name("session_parts", tests, NULL, NULL);
}
