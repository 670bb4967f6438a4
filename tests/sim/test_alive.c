/*
 * The table of keepalives in short: some NATs, some weeks, with each loss; and its judge. "make truth" is
 * the whole of it.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "alive_verdict.h"
#include "base/crypto.h"
#include "zoo_file.h"

static struct zoo *zoo;

static bool passes(const struct alive_table *t, const char *text)
{
	struct statement statements[STATEMENTS_MAX];
	const unsigned count = alive_verdict(t, statements);
	const struct statement *s = statement_find(statements, count, text);

	assert_non_null(s);
	return s->pass;
}

static struct alive_plan plan_of(const char *preset, int way, double days)
{
	return (struct alive_plan){
		.zoo = zoo,
		.preset = preset,
		.way = way,
		.loss = ALIVE_ANY,
		.drift = ALIVE_ANY,
		.days = days,
		.first = 1,
		.seeds = 1,
		.again = "alive",
	};
}

/* Each statement that is missed is told. */
static void check(const char *preset, int way, int drift, double days)
{
	struct alive_plan plan = plan_of(preset, way, days);
	struct statement statements[STATEMENTS_MAX];
	struct alive_table t;
	unsigned count;

	plan.drift = drift;
	assert_true(alive_table_fill(&t, &plan));
	assert_true(t.runs >= ALIVE_LOSSES);
	count = alive_verdict(&t, statements);
	for (unsigned i = 0; i < count; i++)
		if (!statements[i].pass)
			fail_msg("%s: %s: %g, not %g, %s", preset, statements[i].text,
				 statements[i].figure, statements[i].bound, statements[i].where);
	alive_table_free(&t);
}

/* Long timers and short ones, a port that is kept and one that is not, packets out only. Of timers that
 * drift two weeks see too little. */
static void test_learned(void **state)
{
	static const char *const presets[] = {"linux", "gcp-cloud-nat", "einat", "palo-alto"};

	(void)state;
	for (unsigned i = 0; i < sizeof(presets) / sizeof(presets[0]); i++)
		check(presets[i], ALIVE_LEARNED, ALIVE_STEADY, 15);
}

static void test_turns(void **state)
{
	(void)state;
	check("linux", ALIVE_TURNS, ALIVE_ANY, 10);
	check("pf", ALIVE_TURNS, ALIVE_ANY, 10);
}

/* What is seen of each way on one NAT, by hand: 30 s from either side, a new port for each mapping. */
static void test_figures(void **state)
{
	const struct alive_scene scene = {
		.preset = zoo_find(zoo, "gcp-cloud-nat"), .days = 2, .seed = 1};
	struct alive_result r[ALIVE_WAYS], again;

	(void)state;
	for (unsigned way = 0; way < ALIVE_WAYS; way++) {
		struct alive_scene s = scene;

		s.way = (enum alive_way)way;
		alive_scene_play(&s, false, &r[way]);
		alive_scene_play(&s, false, &again);
		assert_memory_equal(&r[way], &again, sizeof(again));
		assert_true(r[way].done);
		assert_int_equal(r[way].late, 0);
		assert_int_equal(r[way].lost, way == ALIVE_NONE);
	}
	/* 48 h of one packet per 15 s and 20 ms; of two per 15 s; of 32 per 15 * 27 s * 0.9 and 2.5 s. */
	assert_true(fabs((double)r[ALIVE_TURNS].packets / 11505 - 1) < 0.01);
	assert_true(fabs((double)r[ALIVE_FIXED].packets / 23040 - 1) < 0.01);
	assert_true(fabs((double)r[ALIVE_ORACLE].packets / 15066 - 1) < 0.02);
	/* A frame of 3 bytes, and what opened the flow. */
	assert_true(r[ALIVE_TURNS].bytes - 31 * r[ALIVE_TURNS].packets < 500);
	assert_true(r[ALIVE_TURNS].dead_s >= 0 && r[ALIVE_OPENER].dead_s < 0);
	/* Nothing tells an opener that the NAT has rebooted. */
	assert_true(r[ALIVE_OPENER].back_s >= 3600 && r[ALIVE_FIXED].back_s < 17);
}

/* 16 s cannot be kept by 15 s with jitter around it, nor by turns: each loss is seen. */
static void test_losses_are_seen(void **state)
{
	struct zoo_preset preset = *zoo_find(zoo, "gcp-cloud-nat");
	struct alive_scene s = {.preset = &preset, .days = 1, .seed = 1};
	struct alive_result r;

	(void)state;
	preset.spec.t_first = preset.spec.t_replied = preset.spec.t_stream = 14 * NK_S;
	s.way = ALIVE_TURNS;
	alive_scene_play(&s, false, &r);
	assert_true(r.lost > 1000);
	assert_true(r.dark_s > 0.5 && r.dark_s < 20);
	s.way = ALIVE_ORACLE;
	alive_scene_play(&s, false, &r);
	assert_int_equal(r.lost, 0);
	s.drift = ALIVE_SHRINKS;
	s.way = ALIVE_FIXED;
	alive_scene_play(&s, false, &r);
	assert_true(r.lost > 1000);
	assert_true(fabs(r.timeout_s - 7) < 0.001);
}

/* What is made worse by hand is missed. */
static void test_judge(void **state)
{
	static const char packets[] = "learned: packets", losses[] = "learned: mappings lost";
	const struct alive_plan plan = plan_of("linux", ALIVE_LEARNED, 1);
	struct alive_table t;
	unsigned learned, oracle;

	(void)state;
	assert_true(alive_table_fill(&t, &plan));
	t.plan.days = 30;
	learned = alive_table_cell(&t, 0, ALIVE_LEARNED, ALIVE_LOSS_5);
	oracle = alive_table_cell(&t, 0, ALIVE_ORACLE, ALIVE_LOSS_5);
	for (unsigned i = 0; i < t.count; i++)
		t.results[i] = (struct alive_result){.done = true, .packets = 1000};
	assert_true(passes(&t, packets) && passes(&t, losses) && passes(&t, "runs without an end"));
	t.results[learned].packets = 1301;
	assert_false(passes(&t, packets));
	t.results[oracle].packets = 1001;
	assert_true(passes(&t, packets));
	t.results[learned].late = 1;
	assert_false(passes(&t, "deadlines in the past"));
	for (unsigned loss = 0; loss < ALIVE_LOSSES; loss++)
		t.results[alive_table_cell(&t, 0, ALIVE_LEARNED, (enum alive_loss)loss)].lost = 1;
	assert_false(passes(&t, losses));
	t.plan.days = 31;
	assert_true(passes(&t, losses));
	t.plan.drift = ALIVE_SHRINKS;
	t.plan.days = 30;
	assert_true(passes(&t, losses));
	t.results[oracle].done = false;
	assert_false(passes(&t, "runs without an end"));
	alive_table_free(&t);
}

static void test_names(void **state)
{
	(void)state;
	assert_int_equal(alive_way_find("oracle"), ALIVE_ORACLE);
	assert_int_equal(alive_loss_find("bursts"), ALIVE_LOSS_BURSTS);
	assert_int_equal(alive_drift_find("walks"), ALIVE_WALKS);
	assert_int_equal(alive_way_find("hope"), -1);
}

static int set_up(void **state)
{
	(void)state;
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
		cmocka_unit_test(test_figures), cmocka_unit_test(test_losses_are_seen),
		cmocka_unit_test(test_judge),   cmocka_unit_test(test_names),
		cmocka_unit_test(test_learned), cmocka_unit_test(test_turns),
	};

	if (crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
