/* Offers: what is written reads back, and whoever sends what must not be sent is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "wire/offer.h"

static struct addr v6(uint8_t first, uint8_t last, uint16_t port)
{
	return (struct addr){.ip = {[0] = first, [15] = last}, .port = port};
}

static struct offer full(void)
{
	struct offer o = {
		.verdict = OFFER_ACCEPTS,
		.flags = OFFER_HARD | OFFER_PLAIN,
		.timestamp_us = 0x0102030405060708,
		.index = 0xdeadbeef,
		.rtt_us = 80000,
		.fire_us = UINT64_MAX - 1,
		.tactics = 0x1ff,
		.candidates =
			{
				{1, addr_v4(192, 168, 1, 2, 40000)},
				{1, addr_v4(10, 0, 0, 2, 40000)},
				{2, addr_v4(192, 0, 2, 1, 65535)},
				{3, addr_v4(192, 0, 2, 1, 1)},
				{4, addr_v4(192, 0, 2, 1, 80)},
				{1, v6(0x20, 1, 40001)},
				{1, v6(0xfc, 1, 40001)},
				{1, v6(0xfe, 255, 2)},
			},
		.candidate_count = OFFER_CANDIDATES,
		.keepalives_len = OFFER_KEEPALIVES,
	};

	o.candidates[7].addr.ip[1] = 0x80; /* fe80::ff */
	memset(o.call_id, 0x11, sizeof(o.call_id));
	memset(o.resumes, 0x22, sizeof(o.resumes));
	memset(o.keepalives, 0x33, sizeof(o.keepalives));
	o.nat.mapping = 3;
	o.nat.ports = 2;
	o.nat.step = -3;
	o.nat.last_port = 50000;
	o.nat.per_minute = 300;
	o.nat.opener_ttl = 2;
	o.nat.broker_hops = 9;
	return o;
}

static void assert_same(const struct offer *a, const struct offer *b)
{
	uint8_t x[OFFER_MAX], y[OFFER_MAX];
	const size_t len = offer_write(x, a);

	assert_true(len > 0);
	assert_int_equal(offer_write(y, b), len);
	assert_memory_equal(x, y, len);
}

static void test_round_trip(void **state)
{
	const struct offer o = full();
	uint8_t buf[OFFER_MAX];
	struct offer back;

	(void)state;
	assert_int_equal(offer_read(&back, buf, offer_write(buf, &o)), 0);
	assert_same(&o, &back);
	assert_int_equal(back.verdict, OFFER_ACCEPTS);
	assert_int_equal(back.index, 0xdeadbeef);
	assert_true(back.fire_us == UINT64_MAX - 1 && back.timestamp_us == 0x0102030405060708);
	assert_int_equal(back.nat.step, -3);
	assert_int_equal(back.nat.broker_hops, 9);
	assert_int_equal(back.candidate_count, OFFER_CANDIDATES);
	for (unsigned i = 0; i < OFFER_CANDIDATES; i++) {
		assert_int_equal(back.candidates[i].kind, o.candidates[i].kind);
		assert_true(addr_eq(&back.candidates[i].addr, &o.candidates[i].addr));
	}
	assert_memory_equal(back.keepalives, o.keepalives, OFFER_KEEPALIVES);
	assert_memory_equal(back.key, (uint8_t[OFFER_KEY]){0}, OFFER_KEY); /* of callers only */
}

/* The bytes themselves, as natkit-protocol(7) gives them. */
static void test_bytes(void **state)
{
	static const uint8_t candidate[] = {2, 7, 2, 0x9c, 0x40, 192, 0, 2, 1};
	static const uint8_t nat[] = {3, 10, 1, 2, 0xff, 0xfe, 0, 80, 0, 6, 2, 8};
	struct offer o = {
		.verdict = OFFER_REFUSES,
		.flags = 5,
		.candidates = {{2, addr_v4(192, 0, 2, 1, 40000)}},
		.candidate_count = 1,
		.nat = {1, 2, -2, 80, 6, 2, 8},
	};
	uint8_t buf[OFFER_MAX];

	(void)state;
	assert_int_equal(offer_write(buf, &o), 67 + sizeof(candidate) + sizeof(nat));
	assert_memory_equal(buf, ((uint8_t[]){1, 65, 2, 0, 0, 0, 5}), 7);
	assert_memory_equal(buf + 67, candidate, sizeof(candidate));
	assert_memory_equal(buf + 67 + sizeof(candidate), nat, sizeof(nat));
}

/* A caller says who it is. */
static void test_key(void **state)
{
	struct offer o = {.verdict = OFFER_CALLS}, back;
	uint8_t buf[OFFER_MAX];
	size_t len;

	(void)state;
	memset(o.key, 0x44, sizeof(o.key));
	len = offer_write(buf, &o);
	assert_int_equal(buf[len - 34], 5);
	assert_int_equal(buf[len - 33], 32);
	assert_int_equal(offer_read(&back, buf, len), 0);
	assert_memory_equal(back.key, o.key, sizeof(o.key));
	assert_int_equal(offer_read(&back, buf, len - 34), NK_ERR_MALFORMED);
	buf[len - 33] = 31;
	assert_int_equal(offer_read(&back, buf, len - 1), NK_ERR_MALFORMED);
}

/* Every truncation, on a block of exactly its size: sanitizers see a read past the end. */
static void test_truncations(void **state)
{
	const struct offer o = full();
	uint8_t buf[OFFER_MAX];
	const size_t len = offer_write(buf, &o);
	struct offer back;

	(void)state;
	for (size_t n = 0; n < len; n++) {
		uint8_t *cut = malloc(n + 1);

		assert_non_null(cut);
		memcpy(cut + 1, buf, n);
		/* Whole fields may be missing, but not the first. */
		if (offer_read(&back, cut + 1, n) == 0)
			assert_true(n >= 67);
		free(cut);
	}
}

static int read_bytes(const uint8_t *field, size_t len)
{
	uint8_t buf[OFFER_MAX];
	struct offer o = {.verdict = OFFER_CALLS}, back;
	const size_t at = offer_write(buf, &o);

	memcpy(buf + at, field, len);
	return offer_read(&back, buf, at + len);
}
#define read_with(...) read_bytes((uint8_t[]){__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__}))

static void test_malformed(void **state)
{
	const struct offer o = full();
	uint8_t buf[OFFER_MAX];
	struct offer back;

	(void)state;
	assert_int_equal(read_with(200, 1, 7), 0); /* not known: skipped */
	assert_int_equal(read_with(0, 0), 0);
	assert_int_equal(read_with(200), NK_ERR_MALFORMED);
	assert_int_equal(read_with(200, 2, 7), NK_ERR_MALFORMED);
	/* a second one of a kind; not as long as it must be */
	assert_int_equal(read_with(3, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), NK_ERR_MALFORMED);
	assert_int_equal(read_with(2, 6, 1, 0, 1, 10, 0, 0), NK_ERR_MALFORMED);
	assert_int_equal(read_with(2, 8, 1, 0, 1, 10, 0, 0, 1, 0), NK_ERR_MALFORMED);
	assert_int_equal(read_with(2, 2, 1, 0), NK_ERR_MALFORMED);
	/* no such kind, no such verdict, no such class */
	assert_int_equal(read_with(2, 7, 1, 0, 1, 10, 0, 0, 1), 0);
	assert_int_equal(read_with(2, 7, 0, 0, 1, 10, 0, 0, 1), NK_ERR_MALFORMED);
	assert_int_equal(read_with(2, 7, 5, 0, 1, 10, 0, 0, 1), NK_ERR_MALFORMED);
	offer_write(buf, &o);
	buf[2] = OFFER_IS_BUSY + 1;
	assert_int_equal(offer_read(&back, buf, 67), NK_ERR_MALFORMED);
	buf[2] = OFFER_IS_BUSY;
	assert_int_equal(offer_read(&back, buf, 67), 0);
	memcpy(buf + 67, (uint8_t[]){3, 10, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 12);
	assert_int_equal(offer_read(&back, buf, 79), NK_ERR_MALFORMED);
	/* more than fits */
	memset(buf + 67, 0, sizeof(buf) - 67);
	memcpy(buf + 67, (uint8_t[]){4, OFFER_KEEPALIVES}, 2);
	assert_int_equal(offer_read(&back, buf, 69 + OFFER_KEEPALIVES), 0);
	buf[68]++;
	assert_int_equal(offer_read(&back, buf, 69 + OFFER_KEEPALIVES + 1), NK_ERR_MALFORMED);
}

static int read_candidate(struct addr a)
{
	uint8_t buf[OFFER_MAX];
	struct offer o = {.candidates = {{1, a}}, .candidate_count = 1}, back;

	return offer_read(&back, buf, offer_write(buf, &o));
}

static void test_nobody_to_send_to(void **state)
{
	(void)state;
	assert_int_equal(read_candidate(addr_v4(192, 0, 2, 1, 1)), 0);
	assert_int_equal(read_candidate(addr_v4(192, 0, 2, 1, 0)), NK_ERR_MALFORMED);
	assert_int_equal(read_candidate(addr_v4(0, 0, 0, 0, 1)), NK_ERR_MALFORMED);
	assert_int_equal(read_candidate(addr_v4(0, 1, 2, 3, 1)), NK_ERR_MALFORMED);
	assert_int_equal(read_candidate(addr_v4(223, 255, 255, 255, 1)), 0);
	assert_int_equal(read_candidate(addr_v4(224, 0, 0, 1, 1)), NK_ERR_MALFORMED);
	assert_int_equal(read_candidate(addr_v4(255, 255, 255, 255, 1)), NK_ERR_MALFORMED);
	assert_int_equal(read_candidate(v6(0x20, 1, 1)), 0);
	assert_int_equal(read_candidate(v6(0, 0, 1)), NK_ERR_MALFORMED);
	assert_int_equal(read_candidate(v6(0xff, 1, 1)), NK_ERR_MALFORMED);
	/* IPv4 in sixteen bytes is not how it is written */
	assert_int_equal(
		read_with(2, 19, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 224, 0, 0, 1),
		NK_ERR_MALFORMED);
}

static void test_counts(void **state)
{
	uint8_t buf[OFFER_MAX];
	struct offer o = full(), back;
	size_t len;

	(void)state;
	/* a third public IP */
	o.candidates[0].addr = addr_v4(198, 51, 100, 1, 1);
	assert_int_equal(offer_read(&back, buf, offer_write(buf, &o)), NK_ERR_MALFORMED);
	/* a ninth candidate */
	o = full();
	len = offer_write(buf, &o);
	memcpy(buf + len, (uint8_t[]){2, 7, 1, 0, 1, 10, 0, 0, 1}, 9);
	assert_int_equal(offer_read(&back, buf, len), 0);
	assert_int_equal(offer_read(&back, buf, len + 9), NK_ERR_MALFORMED);
	o.candidate_count = OFFER_CANDIDATES + 1;
	assert_int_equal(offer_write(buf, &o), 0);
	o = full();
	o.keepalives_len = OFFER_KEEPALIVES + 1;
	assert_int_equal(offer_write(buf, &o), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_key),        cmocka_unit_test(test_truncations),
		cmocka_unit_test(test_malformed),  cmocka_unit_test(test_nobody_to_send_to),
		cmocka_unit_test(test_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
