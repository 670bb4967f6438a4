/*
 * What happens to a call when the network does not stay as it was: a NAT or the broker is started
 * anew. It goes on, without another call and without a lost or doubled message.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "pair.h"
#include "wire/ice_msg.h"

#define NOTICED_TO_MENDED (3 * NK_S)
#define PATIENCE          (60 * NK_S)

static nk_time now_of(const struct pair *p)
{
	return world_now(p->world);
}

/* Linux with "masquerade random": each flow has a port of its own. */
static void make_random(struct nat_spec *nat)
{
	nat->mapping = NAT_APD;
	nat->ports = NAT_PORTS_RANDOM;
}

static void make_filter_open(struct nat_spec *nat)
{
	nat->filtering = NAT_EI;
	nat->flow_timers = false;
}

static void connect(struct pair *p, const struct pair_plan *plan)
{
	pair_set(p, plan);
	pair_say(p, PAIR_CALLS, "one\n");
	assert_true(pair_hears(p, PAIR_LISTENS, "one\n", PATIENCE) != NK_NEVER);
	pair_say(p, PAIR_LISTENS, "eins\n");
	assert_true(pair_hears(p, PAIR_CALLS, "eins\n", PATIENCE) != NK_NEVER);
}

static void assert_goes_on(struct pair *p)
{
	struct call_report r;

	pair_say(p, PAIR_CALLS, "two\n");
	pair_say(p, PAIR_LISTENS, "zwei\n");
	assert_true(pair_hears(p, PAIR_LISTENS, "one\ntwo\n", now_of(p) + PATIENCE) != NK_NEVER);
	assert_true(pair_hears(p, PAIR_CALLS, "eins\nzwei\n", now_of(p) + PATIENCE) != NK_NEVER);
	assert_string_equal((char *)p->ends[PAIR_LISTENS].heard, "one\ntwo\n");
	assert_string_equal((char *)p->ends[PAIR_CALLS].heard, "eins\nzwei\n");
	assert_true(natpunch_call(p->ends[PAIR_CALLS].run, 0, &r));
	assert_false(natpunch_call(p->ends[PAIR_CALLS].run, 1, &r));
	assert_false(natpunch_call(p->ends[PAIR_LISTENS].run, 1, &r));
	assert_int_equal(pair_told(p, PAIR_CALLS, NATPUNCH_CLOSED, 1), NK_NEVER);
	assert_int_equal(world_stats(p->world)->late, 0);
}

static void assert_mended(struct pair *p)
{
	const nk_time lost = pair_wait(p, PAIR_CALLS, NATPUNCH_PATH_LOST, 1, now_of(p) + PATIENCE);
	nk_time mended;

	assert_true(lost != NK_NEVER);
	mended = pair_wait(p, PAIR_CALLS, NATPUNCH_MENDED, 1, now_of(p) + PATIENCE);
	assert_true(mended != NK_NEVER);
	assert_in_range(mended - lost, 0, NOTICED_TO_MENDED);
}

static void test_reboot_keeps_ports(void **state)
{
	(void)state;
	for (unsigned who = 0; who <= PAIR_LISTENS; who++) {
		const struct pair_plan plan = pair_plan(1 + who, 20 * NK_MS);
		struct pair p;

		connect(&p, &plan);
		assert_true(world_reboot_nat(p.world, p.ends[who].nats[0]));
		assert_goes_on(&p);
		pair_strike(&p);
	}
}

static void test_reboot_changes_ports(void **state)
{
	(void)state;
	for (unsigned who = 0; who <= PAIR_LISTENS; who++) {
		struct pair_plan plan = pair_plan(11 + who, 20 * NK_MS);
		struct pair p;

		make_random(&plan.ends[who].nats[0]);
		make_filter_open(&plan.ends[1 - who].nats[0]);
		connect(&p, &plan);
		assert_true(world_reboot_nat(p.world, p.ends[who].nats[0]));
		assert_goes_on(&p);
		pair_strike(&p);
	}
}

/* Ports change and the other side's filter lets nothing in: only a new punch helps. The listener
 * has just refreshed its registration, and would not do so again in time. */
static void test_both_have_to_punch_anew(void **state)
{
	(void)state;
	for (unsigned who = 0; who <= PAIR_LISTENS; who++) {
		struct pair_plan plan = pair_plan(21 + who, 20 * NK_MS);
		struct pair p;

		plan.ends[who].nats[0].ports = NAT_PORTS_RANDOM;
		connect(&p, &plan);
		world_run(p.world, NULL, KEEPALIVE_INTERVAL + NK_S);
		assert_true(world_reboot_nat(p.world, p.ends[who].nats[0]));
		assert_mended(&p);
		assert_goes_on(&p);
		pair_strike(&p);
	}
}

/* Of what the caller sends to the peer: nothing, checks that acknowledge nothing and packets of the
 * session, or all. */
enum filter { PASS_NOTHING, PASS_NO_ACKNOWLEDGEMENT, PASS_ALL };

static bool acknowledges(const struct action *a)
{
	struct ice_check check;
	struct stun_msg m;

	if (a->len == 0 || a->data[0] >= 4 || stun_read(&m, a->data, a->len) != 0 ||
	    m.method != STUN_BINDING)
		return false;
	return m.cls == STUN_SUCCESS || (ice_check_read(&check, &m) == 0 && check.heard != NULL);
}

static bool filter(void *user, const struct action *a)
{
	const enum filter *f = user;

	return *f == PASS_ALL || (*f == PASS_NO_ACKNOWLEDGEMENT && !acknowledges(a));
}

static bool only_to_broker(void *user, const struct action *a)
{
	(void)user;
	return a->to.port == 3478;
}

/* No path is left but the relay. */
static void test_mended_by_relay(void **state)
{
	struct pair_plan plan = pair_plan(27, 20 * NK_MS);
	struct pair p;

	(void)state;
	plan.broker.relays_per_s = 50;
	for (unsigned i = 0; i <= PAIR_LISTENS; i++)
		plan.ends[i].options.call.relay = true;
	connect(&p, &plan);
	for (unsigned i = 0; i <= PAIR_LISTENS; i++)
		p.ends[i].watch = only_to_broker;
	assert_true(pair_wait(&p, PAIR_CALLS, NATPUNCH_RELAYED, 1, now_of(&p) + PATIENCE) !=
		    NK_NEVER);
	assert_goes_on(&p);
	pair_strike(&p);
}

/* The session finds the new path before the listener's punch does: its sockets stay. */
static void test_session_is_first(void **state)
{
	struct pair_plan plan = pair_plan(25, 20 * NK_MS);
	enum filter what = PASS_ALL;
	nk_time lost;
	struct pair p;

	(void)state;
	plan.ends[PAIR_CALLS].nats[0].ports = NAT_PORTS_RANDOM;
	connect(&p, &plan);
	p.ends[PAIR_CALLS].watch = filter;
	p.ends[PAIR_CALLS].user = &what;
	assert_true(world_reboot_nat(p.world, p.ends[PAIR_CALLS].nats[0]));
	what = PASS_NOTHING;
	lost = pair_wait(&p, PAIR_LISTENS, NATPUNCH_PATH_LOST, 1, now_of(&p) + PATIENCE);
	assert_true(lost != NK_NEVER);
	what = PASS_NO_ACKNOWLEDGEMENT;
	assert_true(pair_wait(&p, PAIR_LISTENS, NATPUNCH_MENDED, 1, lost + PATIENCE) != NK_NEVER);
	what = PASS_ALL;
	assert_goes_on(&p);
	assert_int_equal(pair_wait(&p, PAIR_CALLS, NATPUNCH_PATH_LOST, 2, now_of(&p) + PATIENCE),
			 NK_NEVER);
	pair_strike(&p);
}

/* The listener's NAT is started anew when the listener has just had an answer, and is content for
 * long: the caller finds out first, and can ring the listener nevertheless. */
static void test_caller_notices_first(void **state)
{
	struct pair_plan plan = pair_plan(26, 20 * NK_MS);
	struct pair p;

	(void)state;
	plan.ends[PAIR_LISTENS].nats[0].ports = NAT_PORTS_RANDOM;
	connect(&p, &plan);
	world_run(p.world, NULL, KEEPALIVE_INTERVAL + NK_S / 2);
	pair_say(&p, PAIR_LISTENS, "zwei\n");
	world_run(p.world, NULL, now_of(&p) + NK_S / 5);
	assert_true(world_reboot_nat(p.world, p.ends[PAIR_LISTENS].nats[0]));
	assert_mended(&p);
	pair_say(&p, PAIR_CALLS, "two\n");
	assert_true(pair_hears(&p, PAIR_LISTENS, "one\ntwo\n", now_of(&p) + PATIENCE) != NK_NEVER);
	pair_strike(&p);
}

static void test_broker_restarts(void **state)
{
	const struct pair_plan plan = pair_plan(31, 20 * NK_MS);
	struct pair p;

	(void)state;
	connect(&p, &plan);
	pair_kill_broker(&p);
	assert_goes_on(&p);
	pair_start_broker(&p);
	assert_true(world_reboot_nat(p.world, p.ends[PAIR_CALLS].nats[0]));
	world_run(p.world, NULL, now_of(&p) + PATIENCE);
	pair_say(&p, PAIR_CALLS, "three\n");
	assert_true(pair_hears(&p, PAIR_LISTENS, "one\ntwo\nthree\n", now_of(&p) + PATIENCE) !=
		    NK_NEVER);
	pair_strike(&p);
}

/* Without a broker nothing can be mended; when it is back, it is. */
static void test_broker_away_while_mending(void **state)
{
	struct pair_plan plan = pair_plan(41, 20 * NK_MS);
	nk_time back;
	struct pair p;

	(void)state;
	plan.ends[PAIR_CALLS].nats[0].ports = NAT_PORTS_RANDOM;
	connect(&p, &plan);
	pair_kill_broker(&p);
	assert_true(world_reboot_nat(p.world, p.ends[PAIR_CALLS].nats[0]));
	assert_true(pair_wait(&p, PAIR_CALLS, NATPUNCH_PATH_LOST, 1, now_of(&p) + PATIENCE) !=
		    NK_NEVER);
	world_run(p.world, NULL, now_of(&p) + 5 * NK_S);
	pair_start_broker(&p);
	back = now_of(&p);
	assert_in_range(pair_wait(&p, PAIR_CALLS, NATPUNCH_MENDED, 1, back + PATIENCE) - back, 0,
			20 * NK_S);
	assert_goes_on(&p);
	pair_strike(&p);
}

/* The caller slept, and does not wait to find out what has become of the path. */
static void test_resumed(void **state)
{
	const struct pair_plan plan = pair_plan(51, 20 * NK_MS);
	struct pair p;

	(void)state;
	connect(&p, &plan);
	world_run(p.world, NULL, now_of(&p) + NK_S);
	world_tell(p.world, p.ends[PAIR_CALLS].host, &(struct event){.kind = EVENT_RESUMED});
	assert_mended(&p);
	assert_goes_on(&p);
	pair_strike(&p);
}

/* And there is no broker by which to find a new path; but the old one is as good as it was. If it is
 * not, the call is over, even if nothing is sent to keep it. */
static void test_resumed_alone(void **state)
{
	const struct keepalive_offer nothing = {.wish = {{.algorithm = KEEPALIVE_NONE}},
						.count = 1};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct pair_plan plan = pair_plan(56 + i, 20 * NK_MS);
		const unsigned sleeper = i % 2;
		const bool lost = i >= 2;
		enum filter what = lost ? PASS_NOTHING : PASS_ALL;
		struct pair p;

		if (lost)
			plan.ends[PAIR_CALLS].options.call.keepalive =
				plan.ends[PAIR_LISTENS].options.call.keepalive = nothing;
		connect(&p, &plan);
		world_run(p.world, NULL, now_of(&p) + NK_S);
		pair_kill_broker(&p);
		p.ends[!sleeper].watch = filter;
		p.ends[!sleeper].user = &what;
		world_tell(p.world, p.ends[sleeper].host, &(struct event){.kind = EVENT_RESUMED});
		world_run(p.world, NULL, now_of(&p) + PATIENCE);
		if (!lost)
			assert_goes_on(&p);
		assert_int_equal(pair_told(&p, (enum pair_who)sleeper, NATPUNCH_CLOSED, 1) !=
					 NK_NEVER,
				 lost);
		pair_strike(&p);
	}
}

/* One of the two gets another address behind its NAT. */
static void test_another_address(void **state)
{
	const struct addr other = addr_v4(10, 0, 9, 9, 0);

	(void)state;
	for (unsigned who = 0; who <= PAIR_LISTENS; who++) {
		const struct pair_plan plan = pair_plan(61 + who, 20 * NK_MS);
		struct pair p;

		connect(&p, &plan);
		assert_true(world_readdress_host(p.world, p.ends[who].host, 0, &other));
		assert_goes_on(&p);
		pair_strike(&p);
	}
}

#define STORM_LINES 40
#define STORM_TEXT  16

/* Lost, late and doubled packets. */
static void make_weather(struct pair_plan *plan)
{
	for (unsigned who = 0; who <= PAIR_LISTENS; who++) {
		struct pair_end_plan *e = &plan->ends[who];

		e->up = (struct link_spec){
			.delay = 30 * NK_MS, .jitter = 20 * NK_MS, .loss = 0.05, .duplicate = 0.05};
		e->down = e->up;
	}
}

/* What else may happen, now and then: a NAT or the broker is started anew. */
static void strike(struct pair *p, struct rng *rng, unsigned moment)
{
	if (moment % 15 == 7)
		assert_true(world_reboot_nat(p->world, p->ends[rng_below(rng, 2)].nats[0]));
	if (moment == 20)
		pair_kill_broker(p);
	if (moment == 23)
		pair_start_broker(p);
}

/* Each line arrives once and in order, whatever happens. */
static void storm(uint64_t seed)
{
	static char lines[STORM_LINES][STORM_TEXT];
	struct pair_plan plan = pair_plan(seed, 0);
	char all[STORM_LINES * STORM_TEXT] = "";
	struct pair p;
	struct rng rng;

	rng_seed_from_number(&rng, seed);
	make_weather(&plan);
	plan.ends[seed % 2].nats[0].ports = NAT_PORTS_RANDOM;
	connect(&p, &plan);
	p.ends[PAIR_LISTENS].heard_len = 0;
	for (unsigned i = 0; i < STORM_LINES; i++) {
		snprintf(lines[i], sizeof(lines[i]), "line %u\n", i);
		if (*p.ends[PAIR_CALLS].say == '\0') {
			pair_say(&p, PAIR_CALLS, lines[i]);
			strcat(all, lines[i]);
		}
		strike(&p, &rng, i);
		world_run(p.world, NULL, now_of(&p) + NK_S + rng_below(&rng, 3000) * NK_MS);
	}
	assert_true(pair_hears(&p, PAIR_LISTENS, lines[STORM_LINES - 1], now_of(&p) + PATIENCE) !=
		    NK_NEVER);
	assert_int_equal(p.ends[PAIR_LISTENS].heard_len, strlen(all));
	assert_memory_equal(p.ends[PAIR_LISTENS].heard, all, strlen(all));
	assert_int_equal(world_stats(p.world)->late, 0);
	pair_strike(&p);
}

static void test_storm(void **state)
{
	(void)state;
	for (uint64_t seed = 71; seed < 81; seed++)
		storm(seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reboot_keeps_ports),
		cmocka_unit_test(test_reboot_changes_ports),
		cmocka_unit_test(test_both_have_to_punch_anew),
		cmocka_unit_test(test_mended_by_relay),
		cmocka_unit_test(test_session_is_first),
		cmocka_unit_test(test_caller_notices_first),
		cmocka_unit_test(test_broker_restarts),
		cmocka_unit_test(test_broker_away_while_mending),
		cmocka_unit_test(test_resumed),
		cmocka_unit_test(test_resumed_alone),
		cmocka_unit_test(test_another_address),
		cmocka_unit_test(test_storm),
	};

	if (crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
