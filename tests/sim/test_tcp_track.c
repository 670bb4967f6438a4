/* TCP connections as a NAT follows them, state by state; tests/kernel asks the kernel the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "sim/packet.h"
#include "sim/tcp_track.h"

#define SYN    PACKET_SYN
#define SYNACK (PACKET_SYN | PACKET_ACK)
#define ACK    PACKET_ACK
#define FIN    (PACKET_FIN | PACKET_ACK)
#define RST    PACKET_RST

#define OUT    true
#define IN     false

static void next(struct tcp_track *t, uint8_t flags, bool outward, enum tcp_step step,
		 const char *state)
{
	assert_int_equal(tcp_track_next(t, flags, outward), step);
	assert_string_equal(tcp_track_name(t), state);
}

static struct tcp_track opened(void)
{
	struct tcp_track t = tcp_track_begin(SYN, OUT);

	assert_string_equal(tcp_track_name(&t), "SYN_SENT");
	next(&t, SYNACK, IN, TCP_STEP_PASS, "SYN_RECV");
	next(&t, ACK, OUT, TCP_STEP_PASS, "ESTABLISHED");
	return t;
}

static void test_closing(void **state)
{
	struct tcp_track t = opened();

	(void)state;
	next(&t, FIN, OUT, TCP_STEP_PASS, "FIN_WAIT");
	next(&t, ACK, IN, TCP_STEP_PASS, "CLOSE_WAIT");
	next(&t, FIN, IN, TCP_STEP_PASS, "LAST_ACK");
	next(&t, ACK, OUT, TCP_STEP_PASS, "TIME_WAIT");
	assert_true(tcp_track_is_reopened(&t, SYN, OUT));
}

/* Linux since 5.14: until there is an answer, SYNs do not restart the timer, from either side. */
static void test_syn_again(void **state)
{
	struct tcp_track t = tcp_track_begin(SYN, OUT);

	(void)state;
	next(&t, SYN, OUT, TCP_STEP_IGNORE, "SYN_SENT");
	next(&t, SYNACK, IN, TCP_STEP_PASS, "SYN_RECV");
}

static void test_simultaneous(void **state)
{
	struct tcp_track t = tcp_track_begin(SYN, OUT);

	(void)state;
	next(&t, SYN, IN, TCP_STEP_IGNORE, "SYN_SENT2");
	next(&t, SYN, OUT, TCP_STEP_PASS, "SYN_SENT2");
	next(&t, SYNACK, OUT, TCP_STEP_PASS, "SYN_RECV");
	next(&t, ACK, IN, TCP_STEP_PASS, "ESTABLISHED");
}

static void test_refused(void **state)
{
	struct tcp_track t = tcp_track_begin(SYN, OUT);

	(void)state;
	next(&t, RST | ACK, IN, TCP_STEP_PASS, "CLOSE");
	assert_true(tcp_track_is_refused(&t));

	t = opened();
	next(&t, RST | ACK, IN, TCP_STEP_PASS, "CLOSE");
	assert_false(tcp_track_is_refused(&t));
	assert_false(tcp_track_is_reopened(&t, SYN, OUT));
}

static void test_beginnings(void **state)
{
	(void)state;
	assert_true(tcp_track_may_begin(SYN, false));
	assert_false(tcp_track_may_begin(ACK, false));
	assert_true(tcp_track_may_begin(ACK, true));
	assert_false(tcp_track_may_begin(FIN, true));
	assert_false(tcp_track_may_begin(RST, true));
	assert_false(tcp_track_may_begin(SYNACK, true));
}

static void test_what_does_not_belong(void **state)
{
	struct tcp_track t = opened();

	(void)state;
	next(&t, SYN, IN, TCP_STEP_LOSE, "ESTABLISHED");
	next(&t, SYN, OUT, TCP_STEP_IGNORE, "ESTABLISHED");
	next(&t, SYNACK, IN, TCP_STEP_PASS, "SYN_RECV"); /* the answer: both know better */
	next(&t, 0, IN, TCP_STEP_LOSE, "SYN_RECV");
	next(&t, PACKET_FIN, IN, TCP_STEP_LOSE, "SYN_RECV");
	next(&t, SYN | PACKET_FIN, IN, TCP_STEP_LOSE, "SYN_RECV");
	next(&t, SYN | RST, IN, TCP_STEP_LOSE, "SYN_RECV");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_closing),      cmocka_unit_test(test_syn_again),
		cmocka_unit_test(test_simultaneous), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_beginnings),   cmocka_unit_test(test_what_does_not_belong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
