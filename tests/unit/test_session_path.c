/*
 * The path moves to where the peer is and to nowhere else, whoever sends its packets from where; and
 * no victim gets more than three times what was sent in its name.
 */
#include "session_rig.h"

static const struct addr victim = {
	.ip = {[10] = 0xff, [11] = 0xff, [12] = 203, [13] = 0, [14] = 113, [15] = 9}, .port = 9};
static const struct addr third = {
	.ip = {[10] = 0xff, [11] = 0xff, [12] = 203, [13] = 0, [14] = 113, [15] = 8}, .port = 8};

static void drop_output(unsigned i)
{
	static struct action action;

	while (session_output(g.side[i].session, &action, g.now))
		;
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

/* A packet held back, and sent from elsewhere when newer ones have come: nobody is asked there. */
static void test_old_packet_from_elsewhere(void **state)
{
	struct rig_packet p;

	(void)state;
	p = rig_held_back(&g, 0);
	session_send_datagram(g.side[0].session, "newer", 5);
	rig_run(&g, 100 * NK_MS);
	p.from = victim;
	assert_true(rig_hears(&g, &p));
	assert_int_equal(challenges(), 0);
	check_not_moved();
}

/* The newest packet, from elsewhere: it is asked there, gets no answer, and the path stays. */
static void test_newest_packet_from_elsewhere(void **state)
{
	struct rig_packet p;

	(void)state;
	p = rig_held_back(&g, 0);
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
	struct rig_packet p = rig_held_back(&g, 0);

	(void)state;
	p.from = victim;
	assert_true(rig_hears(&g, &p));
	p = rig_next_output(&g, 1);
	assert_true(addr_eq(&p.dest, &victim));
	p = rig_held_back(&g, 0);
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
		p = rig_held_back(&g, 0);
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
		p[i] = rig_held_back(&g, 0);
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
	p = rig_next_output(&g, 0);
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
	return rig_next_output(&g, 0);
}

static void begin_trial_of_victim(void)
{
	struct rig_packet p = rig_held_back(&g, 0);

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
		challenge = rig_next_output(&g, 1);
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
	ping = rig_next_output(&g, 1);
	pong = pong_to(&ping);
	begin_trial_of_victim();
	pong.from = victim;
	assert_true(rig_hears(&g, &pong));
	check_not_moved();
}

/* A side is given another port, and the other one finds it without a loss. */
static void check_found(unsigned moved)
{
	g.side[moved].at.port = 4001;
	g.side[0].to_send = g.side[1].to_send = 50;
	rig_run(&g, 10 * NK_S);
	assert_int_equal(g.side[!moved].changed, 1);
	assert_int_equal(g.side[moved].changed, 0);
	assert_int_equal(g.side[0].taken, 50);
	assert_int_equal(g.side[1].taken, 50);
	assert_int_equal(g.side[0].lost + g.side[1].lost, 0);
}

/* The peer's NAT gave it another port: that is found, with what comes next. */
static void test_peer_moves(void **state)
{
	(void)state;
	check_found(0);
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

/* It is the callee's NAT that gave it another port: the caller hears that the old one is dead. */
static void test_callee_moves(void **state)
{
	(void)state;
	check_found(1);
}

/* And then it says no more than one word. */
static void test_callee_moves_silently(void **state)
{
	(void)state;
	g.side[1].at.port = 4001;
	session_send_datagram(g.side[1].session, "here", 4);
	rig_run(&g, 2 * NK_S);
	assert_int_equal(g.side[0].changed, 1);
	assert_int_equal(g.side[0].lost, 0);
}

/* Each side has chosen another way, and both ways work. They do not chase each other: the callee
 * follows the caller, and soon. */
static void test_two_paths(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 300; seed++) {
		rig_end(&g);
		rig_begin(&g, seed);
		g.delay = (nk_time)rng_below(&g.rng, 600000);
		g.jitter = (nk_time)rng_below(&g.rng, 30000);
		session_set_path(g.side[0].session, RIG_SOCKET, &g.side[1].at, g.now);
		rig_run(&g, (nk_time)rng_below(&g.rng, 30000));
		session_set_path(g.side[1].session, RIG_OTHER, &g.side[0].other, g.now);
		g.side[0].to_send = g.side[1].to_send = 50;
		rig_run(&g, 20 * NK_S);
		assert_int_equal(g.side[0].taken, 50);
		assert_int_equal(g.side[1].taken, 50);
		assert_int_equal(g.side[0].changed, 0);
		assert_int_equal(g.side[1].changed, 1);
	}
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
 * The path stays where packets arrive, and neither way is asked all the time. */
static void heard_from_elsewhere(unsigned by)
{
	const struct rig_side *peer = &g.side[!by];
	unsigned asked = 0, sent = g.sent[by];

	for (unsigned i = 0; i < 1000; i++) {
		struct rig_packet p = rig_held_back(&g, !by);

		p.from = victim;
		rig_hears(&g, &p);
		rig_output(&g, by);
		asked += addr_eq(&g.last[by].dest, &victim);
		g.last[by].dest = peer->at;
		rig_run(&g, 100 * NK_MS);
	}
	assert_in_range(asked, 0, 30);
	assert_in_range(g.sent[by] - sent, 1, 200);
	assert_int_equal(g.side[by].lost + g.side[by].changed, 0);
}

static void test_callee_hears_from_elsewhere(void **state)
{
	(void)state;
	heard_from_elsewhere(1);
	check_not_moved();
}

static void test_caller_hears_from_elsewhere(void **state)
{
	(void)state;
	heard_from_elsewhere(0);
}

/* Its packets leave from two addresses in turn, faster than an answer can come: that is no reason to
 * call the path lost. */
static void test_caller_hears_from_two_places(void **state)
{
	const struct addr places[] = {victim, third};

	(void)state;
	for (unsigned i = 0; i < 10000; i++) {
		struct rig_packet p = rig_held_back(&g, 1);

		p.from = places[i % 2];
		assert_true(rig_hears(&g, &p));
		rig_run(&g, NK_MS);
	}
	assert_int_equal(g.side[0].lost + g.side[0].changed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_talking_rig(test_old_packet_from_elsewhere),
		with_talking_rig(test_newest_packet_from_elsewhere),
		with_talking_rig(test_newer_packet_from_peer),
		with_talking_rig(test_at_most_three_times),
		with_talking_rig(test_one_packet),
		with_talking_rig(test_one_ping),
		with_talking_rig(test_answered_from_elsewhere),
		with_talking_rig(test_other_answer),
		with_talking_rig(test_peer_moves),
		with_talking_rig(test_peer_moves_late),
		with_talking_rig(test_callee_moves),
		with_talking_rig(test_callee_moves_silently),
		with_talking_rig(test_two_paths),
		with_talking_rig(test_race),
		with_talking_rig(test_callee_hears_from_elsewhere),
		with_talking_rig(test_caller_hears_from_elsewhere),
		with_talking_rig(test_caller_hears_from_two_places),
	};

	return cmocka_run_group_tests_name("session_path", tests, NULL, NULL);
}
