/* Keepalive frames: vectors, losses, forgeries; offers and terms, there and back and cut anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "base/err.h"
#include "hex.h"
#include "near.h"
#include "wire/keepalive.h"

static struct rng rng;

static int set_up(void **state)
{
	(void)state;
	rng_seed_from_number(&rng, 1);
	return crypto_init();
}

static struct keepalive_flow flow_of(bool first, uint64_t counters)
{
	struct keepalive_flow f = {.first = first, .sent = counters, .heard = counters};

	for (unsigned i = 0; i < sizeof(f.key); i++)
		f.key[i] = (uint8_t)i;
	return f;
}

/* Computed by another program, from SipHash as published. */
static void test_vectors(void **state)
{
	static const struct {
		bool first;
		enum keepalive_kind kind;
		uint64_t sent, heard;
		const char *hex;
	} vectors[] = {
		{true, KEEPALIVE_TURN, 1, 0, "c1043c"},
		{true, KEEPALIVE_ASK, 0x1234, 0xabcd, "d4db9a"},
		{false, KEEPALIVE_ANSWER, (uint64_t)1 << 40, UINT64_MAX, "e0faa6"},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		struct keepalive_flow f = flow_of(vectors[i].first, 0);
		uint8_t out[KEEPALIVE_LEN];

		f.sent = vectors[i].sent - 1;
		f.heard = vectors[i].heard;
		keepalive_write(&f, vectors[i].kind, out);
		hex_check(out, vectors[i].hex);
		assert_true(f.sent == vectors[i].sent);
	}
}

static bool pass(struct keepalive_flow *from, struct keepalive_flow *to, enum keepalive_kind kind)
{
	const uint64_t had = from->heard;
	uint8_t frame[KEEPALIVE_LEN];
	enum keepalive_kind got;
	uint64_t acked;

	keepalive_write(from, kind, frame);
	if (!keepalive_read(to, frame, sizeof(frame), &got, &acked))
		return false;
	assert_int_equal(got, kind);
	assert_true(acked == had);
	assert_true(to->heard == from->sent);
	return true;
}

static void lose(struct keepalive_flow *from, unsigned count)
{
	uint8_t frame[KEEPALIVE_LEN];

	while (count-- > 0)
		keepalive_write(from, KEEPALIVE_TURN, frame);
}

/* Both ways in turn, with up to 15 lost in a row, past any place where low bits, or all, begin anew. */
static void test_losses(void **state)
{
	static const uint64_t begins[] = {0, 14, ((uint64_t)1 << 32) - 100, UINT64_MAX - 100};

	(void)state;
	for (unsigned b = 0; b < 4; b++) {
		struct keepalive_flow side[2] = {flow_of(true, begins[b]),
						 flow_of(false, begins[b])};

		for (unsigned n = 0; n < 2000; n++) {
			lose(&side[n % 2], rng_below(&rng, 16));
			assert_true(pass(&side[n % 2], &side[!(n % 2)], n % KEEPALIVE_ANSWER));
		}
	}
}

static void test_too_many_lost(void **state)
{
	struct keepalive_flow a = flow_of(true, 0), b = flow_of(false, 0);

	(void)state;
	lose(&a, 15);
	assert_true(pass(&a, &b, KEEPALIVE_ASK));
	lose(&a, 16);
	assert_false(pass(&a, &b, KEEPALIVE_ASK));
	assert_true(b.heard == 16);
}

/* One that was heard, an older one, one's own, another flow's, another length, a changed bit. */
static void test_refused(void **state)
{
	struct keepalive_flow a = flow_of(true, 0), b = flow_of(false, 0), other = b;
	uint8_t old[KEEPALIVE_LEN], frame[KEEPALIVE_LEN];
	enum keepalive_kind kind = KEEPALIVE_TURN;
	uint64_t acked = 7;

	(void)state;
	other.key[15] ^= 1;
	keepalive_write(&a, KEEPALIVE_ASK, old);
	keepalive_write(&a, KEEPALIVE_ASK, frame);
	assert_false(keepalive_read(&other, frame, KEEPALIVE_LEN, &kind, &acked));
	assert_false(keepalive_read(&a, frame, KEEPALIVE_LEN, &kind, &acked));
	for (size_t len = 0; len < KEEPALIVE_LEN; len++)
		assert_false(keepalive_read(&b, frame, len, &kind, &acked));
	for (unsigned bit = 0; bit < 8 * KEEPALIVE_LEN; bit++) {
		frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(keepalive_read(&b, frame, KEEPALIVE_LEN, &kind, &acked));
		frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_true(b.heard == 0 && acked == 7 && kind == KEEPALIVE_TURN);
	assert_true(keepalive_read(&b, frame, KEEPALIVE_LEN, &kind, &acked));
	assert_false(keepalive_read(&b, frame, KEEPALIVE_LEN, &kind, &acked));
	assert_false(keepalive_read(&b, old, KEEPALIVE_LEN, &kind, &acked));
	assert_true(b.heard == 2 && acked == 0 && kind == KEEPALIVE_ASK);
}

/* What anybody can send: one in 4096 is taken, which is far from one in a thousand. */
static void test_forged(void **state)
{
	struct keepalive_flow b = flow_of(false, 1000);
	unsigned taken = 0;

	(void)state;
	for (unsigned n = 0; n < 1000000; n++) {
		uint8_t frame[KEEPALIVE_LEN];
		enum keepalive_kind kind;
		uint64_t acked;

		rng_bytes(&rng, frame, sizeof(frame));
		frame[0] = (uint8_t)(0xC0 | n % 3 << 4 | (frame[0] & 0x0F));
		taken += keepalive_read(&b, frame, sizeof(frame), &kind, &acked);
	}
	assert_in_range(taken, 244 - 5 * 16, 244 + 5 * 16);
}

/* First bytes of other protocols, session packets among them. */
static void test_form(void **state)
{
	(void)state;
	for (unsigned first = 0; first < 256; first++) {
		const uint8_t bytes[KEEPALIVE_LEN + 1] = {(uint8_t)first};

		assert_int_equal(keepalive_is_frame(bytes, KEEPALIVE_LEN),
				 first >= 0xC0 && first <= 0xEF);
		assert_false(keepalive_is_frame(bytes, KEEPALIVE_LEN + 1));
	}
}

static void test_offer(void **state)
{
	const struct keepalive_offer o = {
		.wish = {{KEEPALIVE_LEARNED, 5, 900}, {200, 0, 65535}, {KEEPALIVE_TURNS, 15, 15}},
		.count = 3,
		.lower_s = 29.5,
		.outbound_only = true,
	};
	uint8_t bytes[KEEPALIVE_OFFER_MAX];
	struct keepalive_offer got;
	const size_t len = keepalive_offer_write(bytes, &o);

	(void)state;
	assert_int_equal(len, 18);
	hex_check(bytes, "01d801"
			 "0300050384"
			 "c80000ffff"
			 "02000f000f");
	assert_int_equal(keepalive_offer_read(&got, bytes, len), 0);
	assert_int_equal(got.count, 3);
	assert_memory_equal(got.wish, o.wish, 3 * sizeof(o.wish[0]));
	assert_near(got.lower_s, 29.5, 0);
	assert_true(got.outbound_only);
	for (size_t n = 0; n < len; n++) {
		uint8_t *cut = malloc(n + 1);

		memcpy(cut, bytes, n);
		assert_int_equal(keepalive_offer_read(&got, cut, n),
				 n >= 3 && (n - 3) % 5 == 0 ? 0 : NK_ERR_MALFORMED);
		free(cut);
	}
}

static void test_offer_bounds(void **state)
{
	uint8_t bytes[3 + 9 * 5] = {0};
	struct keepalive_offer got;

	(void)state;
	for (unsigned i = 0; i < 9; i++)
		bytes[3 + 5 * i] = (uint8_t)(i + 1);
	assert_int_equal(keepalive_offer_read(&got, bytes, sizeof(bytes)), 0);
	assert_int_equal(got.count, KEEPALIVE_WISHES);
	assert_int_equal(got.wish[7].algorithm, 8);
	hex_bytes(bytes, sizeof(bytes),
		  "000000"
		  "0100010000");
	assert_int_equal(keepalive_offer_read(&got, bytes, 8), NK_ERR_MALFORMED);
}

static void test_terms(void **state)
{
	static const struct {
		const char *hex;
		int status;
	} wrong[] = {
		{"010010", 0},                /* a second */
		{"01000f", NK_ERR_MALFORMED}, /* less */
		{"000000", 0},
		{"050100", NK_ERR_MALFORMED},
		{"0101", NK_ERR_MALFORMED},
		{"01010000", NK_ERR_MALFORMED},
	};
	const struct keepalive_terms t = {KEEPALIVE_FIXED, 16.6666};
	uint8_t bytes[KEEPALIVE_TERMS_LEN + 1];
	struct keepalive_terms got;

	(void)state;
	keepalive_terms_write(bytes, &t);
	hex_check(bytes, "01010a");
	assert_int_equal(keepalive_terms_read(&got, bytes, KEEPALIVE_TERMS_LEN), 0);
	assert_int_equal(got.algorithm, KEEPALIVE_FIXED);
	assert_near(got.interval_s, 16.625, 0);
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const size_t len = hex_bytes(bytes, sizeof(bytes), wrong[i].hex);

		assert_int_equal(keepalive_terms_read(&got, bytes, len), wrong[i].status);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),       cmocka_unit_test(test_losses),
		cmocka_unit_test(test_too_many_lost), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_forged),        cmocka_unit_test(test_form),
		cmocka_unit_test(test_offer),         cmocka_unit_test(test_offer_bounds),
		cmocka_unit_test(test_terms),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
