/*
 * "Turns" between two clients, sentence by sentence:
 *
 * "Suppose each keepalive is sent 15 seconds after the counterparty's previous packet, or an expected
 * keepalive is not received, and each keepalive acks received packets. If not receiving expected acks
 * or expected keepalives, we send nack keepalives (hello-are-you-there packets) one per second, until
 * we give up."
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alive_end.h"
#include "alive_scene.h"
#include "base/crypto.h"
#include "sim/world.h"

#define TURN   (15 * NK_S)
#define WAIT   KEEPALIVE_WAIT_MIN
#define EVENTS 512

enum { A, B, SIDES };

/* A packet that a side sent, or got. */
struct entry {
	nk_time at;
	bool sent, frame;
	uint8_t first, second;
};

/* An end whose packets are written down. */
struct witness {
	struct alive_end end;
	struct entry log[EVENTS];
	unsigned count;
};

static struct witness sides[SIDES];
static int hosts[SIDES];
static struct world *world;
static struct rng rng;
static nk_time delay;

static void note(struct witness *w, bool sent, const uint8_t *data, size_t len, nk_time now)
{
	assert_true(w->count < EVENTS);
	w->log[w->count++] =
		(struct entry){now, sent, keepalive_is_frame(data, len), data[0], data[1]};
}

static void input(void *core, const struct event *ev, nk_time now)
{
	struct witness *w = core;

	if (ev->kind == EVENT_DATAGRAM && !w->end.gone)
		note(w, false, ev->data, ev->len, now);
	alive_end_input(&w->end, ev, now);
}

static bool output(void *core, struct action *a, nk_time now)
{
	struct witness *w = core;

	if (!alive_end_output(&w->end, a, now))
		return false;
	if (a->kind == ACTION_SEND)
		note(w, true, a->data, a->len, now);
	return true;
}

static nk_time deadline(const void *core)
{
	const struct witness *w = core;

	return alive_end_deadline(&w->end);
}

static int status(const void *core)
{
	(void)core;
	return CORE_BUSY;
}

static const struct core_ops witness_ops = {
	.input = input,
	.output = output,
	.deadline = deadline,
	.status = status,
};

/* What @side sends is lost from now on, or no more. */
static void set_loss(unsigned side, bool lost)
{
	const struct link_spec up = {.delay = delay / 2, .loss = lost ? 1 : 0};

	world_set_link(world, hosts[side], &up, NULL);
}

static struct addr address(unsigned side)
{
	return addr_v4(192, 0, 2, side == A ? 1 : 2, 5000);
}

/* Two ends that have met, so far apart one way. */
static void begin(nk_time one_way)
{
	const struct link_spec link = {.delay = one_way / 2};

	delay = one_way;
	world = world_new(1);
	assert_non_null(world);
	rng_seed_from_number(&rng, 1);
	memset(sides, 0, sizeof(sides));
	for (unsigned i = 0; i < SIDES; i++) {
		const struct addr here = address(i), there = address(!i);
		const struct keepalive_config config = {
			.terms = {KEEPALIVE_TURNS, nk_seconds(TURN)},
			.first = i == A,
			.gap = KEEPALIVE_GAP,
			.tries = KEEPALIVE_TRIES,
			.rng = &rng,
		};

		alive_end_start(&sides[i].end, &config, &here, &there);
		hosts[i] = world_add_host(world, &here, 1, -1);
		world_set_link(world, hosts[i], &link, &link);
		world_attach(world, hosts[i], &witness_ops, &sides[i]);
	}
	world_run(world, NULL, 10 * NK_S);
	assert_true(alive_end_is_up(&sides[A].end) && alive_end_is_up(&sides[B].end));
	sides[A].count = sides[B].count = 0;
}

static void end(void)
{
	world_free(world);
}

static void run(nk_time t)
{
	world_run(world, NULL, world_now(world) + t);
}

/* Runs until @side has sent, or got, a packet. Return: it. */
static const struct entry *next_of(unsigned side, bool sent)
{
	struct witness *w = &sides[side];
	unsigned seen = w->count;

	for (int patience = 100000; patience > 0; patience--) {
		for (; seen < w->count; seen++)
			if (w->log[seen].sent == sent)
				return &w->log[seen];
		run(NK_MS);
	}
	fail_msg("no such packet");
	return NULL;
}

static void send_data(unsigned side)
{
	sides[side].end.has_data = true;
	world_tell(world, hosts[side], &(struct event){.kind = EVENT_RESUMED});
}

static bool is_turn(const struct entry *e)
{
	return e->frame && (e->first >> 4 & 3) == KEEPALIVE_TURN;
}

static bool is_hello(const struct entry *e)
{
	return !e->frame && e->first == ALIVE_HELLO;
}

/* "Each keepalive is sent 15 seconds after the counterparty's previous packet": none else, and each
 * side sends every other. */
static void test_after_the_others(void **state)
{
	(void)state;
	begin(20 * NK_MS);
	run(600 * NK_S);
	for (unsigned side = 0; side < SIDES; side++) {
		const struct entry *log = sides[side].log;

		assert_in_range(sides[side].count, 38, 40); /* of 600 s / (15 s + 20 ms) */
		for (unsigned i = 1; i < sides[side].count; i++) {
			assert_true(is_turn(&log[i]));
			assert_int_equal(log[i].sent, !log[i - 1].sent);
			if (log[i].sent)
				assert_int_equal(log[i].at, log[i - 1].at + TURN);
		}
	}
	end();
}

/* "Or an expected keepalive is not received": B's turn is lost, so A sends, and does not wait for B. */
static void test_expected_keepalive(void **state)
{
	const struct entry *turn, *hello;

	(void)state;
	begin(20 * NK_MS);
	turn = next_of(A, true);
	assert_true(is_turn(turn));
	set_loss(B, true);
	run(TURN + 4 * delay); /* it has left */
	set_loss(B, false);
	hello = next_of(A, true);
	assert_true(is_hello(hello));
	assert_in_range(hello->at - turn->at, TURN + WAIT, TURN + WAIT + 2 * delay);
	run(300 * NK_S);
	assert_true(alive_end_is_up(&sides[A].end) && alive_end_is_up(&sides[B].end));
	assert_true(is_turn(&sides[A].log[sides[A].count - 1]));
	end();
}

/* "Each keepalive acks received packets": the low bits of the counter of the packet before it. */
static void test_acks(void **state)
{
	(void)state;
	begin(20 * NK_MS);
	run(600 * NK_S);
	for (unsigned side = 0; side < SIDES; side++)
		for (unsigned i = 1; i < sides[side].count; i++) {
			const struct entry *log = sides[side].log;

			if (log[i].sent)
				assert_int_equal(log[i].second >> 4, log[i - 1].first & 0x0F);
		}
	end();
}

/*
 * "If not receiving expected acks": both send data at once, so that both have the turn. B's keepalive
 * is lost; A's comes later and does not acknowledge it: B asks at once.
 */
static void test_expected_acks(void **state)
{
	const struct entry *turn, *got, *hello;

	(void)state;
	begin(700 * NK_MS);
	send_data(A);
	run(600 * NK_MS);
	send_data(B);
	run(2 * NK_S);
	set_loss(B, true);
	turn = next_of(B, true);
	assert_true(is_turn(turn));
	set_loss(B, false);
	got = next_of(B, false);
	assert_true(is_turn(got));
	assert_true(got->at - turn->at >= WAIT && got->at - turn->at < 2 * NK_S);
	run(NK_MS);
	hello = &sides[B].log[sides[B].count - 1];
	assert_true(hello->sent && is_hello(hello));
	assert_int_equal(hello->at, got->at);
	run(300 * NK_S);
	assert_true(alive_end_is_up(&sides[A].end) && alive_end_is_up(&sides[B].end));
	end();
}

/* Runs until @side gives up. Return: when that is. */
static nk_time given_up(unsigned side)
{
	for (int patience = 100000; patience > 0 && alive_end_is_up(&sides[side].end); patience--)
		run(NK_MS);
	assert_false(alive_end_is_up(&sides[side].end));
	return world_now(world);
}

/* "One per second, until we give up." */
static void test_one_per_second(void **state)
{
	unsigned hellos = 0;
	nk_time last = 0, up_to;

	(void)state;
	begin(20 * NK_MS);
	next_of(B, true);
	sides[B].end.gone = true;
	up_to = given_up(A);
	for (unsigned i = 0; i < sides[A].count && sides[A].log[i].at < up_to - NK_MS; i++) {
		const struct entry *e = &sides[A].log[i];

		if (!e->sent || !is_hello(e))
			continue;
		assert_true(hellos == 0 || e->at == last + NK_S);
		last = e->at;
		hellos++;
	}
	assert_int_equal(hellos, KEEPALIVE_TRIES);
	assert_in_range(up_to - last, WAIT, NK_S);
	end();
}

/* Any traffic counts: 15 s are counted from the last packet, whatever it was. */
static void test_any_traffic(void **state)
{
	const struct entry *got, *sent;

	(void)state;
	begin(20 * NK_MS);
	next_of(A, true);
	run(7 * NK_S);
	send_data(B); /* whose turn it was, 8 s later */
	got = next_of(A, false);
	sent = next_of(A, true);
	assert_true(is_turn(sent));
	assert_int_equal(sent->at - got->at, TURN);
	end();
}

/* A dead peer is given up within 15 s if it dies just before its turn, and within 30 s if just after,
 * and a round trip, and a second for each hello. */
static void test_dead_peer(void **state)
{
	const nk_time hellos = KEEPALIVE_TRIES * NK_S;
	nk_time died;

	(void)state;
	begin(20 * NK_MS);
	next_of(A, true);
	run(TURN - NK_S);
	sides[B].end.gone = true;
	died = world_now(world);
	assert_in_range(given_up(A) - died, 0, TURN + WAIT + hellos);
	end();

	begin(20 * NK_MS);
	next_of(B, true);
	run(2 * delay);
	sides[B].end.gone = true;
	died = world_now(world);
	assert_in_range(given_up(A) - died, 2 * TURN - NK_S, 2 * TURN + WAIT + hellos);
	end();
}

/* A NAT that only packets out refresh: a side's turn comes every 30 s. */
static struct zoo_preset outbound(double timeout_s)
{
	const nk_time t = nk_from_seconds(timeout_s);

	return (struct zoo_preset){
		.name = "outbound",
		.spec =
			{
				.translate = true,
				.mapping = NAT_EI,
				.filtering = NAT_APD,
				.ports = NAT_PORTS_RANDOM,
				.t_first = t,
				.t_replied = t,
				.t_stream = t,
				.refresh_out = true,
			},
	};
}

static unsigned losses_of_turns(double timeout_s)
{
	const struct zoo_preset preset = outbound(timeout_s);
	const struct alive_scene s = {.preset = &preset, .way = ALIVE_TURNS, .days = 1, .seed = 1};
	struct alive_result r;

	alive_scene_play(&s, false, &r);
	assert_true(r.done);
	return r.lost;
}

/* Forced where only packets out refresh, turns lose each mapping of 30 s, and none of 40 s. */
static void test_outbound_only(void **state)
{
	(void)state;
	assert_true(losses_of_turns(30) > 500);
	assert_int_equal(losses_of_turns(40), 0);
}

/* And so they are not agreed on there. */
static void test_not_agreed(void **state)
{
	const struct keepalive_offer theirs = {
		.wish = {{KEEPALIVE_TURNS, 1, 60}, {KEEPALIVE_FIXED, 1, 60}},
		.count = 2,
		.lower_s = KEEPALIVE_NO_NAT,
	};
	struct keepalive_offer ours = theirs;

	(void)state;
	ours.outbound_only = true;
	ours.lower_s = 39;
	assert_int_equal(keepalive_agree(&theirs, &ours).algorithm, KEEPALIVE_FIXED);
	assert_int_equal(keepalive_agree(&ours, &theirs).algorithm, KEEPALIVE_FIXED);
	ours.lower_s = 41;
	assert_int_equal(keepalive_agree(&theirs, &ours).algorithm, KEEPALIVE_TURNS);
	ours.outbound_only = false;
	ours.lower_s = 21;
	assert_int_equal(keepalive_agree(&theirs, &ours).algorithm, KEEPALIVE_TURNS);
	ours.lower_s = 19;
	assert_int_equal(keepalive_agree(&theirs, &ours).algorithm, KEEPALIVE_FIXED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_after_the_others),
		cmocka_unit_test(test_expected_keepalive),
		cmocka_unit_test(test_acks),
		cmocka_unit_test(test_expected_acks),
		cmocka_unit_test(test_one_per_second),
		cmocka_unit_test(test_any_traffic),
		cmocka_unit_test(test_dead_peer),
		cmocka_unit_test(test_outbound_only),
		cmocka_unit_test(test_not_agreed),
	};

	if (crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
