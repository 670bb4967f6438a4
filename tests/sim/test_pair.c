/* Two natpunch meet: calls, messages both ways, and how they end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "pair.h"

#define LIMIT (60 * NK_S)
#define DELAY (150 * NK_MS)

static void test_plain_call(void **state)
{
	struct pair_plan plan = pair_plan(1, 20 * NK_MS);
	struct pair p;

	(void)state;
	plan.ends[PAIR_CALLS].say = "hello\n\nhow are you?\n";
	plan.ends[PAIR_CALLS].then_end = true;
	plan.ends[PAIR_LISTENS].say = "well\n";
	pair_set(&p, &plan);
	assert_int_equal(pair_run(&p, LIMIT), CORE_DONE);
	assert_int_equal(natpunch_end(p.ends[PAIR_CALLS].run), CALL_CLOSED);
	assert_string_equal((char *)p.ends[PAIR_LISTENS].heard, "hello\n\nhow are you?\n");
	assert_string_equal((char *)p.ends[PAIR_CALLS].heard, "well\n");
	assert_int_equal(world_stats(p.world)->late, 0);
	pair_strike(&p);
}

/* A listener knows its NAT before it is rung, and asks then for what must be new alone. Return: what
 * the listener tells of the call. */
static struct call_report answers_soon(struct pair *p, const struct pair_plan *plan)
{
	struct call_report r, l;

	pair_set(p, plan);
	assert_int_equal(pair_run(p, LIMIT), CORE_DONE);
	assert_true(natpunch_call(p->ends[PAIR_CALLS].run, 0, &r));
	assert_true(natpunch_call(p->ends[PAIR_LISTENS].run, 0, &l));
	assert_in_range(l.broker_rtt, 2 * DELAY, 2 * DELAY + 10 * NK_MS);
	assert_true(l.answered - l.started < l.broker_rtt * 5 / 4);
	assert_true(r.answered - r.acknowledged < l.broker_rtt * 9 / 4);
	return l;
}

static struct pair_plan distant(uint64_t seed)
{
	struct pair_plan plan = pair_plan(seed, DELAY);

	plan.call_at = 20 * NK_S;
	plan.ends[PAIR_CALLS].say = "hello\n";
	plan.ends[PAIR_CALLS].then_end = true;
	return plan;
}

static void test_answers_soon(void **state)
{
	const struct pair_plan plan = distant(2);
	struct pair p;

	(void)state;
	answers_soon(&p, &plan);
	pair_strike(&p);
}

/* The port of a socket that has sent nothing is the peer's best guess, and is told all the same. */
static void test_answers_with_fresh_port(void **state)
{
	struct pair_plan plan = distant(3);
	struct call_report l;
	struct pair p;

	(void)state;
	plan.ends[PAIR_LISTENS].nats[0].mapping = NAT_APD;
	plan.ends[PAIR_LISTENS].nats[0].filtering = NAT_APD;
	l = answers_soon(&p, &plan);
	assert_int_equal(l.gathered.hint.ports, HINT_PORTS_KEPT);
	assert_true(l.gathered.fresh);
	pair_strike(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_call),
		cmocka_unit_test(test_answers_soon),
		cmocka_unit_test(test_answers_with_fresh_port),
	};

	if (crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
