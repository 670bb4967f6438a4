/* Messages in flight: how many, when they count as lost, and what the wait is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/session/outgoing.h"

#define RTT (100 * NK_MS)

static struct outgoing out;
static nk_time now;

static int begin(void **state)
{
	(void)state;
	outgoing_init(&out);
	now = 0;
	return 0;
}

/* Sends all that may be sent. Return: how many. */
static unsigned send(void)
{
	struct outgoing_message *m;
	struct frame f;
	unsigned n = 0;

	while (outgoing_has_room(&out))
		assert_true(outgoing_put(&out, "x", 1));
	for (; (m = outgoing_next(&out, &f)) != NULL; n++)
		outgoing_sent(&out, m, now);
	return n;
}

static void ack(uint16_t seq, uint64_t bits)
{
	const struct frame f = {.kind = FRAME_ACK, .seq = seq, .bits = bits};

	outgoing_acked(&out, &f, now);
}

/* Round trips in which all arrives, until the window is @window. */
static void grow_to(unsigned window)
{
	while (out.window < window) {
		send();
		now += RTT;
		ack((uint16_t)(out.first + out.count), 0);
	}
	assert_int_equal(out.window, window);
}

static void test_one_at_first(void **state)
{
	(void)state;
	assert_int_equal(send(), 1);
	assert_false(outgoing_has_room(&out));
	now = RTT;
	ack(1, 0);
	assert_int_equal(out.rtt.smooth, RTT);
	assert_int_equal(send(), 2);
}

static void test_doubles_then_adds(void **state)
{
	(void)state;
	grow_to(16);
	assert_int_equal(now, 4 * RTT);
	out.threshold = 16;
	for (unsigned window = 16; window < 24; window++) {
		assert_int_equal(out.window, window);
		assert_int_equal(send(), window);
		now += RTT;
		ack((uint16_t)(out.first + window), 0);
	}
}

static void test_greatest(void **state)
{
	(void)state;
	grow_to(OUTGOING_MAX);
	assert_int_equal(send(), OUTGOING_MAX);
	now += RTT;
	ack((uint16_t)(out.first + OUTGOING_MAX), 0);
	assert_int_equal(out.window, OUTGOING_MAX);
}

/* A window that is not used says nothing of what the path carries. */
static void test_unused(void **state)
{
	struct outgoing_message *m;
	struct frame f;

	(void)state;
	grow_to(8);
	for (unsigned i = 0; i < 20; i++) {
		assert_true(outgoing_put(&out, "x", 1));
		m = outgoing_next(&out, &f);
		outgoing_sent(&out, m, now);
		now += RTT;
		ack((uint16_t)(out.first + 1), 0);
	}
	assert_int_equal(out.window, 8);
}

/* Three that were sent later have arrived: it is lost, at once, and the window is halved once. */
static void test_loss(void **state)
{
	(void)state;
	grow_to(16);
	out.threshold = 16;
	assert_int_equal(send(), 16);
	now += RTT;
	ack(out.first, 0x6);
	assert_int_equal(out.window, 16);
	ack(out.first, 0xe);
	assert_int_equal(out.window, 8);
	assert_int_equal(out.message[out.first % OUTGOING_MAX].state, OUTGOING_READY);
	/* Another one of the same flight is not another loss. */
	ack(out.first, 0xffbe);
	assert_int_equal(out.window, 8);
	assert_int_equal(out.flying, 0);
	assert_int_equal(send(), 8);
	assert_int_equal(out.due - now, rtt_timeout(&out.rtt, 0));
}

/* Overtaken by two: still under way. */
static void test_reordering(void **state)
{
	(void)state;
	grow_to(8);
	assert_int_equal(send(), 8);
	ack(out.first, 0x6);
	assert_int_equal(out.flying, 6);
	ack((uint16_t)(out.first + 8), 0);
	assert_int_equal(out.count, 0);
	assert_in_range(out.window, 8, 16);
}

/* No answer at all: one after the other, and ever longer. */
static void test_silence(void **state)
{
	static const nk_time waits[] = {1, 2, 4, 8, 8, 8};

	(void)state;
	assert_int_equal(send(), 1);
	for (unsigned i = 0; i < 6; i++) {
		assert_int_equal(out.due - now, waits[i] * NK_S);
		now = out.due;
		assert_false(outgoing_expire(&out, now));
		assert_int_equal(send(), 1);
	}
	assert_int_equal(out.window, 1);
	/* It was sent more than once: nobody knows which one is answered. */
	now += NK_S;
	ack(1, 0);
	assert_int_equal(out.rtt.smooth, 0);
	assert_int_equal(out.window, 1);
	assert_int_equal(send(), 1);
	assert_int_equal(out.due - now, 8 * NK_S);
	now += 2 * NK_S;
	ack(2, 0);
	assert_int_equal(out.rtt.smooth, 2 * NK_S);
	send();
	assert_int_equal(out.due - now, 6 * NK_S);
}

/* The peer holds all and takes none: they are not sent again, but asked after. */
static void test_held(void **state)
{
	(void)state;
	grow_to(4);
	assert_int_equal(send(), 4);
	now += RTT;
	ack(out.first, 0xf);
	assert_int_equal(out.flying, 0);
	now = out.due;
	assert_true(outgoing_expire(&out, now));
	assert_true(out.due > now + RTT);
	ack((uint16_t)(out.first + 4), 0);
	assert_int_equal(out.count, 0);
	assert_true(out.due == NK_NEVER);
}

/* Another path: what was under way on the old one is sent again, one first. */
static void test_restart(void **state)
{
	(void)state;
	grow_to(8);
	assert_int_equal(send(), 8);
	outgoing_restart(&out, now);
	assert_int_equal(out.rtt.smooth, 0);
	assert_int_equal(out.flying, 0);
	assert_int_equal(send(), 1);
	assert_int_equal(out.due - now, NK_S);
}

/* What acknowledges more than there is, or less than was acknowledged, is not heard. */
static void test_nonsense(void **state)
{
	struct outgoing before;

	(void)state;
	grow_to(4);
	send();
	before = out;
	ack((uint16_t)(out.first + out.count + 1), UINT64_MAX);
	ack((uint16_t)(out.first - 1), UINT64_MAX);
	ack((uint16_t)(out.first + 0x8000), 1);
	assert_memory_equal(&out, &before, sizeof(before));
}

static void test_numbers_wrap(void **state)
{
	(void)state;
	grow_to(8);
	out.first = 65533;
	assert_int_equal(send(), 8);
	ack(0, 0x2);
	assert_int_equal(out.first, 0);
	assert_int_equal(out.count, 5);
	assert_int_equal(out.held, 1);
	ack(5, 0);
	assert_int_equal(out.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_one_at_first, begin),
		cmocka_unit_test_setup(test_doubles_then_adds, begin),
		cmocka_unit_test_setup(test_greatest, begin),
		cmocka_unit_test_setup(test_unused, begin),
		cmocka_unit_test_setup(test_loss, begin),
		cmocka_unit_test_setup(test_reordering, begin),
		cmocka_unit_test_setup(test_silence, begin),
		cmocka_unit_test_setup(test_held, begin),
		cmocka_unit_test_setup(test_restart, begin),
		cmocka_unit_test_setup(test_nonsense, begin),
		cmocka_unit_test_setup(test_numbers_wrap, begin),
	};

	return cmocka_run_group_tests_name("session_window", tests, NULL, NULL);
}
