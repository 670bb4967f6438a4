/* Addresses as text, and what is said about them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/addr.h"
#include "base/err.h"

static struct addr parse(const char *text)
{
	struct addr a;

	if (addr_parse(&a, text, 0) != 0)
		fail_msg("%s is an address", text);
	return a;
}

static void test_parse_good(void **state)
{
	static const struct {
		const char *in, *with_port, *ip;
		uint16_t port;
		enum addr_family family;
	} cases[] = {
		{"192.0.2.1", "192.0.2.1:99", "192.0.2.1", 99, ADDR_V4},
		{"192.0.2.1:3478", "192.0.2.1:3478", "192.0.2.1", 3478, ADDR_V4},
		{"0.0.0.0:1", "0.0.0.0:1", "0.0.0.0", 1, ADDR_V4},
		{"255.255.255.255:65535", "255.255.255.255:65535", "255.255.255.255", 65535,
		 ADDR_V4},
		{"2001:db8::1", "[2001:db8::1]:99", "2001:db8::1", 99, ADDR_V6},
		{"[2001:db8::1]", "[2001:db8::1]:99", "2001:db8::1", 99, ADDR_V6},
		{"[2001:db8::1]:1", "[2001:db8::1]:1", "2001:db8::1", 1, ADDR_V6},
		{"[2001:DB8:0:0:0:0:0:a]:00080", "[2001:db8::a]:80", "2001:db8::a", 80, ADDR_V6},
		{"::", "[::]:99", "::", 99, ADDR_V6},
		{"::ffff:192.0.2.1", "192.0.2.1:99", "192.0.2.1", 99, ADDR_V4},
		{"2001:db8:1111:2222:3333:4444:203.0.113.255",
		 "[2001:db8:1111:2222:3333:4444:cb00:71ff]:99",
		 "2001:db8:1111:2222:3333:4444:cb00:71ff", 99, ADDR_V6},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[ADDR_TEXT];
		struct addr a;

		assert_int_equal(addr_parse(&a, cases[i].in, 99), 0);
		assert_int_equal(a.port, cases[i].port);
		assert_int_equal(addr_family(&a), cases[i].family);
		assert_string_equal(addr_text(&a, text), cases[i].with_port);
		assert_string_equal(addr_text_ip(&a, text), cases[i].ip);
		a.port = 0;
		assert_string_equal(addr_text(&a, text), cases[i].ip);
	}
}

static void test_parse_bad(void **state)
{
	static const char *const bad[] = {
		"",
		":",
		"[]",
		"[",
		"]",
		"[]:1",
		"host",
		"host:80",
		"192.0.2",
		"192.0.2.256",
		"192.0.2.1.1",
		"192.0.2.1:",
		"192.0.2.1:0",
		"192.0.2.1:65536",
		"192.0.2.1:+1",
		"192.0.2.1:-1",
		"192.0.2.1: 1",
		"192.0.2.1:1 ",
		"192.0.2.1:1x",
		"192.0.2.1:0x10",
		"192.0.2.1:18446744073709551617",
		" 192.0.2.1",
		"192.0.2.1 ",
		"192.0.2.1/24",
		"[2001:db8::1",
		"2001:db8::1]",
		"[2001:db8::1]1",
		"[2001:db8::1]:",
		"[[2001:db8::1]]",
		"[2001:db8::1]:1:2",
		"2001:db8::1::2",
		"2001:db8",
		"1:2:3:4:5:6:7:8:9",
		"fe80::1%lo",
		"11111111111111111111111111111111111111111111111111111111111111111111111111111111",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct addr a = {.port = 7}, before = a;

		if (addr_parse(&a, bad[i], 1) != NK_ERR_BAD_INPUT)
			fail_msg("\"%s\" is no address", bad[i]);
		assert_memory_equal(&a, &before, sizeof(a));
	}
}

static void test_longest_text(void **state)
{
	char text[ADDR_TEXT];
	struct addr a = {.port = 65535};

	(void)state;
	memset(a.ip, 0xff, sizeof(a.ip));
	assert_string_equal(addr_text(&a, text), "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
}

static void test_equal(void **state)
{
	const struct addr a = parse("192.0.2.1:1"), b = parse("192.0.2.1:2"),
			  c = parse("192.0.2.2:1");
	const struct addr moved = addr_with_port(a, 2);

	(void)state;
	assert_true(addr_eq(&a, &a));
	assert_false(addr_eq(&a, &b));
	assert_false(addr_eq(&a, &c));
	assert_true(addr_same_ip(&a, &b));
	assert_false(addr_same_ip(&a, &c));
	assert_true(addr_eq(&moved, &b));
}

static void test_any(void **state)
{
	const struct addr none = {.port = 0};
	const struct addr v4 = addr_any(ADDR_V4, 5), v6 = addr_any(ADDR_V6, 5);
	const struct addr one = parse("192.0.2.1");

	(void)state;
	assert_int_equal(addr_family(&none), ADDR_NONE);
	assert_int_equal(addr_family(&v4), ADDR_V4);
	assert_int_equal(addr_family(&v6), ADDR_V6);
	assert_true(addr_is_any(&v4));
	assert_true(addr_is_any(&v6));
	assert_false(addr_is_any(&one));
	assert_int_equal(addr_overhead(&v4), 28);
	assert_int_equal(addr_overhead(&v6), 48);
}

static void test_prefix(void **state)
{
	static const struct {
		const char *in, *out;
		unsigned v4, v6;
	} cases[] = {
		{"203.0.113.255:9", "203.0.113.0", 24, 48},
		{"203.0.113.255:9", "203.0.113.255", 32, 0},
		{"203.0.113.255:9", "203.0.113.248", 29, 0},
		{"203.0.113.255:9", "0.0.0.0", 0, 128},
		{"[2001:db8:ffff:ffff::1]:9", "2001:db8:ffff::", 24, 48},
		{"[2001:db8:ffff:ffff::1]:9", "2001:db8:ffff:ffff::", 24, 64},
		{"[2001:db8:ffff:ffff::1]:9", "2001:db8:ffff:ffff::1", 24, 128},
		{"[2001:db8:ffff:ffff::1]:9", "2001:db8:8000::", 24, 33},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct addr in = parse(cases[i].in), out = parse(cases[i].out);
		const struct addr got = addr_prefix(&in, cases[i].v4, cases[i].v6);

		assert_true(addr_eq(&got, &out));
	}
}

static void test_private(void **state)
{
	static const char *const private[] = {
		"10.0.0.0",    "10.255.255.255",  "172.16.0.0", "172.31.255.255",
		"192.168.0.0", "192.168.255.255", "100.64.0.0", "100.127.255.255",
		"127.0.0.1",   "169.254.1.1",     "::1",        "fc00::1",
		"fdff::1",     "fe80::1",         "febf::1",
	};
	static const char *const public[] = {
		"9.255.255.255",   "11.0.0.0",    "172.15.255.255", "172.32.0.0",
		"192.167.255.255", "192.169.0.0", "100.63.255.255", "100.128.0.0",
		"128.0.0.0",       "169.253.1.1", "192.0.2.1",      "::2",
		"fbff::1",         "fe00::1",     "fec0::1",        "2001:db8::1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(private) / sizeof(private[0]); i++) {
		const struct addr a = parse(private[i]);

		if (!addr_is_private(&a))
			fail_msg("%s is private", private[i]);
	}
	for (size_t i = 0; i < sizeof(public) / sizeof(public[0]); i++) {
		const struct addr a = parse(public[i]);

		if (addr_is_private(&a))
			fail_msg("%s is not private", public[i]);
	}
}

static void test_one_host(void **state)
{
	static const char *const one[] = {"192.0.2.1", "1.0.0.0", "223.255.255.255", "::1",
					  "fe80::1"};
	static const char *const none[] = {"0.0.0.0", "0.1.2.3", "224.0.0.1",      "240.0.0.1",
					   "::",      "ff02::1", "255.255.255.255"};

	(void)state;
	for (size_t i = 0; i < sizeof(one) / sizeof(one[0]); i++) {
		const struct addr a = parse(one[i]);

		if (!addr_is_one_host(&a))
			fail_msg("%s is a host", one[i]);
	}
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		const struct addr a = parse(none[i]);

		if (addr_is_one_host(&a))
			fail_msg("%s is no host", none[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_good),   cmocka_unit_test(test_parse_bad),
		cmocka_unit_test(test_longest_text), cmocka_unit_test(test_equal),
		cmocka_unit_test(test_any),          cmocka_unit_test(test_prefix),
		cmocka_unit_test(test_private),      cmocka_unit_test(test_one_host),
	};

	return cmocka_run_group_tests_name("addr", tests, NULL, NULL);
}
