/* The broker's tables against plain arrays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "core/broker/table.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_pool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
