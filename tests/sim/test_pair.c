/* Two natpunch meet: calls, messages both ways, and how they end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "pair.h"
#include "wire/rendezvous_msg.h"

#define LIMIT       (60 * NK_S)
#define DELAY       (150 * NK_MS)
#define BROKER_PORT 3478

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

/* The first answers are lost, as many as @user says. */
static bool loses_answers(void *user, struct action *a)
{
	unsigned *left = user;
	struct stun_msg m;

	if (*left == 0 || stun_read(&m, a->data, a->len) != 0 || m.cls != STUN_INDICATION ||
	    m.method != RENDEZVOUS_ANSWER)
		return true;
	--*left;
	return false;
}

/* The caller opens its NAT when the listener's check has come already, and that was taken for the
 * NAT's own: from then on each side's port is another for the other. Only new ones help. */
static void test_too_late_for_its_port(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 20; seed++) {
		struct pair_plan plan = pair_plan(seed, 20 * NK_MS);
		unsigned lost = 2;
		struct call_report r;
		struct pair p;

		plan.ends[PAIR_CALLS].nats[0].self_clash = true;
		plan.ends[PAIR_LISTENS].nats[0].self_clash = true;
		plan.ends[PAIR_CALLS].say = "hello\n";
		plan.ends[PAIR_CALLS].then_end = true;
		plan.meddler = (struct pair_meddler){.passes = loses_answers, .user = &lost};
		pair_set(&p, &plan);
		assert_int_equal(pair_run(&p, LIMIT), CORE_DONE);
		assert_int_equal(lost, 0);
		assert_int_equal(natpunch_end(p.ends[PAIR_CALLS].run), CALL_CLOSED);
		assert_string_equal((char *)p.ends[PAIR_LISTENS].heard, "hello\n");
		assert_true(natpunch_call(p.ends[PAIR_CALLS].run, 0, &r));
		assert_int_equal(r.punches, 2);
		assert_in_range(r.connected - r.started, 0, 8 * NK_S);
		pair_strike(&p);
	}
}

static bool loses_checks(void *user, const struct action *a)
{
	struct stun_msg m;

	(void)user;
	return a->to.port == BROKER_PORT || stun_read(&m, a->data, a->len) != 0 ||
	       m.method != STUN_BINDING;
}

/* Neither hears the other, and by the time that the caller would ring again there is no broker:
 * what the first attempt found is told all the same. */
static void test_rings_again_in_vain(void **state)
{
	const struct pair_plan plan = pair_plan(2, 20 * NK_MS);
	struct call_report r;
	struct pair p;

	(void)state;
	pair_set(&p, &plan);
	p.ends[PAIR_CALLS].watch = p.ends[PAIR_LISTENS].watch = loses_checks;
	assert_true(pair_wait(&p, PAIR_CALLS, NATPUNCH_ANSWERED, 1, LIMIT) != NK_NEVER);
	world_run(p.world, NULL, world_now(p.world) + NK_S);
	pair_kill_broker(&p);
	assert_int_equal(pair_run(&p, LIMIT), CORE_DONE);
	assert_int_equal(natpunch_end(p.ends[PAIR_CALLS].run), CALL_NO_PATH);
	assert_true(natpunch_call(p.ends[PAIR_CALLS].run, 0, &r));
	assert_int_equal(r.punches, 1);
	assert_true(r.acknowledged != NK_NEVER);
	assert_true(r.answered != NK_NEVER);
	assert_true(r.fired != NK_NEVER);
	assert_true(r.peer.candidate_count > 0);
	pair_strike(&p);
}

/* The caller's ports are counted, and it waits while the listener goes through them: from new ones
 * that would begin anew. */
static void test_waits_while_guessed_at(void **state)
{
	struct pair_plan plan = pair_plan(3, 20 * NK_MS);
	struct nat_spec *nat = &plan.ends[PAIR_CALLS].nats[0];
	struct call_report r;
	struct pair p;

	(void)state;
	nat->mapping = NAT_APD;
	nat->ports = NAT_PORTS_SEQUENTIAL;
	for (unsigned i = 0; i <= PAIR_LISTENS; i++)
		plan.ends[i].options.call.hard = true;
	pair_set(&p, &plan);
	p.ends[PAIR_LISTENS].watch = loses_checks;
	assert_int_equal(pair_run(&p, LIMIT), CORE_DONE);
	assert_int_equal(natpunch_end(p.ends[PAIR_CALLS].run), CALL_NO_PATH);
	assert_true(natpunch_call(p.ends[PAIR_LISTENS].run, 0, &r));
	assert_true(r.punch.attempts[TACTIC_PREDICT].tried);
	assert_int_equal(r.punches, 1);
	pair_strike(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_call),
		cmocka_unit_test(test_answers_soon),
		cmocka_unit_test(test_answers_with_fresh_port),
		cmocka_unit_test(test_too_late_for_its_port),
		cmocka_unit_test(test_rings_again_in_vain),
		cmocka_unit_test(test_waits_while_guessed_at),
	};

	if (crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
