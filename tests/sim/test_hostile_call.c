/*
 * Calls among the hostile: a broker that forges, replays, swaps, reorders and drops; a caller who
 * lists a victim's address; a stranger who rings (natkit-protocol(7), SECURITY).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "core/call/call_state.h"
#include "core/call/natpunch_state.h"
#include "pair.h"
#include "wire/rendezvous_msg.h"

#define LIMIT      (60 * NK_S)
#define DELAY      (20 * NK_MS)
#define STORED_MAX 8

/**
 * struct hostile - What a broker has seen, and what it will do
 * @method:	The messages that it meddles with
 * @stored:	The first of them, as sent
 * @forge:	Changes a bit of each; @drop: so many of them are lost; @swap: instead of each the
 *		first stored one goes; @twice: each is sent twice
 * @replay:	The stored ones are sent once more, in the wrong order; if @anew is set there
 */
struct hostile {
	uint16_t method;
	struct action stored[STORED_MAX];
	unsigned stored_count, seen, replayed;
	bool forge, swap, twice, replay, due;
	unsigned drop;
	struct action again;
	struct addr anew;
};

static bool is_of(const struct action *a, uint16_t method)
{
	struct stun_msg m;

	return stun_read(&m, a->data, a->len) == 0 && m.cls == STUN_INDICATION &&
	       m.method == method;
}

static void store(struct hostile *h, const struct action *a)
{
	if (h->stored_count < STORED_MAX)
		h->stored[h->stored_count++] = *a;
}

/* In what the two sides have sealed, near its end. */
static void flip(struct action *a)
{
	struct stun_msg m;
	struct rd body;

	assert_int_equal(stun_read(&m, a->data, a->len), 0);
	assert_true(stun_find(&m, RENDEZVOUS_ATTR_BODY, &body));
	a->data[body.end - a->data - 20] ^= 1;
}

static bool passes(void *user, struct action *a)
{
	struct hostile *h = user;

	if (!is_of(a, h->method))
		return true;
	h->seen++;
	if (h->swap) {
		const struct addr to = a->to;

		*a = h->stored[0];
		a->to = to;
	}
	store(h, a);
	if (h->forge)
		flip(a);
	if (h->seen <= h->drop)
		return false;
	h->due = h->twice;
	h->again = *a;
	return true;
}

static bool adds(void *user, struct action *a)
{
	struct hostile *h = user;

	if (h->due) {
		h->due = false;
		*a = h->again;
		return true;
	}
	if (!h->replay || h->replayed == h->stored_count)
		return false;
	*a = h->stored[h->stored_count - ++h->replayed];
	if (addr_family(&h->anew) != ADDR_NONE)
		a->to = h->anew;
	return true;
}

static struct pair_plan plan_of(uint64_t seed, struct hostile *h)
{
	struct pair_plan plan = pair_plan(seed, DELAY);

	plan.ends[PAIR_CALLS].options = pair_options(PUNCH_SEND);
	plan.ends[PAIR_CALLS].say = "hi\n";
	plan.ends[PAIR_CALLS].then_end = true;
	plan.meddler = (struct pair_meddler){passes, adds, h};
	return plan;
}

static enum call_end play(struct pair *p, const struct pair_plan *plan)
{
	pair_set(p, plan);
	assert_int_equal(pair_run(p, LIMIT), CORE_DONE);
	return natpunch_end(p->ends[PAIR_CALLS].run);
}

static unsigned calls_of(const struct pair *p, enum pair_who who)
{
	struct call_report r;
	unsigned n = 0;

	while (natpunch_call(p->ends[who].run, n, &r))
		n++;
	return n;
}

static void test_forged_offer(void **state)
{
	struct hostile h = {.method = RENDEZVOUS_CALL, .forge = true};
	const struct pair_plan plan = plan_of(1, &h);
	struct pair p;

	(void)state;
	assert_int_equal(play(&p, &plan), CALL_NO_ANSWER);
	assert_true(h.seen > 1);
	assert_int_equal(calls_of(&p, PAIR_LISTENS), 0);
	assert_int_equal(pair_told(&p, PAIR_LISTENS, NATPUNCH_RANG, 1), NK_NEVER);
	pair_strike(&p);
}

static void test_forged_answer(void **state)
{
	struct hostile h = {.method = RENDEZVOUS_ANSWER, .forge = true};
	const struct pair_plan plan = plan_of(2, &h);
	struct pair p;

	(void)state;
	assert_int_equal(play(&p, &plan), CALL_NO_ANSWER);
	assert_true(h.seen > 1);
	assert_int_equal(pair_told(&p, PAIR_CALLS, NATPUNCH_CONNECTED, 1), NK_NEVER);
	assert_int_equal(pair_told(&p, PAIR_LISTENS, NATPUNCH_CONNECTED, 1), NK_NEVER);
	pair_strike(&p);
}

/* Another run of the caller, who calls again. */
static enum call_end call_again(struct pair *p)
{
	struct natpunch *first = p->ends[PAIR_CALLS].run;

	p->ends[PAIR_CALLS].event_count = 0;
	p->ends[PAIR_CALLS].say = "again\n";
	pair_start(p, PAIR_CALLS);
	natpunch_free(first);
	assert_int_equal(pair_run(p, world_now(p->world) + LIMIT), CORE_DONE);
	return natpunch_end(p->ends[PAIR_CALLS].run);
}

/* What a listener does with offers that it has had, the newest or older ones: nothing, and not a
 * packet to the caller. */
static void test_replayed_offers(void **state)
{
	struct hostile h = {.method = RENDEZVOUS_CALL};
	const struct pair_plan plan = plan_of(3, &h);
	unsigned packets;
	struct pair p;

	(void)state;
	assert_int_equal(play(&p, &plan), CALL_CLOSED);
	assert_int_equal(call_again(&p), CALL_CLOSED);
	world_run(p.world, NULL, world_now(p.world) + 10 * NK_S);
	assert_int_equal(calls_of(&p, PAIR_LISTENS), 2);
	assert_true(h.stored_count >= 2);
	packets = p.ends[PAIR_LISTENS].packets;
	h.replay = true;
	world_run(p.world, NULL, world_now(p.world) + 40 * NK_S);
	assert_int_equal(h.replayed, h.stored_count);
	assert_int_equal(calls_of(&p, PAIR_LISTENS), 2);
	assert_in_range(p.ends[PAIR_LISTENS].packets - packets, 1, 4); /* refreshes */
	pair_strike(&p);
}

/* Nor does it when it was started anew, and was told of what it had seen. */
static void test_replayed_to_next_run(void **state)
{
	static struct punch_seen seen[PUNCH_SEEN_MAX];
	struct hostile h = {.method = RENDEZVOUS_CALL};
	const struct pair_plan plan = plan_of(18, &h);
	struct pair_end *listener;
	struct natpunch *first;
	unsigned count;
	struct pair p;

	(void)state;
	assert_int_equal(play(&p, &plan), CALL_CLOSED);
	listener = &p.ends[PAIR_LISTENS];
	first = listener->run;
	assert_true(natpunch_seen(first, seen, &count));
	assert_int_equal(count, 1);
	assert_false(natpunch_seen(first, seen, &count));
	listener->options.seen = seen;
	listener->options.seen_count = count;
	listener->event_count = 0;
	pair_start(&p, PAIR_LISTENS);
	natpunch_free(first);
	world_run(p.world, NULL, world_now(p.world) + 5 * NK_S);
	assert_int_equal(listener->events[0].kind, NATPUNCH_REGISTERED);
	h.anew = listener->events[0].addr;
	h.replay = true;
	world_run(p.world, NULL, world_now(p.world) + 40 * NK_S);
	assert_true(h.stored_count > 0);
	assert_int_equal(h.replayed, h.stored_count);
	assert_int_equal(calls_of(&p, PAIR_LISTENS), 0);
	h.replay = false;
	assert_int_equal(call_again(&p), CALL_CLOSED); /* but takes new ones */
	pair_strike(&p);
}

/* Which packets a caller loses, on their way to the listener. */
struct losses {
	bool checks, session;
};

static bool is_check(const struct action *a)
{
	struct stun_msg m;

	return stun_read(&m, a->data, a->len) == 0 && m.method == STUN_BINDING;
}

static bool loses(void *user, const struct action *a)
{
	const struct losses *l = user;

	return !(l->checks && is_check(a)) && !(l->session && (a->data[0] & 0xC0) == 0xC0);
}

static bool count_checks(void *user, const struct action *a)
{
	unsigned *checks = user;

	*checks += is_check(a);
	return true;
}

/* A call that was to be mended by an offer, and then came back by itself: the same offer again makes
 * the listener send nothing. */
static void test_replayed_mending(void **state)
{
	struct hostile h = {.method = RENDEZVOUS_CALL};
	struct losses l = {.checks = false};
	struct pair_plan plan = pair_plan(13, DELAY);
	unsigned checks = 0;
	struct pair p;

	(void)state;
	plan.meddler = (struct pair_meddler){passes, adds, &h};
	pair_set(&p, &plan);
	pair_say(&p, PAIR_CALLS, "one\n");
	assert_true(pair_hears(&p, PAIR_LISTENS, "one\n", LIMIT) != NK_NEVER);
	p.ends[PAIR_CALLS].watch = loses;
	p.ends[PAIR_CALLS].user = &l;
	l = (struct losses){.checks = true, .session = true};
	assert_true(pair_wait(&p, PAIR_CALLS, NATPUNCH_PATH_LOST, 1, LIMIT) != NK_NEVER);
	world_run(p.world, NULL, world_now(p.world) + NK_S);
	l.session = false;
	assert_true(pair_wait(&p, PAIR_CALLS, NATPUNCH_MENDED, 1, 2 * LIMIT) != NK_NEVER);
	world_run(p.world, NULL, world_now(p.world) + 40 * NK_S);
	p.ends[PAIR_LISTENS].watch = count_checks;
	p.ends[PAIR_LISTENS].user = &checks;
	h.replay = true;
	world_run(p.world, NULL, world_now(p.world) + 40 * NK_S);
	assert_true(h.stored_count >= 2);
	assert_int_equal(h.replayed, h.stored_count);
	assert_int_equal(checks, 0);
	pair_strike(&p);
}

/* Who has closed a session cannot hold the listener's place for it by offers to mend it. */
static void test_mends_what_is_closed(void **state)
{
	const struct pair_plan plan = pair_plan(19, 150 * NK_MS);
	struct losses l = {.session = true};
	struct call *c;
	nk_time closed;
	struct pair p;

	(void)state;
	pair_set(&p, &plan);
	pair_say(&p, PAIR_CALLS, "one\n");
	assert_true(pair_hears(&p, PAIR_LISTENS, "one\n", LIMIT) != NK_NEVER);
	world_run(p.world, NULL, world_now(p.world) + 5 * NK_S);
	p.ends[PAIR_CALLS].watch = loses;
	p.ends[PAIR_CALLS].user = &l;
	closed = world_now(p.world);
	c = p.ends[PAIR_LISTENS].run->talks[0].call;
	call_closed_by_peer(c, closed);
	world_tell(p.world, p.ends[PAIR_CALLS].host, &(struct event){.kind = EVENT_RESUMED});
	assert_in_range(pair_wait(&p, PAIR_LISTENS, NATPUNCH_CLOSED, 1, LIMIT) - closed, 0,
			5 * NK_S);
	pair_strike(&p);
}

/* Whoever takes a machine in the midst of a call does not find the keys that the call began with: the
 * session replaces its own, and all later ones can be computed from the first. */
static void test_first_keys_are_wiped(void **state)
{
	static const struct noise_keys none;
	const struct pair_plan plan = pair_plan(14, DELAY);
	struct pair p;

	(void)state;
	pair_set(&p, &plan);
	pair_say(&p, PAIR_CALLS, "one\n");
	assert_true(pair_hears(&p, PAIR_LISTENS, "one\n", LIMIT) != NK_NEVER);
	for (unsigned who = 0; who <= PAIR_LISTENS; who++) {
		const struct call *c = p.ends[who].run->talks[0].call;

		assert_memory_equal(attempt_keys(c->attempts[c->carrying]), &none, sizeof(none));
	}
	pair_strike(&p);
}

/* Two calls of one caller, and the second is given the answer to the first. */
static void test_swapped_answers(void **state)
{
	struct hostile h = {.method = RENDEZVOUS_ANSWER};
	const struct pair_plan plan = plan_of(4, &h);
	struct pair p;

	(void)state;
	assert_int_equal(play(&p, &plan), CALL_CLOSED);
	h.swap = true;
	assert_int_equal(call_again(&p), CALL_NO_ANSWER);
	assert_true(h.seen > 2);
	pair_strike(&p);
}

static void assert_one_call(struct hostile *h, uint64_t seed)
{
	const struct pair_plan plan = plan_of(seed, h);
	struct pair p;

	assert_int_equal(play(&p, &plan), CALL_CLOSED);
	assert_string_equal((char *)p.ends[PAIR_LISTENS].heard, "hi\n");
	assert_int_equal(calls_of(&p, PAIR_LISTENS), 1);
	pair_strike(&p);
}

static void test_doubled_and_reordered(void **state)
{
	static const uint16_t methods[] = {RENDEZVOUS_CALL, RENDEZVOUS_ANSWER};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct hostile h = {.method = methods[i], .twice = true, .replay = true};

		assert_one_call(&h, 5 + i);
		assert_true(h.seen > 0);
	}
}

static void test_some_dropped(void **state)
{
	static const uint16_t methods[] = {RENDEZVOUS_CALL, RENDEZVOUS_ANSWER};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct hostile h = {.method = methods[i], .drop = 3};

		assert_one_call(&h, 7 + i);
		assert_true(h.seen > 3);
	}
}

static void test_all_dropped(void **state)
{
	struct hostile h = {.method = RENDEZVOUS_CALL, .drop = 1000};
	const struct pair_plan plan = plan_of(9, &h);
	struct pair p;

	(void)state;
	assert_int_equal(play(&p, &plan), CALL_NO_ANSWER);
	pair_strike(&p);
}

/* Packets by destination */
struct victim {
	struct addr ip;
	unsigned packets;
};

static bool count_to(void *user, const struct action *a)
{
	struct victim *v = user;

	v->packets += addr_same_ip(&a->to, &v->ip);
	return true;
}

/* The caller names somebody else's address as its own: all that he gets is what the cap allows. */
static void listed_victim(uint64_t seed, bool hard)
{
	struct hostile h = {0};
	struct pair_plan plan = plan_of(seed, &h);
	struct victim v = {.ip = addr_v4(198, 51, 100, 77, 0)};
	struct pair_end_plan *caller = &plan.ends[PAIR_CALLS];
	struct pair p;

	caller->options.call.hosts[0] = v.ip;
	caller->options.call.host_count = 1;
	caller->nats[0].mapping = NAT_APD;
	caller->nats[0].ports = NAT_PORTS_RANDOM;
	for (unsigned i = 0; i <= PAIR_LISTENS; i++)
		plan.ends[i].options.call.hard = hard;
	pair_set(&p, &plan);
	p.ends[PAIR_LISTENS].watch = count_to;
	p.ends[PAIR_LISTENS].user = &v;
	world_run(p.world, NULL, LIMIT);
	assert_in_range(v.packets, 1, PUNCH_UNPROVEN_MAX);
	pair_strike(&p);
}

static void test_listed_victim(void **state)
{
	(void)state;
	listed_victim(10, false);
	listed_victim(11, true);
}

/* A broker that has seen the listener somewhere else. */
static bool moves_listener(void *user, struct action *a)
{
	struct stun_msg m;
	struct rd from;

	(void)user;
	if (is_of(a, RENDEZVOUS_ANSWER) && stun_read(&m, a->data, a->len) == 0 &&
	    stun_find(&m, RENDEZVOUS_ATTR_FROM, &from))
		a->data[from.end - a->data - 1] ^= 1;
	return true;
}

/* A listener whose ports are random: the caller finds it by many probes, or there is no path. */
static enum call_end call_random(bool (*broker)(void *, struct action *))
{
	struct hostile h = {0};
	struct pair_plan plan = plan_of(17, &h);
	enum call_end end;
	struct pair p;

	plan.meddler.passes = broker;
	plan.ends[PAIR_CALLS].nats[0].mapping = NAT_EI;
	plan.ends[PAIR_LISTENS].nats[0].mapping = NAT_APD;
	plan.ends[PAIR_LISTENS].nats[0].ports = NAT_PORTS_RANDOM;
	for (unsigned i = 0; i <= PAIR_LISTENS; i++)
		plan.ends[i].options.call.hard = true;
	end = play(&p, &plan);
	pair_strike(&p);
	return end;
}

/* An answer that names an address at which the broker has not seen the listener: not many packets. */
static void test_answer_from_elsewhere(void **state)
{
	(void)state;
	assert_int_equal(call_random(passes), CALL_CLOSED);
	assert_int_equal(call_random(moves_listener), CALL_NO_PATH);
}

/* Two callers at once, whom their listener is hard to reach for: it sends many packets for one only. */
static void test_one_hard_run(void **state)
{
	struct hostile h = {0};
	struct pair_plan plan = plan_of(19, &h);
	struct call_report one, two;
	struct pair p;

	(void)state;
	plan.ends[PAIR_TOO] = pair_end_plan(PUNCH_CALL, 3, DELAY);
	plan.ends[PAIR_LISTENS].nats[0].mapping = NAT_APD;
	plan.ends[PAIR_LISTENS].nats[0].ports = NAT_PORTS_RANDOM;
	plan.ends[PAIR_LISTENS].options.calls_max = 2;
	for (unsigned i = 0; i < PAIR_ENDS; i++) {
		plan.ends[i].nats[0].filtering = NAT_APD;
		plan.ends[i].options.call.hard = true;
	}
	pair_set(&p, &plan);
	assert_true(pair_wait(&p, PAIR_CALLS, NATPUNCH_ANSWERED, 1, LIMIT) != NK_NEVER);
	assert_true(pair_wait(&p, PAIR_TOO, NATPUNCH_ANSWERED, 1, LIMIT) != NK_NEVER);
	assert_true(natpunch_call(p.ends[PAIR_CALLS].run, 0, &one));
	assert_true(natpunch_call(p.ends[PAIR_TOO].run, 0, &two));
	assert_int_equal((one.peer.flags ^ two.peer.flags) & OFFER_HARD, OFFER_HARD);
	pair_strike(&p);
}

/* What a caller sends, and when: it follows from all that it hears. */
static bool hash_of(void *user, const struct action *a)
{
	uint8_t *hash = user;
	uint8_t both[32 + sizeof(a->len)];

	memcpy(both, hash, 32);
	memcpy(both + 32, &a->len, sizeof(a->len));
	crypto_sha256(hash, both, sizeof(both));
	return true;
}

struct ringing {
	nk_time acknowledged, over;
	unsigned packets;
	uint8_t lengths[32];
};

/* A stranger rings @key: registered, but it does not allow him; or nobody's. */
static void ring_as_stranger(struct ringing *out, bool registered)
{
	static const struct punch_contact others[1] = {{.key = {1}}};
	struct hostile h = {0};
	struct pair_plan plan = plan_of(12, &h);
	struct call_report r;
	struct identity nobody;
	struct pair p;

	identity_from_seed(&nobody, (const uint8_t[32]){9});
	plan.ends[PAIR_LISTENS].options.allowed = others;
	plan.ends[PAIR_LISTENS].options.allowed_count = 1;
	plan.ends[PAIR_CALLS].options.callee.name = registered ? NULL : "nobody";
	memcpy(plan.ends[PAIR_CALLS].options.callee.key, nobody.sign_public, 32);
	pair_set(&p, &plan);
	memset(out, 0, sizeof(*out));
	p.ends[PAIR_CALLS].watch = hash_of;
	p.ends[PAIR_CALLS].user = out->lengths;
	assert_int_equal(pair_run(&p, LIMIT), CORE_DONE);
	assert_int_equal(natpunch_end(p.ends[PAIR_CALLS].run), CALL_NO_ANSWER);
	assert_int_equal(pair_told(&p, PAIR_LISTENS, NATPUNCH_RANG, 1) != NK_NEVER, registered);
	assert_true(natpunch_call(p.ends[PAIR_CALLS].run, 0, &r));
	out->acknowledged = r.acknowledged;
	out->over = world_now(p.world);
	out->packets = p.ends[PAIR_CALLS].packets;
	pair_strike(&p);
}

/* Whom we do not allow is told of by the key that its card has. */
static void test_stranger_is_named(void **state)
{
	static const struct punch_contact others[1] = {{.key = {1}}};
	struct hostile h = {0};
	struct pair_plan plan = plan_of(15, &h);
	const struct pair_end *listener;
	struct pair p;
	unsigned i = 0;

	(void)state;
	plan.ends[PAIR_LISTENS].options.allowed = others;
	plan.ends[PAIR_LISTENS].options.allowed_count = 1;
	assert_int_equal(play(&p, &plan), CALL_NO_ANSWER);
	listener = &p.ends[PAIR_LISTENS];
	while (i < listener->event_count && listener->events[i].kind != NATPUNCH_RANG)
		i++;
	assert_true(i < listener->event_count);
	assert_memory_equal(listener->events[i].key, p.ends[PAIR_CALLS].identity.sign_public, 32);
	pair_strike(&p);
}

/* A caller who says that it has somebody else's key is nobody. */
static void test_key_of_another(void **state)
{
	struct hostile h = {0};
	struct pair_plan plan = plan_of(16, &h);
	struct identity another;
	struct pair p;

	(void)state;
	plan.ends[PAIR_LISTENS].options.allow_any = true;
	identity_from_seed(&another, (const uint8_t[32]){9});
	pair_set(&p, &plan);
	memcpy(p.ends[PAIR_CALLS].identity.sign_public, another.sign_public, 32);
	assert_int_equal(pair_run(&p, LIMIT), CORE_DONE);
	assert_int_equal(natpunch_end(p.ends[PAIR_CALLS].run), CALL_NO_ANSWER);
	assert_int_equal(calls_of(&p, PAIR_LISTENS), 0);
	pair_strike(&p);
}

static void test_stranger_learns_nothing(void **state)
{
	struct ringing known, unknown;

	(void)state;
	ring_as_stranger(&known, true);
	ring_as_stranger(&unknown, false);
	assert_memory_equal(&known, &unknown, sizeof(known));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forged_offer),
		cmocka_unit_test(test_forged_answer),
		cmocka_unit_test(test_replayed_offers),
		cmocka_unit_test(test_replayed_mending),
		cmocka_unit_test(test_mends_what_is_closed),
		cmocka_unit_test(test_first_keys_are_wiped),
		cmocka_unit_test(test_swapped_answers),
		cmocka_unit_test(test_doubled_and_reordered),
		cmocka_unit_test(test_some_dropped),
		cmocka_unit_test(test_all_dropped),
		cmocka_unit_test(test_listed_victim),
		cmocka_unit_test(test_stranger_learns_nothing),
		cmocka_unit_test(test_replayed_to_next_run),
		cmocka_unit_test(test_answer_from_elsewhere),
		cmocka_unit_test(test_one_hard_run),
		cmocka_unit_test(test_stranger_is_named),
		cmocka_unit_test(test_key_of_another),
	};

	if (crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
