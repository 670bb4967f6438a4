/* Runs of natpunch: how they end, one message, each tactic alone, the relay, several calls at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "pair.h"

#define LIMIT (400 * NK_S)
#define DELAY (20 * NK_MS)

static struct pair_plan plan_of(uint64_t seed, enum punch_mode mode)
{
	struct pair_plan plan = pair_plan(seed, DELAY);

	plan.ends[PAIR_CALLS].options = pair_options(mode);
	return plan;
}

/* Plays until the caller's run is over. Return: how it ended. */
static enum call_end play(struct pair *p, const struct pair_plan *plan)
{
	pair_set(p, plan);
	assert_int_equal(pair_run(p, LIMIT), CORE_DONE);
	assert_int_equal(world_stats(p->world)->late, 0);
	return natpunch_end(p->ends[PAIR_CALLS].run);
}

static bool answered(const struct pair *p)
{
	return pair_told(p, PAIR_CALLS, NATPUNCH_ANSWERED, 1) != NK_NEVER;
}

static void test_send(void **state)
{
	struct pair_plan plan = plan_of(1, PUNCH_SEND);
	struct pair p;

	(void)state;
	plan.ends[PAIR_CALLS].say = "one\ntwo\n";
	plan.ends[PAIR_CALLS].then_end = true;
	assert_int_equal(play(&p, &plan), CALL_CLOSED);
	assert_string_equal((char *)p.ends[PAIR_LISTENS].heard, "one\ntwo\n");
	assert_true(pair_told(&p, PAIR_CALLS, NATPUNCH_ACKED, 1) != NK_NEVER);
	pair_strike(&p);
}

static void test_unknown_key(void **state)
{
	struct pair_plan plan = plan_of(2, PUNCH_CALL);
	struct identity nobody;
	struct pair p;

	(void)state;
	identity_from_seed(&nobody, (const uint8_t[32]){7});
	plan.ends[PAIR_CALLS].options.callee.name = "nobody";
	memcpy(plan.ends[PAIR_CALLS].options.callee.key, nobody.sign_public, 32);
	assert_int_equal(play(&p, &plan), CALL_NO_ANSWER);
	assert_true(pair_told(&p, PAIR_CALLS, NATPUNCH_ACKNOWLEDGED, 1) != NK_NEVER);
	pair_strike(&p);
}

static void test_not_allowed(void **state)
{
	static const struct punch_contact others[1] = {{.key = {1}}};
	struct pair_plan plan = plan_of(3, PUNCH_CALL);
	struct pair p;

	(void)state;
	plan.ends[PAIR_LISTENS].options.allowed = others;
	plan.ends[PAIR_LISTENS].options.allowed_count = 1;
	assert_int_equal(play(&p, &plan), CALL_NO_ANSWER);
	assert_true(pair_told(&p, PAIR_LISTENS, NATPUNCH_RANG, 1) != NK_NEVER);
	assert_int_equal(pair_told(&p, PAIR_LISTENS, NATPUNCH_RANG, 2), NK_NEVER);
	assert_false(answered(&p));
	pair_strike(&p);
}

static void test_anybody(void **state)
{
	struct pair_plan plan = plan_of(4, PUNCH_SEND);
	struct pair p;

	(void)state;
	plan.ends[PAIR_LISTENS].options.allow_any = true;
	plan.ends[PAIR_CALLS].say = "hi";
	plan.ends[PAIR_CALLS].then_end = true;
	assert_int_equal(play(&p, &plan), CALL_CLOSED);
	assert_string_equal((char *)p.ends[PAIR_LISTENS].heard, "hi\n");
	pair_strike(&p);
}

/* The last line of a file need not end with a newline; what comes out does. */
static void test_ends_without_newline(void **state)
{
	static char text[SESSION_MESSAGE_MAX + 1];
	struct pair_plan plan = plan_of(26, PUNCH_CALL);
	struct pair p;

	(void)state;
	memset(text, 'x', SESSION_MESSAGE_MAX);
	plan.ends[PAIR_CALLS].say = text;
	plan.ends[PAIR_CALLS].then_end = true;
	assert_int_equal(play(&p, &plan), CALL_CLOSED);
	assert_int_equal(p.ends[PAIR_LISTENS].heard_len, SESSION_MESSAGE_MAX + 1);
	assert_memory_equal(p.ends[PAIR_LISTENS].heard, text, SESSION_MESSAGE_MAX);
	assert_int_equal(p.ends[PAIR_LISTENS].heard[SESSION_MESSAGE_MAX], '\n');
	pair_strike(&p);
}

static void test_no_broker(void **state)
{
	struct pair_plan plan = plan_of(5, PUNCH_CALL);
	struct pair p;

	(void)state;
	pair_set(&p, &plan);
	pair_kill_broker(&p);
	assert_int_equal(pair_run(&p, LIMIT), CORE_DONE);
	assert_int_equal(natpunch_end(p.ends[PAIR_CALLS].run), CALL_NO_BROKER);
	assert_in_range(world_now(p.world) - plan.call_at, 30 * NK_S, 31 * NK_S);
	pair_strike(&p);
}

/* One way is enough to find that out. */
static void test_no_broker_to_test(void **state)
{
	struct pair_plan plan = plan_of(27, PUNCH_TEST);
	struct call_report r;
	struct pair p;

	(void)state;
	for (unsigned i = 0; i < TACTICS; i++)
		plan.ends[PAIR_CALLS].options.order[i] = (enum tactic)i;
	pair_set(&p, &plan);
	pair_kill_broker(&p);
	assert_int_equal(pair_run(&p, LIMIT), CORE_DONE);
	assert_int_equal(natpunch_end(p.ends[PAIR_CALLS].run), CALL_NO_BROKER);
	assert_true(natpunch_call(p.ends[PAIR_CALLS].run, 0, &r));
	assert_false(natpunch_call(p.ends[PAIR_CALLS].run, 1, &r));
	pair_strike(&p);
}

static void test_busy(void **state)
{
	struct pair_plan plan = plan_of(6, PUNCH_CALL);
	struct pair p;

	(void)state;
	plan.ends[PAIR_TOO] = pair_end_plan(PUNCH_CALL, 3, DELAY / 2);
	plan.ends[PAIR_LISTENS].options.calls_max = 1;
	assert_int_equal(play(&p, &plan), CALL_BUSY);
	assert_true(world_now(p.world) < plan.call_at + 2 * NK_S);
	assert_true(pair_wait(&p, PAIR_TOO, NATPUNCH_CONNECTED, 1, LIMIT) != NK_NEVER);
	pair_strike(&p);
}

/* Two call at once, and a listener hears both. */
static void test_two_calls(void **state)
{
	struct pair_plan plan = plan_of(22, PUNCH_SEND);
	struct call_report r;
	struct pair p;

	(void)state;
	plan.ends[PAIR_TOO] = pair_end_plan(PUNCH_CALL, 3, DELAY);
	plan.ends[PAIR_TOO].say = "two\n";
	plan.ends[PAIR_CALLS].say = "one\n";
	plan.ends[PAIR_CALLS].then_end = true;
	assert_int_equal(play(&p, &plan), CALL_CLOSED);
	assert_true(pair_told(&p, PAIR_TOO, NATPUNCH_CONNECTED, 1) != NK_NEVER);
	world_run(p.world, NULL, world_now(p.world) + NK_S);
	assert_int_equal(p.ends[PAIR_LISTENS].heard_len, 8);
	assert_non_null(strstr((char *)p.ends[PAIR_LISTENS].heard, "one\n"));
	assert_non_null(strstr((char *)p.ends[PAIR_LISTENS].heard, "two\n"));
	assert_true(natpunch_call(p.ends[PAIR_LISTENS].run, 1, &r));
	pair_say(&p, PAIR_LISTENS, "still you?\n");
	assert_true(pair_hears(&p, PAIR_TOO, "still you?\n", LIMIT) != NK_NEVER);
	pair_strike(&p);
}

/* Both ports are random and both filters strict: there is no path, and the hard ways are not allowed. */
static void make_hopeless(struct pair_plan *plan)
{
	for (unsigned i = 0; i <= PAIR_LISTENS; i++) {
		plan->ends[i].nats[0].mapping = NAT_APD;
		plan->ends[i].nats[0].ports = NAT_PORTS_RANDOM;
	}
}

static void test_no_path(void **state)
{
	struct pair_plan plan = plan_of(7, PUNCH_CALL);
	struct pair p;

	(void)state;
	make_hopeless(&plan);
	assert_int_equal(play(&p, &plan), CALL_NO_PATH);
	assert_true(answered(&p));
	assert_true(pair_told(&p, PAIR_CALLS, NATPUNCH_RELAY_LIKELY, 1) < plan.call_at + 3 * NK_S);
	pair_strike(&p);
}

static void allow_relay(struct pair_plan *plan)
{
	for (unsigned i = 0; i <= PAIR_LISTENS; i++)
		plan->ends[i].options.call.relay = true;
	plan->broker.relays_per_s = 50;
}

static void test_relay(void **state)
{
	struct pair_plan plan = plan_of(8, PUNCH_CALL);
	struct call_report r;
	struct pair p;

	(void)state;
	make_hopeless(&plan);
	allow_relay(&plan);
	plan.ends[PAIR_CALLS].say = "short\n";
	pair_set(&p, &plan);
	assert_true(pair_hears(&p, PAIR_LISTENS, "short\n", plan.call_at + 5 * NK_S) != NK_NEVER);
	pair_say(&p, PAIR_LISTENS, "so am I\n");
	assert_true(pair_hears(&p, PAIR_CALLS, "so am I\n", plan.call_at + 6 * NK_S) != NK_NEVER);
	assert_true(pair_told(&p, PAIR_CALLS, NATPUNCH_RELAYED, 1) != NK_NEVER);
	/* It goes on long after the punch was given up, and tickets have grown old. */
	world_run(p.world, NULL, 200 * NK_S);
	pair_say(&p, PAIR_CALLS, "still there?\n");
	assert_true(pair_hears(&p, PAIR_LISTENS, "still there?\n", 210 * NK_S) != NK_NEVER);
	assert_int_equal(pair_told(&p, PAIR_CALLS, NATPUNCH_CLOSED, 1), NK_NEVER);
	assert_int_equal(pair_told(&p, PAIR_CALLS, NATPUNCH_PATH_LOST, 1), NK_NEVER);
	assert_int_equal(pair_told(&p, PAIR_CALLS, NATPUNCH_CONNECTED, 1), NK_NEVER);
	world_tell(p.world, p.ends[PAIR_CALLS].host, &(struct event){.kind = EVENT_STOP});
	assert_int_equal(pair_run(&p, world_now(p.world) + 2 * NK_S), CORE_DONE);
	assert_true(natpunch_call(p.ends[PAIR_CALLS].run, 0, &r));
	assert_true(r.relayed);
	pair_strike(&p);
}

/* The broker's operator has not allowed it. */
static void test_relay_not_allowed(void **state)
{
	struct pair_plan plan = plan_of(9, PUNCH_CALL);
	struct pair p;

	(void)state;
	make_hopeless(&plan);
	allow_relay(&plan);
	plan.broker.relays_per_s = 0;
	assert_int_equal(play(&p, &plan), CALL_NO_PATH);
	assert_int_equal(pair_told(&p, PAIR_CALLS, NATPUNCH_RELAYED, 1), NK_NEVER);
	pair_strike(&p);
}

/* What the broker carries are packets of a session: a bare path has none, and the call is over. */
static void test_no_relay_for_bare(void **state)
{
	struct pair_plan plan = plan_of(22, PUNCH_CALL);
	struct pair p;

	(void)state;
	make_hopeless(&plan);
	allow_relay(&plan);
	plan.ends[PAIR_CALLS].options.call.encrypt = false;
	plan.ends[PAIR_LISTENS].options.call.encrypt = false;
	assert_int_equal(play(&p, &plan), CALL_NO_PATH);
	assert_int_equal(pair_told(&p, PAIR_CALLS, NATPUNCH_RELAYED, 1), NK_NEVER);
	pair_strike(&p);
}

static void test_each_tactic(void **state)
{
	struct pair_plan plan = plan_of(10, PUNCH_TEST);
	struct call_report r;
	unsigned tried = 0;
	struct pair p;

	(void)state;
	for (unsigned i = 0; i < TACTICS; i++)
		plan.ends[PAIR_CALLS].options.order[i] = (enum tactic)i;
	plan.ends[PAIR_LISTENS].options.calls_max = 1;
	assert_int_equal(play(&p, &plan), CALL_CLOSED);
	for (; natpunch_call(p.ends[PAIR_CALLS].run, tried, &r); tried++) {
		assert_int_equal(r.tested, tried);
		assert_int_equal(r.connected != NK_NEVER, r.tested == TACTIC_PLAIN);
	}
	assert_int_equal(tried, TACTICS);
	pair_strike(&p);
}

static void test_bare(void **state)
{
	struct pair_plan plan = plan_of(11, PUNCH_CALL);
	struct pair p;

	(void)state;
	plan.ends[PAIR_CALLS].options.call.encrypt = false;
	plan.ends[PAIR_LISTENS].options.call.encrypt = false;
	pair_set(&p, &plan);
	assert_true(pair_wait(&p, PAIR_LISTENS, NATPUNCH_CONNECTED, 1, LIMIT) != NK_NEVER);
	world_run(p.world, NULL, world_now(p.world) + DELAY);
	pair_say(&p, PAIR_CALLS, "as it is\n");
	assert_true(pair_hears(&p, PAIR_LISTENS, "as it is\n", world_now(p.world) + NK_S) !=
		    NK_NEVER);
	pair_say(&p, PAIR_LISTENS, "and back\n");
	assert_true(pair_hears(&p, PAIR_CALLS, "and back\n", world_now(p.world) + NK_S) !=
		    NK_NEVER);
	/* NATs forget what is silent. */
	world_run(p.world, NULL, world_now(p.world) + 300 * NK_S);
	pair_say(&p, PAIR_CALLS, "still\n");
	assert_true(pair_hears(&p, PAIR_LISTENS, "still\n", world_now(p.world) + NK_S) != NK_NEVER);
	pair_strike(&p);
}

static void test_too_long(void **state)
{
	static char text[2 * SESSION_MESSAGE_MAX];
	struct pair_plan plan = plan_of(12, PUNCH_CALL);
	struct pair p;

	(void)state;
	memset(text, 'x', SESSION_MESSAGE_MAX);
	strcpy(text + SESSION_MESSAGE_MAX, "\nfits\n");
	plan.ends[PAIR_CALLS].say = text;
	plan.ends[PAIR_CALLS].then_end = true;
	assert_int_equal(play(&p, &plan), CALL_CLOSED);
	assert_string_equal((char *)p.ends[PAIR_LISTENS].heard, "fits\n");
	assert_true(pair_told(&p, PAIR_CALLS, NATPUNCH_TOO_LONG, 1) != NK_NEVER);
	pair_strike(&p);
}

/* Nobody is rung for what cannot be sent. */
static void test_too_long_to_send(void **state)
{
	static char text[SESSION_MESSAGE_MAX + 2];
	struct pair_plan plan = plan_of(15, PUNCH_SEND);
	struct pair p;

	(void)state;
	memset(text, 'x', SESSION_MESSAGE_MAX + 1);
	plan.ends[PAIR_CALLS].say = text;
	plan.ends[PAIR_CALLS].then_end = true;
	assert_int_equal(play(&p, &plan), CALL_FAILED);
	assert_true(pair_told(&p, PAIR_CALLS, NATPUNCH_TOO_LONG, 1) != NK_NEVER);
	assert_int_equal(p.ends[PAIR_CALLS].packets, 0);
	pair_strike(&p);
}

static void test_send_nothing(void **state)
{
	struct pair_plan plan = plan_of(16, PUNCH_SEND);
	struct pair p;

	(void)state;
	plan.ends[PAIR_CALLS].say = "";
	plan.ends[PAIR_CALLS].then_end = true;
	assert_int_equal(play(&p, &plan), CALL_CLOSED);
	assert_int_equal(p.ends[PAIR_LISTENS].heard_len, 0);
	pair_strike(&p);
}

/* Who was cut off calls again, while the listener, who has room for one, still holds the first call. */
static void test_calls_again(void **state)
{
	struct pair_plan plan = plan_of(17, PUNCH_CALL);
	struct natpunch *first;
	struct pair p;

	(void)state;
	plan.ends[PAIR_LISTENS].options.calls_max = 1;
	pair_set(&p, &plan);
	assert_true(pair_wait(&p, PAIR_LISTENS, NATPUNCH_CONNECTED, 1, LIMIT) != NK_NEVER);
	first = p.ends[PAIR_CALLS].run;
	pair_start(&p, PAIR_CALLS);
	pair_say(&p, PAIR_CALLS, "it is me again\n");
	assert_true(pair_hears(&p, PAIR_LISTENS, "it is me again\n",
			       world_now(p.world) + 2 * NK_S) != NK_NEVER);
	natpunch_free(first);
	pair_strike(&p);
}

/* A listener that gives each call a program: what it says and hears is that call's alone. */
static void test_own_streams(void **state)
{
	struct pair_plan plan = plan_of(18, PUNCH_CALL);
	struct pair p;

	(void)state;
	plan.ends[PAIR_LISTENS].options.own_stream = true;
	plan.ends[PAIR_CALLS].say = "question\n";
	plan.ends[PAIR_CALLS].then_end = true;
	plan.ends[PAIR_LISTENS].say = "answer\n";
	plan.ends[PAIR_LISTENS].then_end = true;
	assert_int_equal(play(&p, &plan), CALL_CLOSED);
	assert_string_equal((char *)p.ends[PAIR_LISTENS].heard, "question\n");
	assert_string_equal((char *)p.ends[PAIR_CALLS].heard, "answer\n");
	assert_true(p.ends[PAIR_LISTENS].ended);
	assert_int_equal(natpunch_status(p.ends[PAIR_LISTENS].run), CORE_BUSY);
	pair_strike(&p);
}

/* A program that has ended reads no more: the caller need not end, too. */
static void test_program_ends(void **state)
{
	struct pair_plan plan = plan_of(20, PUNCH_CALL);
	struct pair p;

	(void)state;
	plan.ends[PAIR_LISTENS].options.own_stream = true;
	plan.ends[PAIR_LISTENS].say = "up 3 days\n";
	plan.ends[PAIR_LISTENS].then_end = true;
	assert_int_equal(play(&p, &plan), CALL_CLOSED);
	assert_string_equal((char *)p.ends[PAIR_CALLS].heard, "up 3 days\n");
	pair_strike(&p);
}

/* Nobody reads our standard output any more. */
static void test_reader_gone(void **state)
{
	struct pair_plan plan = plan_of(21, PUNCH_CALL);
	struct pair p;

	(void)state;
	plan.ends[PAIR_LISTENS].say = "one\n";
	pair_set(&p, &plan);
	assert_true(pair_hears(&p, PAIR_CALLS, "one\n", LIMIT) != NK_NEVER);
	world_tell(p.world, p.ends[PAIR_CALLS].host, &(struct event){.kind = EVENT_STREAM_GONE});
	assert_int_equal(pair_run(&p, world_now(p.world) + 2 * NK_S), CORE_DONE);
	assert_int_equal(natpunch_end(p.ends[PAIR_CALLS].run), CALL_CLOSED);
	pair_strike(&p);
}

static void test_once(void **state)
{
	struct pair_plan plan = plan_of(19, PUNCH_SEND);
	struct pair p;

	(void)state;
	plan.ends[PAIR_LISTENS].options.once = true;
	plan.ends[PAIR_CALLS].say = "hi\n";
	plan.ends[PAIR_CALLS].then_end = true;
	assert_int_equal(play(&p, &plan), CALL_CLOSED);
	assert_int_equal(world_run(p.world, &p.ends[PAIR_LISTENS], world_now(p.world) + NK_S),
			 CORE_DONE);
	assert_int_equal(natpunch_end(p.ends[PAIR_LISTENS].run), CALL_CLOSED);
	pair_strike(&p);
}

/* The caller goes without a word: the listener notices, and does not wait for ever. */
static void test_caller_gone(void **state)
{
	struct pair_plan plan = plan_of(13, PUNCH_CALL);
	struct pair p;
	nk_time gone;

	(void)state;
	pair_set(&p, &plan);
	assert_true(pair_wait(&p, PAIR_LISTENS, NATPUNCH_CONNECTED, 1, LIMIT) != NK_NEVER);
	world_attach(p.world, p.ends[PAIR_CALLS].host, NULL, NULL);
	gone = world_now(p.world);
	assert_true(pair_wait(&p, PAIR_LISTENS, NATPUNCH_CLOSED, 1, LIMIT) < gone + 60 * NK_S);
	pair_strike(&p);
}

/* The broker comes up when the candidates are gathered already, and two public addresses are among
 * them: how it sees us is what the peer needs, and an offer of three would be refused. */
static void test_late_broker(void **state)
{
	struct pair_plan plan = plan_of(23, PUNCH_CALL);
	struct call_options *o = &plan.ends[PAIR_CALLS].options.call;
	struct pair p;

	(void)state;
	o->hosts[o->host_count++] = addr_v4(203, 0, 113, 201, 0);
	o->hosts[o->host_count++] = addr_v4(203, 0, 113, 202, 0);
	pair_set(&p, &plan);
	pair_kill_broker(&p);
	world_run(p.world, NULL, plan.call_at + 2 * NK_S);
	pair_start_broker(&p);
	assert_true(pair_wait(&p, PAIR_CALLS, NATPUNCH_CONNECTED, 1, LIMIT) != NK_NEVER);
	pair_strike(&p);
}

/* The user would not wait: nothing was lost, for there was no connection. */
static void test_stop_while_ringing(void **state)
{
	struct pair_plan plan = plan_of(24, PUNCH_SEND);
	struct call_report r;
	struct pair p;

	(void)state;
	plan.ends[PAIR_LISTENS].options.allowed_count = 0;
	plan.ends[PAIR_CALLS].say = "hi";
	plan.ends[PAIR_CALLS].then_end = true;
	pair_set(&p, &plan);
	assert_true(pair_wait(&p, PAIR_CALLS, NATPUNCH_ACKNOWLEDGED, 1, LIMIT) != NK_NEVER);
	world_tell(p.world, p.ends[PAIR_CALLS].host, &(struct event){.kind = EVENT_STOP});
	assert_int_equal(pair_run(&p, world_now(p.world) + 2 * NK_S), CORE_DONE);
	assert_int_equal(natpunch_end(p.ends[PAIR_CALLS].run), CALL_NOT_OVER);
	assert_true(natpunch_call(p.ends[PAIR_CALLS].run, 0, &r));
	assert_int_equal(r.end, CALL_NOT_OVER);
	assert_int_equal(r.connected, NK_NEVER);
	pair_strike(&p);
}

/* Nobody was rung yet. */
static void test_stop_while_reading(void **state)
{
	struct pair_plan plan = plan_of(25, PUNCH_SEND);
	struct pair p;

	(void)state;
	pair_set(&p, &plan);
	world_run(p.world, NULL, plan.call_at + NK_S);
	world_tell(p.world, p.ends[PAIR_CALLS].host, &(struct event){.kind = EVENT_STOP});
	assert_int_equal(pair_run(&p, world_now(p.world) + NK_S), CORE_DONE);
	assert_int_equal(natpunch_end(p.ends[PAIR_CALLS].run), CALL_NOT_OVER);
	pair_strike(&p);
}

static void test_stop(void **state)
{
	struct pair_plan plan = plan_of(14, PUNCH_CALL);
	struct pair p;

	(void)state;
	pair_set(&p, &plan);
	assert_true(pair_wait(&p, PAIR_CALLS, NATPUNCH_CONNECTED, 1, LIMIT) != NK_NEVER);
	world_tell(p.world, p.ends[PAIR_CALLS].host, &(struct event){.kind = EVENT_STOP});
	assert_int_equal(pair_run(&p, world_now(p.world) + 2 * NK_S), CORE_DONE);
	assert_int_equal(natpunch_end(p.ends[PAIR_CALLS].run), CALL_CLOSED);
	assert_true(pair_wait(&p, PAIR_LISTENS, NATPUNCH_CLOSED, 1, world_now(p.world) + NK_S) !=
		    NK_NEVER);
	pair_strike(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_send),
		cmocka_unit_test(test_unknown_key),
		cmocka_unit_test(test_not_allowed),
		cmocka_unit_test(test_anybody),
		cmocka_unit_test(test_ends_without_newline),
		cmocka_unit_test(test_no_broker),
		cmocka_unit_test(test_no_broker_to_test),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_two_calls),
		cmocka_unit_test(test_no_path),
		cmocka_unit_test(test_relay),
		cmocka_unit_test(test_relay_not_allowed),
		cmocka_unit_test(test_each_tactic),
		cmocka_unit_test(test_bare),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_too_long_to_send),
		cmocka_unit_test(test_send_nothing),
		cmocka_unit_test(test_calls_again),
		cmocka_unit_test(test_own_streams),
		cmocka_unit_test(test_program_ends),
		cmocka_unit_test(test_reader_gone),
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_caller_gone),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_stop_while_ringing),
		cmocka_unit_test(test_stop_while_reading),
		cmocka_unit_test(test_no_relay_for_bare),
		cmocka_unit_test(test_late_broker),
	};

	if (crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
