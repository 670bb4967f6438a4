/* Packets to bytes and back: unchanged, changed by NATs of each kind, or made from nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../unit/ip_packets.h"
#include "base/bytes.h"
#include "base/err.h"
#include "sim/packet_ip.h"

#define ROOM 2048

static const struct addr external4 = {.ip = {[10] = 0xff, [11] = 0xff, 203, 0, 113, 1},
				      .port = 40000};
static const struct addr server4 = {.ip = {[10] = 0xff, [11] = 0xff, 192, 0, 2, 1}, .port = 3478};
static const struct addr client6 = {.ip = {0x20, 0x01, 0x0d, 0xb8, 0, 1, [15] = 2}, .port = 5000};
static const struct addr server64 = {.ip = {0, 0x64, 0xff, 0x9b, [12] = 192, 0, 2, 1},
				     .port = 3478};
static const struct addr other6 = {.ip = {0x20, 0x01, 0x0d, 0xb8, 9, [15] = 9}, .port = 40000};

static struct packet read_linux(unsigned i)
{
	struct packet p = {.fragments = 1};

	p.data = linux_bytes(i, &p.len);
	assert_non_null(p.data);
	p.room = p.len;
	assert_int_equal(packet_read(&p), 0);
	return p;
}

static struct packet read_bytes(uint8_t *bytes, size_t len)
{
	struct packet p = {.fragments = 1, .data = bytes, .len = len, .room = len};

	assert_true(plainly_right(bytes, len));
	assert_int_equal(packet_read(&p), 0);
	return p;
}

/* Makes the checksum of an ICMPv6 message right. */
static void mend_icmpv6(uint8_t *bytes, size_t len)
{
	const uint8_t more[] = {0, 58, (uint8_t)((len - 40) >> 8), (uint8_t)(len - 40)};
	uint32_t sum;

	bytes[42] = bytes[43] = 0;
	sum = plain_sum(plain_sum(0, more, sizeof(more)), bytes + 8, len - 8);
	bytes[42] = (uint8_t)(~sum >> 8);
	bytes[43] = (uint8_t)~sum;
}

static void test_unchanged(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LINUX_PACKETS; i++) {
		struct packet p = read_linux(i);
		uint8_t out[ROOM];

		assert_int_equal(packet_write(&p, out, sizeof(out)), p.len);
		assert_memory_equal(out, p.data, p.len);
		assert_int_equal(packet_write(&p, out, p.len - 1), 0);
		free(p.data);
	}
}

static void test_fields(void **state)
{
	struct packet p = read_linux(LINUX_SYN4);

	(void)state;
	assert_int_equal(p.kind, PACKET_TCP);
	assert_int_equal(p.flags, PACKET_SYN);
	assert_true(p.seq == 0xa7c57951);
	assert_int_equal(p.from.port, 6000);
	assert_int_equal(p.to.port, 80);
	assert_true(p.dont_fragment);
	assert_int_equal(p.payload, p.len);
	free(p.data);

	p = read_linux(LINUX_PING6);
	assert_int_equal(p.kind, PACKET_QUERY);
	assert_false(p.reply);
	assert_int_equal(p.from.port, 0x35);
	assert_int_equal(p.to.port, 0x35);
	assert_int_equal(p.seq, 1);
	assert_int_equal(p.payload, 48);
	free(p.data);

	p = read_linux(LINUX_UNREACHABLE6);
	assert_int_equal(p.kind, PACKET_ERROR);
	assert_int_equal(p.error, PACKET_NO_PORT);
	assert_int_equal(p.quote.kind, PACKET_UDP);
	assert_int_equal(p.quote.from.port, 3478);
	assert_int_equal(p.quote.to.port, 7777);
	assert_true(addr_same_ip(&p.quote.to, &client6));
	free(p.data);
}

/* Other addresses, ports and TTL: all checksums are right, and back again all is as it was. */
static void test_changed(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LINUX_UNREACHABLE4; i++) {
		struct packet p = read_linux(i);
		const bool v4 = addr_family(&p.to) == ADDR_V4;
		const struct packet was = p;
		uint8_t out[ROOM], back[ROOM];
		struct packet q;

		p.from = v4 ? external4 : other6;
		p.ttl = 33;
		if (p.kind == PACKET_QUERY)
			p.to.port = p.from.port;
		assert_int_equal(packet_write(&p, out, sizeof(out)), p.len);
		q = read_bytes(out, p.len);
		assert_true(addr_eq(&q.from, &p.from) && addr_eq(&q.to, &p.to));
		assert_int_equal(q.ttl, 33);
		q.from = was.from;
		q.to = was.to;
		q.ttl = was.ttl;
		assert_int_equal(packet_write(&q, back, sizeof(back)), p.len);
		assert_memory_equal(back, was.data, was.len);
		free(p.data);
	}
}

/* What a NAT makes of an error: the quote is what the receiver sent. */
static void test_error(void **state)
{
	(void)state;
	for (unsigned i = LINUX_UNREACHABLE4; i <= LINUX_UNREACHABLE6; i++) {
		struct packet p = read_linux(i);
		uint8_t out[ROOM];
		struct packet q;

		p.from = addr_with_port(i == LINUX_UNREACHABLE4 ? external4 : other6, 0);
		p.quote.to = i == LINUX_UNREACHABLE4 ? external4 : other6;
		assert_int_equal(packet_write(&p, out, sizeof(out)), p.len);
		q = read_bytes(out, p.len);
		assert_true(addr_eq(&q.quote.to, &p.quote.to));
		assert_true(addr_eq(&q.quote.from, &p.quote.from));
		/* The quoted packet is there as a whole, so its own checksum can be looked at. */
		assert_true(plainly_right(out + q.payload, q.len - q.payload));
		free(p.data);
	}
}

/* A packet that came with a wrong checksum must not leave with a right one. */
/* A router quotes what it was given, and what is changed back on the way is as it was sent. */
static void test_quotes_what_came(void **state)
{
	const struct addr router = {.ip = {[10] = 0xff, [11] = 0xff, 198, 51, 100, 1}};
	struct packet sent = read_linux(LINUX_UDP4), given = sent, error = {.fragments = 1};
	const uint8_t *udp = sent.data + 20;
	uint8_t out[ROOM];
	size_t len;

	(void)state;
	given.from = external4;
	error.ttl = PACKET_TTL;
	packet_make_error(&error, &given, &router, PACKET_TTL_EXCEEDED, 0);
	error.quote.from = error.to = sent.from;
	error.to.port = 0;
	len = packet_write(&error, out, sizeof(out));
	assert_int_equal(len, 20 + 8 + 20 + 8);
	assert_memory_equal(out + 28 + 4, sent.data + 4, 2);
	assert_true(udp[6] != 0 || udp[7] != 0);
	assert_memory_equal(out + 48, udp, 8);
	/* As it was given, the checksum is that of the packet sent on. */
	error.quote.from = given.from;
	packet_write(&error, out, sizeof(out));
	len = packet_write(&given, sent.data, sent.len);
	assert_int_equal(len, sent.len);
	assert_memory_equal(out + 48, sent.data + 20, 8);
	free(sent.data);
}

static void test_wrong_stays_wrong(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LINUX_UNREACHABLE4; i++) {
		struct packet p = read_linux(i);
		uint8_t out[ROOM];

		p.data[p.len - 1] ^= 1;
		p.from = addr_family(&p.to) == ADDR_V4 ? external4 : other6;
		assert_int_equal(packet_write(&p, out, sizeof(out)), p.len);
		assert_false(plainly_right(out, p.len));
		free(p.data);
	}
}

static void test_no_udp_checksum(void **state)
{
	struct packet p = read_linux(LINUX_UDP4);
	uint8_t out[ROOM];

	(void)state;
	p.data[26] = p.data[27] = 0;
	p.from = external4;
	assert_int_equal(packet_write(&p, out, sizeof(out)), p.len);
	assert_true(out[26] == 0 && out[27] == 0);
	p.from = server64; /* over IPv6 there must be one */
	p.to = client6;
	assert_int_equal(packet_write(&p, out, sizeof(out)), p.len + 20);
	assert_true(plainly_right(out, p.len + 20));
	free(p.data);
}

/* RFC 768: a checksum that comes out as 0 is sent as 0xffff. */
static void test_udp_checksum_zero(void **state)
{
	struct packet p = read_linux(LINUX_UDP4);
	uint8_t out[ROOM];
	bool seen = false;

	(void)state;
	for (unsigned port = 1; port < 65536; port++) {
		p.from.port = (uint16_t)port;
		packet_write(&p, out, sizeof(out));
		assert_false(out[26] == 0 && out[27] == 0);
		seen |= out[26] == 0xff && out[27] == 0xff;
	}
	assert_true(seen);
	free(p.data);
}

static void test_altered(void **state)
{
	struct packet p = read_linux(LINUX_UDP6);
	uint8_t out[ROOM];

	(void)state;
	p.data[p.payload] ^= 0xff;
	p.altered = true;
	assert_int_equal(packet_write(&p, out, sizeof(out)), p.len);
	assert_true(plainly_right(out, p.len));
	free(p.data);
}

/* What follows the end that a UDP header names is no part of its checksum. */
static void test_padded_udp(void **state)
{
	static const uint8_t padding[] = {0xab, 0xcd, 0xef};
	struct packet p = read_linux(LINUX_UDP6);
	const size_t len = p.len;
	uint8_t padded[ROOM], out[ROOM];

	(void)state;
	memcpy(padded, p.data, len);
	memcpy(padded + len, padding, sizeof(padding));
	bytes_put_be16(padded + 4, (uint16_t)(len + sizeof(padding) - 40));
	free(p.data);
	p = (struct packet){.fragments = 1, .data = padded, .len = len + sizeof(padding)};
	assert_int_equal(packet_read(&p), 0);
	p.data[p.payload] ^= 0xff;
	p.altered = true;
	assert_int_equal(packet_write(&p, out, sizeof(out)), p.len);
	assert_memory_equal(out + len, padding, sizeof(padding));
	bytes_put_be16(out + 4, (uint16_t)(len - 40));
	assert_true(plainly_right(out, len));
}

/* RFC 7915: to the other family, read there, and back. */
static void test_translated(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LINUX_PACKETS; i++) {
		struct packet p = read_linux(i);
		const bool v4 = addr_family(&p.to) == ADDR_V4;
		const struct packet was = p;
		const size_t header = v4 ? 20 : 40;
		uint8_t out[ROOM], back[ROOM];
		size_t len;
		struct packet q;

		p.from = addr_with_port(v4 ? client6 : external4, p.from.port);
		p.to = addr_with_port(v4 ? server64 : server4, p.to.port);
		p.quote.from = addr_with_port(p.to, p.quote.from.port);
		p.quote.to = addr_with_port(p.from, p.quote.to.port);
		len = packet_write(&p, out, sizeof(out));
		assert_true(len > 0);
		q = read_bytes(out, len);
		assert_int_equal(q.kind, was.kind);
		assert_int_equal(q.error, was.error);
		assert_true(addr_eq(&q.from, &p.from) && addr_eq(&q.to, &p.to));
		if (q.kind == PACKET_ERROR) {
			assert_true(addr_eq(&q.quote.from, &p.quote.from));
			assert_true(addr_eq(&q.quote.to, &p.quote.to));
			assert_true(plainly_right(out + q.payload, len - q.payload));
		}
		q.from = was.from;
		q.to = was.to;
		q.quote = was.quote;
		len = packet_write(&q, back, sizeof(back));
		assert_int_equal(len, was.len);
		assert_true(plainly_right(back, len));
		if (was.kind != PACKET_ERROR) /* whose quote has lost its flow label or id */
			assert_memory_equal(back + header, was.data + header, len - header);
		free(p.data);
	}
}

/* The longest of IPv6 is too long for IPv4, which counts its header too. */
static void test_too_long_to_translate(void **state)
{
	static const size_t lens[] = {65575, 65555};
	static uint8_t in[65575], out[sizeof(in)];
	size_t header_len;
	uint8_t *header = linux_bytes(LINUX_UDP6, &header_len);

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct packet p = {.fragments = 1, .data = in, .len = lens[i], .room = sizeof(in)};
		struct wr w = wr_make(in, sizeof(in));

		wr_bytes(&w, header, 48);
		wr_patch_be16(&w, 4, (uint16_t)(lens[i] - 40));
		wr_patch_be16(&w, 44, (uint16_t)(lens[i] - 40));
		assert_int_equal(packet_read(&p), 0);
		p.from = external4;
		p.to = server4;
		assert_int_equal(packet_write(&p, out, sizeof(out)), i == 0 ? 0 : 65535);
	}
	free(header);
}

/* What no table of RFC 7915 names is not sent on: other protocols and errors, and quotes of them. */
static void test_not_translated(void **state)
{
	static const struct {
		unsigned packet;
		size_t at;
		uint8_t byte;
	} cases[] = {
		{LINUX_UDP6, 6, 47},         /* another protocol */
		{LINUX_PING6, 40, 133},      /* another message of ICMPv6 */
		{LINUX_UNREACHABLE6, 40, 4}, /* a parameter problem */
		{LINUX_UNREACHABLE6, 54, 47} /* an error about another protocol */
	};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		uint8_t out[ROOM];
		struct packet p = {.fragments = 1};

		p.data = linux_bytes(cases[i].packet, &p.len);
		p.data[cases[i].at] = cases[i].byte;
		if (cases[i].packet == LINUX_UNREACHABLE6)
			mend_icmpv6(p.data, p.len);
		assert_int_equal(packet_read(&p), 0);
		assert_int_equal(packet_write(&p, out, sizeof(out)), p.len);
		p.from = addr_with_port(external4, 0);
		p.to = addr_with_port(server4, 0);
		p.quote.from = p.to;
		p.quote.to = p.from;
		assert_int_equal(packet_write(&p, out, sizeof(out)), 0);
		free(p.data);
	}
}

/* What a NAT64 makes of "too big": the other family's size, and its own place for it. */
static void test_too_big(void **state)
{
	struct packet made = {
		.kind = PACKET_ERROR,
		.from = addr_with_port(client6, 0),
		.to = addr_with_port(other6, 0),
		.ttl = PACKET_TTL,
		.error = PACKET_TOO_BIG,
		.mtu = 70000,
		.quote =
			{.kind = PACKET_TCP, .from = other6, .to = client6, .seq = 5, .size = 9000},
		.size = 96,
	};
	uint8_t bytes[ROOM], out[ROOM];
	const size_t len = packet_write(&made, bytes, sizeof(bytes));
	struct packet p = read_bytes(bytes, len), q;

	(void)state;
	assert_true(p.mtu == 70000);
	assert_int_equal(packet_write(&p, out, sizeof(out)), len);
	assert_memory_equal(out, bytes, len);
	p.mtu = 1280;
	assert_int_equal(packet_write(&p, out, sizeof(out)), len);
	q = read_bytes(out, len);
	assert_int_equal(q.mtu, 1280);

	p.mtu = 1260;
	p.from = addr_with_port(external4, 0);
	p.to = addr_with_port(server4, 0);
	p.quote.from = server4;
	p.quote.to = external4;
	q = read_bytes(out, packet_write(&p, out, sizeof(out)));
	assert_int_equal(q.len, len - 40);
	assert_int_equal(q.error, PACKET_TOO_BIG);
	assert_int_equal(q.mtu, 1260);
	assert_int_equal(q.quote.size, 9000 - 20);
	assert_int_equal(q.quote.seq, 5);
}

static const struct packet_quote udp_quote = {
	.kind = PACKET_UDP,
	.from = {.ip = {[10] = 0xff, [11] = 0xff, 100, 64, 0, 2}, .port = 5000},
	.to = {.ip = {[10] = 0xff, [11] = 0xff, 192, 0, 2, 1}, .port = 3478},
	.size = 33,
};

/* What the virtual world sends is built such that it reads back as it was. */
static void test_built(void **state)
{
	uint8_t payload[] = {1, 2, 3, 4, 5};
	const struct packet packets[] = {
		{.kind = PACKET_UDP, .from = external4, .to = server4, .size = 33, .len = 5},
		{.kind = PACKET_UDP, .from = client6, .to = other6, .size = 53, .len = 5},
		{.kind = PACKET_QUERY,
		 .from = addr_with_port(client6, 7),
		 .to = addr_with_port(other6, 7),
		 .reply = true,
		 .seq = 9,
		 .size = 53,
		 .len = 5},
		{.kind = PACKET_TCP,
		 .from = external4,
		 .to = server4,
		 .flags = PACKET_RST | PACKET_ACK,
		 .seq = 1,
		 .ack = 2,
		 .size = 40},
		{.kind = PACKET_ERROR,
		 .from = addr_with_port(external4, 0),
		 .to = addr_with_port(udp_quote.from, 0),
		 .error = PACKET_TOO_BIG,
		 .mtu = 1400,
		 .quote = udp_quote,
		 .size = 56},
		{.kind = PACKET_OTHER,
		 .from = addr_with_port(external4, 0),
		 .to = addr_with_port(server4, 0),
		 .protocol = 50,
		 .size = 25,
		 .len = 5},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
		struct packet p = packets[i];
		uint8_t out[ROOM];
		struct packet q = {.fragments = 1, .data = out};

		p.ttl = PACKET_TTL;
		p.data = payload;
		q.len = packet_write(&p, out, sizeof(out));
		assert_int_equal(q.len, p.size);
		if (p.kind != PACKET_OTHER)
			assert_true(plainly_right(out, q.len));
		assert_int_equal(packet_read(&q), 0);
		assert_int_equal(q.kind, p.kind);
		assert_true(addr_eq(&q.from, &p.from) && addr_eq(&q.to, &p.to));
		assert_int_equal(q.ttl, p.ttl);
		assert_int_equal(q.reply, p.reply);
		assert_int_equal(q.flags, p.flags);
		assert_int_equal(q.seq, p.seq);
		assert_int_equal(q.ack, p.ack);
		assert_int_equal(q.error, p.error);
		assert_int_equal(q.mtu, p.mtu);
		assert_true(addr_eq(&q.quote.from, &p.quote.from));
		assert_true(addr_eq(&q.quote.to, &p.quote.to));
		if (p.kind != PACKET_ERROR)
			assert_memory_equal(out + q.payload, payload, p.len);
	}
}

/* Our UDP is that of Linux, but for the number that Linux gave the packet. */
static void test_built_as_linux_does(void **state)
{
	struct packet p = read_linux(LINUX_UDP4);
	struct packet q = {
		.kind = PACKET_UDP,
		.from = p.from,
		.to = p.to,
		.ttl = p.ttl,
		.dont_fragment = true,
		.size = p.size,
		.data = p.data + p.payload,
		.len = p.len - p.payload,
	};
	uint8_t out[ROOM];

	(void)state;
	assert_int_equal(packet_write(&q, out, sizeof(out)), p.len);
	assert_memory_equal(out, p.data, 4);
	assert_memory_equal(out + 6, p.data + 6, 4);
	assert_memory_equal(out + 12, p.data + 12, p.len - 12);
	free(p.data);
}

/* Any byte changed, and cut anywhere: never more than an error, and never read past the end. */
static void test_broken(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LINUX_PACKETS; i++) {
		size_t len;
		uint8_t *bytes = linux_bytes(i, &len);

		for (size_t at = 0; at < len; at++) {
			for (unsigned bit = 0; bit < 8; bit++) {
				struct packet p = {.fragments = 1, .data = bytes, .len = len};
				uint8_t out[ROOM];

				bytes[at] ^= (uint8_t)(1 << bit);
				if (packet_read(&p) == 0) {
					assert_int_equal(packet_write(&p, out, sizeof(out)), p.len);
					assert_memory_equal(out, bytes, p.len);
				}
				bytes[at] ^= (uint8_t)(1 << bit);
			}
		}
		for (size_t have = 0; have < len; have++) {
			uint8_t *block = malloc(have + 1);
			struct packet p = {.data = block + 1, .len = have};

			assert_non_null(block);
			memcpy(block + 1, bytes, have);
			assert_int_equal(packet_read(&p), NK_ERR_MALFORMED);
			free(block);
		}
		free(bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unchanged),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_quotes_what_came),
		cmocka_unit_test(test_wrong_stays_wrong),
		cmocka_unit_test(test_no_udp_checksum),
		cmocka_unit_test(test_udp_checksum_zero),
		cmocka_unit_test(test_altered),
		cmocka_unit_test(test_padded_udp),
		cmocka_unit_test(test_translated),
		cmocka_unit_test(test_not_translated),
		cmocka_unit_test(test_too_long_to_translate),
		cmocka_unit_test(test_too_big),
		cmocka_unit_test(test_built),
		cmocka_unit_test(test_built_as_linux_does),
		cmocka_unit_test(test_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
