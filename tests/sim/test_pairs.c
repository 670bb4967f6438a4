/* The table of pairs: its oracle, its judge, and a few of its runs. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "pair_verdict.h"
#include "zoo_file.h"

static struct zoo *zoo;

/* A for allowed, 1 for one-way, H for hard; EIM, ADM and APDM, of each EIF, ADF and APDF. */
static void test_oracle(void **state)
{
	static const char *const rows[PAIR_CLASSES] = {
		"AAAAAAAAA", "AAAAAAAAA", "AAA1HH1HH", "AA1AA1AA1", "AAHAHHAHH",
		"AAH1HH1HH", "AA1AA1AA1", "AAHAHHAHH", "AAH1HH1HH",
	};
	static const char letters[PAIR_KINDS] = {
		[PAIR_HARD] = 'H', [PAIR_ALLOWED] = 'A', [PAIR_ONE_WAY] = '1'};

	(void)state;
	for (unsigned a = 0; a < PAIR_CLASSES; a++)
		for (unsigned b = 0; b < PAIR_CLASSES; b++)
			assert_int_equal(letters[pair_kind(pair_class_at(a), pair_class_at(b))],
					 rows[a][b]);
}

/* The strictest NAT counts, and a firewall maps nothing. */
static void test_class_of_nested(void **state)
{
	const struct nat_spec nats[] = {
		{.translate = true, .mapping = NAT_EI, .filtering = NAT_APD},
		{.translate = true, .mapping = NAT_AD, .filtering = NAT_EI},
		{.translate = false, .mapping = NAT_APD, .filtering = NAT_AD},
	};

	(void)state;
	assert_string_equal(pair_class_text(pair_class_of(nats, 0)), "EIM/EIF");
	assert_string_equal(pair_class_text(pair_class_of(nats, 2)), "ADM/APDF");
	assert_string_equal(pair_class_text(pair_class_of(&nats[2], 1)), "EIM/ADF");
	for (unsigned i = 0; i < PAIR_CLASSES; i++)
		assert_int_equal(pair_class_number(pair_class_at(i)), i);
}

/* Brown, Cai and DasGupta (2001): 10 of 10 is [0.722, 1]; 1 of 10 is [0.018, 0.404]. */
static void test_wilson(void **state)
{
	const struct wilson all = wilson((struct share){10, 10});
	const struct wilson one = wilson((struct share){1, 10});
	const struct wilson none = wilson((struct share){0, 0});

	(void)state;
	assert_true(fabs(all.lo - 0.7225) < 0.0005 && all.hi >= 1 - 1e-9);
	assert_true(fabs(one.lo - 0.0179) < 0.0005 && fabs(one.hi - 0.4042) < 0.0005);
	assert_true(none.lo <= 0 && none.hi >= 1);
}

static void test_names(void **state)
{
	struct pair_side side;
	char text[PAIR_SIDE_TEXT];

	(void)state;
	assert_true(pair_side_find(&side, zoo, "vpp,linux"));
	assert_int_equal(side.count, 2);
	assert_string_equal(pair_side_text(&side, text), "vpp,linux");
	assert_false(pair_side_find(&side, zoo, "vpp,"));
	assert_false(pair_side_find(&side, zoo, "vpp,linux,linux"));
	assert_false(pair_side_find(&side, zoo, "toaster"));
	assert_int_equal(pair_loss_find("5%"), PAIR_LOSS_5);
	assert_int_equal(pair_delay_find("asymmetric"), PAIR_DELAY_ASYMMETRIC);
	assert_int_equal(pair_delay_find("2"), -1);
}

/* Runs of all losses and delays between two. */
static void play(struct pair_table *t, const char *a, const char *b)
{
	struct pair_table_plan plan = {
		.zoo = zoo, .loss = ANY, .delay = ANY, .first = 1, .seeds = 1, .again = "pairs"};

	assert_true(pair_side_find(&plan.side[CALLER], zoo, a));
	assert_true(pair_side_find(&plan.side[CALLEE], zoo, b));
	assert_true(pair_table_fill(t, &plan));
	assert_int_equal(t->count, PAIR_LOSSES * PAIR_DELAYS);
}

static bool passes(const struct pair_table *t, const char *text)
{
	struct statement statements[STATEMENTS_MAX];
	const unsigned count = pair_verdict(t, statements);
	const struct statement *s = statement_find(statements, count, text);

	assert_non_null(s);
	return s->pass;
}

/* What is made worse by hand is missed. */
static void test_judge(void **state)
{
	static struct pair_table t;

	(void)state;
	play(&t, "ei-apd-random", "ei-apd-preserve");
	for (unsigned i = 0; i < t.count; i++)
		t.results[i] = (struct pair_result){
			.finished = true, .connected = true, .first_check = true, .both = 1};
	assert_true(passes(&t, "runs without an end"));
	assert_true(passes(&t, "deadlines in the past"));
	assert_true(passes(&t, "allowed pairs connect, no loss"));
	assert_true(passes(&t, "a first check connects"));
	assert_true(passes(&t, "round trips from fire, delay 40, both EIM"));
	t.results[0].finished = false;
	t.results[1].late = 1;
	t.results[PAIR_DELAY_40].both = 1.2F;
	for (unsigned i = 0; i < PAIR_DELAYS; i++)
		t.results[i].first_check = false;
	assert_false(passes(&t, "runs without an end"));
	assert_false(passes(&t, "deadlines in the past"));
	assert_false(passes(&t, "a first check connects"));
	assert_false(passes(&t, "round trips from fire, delay 40, both EIM"));
	assert_true(passes(&t, "round trips from fire, delay 1, both EIM"));
	for (unsigned i = 0; i < PAIR_DELAYS; i++)
		t.results[i].connected = false;
	assert_false(passes(&t, "allowed pairs connect, no loss"));
	assert_true(passes(&t, "allowed pairs connect, 5% loss"));
	pair_table_free(&t);
}

/* Whom RFC 4787 lets meet, meet; the same again with the same seed. */
static void test_pairs_meet(void **state)
{
	static const char *const pairs[][PAIR_SIDES] = {
		{"linux", "openwrt"},
		{"ei-ad-random", "apd-apd-random"},
		{"apd-ei-random", "apd-ad-random"},
		{"starlink,linux", "winnat,einat"},
		{"pf", "vpp"},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		static struct pair_table t, again;

		play(&t, pairs[i][CALLER], pairs[i][CALLEE]);
		play(&again, pairs[i][CALLER], pairs[i][CALLEE]);
		for (unsigned k = 0; k < t.count; k++) {
			assert_true(t.results[k].finished && t.results[k].connected);
			assert_int_equal(t.results[k].late, 0);
		}
		assert_memory_equal(t.results, again.results, t.count * sizeof(*t.results));
		pair_table_free(&t);
		pair_table_free(&again);
	}
}

/* Linux with an open INPUT chain must not be sent anything before it has sent something itself, also
 * if the answer that says when is lost. */
static void test_early_is_too_early(void **state)
{
	static struct pair_table t;
	struct pair_table_plan plan = {.zoo = zoo,
				       .loss = PAIR_LOSS_5,
				       .delay = PAIR_DELAY_1,
				       .first = 1,
				       .seeds = 200,
				       .again = "pairs"};

	(void)state;
	assert_true(pair_side_find(&plan.side[CALLER], zoo, "self-clash"));
	assert_true(pair_side_find(&plan.side[CALLEE], zoo, "linux"));
	assert_true(pair_table_fill(&t, &plan));
	assert_true(passes(&t, "allowed pairs connect, 5% loss"));
	pair_table_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_oracle),
		cmocka_unit_test(test_class_of_nested),
		cmocka_unit_test(test_wilson),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_pairs_meet),
		cmocka_unit_test(test_early_is_too_early),
	};

	if (crypto_init() != 0)
		return 1;
	zoo = zoo_from_file(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
