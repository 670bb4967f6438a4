/* Which external ports the NAT model gives: RFC 4787 section 4.2. */
#include <stdlib.h>
#include <string.h>

#include "nat_bench.h"

static void test_preserve(void **state)
{
	const struct addr neighbour = addr_v4(100, 64, 0, 3, 5000);
	struct nat_spec spec = plain_spec();
	struct nat *n;

	(void)state;
	spec.mapping = NAT_APD;
	n = make(&spec);
	assert_int_equal(out(n, x(5000), remote(1, 1000), 0).port, 5000);
	for (uint8_t host = 2; host < 100; host++)
		assert_int_not_equal(out(n, x(5000), remote(host, 1000), 0).port, 5000);
	assert_int_not_equal(out(n, neighbour, remote(1, 1000), 0).port, 5000);
	assert_int_equal(out(n, x(5001), remote(1, 1000), 0).port, 5001);
	nat_free(n);
}

static void check_steps(int step)
{
	struct nat_spec spec = plain_spec();
	struct nat *n;
	int last = 0;
	bool wrapped = false;

	spec.ports = NAT_PORTS_SEQUENTIAL;
	spec.port_step = step;
	n = make(&spec);
	for (int i = 0; i < 40000; i++) {
		const nk_time now = i * NK_S; /* so that no more than 30 are held */
		const int port = out(n, x((uint16_t)(1 + i)), remote(1, 1000), now).port;

		assert_true(port >= 1024);
		if (i > 0 && port - last != (step == 0 ? 1 : step)) {
			assert_true(abs(port - last) > 60000);
			wrapped = true;
		}
		last = port;
	}
	assert_true(wrapped);
	nat_free(n);
}

static void test_sequential(void **state)
{
	(void)state;
	check_steps(0);
	check_steps(2);
	check_steps(-3);
	check_steps(256);
}

/* With all ports of an address taken the next mapping is refused, and no port is given twice. */
static void test_ports_run_out(void **state)
{
	static bool seen[65536];

	(void)state;
	for (int ports = NAT_PORTS_SEQUENTIAL; ports <= NAT_PORTS_RANDOM; ports++) {
		struct nat_spec spec = plain_spec();
		struct nat *n;

		spec.ports = (enum nat_ports)ports;
		n = make(&spec);
		memset(seen, 0, sizeof(seen));
		for (unsigned i = 0; i < 65536 - 1024; i++) {
			const struct addr from = addr_v4(100, 64, (uint8_t)(1 + i / 1000), 2,
							 (uint16_t)(1 + i % 1000));
			const uint16_t port = out(n, from, remote(1, 1000), 0).port;

			assert_false(seen[port]);
			assert_true(port >= 1024);
			seen[port] = true;
		}
		assert_int_equal(out(n, x(5000), remote(1, 1000), 1).port, 0);
		assert_int_not_equal(out(n, x(5000), remote(1, 1000), 30 * NK_S).port, 0);
		nat_free(n);
	}
}

static void test_random(void **state)
{
	struct nat_spec spec = plain_spec();
	unsigned kept = 0, low = 0;
	struct nat *n;

	(void)state;
	spec.ports = NAT_PORTS_RANDOM;
	n = make(&spec);
	for (uint16_t i = 0; i < 2000; i++) {
		const uint16_t port =
			out(n, x((uint16_t)(5000 + i)), remote(1, 1000), i * 31 * NK_S).port;

		kept += port == 5000 + i;
		low += port < 1024 + 64512 / 2;
	}
	assert_true(kept <= 2);
	assert_in_range(low, 1000 - 4 * 22, 1000 + 4 * 22); /* 4 sigma of a fair coin */
	nat_free(n);
}

/* "If the host's source port was in the range 0-1023 ..." (section 4.2.1) names two ranges; what
 * is met is a configured one. */
static void test_port_range(void **state)
{
	static const enum nat_ports kinds[] = {NAT_PORTS_PRESERVE, NAT_PORTS_SEQUENTIAL,
					       NAT_PORTS_RANDOM};
	struct nat_spec spec = plain_spec();

	(void)state;
	spec.port_lo = 40000;
	spec.port_hi = 40063;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		spec.ports = kinds[k];

		struct nat *n = make(&spec);

		if (kinds[k] == NAT_PORTS_PRESERVE)
			assert_int_equal(out(n, x(40010), remote(1, 1), 0).port, 40010);
		else
			out(n, x(5000), remote(1, 1), 0);
		for (uint16_t i = 1; i < 64; i++) {
			const struct addr e = out(n, x((uint16_t)(5000 + i)), remote(1, 1), 0);

			assert_in_range(e.port, 40000, 40063);
		}
		assert_int_equal(out(n, x(6000), remote(1, 1), 0).port, 0);
		nat_free(n);
	}
}

/* Steps that come round to where they began miss none of the ports in between. */
static void test_steps_reach_all(void **state)
{
	static const int steps[] = {1, 2, -2, 24, 64, -96, 256};

	(void)state;
	for (size_t k = 0; k < sizeof(steps) / sizeof(steps[0]); k++) {
		struct nat_spec spec = plain_spec();

		spec.ports = NAT_PORTS_SEQUENTIAL;
		spec.port_step = steps[k];
		spec.port_lo = 40000;
		spec.port_hi = 40063;

		struct nat *n = make(&spec);

		for (uint16_t i = 0; i < 64; i++)
			assert_int_not_equal(out(n, x((uint16_t)(5000 + i)), remote(1, 1), 0).port,
					     0);
		assert_int_equal(out(n, x(6000), remote(1, 1), 0).port, 0);
		nat_free(n);
	}
}

static void test_even_steps_with_parity(void **state)
{
	struct nat_spec spec = plain_spec();
	struct nat *n;

	(void)state;
	spec.ports = NAT_PORTS_SEQUENTIAL;
	spec.port_step = 2;
	spec.port_parity = true;
	n = make(&spec);
	for (uint16_t i = 5000; i < 5010; i++) {
		const uint16_t port = out(n, x(i), remote(1, 1), 0).port;

		assert_int_not_equal(port, 0);
		assert_int_equal(port % 2, i % 2);
	}
	nat_free(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_preserve),
		cmocka_unit_test(test_sequential),
		cmocka_unit_test(test_ports_run_out),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_port_range),
		cmocka_unit_test(test_steps_reach_all),
		cmocka_unit_test(test_even_steps_with_parity),
	};

	if (crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
