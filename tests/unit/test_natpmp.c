/* NAT-PMP messages: as RFC 6886 section 3 draws them, there and back, and cut anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "hex.h"
#include "wire/natpmp.h"

static void check(const struct natpmp_msg *m, const char *hex)
{
	uint8_t out[NATPMP_MAX];
	struct natpmp_msg got;
	const size_t len = natpmp_write(out, m);

	assert_int_equal(2 * len, strlen(hex));
	hex_check(out, hex);
	assert_int_equal(natpmp_read(&got, out, len), 0);
	assert_true(got.response == m->response && got.opcode == m->opcode);
	assert_true(got.result == m->result && got.epoch_s == m->epoch_s);
	assert_true(addr_eq(&got.external, &m->external));
	assert_int_equal(got.internal_port, m->internal_port);
	assert_int_equal(got.lifetime_s, m->lifetime_s);
	for (size_t n = 0; n < len; n++) {
		uint8_t *exact = malloc(n + 1);

		const int rc = natpmp_read(&got, memcpy(exact, out, n), n);

		free(exact);
		assert_int_equal(rc, n == 8 && m->result != 0 ? 0 : NK_ERR_MALFORMED);
	}
}

static void test_requests(void **state)
{
	(void)state;
	check(&(struct natpmp_msg){.opcode = NATPMP_ADDRESS}, "0000");
	check(&(struct natpmp_msg){.opcode = NATPMP_MAP_UDP,
				   .internal_port = 8080,
				   .external.port = 40000,
				   .lifetime_s = 7200},
	      "000100001f909c4000001c20");
	check(&(struct natpmp_msg){.opcode = NATPMP_MAP_TCP, .internal_port = 8080},
	      "000200001f90000000000000");
}

static void test_responses(void **state)
{
	(void)state;
	check(&(struct natpmp_msg){.response = true,
				   .opcode = NATPMP_ADDRESS,
				   .epoch_s = 1234,
				   .external = addr_v4(198, 51, 100, 7, 0)},
	      "00800000000004d2c6336407");
	check(&(struct natpmp_msg){.response = true,
				   .opcode = NATPMP_MAP_TCP,
				   .result = NATPMP_NO_RESOURCES,
				   .epoch_s = 1234,
				   .internal_port = 8080,
				   .external.port = 40000,
				   .lifetime_s = 3600},
	      "00820004000004d21f909c4000000e10");
	check(&(struct natpmp_msg){.response = true,
				   .opcode = NATPMP_ADDRESS,
				   .result = NATPMP_UNSUPP_VERSION,
				   .epoch_s = 1234},
	      "00800001000004d2");
}

static int read_hex(struct natpmp_msg *out, const char *hex)
{
	uint8_t bytes[64];

	return natpmp_read(out, bytes, hex_bytes(bytes, sizeof(bytes), hex));
}

static void test_odd(void **state)
{
	struct natpmp_msg got;

	(void)state;
	/* An error may be cut after the epoch; what was granted may not. */
	assert_int_equal(read_hex(&got, "00810002000004d2"), 0);
	assert_int_equal(got.result, NATPMP_NOT_AUTHORIZED);
	assert_false(got.has_body);
	assert_int_equal(read_hex(&got, "00810000000004d2"), NK_ERR_MALFORMED);
	assert_int_equal(read_hex(&got, "00810002000004d21f90"), NK_ERR_MALFORMED);
	assert_int_equal(read_hex(&got, "00800000000004d2c633640700"), NK_ERR_MALFORMED);
	assert_int_equal(read_hex(&got, "0083"), NK_ERR_MALFORMED);
	assert_int_equal(read_hex(&got, "0280"), NK_ERR_BAD_INPUT);
	/* RFC 6886 section 3.5: only another version is answered with opcode 0. */
	assert_int_equal(read_hex(&got, "00000001000004d2"), 0);
	assert_true(got.response && got.opcode == NATPMP_ADDRESS);
	assert_int_equal(got.result, NATPMP_UNSUPP_VERSION);
	assert_int_equal(got.epoch_s, 1234);
	assert_int_equal(read_hex(&got, "00000002000004d2"), NK_ERR_MALFORMED);
	assert_int_equal(read_hex(&got, "00000000000004d2c6336407"), NK_ERR_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_responses),
		cmocka_unit_test(test_odd),
	};

	return cmocka_run_group_tests_name("natpmp", tests, NULL, NULL);
}
