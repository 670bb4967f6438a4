/* Headers of IP as Linux writes them, and everything that can be cut off or wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/err.h"
#include "ip_packets.h"
#include "wire/checksum.h"
#include "wire/icmp_quote.h"
#include "wire/ip.h"

/* RFC 1071 section 3, and the examples of RFC 1624 section 4. */
static void test_checksum(void **state)
{
	static const uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

	(void)state;
	assert_int_equal(checksum_of(checksum_add(0, bytes, sizeof(bytes))), 0x220d);
	assert_int_equal(checksum_of(checksum_add(checksum_add(0, bytes, 4), bytes + 4, 4)),
			 0x220d);
	assert_int_equal(checksum_of(checksum_add(0, bytes, 3)), (uint16_t)~0xf201);
	assert_int_equal(checksum_update(0xdd2f, 0x5555, 0x3285), 0x0000);
	assert_int_equal(checksum_update(0xffff, 0x12345, 0x12345), 0xffff);
}

/* Replacing words one after the other comes to the same as summing up anew. */
static void test_checksum_update(void **state)
{
	uint8_t bytes[16] = {1, 2, 3, 4, 5, 6, 7, 8, 0xff, 0xff, 0, 0, 0x80, 0, 0x7f, 0xff};
	uint16_t sum = checksum_of(checksum_add(0, bytes, sizeof(bytes)));
	uint32_t draw = 1;

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		const size_t at = 2 * (i % 8);
		const uint64_t less = checksum_add(0, bytes + at, 2);

		draw = draw * 1664525 + 1013904223;
		bytes[at] = (uint8_t)(draw >> 24);
		bytes[at + 1] = (uint8_t)(draw >> 16);
		sum = checksum_update(sum, less, checksum_add(0, bytes + at, 2));
		assert_int_equal(sum, checksum_of(checksum_add(0, bytes, sizeof(bytes))));
	}
}

static void test_read_linux(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LINUX_PACKETS; i++) {
		struct ip_header h;
		size_t len;
		uint8_t *bytes = linux_bytes(i, &len);

		assert_true(plainly_right(bytes, len));
		assert_int_equal(ip_read(&h, bytes, len), 0);
		assert_int_equal(h.total, len);
		assert_int_equal(h.ttl, 64);
		assert_int_equal(h.length, addr_family(&h.to) == ADDR_V4 ? 20 : 40);
		assert_false(ip_is_fragment(&h));
		if (h.protocol != IP_ICMP)
			assert_int_equal(
				checksum_of(checksum_add(
					ip_pseudo_sum(&h.from, &h.to, h.protocol, len - h.length),
					bytes + h.length, len - h.length)),
				0);
		free(bytes);
	}
}

static void test_fields(void **state)
{
	const struct addr v4 = addr_v4(100, 64, 0, 2, 0);
	const struct addr v6 = {.ip = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}};
	struct ip_header h;
	size_t len;
	uint8_t *bytes = linux_bytes(LINUX_UNREACHABLE4, &len);

	(void)state;
	assert_int_equal(ip_read(&h, bytes, len), 0);
	assert_true(addr_eq(&h.from, &v4));
	assert_int_equal(h.tos, 0xc0);
	assert_int_equal(h.id, 0x27ab);
	assert_false(h.dont_fragment);
	assert_int_equal(h.protocol, IP_ICMP);
	free(bytes);

	bytes = linux_bytes(LINUX_UDP6, &len);
	assert_int_equal(ip_read(&h, bytes, len), 0);
	assert_true(addr_eq(&h.to, &v6));
	assert_int_equal(h.protocol, IP_UDP);
	free(bytes);
}

/* Cut short anywhere, and with each length in it one off, on a block of exactly that size. */
static void test_truncated(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LINUX_PACKETS; i++) {
		size_t len;
		uint8_t *bytes = linux_bytes(i, &len);

		for (size_t have = 0; have < len; have++) {
			uint8_t *block = malloc(have + 1);
			struct ip_header h = {.total = 77};

			assert_non_null(block);
			memcpy(block + 1, bytes, have);
			assert_int_equal(ip_read(&h, block + 1, have), NK_ERR_MALFORMED);
			assert_int_equal(h.total, 77);
			free(block);
		}
		free(bytes);
	}
}

static void test_broken(void **state)
{
	struct ip_header h;
	size_t len;
	uint8_t *bytes = linux_bytes(LINUX_UDP4, &len);

	(void)state;
	for (size_t i = 0; i < 20; i++) { /* any byte of the header is covered by its checksum */
		bytes[i] ^= 0x04;
		assert_int_equal(ip_read(&h, bytes, len), NK_ERR_MALFORMED);
		bytes[i] ^= 0x04;
	}
	bytes[0] = 0x43; /* a header of 12 bytes */
	assert_int_equal(ip_read_quoted(&h, bytes, len), NK_ERR_MALFORMED);
	free(bytes);

	bytes = linux_bytes(LINUX_UDP6, &len);
	memcpy(bytes + 8, (uint8_t[]){0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 12);
	assert_int_equal(ip_read(&h, bytes, len), NK_ERR_MALFORMED);
	free(bytes);
}

/* Headers are written as Linux wrote them; its flow labels are not ours. */
static void test_write(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LINUX_PACKETS; i++) {
		struct ip_header h;
		uint8_t out[40];
		struct wr w = wr_make(out, sizeof(out));
		size_t len;
		uint8_t *bytes = linux_bytes(i, &len);

		assert_int_equal(ip_read(&h, bytes, len), 0);
		ip_write(&w, &h);
		assert_int_equal(w.len, h.length);
		if (addr_family(&h.to) != ADDR_V4)
			memset(bytes + 1, 0, 3);
		assert_memory_equal(out, bytes, h.length);
		free(bytes);
	}
}

/* RFC 8200 section 4: what may stand between IPv6's header and UDP. */
static void test_extensions(void **state)
{
	static const uint8_t headers[] = {
		60, 0, 1,    4,    0,    0,    0,    0, /* hop-by-hop, then destination options */
		44, 1, 1,    12,   0,    0,    0,    0,
		0,  0, 0,    0,    0,    0,    0,    0,    /* 16 bytes; then a fragment */
		17, 0, 0x05, 0xa9, 0xde, 0xad, 0xbe, 0xef, /* offset 1448, more to come */
	};
	struct ip_header h = {
		.to = {.ip = {0x20, 0x01, [15] = 1}}, .protocol = 0, .total = 40 + sizeof(headers)};
	uint8_t bytes[40 + sizeof(headers)];
	struct wr w = wr_make(bytes, sizeof(bytes));

	(void)state;
	ip_write(&w, &h);
	wr_bytes(&w, headers, sizeof(headers));
	assert_false(w.bad);
	assert_int_equal(ip_read(&h, bytes, w.len), 0);
	assert_int_equal(h.protocol, IP_UDP);
	assert_int_equal(h.length, sizeof(bytes));
	assert_int_equal(h.fragment_at, 64);
	assert_int_equal(h.next_at, 48);
	assert_int_equal(h.offset, 1448);
	assert_true(h.more_fragments && ip_is_fragment(&h));
	assert_true(h.id == 0xdeadbeef);

	bytes[64] = 44; /* of a later fragment nothing is read: that is data */
	assert_int_equal(ip_read(&h, bytes, w.len), 0);
	bytes[66] = bytes[67] = 0;
	assert_int_equal(ip_read(&h, bytes, w.len), NK_ERR_MALFORMED);
}

/* An ICMP error of the other kind: time exceeded, for the same packet. */
static uint8_t *time_exceeded(size_t *len)
{
	uint8_t *bytes = linux_bytes(LINUX_UNREACHABLE4, len);

	bytes[IP_V4_HEADER] = 11;
	bytes[IP_V4_HEADER + 1] = 0;
	return bytes;
}

static void test_quote(void **state)
{
	const struct addr from = addr_v4(192, 0, 2, 1, 3478), to = addr_v4(100, 64, 0, 2, 7777);
	const struct addr reporter = addr_v4(100, 64, 0, 2, 0);
	struct icmp_quote q;
	size_t len;
	uint8_t *bytes = time_exceeded(&len);

	(void)state;
	assert_int_equal(icmp_quote_read(&q, bytes, len), 0);
	assert_true(addr_eq(&q.reporter, &reporter));
	assert_true(addr_eq(&q.from, &from) && addr_eq(&q.to, &to));
	assert_int_equal(q.id, 1);
	assert_int_equal(q.checksum, 0xe8d4);
	for (size_t i = 0; i < len; i++) {
		uint8_t *part = malloc(i > 0 ? i : 1);

		memcpy(part, bytes, i);
		assert_int_equal(icmp_quote_read(&q, part, i), NK_ERR_MALFORMED);
		free(part);
	}
	bytes[IP_V4_HEADER + 1] = 1; /* fragment reassembly time exceeded */
	assert_int_equal(icmp_quote_read(&q, bytes, len), NK_ERR_MALFORMED);
	free(bytes);
	bytes = linux_bytes(LINUX_UNREACHABLE4, &len);
	assert_int_equal(icmp_quote_read(&q, bytes, len), NK_ERR_MALFORMED);
	free(bytes);
}

/* The checksum is computed from all of it; the one that is there may not have been done yet. */
static void test_quote_of(void **state)
{
	struct icmp_quote q;
	size_t len;
	uint8_t *bytes = linux_bytes(LINUX_UDP4, &len);

	(void)state;
	bytes_put_be16(bytes + IP_V4_HEADER + IP_UDP_CHECKSUM_AT, 0x1234);
	assert_int_equal(icmp_quote_of(&q, bytes, len), 0);
	assert_int_equal(q.checksum, 0x74a0);
	assert_int_equal(q.id, 0x27ce);
	assert_int_equal(q.from.port, 5000);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(icmp_quote_of(&q, bytes, i), NK_ERR_MALFORMED);
	free(bytes);
	bytes = linux_bytes(LINUX_SYN4, &len);
	assert_int_equal(icmp_quote_of(&q, bytes, len), NK_ERR_MALFORMED);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_checksum),   cmocka_unit_test(test_checksum_update),
		cmocka_unit_test(test_read_linux), cmocka_unit_test(test_fields),
		cmocka_unit_test(test_truncated),  cmocka_unit_test(test_broken),
		cmocka_unit_test(test_write),      cmocka_unit_test(test_extensions),
		cmocka_unit_test(test_quote),      cmocka_unit_test(test_quote_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
