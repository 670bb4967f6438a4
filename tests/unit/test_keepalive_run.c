/* The algorithms, two sides of them over a path that the test rules: virtual time, no sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "core/keepalive/keepalive.h"
#include "core/keepalive/wake.h"
#include "near.h"

#define DELAY  (50 * NK_MS) /* one way */
#define FLYING 64

enum message { TURN, ASK, ANSWER, HELLO, HELLO_ANSWER, DATA, OPENER };

struct packet {
	enum message message;
	nk_time at;
	unsigned to;
	uint8_t frame[KEEPALIVE_LEN];
};

/* Side 0 is the first. */
static struct side {
	struct keepalive k;
	struct keepalive_flow flow;
	bool dead, deaf; /* deaf: nothing comes through to it */
	unsigned count[OPENER + 1];
	nk_time last[OPENER + 1], last_gap; /* of sending */
} side[2];

static struct packet flying[FLYING];
static unsigned flying_count;
static struct rng rng;
static nk_time now;
static bool no_frames; /* they do not get through */

static int set_up(void **state)
{
	(void)state;
	return crypto_init();
}

/* The mapping is not new. */
static void begin(uint8_t algorithm, double interval_s)
{
	now = 1000 * NK_S;
	flying_count = 0;
	no_frames = false;
	rng_seed_from_number(&rng, 1);
	memset(side, 0, sizeof(side));
	for (unsigned i = 0; i < 2; i++) {
		const struct keepalive_config config = {
			.terms = {algorithm, interval_s},
			.first = i == 0,
			.gap = KEEPALIVE_GAP,
			.tries = KEEPALIVE_TRIES,
			.rng = &rng,
		};

		keepalive_start(&side[i].k, &config, now);
		side[i].k.renews = false;
		keepalive_retime(&side[i].k, nk_from_seconds(interval_s), now);
		side[i].flow.first = i == 0;
	}
}

static void fly(unsigned from, enum message m)
{
	struct packet *p = &flying[flying_count++];
	struct side *s = &side[from];

	assert_true(flying_count < FLYING);
	*p = (struct packet){.message = m, .at = now + DELAY, .to = !from};
	if (m <= ANSWER)
		keepalive_write(&s->flow, (enum keepalive_kind)m, p->frame);
	if (no_frames && m <= ANSWER)
		flying_count--;
	s->count[m]++;
	s->last_gap = now - s->last[m];
	s->last[m] = now;
}

static void say(unsigned from, enum message m, bool asks)
{
	fly(from, m);
	keepalive_sent(&side[from].k, asks, now);
}

static void hear(const struct packet *p)
{
	struct side *s = &side[p->to];
	enum keepalive_kind kind;
	uint64_t acked;

	if (s->dead || s->deaf || p->message == OPENER)
		return;
	if (p->message <= ANSWER) {
		assert_true(keepalive_read(&s->flow, p->frame, KEEPALIVE_LEN, &kind, &acked));
		keepalive_heard(&s->k, keepalive_news(&s->flow, kind, acked), now);
	} else {
		keepalive_heard(&s->k,
				p->message == HELLO_ANSWER ? KEEPALIVE_HEARD_ANSWER
							   : KEEPALIVE_HEARD_TRAFFIC,
				now);
	}
	if (p->message == ASK || p->message == HELLO)
		say(p->to, p->message == ASK ? ANSWER : HELLO_ANSWER, false);
}

static void speak(unsigned i)
{
	static const enum message said[] = {
		[KEEPALIVE_SEND_TURN] = TURN,
		[KEEPALIVE_SEND_ASK] = ASK,
		[KEEPALIVE_SEND_HELLO] = HELLO,
		[KEEPALIVE_SEND_OPENER] = OPENER,
	};
	enum keepalive_need need;

	while (!side[i].dead && (need = keepalive_next(&side[i].k, now)) != KEEPALIVE_REST)
		fly(i, said[need]);
}

static nk_time next_event(void)
{
	nk_time at = NK_NEVER;

	for (unsigned i = 0; i < flying_count; i++)
		at = nk_min(at, flying[i].at);
	for (unsigned i = 0; i < 2; i++)
		if (!side[i].dead)
			at = nk_min(at, keepalive_deadline(&side[i].k));
	return at;
}

static void run_until(nk_time end)
{
	for (nk_time at; (at = next_event()) <= end;) {
		now = nk_max(now, at);
		for (unsigned i = 0; i < flying_count;) {
			const struct packet p = flying[i];

			if (p.at > now) {
				i++;
				continue;
			}
			memmove(&flying[i], &flying[i + 1],
				(--flying_count - i) * sizeof(flying[0]));
			hear(&p);
		}
		speak(0);
		speak(1);
	}
	now = end;
}

static void run_for(double seconds)
{
	run_until(now + nk_from_seconds(seconds));
}

/* Runs until side @i has sent @m once more. */
static void run_until_sent(unsigned i, enum message m)
{
	const unsigned had = side[i].count[m];

	while (side[i].count[m] == had) {
		const nk_time at = next_event();

		assert_true(at < NK_NEVER);
		run_until(at);
	}
}

/* Runs until side @i gives up; returns when. */
static nk_time run_until_lost(unsigned i)
{
	while (!keepalive_lost(&side[i].k))
		run_until(next_event());
	return now;
}

static void test_turns_alternate(void **state)
{
	(void)state;
	begin(KEEPALIVE_TURNS, 15);
	for (unsigned n = 0; n < 20; n++) {
		const nk_time had = now;

		run_until_sent(n % 2, TURN);
		assert_near(nk_seconds(now - had), 15 + (n > 0 ? 0.05 : 0), 1e-6);
	}
	run_for(100);
	assert_int_equal(side[0].count[HELLO] + side[1].count[HELLO], 0);
}

/* Dies just before its turn: noticed within 15 s; just after: 30 s; a round trip and the hellos more. */
static void test_turns_dead_peer(void **state)
{
	static const struct {
		nk_time after_turn;
		double least, most;
	} rows[] = {{-NK_MS, 0, 15}, {NK_MS, 15, 30}};

	(void)state;
	for (unsigned r = 0; r < 2; r++) {
		nk_time died, noticed;

		begin(KEEPALIVE_TURNS, 15);
		run_until_sent(0, TURN);
		died = now + DELAY + 15 * NK_S + rows[r].after_turn;
		run_until(died);
		side[1].dead = true;
		noticed = run_until_lost(0);
		assert_int_equal(side[0].count[HELLO], KEEPALIVE_TRIES);
		assert_in_range(noticed - died, nk_from_seconds(rows[r].least),
				nk_from_seconds(rows[r].most) + 2 * DELAY + KEEPALIVE_TRIES * NK_S);
	}
}

/* While both talk nothing is sent; after that the one who did not talk last. */
static void test_turns_traffic(void **state)
{
	(void)state;
	begin(KEEPALIVE_TURNS, 15);
	for (unsigned n = 0; n < 10; n++) {
		say(0, DATA, false);
		run_for(5);
		say(1, DATA, false);
		run_for(5);
	}
	assert_int_equal(side[0].count[TURN] + side[1].count[TURN], 0);
	run_for(11);
	assert_int_equal(side[0].count[TURN], 1);
	assert_int_equal(side[1].count[TURN], 0);
}

/* One only listens: its NAT needs its packets all the same. */
static void test_turns_one_way(void **state)
{
	(void)state;
	begin(KEEPALIVE_TURNS, 15);
	for (unsigned n = 0; n < 150; n++) {
		say(0, DATA, false);
		run_for(1);
	}
	assert_in_range(side[1].count[TURN], 9, 10);
	assert_int_equal(side[0].count[HELLO] + side[1].count[HELLO], 0);
}

/* Both have the turn when their packets crossed, but not for long. */
static void test_turns_crossed(void **state)
{
	(void)state;
	begin(KEEPALIVE_TURNS, 15);
	say(0, DATA, false);
	say(1, DATA, false);
	run_for(301);
	assert_in_range(side[0].count[TURN] + side[1].count[TURN], 20, 21);
	assert_int_equal(side[0].count[HELLO] + side[1].count[HELLO], 0);
}

/* What was lost is repaired by one hello of the side that misses it, and the turns go on. */
static void test_turns_loss(void **state)
{
	(void)state;
	begin(KEEPALIVE_TURNS, 15);
	run_until_sent(0, TURN);
	flying_count = 0;
	run_for(60);
	assert_int_equal(side[0].count[HELLO], 0);
	assert_int_equal(side[1].count[HELLO], 1);
	assert_in_range(side[0].count[TURN] + side[1].count[TURN], 3, 5);
}

/* It is alive, and has not had our last: so ours may not arrive any more. */
static void test_turns_unacknowledged(void **state)
{
	(void)state;
	begin(KEEPALIVE_TURNS, 15);
	run_until_sent(0, TURN);
	flying_count = 0;
	side[1].dead = true;
	run_for(10);
	fly(1, TURN);
	side[1].dead = false;
	run_for(0.1);
	assert_int_equal(side[0].count[HELLO], 1);
	run_for(0.1);
	assert_false(side[0].k.doubted);
}

static void test_fixed_draws(void **state)
{
	double sum = 0;
	nk_time before;

	(void)state;
	begin(KEEPALIVE_FIXED, 20);
	run_until_sent(0, ASK);
	before = now;
	for (unsigned n = 0; n < 500; n++) {
		side[0].k.asks = 0;
		run_until_sent(0, ASK);
		assert_in_range(now - before, 16 * NK_S, 20 * NK_S);
		sum += nk_seconds(now - before);
		before = now;
	}
	run_for(1);
	assert_near(sum / 500, 18, 0.3);
	assert_int_equal(side[1].count[ANSWER], 501);
	assert_int_equal(side[0].count[HELLO] + side[1].count[HELLO], 0);
	assert_int_equal(side[0].k.rtt, 2 * DELAY);
}

/* A missing answer: a hello a second, until it is lost; then ever more rarely, until there is an answer. */
static void test_fixed_lost_and_back(void **state)
{
	nk_time asked, lost;

	(void)state;
	begin(KEEPALIVE_FIXED, 20);
	side[0].deaf = true;
	run_until_sent(0, ASK);
	asked = now;
	run_until_sent(0, HELLO);
	assert_int_equal(now - asked, KEEPALIVE_WAIT_MIN);
	lost = run_until_lost(0);
	assert_int_equal(lost - asked, 2 * KEEPALIVE_WAIT_MIN + 2 * NK_S);
	assert_int_equal(side[0].count[HELLO], KEEPALIVE_TRIES);
	run_for(600);
	assert_in_range(side[0].count[HELLO], 25, 40);
	assert_int_equal(side[0].last_gap, 20 * NK_S);
	side[0].deaf = false;
	run_for(21);
	assert_false(keepalive_lost(&side[0].k));
	run_for(20);
	assert_int_equal(side[0].count[ASK], 3);
}

/* Whoever is asked notices too that nobody asks any more. */
static void test_fixed_second_notices(void **state)
{
	(void)state;
	begin(KEEPALIVE_FIXED, 20);
	run_for(100);
	side[0].dead = true;
	run_for(20 + 3 + 3);
	assert_true(keepalive_lost(&side[1].k));
	assert_int_equal(side[1].count[ASK], 0);
}

/* The other side talks all the time; only what it answers tells that ours arrive. */
static void test_fixed_one_way(void **state)
{
	(void)state;
	begin(KEEPALIVE_FIXED, 20);
	for (unsigned n = 0; n < 100; n++) {
		say(1, DATA, false);
		run_for(1);
	}
	assert_in_range(side[0].count[ASK], 5, 6);
	for (unsigned n = 0; n < 100; n++) {
		say(0, DATA, false);
		run_for(0.02);
		keepalive_heard(&side[0].k, KEEPALIVE_HEARD_ANSWER, now);
		run_for(1);
	}
	assert_in_range(side[0].count[ASK], 5, 6);
}

/* Where frames are not understood, hellos are sent in their place, and seldom one of them again. */
static void test_no_frames(void **state)
{
	static const uint8_t by[] = {KEEPALIVE_FIXED, KEEPALIVE_TURNS};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		unsigned frames, had;

		begin(by[i], 15);
		for (unsigned n = 0; n < 2; n++)
			side[n].k.renews = true;
		no_frames = true;
		run_for(150 * 15);
		frames = side[0].count[ASK] + side[0].count[TURN] + side[1].count[TURN];
		assert_in_range(frames, 4, 16);
		assert_in_range(side[0].count[HELLO] + side[1].count[HELLO], 140, 230);
		no_frames = false;
		run_for(20 * 15);
		had = side[0].count[HELLO] + side[1].count[HELLO];
		run_for(150 * 15);
		assert_int_equal(side[0].count[HELLO] + side[1].count[HELLO], had);
	}
}

static void test_question_of_the_owner(void **state)
{
	(void)state;
	begin(KEEPALIVE_TURNS, 15);
	say(0, DATA, true);
	run_for(0.3);
	say(0, DATA, true);
	run_for(0.19);
	assert_int_equal(side[0].count[HELLO], 0);
	run_for(0.02);
	assert_int_equal(side[0].count[HELLO], 1);
}

/* A frame's tag is short: none of them ends a doubt, and neither does what answers nothing. */
static void test_doubt(void **state)
{
	(void)state;
	begin(KEEPALIVE_FIXED, 20);
	keepalive_doubt(&side[0].k, now);
	for (unsigned n = 0; n < 3; n++) {
		keepalive_heard(&side[0].k, KEEPALIVE_HEARD_FRAME, now);
		keepalive_heard(&side[0].k, KEEPALIVE_HEARD_UNACKED, now);
		keepalive_heard(&side[0].k, KEEPALIVE_HEARD_TRAFFIC, now);
		assert_int_equal(keepalive_next(&side[0].k, now), KEEPALIVE_SEND_HELLO);
		keepalive_doubt(&side[0].k, now);
		assert_int_equal(keepalive_next(&side[0].k, now), KEEPALIVE_REST);
		now += NK_S;
	}
	assert_int_equal(keepalive_next(&side[0].k, now), KEEPALIVE_REST);
	assert_true(keepalive_lost(&side[0].k));
	keepalive_heard(&side[0].k, KEEPALIVE_HEARD_FRAME, now);
	assert_true(keepalive_lost(&side[0].k));
	keepalive_heard(&side[0].k, KEEPALIVE_HEARD_ANSWER, now);
	assert_false(keepalive_lost(&side[0].k));
	assert_in_range(keepalive_deadline(&side[0].k) - now, NK_S, 20 * NK_S);
}

/* A mapping that may be new is used twice within a while, so that a NAT takes it for a stream. */
static void test_renews(void **state)
{
	static const struct {
		double interval_s;
		unsigned every; /* 0: never again */
	} rows[] = {{16, 0}, {17, KEEPALIVE_RENEW_EVERY}};

	(void)state;
	for (unsigned r = 0; r < 2; r++) {
		begin(KEEPALIVE_FIXED, rows[r].interval_s);
		keepalive_doubt(&side[0].k, now);
		run_until_sent(0, HELLO);
		for (unsigned n = 0; n < 40; n++) {
			const bool soon =
				rows[r].every != 0 ? n % (rows[r].every + 1) == 0 : n == 0;

			run_until_sent(0, ASK);
			assert_int_equal(now - side[0].k.heard < KEEPALIVE_RENEW, soon);
		}
	}
	begin(KEEPALIVE_TURNS, 15);
	keepalive_doubt(&side[0].k, now);
	run_for(14);
	assert_int_equal(side[0].count[TURN], 0);
	run_for(2);
	assert_int_equal(side[0].count[TURN], 1);
}

static void test_slow_path(void **state)
{
	(void)state;
	begin(KEEPALIVE_FIXED, 20);
	side[0].k.rtt = 800 * NK_MS;
	side[0].deaf = true;
	run_until_sent(0, ASK);
	run_until_sent(0, HELLO);
	assert_int_equal(now - side[0].last[ASK], 1600 * NK_MS);
	run_until_sent(0, HELLO);
	assert_int_equal(side[0].last_gap, 1600 * NK_MS);
}

static void test_opener_and_none(void **state)
{
	(void)state;
	begin(KEEPALIVE_OPENER, 20);
	run_for(200);
	for (unsigned i = 0; i < 2; i++) {
		assert_in_range(side[i].count[OPENER], 10, 12);
		assert_int_equal(side[i].count[HELLO], 0);
	}
	begin(KEEPALIVE_NONE, 0);
	assert_true(keepalive_deadline(&side[0].k) == NK_NEVER);
	keepalive_doubt(&side[0].k, now);
	run_for(1);
	assert_int_equal(side[0].count[HELLO], 1);
	assert_false(side[0].k.doubted);
	assert_true(keepalive_deadline(&side[0].k) == NK_NEVER);
}

static void test_retime(void **state)
{
	const nk_time begun = 1000 * NK_S;

	(void)state;
	begin(KEEPALIVE_LEARNED, 20);
	for (unsigned i = 0; i < 2; i++)
		keepalive_retime(&side[i].k, 100 * NK_S, now);
	assert_in_range(keepalive_deadline(&side[0].k), begun + 80 * NK_S, begun + 100 * NK_S);
	run_for(50);
	keepalive_retime(&side[0].k, 40 * NK_S, now);
	assert_int_equal(keepalive_next(&side[0].k, now), KEEPALIVE_SEND_ASK);
}

/* What is due within the last fifth leaves with others. */
static void test_early(void **state)
{
	(void)state;
	begin(KEEPALIVE_FIXED, 20);
	side[0].k.share = 1;
	keepalive_retime(&side[0].k, 20 * NK_S, now);
	assert_int_equal(keepalive_next_early(&side[0].k, now + 16 * NK_S - 1), KEEPALIVE_REST);
	assert_int_equal(keepalive_next(&side[0].k, now + 20 * NK_S - 1), KEEPALIVE_REST);
	assert_int_equal(keepalive_next_early(&side[0].k, now + 16 * NK_S), KEEPALIVE_SEND_ASK);
	assert_int_equal(keepalive_next_early(&side[0].k, now + 16 * NK_S), KEEPALIVE_REST);
}

/* Others leave now: so does what may, by the owner's own next call. */
static void test_hurry(void **state)
{
	(void)state;
	begin(KEEPALIVE_FIXED, 20);
	keepalive_share(&side[0].k, 1);
	assert_int_equal(keepalive_deadline(&side[0].k), now + 20 * NK_S);
	keepalive_hurry(&side[0].k, now + 16 * NK_S - 1);
	assert_int_equal(keepalive_deadline(&side[0].k), now + 20 * NK_S);
	keepalive_hurry(&side[0].k, now + 17 * NK_S);
	assert_int_equal(keepalive_deadline(&side[0].k), now + 17 * NK_S);
	assert_int_equal(keepalive_next(&side[0].k, now + 17 * NK_S), KEEPALIVE_SEND_ASK);
}

/* Turns are not drawn, and so not shared. */
static void test_share(void **state)
{
	(void)state;
	begin(KEEPALIVE_FIXED, 20);
	keepalive_share(&side[0].k, 0.9);
	assert_int_equal(keepalive_deadline(&side[0].k), now + 18 * NK_S);
	begin(KEEPALIVE_TURNS, 20);
	keepalive_share(&side[0].k, 0.9);
	assert_int_equal(keepalive_deadline(&side[0].k), now + 20 * NK_S);
	for (unsigned i = 0; i < 1000; i++) {
		const double share = keepalive_draw(&rng);

		assert_true(share >= 0.8 && share < 1);
	}
}

static void test_wake(void **state)
{
	struct wake w;

	(void)state;
	wake_start(&w, 5);
	assert_false(wake_is_up(&w, 5));
	assert_true(wake_note(&w, 5));
	assert_true(wake_is_up(&w, 5 + WAKE_TOGETHER - 1));
	assert_false(wake_note(&w, 5 + WAKE_TOGETHER - 1));
	assert_true(wake_note(&w, 5 + 2 * WAKE_TOGETHER));
	assert_int_equal(w.wakes, 2);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(keepalive_name(KEEPALIVE_LEARNED), "learned");
	assert_null(keepalive_name(KEEPALIVE_ALGORITHMS));
	for (unsigned a = 0; a < KEEPALIVE_ALGORITHMS; a++)
		assert_int_equal(
			keepalive_algorithm_of(keepalive_name((enum keepalive_algorithm)a)), a);
	assert_int_equal(keepalive_algorithm_of("turn"), KEEPALIVE_ALGORITHMS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_turns_alternate),
		cmocka_unit_test(test_turns_dead_peer),
		cmocka_unit_test(test_turns_traffic),
		cmocka_unit_test(test_turns_one_way),
		cmocka_unit_test(test_turns_crossed),
		cmocka_unit_test(test_turns_loss),
		cmocka_unit_test(test_turns_unacknowledged),
		cmocka_unit_test(test_fixed_draws),
		cmocka_unit_test(test_fixed_lost_and_back),
		cmocka_unit_test(test_fixed_second_notices),
		cmocka_unit_test(test_fixed_one_way),
		cmocka_unit_test(test_question_of_the_owner),
		cmocka_unit_test(test_doubt),
		cmocka_unit_test(test_renews),
		cmocka_unit_test(test_no_frames),
		cmocka_unit_test(test_slow_path),
		cmocka_unit_test(test_opener_and_none),
		cmocka_unit_test(test_retime),
		cmocka_unit_test(test_early),
		cmocka_unit_test(test_hurry),
		cmocka_unit_test(test_share),
		cmocka_unit_test(test_wake),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
