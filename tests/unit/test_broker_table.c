/* The broker's tables against plain arrays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "core/broker/census.h"
#include "core/broker/index.h"
#include "core/broker/table.h"
#include "core/broker/wheel.h"

#define KEYS  512
#define STEPS 200000

/* All keys are put and removed in random order; each look-up is right at each moment. */
static void test_table(void **state)
{
	static const uint8_t hash_key[16] = {1, 2, 3};
	uint32_t want[KEYS];
	struct table t;
	struct rng rng;

	(void)state;
	assert_int_equal(crypto_init(), 0);
	rng_seed_from_number(&rng, 5);
	assert_int_equal(table_init(&t, KEYS, hash_key), 0);
	for (unsigned i = 0; i < KEYS; i++)
		want[i] = TABLE_NONE;
	for (unsigned i = 0; i < STEPS; i++) {
		const uint32_t k = rng_below(&rng, KEYS), look = rng_below(&rng, KEYS);

		if (want[k] != TABLE_NONE && i % 3 != 0) {
			table_remove(&t, k);
			want[k] = TABLE_NONE;
		} else {
			table_put(&t, k, i);
			want[k] = i;
		}
		assert_int_equal(table_get(&t, look), want[look]);
		if (i % 1000 == 0)
			for (uint32_t n = 0; n < KEYS; n++)
				assert_int_equal(table_get(&t, n), want[n]);
	}
	table_remove(&t, KEYS + 1);
	table_free(&t);
}

static void test_pool(void **state)
{
	struct pool p;

	(void)state;
	assert_int_equal(pool_init(&p, 3), 0);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(pool_take(&p), i);
	assert_int_equal(pool_take(&p), TABLE_NONE);
	pool_give(&p, 1);
	assert_int_equal(p.used, 2);
	assert_int_equal(pool_take(&p), 1);
	assert_int_equal(pool_take(&p), TABLE_NONE);
	pool_free(&p);
}

/* Things that are indexed: their hashes have few values, so that many collide. */
struct things {
	uint64_t hash[KEYS];
};

static uint64_t hash_of_thing(const void *owner, uint32_t number)
{
	const struct things *t = owner;

	return t->hash[number];
}

static bool finds(const struct index *x, const struct things *t, uint32_t thing)
{
	struct index_walk w = index_walk(x, t->hash[thing]);
	uint32_t i;

	while ((i = index_next(x, &w)) != INDEX_NONE)
		if (i == thing)
			return true;
	return false;
}

static void test_index(void **state)
{
	bool want[KEYS] = {false};
	struct things t;
	struct index x;
	struct rng rng;

	(void)state;
	assert_int_equal(crypto_init(), 0);
	rng_seed_from_number(&rng, 6);
	for (unsigned i = 0; i < KEYS; i++)
		t.hash[i] = (uint64_t)rng_below(&rng, 64) << 58 | rng_below(&rng, 4) << 30;
	assert_int_equal(index_init(&x, KEYS, hash_of_thing, &t), 0);
	for (unsigned i = 0; i < STEPS; i++) {
		const uint32_t k = rng_below(&rng, KEYS), look = rng_below(&rng, KEYS);

		if (want[k])
			index_remove(&x, k);
		else
			index_add(&x, k);
		want[k] = !want[k];
		assert_int_equal(finds(&x, &t, look), want[look]);
		if (i % 1000 == 0)
			for (uint32_t n = 0; n < KEYS; n++)
				assert_int_equal(finds(&x, &t, n), want[n]);
	}
	for (uint32_t n = 0; n < KEYS; n++) /* all at once, and none of them */
		if (!want[n])
			index_add(&x, n);
	for (uint32_t n = 0; n < KEYS; n++)
		assert_true(finds(&x, &t, n));
	for (uint32_t n = 0; n < KEYS; n++)
		index_remove(&x, n);
	index_remove(&x, 0);
	for (uint32_t n = 0; n < KEYS; n++)
		assert_false(finds(&x, &t, n));
	index_free(&x);
}

/* Never after its tick, and before only if that is farther away than the wheel is long. */
static void test_wheel(void **state)
{
	uint64_t want[KEYS] = {0}, now = 1000;
	struct wheel w;
	struct rng rng;

	(void)state;
	assert_int_equal(crypto_init(), 0);
	rng_seed_from_number(&rng, 7);
	assert_int_equal(wheel_init(&w, KEYS), 0);
	for (unsigned i = 0; i < STEPS; i++) {
		const uint32_t k = rng_below(&rng, KEYS);
		uint32_t thing;

		if (rng_below(&rng, 4) == 0) {
			wheel_clear(&w, k);
			want[k] = 0;
		} else {
			want[k] = now + rng_below(&rng, i % 2 == 0 ? 100 : 3 * WHEEL_SLOTS);
			wheel_set(&w, k, want[k], now);
		}
		now += rng_below(&rng, i % 5000 == 0 ? 20000 : 8);
		while ((thing = wheel_take(&w, now)) != WHEEL_NONE) {
			assert_int_not_equal(want[thing], 0);
			if (want[thing] > now)
				wheel_set(&w, thing, want[thing], now);
			else
				want[thing] = 0;
		}
		assert_true(wheel_next(&w) > now);
		for (uint32_t n = 0; i % 100 == 0 && n < KEYS; n++)
			assert_true(want[n] == 0 || (want[n] > now && wheel_next(&w) <= want[n]));
	}
	for (uint32_t n = 0; n < KEYS; n++)
		wheel_clear(&w, n);
	assert_int_equal(wheel_take(&w, UINT64_MAX - 1), WHEEL_NONE);
	assert_int_equal(wheel_next(&w), WHEEL_NEVER);
	wheel_free(&w);
}

/* A network never has less than it has, and hardly ever more. */
static void test_census(void **state)
{
	const uint32_t nets = 20000, max = 3;
	unsigned early = 0;
	struct census c;

	(void)state;
	assert_int_equal(census_init(&c, nets * max), 0);
	for (uint32_t i = 0; i < nets * max; i++) {
		const uint64_t hash = (i % nets + 1) * 0x9E3779B97F4A7C15;

		early += !census_enter(&c, hash, max);
	}
	assert_in_range(early, 0, nets * max / 50);
	for (uint32_t i = 0; i < nets; i++)
		assert_false(census_enter(&c, (i + 1) * 0x9E3779B97F4A7C15, max));
	census_leave(&c, 0x9E3779B97F4A7C15);
	assert_true(census_enter(&c, 0x9E3779B97F4A7C15, max));
	census_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),  cmocka_unit_test(test_pool),
		cmocka_unit_test(test_index),  cmocka_unit_test(test_wheel),
		cmocka_unit_test(test_census),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
