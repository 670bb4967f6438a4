/* The reader and the writer of bytes, at and behind the end of what they have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"

static void test_read(void **state)
{
	static const uint8_t bytes[] = {0xff, 1, 2, 3, 4, 5, 6, 0x80, 0, 0, 0, 0, 0, 0, 9, 10};
	struct rd r = rd_make(bytes, sizeof(bytes));

	(void)state;
	assert_int_equal(rd_left(&r), 16);
	assert_int_equal(rd_u8(&r), 0xff);
	assert_int_equal(rd_be16(&r), 0x0102);
	assert_int_equal(rd_be32(&r), 0x03040506);
	assert_true(rd_be64(&r) == 0x8000000000000009);
	assert_false(r.bad);
	assert_int_equal(rd_left(&r), 1);
	assert_int_equal(rd_be16(&r), 0);
	assert_true(r.bad);
	assert_int_equal(rd_left(&r), 1);
	assert_int_equal(rd_u8(&r), 0); /* would fit, but nothing counts after the first failure */
}

static void test_in_place(void **state)
{
	uint8_t bytes[] = {0, 0, 0, 9};

	(void)state;
	bytes_put_be16(bytes + 1, 0xfe01);
	assert_memory_equal(bytes, ((uint8_t[]){0, 0xfe, 0x01, 9}), 4);
	assert_int_equal(bytes_be16(bytes + 1), 0xfe01);
}

/* Each read at each distance from the end of a block of exactly that size. */
static void test_read_past_end(void **state)
{
	(void)state;
	for (size_t have = 1; have < 8; have++) {
		uint8_t *block = malloc(have);
		struct rd r;

		assert_non_null(block);
		memset(block, 0xff, have);
		r = rd_make(block, have);
		assert_int_equal(rd_be16(&r), have < 2 ? 0 : 0xffff);
		assert_int_equal(r.bad, have < 2);
		r = rd_make(block, have);
		assert_int_equal(rd_be32(&r), have < 4 ? 0 : 0xffffffff);
		assert_int_equal(r.bad, have < 4);
		r = rd_make(block, have);
		assert_true(rd_be64(&r) == 0);
		assert_true(r.bad);
		assert_ptr_equal(r.p, block);
		r = rd_make(block, have);
		assert_ptr_equal(rd_bytes(&r, have), block);
		assert_null(rd_bytes(&r, SIZE_MAX));
		assert_ptr_equal(r.p, block + have);
		free(block);
	}
}

static void test_sub(void **state)
{
	static const uint8_t bytes[] = {1, 2, 3, 4};
	struct rd r = rd_make(bytes, sizeof(bytes)), sub;

	(void)state;
	sub = rd_sub(&r, 3);
	assert_int_equal(rd_left(&sub), 3);
	assert_int_equal(rd_left(&r), 1);
	assert_int_equal(rd_be32(&sub), 0); /* the fourth byte is not its own */
	assert_true(sub.bad);
	assert_false(r.bad);
	sub = rd_sub(&r, 2);
	assert_true(sub.bad && r.bad);
	assert_int_equal(rd_left(&sub), 0);

	r = rd_make(NULL, 0);
	sub = rd_sub(&r, 0);
	assert_int_equal(rd_left(&sub), 0);
	assert_false(r.bad);
	assert_int_equal(rd_u8(&r), 0);
	assert_true(r.bad);
}

static void test_write(void **state)
{
	static const uint8_t expected[] = {7,  1,  2,  3,  4,  5,   6,   8, 9, 10,
					   11, 12, 13, 14, 15, 'a', 'b', 0, 0};
	uint8_t buf[sizeof(expected)];
	struct wr w = wr_make(buf, sizeof(buf));

	(void)state;
	wr_u8(&w, 7);
	wr_be16(&w, 0xffff);
	wr_be32(&w, 0x03040506);
	wr_be64(&w, 0x08090a0b0c0d0e0f);
	wr_bytes(&w, "ab", 2);
	wr_zeros(&w, 2);
	wr_bytes(&w, NULL, 0);
	wr_patch_be16(&w, 1, 0x0102);
	assert_false(w.bad);
	assert_int_equal(w.len, sizeof(expected));
	assert_memory_equal(buf, expected, sizeof(expected));
}

static void test_write_past_end(void **state)
{
	uint8_t *block = malloc(5);
	struct wr w = wr_make(block, 5);

	(void)state;
	assert_non_null(block);
	wr_be32(&w, 0x01020304);
	wr_be16(&w, 0xffff);
	assert_true(w.bad);
	wr_u8(&w, 0xff); /* would fit, but nothing is written after the first failure */
	wr_patch_be16(&w, 0, 0xffff);
	assert_int_equal(w.len, 4);
	assert_memory_equal(block, "\1\2\3\4", 4);

	w = wr_make(block, 5);
	wr_zeros(&w, 1);
	wr_zeros(&w, SIZE_MAX);
	assert_true(w.bad);
	assert_int_equal(w.len, 1);
	free(block);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),          cmocka_unit_test(test_in_place),
		cmocka_unit_test(test_read_past_end), cmocka_unit_test(test_sub),
		cmocka_unit_test(test_write),         cmocka_unit_test(test_write_past_end),
	};

	return cmocka_run_group_tests_name("bytes", tests, NULL, NULL);
}
