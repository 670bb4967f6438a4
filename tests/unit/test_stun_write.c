/* Writing STUN: the published vectors byte for byte, limits, and what is written reads back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "stun_vectors.h"
#include "wire/stun.h"

static const uint8_t tid[STUN_TID] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

static struct wr begin(void *buf, size_t cap)
{
	struct wr w = wr_make(buf, cap);

	stun_begin(&w, STUN_BINDING, STUN_REQUEST, tid);
	return w;
}

/* RFC 5769 pads with spaces where our writer pads with zeros. */
static void put_spaced(struct wr *w, uint16_t type, const char *text)
{
	const size_t len = strlen(text);

	wr_be16(w, type);
	wr_be16(w, (uint16_t)len);
	wr_bytes(w, text, len);
	wr_bytes(w, "   ", (4 - len % 4) % 4);
}

static void test_vector_2_1(void **state)
{
	static const uint8_t controlled[8] = {0x93, 0x2f, 0xf9, 0xb1, 0x51, 0x26, 0x3b, 0x36};
	uint8_t buf[sizeof(vector_2_1)];
	struct wr w = wr_make(buf, sizeof(buf));

	(void)state;
	stun_begin(&w, STUN_BINDING, STUN_REQUEST, vector_2_1 + 8);
	put_spaced(&w, STUN_SOFTWARE, "STUN test client");
	stun_put_u32(&w, 0x0024, 0x6e0001ff);
	stun_put_bytes(&w, 0x8029, controlled, sizeof(controlled));
	put_spaced(&w, STUN_USERNAME, "evtj:h6vY");
	stun_put_integrity(&w, key_short, sizeof(key_short) - 1);
	stun_put_fingerprint(&w);
	assert_int_equal(stun_end(&w), sizeof(vector_2_1));
	assert_memory_equal(buf, vector_2_1, sizeof(vector_2_1));
}

static void write_response(const uint8_t *vector, size_t len, const struct addr *mapped)
{
	uint8_t buf[128];
	struct wr w = wr_make(buf, sizeof(buf));

	stun_begin(&w, STUN_BINDING, STUN_SUCCESS, vector + 8);
	put_spaced(&w, STUN_SOFTWARE, "test vector");
	stun_put_xor_addr(&w, STUN_XOR_MAPPED_ADDRESS, mapped);
	stun_put_integrity(&w, key_short, sizeof(key_short) - 1);
	stun_put_fingerprint(&w);
	assert_int_equal(stun_end(&w), len);
	assert_memory_equal(buf, vector, len);
}

static void test_vectors_2_2_and_2_3(void **state)
{
	struct addr mapped;

	(void)state;
	assert_int_equal(addr_parse(&mapped, "192.0.2.1:32853", 0), 0);
	write_response(vector_2_2, sizeof(vector_2_2), &mapped);
	assert_int_equal(addr_parse(&mapped, "[2001:db8:1234:5678:11:2233:4455:6677]:32853", 0), 0);
	write_response(vector_2_3, sizeof(vector_2_3), &mapped);
}

static const char user[] = "\u30DE\u30C8\u30EA\u30C3\u30AF\u30B9";

static void test_vector_2_4(void **state)
{
	uint8_t buf[sizeof(vector_2_4)];
	struct wr w = wr_make(buf, sizeof(buf));

	(void)state;
	stun_begin(&w, STUN_BINDING, STUN_REQUEST, vector_2_4 + 8);
	stun_put_bytes(&w, STUN_USERNAME, user, strlen(user));
	stun_put_bytes(&w, STUN_NONCE, "f//499k954d6OL34oL9FSTvy64sA", 28);
	stun_put_bytes(&w, STUN_REALM, "example.org", 11);
	stun_put_integrity(&w, key_md5, sizeof(key_md5));
	assert_int_equal(stun_end(&w), sizeof(vector_2_4));
	assert_memory_equal(buf, vector_2_4, sizeof(vector_2_4));
}

static void test_vector_b_1(void **state)
{
	uint8_t buf[sizeof(vector_b_1)];
	struct wr w = wr_make(buf, sizeof(buf));

	(void)state;
	stun_begin(&w, STUN_BINDING, STUN_REQUEST, vector_b_1 + 8);
	stun_put_bytes(&w, STUN_USERHASH, vector_b_1 + 24, 32);
	stun_put_bytes(&w, STUN_NONCE, "obMatJos2AAACf//499k954d6OL34oL9FSTvy64sA", 41);
	stun_put_bytes(&w, STUN_REALM, "example.org", 11);
	stun_put_u32(&w, 0x001d, 0x00020000);
	stun_put_integrity256(&w, key_sha256, sizeof(key_sha256));
	assert_int_equal(stun_end(&w), sizeof(vector_b_1));
	assert_memory_equal(buf, vector_b_1, sizeof(vector_b_1));
}

/* All the calls there are, once. */
static size_t write_all(uint8_t *buf, size_t cap, const struct addr *a)
{
	static const uint16_t unknown[3] = {0x0024, 0x7fff, 0x0001};
	struct wr w = begin(buf, cap);

	stun_put_addr(&w, STUN_MAPPED_ADDRESS, a);
	stun_put_xor_addr(&w, STUN_XOR_MAPPED_ADDRESS, a);
	stun_put_addr(&w, STUN_RESPONSE_ORIGIN, a);
	stun_put_addr(&w, STUN_OTHER_ADDRESS, a);
	stun_put_error(&w, 420, "Unknown");
	stun_put_change(&w, STUN_CHANGE_PORT | STUN_CHANGE_IP);
	stun_put_response_port(&w, 65535);
	stun_put_unknown(&w, unknown, 3);
	stun_put_padding(&w, 5);
	stun_put_bytes(&w, STUN_SOFTWARE, "natkit", 6);
	stun_put_bytes(&w, STUN_USERNAME, "a:b", 3);
	stun_put_u32(&w, 0x7ffe, 0x01020304);
	stun_put_integrity(&w, "key", 3);
	stun_put_integrity256(&w, "key", 3);
	stun_put_fingerprint(&w);
	return stun_end(&w);
}

static void round_trip(const char *text)
{
	uint8_t buf[512];
	struct stun_msg m;
	struct addr a;
	struct rd v;

	assert_int_equal(addr_parse(&a, text, 0), 0);
	assert_int_equal(stun_read(&m, buf, write_all(buf, sizeof(buf), &a)), 0);
	assert_memory_equal(m.tid, tid, STUN_TID);
	assert_true(addr_eq(&m.mapped, &a));
	assert_true(addr_eq(&m.xor_mapped, &a));
	assert_true(addr_eq(&m.response_origin, &a));
	assert_true(addr_eq(&m.other_address, &a));
	assert_int_equal(m.error, 420);
	assert_int_equal(m.change, STUN_CHANGE_PORT | STUN_CHANGE_IP);
	assert_int_equal(m.response_port, 65535);
	assert_int_equal(m.padding, 5);
	assert_int_equal(m.software_len, 6);
	assert_memory_equal(m.software, "natkit", 6);
	assert_int_equal(m.username_len, 3);
	assert_memory_equal(m.username, "a:b", 3);
	assert_int_equal(m.unknown_count, 1);
	assert_int_equal(m.unknown[0], 0x7ffe);
	assert_true(m.has_fingerprint);
	assert_true(stun_check_integrity(&m, "key", 3));
	assert_true(stun_check_integrity256(&m, "key", 3));
	assert_true(stun_find(&m, STUN_UNKNOWN_ATTRIBUTES, &v));
	assert_int_equal(rd_left(&v), 6);
	assert_int_equal(rd_be16(&v), 0x0024);
	assert_int_equal(rd_be16(&v), 0x7fff);
	assert_int_equal(rd_be16(&v), 0x0001);
	assert_true(stun_find(&m, STUN_ERROR_CODE, &v));
	assert_int_equal(rd_left(&v), 11);
	assert_memory_equal(v.p + 4, "Unknown", 7);
}

static void test_round_trip(void **state)
{
	(void)state;
	round_trip("192.0.2.1:1");
	round_trip("203.0.113.255:65535");
	round_trip("[2001:db8::1]:3478");
	round_trip("[2001:db8:ffff:ffff:ffff:ffff:ffff:ffff]:8466");
}

static void test_types(void **state)
{
	static const uint16_t known[4] = {0x0001, 0x0011, 0x0101, 0x0111}; /* of Binding */
	uint8_t buf[STUN_HEADER];
	struct stun_msg m;

	(void)state;
	for (unsigned method = 0; method < 0x1000; method++) {
		for (unsigned cls = 0; cls < 4; cls++) {
			struct wr w = wr_make(buf, sizeof(buf));

			stun_begin(&w, (uint16_t)method, (enum stun_class)cls, tid);
			assert_int_equal(stun_read(&m, buf, stun_end(&w)), 0);
			assert_int_equal(m.method, method);
			assert_int_equal(m.cls, cls);
			if (method == STUN_BINDING)
				assert_int_equal(buf[0] << 8 | buf[1], known[cls]);
		}
	}
}

static void test_answers(void **state)
{
	static const uint8_t other[STUN_TID] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13};
	struct stun_msg m;

	(void)state;
	assert_int_equal(stun_read(&m, vector_2_2, sizeof(vector_2_2)), 0);
	assert_true(stun_answers(&m, STUN_BINDING, vector_2_1 + 8));
	assert_false(stun_answers(&m, 0x002, vector_2_1 + 8));
	assert_false(stun_answers(&m, STUN_BINDING, other));
	m.cls = STUN_ERROR;
	assert_true(stun_answers(&m, STUN_BINDING, vector_2_1 + 8));
	m.cls = STUN_REQUEST;
	assert_false(stun_answers(&m, STUN_BINDING, vector_2_1 + 8));
	m.cls = STUN_INDICATION;
	assert_false(stun_answers(&m, STUN_BINDING, vector_2_1 + 8));
}

/* Each shorter buffer is refused, and nothing is written behind it. */
static void test_overflow(void **state)
{
	const struct addr a = addr_v4(192, 0, 2, 1, 3478);
	uint8_t buf[512];
	const size_t need = write_all(buf, sizeof(buf), &a);

	(void)state;
	assert_in_range(need, STUN_HEADER + 1, sizeof(buf));
	for (size_t cap = 0; cap <= need; cap++) {
		uint8_t *block = malloc(cap > 0 ? cap : 1);

		assert_non_null(block);
		assert_int_equal(write_all(cap > 0 ? block : block + 1, cap, &a),
				 cap == need ? need : 0);
		if (cap == need)
			assert_memory_equal(block, buf, need);
		free(block);
	}
}

static void test_too_long(void **state)
{
	static uint8_t buf[200000], value[70000];
	struct wr w = begin(buf, sizeof(buf));

	(void)state;
	stun_put_bytes(&w, STUN_SOFTWARE, value, 65536);
	assert_int_equal(stun_end(&w), 0);

	w = begin(buf, sizeof(buf));
	stun_put_bytes(&w, STUN_SOFTWARE, value, 65528);
	assert_int_equal(stun_end(&w), STUN_HEADER + 65532);
	stun_put_u32(&w, STUN_CHANGE_REQUEST, 0);
	assert_int_equal(stun_end(&w), 0);

	w = begin(buf, sizeof(buf));
	stun_put_padding(&w, 65520);
	stun_put_integrity(&w, "key", 3);
	assert_int_equal(stun_end(&w), 0);

	w = wr_make(buf, sizeof(buf));
	wr_u8(&w, 0); /* not empty */
	stun_begin(&w, STUN_BINDING, STUN_REQUEST, tid);
	assert_int_equal(stun_end(&w), 0);
}

static void test_pad_to(void **state)
{
	(void)state;
	for (size_t total = 0; total < 200; total++) {
		const bool can = total % 4 == 0 && total >= 28 + 4;
		uint8_t buf[256];
		struct wr w = begin(buf, sizeof(buf));
		struct stun_msg m;
		size_t len;

		stun_put_u32(&w, STUN_CHANGE_REQUEST, 0);
		stun_pad_to(&w, total);
		len = stun_end(&w);
		assert_int_equal(len, can ? total : 28);
		assert_int_equal(stun_read(&m, buf, len), 0);
		assert_int_equal(m.has_padding, can);
		assert_int_equal(m.padding, can ? total - 32 : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vector_2_1), cmocka_unit_test(test_vectors_2_2_and_2_3),
		cmocka_unit_test(test_vector_2_4), cmocka_unit_test(test_vector_b_1),
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_types),
		cmocka_unit_test(test_answers),    cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_too_long),   cmocka_unit_test(test_pad_to),
	};

	return cmocka_run_group_tests_name("stun_write", tests, NULL, NULL);
}
