/* Reading STUN: the published vectors, and everything about them that can be cut or bent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "stun_vectors.h"
#include "wire/stun.h"
#include "wire/stun_fingerprint.h"

static const struct vector {
	const char *name;
	const uint8_t *bytes;
	size_t len;
	const void *key;
	size_t key_len;
	bool sha256;
} vectors[] = {
	{"2.1", vector_2_1, sizeof(vector_2_1), key_short, sizeof(key_short) - 1, false},
	{"2.2", vector_2_2, sizeof(vector_2_2), key_short, sizeof(key_short) - 1, false},
	{"2.3", vector_2_3, sizeof(vector_2_3), key_short, sizeof(key_short) - 1, false},
	{"2.4", vector_2_4, sizeof(vector_2_4), key_md5, sizeof(key_md5), false},
	{"B.1", vector_b_1, sizeof(vector_b_1), key_sha256, sizeof(key_sha256), true},
};
#define VECTORS (sizeof(vectors) / sizeof(vectors[0]))

static const uint8_t tid[STUN_TID] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

static bool checks(const struct vector *v, const struct stun_msg *m, const void *key, size_t len)
{
	return v->sha256 ? stun_check_integrity256(m, key, len) : stun_check_integrity(m, key, len);
}

/* Reads @len bytes from a block of exactly that size, so that a sanitizer sees any byte too far.
 * The message's own pointers are dead afterwards. */
static int read_exact(struct stun_msg *m, const uint8_t *bytes, size_t len)
{
	uint8_t *block = malloc(len > 0 ? len : 1);
	uint8_t *at = len > 0 ? block : block + 1;
	int err;

	assert_non_null(block);
	memcpy(at, bytes, len);
	err = stun_read(m, at, len);
	free(block);
	return err;
}

static void test_vectors_read(void **state)
{
	const struct addr v4 = addr_v4(192, 0, 2, 1, 32853);
	struct addr v6;
	struct stun_msg m;

	(void)state;
	assert_int_equal(stun_read(&m, vector_2_1, sizeof(vector_2_1)), 0);
	assert_int_equal(m.method, STUN_BINDING);
	assert_int_equal(m.cls, STUN_REQUEST);
	assert_memory_equal(m.tid, vector_2_1 + 8, STUN_TID);
	assert_int_equal(m.software_len, 16);
	assert_memory_equal(m.software, "STUN test client", 16);
	assert_int_equal(m.username_len, 9);
	assert_memory_equal(m.username, "evtj:h6vY", 9);
	assert_true(m.has_fingerprint);
	assert_int_equal(m.integrity_at, 76);
	assert_int_equal(m.unknown_count, 1);
	assert_int_equal(m.unknown[0], 0x0024); /* PRIORITY belongs to ICE */

	assert_int_equal(stun_read(&m, vector_2_2, sizeof(vector_2_2)), 0);
	assert_int_equal(m.cls, STUN_SUCCESS);
	assert_true(addr_eq(&m.xor_mapped, &v4));
	assert_int_equal(addr_family(&m.mapped), ADDR_NONE);
	assert_true(m.has_fingerprint);

	assert_int_equal(addr_parse(&v6, "2001:db8:1234:5678:11:2233:4455:6677", 32853), 0);
	assert_int_equal(stun_read(&m, vector_2_3, sizeof(vector_2_3)), 0);
	assert_true(addr_eq(&m.xor_mapped, &v6));

	assert_int_equal(stun_read(&m, vector_2_4, sizeof(vector_2_4)), 0);
	assert_int_equal(m.username_len, 18);
	assert_false(m.has_fingerprint);
	assert_int_equal(m.unknown_count, 0);

	assert_int_equal(stun_read(&m, vector_b_1, sizeof(vector_b_1)), 0);
	assert_null(m.username);
	assert_int_equal(m.integrity_at, 0);
	assert_int_equal(m.integrity256_at, 128);
	assert_int_equal(m.unknown_count, 1);
	assert_int_equal(m.unknown[0], 0x001d); /* PASSWORD-ALGORITHM */
}

static void test_vectors_integrity(void **state)
{
	(void)state;
	for (size_t i = 0; i < VECTORS; i++) {
		const struct vector *v = &vectors[i];
		uint8_t copy[256];
		struct stun_msg m;
		size_t mac_at;

		memcpy(copy, v->bytes, v->len);
		assert_int_equal(stun_read(&m, copy, v->len), 0);
		mac_at = v->sha256 ? m.integrity256_at : m.integrity_at;
		assert_true(checks(v, &m, v->key, v->key_len));
		assert_false(checks(v, &m, v->key, v->key_len - 1));
		assert_false(checks(v, &m, "", 0));
		assert_false(v->sha256 ? stun_check_integrity(&m, v->key, v->key_len)
				       : stun_check_integrity256(&m, v->key, v->key_len));
		for (size_t at = 0; at < mac_at + (v->sha256 ? 36 : 24); at++) {
			if (at == 2 || at == 3 || at / 4 == mac_at / 4)
				continue; /* lengths and type: no part of what is hashed */
			copy[at] ^= 1;
			assert_false(checks(v, &m, v->key, v->key_len));
			copy[at] ^= 1;
		}
	}
}

/* Offsets of all attributes of a well-formed message, and its end. Return: how many. */
static size_t boundaries(size_t at[static 16], const uint8_t *bytes, size_t len)
{
	size_t n = 0;

	for (size_t p = STUN_HEADER; p < len; n++) {
		at[n] = p;
		p += 4 + ((size_t)(bytes[p + 2] << 8 | bytes[p + 3]) + 3) / 4 * 4;
	}
	at[n] = len;
	return n;
}

static void test_truncated(void **state)
{
	(void)state;
	for (size_t i = 0; i < VECTORS; i++) {
		for (size_t len = 0; len < vectors[i].len; len++) {
			struct stun_msg m, before;

			memset(&m, 0xa5, sizeof(m));
			memset(&before, 0xa5, sizeof(before));
			assert_int_equal(read_exact(&m, vectors[i].bytes, len),
					 len < STUN_HEADER ? NK_ERR_NOT_STUN : NK_ERR_MALFORMED);
			assert_memory_equal(&m, &before, sizeof(m));
		}
	}
}

/* The same with a header that agrees with the shorter length: then a cut between two attributes
 * leaves a sound message, and any other cut does not. */
static void test_truncated_with_length(void **state)
{
	(void)state;
	for (size_t i = 0; i < VECTORS; i++) {
		size_t at[16];
		const size_t n = boundaries(at, vectors[i].bytes, vectors[i].len);

		for (size_t len = STUN_HEADER; len < vectors[i].len; len++) {
			uint8_t copy[256];
			struct stun_msg m;
			bool whole = false;

			memcpy(copy, vectors[i].bytes, len);
			copy[2] = (uint8_t)((len - STUN_HEADER) >> 8);
			copy[3] = (uint8_t)(len - STUN_HEADER);
			for (size_t k = 0; k <= n; k++)
				whole = whole || at[k] == len;
			assert_int_equal(read_exact(&m, copy, len), whole ? 0 : NK_ERR_MALFORMED);
		}
	}
}

static void add_to_be16(uint8_t *p, int delta)
{
	const int v = (p[0] << 8 | p[1]) + delta;

	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* A length that is off by one is refused, or at least no longer believed. */
static void test_lengths_off_by_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < VECTORS; i++) {
		const struct vector *v = &vectors[i];
		size_t at[16];
		const size_t n = boundaries(at, v->bytes, v->len);

		for (int delta = -4; delta <= 4; delta++) {
			uint8_t *copy = malloc(v->len);
			struct stun_msg m;

			assert_non_null(copy);
			memcpy(copy, v->bytes, v->len);
			add_to_be16(copy + 2, delta);
			assert_int_equal(stun_read(&m, copy, v->len),
					 delta == 0 ? 0 : NK_ERR_MALFORMED);
			add_to_be16(copy + 2, -delta);
			for (size_t k = 0; k < n && delta != 0; k++) {
				add_to_be16(copy + at[k] + 2, delta);
				assert_false(stun_read(&m, copy, v->len) == 0 &&
					     checks(v, &m, v->key, v->key_len));
				add_to_be16(copy + at[k] + 2, -delta);
			}
			free(copy);
		}
	}
}

static struct wr begin(uint8_t *buf, size_t cap)
{
	struct wr w = wr_make(buf, cap);

	stun_begin(&w, STUN_BINDING, STUN_REQUEST, tid);
	return w;
}

/* A message of one attribute with a value of @len bytes of @fill. */
static int read_one(struct stun_msg *m, uint16_t type, size_t len, uint8_t fill)
{
	static uint8_t buf[256];
	uint8_t value[128];
	struct wr w = begin(buf, sizeof(buf));

	memset(value, fill, sizeof(value));
	stun_put_bytes(&w, type, value, len);
	return stun_read(m, buf, stun_end(&w));
}

static void test_wrong_sizes(void **state)
{
	static const struct {
		uint16_t type;
		uint8_t fill; /* makes the fixed fields valid: family 1 or 2, error 404 */
		size_t good, also_good;
	} cases[] = {
		{STUN_MAPPED_ADDRESS, 1, 8, 8},
		{STUN_MAPPED_ADDRESS, 2, 20, 20},
		{STUN_RESPONSE_ORIGIN, 1, 8, 8},
		{STUN_RESPONSE_ORIGIN, 2, 20, 20},
		{STUN_OTHER_ADDRESS, 1, 8, 8},
		{STUN_OTHER_ADDRESS, 2, 20, 20},
		{STUN_CHANGE_REQUEST, 6, 4, 4},
		{STUN_RESPONSE_PORT, 9, 2, 4},
		{STUN_XOR_MAPPED_ADDRESS, 1, 8, 8},
		{STUN_XOR_MAPPED_ADDRESS, 2, 20, 20},
		{STUN_MESSAGE_INTEGRITY, 0, 20, 20},
		{STUN_FINGERPRINT, 0, 999, 999}, /* any, since its value is wrong */
	};
	struct stun_msg m;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t len = 0; len <= 64; len++)
			assert_int_equal(read_one(&m, cases[i].type, len, cases[i].fill),
					 len == cases[i].good || len == cases[i].also_good
						 ? 0
						 : NK_ERR_MALFORMED);
	for (size_t len = 0; len <= 64; len++)
		assert_int_equal(read_one(&m, STUN_MESSAGE_INTEGRITY_SHA256, len, 0),
				 len >= 16 && len <= 32 && len % 4 == 0 ? 0 : NK_ERR_MALFORMED);
	assert_int_equal(read_one(&m, STUN_MAPPED_ADDRESS, 8, 3), NK_ERR_MALFORMED);
	assert_int_equal(read_one(&m, STUN_ERROR_CODE, 3, 4), NK_ERR_MALFORMED);
}

static void test_not_stun(void **state)
{
	uint8_t copy[sizeof(vector_2_1)];
	struct stun_msg m;

	(void)state;
	memcpy(copy, vector_2_1, sizeof(copy));
	for (unsigned first = 4; first < 256; first++) {
		copy[0] = (uint8_t)first;
		assert_int_equal(stun_read(&m, copy, sizeof(copy)),
				 first < 0x40 ? NK_ERR_MALFORMED : NK_ERR_NOT_STUN);
	}
	copy[0] = 0;
	assert_int_equal(stun_read(&m, copy, sizeof(copy)), 0);
	for (size_t bit = 32; bit < 64; bit++) { /* RFC 3489 has no cookie here */
		copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(stun_read(&m, copy, sizeof(copy)), NK_ERR_NOT_STUN);
		copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_int_equal(stun_read(&m, NULL, 0), NK_ERR_NOT_STUN);
}

static void test_fingerprint(void **state)
{
	uint8_t buf[128];
	struct wr w = begin(buf, sizeof(buf));
	struct stun_msg m;
	size_t len;

	(void)state;
	stun_put_change(&w, 0);
	stun_put_fingerprint(&w);
	len = stun_end(&w);
	assert_int_equal(stun_read(&m, buf, len), 0);
	assert_true(m.has_fingerprint);
	for (size_t bit = 0; bit < len * 8; bit++) {
		buf[bit / 8] ^= (uint8_t)(1u << bit % 8);
		/* A bent type or length can hide FINGERPRINT itself, but it is never "right". */
		assert_false(stun_read(&m, buf, len) == 0 && m.has_fingerprint);
		buf[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

/* FINGERPRINT must be the last attribute, even if its value is right. */
static void test_fingerprint_not_last(void **state)
{
	uint8_t buf[64];
	struct stun_msg m;

	(void)state;
	for (int last = 0; last <= 1; last++) {
		struct wr w = begin(buf, sizeof(buf));

		wr_patch_be16(&w, 2, last ? 8 : 16);
		stun_put_u32(&w, STUN_FINGERPRINT, stun_fingerprint(buf, w.len));
		if (!last)
			stun_put_change(&w, 0);
		assert_int_equal(stun_read(&m, buf, stun_end(&w)), last ? 0 : NK_ERR_MALFORMED);
	}
}

/* The length field allows for more than a datagram holds, and than our offsets count. */
static void test_too_long(void **state)
{
	static uint8_t buf[STUN_HEADER + 65532];
	struct wr w = begin(buf, sizeof(buf));
	struct stun_msg m;

	(void)state;
	stun_put_padding(&w, 65508);
	assert_int_equal(stun_read(&m, buf, stun_end(&w)), 0);
	stun_put_u32(&w, STUN_CHANGE_REQUEST, 0);
	assert_int_equal(stun_end(&w), 65540);
	assert_int_equal(stun_read(&m, buf, w.len), NK_ERR_MALFORMED);
}

static void test_after_integrity(void **state)
{
	uint8_t buf[512];
	struct wr w = begin(buf, sizeof(buf));
	struct stun_msg m;
	struct rd value;

	(void)state;
	stun_put_change(&w, STUN_CHANGE_IP);
	stun_put_integrity(&w, "key", 3);
	stun_put_bytes(&w, STUN_USERNAME, "late", 4);
	stun_put_bytes(&w, STUN_MAPPED_ADDRESS, "malformed", 9);
	stun_put_u32(&w, 0x7777, 0);
	stun_put_integrity256(&w, "key", 3);
	stun_put_bytes(&w, STUN_SOFTWARE, "later", 5);
	stun_put_integrity256(&w, "other", 5);
	stun_put_integrity(&w, "other", 5);
	stun_put_fingerprint(&w);

	assert_int_equal(stun_read(&m, buf, stun_end(&w)), 0);
	assert_int_equal(m.change, STUN_CHANGE_IP);
	assert_null(m.username);
	assert_null(m.software);
	assert_int_equal(addr_family(&m.mapped), ADDR_NONE);
	assert_int_equal(m.unknown_count, 0);
	assert_true(m.has_fingerprint);
	assert_true(stun_check_integrity(&m, "key", 3));
	assert_true(stun_check_integrity256(&m, "key", 3));
	assert_false(stun_find(&m, STUN_USERNAME, &value));
	assert_false(stun_find(&m, 0x7777, &value));
	assert_false(stun_find(&m, STUN_SOFTWARE, &value));
	assert_true(stun_find(&m, STUN_CHANGE_REQUEST, &value));
	assert_true(stun_find(&m, STUN_FINGERPRINT, &value));

	w = begin(buf, sizeof(buf));
	stun_put_integrity256(&w, "key", 3);
	stun_put_integrity(&w, "key", 3);
	assert_int_equal(stun_read(&m, buf, stun_end(&w)), 0);
	assert_int_equal(m.integrity256_at, STUN_HEADER);
	assert_int_equal(m.integrity_at, 0);
}

/* RFC 8489 section 14.6: the HMAC may be cut to 16 bytes, and covers the length that results. */
static void test_truncated_hmac(void **state)
{
	/* HMAC-SHA256 under "key" of 00010014 2112a442 01..0c, computed elsewhere. */
	static const uint8_t mac16[16] = {0xa6, 0xf4, 0x95, 0x10, 0x80, 0xd7, 0xda, 0x7a,
					  0x0e, 0xe6, 0x29, 0xb2, 0x29, 0x04, 0xb5, 0x80};
	uint8_t buf[64];
	struct wr w = begin(buf, sizeof(buf));
	struct stun_msg m;

	(void)state;
	stun_put_bytes(&w, STUN_MESSAGE_INTEGRITY_SHA256, mac16, sizeof(mac16));
	assert_int_equal(stun_read(&m, buf, stun_end(&w)), 0);
	assert_true(stun_check_integrity256(&m, "key", 3));
	assert_false(stun_check_integrity256(&m, "kez", 3));
}

static void test_unknown(void **state)
{
	uint8_t buf[256];
	struct wr w = begin(buf, sizeof(buf));
	struct stun_msg m;
	struct rd value;

	(void)state;
	for (uint16_t i = 0; i < STUN_UNKNOWN_MAX + 1; i++) {
		stun_put_u32(&w, (uint16_t)(0x7f00 + i), i);
		stun_put_u32(&w, (uint16_t)(0xff00 + i), i);
		stun_put_u32(&w, 0x7f00, 99);
	}
	assert_int_equal(stun_read(&m, buf, stun_end(&w)), 0);
	assert_int_equal(m.unknown_count, STUN_UNKNOWN_MAX);
	for (uint16_t i = 0; i < STUN_UNKNOWN_MAX; i++)
		assert_int_equal(m.unknown[i], 0x7f00 + i);
	assert_true(stun_find(&m, 0x7f00, &value));
	assert_int_equal(rd_be32(&value), 0);
	assert_true(stun_find(&m, 0xff08, &value));
	assert_int_equal(rd_be32(&value), 8);
	assert_false(stun_find(&m, 0x7fff, &value));
}

static void test_first_counts(void **state)
{
	const struct addr first = addr_v4(192, 0, 2, 1, 1), second = addr_v4(192, 0, 2, 2, 2);
	uint8_t buf[512];
	struct wr w = begin(buf, sizeof(buf));
	struct stun_msg m;

	(void)state;
	for (const struct addr *a = &first; a != NULL; a = a == &first ? &second : NULL) {
		stun_put_addr(&w, STUN_MAPPED_ADDRESS, a);
		stun_put_xor_addr(&w, STUN_XOR_MAPPED_ADDRESS, a);
		stun_put_addr(&w, STUN_RESPONSE_ORIGIN, a);
		stun_put_addr(&w, STUN_OTHER_ADDRESS, a);
		stun_put_error(&w, (uint16_t)(400 + a->port), "");
		stun_put_change(&w, a->port == 1 ? 0 : STUN_CHANGE_IP);
		stun_put_response_port(&w, a->port);
		stun_put_padding(&w, a->port);
		stun_put_bytes(&w, STUN_SOFTWARE, "x", a->port == 1 ? 0 : 1);
		stun_put_bytes(&w, STUN_USERNAME, "x", a->port == 1 ? 0 : 1);
	}
	stun_put_bytes(&w, STUN_MAPPED_ADDRESS, "malformed", 9); /* does not count either */
	assert_int_equal(stun_read(&m, buf, stun_end(&w)), 0);
	assert_true(addr_eq(&m.mapped, &first));
	assert_true(addr_eq(&m.xor_mapped, &first));
	assert_true(addr_eq(&m.response_origin, &first));
	assert_true(addr_eq(&m.other_address, &first));
	assert_int_equal(m.error, 401);
	assert_true(m.has_change);
	assert_int_equal(m.change, 0);
	assert_int_equal(m.response_port, 1);
	assert_true(m.has_padding);
	assert_int_equal(m.padding, 1);
	assert_non_null(m.software);
	assert_int_equal(m.software_len, 0);
	assert_non_null(m.username);
	assert_int_equal(m.username_len, 0);
}

static void test_error_codes(void **state)
{
	(void)state;
	for (unsigned hundreds = 0; hundreds < 8; hundreds++) {
		for (unsigned number = 0; number < 256; number++) {
			const bool good = hundreds >= 3 && hundreds <= 6 && number < 100;
			uint8_t buf[64];
			struct wr w = begin(buf, sizeof(buf));
			struct stun_msg m;

			stun_put_u32(&w, STUN_ERROR_CODE, 0xfffff800 | hundreds << 8 | number);
			assert_int_equal(stun_read(&m, buf, stun_end(&w)),
					 good ? 0 : NK_ERR_MALFORMED);
			if (good)
				assert_int_equal(m.error, 100 * hundreds + number);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors_read),
		cmocka_unit_test(test_vectors_integrity),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_truncated_with_length),
		cmocka_unit_test(test_lengths_off_by_one),
		cmocka_unit_test(test_wrong_sizes),
		cmocka_unit_test(test_not_stun),
		cmocka_unit_test(test_fingerprint),
		cmocka_unit_test(test_fingerprint_not_last),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_after_integrity),
		cmocka_unit_test(test_truncated_hmac),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_first_counts),
		cmocka_unit_test(test_error_codes),
	};

	return cmocka_run_group_tests_name("stun", tests, NULL, NULL);
}
