/*
 * A punch among strangers: replayed, reflected, forged and stray packets connect nobody, and nobody
 * is sent more than the caps allow.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "core/punch/punch.h"

#define FIRST 7 /* id of the first socket */

/* A datagram on its way. */
struct letter {
	uint8_t data[CORE_DATAGRAM_MAX];
	size_t len;
	struct addr to;
};

/**
 * struct table - Two punches, and the test as the network between them
 * @at:		Where each is
 */
struct table {
	struct rng rng;
	struct punch *punch[2];
	struct addr at[2];
	nk_time now;
};

static struct ice_secret secret(unsigned call, unsigned side)
{
	struct ice_secret s;

	snprintf(s.ufrag, sizeof(s.ufrag), "call%ufrag%u", call, side);
	snprintf(s.password, sizeof(s.password), "password-of-call-%u-side-%u", call, side);
	return s;
}

static struct punch_config config_of(const struct table *t, unsigned call, unsigned side)
{
	return (struct punch_config){
		.ours = secret(call, side),
		.theirs = secret(call, !side),
		.controlling = side == 0,
		.local = {{{CANDIDATE_SERVER_REFLEXIVE, t->at[side]}}, 1},
		.remote = {{{CANDIDATE_SERVER_REFLEXIVE, t->at[!side]}}, 1},
		.first_socket = FIRST,
		.have_v4 = true,
		.fire = t->now,
		.first_pause = 50 * NK_MS,
		.pause_factor = 1.5,
		.pause_max = 20 * NK_S,
		.give_up = 30 * NK_S,
		.tactics = TACTICS_ALL,
	};
}

static void lay(struct table *t, unsigned call)
{
	assert_int_equal(crypto_init(), 0);
	memset(t, 0, sizeof(*t));
	rng_seed_from_number(&t->rng, call);
	t->at[0] = addr_v4(203, 0, 113, 1, 40000);
	t->at[1] = addr_v4(198, 51, 100, 1, 40000);
	for (unsigned i = 0; i < 2; i++) {
		const struct punch_config c = config_of(t, call, i);

		t->punch[i] = punch_new(&c, &t->rng, 0);
		assert_non_null(t->punch[i]);
	}
}

static void clear(struct table *t)
{
	punch_free(t->punch[0]);
	punch_free(t->punch[1]);
}

/* The next datagram of a side; false if it has none now. */
static bool take(struct table *t, unsigned side, struct letter *l)
{
	struct action a;

	while (punch_output(t->punch[side], &a, t->now)) {
		if (a.kind != ACTION_SEND)
			continue;
		memcpy(l->data, a.data, a.len);
		l->len = a.len;
		l->to = a.to;
		return true;
	}
	return false;
}

static void drain(struct table *t, unsigned side)
{
	struct letter l;

	while (take(t, side, &l))
		;
}

static bool give(struct table *t, unsigned side, const struct letter *l, struct addr from)
{
	const struct event ev = {
		.kind = EVENT_DATAGRAM,
		.id = FIRST,
		.from = from,
		.data = l->data,
		.len = l->len,
	};

	return punch_input(t->punch[side], &ev, t->now);
}

static const struct punch_result *result(const struct table *t, unsigned side)
{
	return punch_result(t->punch[side]);
}

/* Nothing that a side was given has made it say anything. */
static void assert_silent(struct table *t, unsigned side)
{
	struct letter l;

	assert_false(take(t, side, &l));
	assert_false(result(t, side)->connected);
}

/* Passes on all there is, both ways, until there is no more. */
static void let_talk(struct table *t)
{
	struct letter l;

	for (bool more = true; more;) {
		more = false;
		for (unsigned i = 0; i < 2; i++) {
			while (take(t, i, &l)) {
				give(t, !i, &l, t->at[i]);
				more = true;
			}
		}
	}
}

/* The first call: what each test begins with. */
static struct table t;

static int lay_first(void **state)
{
	(void)state;
	lay(&t, 1);
	return 0;
}

static int clear_first(void **state)
{
	(void)state;
	clear(&t);
	return 0;
}

#define at_table(test) cmocka_unit_test_setup_teardown(test, lay_first, clear_first)

static void test_in_peace(void **state)
{

	(void)state;
	let_talk(&t);
	assert_true(result(&t, 0)->connected && result(&t, 1)->connected);
	assert_true(addr_eq(&result(&t, 0)->peer, &t.at[1]));
	assert_int_equal(result(&t, 0)->socket, FIRST);
}

static void test_check_of_an_earlier_call(void **state)
{
	struct table earlier;
	struct letter l;

	(void)state;
	lay(&earlier, 0);
	take(&t, 0, &l);
	assert_true(take(&earlier, 1, &l));
	assert_false(give(&t, 0, &l, t.at[1]));
	assert_silent(&t, 0);
	clear(&earlier);
}

static void test_own_check_reflected(void **state)
{
	struct letter l;

	(void)state;
	assert_true(take(&t, 0, &l));
	assert_false(give(&t, 0, &l, t.at[1]));
	assert_silent(&t, 0);
}

/* One that is heard twice is answered twice, and says no more than once. */
static void test_replay_in_one_call(void **state)
{
	const struct addr elsewhere = addr_v4(192, 0, 2, 66, 6);
	struct letter check, l;
	unsigned sent = 0;

	(void)state;
	drain(&t, 0);
	assert_true(take(&t, 1, &check));
	for (unsigned i = 0; i < 200; i++) {
		give(&t, 0, &check, elsewhere);
		while (take(&t, 0, &l))
			sent += addr_eq(&l.to, &elsewhere);
	}
	assert_int_equal(sent, PUNCH_UNPROVEN_MAX);
	assert_false(result(&t, 0)->connected);
}

static void test_every_bit_counts(void **state)
{
	struct letter check, l;

	(void)state;
	drain(&t, 0);
	assert_true(take(&t, 1, &check));
	for (size_t i = 0; i < check.len * 8; i++) {
		l = check;
		l.data[i / 8] ^= (uint8_t)(1u << i % 8);
		give(&t, 0, &l, t.at[1]);
		assert_silent(&t, 0);
	}
	assert_int_equal(result(&t, 0)->heard, 0);
	assert_true(give(&t, 0, &check, t.at[1]));
	assert_int_equal(result(&t, 0)->heard, 1);
}

static struct letter forge(const struct ice_secret *by, const struct ice_secret *to,
			   const char *password, bool fingerprint)
{
	const uint8_t tid[STUN_TID] = {1};
	const uint8_t tie[8] = {0};
	char name[2 * PUNCH_SECRET_MAX + 2];
	struct letter l = {.len = 0};
	struct wr w = wr_make(l.data, sizeof(l.data));

	snprintf(name, sizeof(name), "%s:%s", to->ufrag, by->ufrag);
	stun_begin(&w, STUN_BINDING, STUN_REQUEST, tid);
	stun_put_bytes(&w, STUN_USERNAME, name, strlen(name));
	stun_put_u32(&w, ICE_PRIORITY, 1);
	stun_put_bytes(&w, ICE_CONTROLLED, tie, sizeof(tie));
	if (password != NULL)
		stun_put_integrity(&w, password, strlen(password));
	if (fingerprint)
		stun_put_fingerprint(&w);
	l.len = stun_end(&w);
	return l;
}

/* What side 1 itself could send. */
static struct letter check_of_peer(void)
{
	const struct ice_secret ours = secret(1, 0), theirs = secret(1, 1);

	return forge(&theirs, &ours, ours.password, true);
}

static void test_forged_checks(void **state)
{
	const struct ice_secret ours = secret(1, 0), theirs = secret(1, 1);
	struct ice_secret other = theirs;
	struct letter l;

	(void)state;
	drain(&t, 0);
	/* signed with the wrong password, with none, without FINGERPRINT */
	l = forge(&theirs, &ours, theirs.password, true);
	assert_true(give(&t, 0, &l, t.at[1]));
	l = forge(&theirs, &ours, NULL, true);
	assert_true(give(&t, 0, &l, t.at[1]));
	l = forge(&theirs, &ours, ours.password, false);
	assert_true(give(&t, 0, &l, t.at[1]));
	assert_int_equal(result(&t, 0)->forged, 3);
	/* another's fragment, ours cut short, none at all */
	other.ufrag[0] = 'x';
	l = forge(&other, &ours, ours.password, true);
	assert_false(give(&t, 0, &l, t.at[1]));
	l = forge(&theirs, &other, ours.password, true);
	assert_false(give(&t, 0, &l, t.at[1]));
	other = (struct ice_secret){.ufrag = ""};
	l = forge(&theirs, &other, ours.password, true);
	assert_false(give(&t, 0, &l, t.at[1]));
	assert_silent(&t, 0);
	/* as it should be */
	l = forge(&theirs, &ours, ours.password, true);
	assert_true(give(&t, 0, &l, t.at[1]));
	assert_int_equal(result(&t, 0)->heard, 1);
	assert_false(result(&t, 0)->connected);
}

static struct letter answer(const struct letter *to, const char *password)
{
	struct letter l = {.len = 0};

	l.len = ice_answer_write(l.data, sizeof(l.data), to->data + 8, &to->to, 0, password);
	return l;
}

static void test_stray_and_forged_answers(void **state)
{
	const struct ice_secret ours = secret(1, 0), theirs = secret(1, 1);
	struct letter check, stray, l;

	(void)state;
	assert_true(take(&t, 0, &check));
	/* the peer's check is heard: only the answer is missing */
	l = forge(&theirs, &ours, ours.password, true);
	assert_true(give(&t, 0, &l, t.at[1]));
	drain(&t, 0);
	stray = check;
	stray.data[8] ^= 1;
	l = answer(&stray, theirs.password);
	assert_false(give(&t, 0, &l, t.at[1]));
	l = answer(&check, ours.password); /* as whoever reflects our own would */
	assert_true(give(&t, 0, &l, t.at[1]));
	assert_int_equal(result(&t, 0)->forged, 1);
	assert_silent(&t, 0);
	l = answer(&check, theirs.password);
	assert_true(give(&t, 0, &l, t.at[1]));
	assert_true(result(&t, 0)->connected);
}

/* HEARD of something that we never sent acknowledges nothing. */
static void test_heard_of_nothing(void **state)
{
	const struct ice_secret ours = secret(1, 0), theirs = secret(1, 1);
	const uint8_t tid[STUN_TID] = {2}, never[STUN_TID] = {3};
	const struct ice_check say = {.priority = 1, .heard = never};
	char name[2 * PUNCH_SECRET_MAX + 2];
	struct letter l;

	(void)state;
	drain(&t, 0);
	snprintf(name, sizeof(name), "%s:%s", ours.ufrag, theirs.ufrag);
	l.len = ice_check_write(l.data, sizeof(l.data), &say, tid, name, ours.password);
	assert_true(give(&t, 0, &l, t.at[1]));
	assert_int_equal(result(&t, 0)->heard, 1);
	assert_false(result(&t, 0)->connected);
}

/* The peer itself forges source addresses: each gets little, and there are not many. */
static void test_peer_names_victims(void **state)
{
	const struct letter check = check_of_peer();
	const struct addr victim = addr_v4(192, 0, 2, 66, 0);
	unsigned sent = 0;
	struct letter l;

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		t.now += 10 * NK_MS;
		give(&t, 0, &check, addr_with_port(victim, (uint16_t)(1000 + i % 1000)));
		while (take(&t, 0, &l))
			sent += addr_same_ip(&l.to, &victim);
	}
	assert_true(sent > 0 && sent <= PUNCH_UNPROVEN_MAX * PUNCH_ADDRS_MAX);
	assert_false(result(&t, 0)->connected);
}

/* Where ports may be guessed there are many, and each of them gets as little. */
static void test_ports_of_the_hard_ip(void **state)
{
	const struct letter check = check_of_peer();
	unsigned sent[100] = {0};
	struct punch_config c;
	struct letter l;

	(void)state;
	c = config_of(&t, 1, 0);
	c.hard = true;
	c.hard_ip = addr_with_port(t.at[1], 0);
	punch_free(t.punch[0]);
	t.punch[0] = punch_new(&c, &t.rng, 0);
	assert_non_null(t.punch[0]);
	for (unsigned i = 0; i < 100 * 100; i++) {
		t.now += NK_MS / 10;
		give(&t, 0, &check, addr_with_port(t.at[1], (uint16_t)(1000 + i % 100)));
		while (take(&t, 0, &l))
			if (l.to.port >= 1000 && l.to.port < 1100)
				sent[l.to.port - 1000]++;
	}
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(sent[i], PUNCH_UNPROVEN_MAX);
}

/* Many addresses at once, as of a peer who tries many sockets, and most of them gone soon: the
 * first one is not forgotten for them. */
static void test_first_heard_stays(void **state)
{
	const struct letter check = check_of_peer();
	const struct addr first = addr_v4(198, 51, 100, 1, 999);
	unsigned to_first = 0;
	struct letter l;

	(void)state;
	for (unsigned i = 0; i < 256; i++) {
		give(&t, 0, &check, addr_with_port(first, (uint16_t)(999 + i)));
		drain(&t, 0);
	}
	for (unsigned i = 0; i < 100; i++) {
		t.now += 10 * NK_MS;
		while (take(&t, 0, &l))
			to_first += addr_eq(&l.to, &first);
	}
	assert_true(to_first > 1);
}

/* Whatever an answer is to, it is no longer than that, and goes where that came from. */
static void test_no_amplification(void **state)
{
	const struct letter check = check_of_peer();
	struct letter l;

	(void)state;
	drain(&t, 0);
	give(&t, 0, &check, t.at[1]);
	assert_true(take(&t, 0, &l));
	assert_true(l.len <= check.len);
	assert_true(addr_eq(&l.to, &t.at[1]));
}

/* Not for us: other protocols, other methods, and a server's answers. */
static void test_foreign(void **state)
{
	const uint8_t tid[STUN_TID] = {9};
	struct letter l = {.data = {0xf0, 1, 2, 3}, .len = 4};
	struct wr w = wr_make(l.data, sizeof(l.data));

	(void)state;
	assert_false(give(&t, 0, &l, t.at[1]));
	l.len = 0;
	assert_false(give(&t, 0, &l, t.at[1]));
	stun_begin(&w, STUN_BINDING, STUN_SUCCESS, tid);
	stun_put_xor_addr(&w, STUN_XOR_MAPPED_ADDRESS, &t.at[0]);
	l.len = stun_end(&w);
	assert_false(give(&t, 0, &l, t.at[1]));
	w = wr_make(l.data, sizeof(l.data));
	stun_begin(&w, 0x0e8, STUN_REQUEST, tid);
	l.len = stun_end(&w);
	assert_false(give(&t, 0, &l, t.at[1]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		at_table(test_in_peace),
		at_table(test_check_of_an_earlier_call),
		at_table(test_own_check_reflected),
		at_table(test_replay_in_one_call),
		at_table(test_every_bit_counts),
		at_table(test_forged_checks),
		at_table(test_stray_and_forged_answers),
		at_table(test_heard_of_nothing),
		at_table(test_peer_names_victims),
		at_table(test_ports_of_the_hard_ip),
		at_table(test_first_heard_stays),
		at_table(test_no_amplification),
		at_table(test_foreign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
