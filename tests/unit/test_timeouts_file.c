/* What is believed of a network's timeouts, as a file keeps it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "desk/timeouts.h"

static char folder[] = "/tmp/timeouts-test-XXXXXX";
static const struct addr near = {.ip = {[10] = 0xff, 0xff, 127, 0, 0, 1}, .port = 9};

static int begin(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL || crypto_init() != 0)
		return -1;
	return setenv("XDG_STATE_HOME", folder, 1);
}

static int end(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command); /* NOLINT(cert-env33-c): a folder of our own */
}

static void keeps_what_is_believed(void **state)
{
	static struct timeouts t, back;
	struct stat st;

	(void)state;
	assert_false(timeouts_open(&t, &near, NULL));
	assert_true(t.path[0] != '\0');
	assert_string_equal(t.network.interface, "lo");
	assert_string_equal(t.network.gateway, "");
	assert_true(t.lower == 0 && t.value == 0 && t.upper == 0 && t.at_unix_s == 0);
	t.lower = 29.5;
	t.value = 30.123456;
	t.upper = 31;
	t.outbound_only = true;
	t.at_unix_s = 1790000000;
	timeouts_save(&t);
	assert_int_equal(stat(t.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_true(timeouts_open(&back, &near, NULL));
	assert_memory_equal(&back, &t, sizeof(t));

	/* A lower bound alone. */
	t.value = t.upper = 0;
	timeouts_save(&t);
	assert_true(timeouts_open(&back, &near, NULL));
	assert_memory_equal(&back, &t, sizeof(t));
}

static void knows_another_network(void **state)
{
	const struct addr here = addr_v4(198, 51, 100, 7, 1),
			  neighbour = addr_v4(198, 51, 100, 9, 1),
			  there = addr_v4(203, 0, 113, 7, 1), none = {.port = 0};
	struct network n = {.interface = "eth0"};

	(void)state;
	assert_false(network_seen(&n, &none));
	assert_false(network_seen(&n, &here)); /* where we were was not known */
	assert_string_equal(n.public_prefix, "198.51.100.0");
	assert_false(network_seen(&n, &neighbour));
	assert_true(network_seen(&n, &there));
	assert_false(network_seen(&n, &there));
	assert_string_equal(n.public_prefix, "203.0.113.0");
}

static void is_not_led_astray_by_a_file(void **state)
{
#define NETWORK      "\"network\":{\"interface\":\"lo\",\"gateway\":\"\",\"public\":\"\"}"
#define FILE_OF(udp) "{" NETWORK ",\"udp\":{" udp "}}"
	static const char *const wrong[] = {
		"",
		"[]",
		"{" NETWORK "}",
		"{\"udp\":{\"outbound_only\":false,\"at_unix_s\":1}}",
		FILE_OF("\"lower_s\":1,\"at_unix_s\":1"),
		FILE_OF("\"outbound_only\":false"),
		FILE_OF("\"lower_s\":\"1\",\"outbound_only\":false,\"at_unix_s\":1"),
		FILE_OF("\"lower_s\":-1,\"outbound_only\":false,\"at_unix_s\":1"),
		FILE_OF("\"lower_s\":0,\"outbound_only\":false,\"at_unix_s\":1"),
		FILE_OF("\"lower_s\":1e300,\"outbound_only\":false,\"at_unix_s\":1"),
		FILE_OF("\"lower_s\":2,\"upper_s\":1,\"outbound_only\":false,\"at_unix_s\":1"),
		FILE_OF("\"outbound_only\":false,\"at_unix_s\":-1"),
		FILE_OF("\"outbound_only\":false,\"at_unix_s\":9223372036854775807"),
	};
	static struct timeouts t;
	FILE *out;

	(void)state;
	timeouts_open(&t, &near, NULL);
	for (size_t i = 0; i <= sizeof(wrong) / sizeof(wrong[0]); i++) {
		const bool good = i == sizeof(wrong) / sizeof(wrong[0]);

		out = fopen(t.path, "w");
		assert_non_null(out);
		fputs(good ? FILE_OF("\"outbound_only\":true,\"at_unix_s\":1") : wrong[i], out);
		assert_int_equal(fclose(out), 0);
		assert_int_equal(timeouts_open(&t, &near, NULL), good);
		assert_int_equal(t.outbound_only, good);
		assert_int_equal(t.at_unix_s, good);
		assert_true(t.lower == 0 && t.upper == 0);
	}
}

static void goes_without_a_place(void **state)
{
	static struct timeouts t;

	(void)state;
	setenv("XDG_STATE_HOME", "/dev/null", 1);
	assert_false(timeouts_open(&t, &near, NULL));
	assert_string_equal(t.path, "");
	t.lower = 1;
	timeouts_save(&t);
	setenv("XDG_STATE_HOME", folder, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_what_is_believed),
		cmocka_unit_test(knows_another_network),
		cmocka_unit_test(is_not_led_astray_by_a_file),
		cmocka_unit_test(goes_without_a_place),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
