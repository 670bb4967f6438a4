/* Contact cards: what is read, what is refused, and that both ways agree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "core/identity/card.h"

/* The text is from python3's base64.urlsafe_b64encode(), and has all kinds of characters. */
static const uint8_t key[32] = {0xfb, 0xef, 0xff, 0x00, 0x10, 0x83, 0x10, 0x51, 0x87, 0x20, 0x92,
				0x8b, 0x30, 0xd3, 0x8f, 0x41, 0x14, 0x93, 0x51, 0x55, 0x97, 0x61,
				0x96, 0x9b, 0x71, 0xd7, 0x9f, 0x82, 0x18, 0xa3, 0x92, 0x59};
#define KEY "--__ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklk"

static void keys_go_both_ways(void **state)
{
	char text[CARD_KEY_TEXT];
	uint8_t back[32];

	(void)state;
	assert_string_equal(card_key_text(key, text), KEY);
	assert_int_equal(card_parse_key(back, KEY), 0);
	assert_memory_equal(back, key, 32);
	for (unsigned bit = 0; bit < 256; bit++) {
		uint8_t one[32] = {0};

		one[bit / 8] = (uint8_t)(1 << bit % 8);
		assert_int_equal(card_parse_key(back, card_key_text(one, text)), 0);
		assert_memory_equal(back, one, 32);
	}
}

static void keys_have_one_text(void **state)
{
	static const char *const wrong[] = {
		"",
		"A",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",   /* 42 */
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", /* 44 */
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB", /* a bit beyond the key */
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAD",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+A",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA A",
	};
	uint8_t back[32];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(card_parse_key(back, wrong[i]), NK_ERR_BAD_INPUT);
}

static void cards_go_both_ways(void **state)
{
	static const struct {
		const char *text, *host, *back;
		uint16_t port;
	} cases[] = {
		{"natkit:" KEY "@broker.example:3478", "broker.example", NULL, 3478},
		{"natkit:" KEY "@broker.example:1", "broker.example", NULL, 1},
		{"natkit:" KEY "@localhost:65535", "localhost", NULL, 65535},
		{"natkit:" KEY "@192.0.2.1:3478", "192.0.2.1", NULL, 3478},
		{"natkit:" KEY "@[2001:db8::1]:3479", "[2001:db8::1]", NULL, 3479},
		{"natkit:" KEY "@b-1_x.example", "b-1_x.example",
		 "natkit:" KEY "@b-1_x.example:3478", 3478},
		{"natkit:" KEY "@[2001:db8::1]", "[2001:db8::1]",
		 "natkit:" KEY "@[2001:db8::1]:3478", 3478},
	};
	char text[CARD_TEXT], why[CARD_WHY];
	struct card c;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(card_parse(&c, cases[i].text, why), 0);
		assert_memory_equal(c.key, key, 32);
		assert_string_equal(c.host, cases[i].host);
		assert_int_equal(c.port, cases[i].port);
		assert_string_equal(card_text(&c, text),
				    cases[i].back != NULL ? cases[i].back : cases[i].text);
	}
}

static void says_what_is_wrong(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{"", "natkit:KEY@BROKER:PORT"},
		{"natkit:", "natkit:KEY@BROKER:PORT"},
		{"natkit:" KEY, "natkit:KEY@BROKER:PORT"},
		{"Natkit:" KEY "@b.example", "natkit:KEY@BROKER:PORT"},
		{"natkit:@b.example", "a key is 43"},
		{"natkit:" KEY "A@b.example", "a key is 43"},
		{"natkit:" KEY "@", "HOST:PORT"},
		{"natkit:" KEY "@:3478", "HOST:PORT"},
		{"natkit:" KEY "@b.example:", "HOST:PORT"},
		{"natkit:" KEY "@b.example:0", "HOST:PORT"},
		{"natkit:" KEY "@b.example:65536", "HOST:PORT"},
		{"natkit:" KEY "@b.example:4294967297", "HOST:PORT"},
		{"natkit:" KEY "@b.example:3478x", "HOST:PORT"},
		{"natkit:" KEY "@b.example:+1", "HOST:PORT"},
		{"natkit:" KEY "@b example", "HOST:PORT"},
		{"natkit:" KEY "@b.example/x", "HOST:PORT"},
		{"natkit:" KEY "@-b.example", "HOST:PORT"},
		{"natkit:" KEY "@b..example", "HOST:PORT"},
		{"natkit:" KEY "@192.0.2", "HOST:PORT"},
		{"natkit:" KEY "@3221225985", "HOST:PORT"},
		{"natkit:" KEY "@2001:db8::1", "HOST:PORT"},
		{"natkit:" KEY "@[2001:db8::1", "HOST:PORT"},
		{"natkit:" KEY "@[192.0.2.1]", "HOST:PORT"},
		{"natkit:" KEY "@[2001:db8::1]3478", "HOST:PORT"},
		{"natkit:" KEY "@[[2001:db8::1]:1]", "HOST:PORT"},
		{"natkit:" KEY "@\xc3\xbc.example", "HOST:PORT"},
	};
	const struct card before = {.host = "kept"};
	char why[CARD_WHY];
	struct card c = before;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(card_parse(&c, cases[i].text, why), NK_ERR_BAD_INPUT);
		assert_non_null(strstr(why, cases[i].why));
		assert_memory_equal(&c, &before, sizeof(c));
	}
}

static void hosts_are_as_long_as_names(void **state)
{
	char text[CARD_TEXT + 2], back[CARD_TEXT], why[CARD_WHY];
	struct card c;

	(void)state;
	for (int len = 253; len <= 254; len++) {
		snprintf(text, sizeof(text), "natkit:" KEY "@%0*d", len - 8, 0);
		strcat(text, ".example");
		assert_int_equal(card_parse(&c, text, why), len == 253 ? 0 : NK_ERR_BAD_INPUT);
	}
	snprintf(text, sizeof(text), "natkit:" KEY "@%0*d.example:65535", 253 - 8, 0);
	assert_int_equal(card_parse(&c, text, why), 0);
	assert_string_equal(card_text(&c, back), text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_go_both_ways),          cmocka_unit_test(keys_have_one_text),
		cmocka_unit_test(cards_go_both_ways),         cmocka_unit_test(says_what_is_wrong),
		cmocka_unit_test(hosts_are_as_long_as_names),
	};

	return cmocka_run_group_tests_name("card", tests, NULL, NULL);
}
