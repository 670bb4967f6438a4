/* A hundred thousand registrations against a plain array of what they should be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/broker/registry.h"

#define MANY  100000
#define START (5000 * NK_S)

/* What is expected of one key. */
struct want {
	struct addr from;
	nk_time heard;
	bool held;
};

static const struct endpoint endpoint = {.id = 0};
static const struct keepalive_terms turns = {KEEPALIVE_TURNS, 15};

static void key_of(uint8_t key[static CRYPTO_KEY], uint32_t i)
{
	memset(key, 0x5a, CRYPTO_KEY);
	memcpy(key, &i, sizeof(i));
}

/* Some share an IP, none a port of it. */
static struct addr from_of(uint32_t i, unsigned move)
{
	const uint32_t ip = i % (MANY / 2);

	return addr_v4(10, (uint8_t)(ip >> 16), (uint8_t)(ip >> 8), (uint8_t)ip,
		       (uint16_t)(1 + 2 * (i / (MANY / 2)) + move % 2));
}

static void start(struct registry *r, unsigned max, unsigned per_ip)
{
	struct broker_config c = broker_default_config();
	struct rng rng;

	assert_int_equal(crypto_init(), 0);
	rng_seed_from_number(&rng, 9);
	c.registrations_max = max;
	c.registrations_per_ip = per_ip;
	assert_int_equal(registry_init(r, &c, &rng), 0);
}

static void check(const struct registry *r, const struct want *want, uint32_t i)
{
	const struct listener *at = registry_at(r, &want->from), *l;
	uint8_t key[CRYPTO_KEY];

	key_of(key, i);
	l = registry_find(r, key);
	assert_int_equal(l != NULL, want->held);
	if (l == NULL)
		return;
	assert_ptr_equal(l, at);
	assert_memory_equal(l->key, key, sizeof(key));
	assert_true(addr_eq(&l->from, &want->from));
}

/* Held for 60 s, and forgotten within two ticks after that. */
static void expire(struct registry *r, struct want *want, nk_time now)
{
	while (registry_deadline(r) <= now)
		assert_null(registry_turn(r, now));
	for (uint32_t i = 0; i < MANY; i++) {
		const nk_time late = now - want[i].heard - 60 * NK_S;

		if (late > 0 && (late > 140 * NK_MS || registry_at(r, &want[i].from) == NULL))
			want[i].held = false;
	}
}

/* They come, are heard, move and are forgotten, all at random, for ten minutes. */
static void test_many(void **state)
{
	struct want *want = calloc(MANY, sizeof(*want));
	struct registry r;
	struct rng rng;
	nk_time now = START;

	(void)state;
	assert_non_null(want);
	start(&r, MANY, 16);
	rng_seed_from_number(&rng, 10);
	for (unsigned round = 0; round < 10; round++) {
		for (unsigned n = 0; n < MANY / 2; n++) {
			const uint32_t i = rng_below(&rng, MANY);
			struct want *x = &want[i];
			uint8_t key[CRYPTO_KEY];

			key_of(key, i);
			if (!x->held || rng_below(&rng, 4) == 0) {
				*x = (struct want){from_of(i, rng_u32(&rng)), now, true};
				assert_non_null(registry_put(&r, key, &x->from, &endpoint, now));
			} else {
				x->heard = now;
				registry_heard(registry_find(&r, key), true, now);
			}
			now += 300;
		}
		now += 30 * NK_S;
		expire(&r, want, now);
		for (uint32_t i = 0; i < MANY; i++)
			check(&r, &want[i], i);
	}
	now += 61 * NK_S;
	expire(&r, want, now);
	assert_int_equal(r.pool.used, 0);
	assert_int_equal(registry_deadline(&r), NK_NEVER);
	registry_free(&r);
	free(want);
}

/* One registration for an address, one for a key. */
static void test_one_each(void **state)
{
	const struct addr here = from_of(1, 0), there = from_of(2, 0);
	uint8_t key[2][CRYPTO_KEY];
	struct registry r;

	(void)state;
	start(&r, 4, 4);
	key_of(key[0], 0);
	key_of(key[1], 1);
	assert_non_null(registry_put(&r, key[0], &here, &endpoint, START));
	assert_non_null(registry_put(&r, key[1], &there, &endpoint, START));
	assert_int_not_equal(registry_token(&r, key[0], &here), registry_token(&r, key[0], &there));
	assert_int_not_equal(registry_token(&r, key[0], &here), registry_token(&r, key[1], &here));

	assert_non_null(
		registry_put(&r, key[0], &there, &endpoint, START)); /* and no other is anywhere */
	assert_int_equal(r.pool.used, 1);
	assert_null(registry_find(&r, key[1]));
	assert_null(registry_at(&r, &here));
	registry_free(&r);
}

/* Whoever moves to where there is no room stays registered where it was; within a full network it moves. */
static void test_moves(void **state)
{
	const struct addr home = from_of(1, 0), next_door = from_of(1, 1), full = from_of(2, 0),
			  beside = from_of(2, 1);
	struct listener *l;
	struct registry r;
	uint8_t key[2][CRYPTO_KEY];

	(void)state;
	start(&r, 2, 1);
	key_of(key[0], 0);
	key_of(key[1], 1);
	l = registry_put(&r, key[0], &home, &endpoint, START);
	assert_non_null(registry_put(&r, key[1], &full, &endpoint, START));
	assert_null(registry_put(&r, key[0], &beside, &endpoint, START));
	assert_non_null(l);
	assert_ptr_equal(registry_find(&r, key[0]), l);
	assert_ptr_equal(registry_at(&r, &home), l);

	registry_agree(&r, l, &turns, START);
	assert_ptr_equal(registry_put(&r, key[0], &next_door, &endpoint, START), l);
	assert_int_equal(l->terms[0], KEEPALIVE_FIXED); /* until it says what it wants there */
	assert_ptr_equal(registry_at(&r, &next_door), l);
	assert_null(registry_at(&r, &home));
	assert_int_equal(r.pool.used, 2);
	registry_free(&r);
}

static void test_endpoints_are_few(void **state)
{
	const struct addr here = from_of(1, 0), from = from_of(1, 1);
	struct endpoint at = {.id = 0};
	uint8_t key[CRYPTO_KEY];
	struct listener *l;
	struct registry r;

	(void)state;
	start(&r, 4, 4);
	key_of(key, 0);
	l = registry_put(&r, key, &here, &endpoint, START);
	for (unsigned i = 1; i < REGISTRY_ENDPOINTS; i++) {
		at.local = addr_v4(192, 0, 2, (uint8_t)i, 3478);
		assert_true(registry_contacts(&r, l, &at));
		assert_true(addr_eq(&registry_endpoint(&r, l)->local, &at.local));
	}
	at.id = 1;
	assert_false(registry_contacts(&r, l, &at));
	assert_null(registry_put(&r, key, &from, &at, START));
	assert_ptr_equal(registry_at(&r, &here), l);
	at.id = 0;
	at.local = addr_v4(192, 0, 2, 7, 3478);
	assert_true(registry_contacts(&r, l, &at));
	assert_true(addr_eq(&registry_endpoint(&r, l)->local, &at.local));
	registry_free(&r);
}

/* The time of the next turn, if that is by @until; time goes on from @now. */
static nk_time next_turn(struct registry *r, struct listener *l, nk_time now, nk_time until)
{
	while (registry_deadline(r) <= until) {
		now = nk_max(now, registry_deadline(r));
		if (registry_turn(r, now) == l)
			return now;
	}
	return NK_NEVER;
}

/* Once, 15 s after it was heard, and then no more; the end is three periods and some seconds away. */
static void test_turns(void **state)
{
	const struct addr here = from_of(1, 0);
	nk_time now = START, turn;
	uint8_t key[CRYPTO_KEY];
	struct listener *l;
	struct registry r;

	(void)state;
	start(&r, 4, 4);
	key_of(key, 0);
	l = registry_put(&r, key, &here, &endpoint, now);
	registry_agree(&r, l, &turns, now);
	assert_int_equal(registry_lifetime(&r, l), 95 * NK_S);
	registry_heard(l, true, now);
	for (unsigned i = 0; i < 50; i++) {
		turn = next_turn(&r, l, now, now + 16 * NK_S);
		assert_in_range(turn, now + 15 * NK_S, now + 15 * NK_S + 340 * NK_MS);
		now = turn + 10 * NK_S;
		registry_heard(l, true, now);
		now += 10 * NK_S; /* more of it before our turn: that is postponed */
		registry_heard(l, true, now);
	}
	assert_in_range(next_turn(&r, l, now, now + 16 * NK_S), now + 15 * NK_S, now + 16 * NK_S);
	assert_int_equal(r.pool.used, 1);
	assert_int_equal(next_turn(&r, l, now, now + 94 * NK_S), NK_NEVER);
	assert_int_equal(r.pool.used, 1);
	assert_int_equal(next_turn(&r, l, now, now + 96 * NK_S), NK_NEVER);
	assert_int_equal(r.pool.used, 0);
	assert_int_equal(r.expired, 1);
	registry_free(&r);
}

/* From rare keepalives to turns: what is due sooner is not found when the old time has come. */
static void test_terms_change(void **state)
{
	static const struct keepalive_terms rare = {KEEPALIVE_LEARNED, 600};
	const struct addr here = from_of(1, 0);
	uint8_t key[CRYPTO_KEY];
	struct listener *l;
	struct registry r;

	(void)state;
	start(&r, 4, 4);
	key_of(key, 0);
	l = registry_put(&r, key, &here, &endpoint, START);
	registry_agree(&r, l, &rare, START);
	assert_int_equal(registry_lifetime(&r, l), 1805 * NK_S);
	assert_int_equal(next_turn(&r, l, START, START + 1804 * NK_S), NK_NEVER);
	assert_ptr_equal(registry_find(&r, key), l);
	registry_heard(l, true, START + 1804 * NK_S);
	registry_agree(&r, l, &turns, START + 1804 * NK_S);
	assert_in_range(next_turn(&r, l, START + 1804 * NK_S, START + 1900 * NK_S),
			START + 1819 * NK_S, START + 1820 * NK_S);
	registry_free(&r);
}

/* Time that jumps farther than the wheel is long: nobody goes too early, and in the end all are gone. */
static void test_slept(void **state)
{
	static const struct keepalive_terms rare = {KEEPALIVE_LEARNED, 1200};
	nk_time now = START;
	struct registry r;

	(void)state;
	start(&r, 1000, 1000);
	for (uint32_t i = 0; i < 1000; i++) {
		const struct addr from = from_of(i, 0);
		uint8_t key[CRYPTO_KEY];

		key_of(key, i);
		registry_agree(&r, registry_put(&r, key, &from, &endpoint, now), &rare, now);
		now += 10 * NK_MS;
	}
	for (unsigned jump = 0; jump < 2; jump++) {
		now = START + (jump == 0 ? 3604 : 40000) * NK_S;
		while (registry_deadline(&r) <= now)
			assert_null(registry_turn(&r, now));
		assert_int_equal(r.pool.used, jump == 0 ? 1000 : 0);
	}
	registry_free(&r);
}

/* What two million cost is what they say, and memory that nobody used costs nothing. */
static void test_bytes(void **state)
{
	long before = 0, after = 0, size;
	struct registry r;
	FILE *f;

	(void)state;
	f = fopen("/proc/self/statm", "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%ld %ld", &size, &before), 2);
	fclose(f);
	start(&r, 1u << 21, 16);
	f = fopen("/proc/self/statm", "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%ld %ld", &size, &after), 2);
	fclose(f);
	assert_in_range(REGISTRY_BYTES, 90, 110);
#ifndef __SANITIZE_ADDRESS__
	assert_in_range(after - before, 0, 256); /* pages */
#endif
	registry_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many),  cmocka_unit_test(test_one_each),
		cmocka_unit_test(test_moves), cmocka_unit_test(test_endpoints_are_few),
		cmocka_unit_test(test_turns), cmocka_unit_test(test_terms_change),
		cmocka_unit_test(test_slept), cmocka_unit_test(test_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
