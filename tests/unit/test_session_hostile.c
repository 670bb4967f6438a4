/*
 * Somebody between the two: who replays, forges, cuts, holds back and sends from elsewhere. Nothing
 * is taken twice, the path moves only to where the peer is, and no victim gets more than 3 times
 * what was sent in its name.
 */
#include "session_rig.h"

static struct rig g;
static const struct addr victim = {
	.ip = {[10] = 0xff, [11] = 0xff, [12] = 203, [13] = 0, [14] = 113, [15] = 9}, .port = 9};

static int begin(void **state)
{
	(void)state;
	if (crypto_init() != 0)
		return -1;
	rig_begin(&g, 1);
	rig_set_paths(&g);
	rig_run(&g, 200 * NK_MS);
	return 0;
}

static int end(void **state)
{
	(void)state;
	rig_end(&g);
	return 0;
}

static const struct addr third = {
	.ip = {[10] = 0xff, [11] = 0xff, [12] = 203, [13] = 0, [14] = 113, [15] = 8}, .port = 8};

/* The next packet of a side, which nobody else gets. */
static struct rig_packet next_output(unsigned i)
{
	static struct action action;
	struct rig_packet p = {.to = !i, .id = RIG_SOCKET, .from = g.side[i].at};

	assert_true(session_output(g.side[i].session, &action, g.now));
	p.dest = action.to;
	p.len = action.len;
	memcpy(p.bytes, action.data, action.len);
	return p;
}

static void drop_output(unsigned i)
{
	static struct action action;

	while (session_output(g.side[i].session, &action, g.now))
		;
}

/* Has side 0 send a packet, which is held back. */
static struct rig_packet held_back(void)
{
	assert_int_equal(session_send_datagram(g.side[0].session, "held", 4), 0);
	return next_output(0);
}

/* Whether side 1 still sends to where side 0 is: its next datagram arrives there. */
static void check_not_moved(void)
{
	const unsigned before = g.side[0].datagrams;

	assert_int_equal(session_send_datagram(g.side[1].session, "x", 1), 0);
	rig_run(&g, 100 * NK_MS);
	assert_int_equal(g.side[0].datagrams, before + 1);
	assert_int_equal(g.side[1].changed, 0);
}

static size_t bytes_to_victim;

/* What side 1 sends now; that to the victim is counted, and the rest lost. */
static void count_output(void)
{
	static struct action action;

	while (session_output(g.side[1].session, &action, g.now))
		if (addr_eq(&action.to, &victim))
			bytes_to_victim += action.len;
}

/* What it sends to the victim in ten seconds, in packets of a ping's length. */
static size_t challenges(void)
{
	bytes_to_victim = 0;
	for (unsigned i = 0; i < 100; i++) {
		count_output();
		g.now += 100 * NK_MS;
	}
	return bytes_to_victim / (PACKET_OVERHEAD + FRAME_PING_LEN);
}

static void test_replayed(void **state)
{
	struct rig_packet p;

	(void)state;
	g.side[0].to_send = 1;
	rig_output(&g, 0);
	p = g.last[0];
	rig_run(&g, 100 * NK_MS);
	for (unsigned i = 0; i < 10; i++)
		assert_false(rig_hears(&g, &p));
	rig_run(&g, NK_S);
	assert_int_equal(g.side[1].taken, 1);
	assert_int_equal(rig_stats(&g, 1)->rejected, 10);
}

static void test_forged_and_cut(void **state)
{
	struct rig_packet p;

	(void)state;
	p = held_back();
	for (size_t bit = 0; bit < 8 * p.len; bit++) {
		p.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(rig_hears(&g, &p));
		p.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (const size_t whole = p.len; p.len-- > 0;) {
		assert_in_range(p.len, 0, whole);
		assert_false(rig_hears(&g, &p));
	}
	p = held_back();
	assert_true(rig_hears(&g, &p));
}

static void test_reflected(void **state)
{
	struct rig_packet p;

	(void)state;
	p = held_back();
	p.to = 0;
	assert_false(rig_hears(&g, &p));
	assert_int_equal(rig_stats(&g, 0)->rejected, 0); /* it is another session's */
	p.bytes[4] = 100;                                /* even with the right index */
	assert_false(rig_hears(&g, &p));
}

/* All that was said in one order arrives in another. */
static void test_reordered(void **state)
{
	(void)state;
	g.side[0].to_send = g.side[1].to_send = 300;
	g.jitter = 200 * NK_MS;
	rig_run(&g, 200 * NK_S);
	assert_int_equal(g.side[0].taken, 300);
	assert_int_equal(g.side[1].taken, 300);
}

/* A packet held back, and sent from elsewhere when newer ones have come: nobody is asked there. */
static void test_old_packet_from_elsewhere(void **state)
{
	struct rig_packet p;
	unsigned sent;

	(void)state;
	p = held_back();
	session_send_datagram(g.side[0].session, "newer", 5);
	rig_run(&g, 100 * NK_MS);
	sent = g.sent[1];
	p.from = victim;
	assert_true(rig_hears(&g, &p));
	rig_run(&g, 10 * NK_S);
	assert_int_equal(g.sent[1], sent);
	check_not_moved();
}

/* The newest packet, from elsewhere: it is asked there, gets no answer, and the path stays. */
static void test_newest_packet_from_elsewhere(void **state)
{
	struct rig_packet p;

	(void)state;
	p = held_back();
	p.from = victim;
	assert_true(rig_hears(&g, &p));
	rig_output(&g, 1);
	assert_true(addr_eq(&g.last[1].dest, &victim));
	check_not_moved();
	rig_run(&g, 100 * NK_S);
	check_not_moved();
}

/* Until a newer one comes from where the peer is: then there is nothing more to be asked. */
static void test_newer_packet_from_peer(void **state)
{
	struct rig_packet p = held_back();

	(void)state;
	p.from = victim;
	assert_true(rig_hears(&g, &p));
	p = next_output(1);
	assert_true(addr_eq(&p.dest, &victim));
	p = held_back();
	assert_true(rig_hears(&g, &p));
	rig_run(&g, 10 * NK_S);
	assert_true(addr_eq(&g.last[1].dest, &g.side[0].at));
	assert_int_equal(g.count, 0);
	assert_int_equal(challenges(), 0);
}

/* As many packets as the attacker gets hold of, all in the victim's name. */
static void test_at_most_three_times(void **state)
{
	size_t bytes_in_its_name = 0;

	(void)state;
	bytes_to_victim = 0;
	for (unsigned i = 0; i < 1000; i++) {
		struct rig_packet p;

		if (i % 2 == 0) /* then it is a ping, which is to be answered there, too */
			session_set_path(g.side[0].session, RIG_SOCKET, &g.side[1].at, g.now);
		p = held_back();
		drop_output(0);
		p.from = victim;
		bytes_in_its_name += p.len;
		rig_hears(&g, &p);
		count_output();
		assert_in_range(bytes_to_victim, 0, 3 * bytes_in_its_name);
		for (unsigned k = 0; k < 10; k++) {
			g.now += 100 * NK_MS;
			count_output();
		}
		assert_in_range(bytes_to_victim, 0, 3 * bytes_in_its_name);
	}
	assert_true(bytes_to_victim > 0);
	assert_int_equal(rig_stats(&g, 1)->paths_changed, 0);
}

/* One packet in the victim's name is worth two challenges, two are worth all three. */
static void test_one_packet(void **state)
{
	struct rig_packet p[3];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		p[i] = held_back();
		p[i].from = victim;
	}
	assert_true(rig_hears(&g, &p[0]));
	assert_int_equal(challenges(), 2);
	g.now += 100 * NK_S;
	assert_true(rig_hears(&g, &p[1]));
	assert_true(rig_hears(&g, &p[2]));
	assert_int_equal(challenges(), 3);
}

/* A ping in its name is answered there, and that counts. */
static void test_one_ping(void **state)
{
	struct rig_packet p;

	(void)state;
	session_set_path(g.side[0].session, RIG_SOCKET, &g.side[1].at, g.now);
	p = next_output(0);
	assert_int_equal(p.len, PACKET_OVERHEAD + FRAME_PING_LEN);
	p.from = victim;
	assert_true(rig_hears(&g, &p));
	assert_int_equal(challenges(), 3);
}

/* The pong by which side 0 answers @ping. */
static struct rig_packet pong_to(const struct rig_packet *ping)
{
	assert_int_equal(ping->len, PACKET_OVERHEAD + FRAME_PING_LEN);
	assert_true(rig_hears(&g, ping));
	return next_output(0);
}

static void begin_trial_of_victim(void)
{
	struct rig_packet p = held_back();

	p.from = victim;
	assert_true(rig_hears(&g, &p));
}

/* The answer to a challenge must come from where it went, whatever else comes from there. */
static void test_answered_from_elsewhere(void **state)
{
	const struct addr places[] = {g.side[0].at, third};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct rig_packet challenge, pong;

		begin_trial_of_victim();
		challenge = next_output(1);
		assert_true(addr_eq(&challenge.dest, &victim));
		pong = pong_to(&challenge);
		begin_trial_of_victim(); /* goes on, by a packet newer than the answer */
		pong.from = places[i];
		assert_true(rig_hears(&g, &pong));
		check_not_moved();
		g.now += 100 * NK_S;
	}
}

/* And it must be the answer: that to a ping which took the usual way says nothing of this one. */
static void test_other_answer(void **state)
{
	struct rig_packet ping, pong;

	(void)state;
	session_set_path(g.side[1].session, RIG_SOCKET, &g.side[0].at, g.now);
	ping = next_output(1);
	pong = pong_to(&ping);
	begin_trial_of_victim();
	pong.from = victim;
	assert_true(rig_hears(&g, &pong));
	check_not_moved();
}

/* An ACK that was overtaken is not heard: what it acknowledges is sent again, and had already. */
static void test_old_ack(void **state)
{
	struct rig_packet ack, newer;

	(void)state;
	g.side[1].to_send = 1;
	rig_output(&g, 1);
	assert_true(rig_hears(&g, &g.last[1]));
	rig_owner(&g, 0);
	ack = next_output(0);
	newer = held_back();
	assert_true(rig_hears(&g, &newer));
	assert_true(rig_hears(&g, &ack));
	assert_false(session_all_acked(g.side[1].session));
	rig_run(&g, NK_S);
	assert_true(session_all_acked(g.side[1].session));
	assert_int_equal(g.side[0].taken, 1);
}

/* The peer's NAT gave it another port: that is found, with what comes next. */
static void test_peer_moves(void **state)
{
	(void)state;
	g.side[0].at.port = 4001;
	g.side[0].to_send = 50;
	g.side[1].to_send = 50;
	rig_run(&g, 10 * NK_S);
	assert_int_equal(g.side[1].changed, 1);
	assert_int_equal(g.side[0].changed, 0);
	assert_int_equal(g.side[0].taken, 50);
	assert_int_equal(g.side[1].taken, 50);
	assert_int_equal(g.side[0].lost + g.side[1].lost, 0);
}

/* What waited in vain at the old place is sent to the new one at once. */
static void test_peer_moves_late(void **state)
{
	(void)state;
	g.side[0].at.port = 4001;
	g.side[1].to_send = 1;
	rig_run(&g, 2500 * NK_MS);
	assert_int_equal(g.side[0].taken, 0);
	session_send_datagram(g.side[0].session, "here", 4);
	rig_run(&g, 100 * NK_MS);
	assert_int_equal(g.side[0].taken, 1);
}

/* Who sees the packets sends copies from elsewhere, faster than they come themselves. */
static void test_race(void **state)
{
	(void)state;
	g.side[0].to_send = g.side[1].to_send = 200;
	for (unsigned i = 0; i < 400; i++) {
		rig_run(&g, 10 * NK_MS);
		if (g.last[0].len > 0 && !addr_eq(&g.last[0].from, &victim)) {
			struct rig_packet p = g.last[0];

			p.from = victim;
			rig_hears(&g, &p);
		}
	}
	rig_run(&g, 20 * NK_S);
	assert_int_equal(g.side[0].taken, 200);
	assert_int_equal(g.side[1].taken, 200);
	check_not_moved();
}

/* An address-dependent NAT with an open filter: what it sends never comes from where it is reached.
 * The path stays where packets arrive, and the other address is not asked all the time. */
static void test_heard_from_elsewhere(void **state)
{
	unsigned asked = 0;

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		struct rig_packet p = held_back();

		p.from = victim;
		rig_hears(&g, &p);
		rig_output(&g, 1);
		asked += addr_eq(&g.last[1].dest, &victim);
		g.last[1].dest = g.side[0].at;
		rig_run(&g, 100 * NK_MS);
	}
	assert_in_range(asked, 1, 30);
	assert_int_equal(g.side[1].lost, 0);
	check_not_moved();
}

#define with_rig(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_rig(test_replayed),
		with_rig(test_forged_and_cut),
		with_rig(test_reflected),
		with_rig(test_reordered),
		with_rig(test_old_packet_from_elsewhere),
		with_rig(test_newest_packet_from_elsewhere),
		with_rig(test_newer_packet_from_peer),
		with_rig(test_at_most_three_times),
		with_rig(test_one_packet),
		with_rig(test_one_ping),
		with_rig(test_answered_from_elsewhere),
		with_rig(test_other_answer),
		with_rig(test_old_ack),
		with_rig(test_peer_moves),
		with_rig(test_peer_moves_late),
		with_rig(test_race),
		with_rig(test_heard_from_elsewhere),
	};

	return cmocka_run_group_tests_name("session_hostile", tests, NULL, NULL);
}
