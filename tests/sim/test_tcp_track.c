/*
 * A TCP connection, packet by packet: who opens sends 'o', the other side 'r',
 * and each packet is followed by the state that it must leave, in brackets if it
 * restarts no timer. Expectations are from the source of
 * conntrack; tests/kernel asks the kernel the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "sim/packet.h"
#include "sim/tcp_track.h"

#define STEPS_MAX 12

#define LOST      "lost" /* for a state: the packet is, and the state stays */

struct step {
	char who;
	const char *packet, *state;
};

static uint8_t flags_of(const char *packet)
{
	static const struct {
		const char *name;
		uint8_t flags;
	} kinds[] = {
		{"syn", PACKET_SYN},
		{"synack", PACKET_SYN | PACKET_ACK},
		{"ack", PACKET_ACK},
		{"fin", PACKET_FIN | PACKET_ACK},
		{"rst", PACKET_RST},
		{"rstack", PACKET_RST | PACKET_ACK},
		{"none", 0},
		{"finonly", PACKET_FIN},
		{"synfin", PACKET_SYN | PACKET_FIN},
		{"synrst", PACKET_SYN | PACKET_RST},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, packet) == 0)
			return kinds[i].flags;
	fail_msg("no such packet: %s", packet);
	return 0;
}

static struct tcp_track play_one(struct tcp_track t, const struct step *s, bool outward)
{
	const bool way = s->who == 'o' ? outward : !outward;
	const struct tcp_track before = t;
	const enum tcp_step step = tcp_track_next(&t, flags_of(s->packet), way);

	print_message(" %c:%s:%s", s->who, s->packet, s->state);
	if (strcmp(s->state, LOST) == 0) {
		assert_int_equal(step, TCP_STEP_LOSE);
		assert_memory_equal(&t, &before, sizeof(t));
		return t;
	}
	if (s->state[0] == '(') {
		assert_int_equal(step, TCP_STEP_IGNORE);
		assert_int_equal(strlen(s->state), strlen(tcp_track_name(&t)) + strlen("()"));
		assert_memory_equal(s->state + 1, tcp_track_name(&t), strlen(s->state) - 2);
		return t;
	}
	assert_int_equal(step, TCP_STEP_PASS);
	assert_string_equal(tcp_track_name(&t), s->state);
	return t;
}

static const struct step opening[] = {
	{'o', "syn", "SYN_SENT"},
	{'r', "synack", "SYN_RECV"},
	{'o', "ack", "ESTABLISHED"},
	{0, NULL, NULL},
};

/* All steps, for who opens outside and for who opens inside. @more may be NULL. */
static struct tcp_track play(const struct step *steps, const struct step *more)
{
	struct tcp_track t = {.state = 0};

	for (int outward = 0; outward < 2; outward++) {
		t = tcp_track_begin(flags_of(steps[0].packet), outward);
		assert_string_equal(tcp_track_name(&t), steps[0].state);
		for (const struct step *s = steps + 1; s->packet != NULL; s++)
			t = play_one(t, s, outward);
		for (const struct step *s = more; s != NULL && s->packet != NULL; s++)
			t = play_one(t, s, outward);
		print_message("\n");
	}
	return t;
}

static const struct {
	const char *name;
	bool open; /* the steps come after the opening */
	struct step steps[STEPS_MAX];
} lives[] = {
	{"opening", true, {{'r', "ack", "ESTABLISHED"}}},
	{"nothing gets lost by repetition",
	 false,
	 {{'o', "syn", "SYN_SENT"},
	  {'o', "syn", "(SYN_SENT)"}, /* who tries for ever holds nothing for ever */
	  {'r', "synack", "SYN_RECV"},
	  {'r', "synack", "(SYN_RECV)"},
	  {'o', "syn", "(SYN_RECV)"},
	  {'r', "ack", "SYN_RECV"},
	  {'o', "ack", "ESTABLISHED"},
	  {'r', "synack", "(ESTABLISHED)"},
	  {'o', "syn", "(ESTABLISHED)"}}},
	{"flags that no TCP sends together",
	 true,
	 {{'r', "none", LOST},
	  {'r', "finonly", LOST},
	  {'r', "synfin", LOST},
	  {'o', "synrst", LOST},
	  {'o', "rstack", "CLOSE"}}},
	{"what an opening does not have",
	 false,
	 {{'o', "syn", "SYN_SENT"},
	  {'o', "ack", LOST},
	  {'o', "fin", LOST},
	  {'o', "synack", LOST},
	  {'r', "fin", LOST},
	  {'r', "ack", "(SYN_SENT)"},
	  {'r', "synack", "SYN_RECV"},
	  {'r', "syn", LOST}}},
	{"both open at once",
	 false,
	 {{'o', "syn", "SYN_SENT"},
	  {'r', "syn", "(SYN_SENT2)"},
	  {'o', "syn", "SYN_SENT2"},
	  {'o', "ack", LOST},
	  {'o', "synack", "SYN_RECV"},
	  {'r', "synack", "(SYN_RECV)"},
	  {'r', "ack", "ESTABLISHED"}}},
	{"both open at once, and who was first acknowledges",
	 false,
	 {{'o', "syn", "SYN_SENT"},
	  {'r', "syn", "(SYN_SENT2)"},
	  {'r', "synack", "SYN_RECV"},
	  {'o', "ack", "ESTABLISHED"}}},
	{"who opened closes",
	 true,
	 {{'o', "fin", "FIN_WAIT"},
	  {'r', "ack", "CLOSE_WAIT"},
	  {'r', "ack", "CLOSE_WAIT"},
	  {'r', "fin", "LAST_ACK"},
	  {'r', "fin", "LAST_ACK"},
	  {'o', "ack", "TIME_WAIT"},
	  {'r', "fin", "TIME_WAIT"}}},
	{"the other side closes, and both in one",
	 true,
	 {{'r', "fin", "FIN_WAIT"}, {'o', "fin", "LAST_ACK"}, {'r', "ack", "TIME_WAIT"}}},
	{"closing before the handshake is over",
	 false,
	 {{'o', "syn", "SYN_SENT"}, {'r', "synack", "SYN_RECV"}, {'r', "fin", "FIN_WAIT"}}},
	{"a reset", true, {{'r', "rst", "CLOSE"}, {'o', "ack", "CLOSE"}, {'o', "fin", "CLOSE"}}},
	{"picked up in the middle",
	 false,
	 {{'o', "ack", "ESTABLISHED"}, {'r', "ack", "ESTABLISHED"}, {'o', "fin", "FIN_WAIT"}}},
	{"a new connection that only both sides know of",
	 true,
	 {{'o', "syn", "(ESTABLISHED)"}, {'r', "synack", "SYN_RECV"}, {'o', "ack", "ESTABLISHED"}}},
	{"another after the other side's reset",
	 true,
	 {{'r', "rst", "CLOSE"}, {'o', "syn", "(CLOSE)"}, {'r', "synack", "SYN_RECV"}}},
};

static void test_lives(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lives) / sizeof(lives[0]); i++) {
		print_message("%s:\n", lives[i].name);
		play(lives[i].open ? opening : lives[i].steps,
		     lives[i].open ? lives[i].steps : NULL);
	}
}

static void test_beginnings(void **state)
{
	(void)state;
	assert_true(tcp_track_may_begin(PACKET_SYN, false));
	assert_false(tcp_track_may_begin(PACKET_ACK, false));
	assert_true(tcp_track_may_begin(PACKET_ACK, true));
	assert_false(tcp_track_may_begin(PACKET_SYN | PACKET_ACK, true));
	assert_false(tcp_track_may_begin(PACKET_FIN | PACKET_ACK, true));
	assert_false(tcp_track_may_begin(PACKET_RST | PACKET_ACK, true));
	assert_false(tcp_track_may_begin(0, true));
}

/* RFC 9293 section 3.6.1 lets a SYN reopen a connection from TIME-WAIT. */
static void test_reopening(void **state)
{
	static const struct step closing[] = {{'o', "fin", "FIN_WAIT"},
					      {'r', "fin", "LAST_ACK"},
					      {'o', "ack", "TIME_WAIT"},
					      {0, NULL, NULL}};
	static const struct step reset[] = {{'o', "rst", "CLOSE"}, {0, NULL, NULL}};
	struct tcp_track t = play(opening, closing); /* who opened is inside */

	(void)state;
	assert_true(tcp_track_is_reopened(&t, PACKET_SYN, true));
	assert_true(tcp_track_is_reopened(&t, PACKET_SYN, false));
	assert_false(tcp_track_is_reopened(&t, PACKET_ACK, true));
	assert_false(tcp_track_is_reopened(&t, PACKET_RST, true));

	t = play(opening, reset);
	assert_true(tcp_track_is_reopened(&t, PACKET_SYN, true));
	assert_false(tcp_track_is_reopened(&t, PACKET_SYN, false));
	t.last_outward = false; /* the reset came from the other side */
	assert_false(tcp_track_is_reopened(&t, PACKET_SYN, true));

	t = play(opening, NULL);
	assert_false(tcp_track_is_reopened(&t, PACKET_SYN, true));
}

static void test_refusals(void **state)
{
	struct tcp_track t = tcp_track_begin(PACKET_SYN, true);

	(void)state;
	assert_false(tcp_track_is_refused(&t));
	tcp_track_next(&t, PACKET_RST | PACKET_ACK, false);
	assert_true(tcp_track_is_refused(&t));
	t = tcp_track_begin(PACKET_SYN, true);
	tcp_track_next(&t, PACKET_RST, true);
	assert_true(tcp_track_is_refused(&t));
	t = tcp_track_begin(PACKET_SYN, true);
	tcp_track_next(&t, PACKET_SYN | PACKET_ACK, false);
	tcp_track_next(&t, PACKET_RST, false);
	assert_false(tcp_track_is_refused(&t));
}

/* "The value of the 'established connection idle-timeout' MUST NOT be less than 2 hours 4 minutes.
 * The value of the 'transitory connection idle-timeout' MUST NOT be less than 4 minutes" (RFC 5382
 * REQ-5), unless the spec says otherwise. */
static void test_limits(void **state)
{
	struct nat_spec spec = {.t_tcp = {0}};
	struct tcp_track t = tcp_track_begin(PACKET_SYN, true);

	(void)state;
	for (uint8_t s = 0; s <= NAT_TCP_STATES; s++) {
		t.state = s;
		t.answered = true;
		memset(&spec, 0, sizeof(spec));
		assert_int_equal(tcp_track_limit(&t, &spec),
				 s == NAT_TCP_ESTABLISHED ? 7440 * NK_S : 240 * NK_S);
		spec.t_transitory = 100 * NK_S;
		assert_int_equal(tcp_track_limit(&t, &spec),
				 s == NAT_TCP_ESTABLISHED ? 7440 * NK_S : 100 * NK_S);
		for (int i = 0; i < NAT_TCP_STATES; i++)
			spec.t_tcp[i] = (1 + i) * NK_S;
		assert_int_equal(tcp_track_limit(&t, &spec), (1 + s % NAT_TCP_STATES) * NK_S);
	}
	t = tcp_track_begin(PACKET_ACK, true);
	assert_int_equal(tcp_track_limit(&t, &spec), 3 * NK_S);
	spec.t_pickup = 2 * NK_S;
	assert_int_equal(tcp_track_limit(&t, &spec), 2 * NK_S);
	tcp_track_next(&t, PACKET_ACK, false);
	assert_int_equal(tcp_track_limit(&t, &spec), 3 * NK_S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lives),     cmocka_unit_test(test_beginnings),
		cmocka_unit_test(test_reopening), cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
