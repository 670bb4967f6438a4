/* Messages, datagrams, the end of a session and the loss of its path, on a link that works or does not. */
#include "session_rig.h"

#include "base/err.h"

static void test_one_message(void **state)
{
	(void)state;
	g.side[0].to_send = 1;
	rig_run(&g, 25 * NK_MS);
	assert_int_equal(g.side[1].taken, 1);
	assert_false(session_all_acked(g.side[0].session));
	rig_run(&g, 20 * NK_MS);
	assert_true(session_all_acked(g.side[0].session));
	assert_int_equal(rig_stats(&g, 0)->rtt, 40 * NK_MS);
	assert_int_equal(rig_stats(&g, 0)->messages_acked, 1);
	assert_int_equal(rig_stats(&g, 0)->resent, 0);
}

static void test_lengths(void **state)
{
	static uint8_t bytes[SESSION_DATAGRAM_MAX + 1];
	struct session *s = g.side[0].session;

	(void)state;
	assert_int_equal(session_send_message(s, bytes, SESSION_MESSAGE_MAX + 1), NK_ERR_NO_ROOM);
	assert_int_equal(session_send_datagram(s, bytes, SESSION_DATAGRAM_MAX + 1), NK_ERR_NO_ROOM);
	assert_int_equal(session_send_message(s, bytes, SESSION_MESSAGE_MAX), 0);
	rig_output(&g, 0);
	assert_int_equal(g.last[0].len, PACKET_FITS);
}

/* Nobody is told of a second message before the first round trip is known. */
static void test_one_until_known(void **state)
{
	(void)state;
	g.side[0].to_send = 10;
	rig_run(&g, 39 * NK_MS);
	assert_int_equal(g.side[0].sent, 1);
	rig_run(&g, 2 * NK_MS);
	assert_int_equal(g.side[0].sent, 3);
	rig_run(&g, 400 * NK_MS);
	assert_int_equal(g.side[1].taken, 10);
}

static void test_window_grows(void **state)
{
	(void)state;
	g.side[0].to_send = 2000;
	rig_run(&g, 2 * NK_S);
	assert_int_equal(rig_stats(&g, 0)->window, SESSION_WINDOW_MAX);
	assert_int_equal(g.side[1].taken, 2000);
	assert_int_equal(rig_stats(&g, 0)->resent, 0);
}

static void test_both_ways(void **state)
{
	(void)state;
	g.side[0].to_send = g.side[1].to_send = 500;
	rig_run(&g, 5 * NK_S);
	assert_int_equal(g.side[0].taken, 500);
	assert_int_equal(g.side[1].taken, 500);
	assert_int_equal(g.longest, PACKET_FITS);
}

/* An acknowledgement goes with a message, if every path takes a packet that holds both. */
static void test_ack_with_message(void **state)
{
	static const uint8_t bytes[SESSION_MESSAGE_MAX];

	(void)state;
	for (unsigned longer = 0; longer < 2; longer++) {
		const size_t len = SESSION_MESSAGE_MAX - FRAME_ACK_LEN + longer;
		struct rig_packet p;

		rig_end(&g);
		rig_begin(&g, 1);
		rig_set_paths(&g);
		rig_run(&g, 100 * NK_MS);
		assert_int_equal(session_send_message(g.side[1].session, "x", 1), 0);
		p = rig_next_output(&g, 1);
		assert_true(rig_hears(&g, &p));
		assert_int_equal(session_send_message(g.side[0].session, bytes, len), 0);
		p = rig_next_output(&g, 0);
		assert_int_equal(p.len, longer ? PACKET_OVERHEAD + FRAME_ACK_LEN : PACKET_FITS);
	}
}

/* The very first packet is lost, and the ping is not: it need not take the second of one who knows
 * nothing of the path. */
static void test_first_lost(void **state)
{
	(void)state;
	rig_output(&g, 0);
	g.side[0].cut = true;
	g.side[0].to_send = 1;
	rig_output(&g, 0);
	g.side[0].cut = false;
	rig_run(&g, 200 * NK_MS);
	assert_int_equal(g.side[1].taken, 1);
}

/* The reader stops: so does the sender, and its messages are not sent over and over. */
static void test_slow_reader(void **state)
{
	unsigned sent;

	(void)state;
	g.side[0].to_send = 500;
	g.side[1].lazy = 1;
	rig_run(&g, 60 * NK_S);
	assert_int_equal(g.side[1].taken, 0);
	assert_in_range(g.side[0].sent, 1, SESSION_WINDOW_MAX);
	sent = g.sent[0];
	rig_run(&g, 60 * NK_S);
	assert_in_range(g.sent[0] - sent, 1, 20);
	assert_int_equal(rig_stats(&g, 0)->resent, 0);
	assert_int_equal(g.side[0].lost, 0);
	g.side[1].lazy = 0;
	rig_run(&g, 10 * NK_S);
	assert_int_equal(g.side[1].taken, 500);
}

static void test_datagrams(void **state)
{
	static const uint8_t bytes[SESSION_DATAGRAM_MAX];

	(void)state;
	assert_int_equal(session_send_datagram(g.side[0].session, bytes, 0), 0);
	assert_int_equal(session_send_datagram(g.side[0].session, bytes, 1), 0);
	assert_int_equal(session_send_datagram(g.side[0].session, bytes, SESSION_DATAGRAM_MAX), 0);
	rig_run(&g, 50 * NK_MS);
	assert_int_equal(g.side[1].datagrams, 3);
	assert_int_equal(g.side[1].last_len, SESSION_DATAGRAM_MAX);
}

/* All that a socket had for us is read before anything leaves. */
static void test_datagram_burst(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 32; i++)
		assert_int_equal(session_send_datagram(g.side[0].session, "x", 1), 0);
	rig_run(&g, 50 * NK_MS);
	assert_int_equal(g.side[1].datagrams, 32);
}

/* Sent, lost and forgotten: none comes later. */
static void test_datagrams_lost(void **state)
{
	(void)state;
	g.side[0].cut = true;
	assert_int_equal(session_send_datagram(g.side[0].session, "x", 1), 0);
	rig_run(&g, 50 * NK_MS);
	g.side[0].cut = false;
	rig_run(&g, 10 * NK_S);
	assert_int_equal(g.side[1].datagrams, 0);
	assert_int_equal(g.side[0].lost, 0);
}

/* What was sent before there is a path leaves when there is one, and what comes is read. */
static void test_before_path(void **state)
{
	(void)state;
	rig_end(&g);
	rig_begin(&g, 1);
	g.side[0].to_send = 3;
	rig_run(&g, 100 * NK_S);
	assert_int_equal(g.sent[0], 0);
	session_set_path(g.side[0].session, RIG_SOCKET, &g.side[1].at, g.now);
	rig_run(&g, 100 * NK_MS);
	assert_int_equal(g.side[1].taken, 1);
	assert_int_equal(g.sent[1], 0);
	session_set_path(g.side[1].session, RIG_SOCKET, &g.side[0].at, g.now);
	rig_run(&g, 2 * NK_S);
	assert_int_equal(g.side[1].taken, 3);
	assert_true(session_all_acked(g.side[0].session));
}

static void test_close(void **state)
{
	(void)state;
	g.side[0].to_send = 40;
	g.side[0].closes = true;
	rig_run(&g, 5 * NK_S);
	assert_int_equal(g.side[1].taken, 40);
	assert_int_equal(g.side[1].closed, 1);
	assert_true(session_closed(g.side[0].session));
	assert_false(session_closed(g.side[1].session));
	assert_int_equal(session_send_message(g.side[0].session, "x", 1), NK_ERR_NO_ROOM);
	assert_int_equal(rig_stats(&g, 0)->messages_acked, 40);
}

/* The other direction goes on after one has ended. */
static void test_close_both(void **state)
{
	(void)state;
	g.side[0].closes = true;
	g.side[1].to_send = 40;
	g.side[1].closes = true;
	rig_run(&g, 5 * NK_S);
	assert_int_equal(g.side[0].taken, 40);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(g.side[i].closed, 1);
		assert_true(session_closed(g.side[i].session));
	}
}

/* Who closes does not wait for ever for one who is gone, but for all that can still be read. */
static void test_close_in_vain(void **state)
{
	(void)state;
	rig_run(&g, NK_S);
	g.side[1].cut = true;
	g.side[0].closes = true;
	rig_run(&g, 100 * NK_MS);
	assert_false(session_closed(g.side[0].session));
	rig_run(&g, 2 * NK_S);
	assert_true(session_closed(g.side[0].session));
}

static void test_close_with_messages_in_vain(void **state)
{
	(void)state;
	rig_run(&g, NK_S);
	g.side[1].cut = true;
	g.side[0].to_send = 1;
	g.side[0].closes = true;
	rig_run(&g, 2900 * NK_MS);
	assert_false(session_closed(g.side[0].session));
	rig_run(&g, 200 * NK_MS);
	assert_true(session_closed(g.side[0].session));
}

/* There is nobody to tell. */
static void test_close_without_path(void **state)
{
	(void)state;
	g.side[0].cut = true;
	rig_run(&g, 30 * NK_S);
	session_close(g.side[0].session);
	assert_true(session_closed(g.side[0].session));
	rig_end(&g);
	rig_begin(&g, 1);
	session_close(g.side[0].session);
	assert_true(session_closed(g.side[0].session));
}

static void test_close_waits_for_reader(void **state)
{
	(void)state;
	g.side[0].to_send = 3;
	g.side[0].closes = true;
	g.side[1].lazy = 1;
	rig_run(&g, 300 * NK_S);
	assert_false(session_closed(g.side[0].session));
	assert_false(session_all_acked(g.side[0].session));
	g.side[1].lazy = 0;
	rig_run(&g, 10 * NK_S);
	assert_true(session_closed(g.side[0].session));
	assert_int_equal(g.side[1].taken, 3);
	assert_int_equal(g.side[1].closed, 1);
}

/* Nothing is said: the caller has asked a new flow after 2.5 s, asks again within 12 to 15 s, and half a
 * second later pings three times. */
static void test_idle_path_lost(void **state)
{
	(void)state;
	rig_run(&g, 5 * NK_S);
	g.side[1].cut = true;
	rig_run(&g, 12400 * NK_MS);
	assert_int_equal(g.side[0].lost, 0);
	rig_run(&g, 3300 * NK_MS);
	assert_int_equal(g.side[0].lost, 1);
	rig_run(&g, 600 * NK_S);
	assert_int_equal(g.side[0].lost, 1);
	assert_int_equal(rig_stats(&g, 0)->paths_lost, 1);
}

/* The callee does not ask. It pings when the caller does not ask either, doubts the path when that is
 * in vain, and calls it lost. */
static void test_missing_question(void **state)
{
	unsigned sent;

	(void)state;
	rig_run(&g, NK_S);
	g.side[0].cut = g.side[1].cut = true;
	sent = g.sent[1];
	rig_run(&g, 14900 * NK_MS);
	assert_int_equal(g.sent[1], sent);
	rig_run(&g, 1000 * NK_MS);
	assert_int_equal(g.sent[1], sent + 1);
	assert_int_equal(g.side[1].doubted, 0);
	rig_run(&g, 200 * NK_MS);
	assert_int_equal(g.side[1].doubted, 1);
	rig_run(&g, 1400 * NK_MS);
	assert_int_equal(g.side[1].lost, 0);
	rig_run(&g, 200 * NK_MS);
	assert_int_equal(g.side[1].lost, 1);
	assert_int_equal(g.side[0].lost, 1);
	assert_int_equal(g.side[1].doubted, 1);
}

/* Only one way is cut: packets by the other do not deceive who hears them, and who is heard but has
 * no answers sends nothing more to where nobody may be. */
static void test_one_way_lost(void **state)
{
	(void)state;
	rig_run(&g, NK_S);
	g.side[0].cut = true;
	for (unsigned i = 0; i < 300; i++) {
		session_send_datagram(g.side[1].session, "x", 1);
		rig_run(&g, 100 * NK_MS);
	}
	assert_in_range(g.side[0].datagrams, 20, 60);
	assert_int_equal(g.side[0].lost, 1);
	assert_int_equal(g.side[1].lost, 1);
}

/* A message waits for its answer: then three seconds are enough. */
static void test_busy_path_lost(void **state)
{
	(void)state;
	rig_run(&g, NK_S);
	g.side[1].cut = true;
	g.side[0].to_send = 1;
	rig_run(&g, 2900 * NK_MS);
	assert_int_equal(g.side[0].lost, 0);
	rig_run(&g, 200 * NK_MS);
	assert_int_equal(g.side[0].lost, 1);
}

/* Datagrams have no answers: when nothing comes any more, a ping asks for one. */
static void test_datagram_path_lost(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 160; i++) {
		if (i == 100)
			g.side[0].cut = g.side[1].cut = true;
		for (unsigned k = 0; k < 2; k++)
			assert_int_equal(session_send_datagram(g.side[k].session, "x", 1), 0);
		rig_run(&g, 100 * NK_MS);
	}
	assert_int_equal(g.side[0].lost, 1);
	assert_int_equal(g.side[1].lost, 1);
	assert_in_range(rig_stats(&g, 0)->packets_out, 100, 200); /* and asks no one who answers */
}

/* An idle session costs a frame each way in 12 to 15 s, and a lost one no more packets. */
static void test_idle_cost(void **state)
{
	unsigned sent;

	(void)state;
	rig_run(&g, NK_S);
	sent = g.sent[0];
	rig_run(&g, 600 * NK_S);
	assert_in_range(g.sent[0] - sent, 40, 50);
	assert_int_equal(g.last[0].len, KEEPALIVE_LEN);
	g.side[1].cut = true;
	rig_run(&g, 60 * NK_S);
	sent = g.sent[0];
	g.side[0].to_send = 1; /* it waits until there is a path */
	rig_run(&g, 600 * NK_S);
	assert_in_range(g.sent[0] - sent, 1, 41);
	assert_int_equal(g.side[1].taken, 0);
}

static void test_path_comes_back(void **state)
{
	(void)state;
	g.side[0].to_send = 200;
	rig_run(&g, 300 * NK_MS);
	g.side[0].cut = g.side[1].cut = true;
	rig_run(&g, 60 * NK_S);
	assert_int_equal(g.side[0].lost, 1);
	assert_int_equal(session_send_datagram(g.side[0].session, "late", 4), 0);
	rig_run(&g, NK_S);
	g.side[0].cut = g.side[1].cut = false;
	rig_run(&g, 30 * NK_S);
	assert_int_equal(g.side[0].changed, 1);
	assert_int_equal(g.side[1].datagrams, 0);
	assert_int_equal(g.side[1].taken, 200);
}

/* By the relay only what fits it: a long message waits for a path of its own. */
static void test_relay(void **state)
{
	(void)state;
	g.relayed = true;
	rig_set_paths(&g);
	g.side[0].to_send = 10;
	assert_int_equal(session_send_datagram(g.side[0].session, "x", 1), 0);
	rig_run(&g, 10 * NK_S);
	assert_int_equal(g.side[1].taken, 3); /* the next one has 1200 bytes */
	assert_int_equal(g.side[1].datagrams, 1);
	g.relayed = false;
	rig_set_paths(&g);
	rig_run(&g, 10 * NK_S);
	assert_int_equal(g.side[1].taken, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_rig(test_one_message),
		with_rig(test_lengths),
		with_rig(test_one_until_known),
		with_rig(test_window_grows),
		with_rig(test_both_ways),
		with_rig(test_ack_with_message),
		with_rig(test_first_lost),
		with_rig(test_slow_reader),
		with_rig(test_datagrams),
		with_rig(test_datagram_burst),
		with_rig(test_datagrams_lost),
		with_rig(test_before_path),
		with_rig(test_close),
		with_rig(test_close_both),
		with_rig(test_close_in_vain),
		with_rig(test_close_with_messages_in_vain),
		with_rig(test_close_without_path),
		with_rig(test_close_waits_for_reader),
		with_rig(test_idle_path_lost),
		with_rig(test_missing_question),
		with_rig(test_one_way_lost),
		with_rig(test_busy_path_lost),
		with_rig(test_datagram_path_lost),
		with_rig(test_idle_cost),
		with_rig(test_path_comes_back),
		with_rig(test_relay),
	};

	return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
