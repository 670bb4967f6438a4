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

/* Has side 0 send a packet, which is held back. */
static struct rig_packet held_back(void)
{
	g.side[0].cut = true;
	assert_int_equal(session_send_datagram(g.side[0].session, "held", 4), 0);
	rig_output(&g, 0);
	g.side[0].cut = false;
	return g.last[0];
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
	p.bytes[4] = 100; /* even with the right index */
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

static size_t bytes_to_victim;

/* What side 1 sends now; that to the victim is counted, and the rest lost. */
static void count_output(void)
{
	static struct action action;

	while (session_output(g.side[1].session, &action, g.now))
		if (addr_eq(&action.to, &victim))
			bytes_to_victim += action.len;
}

/* As many packets as the attacker gets hold of, all in the victim's name. */
static void test_at_most_three_times(void **state)
{
	size_t bytes_in_its_name = 0;

	(void)state;
	bytes_to_victim = 0;
	for (unsigned i = 0; i < 1000; i++) {
		struct rig_packet p;

		if (i % 100 == 0) /* one that is to be answered there, too */
			session_set_path(g.side[0].session, RIG_SOCKET, &g.side[1].at, g.now);
		p = held_back();
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

/* One packet in the victim's name is worth two challenges, and not three. */
static void test_one_packet(void **state)
{
	struct rig_packet p;

	(void)state;
	p = held_back();
	p.from = victim;
	bytes_to_victim = 0;
	assert_true(rig_hears(&g, &p));
	for (unsigned i = 0; i < 100; i++) {
		count_output();
		g.now += 100 * NK_MS;
	}
	assert_in_range(bytes_to_victim, 1, 3 * p.len);
}

/* The answer to a challenge must come from where it went. */
static void test_answered_from_elsewhere(void **state)
{
	struct rig_packet p;

	(void)state;
	p = held_back();
	p.from = victim;
	assert_true(rig_hears(&g, &p));
	rig_output(&g, 1);
	p = g.last[1]; /* the challenge, which somebody carries to side 0 */
	assert_true(addr_eq(&p.dest, &victim));
	rig_post(&g, &p, NK_MS);
	rig_run(&g, 10 * NK_S);
	check_not_moved();
	assert_int_equal(g.side[0].changed, 0);
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
		with_rig(test_at_most_three_times),
		with_rig(test_one_packet),
		with_rig(test_answered_from_elsewhere),
		with_rig(test_peer_moves),
		with_rig(test_race),
		with_rig(test_heard_from_elsewhere),
	};

	return cmocka_run_group_tests_name("session_hostile", tests, NULL, NULL);
}
