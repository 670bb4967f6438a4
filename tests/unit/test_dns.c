/* DNS messages: queries as they come, answers byte for byte, and everything cut short. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "wire/dns.h"

/* "Stun.natsim", AAAA, IN; with the option record that resolvers add (EDNS). */
static const uint8_t query[] = {
	0x12, 0x34, 0x01, 0x20, 0, 1, 0,  0, 0, 0, 0, 1,  4, 'S',  't', 'u', 'n', 6, 'n', 'a',
	't',  's',  'i',  'm',  0, 0, 28, 0, 1, 0, 0, 41, 4, 0xd0, 0,   0,   0,   0, 0,   0,
};
#define QUESTION_END 29

static void test_reads_a_query(void **state)
{
	struct dns_query q;

	(void)state;
	assert_int_equal(dns_read(&q, query, sizeof(query)), 0);
	assert_int_equal(q.id, 0x1234);
	assert_int_equal(q.opcode, 0);
	assert_true(q.wanted);
	assert_int_equal(q.type, DNS_AAAA);
	assert_int_equal(q.class, 1);
	assert_string_equal(q.name, "stun.natsim");
	assert_int_equal(q.question_len, QUESTION_END - 12);
}

static void test_refuses_what_is_cut_short(void **state)
{
	(void)state;
	for (size_t len = 0; len < QUESTION_END; len++) {
		uint8_t *copy = malloc(len > 0 ? len : 1);
		struct dns_query q;

		assert_non_null(copy);
		memcpy(copy, query, len);
		assert_int_equal(dns_read(&q, copy, len), NK_ERR_MALFORMED);
		free(copy);
	}
}

/* @at: which byte of the query is another. */
static void refuses(size_t at, uint8_t value)
{
	uint8_t bytes[sizeof(query)];
	struct dns_query q;

	memcpy(bytes, query, sizeof(bytes));
	bytes[at] = value;
	assert_int_equal(dns_read(&q, bytes, sizeof(bytes)), NK_ERR_MALFORMED);
}

static void test_refuses_other_messages(void **state)
{
	(void)state;
	refuses(2, 0x81);  /* a response */
	refuses(5, 0);     /* no question */
	refuses(5, 2);     /* two */
	refuses(12, 0xc0); /* a name that points elsewhere */
	refuses(12, 64);   /* a label that is too long */
}

/* A name of labels of 63, 63, 63 and @last bytes. */
static int read_long(uint8_t last, struct dns_query *q)
{
	static uint8_t bytes[300];
	size_t len = 12;

	memset(bytes, 'a', sizeof(bytes));
	memcpy(bytes, query, 12);
	for (unsigned i = 0; i < 4; i++) {
		bytes[len] = i < 3 ? 63 : last;
		len += 1u + bytes[len];
	}
	bytes[len] = 0;
	memcpy(bytes + len + 1, (uint8_t[]){0, 1, 0, 1}, 4);
	return dns_read(q, bytes, len + 5);
}

/* RFC 1035 section 2.3.4: 255 bytes, which are 253 as text. */
static void test_longest_name(void **state)
{
	struct dns_query q;

	(void)state;
	assert_int_equal(read_long(61, &q), 0);
	assert_int_equal(strlen(q.name), 253);
	assert_int_equal(read_long(62, &q), NK_ERR_MALFORMED);
}

static void test_odd_bytes_are_no_letters(void **state)
{
	uint8_t bytes[sizeof(query)];
	struct dns_query q;

	(void)state;
	memcpy(bytes, query, sizeof(bytes));
	bytes[14] = '.';
	bytes[15] = 0;
	assert_int_equal(dns_read(&q, bytes, sizeof(bytes)), 0);
	assert_string_equal(q.name, "s??n.natsim");
}

static void test_reverse_names(void **state)
{
	const struct addr v4 = addr_v4(192, 0, 2, 253, 0);
	struct addr a, v6;

	(void)state;
	assert_true(dns_reverse(&a, "253.2.0.192.in-addr.arpa"));
	assert_true(addr_eq(&a, &v4));
	assert_int_equal(addr_parse(&v6, "2001:db8::fe", 0), 0);
	assert_true(dns_reverse(&a,
				"e.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2."
				"ip6.arpa"));
	assert_true(addr_eq(&a, &v6));
	assert_false(dns_reverse(&a, "256.2.0.192.in-addr.arpa"));
	assert_false(dns_reverse(&a, "2.0.192.in-addr.arpa"));
	assert_false(dns_reverse(&a, "1.253.2.0.192.in-addr.arpa"));
	assert_false(dns_reverse(&a, "..2.0.192.in-addr.arpa"));
	assert_false(dns_reverse(&a, "a.2.0.192.in-addr.arpa"));
	assert_false(dns_reverse(&a, "253.2.0.192.ip6.arpa"));
	assert_false(dns_reverse(&a, "stun.natsim"));
}

static void test_writes_addresses(void **state)
{
	static const uint8_t head[] = {0x12, 0x34, 0x85, 0x80, 0, 1, 0, 1, 0, 0, 0, 0};
	static const uint8_t record[] = {0xc0, 12,   0, 28, 0, 1, 0, 0, 0, 5, 0, 16, 0x20, 0x01,
					 0x0d, 0xb8, 0, 0,  0, 0, 0, 0, 0, 0, 0, 0,  0,    1};
	struct dns_answer a = {.code = DNS_OK, .addr_count = 1, .ttl_s = 5};
	uint8_t out[DNS_ANSWER];
	struct dns_query q;

	(void)state;
	assert_int_equal(addr_parse(&a.addrs[0], "2001:db8::1", 0), 0);
	assert_int_equal(dns_read(&q, query, sizeof(query)), 0);
	assert_int_equal(dns_write(out, &q, &a), QUESTION_END + sizeof(record));
	assert_memory_equal(out, head, sizeof(head));
	assert_memory_equal(out + 12, query + 12, QUESTION_END - 12);
	assert_memory_equal(out + QUESTION_END, record, sizeof(record));
}

static void test_writes_a_name(void **state)
{
	static const uint8_t data[] = {0,   13,  4,   's', 't', 'u', 'n', 6,
				       'n', 'a', 't', 's', 'i', 'm', 0};
	const struct dns_answer a = {.code = DNS_OK, .pointer = "stun.natsim"};
	uint8_t out[DNS_ANSWER];
	struct dns_query q;
	size_t len;

	(void)state;
	assert_int_equal(dns_read(&q, query, sizeof(query)), 0);
	len = dns_write(out, &q, &a);
	assert_int_equal(len, QUESTION_END + 10 + sizeof(data));
	assert_memory_equal(out + len - sizeof(data), data, sizeof(data));
}

static void test_says_that_there_is_no_such_name(void **state)
{
	const struct dns_answer a = {.code = DNS_NO_NAME};
	uint8_t out[DNS_ANSWER];
	struct dns_query q;

	(void)state;
	assert_int_equal(dns_read(&q, query, sizeof(query)), 0);
	assert_int_equal(dns_write(out, &q, &a), QUESTION_END);
	assert_int_equal(out[3] & 0xf, DNS_NO_NAME);
	assert_int_equal(out[7], 0);
}

/* The longest name and all addresses of the longer family. */
static void test_longest_answer_fits(void **state)
{
	struct dns_answer a = {.code = DNS_OK, .addr_count = DNS_ADDRS};
	uint8_t out[DNS_ANSWER];
	struct dns_query q;

	(void)state;
	for (unsigned i = 0; i < DNS_ADDRS; i++)
		assert_int_equal(addr_parse(&a.addrs[i], "2001:db8::1", 0), 0);
	assert_int_equal(read_long(61, &q), 0);
	assert_int_equal(dns_write(out, &q, &a), 12 + 255 + 4 + DNS_ADDRS * 28);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_a_query),
		cmocka_unit_test(test_refuses_what_is_cut_short),
		cmocka_unit_test(test_refuses_other_messages),
		cmocka_unit_test(test_longest_name),
		cmocka_unit_test(test_odd_bytes_are_no_letters),
		cmocka_unit_test(test_reverse_names),
		cmocka_unit_test(test_writes_addresses),
		cmocka_unit_test(test_writes_a_name),
		cmocka_unit_test(test_says_that_there_is_no_such_name),
		cmocka_unit_test(test_longest_answer_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
