/*
 * The learner, with one live mapping that it serves, behind NATs of the model. What it costs is
 * compared with what who knows the timeout pays, at 0.9 of it.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../unit/near.h"
#include "core/keepalive/keepalive.h"
#include "core/keepalive/learner.h"
#include "stage.h"
#include "wire/stun.h"

#define KNOWN 0.9 /* of the timeout, by who knows it */
#define LIVE  1u
#define FIRST 10u
#define DAY   (24 * 3600 * NK_S)

static const struct addr server = {.ip = {[10] = 0xff, 0xff, 192, 0, 2, 1}, .port = 3478};

/**
 * struct host - A live mapping, kept by Binding requests; and the learner if there is one
 * @lost:	Times that the mapping was gone when something was to be sent
 * @reached:	When the interval first was above 0.7 of the timeout, NK_NEVER: not yet
 */
static struct host {
	struct stage stage;
	struct rng rng;
	struct keepalive k;
	struct learner *learner;
	double timeout_s;
	bool opened, asked, open;
	uint8_t tid[STUN_TID];
	struct addr mapped;
	nk_time question, sent;
	unsigned lost;
	nk_time reached;
} host;

static int set_up(void **state)
{
	(void)state;
	return crypto_init();
}

/* Another question, or the same once more: then it counts from the first. */
static void ask(bool again, nk_time now)
{
	if (!again)
		host.question = now;
	host.sent = now;
	rng_bytes(&host.rng, host.tid, sizeof(host.tid));
	host.asked = true;
}

static void live_answer(const struct event *ev, nk_time now)
{
	struct stun_msg m;

	if (stun_read(&m, ev->data, ev->len) != 0 || !stun_answers(&m, STUN_BINDING, host.tid))
		return;
	host.open = true;
	host.mapped = m.xor_mapped;
	keepalive_heard(&host.k, KEEPALIVE_HEARD_ANSWER, now);
	if (host.learner != NULL && host.sent > host.question)
		learner_outage(host.learner, host.sent - host.question, now);
}

static void input(void *core, const struct event *ev, nk_time now)
{
	(void)core;
	if (host.learner != NULL && learner_input(host.learner, ev, now))
		return;
	if (ev->kind == EVENT_OPENED)
		keepalive_doubt(&host.k, now);
	else if (ev->kind == EVENT_DATAGRAM)
		live_answer(ev, now);
}

/* By the learner, or by what the timeout really is. */
static void follow(nk_time now)
{
	const double truth = host.timeout_s * nat_stretch_of(host.stage.world, host.stage.nats[0]);
	const double had = host.k.terms.interval_s;
	const double interval =
		host.learner != NULL ? nk_seconds(learner_interval(host.learner)) : KNOWN * truth;

	if (fabs(interval / had - 1) > 0.01)
		keepalive_retime(&host.k, nk_from_seconds(interval), now);
	if (host.reached == NK_NEVER && interval > 0.7 * truth)
		host.reached = now;
}

static void note_loss(nk_time now)
{
	const int nat = host.stage.nats[0];

	if (host.open && nat_lets_in_until(host.stage.world, nat, &server, &host.mapped) <= now) {
		host.lost++;
		host.open = false;
	}
}

static bool live_output(struct action *action, nk_time now)
{
	struct wr w = wr_make(action->data, sizeof(action->data));
	enum keepalive_need need;

	if (!host.opened) {
		host.opened = true;
		*action = (struct action){.kind = ACTION_OPEN, .id = LIVE, .peer = server};
		action->local = addr_any(ADDR_V4, 0);
		return true;
	}
	need = keepalive_next(&host.k, now);
	if (need == KEEPALIVE_REST)
		need = keepalive_next(&host.k, now); /* lost, and going on */
	if (need == KEEPALIVE_REST)
		return false;
	note_loss(now);
	ask(need == KEEPALIVE_SEND_HELLO, now);
	stun_begin(&w, STUN_BINDING, STUN_REQUEST, host.tid);
	action->len = stun_end(&w);
	action->kind = ACTION_SEND;
	action->id = LIVE;
	action->to = server;
	action->local = (struct addr){.port = 0};
	action->ttl = 0;
	return true;
}

/* The live mapping goes first: what chance does to the NAT is then the same with and without learner. */
static bool output(void *core, struct action *action, nk_time now)
{
	(void)core;
	follow(now);
	return live_output(action, now) ||
	       (host.learner != NULL && host.open && learner_output(host.learner, action, now));
}

static nk_time deadline(const void *core)
{
	nk_time at = host.opened ? keepalive_deadline(&host.k) : 0;

	(void)core;
	if (host.learner != NULL && host.open)
		at = nk_min(at, learner_deadline(host.learner));
	return at;
}

static int status(const void *core)
{
	(void)core;
	return CORE_BUSY;
}

static const struct core_ops host_ops = {
	.input = input,
	.output = output,
	.deadline = deadline,
	.status = status,
};

/**
 * struct play - What is played
 * @nat:	Its @t_stream is the timeout
 * @floor:	Of the learner
 * @plain:	A server of others, with @faults
 */
struct play {
	struct nat_spec nat;
	struct link_spec link;
	nk_time floor, lasts;
	bool plain;
	unsigned faults;
	uint64_t seed;
};

static struct play play_behind(unsigned timeout_s)
{
	return (struct play){
		.nat = stage_linux(timeout_s < 30 ? timeout_s : 30, timeout_s),
		.link = {.delay = 20 * NK_MS, .jitter = 5 * NK_MS},
		.floor = KEEPALIVE_INTERVAL,
		.lasts = DAY,
		.seed = 1,
	};
}

static struct learner_config learner_of(const struct play *p)
{
	return (struct learner_config){
		.first_id = FIRST,
		.server = server,
		.probe_service = !p->plain,
		.floor = p->floor,
		.longest = 900 * NK_S,
		.below_floor = true,
		.risk = LEARNER_RISK,
	};
}

/* Plays it with the learner, or with who knows; leaves @host as it is then, its world freed. */
static uint64_t run(const struct play *p, bool learns)
{
	struct stage_plan plan = stage_plan(&p->nat, p->seed);
	const struct learner_config lc = learner_of(p);
	struct keepalive_config kc = {
		.terms = {KEEPALIVE_LEARNED, KNOWN * nk_seconds(p->nat.t_stream)},
		.first = true,
		.gap = KEEPALIVE_GAP,
		.tries = KEEPALIVE_TRIES,
		.rng = &host.rng,
	};
	uint64_t sent;

	memset(&host, 0, sizeof(host));
	plan.link = p->link;
	plan.plain = p->plain;
	plan.faults = p->faults;
	stage_set(&host.stage, &plan);
	rng_seed_from_number(&host.rng, p->seed);
	host.timeout_s = nk_seconds(p->nat.t_stream);
	host.reached = NK_NEVER;
	if (learns) {
		host.learner = learner_new(&lc, &host.rng, 0);
		assert_non_null(host.learner);
		kc.terms.interval_s = nk_seconds(learner_interval(host.learner));
	}
	keepalive_start(&host.k, &kc, 0);
	world_attach(host.stage.world, host.stage.client, &host_ops, &host);
	world_run(host.stage.world, NULL, p->lasts);
	sent = world_stats(host.stage.world)->sent;
	assert_int_equal(world_stats(host.stage.world)->late, 0);
	return sent;
}

static void finish(void)
{
	learner_free(host.learner);
	stage_strike(&host.stage);
}

/* Packets of the learner and of its searches, as a multiple of those of who knows. */
static double cost(const struct play *p)
{
	const double oracle = (double)run(p, false);

	finish();
	return (double)run(p, true) / oracle;
}
/* What it costs stays below 1.3 of what who knows pays, and nothing is lost, whatever packets are. */
static void check_cost(struct play *p, unsigned most_lost)
{
	const double ratio = cost(p);

	if (ratio > 1.3 || ratio < 0.9 || host.lost > most_lost)
		print_error("%g s: %g, %u lost\n", host.timeout_s, ratio, host.lost);
	assert_true(ratio <= 1.3 && ratio >= 0.9);
	assert_in_range(host.lost, 0, most_lost);
	finish();
}

static const unsigned timeouts[] = {20, 30, 120, 350};

#define TIMEOUTS (sizeof(timeouts) / sizeof(timeouts[0]))

static void test_cost(void **state)
{
	static const struct {
		double loss, burst_enter;
	} losses[] = {{0, 0}, {0.02, 0}, {0.05, 0}, {0, 3e-7}};

	(void)state;
	for (unsigned t = 0; t < TIMEOUTS; t++)
		for (unsigned i = 0; i < sizeof(losses) / sizeof(losses[0]); i++) {
			struct play p = play_behind(timeouts[t]);

			p.lasts = 10 * DAY;
			p.link.loss = losses[i].loss;
			p.link.burst_enter = losses[i].burst_enter;
			p.link.burst_mean = 2 * NK_S;
			check_cost(&p, 0);
		}
}

/* Timeouts that wander by 5 % a day. Who shrinks may lose a mapping before that is found out. */
static void test_wandering(void **state)
{
	(void)state;
	for (unsigned t = 0; t < TIMEOUTS; t++) {
		struct play p = play_behind(timeouts[t]);

		p.lasts = 20 * DAY;
		p.nat.drift_walk = 0.05;
		p.link.loss = 0.02;
		check_cost(&p, 100);
	}
}

/* It settles above 0.7 of the timeout within ten timeouts, in real time and ten times as fast. */
static void check_settles(struct play *p)
{
	p->lasts = 10 * p->nat.t_stream;
	run(p, true);
	assert_in_range(host.reached, 0, p->lasts);
	assert_true(nk_seconds(learner_interval(host.learner)) > 0.7 * host.timeout_s);
	assert_true(nk_seconds(learner_interval(host.learner)) < 0.95 * host.timeout_s);
	assert_int_equal(host.lost, 0);
	finish();
}

static void test_settles(void **state)
{
	(void)state;
	for (unsigned t = 0; t < TIMEOUTS; t++) {
		struct play p = play_behind(timeouts[t]);

		check_settles(&p);
		p = play_behind(timeouts[t]);
		p.plain = true;
		check_settles(&p);
	}

	struct play fast = play_behind(12);

	fast.nat.t_first = fast.nat.t_replied = 3 * NK_S;
	fast.floor = 3 * NK_S / 2;
	check_settles(&fast);
}

/* A NAT that is replaced by one that forgets sooner, or later. */
static void check_step(unsigned timeout_s, double step)
{
	struct play p = play_behind(timeout_s);
	double now_s;

	p.nat.drift_step = step;
	p.nat.drift_after = DAY / 2;
	p.lasts = 2 * DAY;
	run(&p, true);
	now_s = nk_seconds(learner_interval(host.learner));
	assert_true(now_s > 0.7 * step * timeout_s && now_s < 0.95 * step * timeout_s);
	finish();
}

static void test_steps(void **state)
{
	(void)state;
	check_step(120, 0.5);
	check_step(120, 2);
	check_step(30, 3);
}

/* A NAT that purges in sweeps: a mapping lives for 60 s to 124 s. After a while none is lost any more. */
static void test_sweeps(void **state)
{
	struct play p = play_behind(60);
	unsigned at_first;

	(void)state;
	p.nat.t_first = p.nat.t_replied = p.nat.t_stream;
	p.nat.sweep = 64 * NK_S;
	p.lasts = DAY;
	run(&p, true);
	at_first = host.lost;
	finish();
	assert_in_range(at_first, 0, 12);
	p.lasts = 20 * DAY;
	check_cost(&p, at_first + 1);
}

/* Nobody asks, or the asked do not answer where they should: nothing is learned, and little is spent. */
static void test_unserved(void **state)
{
	static const struct {
		bool plain;
		unsigned faults;
	} rows[] = {
		{true, PLAIN_SILENT},
		{true, PLAIN_RESPONSE_PORT_IGNORED},
		{true, PLAIN_RESPONSE_PORT_REFUSED},
		{true, PLAIN_UNKNOWN_METHOD_400},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct play p = play_behind(120);

		p.plain = rows[i].plain;
		p.faults = rows[i].faults;
		p.lasts = 3600 * NK_S;
		run(&p, true);
		if (rows[i].faults != PLAIN_UNKNOWN_METHOD_400)
			assert_int_equal(learner_interval(host.learner), p.floor);
		finish();
	}
}

/* What live mappings show: downwards at once, upwards what was held. */
static void test_live(void **state)
{
	const struct play p = play_behind(120);
	struct learner_config config = learner_of(&p);
	struct learner_state s;
	struct learner *l;

	(void)state;
	memset(&config.server, 0, sizeof(config.server));
	rng_seed_from_number(&host.rng, 1);
	l = learner_new(&config, &host.rng, 0);
	assert_int_equal(learner_interval(l), KEEPALIVE_INTERVAL);
	assert_true(learner_deadline(l) == NK_NEVER);
	learner_held(l, 100 * NK_S, 200 * NK_S);
	assert_near(nk_seconds(learner_interval(l)), 89, 1e-6);
	learner_outage(l, 20 * NK_S, 300 * NK_S);
	assert_near(nk_seconds(learner_interval(l)), 89, 1e-6);
	learner_lost(l, 80 * NK_S, 400 * NK_S);
	s = learner_state(l);
	assert_true(s.interval < 70 * NK_S && s.interval >= 50 * NK_S);
	assert_int_equal(s.losses, 1);
	learner_lost(l, 10 * NK_S, 500 * NK_S);
	s = learner_state(l);
	assert_true(s.below_floor && s.interval < 9 * NK_S);
	learner_moved(l, 600 * NK_S);
	assert_int_equal(learner_interval(l), KEEPALIVE_INTERVAL);
	learner_free(l);
}

/* An earlier measurement is used at once, and tried. */
static void test_earlier(void **state)
{
	const struct play p = play_behind(120);
	struct learner_config config = learner_of(&p);
	struct learner *l;

	(void)state;
	config.lower = 100;
	config.upper = 110;
	rng_seed_from_number(&host.rng, 1);
	l = learner_new(&config, &host.rng, 0);
	assert_near(nk_seconds(learner_interval(l)), 89, 1e-6);
	assert_near(learner_state(l).lower, 100, 0);
	assert_near(learner_state(l).upper, 110, 0);
	assert_int_equal(learner_deadline(l), 0);
	learner_free(l);

	config.age = 40 * DAY;
	l = learner_new(&config, &host.rng, 0);
	assert_int_equal(learner_interval(l), KEEPALIVE_INTERVAL);
	learner_free(l);
}

/* Whatever a file says, this is no flood. */
static void test_absurd(void **state)
{
	static const double bounds[][2] = {{1e-9, 2e-9}, {0.01, 0.5}, {0, 1e-6}, {1e7, 2e7}};
	const struct play p = play_behind(120);
	struct learner_config config = learner_of(&p);

	(void)state;
	for (unsigned i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		struct learner *l;

		config.lower = bounds[i][0];
		config.upper = bounds[i][1];
		rng_seed_from_number(&host.rng, 1);
		l = learner_new(&config, &host.rng, 0);
		assert_non_null(l);
		assert_in_range(learner_interval(l), NK_S, config.longest);
		learner_free(l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cost),    cmocka_unit_test(test_wandering),
		cmocka_unit_test(test_settles), cmocka_unit_test(test_steps),
		cmocka_unit_test(test_sweeps),  cmocka_unit_test(test_unserved),
		cmocka_unit_test(test_live),    cmocka_unit_test(test_earlier),
		cmocka_unit_test(test_absurd),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
