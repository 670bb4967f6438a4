/* PCP messages: as RFC 6887 sections 7, 11, 12 and 13 draw them, there and back, and cut anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "hex.h"
#include "wire/pcp.h"

#define ZERO_12  "000000000000000000000000"
#define NONCE    "0102030405060708090a0b0c"
#define V4_MINE  "00000000000000000000ffffc000020a" /* 192.0.2.10 */
#define V4_THEIR "00000000000000000000ffffc6336407" /* 198.51.100.7 */
#define V4_ANY   "00000000000000000000ffff00000000"
#define V6_MINE  "20010db8000000000000000000000001"

#define MAP_HEAD "0201000000001c20" V4_MINE
#define MAP_BODY         \
	NONCE "06000000" \
	      "1f901f90" V4_ANY
#define RESPONSE_          \
	"0281000000000e10" \
	"000004d2" ZERO_12 /* 3600 s, epoch 1234 */

static struct pcp_msg a_map(void)
{
	struct pcp_msg m = {
		.opcode = PCP_MAP,
		.lifetime_s = 7200,
		.client = addr_v4(192, 0, 2, 10, 0),
		.has_body = true,
		.protocol = 6,
		.internal_port = 8080,
		.external = addr_v4(0, 0, 0, 0, 8080),
	};

	for (uint8_t i = 0; i < PCP_NONCE; i++)
		m.nonce[i] = (uint8_t)(i + 1);
	return m;
}

static void check_filter(const struct pcp_filter *a, const struct pcp_filter *b)
{
	assert_int_equal(a->bits, b->bits);
	assert_true(addr_eq(&a->remote, &b->remote));
}

static void check_equal(const struct pcp_msg *a, const struct pcp_msg *b)
{
	assert_true(a->response == b->response && a->opcode == b->opcode);
	assert_int_equal(a->result, b->result);
	assert_int_equal(a->lifetime_s, b->lifetime_s);
	assert_int_equal(a->epoch_s, b->epoch_s);
	assert_true(addr_eq(&a->client, &b->client));
	assert_int_equal(a->has_body, b->has_body);
	assert_memory_equal(a->nonce, b->nonce, PCP_NONCE);
	assert_int_equal(a->protocol, b->protocol);
	assert_int_equal(a->internal_port, b->internal_port);
	assert_true(addr_eq(&a->external, &b->external));
	assert_true(addr_eq(&a->remote, &b->remote));
	assert_true(addr_eq(&a->third_party, &b->third_party));
	assert_int_equal(a->prefer_failure, b->prefer_failure);
	assert_int_equal(a->filter_count, b->filter_count);
	for (unsigned i = 0; i < a->filter_count; i++)
		check_filter(&a->filters[i], &b->filters[i]);
}

/* Both ways, and every beginning of it: none reads beyond its end, and most are none. */
static void check(const struct pcp_msg *m, const char *hex)
{
	uint8_t out[PCP_MAX];
	struct pcp_msg got;
	const size_t len = pcp_write(out, m);

	assert_int_equal(2 * len, strlen(hex));
	hex_check(out, hex);
	assert_int_equal(pcp_read(&got, out, len), 0);
	check_equal(&got, m);
	for (size_t n = 0; n < len; n++) {
		uint8_t *exact = malloc(n + 1);
		const int rc = pcp_read(&got, memcpy(exact, out, n), n);

		if (n % 4 != 0 || n < 24)
			assert_int_equal(rc, NK_ERR_MALFORMED);
		free(exact);
	}
}

static void test_announce(void **state)
{
	const struct pcp_msg ask = {.opcode = PCP_ANNOUNCE, .client = addr_v4(192, 0, 2, 10, 0)};
	const struct pcp_msg answer = {.response = true, .opcode = PCP_ANNOUNCE, .epoch_s = 1234};

	(void)state;
	check(&ask, "0200000000000000" V4_MINE);
	check(&answer, "0280000000000000"
		       "000004d2" ZERO_12);
}

static void test_map(void **state)
{
	struct pcp_msg m = a_map();

	(void)state;
	check(&m, MAP_HEAD MAP_BODY);
	m.response = true;
	m.client = (struct addr){.port = 0};
	m.lifetime_s = 3600;
	m.epoch_s = 1234;
	m.external = addr_v4(198, 51, 100, 7, 40000);
	check(&m, RESPONSE_ NONCE "06000000"
				  "1f909c40" V4_THEIR);
}

static void test_options(void **state)
{
	struct pcp_msg m = a_map();

	(void)state;
	m.prefer_failure = true;
	check(&m, MAP_HEAD MAP_BODY "02000000");
	m.prefer_failure = false;
	m.third_party = addr_v4(198, 51, 100, 7, 0);
	check(&m, MAP_HEAD MAP_BODY "01000010" V4_THEIR);
	m.third_party = (struct addr){.port = 0};
	m.filter_count = 2;
	m.filters[0] = (struct pcp_filter){.bits = 128, .remote = addr_v4(198, 51, 100, 7, 443)};
	m.filters[1] = (struct pcp_filter){.bits = 96, .remote = addr_v4(0, 0, 0, 0, 0)};
	check(&m, MAP_HEAD MAP_BODY "03000014008001bb" V4_THEIR "0300001400600000" V4_ANY);
}

static void test_peer(void **state)
{
	struct pcp_msg m = a_map();

	(void)state;
	m.opcode = PCP_PEER;
	m.protocol = 17;
	m.client = (struct addr){.ip = {0x20, 1, 0x0d, 0xb8, [15] = 1}};
	m.external = (struct addr){.port = 0};
	m.remote = addr_v4(198, 51, 100, 7, 53);
	check(&m, "0202000000001c20" V6_MINE NONCE "11000000"
		  "1f900000"
		  "00000000000000000000000000000000"
		  "00350000" V4_THEIR);
}

static int read_hex(struct pcp_msg *out, const char *hex)
{
	uint8_t bytes[PCP_MAX];

	return pcp_read(out, bytes, hex_bytes(bytes, sizeof(bytes), hex));
}

/* Options with other numbers are nobody's, wherever they stand; lengths that lie are found out. */
static void test_odd_options(void **state)
{
	struct pcp_msg got;

	(void)state;
	assert_int_equal(read_hex(&got, MAP_HEAD MAP_BODY "7f000003aabbcc0002000000"), 0);
	assert_true(got.prefer_failure);
	assert_int_equal(read_hex(&got, MAP_HEAD MAP_BODY "02000004"), NK_ERR_MALFORMED);
	assert_int_equal(read_hex(&got, MAP_HEAD MAP_BODY "0200000400000000"), NK_ERR_MALFORMED);
	assert_int_equal(read_hex(&got, MAP_HEAD MAP_BODY "0100000400000000"), NK_ERR_MALFORMED);
	assert_int_equal(read_hex(&got, MAP_HEAD MAP_BODY "03000014008101bb" V4_THEIR),
			 NK_ERR_MALFORMED); /* 129 bits */
}

static void test_many_filters(void **state)
{
	struct pcp_msg m = a_map(), got;
	uint8_t bytes[PCP_MAX];
	size_t len;

	(void)state;
	m.filter_count = PCP_FILTERS;
	for (unsigned i = 0; i < PCP_FILTERS; i++)
		m.filters[i] = (struct pcp_filter){.bits = 128, .remote = m.client};
	len = pcp_write(bytes, &m);
	memcpy(bytes + len, bytes + len - 24, 24);
	assert_int_equal(pcp_read(&got, bytes, len + 24), 0);
	assert_int_equal(got.filter_count, PCP_FILTERS);
}

static void test_errors(void **state)
{
	struct pcp_msg got;

	(void)state;
	/* An error may be cut after the header; a mapping may not. */
	assert_int_equal(read_hex(&got, "028100020000000a000004d2" ZERO_12), 0);
	assert_int_equal(got.result, PCP_NOT_AUTHORIZED);
	assert_false(got.has_body);
	assert_int_equal(read_hex(&got, RESPONSE_), NK_ERR_MALFORMED);
	assert_int_equal(read_hex(&got, "0283000000000000000004d2" ZERO_12), NK_ERR_MALFORMED);
	/* Other versions are other protocols: here NAT-PMP, and PCP as it was before. */
	assert_int_equal(read_hex(&got, "0080000100000000"), NK_ERR_BAD_INPUT);
	assert_int_equal(read_hex(&got, "0180000100000000"), NK_ERR_BAD_INPUT);
}

static void test_too_long(void **state)
{
	static uint8_t bytes[PCP_MAX + 4];
	struct pcp_msg got;

	(void)state;
	hex_bytes(bytes, sizeof(bytes), "0280000000000000000004d2" ZERO_12);
	for (size_t at = 24; at < sizeof(bytes); at += 4)
		bytes[at] = 0x7f; /* an option of that number, empty */
	assert_int_equal(pcp_read(&got, bytes, PCP_MAX), 0);
	assert_int_equal(pcp_read(&got, bytes, PCP_MAX + 4), NK_ERR_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_announce),    cmocka_unit_test(test_map),
		cmocka_unit_test(test_options),     cmocka_unit_test(test_peer),
		cmocka_unit_test(test_odd_options), cmocka_unit_test(test_many_filters),
		cmocka_unit_test(test_errors),      cmocka_unit_test(test_too_long),
	};

	return cmocka_run_group_tests_name("pcp", tests, NULL, NULL);
}
