/*
 * Calls that are kept, each algorithm behind modelled NATs: what is agreed, what that costs, what is
 * lost where it does not suit a NAT, and how soon a path is mended.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "pair.h"
#include "stage.h"

#define PATIENCE             (60 * NK_S)
#define NOTICED_TO_MENDED    (2 * NK_S)
#define REGISTRATION_NOTICES (18 * NK_S) /* it asks every 16.6 s */
#define HOUR                 (3600 * NK_S)

static struct keepalive_offer only(enum keepalive_algorithm algorithm)
{
	return (struct keepalive_offer){.wish = {keepalive_default_wish(algorithm)}, .count = 1};
}

/* Both sides offer the same. */
static struct pair_plan plan_by(uint64_t seed, const struct keepalive_offer *offer)
{
	struct pair_plan plan = pair_plan(seed, 20 * NK_MS);

	for (unsigned who = 0; who <= PAIR_LISTENS; who++)
		plan.ends[who].options.call.keepalive = *offer;
	return plan;
}

static void connect(struct pair *p, const struct pair_plan *plan)
{
	pair_set(p, plan);
	pair_say(p, PAIR_CALLS, "one\n");
	assert_true(pair_hears(p, PAIR_LISTENS, "one\n", PATIENCE) != NK_NEVER);
}

static void wait(struct pair *p, nk_time d)
{
	world_run(p->world, NULL, world_now(p->world) + d);
}

static struct call_report report_of(const struct pair *p, enum pair_who who)
{
	struct call_report r;

	assert_true(natpunch_call(p->ends[who].run, 0, &r));
	assert_non_null(r.session);
	return r;
}

static void assert_kept_by(const struct pair *p, enum keepalive_algorithm algorithm)
{
	for (unsigned who = 0; who <= PAIR_LISTENS; who++) {
		const struct call_report r = report_of(p, (enum pair_who)who);

		assert_int_equal(r.terms.algorithm, algorithm);
	}
}

static unsigned troubles(const struct pair *p)
{
	unsigned n = 0;

	for (unsigned who = 0; who <= PAIR_LISTENS; who++) {
		const struct call_report r = report_of(p, (enum pair_who)who);

		n += r.session->paths_lost + r.session->paths_changed;
	}
	return n;
}

/* A NAT is started anew: whoever is behind it, and by whatever the path is kept. */
static void test_reboot(void **state)
{
	static const enum keepalive_algorithm by[] = {KEEPALIVE_TURNS, KEEPALIVE_FIXED,
						      KEEPALIVE_LEARNED};

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		const struct keepalive_offer offer = only(by[i / 2]);
		struct pair_plan plan = plan_by(1 + i, &offer);
		nk_time lost, mended;
		struct pair p;

		plan.ends[i % 2].nats[0].ports = NAT_PORTS_RANDOM;
		connect(&p, &plan);
		assert_kept_by(&p, by[i / 2]);
		wait(&p, (40 + 3 * i) * NK_S);
		assert_int_equal(troubles(&p), 0);
		assert_true(world_reboot_nat(p.world, p.ends[i % 2].nats[0]));
		lost = pair_wait(&p, PAIR_CALLS, NATPUNCH_PATH_LOST, 1,
				 world_now(p.world) + PATIENCE);
		assert_true(lost != NK_NEVER);
		mended = pair_wait(&p, PAIR_CALLS, NATPUNCH_MENDED, 1, lost + PATIENCE);
		assert_in_range(mended - lost, 0, NOTICED_TO_MENDED);
		pair_say(&p, PAIR_CALLS, "two\n");
		assert_true(pair_hears(&p, PAIR_LISTENS, "one\ntwo\n", mended + PATIENCE) !=
			    NK_NEVER);
		pair_strike(&p);
	}
}

/* The listener's is: it can be rung again when its registration has found that out, which does not wait for
 * the turns of a broker that has to do with another address. */
static void test_reboot_by_turns(void **state)
{
	const struct keepalive_offer offer = only(KEEPALIVE_TURNS);

	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		struct pair_plan plan = plan_by(80 + i, &offer);
		nk_time noticed, mended;
		struct pair p;

		plan.ends[PAIR_LISTENS].nats[0].ports = NAT_PORTS_RANDOM;
		connect(&p, &plan);
		wait(&p, (40 + 3 * i) * NK_S);
		pair_say(&p, PAIR_CALLS, "two\n"); /* turns from now on */
		wait(&p, 27 * NK_S);
		assert_true(world_reboot_nat(p.world, p.ends[PAIR_LISTENS].nats[0]));
		noticed = world_now(p.world) + REGISTRATION_NOTICES;
		noticed = nk_max(noticed, pair_wait(&p, PAIR_CALLS, NATPUNCH_PATH_LOST, 1,
						    world_now(p.world) + PATIENCE));
		mended = pair_wait(&p, PAIR_CALLS, NATPUNCH_MENDED, 1, noticed + PATIENCE);
		assert_in_range(mended, 0, noticed + NOTICED_TO_MENDED);
		pair_strike(&p);
	}
}

/* The listener's NAT forgets what has sent nothing for 25 s, whatever comes in. */
static struct pair_plan outbound_plan(uint64_t seed, bool believed)
{
	struct keepalive_offer offer = keepalive_default_offer();
	struct pair_plan plan;

	offer.wish[0] = keepalive_default_wish(KEEPALIVE_TURNS);
	offer.wish[1] = keepalive_default_wish(KEEPALIVE_FIXED);
	offer.count = 2;
	plan = plan_by(seed, &offer);
	plan.ends[PAIR_LISTENS].nats[0] = stage_linux(25, 25);
	plan.ends[PAIR_LISTENS].nats[0].refresh_in = false;
	plan.ends[PAIR_LISTENS].nats[0].ports = NAT_PORTS_RANDOM;
	plan.ends[PAIR_LISTENS].nats[0].external[0] = addr_v4(203, 0, 114, 2, 0);
	if (believed) {
		plan.ends[PAIR_LISTENS].options.call.keepalive.lower_s = 24;
		plan.ends[PAIR_LISTENS].options.call.keepalive.outbound_only = true;
	}
	return plan;
}

static void test_turns_forbidden(void **state)
{
	const struct pair_plan plan = outbound_plan(11, true);
	struct pair p;

	(void)state;
	connect(&p, &plan);
	assert_kept_by(&p, KEEPALIVE_FIXED);
	wait(&p, HOUR);
	assert_int_equal(troubles(&p), 0);
	assert_int_equal(pair_told(&p, PAIR_CALLS, NATPUNCH_PATH_LOST, 1), NK_NEVER);
	pair_strike(&p);
}

/* Nobody knew, so that turns were taken: the path is lost, and then kept by something else. */
static void test_turns_forced(void **state)
{
	const struct pair_plan plan = outbound_plan(12, false);
	unsigned had;
	struct pair p;

	(void)state;
	connect(&p, &plan);
	assert_kept_by(&p, KEEPALIVE_TURNS);
	wait(&p, 300 * NK_S);
	had = troubles(&p);
	assert_true(had > 0);
	assert_kept_by(&p, KEEPALIVE_FIXED);
	wait(&p, HOUR);
	assert_int_equal(troubles(&p), had);
	pair_strike(&p);
}

/* Of a list of numbers from the future nothing is taken, and the path is kept nevertheless. */
static void test_unknown_numbers(void **state)
{
	const struct keepalive_offer offer = keepalive_default_offer();
	struct pair_plan plan;
	struct pair p;

	(void)state;
	for (unsigned who = 0; who <= PAIR_LISTENS; who++) {
		plan = plan_by(21 + who, &offer);
		plan.ends[who].options.call.keepalive =
			(struct keepalive_offer){.wish = {{200, 1, 900}, {250, 0, 0}}, .count = 2};
		connect(&p, &plan);
		assert_kept_by(&p, KEEPALIVE_FIXED);
		wait(&p, 300 * NK_S);
		assert_int_equal(troubles(&p), 0);
		pair_strike(&p);
	}
}

/* Both know that their NATs hold a stream for two minutes, and use that; each sees what the other
 * believes. */
static void test_learned(void **state)
{
	const struct keepalive_offer offer = only(KEEPALIVE_LEARNED);
	struct pair_plan plan = plan_by(31, &offer);
	struct call_report r;
	struct pair p;

	(void)state;
	plan.ends[PAIR_CALLS].options.call.keepalive.lower_s = 110;
	plan.ends[PAIR_LISTENS].options.call.keepalive.lower_s = 100;
	connect(&p, &plan);
	assert_kept_by(&p, KEEPALIVE_LEARNED);
	wait(&p, 10 * HOUR);
	assert_int_equal(troubles(&p), 0);
	r = report_of(&p, PAIR_CALLS);
	assert_true(r.terms.interval_s == 80);
	assert_true(r.ours.lower_s == 110 && r.theirs.lower_s == 100);
	assert_in_range(r.session->keepalives_out, 10 * 3600 / 80, 10 * 3600 / 60);
	r = report_of(&p, PAIR_LISTENS);
	assert_true(r.ours.lower_s == 100 && r.theirs.lower_s == 110);
	pair_strike(&p);
}

/* What becomes of the relay says nothing of a NAT. */
static void test_relay_lost(void **state)
{
	const struct keepalive_offer offer = only(KEEPALIVE_TURNS);
	struct pair_plan plan = plan_by(36, &offer);
	struct call_report r;
	struct pair p;

	(void)state;
	for (unsigned who = 0; who <= PAIR_LISTENS; who++) {
		plan.ends[who].nats[0].mapping = NAT_APD;
		plan.ends[who].nats[0].ports = NAT_PORTS_RANDOM;
		plan.ends[who].options.call.relay = true;
	}
	plan.broker.relays_per_s = 50;
	connect(&p, &plan);
	wait(&p, 60 * NK_S);
	pair_kill_broker(&p);
	assert_true(pair_wait(&p, PAIR_CALLS, NATPUNCH_PATH_LOST, 1,
			      world_now(p.world) + PATIENCE) != NK_NEVER);
	r = report_of(&p, PAIR_CALLS);
	assert_true(r.relayed);
	assert_true(r.ours.lower_s == 0 && !r.ours.outbound_only);
	pair_strike(&p);
}

/* Less than what was believed: it is lost, and not again. */
static void test_backs_off(void **state)
{
	const struct keepalive_offer offer = only(KEEPALIVE_LEARNED);
	struct pair_plan plan = plan_by(41, &offer);
	unsigned had;
	struct pair p;

	(void)state;
	for (unsigned who = 0; who <= PAIR_LISTENS; who++) {
		plan.ends[who].options.call.keepalive.lower_s = 300;
		plan.ends[who].nats[0].ports = NAT_PORTS_RANDOM;
	}
	connect(&p, &plan);
	wait(&p, HOUR);
	had = troubles(&p);
	assert_true(had > 0);
	wait(&p, 10 * HOUR);
	assert_int_equal(troubles(&p), had);
	assert_kept_by(&p, KEEPALIVE_LEARNED);
	pair_strike(&p);
}

static bool lose(void *user, const struct action *a)
{
	const bool *cut = user;

	return !(*cut && a->kind == ACTION_SEND);
}

static void cut_until_lost(struct pair *p, unsigned nth)
{
	bool cut = true;

	for (unsigned who = 0; who <= PAIR_LISTENS; who++) {
		p->ends[who].watch = lose;
		p->ends[who].user = &cut;
	}
	for (unsigned who = 0; who <= PAIR_LISTENS; who++)
		assert_true(pair_wait(p, (enum pair_who)who, NATPUNCH_PATH_LOST, nth,
				      world_now(p->world) + PATIENCE) != NK_NEVER);
	cut = false;
	assert_true(pair_wait(p, PAIR_CALLS, NATPUNCH_MENDED, nth,
			      world_now(p->world) + PATIENCE) != NK_NEVER);
	wait(p, 30 * NK_S); /* the other finds it out, too */
	for (unsigned who = 0; who <= PAIR_LISTENS; who++)
		p->ends[who].watch = NULL;
}

/* Where a side has no NAT that they could end behind there are no openers, neither at first nor when the path
 * is back and the terms are negotiated anew. */
static void test_no_openers(void **state)
{
	struct keepalive_offer offer = only(KEEPALIVE_OPENER);
	struct pair_plan plan;
	struct pair p;

	(void)state;
	offer.wish[offer.count++] = keepalive_default_wish(KEEPALIVE_FIXED);
	plan = plan_by(61, &offer);
	plan.ends[PAIR_CALLS].options.call.timeout = 2 * PATIENCE; /* to wait for the old path */
	plan.ends[PAIR_LISTENS].nat_count = 0;
	plan.ends[PAIR_LISTENS].hosts[0] = addr_v4(203, 0, 114, 2, 0);
	connect(&p, &plan);
	assert_kept_by(&p, KEEPALIVE_FIXED);
	pair_kill_broker(&p);
	cut_until_lost(&p, 1);
	assert_kept_by(&p, KEEPALIVE_FIXED);
	pair_strike(&p);
}

/* A link was out for a while, and the same path is there again: that says nothing of a NAT. Twice, it
 * may. */
static void test_outage(void **state)
{
	const struct keepalive_offer offer = only(KEEPALIVE_TURNS);
	struct pair_plan plan = plan_by(71, &offer);
	struct pair p;

	(void)state;
	for (unsigned who = 0; who <= PAIR_LISTENS; who++)
		plan.ends[who].options.call.timeout = 2 * PATIENCE; /* to wait for the old path */
	connect(&p, &plan);
	pair_kill_broker(&p);
	for (unsigned nth = 1; nth <= 2; nth++) {
		const bool is_first = nth == 1;

		wait(&p, 60 * NK_S);
		cut_until_lost(&p, nth);
		assert_kept_by(&p, is_first ? KEEPALIVE_TURNS : KEEPALIVE_FIXED);
		for (unsigned who = 0; who <= PAIR_LISTENS; who++)
			assert_int_equal(report_of(&p, (enum pair_who)who).ours.outbound_only,
					 !is_first);
	}
	pair_strike(&p);
}

/* Nothing is sent in the meantime; who has something to say has it arrive all the same. */
static void test_none(void **state)
{
	const struct keepalive_offer offer = only(KEEPALIVE_NONE);
	const struct pair_plan plan = plan_by(51, &offer);
	struct call_report r;
	struct pair p;

	(void)state;
	connect(&p, &plan);
	assert_kept_by(&p, KEEPALIVE_NONE);
	wait(&p, HOUR);
	r = report_of(&p, PAIR_CALLS);
	assert_in_range(r.session->keepalives_out, 1, 4); /* by which the path was proved */
	pair_say(&p, PAIR_CALLS, "two\n");
	assert_true(pair_hears(&p, PAIR_LISTENS, "one\ntwo\n", world_now(p.world) + PATIENCE) !=
		    NK_NEVER);
	pair_strike(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reboot),
		cmocka_unit_test(test_turns_forbidden),
		cmocka_unit_test(test_turns_forced),
		cmocka_unit_test(test_unknown_numbers),
		cmocka_unit_test(test_learned),
		cmocka_unit_test(test_backs_off),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_no_openers),
		cmocka_unit_test(test_relay_lost),
		cmocka_unit_test(test_outage),
		cmocka_unit_test(test_reboot_by_turns),
	};

	if (crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests_name("keep", tests, NULL, NULL);
}
