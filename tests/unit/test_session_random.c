/*
 * Thousands of sessions, each on another bad link: lossy, bursty with duplicates, reordering, slow
 * readers, addresses that change. Every message comes once and in order, whatever happens.
 */
#include "session_rig.h"

#define SEEDS  1000
#define ROUNDS 3000 /* of 200 ms */
#define MOVING 100

static void choose_link(struct rig *r)
{
	static const nk_time delays[] = {0, 200, NK_MS, 20 * NK_MS, 150 * NK_MS, 700 * NK_MS};

	r->delay = delays[rng_below(&r->rng, 6)];
	r->jitter = rng_below(&r->rng, 2) * (nk_time)rng_below(&r->rng, 60000);
	r->loss = rng_below(&r->rng, 2) * rng_unit(&r->rng) * 0.3;
	r->doubled = rng_below(&r->rng, 2) * rng_unit(&r->rng) * 0.3;
	r->relayed = false;
}

static void choose_side(struct rig *r, unsigned i)
{
	r->side[i].to_send = rng_below(&r->rng, 4) == 0 ? 0 : rng_below(&r->rng, 120);
	r->side[i].lazy = rng_below(&r->rng, 3) == 0 ? rng_unit(&r->rng) * 0.9 : 0;
}

static bool is_done(const struct rig *r)
{
	return r->side[0].taken == r->side[1].to_send && r->side[1].taken == r->side[0].to_send &&
	       session_all_acked(r->side[0].session) && session_all_acked(r->side[1].session);
}

/* A NAT gives one side another port, now and then: the other one must find it. */
static void maybe_move(struct rig *r)
{
	struct rig_side *s = &r->side[rng_below(&r->rng, 2)];

	if (rng_below(&r->rng, 20) == 0)
		s->at.port++;
}

static void play(uint64_t seed, bool moves)
{
	unsigned rounds = 0;

	rig_begin(&g, seed);
	choose_link(&g);
	choose_side(&g, 0);
	choose_side(&g, 1);
	rig_set_paths(&g);
	while (!is_done(&g) && rounds++ < ROUNDS) {
		rig_run(&g, 200 * NK_MS);
		if (moves && rounds < MOVING)
			maybe_move(&g);
		/* As the owner would: the path is lost, so it is punched anew. */
		if (g.side[0].lost + g.side[1].lost > 0) {
			g.side[0].lost = g.side[1].lost = 0;
			rig_set_paths(&g);
		}
	}
	if (!is_done(&g))
		fail_msg("seed %u: %u of %u and %u of %u messages", (unsigned)seed, g.side[1].taken,
			 g.side[0].to_send, g.side[0].taken, g.side[1].to_send);
	assert_int_equal(rig_stats(&g, 0)->messages_acked, g.side[0].to_send);
	assert_int_equal(rig_stats(&g, 1)->messages_in, g.side[0].to_send);
	rig_end(&g);
}

static void test_bad_links(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < SEEDS; seed++)
		play(seed, false);
}

static void test_moving_peers(void **state)
{
	(void)state;
	for (uint64_t seed = SEEDS; seed < 2 * SEEDS; seed++)
		play(seed, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_links),
		cmocka_unit_test(test_moving_peers),
	};

	return cmocka_run_group_tests_name("session_random", tests, NULL, NULL);
}
