/* What the two sides plan must fit together, whatever their NATs; and the caps of the hard tactics. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/punch/plan.h"
#include "near.h"

#define FIRE  (2 * NK_S)
#define PAUSE (100 * NK_MS)

/* A NAT as hints tell of it, and whether it has a fresh socket's address to tell. */
struct view {
	const char *name;
	struct nat_hint hint;
	bool fresh;
};

/* clang-format off */
static const struct view views[] = {
	{"easy", {.mapping = HINT_MAPPING_EI, .ports = HINT_PORTS_KEPT}, false},
	{"once", {.mapping = HINT_MAPPING_APD, .ports = HINT_PORTS_KEPT}, true},
	{"kept", {.mapping = HINT_MAPPING_AD, .ports = HINT_PORTS_KEPT}, true},
	{"one", {HINT_MAPPING_AD, HINT_PORTS_SEQUENTIAL, 2, 65530, 300, 0, 0}, false},
	{"counted", {HINT_MAPPING_APD, HINT_PORTS_SEQUENTIAL, -1, 5000, 300, 0, 0}, false},
	{"drawn", {.mapping = HINT_MAPPING_APD, .ports = HINT_PORTS_RANDOM}, false},
	{"unknown", {.mapping = HINT_MAPPING_UNKNOWN}, false},
};
/* clang-format on */
#define VIEWS (sizeof(views) / sizeof(views[0]))

static struct rng rng;

static struct plan_config config_of(const struct view *ours, const struct view *theirs,
				    bool controlling)
{
	struct plan_config c = {
		.ours = ours->hint,
		.theirs = theirs->hint,
		.remote = {{{CANDIDATE_HOST, addr_v4(10, 0, 0, 1, 4000)},
			    {CANDIDATE_SERVER_REFLEXIVE, addr_v4(203, 0, 113, 7, 4000)}},
			   2},
		.have_fresh = ours->fresh,
		.controlling = controlling,
		.tactics = TACTICS_ALL,
		.hard = true,
		.hard_ip = addr_v4(203, 0, 113, 7, 0),
		.fire = FIRE,
		.first_pause = PAUSE,
		.give_up = FIRE + 30 * NK_S,
		.rng = &rng,
	};

	if (theirs->fresh)
		c.remote.list[c.remote.count++] = (struct candidate){CANDIDATE_SERVER_REFLEXIVE,
								     addr_v4(203, 0, 113, 7, 4001)};
	return c;
}

static bool fit(enum plan_part a, enum plan_part b)
{
	switch (a) {
	case PLAN_NOTHING:
	case PLAN_SWEEP:
		return b == PLAN_NOTHING || b == PLAN_SWEEP;
	case PLAN_WALK:
		return b == PLAN_STAND;
	case PLAN_STAND:
		return b == PLAN_WALK;
	case PLAN_STAND_TO_FRESH:
		return b == PLAN_SHOOT;
	case PLAN_SHOOT:
		return b == PLAN_STAND_TO_FRESH;
	case PLAN_OPEN:
		return b == PLAN_PROBE;
	case PLAN_PROBE:
		return b == PLAN_OPEN;
	}
	return false;
}

/* Runs a plan, looking at each aim, until @until. Return: hard packets. */
static unsigned run(struct plan *p, nk_time until)
{
	nk_time at;
	struct aim aim;
	unsigned hard = 0;

	while ((at = plan_deadline(p)) <= until) {
		assert_true(at >= FIRE);
		while (plan_next(p, &aim, at)) {
			assert_true(addr_same_ip(&aim.to, &p->end));
			assert_true(aim.to.port >= 1024);
			if (aim.tactic == TACTIC_PLAIN) {
				assert_int_equal(aim.socket, PLAN_FRESH);
				continue;
			}
			assert_true(aim.tactic == TACTIC_PREDICT || aim.tactic == TACTIC_BIRTHDAY);
			assert_true(p->start[aim.tactic] <= at);
			hard++;
		}
		assert_true(plan_deadline(p) > at);
	}
	return hard;
}

static void both_parts_fit(void **state)
{
	(void)state;
	for (unsigned a = 0; a < VIEWS; a++)
		for (unsigned b = 0; b < VIEWS; b++) {
			const struct plan_config x = config_of(&views[a], &views[b], true);
			const struct plan_config y = config_of(&views[b], &views[a], false);
			struct plan p, q;

			plan_start(&p, &x, NK_S);
			plan_start(&q, &y, NK_S);
			assert_int_equal(p.round_at, q.round_at);
			assert_near(p.relay_likely, q.relay_likely, 1e-12);
			for (unsigned second = 2; second < 30; second++) {
				run(&p, second * NK_S);
				run(&q, second * NK_S);
				if (fit(p.running, q.running))
					continue;
				print_error("%s and %s: %u and %u\n", views[a].name, views[b].name,
					    p.running, q.running);
				fail();
			}
		}
}

static void a_hundred_a_second_at_most(void **state)
{
	(void)state;
	for (unsigned a = 0; a < VIEWS; a++)
		for (unsigned b = 0; b < VIEWS; b++) {
			const struct plan_config c = config_of(&views[a], &views[b], true);
			unsigned in_second[40] = {0};
			struct plan p;

			plan_start(&p, &c, NK_S);
			for (unsigned i = 2; i < 32; i++)
				in_second[i] = run(&p, i * NK_S + NK_S - 1);
			for (unsigned i = 2; i < 32; i++)
				assert_true(in_second[i] <= 100);
		}
}

static void nothing_hard_where_it_is_not_allowed(void **state)
{
	(void)state;
	for (unsigned a = 0; a < VIEWS; a++)
		for (unsigned b = 0; b < VIEWS; b++)
			for (unsigned how = 0; how < 3; how++) {
				struct plan_config c = config_of(&views[a], &views[b], true);
				struct plan p;

				c.hard = how != 0;
				if (how == 1)
					c.tactics &= ~(TACTIC_BIT(TACTIC_PREDICT) |
						       TACTIC_BIT(TACTIC_BIRTHDAY));
				if (how == 2)
					c.hard_ip = (struct addr){.port = 0};
				plan_start(&p, &c, NK_S);
				assert_int_equal(p.start[TACTIC_PLAIN], FIRE);
				assert_int_equal(run(&p, 40 * NK_S), 0);
			}
}

/* Where plain is likely, nothing is hurried, and nobody speaks of relays. */
static void easy_pairs_stay_easy(void **state)
{
	const struct plan_config c = config_of(&views[0], &views[0], true);
	struct plan p;

	(void)state;
	plan_start(&p, &c, NK_S);
	assert_int_equal(plan_deadline(&p), NK_NEVER);
	assert_near(p.relay_likely, 0, 0);
	assert_int_equal(p.start[TACTIC_HAIRPIN], NK_NEVER);
}

static void relay_is_likely_between_two_that_draw(void **state)
{
	struct plan_config c = config_of(&views[5], &views[5], true);
	struct plan p;

	(void)state;
	plan_start(&p, &c, NK_S);
	assert_near(p.relay_likely, 0.9 * (1 - 1024.0 / 64512 * 1024 / 64512), 1e-9);
	/* What worked between other NATs says little of these; what did not makes it worse. */
	c.plain_p = 0.98;
	plan_start(&p, &c, NK_S);
	assert_true(p.relay_likely > 0.89 && p.relay_likely < 0.9);
	c.plain_p = 0.01;
	plan_start(&p, &c, NK_S);
	assert_true(p.relay_likely > 0.98 && p.relay_likely < 0.99);
	c.remote.list[c.remote.count++] =
		(struct candidate){CANDIDATE_MAPPED, addr_v4(203, 0, 113, 7, 9)};
	plan_start(&p, &c, NK_S);
	assert_near(p.relay_likely, 0, 0);
}

/* The first ports in turn, around the end of the range, one socket. */
static void a_sweep_counts_on(void **state)
{
	const struct plan_config c = config_of(&views[0], &views[3], true);
	struct plan p;
	struct aim aim;

	(void)state;
	plan_start(&p, &c, NK_S);
	for (unsigned i = 0; i < 4; i++) {
		const uint16_t ports[] = {65532, 65534, 1024, 1026};

		assert_true(plan_next(&p, &aim, plan_deadline(&p)));
		assert_int_equal(aim.to.port, ports[i]);
		assert_int_equal(aim.socket, 0);
		assert_int_equal(aim.tactic, TACTIC_PREDICT);
	}
}

/* One walks and the other stands, and on the next try the other way round. */
static void roles_are_swapped(void **state)
{
	const struct plan_config c = config_of(&views[4], &views[4], true);
	struct plan p;
	unsigned swaps = 0;
	enum plan_part before;

	(void)state;
	plan_start(&p, &c, NK_S);
	run(&p, FIRE + PAUSE);
	assert_int_equal(p.running, PLAN_WALK);
	before = p.running;
	for (nk_time t = FIRE; t < FIRE + 10 * NK_S; t += NK_S / 10) {
		run(&p, t);
		swaps += p.running != before;
		before = p.running;
	}
	assert_true(swaps >= 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_parts_fit),
		cmocka_unit_test(a_hundred_a_second_at_most),
		cmocka_unit_test(nothing_hard_where_it_is_not_allowed),
		cmocka_unit_test(easy_pairs_stay_easy),
		cmocka_unit_test(relay_is_likely_between_two_that_draw),
		cmocka_unit_test(a_sweep_counts_on),
		cmocka_unit_test(roles_are_swapped),
	};

	if (crypto_init() != 0)
		return 1;
	rng_seed_from_number(&rng, 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
