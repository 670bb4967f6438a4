/* Randomness that a seed repeats, ranges, and SipHash against its published vector. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypto.h"

static void test_same_seed(void **state)
{
	uint8_t one[2000], two[2000];
	struct rng a, b;

	(void)state;
	rng_seed_from_number(&a, 42);
	rng_seed_from_number(&b, 42);
	rng_bytes(&a, one, sizeof(one));
	/* However it is cut into draws, the stream is the same. */
	for (size_t at = 0, n = 1; at < sizeof(two); at += n, n = n % 97 + 1) {
		n = n < sizeof(two) - at ? n : sizeof(two) - at;
		rng_bytes(&b, two + at, n);
	}
	assert_memory_equal(one, two, sizeof(one));
	assert_int_equal(rng_u32(&a), rng_u32(&b));
}

static void test_other_seed(void **state)
{
	uint8_t one[64], two[64];
	struct rng a, b;

	(void)state;
	rng_seed_from_number(&a, 42);
	rng_seed_from_number(&b, (uint64_t)42 << 56);
	rng_bytes(&a, one, sizeof(one));
	rng_bytes(&b, two, sizeof(two));
	assert_memory_not_equal(one, two, sizeof(one));

	rng_seed_from_kernel(&a);
	rng_seed_from_kernel(&b);
	rng_bytes(&a, one, sizeof(one));
	rng_bytes(&b, two, sizeof(two));
	assert_memory_not_equal(one, two, sizeof(one));
}

/* No block of output comes twice, over many changes of the key. */
static void test_no_repetition(void **state)
{
	static uint8_t stream[256][32];
	struct rng r;

	(void)state;
	rng_seed_from_number(&r, 7);
	rng_bytes(&r, stream, sizeof(stream));
	for (size_t i = 0; i < 256; i++)
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(stream[i], stream[k], 32);
}

/* What has been drawn is not in the state any more. */
static void test_drawn_is_forgotten(void **state)
{
	static const uint8_t zero[64];
	uint8_t out[64];
	struct rng r;

	(void)state;
	rng_seed_from_number(&r, 7);
	rng_bytes(&r, out, sizeof(out));
	assert_memory_equal(r.buf + r.used - sizeof(out), zero, sizeof(zero));
}

static void test_below(void **state)
{
	static const uint32_t limits[] = {1, 2, 3, 7, 10, 1000, 0x80000000, 0x80000001, UINT32_MAX};
	unsigned hits[10] = {0};
	struct rng r;

	(void)state;
	rng_seed_from_number(&r, 1);
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		for (unsigned n = 0; n < 1000; n++)
			assert_in_range(rng_below(&r, limits[i]), 0, limits[i] - 1);
	for (unsigned n = 0; n < 10000; n++)
		hits[rng_below(&r, 10)]++;
	for (size_t i = 0; i < 10; i++)
		assert_in_range(hits[i], 850, 1150); /* 5 standard deviations; the seed is fixed */

	/* A plain remainder would put half of the draws into the first third. */
	hits[0] = 0;
	for (unsigned n = 0; n < 10000; n++)
		hits[0] += rng_below(&r, 3u << 30) < 1u << 30;
	assert_in_range(hits[0], 3100, 3570);
}

static void test_unit(void **state)
{
	double sum = 0;
	struct rng r;

	(void)state;
	rng_seed_from_number(&r, 1);
	for (unsigned n = 0; n < 10000; n++) {
		const double u = rng_unit(&r);

		assert_true(u >= 0 && u < 1);
		sum += u;
	}
	assert_true(sum > 4850 && sum < 5150);
}

/* The vector in appendix A of the SipHash paper; its bytes in the order that they come out. */
static void test_siphash(void **state)
{
	uint8_t key[16], in[15];

	(void)state;
	for (uint8_t i = 0; i < sizeof(key); i++)
		key[i] = i;
	memcpy(in, key, sizeof(in));
	assert_true(crypto_siphash(key, in, sizeof(in)) == 0xe545be4961ca29a1);
	in[14] ^= 1;
	assert_false(crypto_siphash(key, in, sizeof(in)) == 0xe545be4961ca29a1);
}

static void test_equal_and_wipe(void **state)
{
	uint8_t a[4] = {1, 2, 3, 4}, b[4] = {1, 2, 3, 5};

	(void)state;
	assert_true(crypto_equal(a, b, 3));
	assert_false(crypto_equal(a, b, 4));
	crypto_wipe(a, 3);
	assert_memory_equal(a, "\0\0\0\4", 4);
}

static int start(void **state)
{
	(void)state;
	return crypto_init();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_seed),     cmocka_unit_test(test_other_seed),
		cmocka_unit_test(test_no_repetition), cmocka_unit_test(test_drawn_is_forgotten),
		cmocka_unit_test(test_below),         cmocka_unit_test(test_unit),
		cmocka_unit_test(test_siphash),       cmocka_unit_test(test_equal_and_wipe),
	};

	return cmocka_run_group_tests_name("crypto", tests, start, NULL);
}
