/* New keys within a session: by rekeying as time goes on, and from a call that resumes it. */
#include "session_rig.h"

static void renew(struct rig *r, unsigned i, uint8_t call)
{
	const struct noise_keys keys = rig_keys(call);
	const struct session_keepalive keepalive = rig_keepalive(KEEPALIVE_FIXED);
	const uint32_t ours = 1000u * call + i, theirs = 1000u * call + !i;

	session_renew(r->side[i].session, &keys, ours, theirs, &keepalive, r->now);
}

/* An hour with a message now and then, on a lossy link: some thirty keys each way. */
static void test_rekeyed_for_an_hour(void **state)
{
	(void)state;
	g.loss = 0.1;
	for (unsigned i = 0; i < 600; i++) {
		g.side[i % 2].to_send++;
		rig_run(&g, 6 * NK_S);
	}
	rig_run(&g, 20 * NK_S);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(g.side[i].taken, 300);
		assert_in_range(rig_stats(&g, i)->rekeys, 25, 30);
		assert_int_equal(rig_stats(&g, i)->rejected, 0);
	}
}

static void test_rekeyed_by_packets(void **state)
{
	(void)state;
	g.delay = 100;
	g.jitter = 300; /* packets of two epochs arrive in any order */
	for (unsigned i = 0; i < 140000; i++) {
		assert_int_equal(session_send_datagram(g.side[0].session, "x", 1), 0);
		if (i % 1000 == 0) /* by which the other shows that it has followed */
			assert_int_equal(session_send_datagram(g.side[1].session, "x", 1), 0);
		rig_run(&g, 20);
	}
	rig_run(&g, NK_S);
	assert_int_equal(g.side[1].datagrams, 140000);
	assert_int_equal(rig_stats(&g, 0)->rekeys, 2);
	assert_int_equal(rig_stats(&g, 1)->rejected, 0);
}

/* The path is lost, and a new call mends it: nothing is lost but time. */
static void test_renewed(void **state)
{
	(void)state;
	g.side[0].to_send = g.side[1].to_send = 100;
	rig_run(&g, 100 * NK_MS);
	g.side[0].cut = g.side[1].cut = true;
	rig_run(&g, 10 * NK_S);
	assert_int_equal(g.side[0].lost, 1);
	g.side[0].cut = g.side[1].cut = false;
	g.side[0].at.port = 5000;
	g.side[1].at.port = 6000;
	renew(&g, 1, 2);
	renew(&g, 0, 2);
	rig_set_paths(&g);
	rig_run(&g, 5 * NK_S);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(g.side[i].taken, 100);
		assert_int_equal(rig_stats(&g, i)->rejected, 0);
	}
}

/* The callee has the new keys first, and speaks with the old ones until the caller has shown them:
 * whether its answer has arrived it cannot know. */
static void test_callee_waits(void **state)
{
	(void)state;
	rig_run(&g, 100 * NK_MS);
	renew(&g, 1, 2);
	g.side[0].to_send = g.side[1].to_send = 20;
	rig_run(&g, 2 * NK_S);
	assert_int_equal(g.side[0].taken, 20);
	assert_int_equal(g.side[1].taken, 20);
	renew(&g, 0, 2);
	g.side[0].to_send = g.side[1].to_send = 40;
	rig_run(&g, 2 * NK_S);
	assert_int_equal(g.side[0].taken, 40);
	assert_int_equal(g.side[1].taken, 40);
	assert_int_equal(g.last[1].bytes[3], 2000 >> 8); /* the new index */
	assert_int_equal(rig_stats(&g, 0)->rejected + rig_stats(&g, 1)->rejected, 0);
}

/* What was under way under the old keys is read, until the new ones are heard; then never more. */
static void test_old_keys(void **state)
{
	struct rig_packet p[2];

	(void)state;
	rig_run(&g, 100 * NK_MS);
	g.side[0].cut = true;
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(session_send_datagram(g.side[0].session, "old", 3), 0);
		rig_output(&g, 0);
		p[i] = g.last[0];
	}
	g.side[0].cut = false;
	renew(&g, 1, 2);
	assert_true(rig_hears(&g, &p[0]));
	renew(&g, 0, 2);
	rig_set_paths(&g);
	rig_run(&g, 100 * NK_MS);
	assert_false(rig_hears(&g, &p[1]));
}

/* A call that was answered, and of which nothing more came, does not stand in the next one's way. */
static void test_renewed_twice(void **state)
{
	(void)state;
	rig_run(&g, 100 * NK_MS);
	renew(&g, 1, 2);
	renew(&g, 1, 3);
	renew(&g, 0, 3);
	rig_set_paths(&g);
	g.side[0].to_send = g.side[1].to_send = 20;
	rig_run(&g, 2 * NK_S);
	assert_int_equal(g.side[0].taken, 20);
	assert_int_equal(g.side[1].taken, 20);
}

/* Calls at any time, on bad links: every message once, and in order. */
static void test_random(void **state)
{
	(void)state;
	for (uint64_t seed = 100; seed < 400; seed++) {
		uint8_t call = 1;

		rig_end(&g);
		rig_begin(&g, seed);
		g.loss = 0.2 * rng_unit(&g.rng);
		g.doubled = 0.2 * rng_unit(&g.rng);
		g.jitter = (nk_time)rng_below(&g.rng, 50000);
		g.side[0].to_send = g.side[1].to_send = 150;
		rig_set_paths(&g);
		for (unsigned i = 0; i < 10; i++) {
			rig_run(&g, (nk_time)rng_below(&g.rng, 2000000));
			renew(&g, 1, ++call);
			rig_run(&g, (nk_time)rng_below(&g.rng, 300000));
			renew(&g, 0, call);
			g.side[1].at.port++;
			rig_set_paths(&g);
		}
		rig_run(&g, 120 * NK_S);
		if (g.side[0].taken != 150 || g.side[1].taken != 150)
			fail_msg("seed %u: %u and %u", (unsigned)seed, g.side[0].taken,
				 g.side[1].taken);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_rig(test_rekeyed_for_an_hour),
		with_rig(test_rekeyed_by_packets),
		with_rig(test_renewed),
		with_rig(test_callee_waits),
		with_rig(test_old_keys),
		with_rig(test_renewed_twice),
		with_rig(test_random),
	};

	return cmocka_run_group_tests_name("session_renew", tests, NULL, NULL);
}
