/* The enumeration of stateful hops: a few stacks of those that "stacks" plays by the thousand, and what is odd. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "base/err.h"
#include "stack.h"
#include "zoo_file.h"

static struct zoo *zoo;
static struct stack_result result;
static struct path_result path;
static struct stack_truth truth[NATMAP_HOPS_MAX];

/* What a letter stands for: '-' a router, '>' one on the way out alone, '<' on the way back alone, 'b' a NAT that is
 * refreshed both ways, 'o' outbound only, 't' blind to what ends there. */
static void add(struct stack *s, char kind, unsigned timer_s)
{
	struct nat_spec *n = &s->specs[s->count];

	s->boxes[s->count] = strchr("-<>", kind) != NULL ? NULL : zoo_find(zoo, "good-30");
	s->ways[s->count] = kind == '>'   ? NET_OUT_ONLY
			    : kind == '<' ? NET_BACK_ONLY
					  : NET_BOTH_WAYS;
	*n = zoo_find(zoo, "good-30")->spec;
	n->t_first = n->t_replied = 10 * NK_S;
	n->t_stream = timer_s * NK_S;
	n->refresh_in = kind != 'o';
	n->ttl_first = kind == 't';
	n->external_count = 1;
	n->external[0] = addr_v4(203, 0, 113, (uint8_t)(1 + s->count++), 0);
}

static void play_as(struct stack s, const char *kinds, const unsigned *timers_s)
{
	s.seed = 1;
	s.loss = LOSS_2;

	for (unsigned i = 0; kinds[i] != '\0'; i++)
		add(&s, kinds[i], timers_s[i]);
	stack_play(&s, &result, &path, truth);
	assert_true(result.finished);
	assert_int_equal(result.late, 0);
}

static void play(const char *kinds, const unsigned *timers_s)
{
	play_as((struct stack){.max = 40 * NK_S, .mappings = 192}, kinds, timers_s);
}

static void check_stateful(unsigned h, double timer_s, bool outbound_only)
{
	const struct hop *hop = &path.hops[h - 1];

	assert_int_equal(hop->state, HOP_STATEFUL);
	assert_int_equal(hop->outbound_only, outbound_only);
	assert_true(hop->timeout.known);
	assert_true(hop->timeout.lo <= timer_s && timer_s <= hop->timeout.hi);
	assert_true(hop->timeout.hi - hop->timeout.lo <= 0.1 * timer_s);
	assert_true(hop->p >= 0.95);
}

static void check_hidden(unsigned h, unsigned behind)
{
	assert_int_equal(path.hops[h - 1].state, HOP_HIDDEN);
	assert_int_equal(path.hops[h - 1].behind, behind);
	assert_false(path.hops[h - 1].timeout.known);
}

static void check_values(void)
{
	for (unsigned i = 0; i < path.count; i++) {
		const struct measured *m = &path.hops[i].timeout;

		if (m->known && (m->value < m->lo || m->hi < m->value))
			fail_msg("hop %u: %f is not in %f to %f", i + 1, m->value, m->lo, m->hi);
	}
}

/* In the last three a box purges in sweeps; in two it outlives what its hop's mappings have told. */
static void test_drawn(void **state)
{
	static const unsigned seeds[] = {1, 2, 3, 1130, 1821, 755};
	struct stack s;

	(void)state;
	for (unsigned i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
		stack_draw(&s, zoo, seeds[i] == 2 ? LOSS_2 : LOSS_NONE, seeds[i]);
		s.internet = seeds[i] % 2 == 0;
		stack_play(&s, &result, &path, truth);
		assert_true(result.finished && result.right);
		assert_int_equal(result.held, result.timeouts);
		assert_true(result.timeouts > 0);
		check_values();
		assert_int_equal(result.late, 0);
		assert_true(result.wall <= 1.05 * nk_seconds(s.max) + 5);
	}
}

/* All are seen, and where all keep state it takes no longer than the longest timer asks for. */
static void test_wall(void **state)
{
	(void)state;
	play("bbb", (const unsigned[]){12, 20, 16});
	check_stateful(1, 12, false);
	check_stateful(2, 20, false);
	check_stateful(3, 16, false);
	assert_true(result.wall <= 1.3 * 20 + 5);
	assert_true(path.enumerated);
	assert_int_equal(path.back, 4);
	assert_true(path.silence.known && path.silence.lo <= 12 && 12 <= path.silence.hi);
}

/* Behind a box that only outbound packets refresh, one with a longer timer is hidden, and so is what
 * has none; one with a shorter timer is seen. */
static void test_hidden(void **state)
{
	(void)state;
	play("b-bo", (const unsigned[]){12, 0, 30, 20});
	check_stateful(1, 12, false);
	check_hidden(2, 4);
	check_hidden(3, 4);
	check_stateful(4, 20, true);
	assert_int_equal(result.absent, 0);
	assert_true(result.right);
	assert_true(result.wall <= 1.3 * 30 + 5);
}

/* Its neighbours' mappings end with it, and yet it is one box; next to an end as well. */
static void test_ttl_first(void **state)
{
	(void)state;
	play("-t-b", (const unsigned[]){0, 14, 0, 20});
	check_hidden(1, 2);
	check_stateful(2, 14, false);
	check_hidden(3, 2);
	check_stateful(4, 20, false);
	play("t--t", (const unsigned[]){14, 0, 0, 18});
	check_stateful(1, 14, false);
	check_hidden(2, 1);
	check_hidden(3, 4);
	check_stateful(4, 18, false);
}

/* The ways beyond all boxes may be as long as they like. */
static void test_other_way_back(void **state)
{
	(void)state;
	play("b-b>>>-", (const unsigned[]){12, 0, 20, 0, 0, 0, 0});
	check_stateful(1, 12, false);
	check_stateful(3, 20, false);
	assert_true(result.right);
	assert_int_equal(path.back, 5);
	play("b-o<<<-", (const unsigned[]){12, 0, 20, 0, 0, 0, 0});
	check_stateful(1, 12, false);
	check_hidden(2, 3);
	check_stateful(3, 20, true);
	assert_true(result.right);
	assert_int_equal(path.back, 8);
}

/* A box beyond a stretch that is longer on the way out is found where that leads to it. */
static void test_box_beyond_longer_way_out(void **state)
{
	(void)state;
	play("b>b-", (const unsigned[]){12, 0, 20, 0});
	check_stateful(1, 12, false);
	check_hidden(2, 3);
	check_stateful(3, 20, false);
	assert_int_equal(path.hops[3].state, HOP_STATELESS);
	play_as((struct stack){.max = 40 * NK_S, .mappings = 192, .internet = true}, "b>>>b",
		(const unsigned[]){12, 0, 0, 0, 20});
	check_stateful(1, 12, false);
	for (unsigned h = 2; h <= 4; h++)
		check_hidden(h, 5);
	check_stateful(5, 20, false);
}

/* Where the way back is longer, it is missed, but not taken for none. */
static void test_box_beyond_longer_way_back(void **state)
{
	(void)state;
	play("b<b-", (const unsigned[]){30, 0, 12, 0});
	check_stateful(1, 30, false);
	assert_true(path.silence.known && path.silence.lo <= 12 && 12 <= path.silence.hi);
	for (unsigned h = 2; h <= 3; h++) {
		assert_int_equal(path.hops[h - 1].state, HOP_UNKNOWN);
		assert_non_null(strstr(path.hops[h - 1].why, "way back"));
	}
	assert_int_equal(result.absent, 0);
}

static void test_routers(void **state)
{
	(void)state;
	play("--", (const unsigned[]){0, 0});
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(path.hops[i].state, HOP_STATELESS);
		assert_true(path.hops[i].timeout.at_least >= 40);
	}
	assert_false(path.silence.known);
	assert_true(result.wall <= 1.05 * 40 + 5);
}

static void check_found(unsigned h, unsigned timer_s)
{
	const struct hop *hop = &path.hops[h - 1];

	assert_int_equal(hop->state, HOP_STATEFUL);
	assert_true(hop->timeout.lo <= timer_s && timer_s <= hop->timeout.hi);
}

/* Fewer silences are tried, but the NATs are found. */
static void test_few_mappings(void **state)
{
	static const unsigned few[] = {16, 20, 24, 32}, max_s[] = {10, 40, 300};

	(void)state;
	for (unsigned i = 0; i < 12; i++) {
		const unsigned t = max_s[i / 4] * 7 / 10;
		const struct stack s = {.max = max_s[i / 4] * NK_S, .mappings = few[i % 4]};

		play_as(s, "b-", (const unsigned[]){t, 0});
		check_found(1, t);
		assert_int_equal(path.hops[1].state, HOP_STATELESS);
		assert_true(path.flows_peak <= few[i % 4]);
		play_as(s, "bb", (const unsigned[]){t, t / 2});
		check_found(1, t);
		check_found(2, t / 2);
		play_as(s, "o-", (const unsigned[]){t, 0});
		check_found(1, t);
	}
}

/* Near the end of the run, and long before it. */
static void test_broker_dies(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct stack s = {.seed = 1, .mappings = 128, .dies = 4 * NK_S};

		s.max = (i == 0 ? 10 : 200) * NK_S;
		add(&s, 'b', 7);
		stack_play(&s, &result, &path, truth);
		assert_false(path.enumerated);
		assert_string_equal(path.enumeration_why, "the server has become silent");
		assert_true(result.wall < 50);
	}
}

/* One that gives fewer than are needed is said to be why. */
static void test_refused(void **state)
{
	struct stack s = {.max = 40 * NK_S, .mappings = 192};

	(void)state;
	add(&s, 'b', 20);
	s.specs[0].quota = 8;
	play_as(s, "", NULL);
	assert_int_equal(path.hops[0].state, HOP_UNKNOWN);
	assert_float_equal(path.hops[0].p, 0, 0);
	assert_non_null(strstr(path.hops[0].why, "lets no more mappings through"));
}

/* Runs one by hand: nobody answers. */
static int run_alone(unsigned count, struct path_result *out)
{
	const struct enumerate_config config = {
		.broker = addr_v4(192, 0, 2, 1, 3478),
		.local = addr_any(ADDR_V4, 0),
		.count = count,
		.max = 40 * NK_S,
		.mappings = 64,
		.pace = 20 * NK_MS,
		.first_socket = 3,
	};
	struct action a;
	struct rng rng;
	struct enumerate_progress progress;
	struct enumerate *e;
	nk_time now = 0;
	int status;

	rng_seed_from_number(&rng, 1);
	e = enumerate_new();
	assert_non_null(e);
	enumerate_start(e, &config, &rng);
	for (unsigned i = 0; i < 1000 && enumerate_status(e) == CORE_BUSY; i++) {
		while (enumerate_output(e, &a, now))
			if (a.kind == ACTION_OPEN)
				enumerate_input(e,
						&(struct event){.kind = EVENT_OPENED,
								.id = a.id,
								.local = addr_v4(100, 64, 0, 2, 9)},
						now);
		now = nk_max(now, enumerate_deadline(e));
	}
	memset(out, 0, sizeof(*out));
	enumerate_report(e, out);
	enumerate_progress(e, &progress, now);
	assert_string_equal(progress.stage, "letting go of mappings");
	assert_true(progress.done >= 1);
	status = enumerate_status(e);
	enumerate_free(e);
	return status;
}

static void test_nobody(void **state)
{
	(void)state;
	assert_int_equal(run_alone(3, &path), NK_ERR_UNREACHABLE);
	assert_false(path.enumerated);
	assert_non_null(path.enumeration_why);
	assert_int_equal(run_alone(0, &path), CORE_DONE);
}

static int set_up(void **state)
{
	(void)state;
	if (crypto_init() != 0)
		return -1;
	zoo = zoo_from_file(NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	zoo_free(zoo);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_drawn),
		cmocka_unit_test(test_wall),
		cmocka_unit_test(test_hidden),
		cmocka_unit_test(test_ttl_first),
		cmocka_unit_test(test_other_way_back),
		cmocka_unit_test(test_box_beyond_longer_way_out),
		cmocka_unit_test(test_box_beyond_longer_way_back),
		cmocka_unit_test(test_routers),
		cmocka_unit_test(test_few_mappings),
		cmocka_unit_test(test_broker_dies),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_nobody),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
