/*
 * How a session keeps its path: by which frames, how soon a dead peer is noticed, what forged frames
 * can do, and how the two come to other terms.
 */
#include "core/session/terms.h"
#include "session_rig.h"

#define HELLOS (3 * NK_S) /* a second each */

/* Both sides have met, and keep the path by an algorithm. */
static void talk(enum keepalive_algorithm algorithm)
{
	rig_begin_by(&g, 1, algorithm);
	rig_set_paths(&g);
	rig_run(&g, 100 * NK_MS);
}

static const struct keepalive_terms *terms(unsigned i)
{
	return session_terms(g.side[i].session);
}

/* Frames */

static void count(unsigned i, unsigned for_s, unsigned *packets, size_t *longest)
{
	const unsigned before = g.sent[i];

	g.longest = 0;
	rig_run(&g, for_s * NK_S);
	*packets = g.sent[i] - before;
	*longest = g.longest;
}

/* Ten minutes without a word: what each algorithm sends, and that it is short. */
static void test_cost(void **state)
{
	static const struct {
		enum keepalive_algorithm by;
		unsigned least, most;
		size_t longest;
	} costs[] = {
		{KEEPALIVE_FIXED, 600 / 15, 600 / 12, KEEPALIVE_LEN},
		{KEEPALIVE_LEARNED, 600 / 15, 600 / 12, KEEPALIVE_LEN},
		{KEEPALIVE_TURNS, 600 / 30 - 1, 600 / 30, KEEPALIVE_LEN},
		{KEEPALIVE_OPENER, 600 / 15, 600 / 12, 1},
		{KEEPALIVE_NONE, 0, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(costs) / sizeof(costs[0]); i++) {
		unsigned packets;
		size_t longest;

		talk(costs[i].by);
		count(0, 600, &packets, &longest);
		assert_in_range(packets, costs[i].least, costs[i].most);
		assert_int_equal(longest, costs[i].longest);
		assert_int_equal(g.side[0].lost + g.side[1].lost, 0);
		assert_int_equal(g.side[0].doubted + g.side[1].doubted, 0);
		rig_end(&g);
	}
}

/* The relay's tickets are moved by what is sealed alone. */
static void test_by_relay(void **state)
{
	(void)state;
	rig_begin_by(&g, 1, KEEPALIVE_TURNS);
	g.relayed = true;
	rig_set_paths(&g);
	for (unsigned i = 0; i < 600; i++) {
		rig_run(&g, NK_S);
		assert_int_not_equal(g.last[0].len, KEEPALIVE_LEN);
	}
	assert_in_range(g.sent[0], 600 / 15, 2 + 600 / 12);
	assert_int_equal(g.side[0].lost + g.side[1].lost, 0);
	rig_end(&g);
}

static void test_opener_ttl(void **state)
{
	static struct action action;

	(void)state;
	talk(KEEPALIVE_OPENER);
	g.now += 15 * NK_S;
	assert_true(session_output(g.side[0].session, &action, g.now));
	assert_int_equal(action.len, 1);
	assert_int_equal(action.ttl, RIG_OPENER_TTL);
	assert_false(session_output(g.side[0].session, &action, g.now));
	rig_end(&g);
}

/* A path that carries is asked now and then, and nobody is told of a doubt */

static bool is_short(const struct rig_packet *p)
{
	return p->len == KEEPALIVE_LEN;
}

/* One side talks and the other has nothing to say. */
static void test_one_way(void **state)
{
	(void)state;
	for (unsigned who = 0; who < 2; who++) {
		unsigned sent;

		talk(KEEPALIVE_LEARNED);
		sent = g.sent[!who];
		for (unsigned i = 0; i < 600; i++) {
			assert_int_equal(session_send_datagram(g.side[who].session, "x", 1), 0);
			rig_run(&g, 100 * NK_MS);
		}
		assert_int_equal(g.side[!who].datagrams, 600);
		assert_in_range(g.sent[!who] - sent, 60 / 5, 2 * 60); /* what answers pings */
		assert_int_equal(g.side[0].doubted + g.side[1].doubted, 0);
		rig_end(&g);
	}
}

/* A peer of a version without frames: pings are what keeps the path, the other side's too now and then. */
static void test_no_frames(void **state)
{
	(void)state;
	talk(KEEPALIVE_FIXED);
	g.drops = is_short;
	rig_run(&g, 600 * NK_S);
	for (unsigned i = 0; i < 2; i++)
		assert_in_range(rig_stats(&g, i)->keepalives_out, 600 / 15, 75);
	assert_int_equal(g.side[0].lost + g.side[1].lost, 0);
	assert_int_equal(g.side[0].doubted + g.side[1].doubted, 0);
	rig_end(&g);
}

/* A peer that is gone */

/* Side @dies is cut off at @at after they have met. Return: how long until the other calls the path
 * lost. */
static nk_time noticed_after(unsigned dies, nk_time at)
{
	struct rig_side *other = &g.side[!dies];
	nk_time died;

	talk(KEEPALIVE_TURNS);
	rig_run(&g, at);
	g.side[dies].cut = true;
	died = g.now;
	while (other->lost == 0 && g.now < died + 100 * NK_S)
		rig_run(&g, 10 * NK_MS);
	assert_int_equal(other->lost, 1);
	rig_end(&g);
	return g.now - died;
}

/* When a side sends its first turn that is later than @after the two have met. */
static nk_time turn_of(unsigned i, nk_time after)
{
	nk_time begun_at;
	unsigned sent;

	talk(KEEPALIVE_TURNS);
	begun_at = g.now;
	rig_run(&g, after);
	sent = g.sent[i];
	while (g.sent[i] == sent)
		rig_run(&g, 5 * NK_MS);
	assert_int_equal(g.last[i].len, KEEPALIVE_LEN);
	rig_end(&g);
	return g.now - begun_at;
}

/* Just before its turn: the other has sent 15 s ago. Just after: it has just heard, and will send in
 * 15 s. And whenever else it dies, it is noticed in no longer. */
static void test_dead_peer_by_turns(void **state)
{
	const nk_time rtt = 40 * NK_MS;

	(void)state;
	for (unsigned dies = 0; dies < 2; dies++) {
		const nk_time turn = turn_of(dies, 40 * NK_S);
		nk_time longest = 0;

		assert_in_range(noticed_after(dies, turn - 20 * NK_MS), 0,
				15 * NK_S + rtt + HELLOS);
		for (nk_time at = turn + 30 * NK_MS; at < turn + 30 * NK_S; at += 1500 * NK_MS)
			longest = nk_max(longest, noticed_after(dies, at));
		assert_in_range(longest, 30 * NK_S + HELLOS / 2, 30 * NK_S + rtt + HELLOS);
	}
}

/* Forged frames */

#define FORGED 1000000

/* Frames that somebody sends in side 0's name, from its very address. */
static unsigned forge(unsigned n)
{
	struct rig_packet p = {
		.to = 1, .id = RIG_SOCKET, .from = g.side[0].at, .len = KEEPALIVE_LEN};
	unsigned accepted = 0;

	while (n-- > 0) {
		rng_bytes(&g.rng, p.bytes, KEEPALIVE_LEN);
		p.bytes[0] = (uint8_t)(0xC0 | p.bytes[0] % 0x30);
		accepted += rig_hears(&g, &p);
	}
	return accepted;
}

static void assert_still_talk(void)
{
	const unsigned had[] = {g.side[0].datagrams, g.side[1].datagrams};

	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(session_send_datagram(g.side[i].session, "x", 1), 0);
	rig_run(&g, 100 * NK_MS);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(g.side[i].datagrams, had[i] + 1);
		assert_true(addr_eq(&g.last[i].dest, &g.side[!i].at));
	}
}

/* Neither the address nor the keys are others then, and few are taken. The peer's own are not
 * understood for long; pings do their work. */
static void test_million_forged(void **state)
{
	unsigned accepted = 0, sent[2];

	(void)state;
	talk(KEEPALIVE_TURNS);
	for (unsigned i = 0; i < 100; i++) {
		accepted += forge(FORGED / 100);
		rig_run(&g, NK_S);
	}
	assert_in_range(accepted, 1, FORGED / 1000);
	assert_still_talk();
	memcpy(sent, g.sent, sizeof(sent));
	rig_run(&g, 600 * NK_S);
	for (unsigned i = 0; i < 2; i++) {
		assert_in_range(g.sent[i] - sent[i], 0, 3 * 600 / 15);
		assert_int_equal(rig_stats(&g, i)->paths_changed, 0);
		assert_int_equal(g.side[i].lost, 0);
	}
	assert_still_talk();
	rig_end(&g);
}

/* One that is authentic counts once, and from where the peer is. */
static void test_frame_from_elsewhere(void **state)
{
	struct rig_packet p;

	(void)state;
	talk(KEEPALIVE_FIXED);
	g.side[0].cut = true;
	for (unsigned i = 0; i < 150 && g.last[0].len != KEEPALIVE_LEN; i++)
		rig_run(&g, 100 * NK_MS);
	p = g.last[0];
	assert_int_equal(p.len, KEEPALIVE_LEN);
	p.from.port++;
	assert_false(rig_hears(&g, &p));
	p.from = g.side[0].at;
	p.id = RIG_OTHER;
	assert_false(rig_hears(&g, &p));
	p.id = RIG_SOCKET;
	assert_true(rig_hears(&g, &p));
	assert_false(rig_hears(&g, &p));
	rig_end(&g);
}

/* The peer is dead, and a long hello has failed: a million frames in its name do not make it live. */
static void test_forged_do_not_revive(void **state)
{
	unsigned accepted = 0;
	nk_time doubted;

	(void)state;
	talk(KEEPALIVE_TURNS);
	g.side[0].cut = true;
	while (g.side[1].doubted == 0)
		rig_run(&g, 10 * NK_MS);
	doubted = g.now;
	while (g.side[1].lost == 0 && g.now < doubted + 10 * NK_S) {
		accepted += forge(FORGED / 250);
		rig_run(&g, 10 * NK_MS);
	}
	assert_in_range(g.now - doubted, 0, HELLOS);
	accepted += forge(FORGED);
	rig_run(&g, 100 * NK_S);
	assert_true(accepted > 0);
	assert_int_equal(g.side[1].lost, 1);
	assert_int_equal(g.side[1].changed, 0);
	rig_end(&g);
}

/* Other terms */

static struct keepalive_offer believing(double lower_s)
{
	struct keepalive_offer o = keepalive_default_offer();

	o.lower_s = lower_s;
	return o;
}

static void assert_terms(enum keepalive_algorithm algorithm, double interval_s)
{
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(terms(i)->algorithm, algorithm);
		assert_true(terms(i)->interval_s == interval_s);
	}
}

static void set_beliefs(double lower_s)
{
	const struct keepalive_offer o = believing(lower_s);

	for (unsigned i = 0; i < 2; i++)
		session_offer(g.side[i].session, &o, g.now);
}

/* Either side may learn something, and on a bad link, too. Whoever keeps the path then does so as
 * was agreed last. */
static void test_renegotiated(void **state)
{
	(void)state;
	for (unsigned who = 0; who < 2; who++) {
		struct keepalive_offer o = believing(100);
		unsigned sent;

		talk(KEEPALIVE_FIXED);
		g.loss = 0.3;
		set_beliefs(200);
		rig_run(&g, 60 * NK_S);
		assert_terms(KEEPALIVE_LEARNED, 160);
		session_offer(g.side[who].session, &o, g.now);
		rig_run(&g, 60 * NK_S);
		assert_terms(KEEPALIVE_LEARNED, 80);
		g.loss = 0;
		rig_run(&g, 100 * NK_S);
		sent = g.sent[0];
		rig_run(&g, 800 * NK_S);
		assert_in_range(g.sent[0] - sent, 800 / 80, 800 / 64);
		rig_end(&g);
	}
}

/* A call has agreed on other terms, and then the old path comes back by itself. */
static void test_renewed_on_old_path(void **state)
{
	const struct session_keepalive rarely = {.terms = {KEEPALIVE_LEARNED, 80},
						 .ours = keepalive_default_offer()};
	const struct noise_keys keys = rig_keys(2);
	unsigned sent;

	(void)state;
	talk(KEEPALIVE_FIXED);
	g.side[0].cut = g.side[1].cut = true;
	rig_run(&g, 30 * NK_S);
	assert_int_equal(g.side[0].lost, 1);
	for (unsigned i = 0; i < 2; i++)
		session_renew(g.side[i].session, &keys, 1000 + i, 1001 - i, &rarely, g.now);
	g.side[0].cut = g.side[1].cut = false;
	rig_run(&g, 100 * NK_S);
	assert_int_equal(g.side[0].changed, 1);
	assert_terms(KEEPALIVE_LEARNED, 80);
	sent = g.sent[0];
	rig_run(&g, 800 * NK_S);
	assert_in_range(g.sent[0] - sent, 800 / 80, 800 / 64);
	rig_end(&g);
}

/* Both at once: the caller's list is what counts. */
static void test_both_offer(void **state)
{
	struct keepalive_offer o[2] = {believing(50), believing(0)};

	(void)state;
	o[0].wish[0] = keepalive_default_wish(KEEPALIVE_TURNS);
	o[0].wish[1] = keepalive_default_wish(KEEPALIVE_LEARNED);
	talk(KEEPALIVE_FIXED);
	for (unsigned i = 0; i < 2; i++)
		session_offer(g.side[i].session, &o[i], g.now);
	rig_run(&g, 10 * NK_S);
	assert_terms(KEEPALIVE_TURNS, 15);
	rig_end(&g);
}

/* A peer of another version is not asked for ever. */
static void test_offer_in_vain(void **state)
{
	const struct keepalive_offer o = believing(50);
	unsigned sent;

	(void)state;
	talk(KEEPALIVE_NONE);
	session_offer(g.side[0].session, &o, g.now);
	g.side[0].cut = true;
	sent = g.sent[0];
	rig_run(&g, 1000 * NK_S);
	assert_in_range(g.sent[0] - sent, TERMS_TRIES, TERMS_TRIES);
	rig_end(&g);
}

/* Of a list of algorithms that we have never heard of nothing is taken; the last resort is. */
static void test_unknown_algorithms(void **state)
{
	const struct keepalive_offer o = {.wish = {{200, 1, 900}, {201, 1, 900}}, .count = 2};

	(void)state;
	talk(KEEPALIVE_NONE);
	session_offer(g.side[0].session, &o, g.now);
	rig_run(&g, 10 * NK_S);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(terms(i)->algorithm, KEEPALIVE_FIXED);
		assert_in_range(terms(i)->interval_s, 15, 17);
	}
	rig_end(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cost),
		cmocka_unit_test(test_by_relay),
		cmocka_unit_test(test_opener_ttl),
		cmocka_unit_test(test_one_way),
		cmocka_unit_test(test_no_frames),
		cmocka_unit_test(test_dead_peer_by_turns),
		cmocka_unit_test(test_million_forged),
		cmocka_unit_test(test_frame_from_elsewhere),
		cmocka_unit_test(test_forged_do_not_revive),
		cmocka_unit_test(test_renegotiated),
		cmocka_unit_test(test_renewed_on_old_path),
		cmocka_unit_test(test_both_offer),
		cmocka_unit_test(test_offer_in_vain),
		cmocka_unit_test(test_unknown_algorithms),
	};

	return cmocka_run_group_tests_name("session_keepalive", tests, NULL, NULL);
}
