/* The attributes of the rendezvous: what is written reads back, and lengths hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "wire/rendezvous_msg.h"

static const uint8_t tid[STUN_TID] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

static struct wr begin(uint8_t *buf, size_t cap, enum rendezvous_method method)
{
	struct wr w = wr_make(buf, cap);

	stun_begin(&w, (uint16_t)method, STUN_REQUEST, tid);
	return w;
}

/* Ends @w and takes it apart again. */
static int read_back(struct rendezvous_msg *r, struct wr *w)
{
	struct stun_msg m;

	assert_int_equal(stun_read(&m, w->buf, stun_end(w)), 0);
	return rendezvous_read(r, &m);
}

static void fill(uint8_t *out, size_t n, uint8_t first)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(first + i);
}

static void test_round_trip(void **state)
{
	const struct addr from = addr_v4(192, 0, 2, 7, 4711);
	uint8_t key[CRYPTO_KEY], signature[CRYPTO_SIGNATURE], ticket[RENDEZVOUS_TICKET];
	uint8_t body[RENDEZVOUS_BODY_MAX], buf[1400];
	struct wr w = begin(buf, sizeof(buf), RENDEZVOUS_ANSWER);
	struct rendezvous_msg r;

	(void)state;
	fill(key, sizeof(key), 1);
	fill(signature, sizeof(signature), 2);
	fill(ticket, sizeof(ticket), 3);
	fill(body, sizeof(body), 4);
	probe_put_cookie(&w, 0x0102030405060708);
	probe_put_token(&w, UINT64_MAX);
	probe_put_time(&w, 77);
	rendezvous_put_key(&w, key);
	rendezvous_put_signature(&w, signature);
	rendezvous_put_from(&w, &from);
	rendezvous_put_ticket(&w, ticket);
	rendezvous_put_body(&w, body, sizeof(body));
	stun_put_u32(&w, RENDEZVOUS_ATTR_LIFETIME, 60);
	stun_put_u32(&w, RENDEZVOUS_ATTR_FLAGS, RENDEZVOUS_RELAY_OK);
	stun_put_u32(&w, RENDEZVOUS_ATTR_RETRY, 5000);
	assert_int_equal(read_back(&r, &w), 0);
	assert_true(r.has_cookie && r.has_token && r.has_time);
	assert_true(r.cookie == 0x0102030405060708 && r.token == UINT64_MAX && r.time_us == 77);
	assert_memory_equal(r.key, key, sizeof(key));
	assert_memory_equal(r.signature, signature, sizeof(signature));
	assert_memory_equal(r.ticket, ticket, sizeof(ticket));
	assert_int_equal(r.body_len, sizeof(body));
	assert_memory_equal(r.body, body, sizeof(body));
	assert_true(addr_eq(&r.from, &from));
	assert_int_equal(r.lifetime_s, 60);
	assert_int_equal(r.flags, RENDEZVOUS_RELAY_OK);
	assert_int_equal(r.retry_ms, 5000);
}

static void test_absent(void **state)
{
	static const struct rendezvous_msg nothing;
	uint8_t buf[STUN_HEADER];
	struct wr w = begin(buf, sizeof(buf), RENDEZVOUS_RING);
	struct rendezvous_msg r;

	(void)state;
	memset(&r, 0, sizeof(r));
	assert_int_equal(read_back(&r, &w), 0);
	assert_memory_equal(&r, &nothing, sizeof(r));
}

/* The bytes themselves, as natkit-protocol(7) gives them. */
static void test_bytes(void **state)
{
	static const uint8_t ring[] = {
		0x02, 0xc9, 0x00, 0x14, 0x21, 0x12, 0xa4, 0x42, 1,    2,    3,    4,    5,    6,
		7,    8,    9,    10,   11,   12,   0xeb, 0x13, 0x00, 0x08, 0x00, 0x01, 0x21, 0x13,
		0xe1, 0x12, 0xa6, 0x43, 0xeb, 0x15, 0x00, 0x03, 'o',  'f',  'f',  0,
	};
	const struct addr from = addr_v4(192, 0, 2, 1, 1);
	uint8_t buf[64];
	struct wr w = begin(buf, sizeof(buf), RENDEZVOUS_RING);

	(void)state;
	rendezvous_put_from(&w, &from);
	rendezvous_put_body(&w, "off", 3);
	assert_int_equal(stun_end(&w), sizeof(ring));
	assert_memory_equal(buf, ring, sizeof(ring));
}

/* Each attribute with every length from 0 to twice its own. */
static void test_lengths(void **state)
{
	static const struct {
		uint16_t type;
		size_t len;
	} fixed[] = {
		{PROBE_ATTR_COOKIE, 8},
		{PROBE_ATTR_TOKEN, 8},
		{PROBE_ATTR_TIME, 8},
		{RENDEZVOUS_ATTR_KEY, 32},
		{RENDEZVOUS_ATTR_SIGNATURE, 64},
		{RENDEZVOUS_ATTR_TICKET, 28},
		{RENDEZVOUS_ATTR_LIFETIME, 4},
		{RENDEZVOUS_ATTR_FLAGS, 4},
		{RENDEZVOUS_ATTR_RETRY, 4},
	};
	static const uint8_t zeros[128];
	uint8_t buf[256];

	(void)state;
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		for (size_t len = 0; len <= 2 * fixed[i].len; len++) {
			struct wr w = begin(buf, sizeof(buf), RENDEZVOUS_REGISTER);
			struct rendezvous_msg r;

			stun_put_bytes(&w, fixed[i].type, zeros, len);
			assert_int_equal(read_back(&r, &w),
					 len == fixed[i].len ? 0 : NK_ERR_MALFORMED);
		}
	}
}

static void test_body_and_from(void **state)
{
	static uint8_t bytes[RENDEZVOUS_BODY_MAX + 4], buf[2048];
	struct wr w = begin(buf, sizeof(buf), RENDEZVOUS_RING);
	struct rendezvous_msg r;

	(void)state;
	rendezvous_put_body(&w, bytes, RENDEZVOUS_BODY_MAX + 1);
	assert_int_equal(stun_end(&w), 0);

	w = begin(buf, sizeof(buf), RENDEZVOUS_RING);
	stun_put_bytes(&w, RENDEZVOUS_ATTR_BODY, bytes, RENDEZVOUS_BODY_MAX + 1);
	assert_int_equal(read_back(&r, &w), NK_ERR_MALFORMED);

	w = begin(buf, sizeof(buf), RENDEZVOUS_RING);
	rendezvous_put_body(&w, NULL, 0);
	assert_int_equal(read_back(&r, &w), 0);
	assert_non_null(r.body);
	assert_int_equal(r.body_len, 0);

	w = begin(buf, sizeof(buf), RENDEZVOUS_RING);
	stun_put_bytes(&w, RENDEZVOUS_ATTR_FROM, bytes, 8); /* family 0 */
	assert_int_equal(read_back(&r, &w), NK_ERR_MALFORMED);
}

/* The first of a kind counts, and the probe service's attributes between are none of ours. */
static void test_first_counts(void **state)
{
	uint8_t buf[256];
	struct wr w = begin(buf, sizeof(buf), RENDEZVOUS_RING);
	struct rendezvous_msg r;

	(void)state;
	probe_put_cookie(&w, 5);
	probe_put_cookie(&w, 6);
	stun_put_bytes(&w, PROBE_ATTR_TRIAL, "xyz", 3);
	stun_put_bytes(&w, RENDEZVOUS_ATTR_RETRY + 1, "xyz", 3);
	stun_put_u32(&w, RENDEZVOUS_ATTR_RETRY, 1);
	stun_put_u32(&w, RENDEZVOUS_ATTR_RETRY, 2);
	assert_int_equal(read_back(&r, &w), 0);
	assert_true(r.cookie == 5);
	assert_int_equal(r.retry_ms, 1);
}

/* What is signed differs with each of its parts, and begins with its name. */
static void test_proof(void **state)
{
	const struct addr broker = addr_v4(192, 0, 2, 1, 3478);
	const struct addr others[] = {addr_v4(192, 0, 2, 1, 3479), addr_v4(192, 0, 2, 2, 3478)};
	uint8_t key[CRYPTO_KEY] = {1}, id[STUN_TID] = {1};
	struct addr nat64;
	uint8_t first[RENDEZVOUS_PROOF_LEN], second[RENDEZVOUS_PROOF_LEN];

	(void)state;
	rendezvous_proof(first, 1, id, key, &broker);
	assert_memory_equal(first, "natkit register 1\0\0\0\0\0\0\0\1\1", 26);
	assert_memory_equal(first + sizeof(first) - 8, "\xff\xff\xc0\x00\x02\x01\x0d\x96", 8);
	rendezvous_proof(second, 2, id, key, &broker);
	assert_memory_not_equal(first, second, sizeof(first));
	for (unsigned i = 0; i < 2; i++) {
		rendezvous_proof(second, 1, id, key, &others[i]);
		assert_memory_not_equal(first, second, sizeof(first));
	}
	assert_int_equal(addr_parse(&nat64, "[64:ff9b::192.0.2.1]:3478", 0), 0);
	rendezvous_proof(second, 1, id, key, &nat64);
	assert_memory_equal(first, second, sizeof(first));
	nat64.ip[4] = 1; /* a prefix of somebody's own, of which nothing is known */
	rendezvous_proof(second, 1, id, key, &nat64);
	assert_memory_not_equal(first, second, sizeof(first));
	id[11] = 1;
	rendezvous_proof(second, 1, id, key, &broker);
	assert_memory_not_equal(first, second, sizeof(first));
	id[11] = 0;
	key[31] = 1;
	rendezvous_proof(second, 1, id, key, &broker);
	assert_memory_not_equal(first, second, sizeof(first));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),    cmocka_unit_test(test_absent),
		cmocka_unit_test(test_bytes),         cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_body_and_from), cmocka_unit_test(test_first_counts),
		cmocka_unit_test(test_proof),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
