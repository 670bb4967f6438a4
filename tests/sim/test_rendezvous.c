/* Registering, ringing, answering and relaying through a broker, with all that may go wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "meeting.h"

#define RTT (2 * MEETING_ONE_WAY)

static void test_rung_and_answered(void **state)
{
	static struct meeting m;

	(void)state;
	meeting_open(&m, broker_default_config(), 0, 1);
	assert_true(meeting_until_held(&m, NK_S));
	assert_int_equal(world_now(m.world), 2 * RTT);
	meeting_ring(&m, m.listener.identity.sign_public);
	assert_true(meeting_until_answered(&m, NK_S));
	assert_int_equal(m.caller.answered_at, 2 * RTT + RTT + RTT + RTT);
	assert_int_equal(m.caller.answer_len, sizeof(m.caller.offer));
	assert_int_equal(m.caller.answer[0], m.caller.offer[sizeof(m.caller.offer) - 1]);
	assert_int_equal(m.listener.rings, 1);
	assert_true(addr_eq(&m.listener.last.from, &(struct addr)V4(203, 0, 113, 2, 5000)));

	/* Settled: nothing more is sent. */
	meeting_wait(&m, 10 * NK_S);
	assert_int_equal(m.listener.rings, 1);
	assert_int_equal(ring_state(m.caller.ring), RING_ANSWERED);
	assert_int_equal(world_stats(m.world)->late, 0);
	meeting_close(&m);
}

static void test_clock(void **state)
{
	static struct meeting m;
	const struct broker_clock *clock;

	(void)state;
	meeting_open(&m, broker_default_config(), 0, 1);
	assert_true(meeting_until_held(&m, NK_S));
	clock = registration_clock(m.listener.registration);
	assert_int_equal(broker_clock_rtt(clock), RTT);
	assert_int_equal(broker_clock_ours(clock, (uint64_t)(5 * NK_S)), 5 * NK_S);
	meeting_close(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rung_and_answered),
		cmocka_unit_test(test_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
