/* The NAT model against the words of RFC 4787: mapping, filtering, ports, addresses, quotas. */
#include <stdlib.h>
#include <string.h>

#include "nat_bench.h"

static const char *const behaviours[] = {"EI", "AD", "APD"};

/* RFC 4787 section 4.1: the mapping from X:x is reused for ... */
static void test_mapping(void **state)
{
	(void)state;
	for (enum nat_behaviour b = NAT_EI; b <= NAT_APD; b++) {
		struct nat_spec spec = plain_spec();

		spec.mapping = b;
		for (int ports = NAT_PORTS_PRESERVE; ports <= NAT_PORTS_RANDOM; ports++) {
			spec.ports = (enum nat_ports)ports;

			struct nat *n = make(&spec);
			const struct addr first = out(n, x(5000), remote(1, 1000), 0);
			const struct addr again = out(n, x(5000), remote(1, 1000), 1);
			const struct addr port = out(n, x(5000), remote(1, 1001), 2);
			const struct addr host = out(n, x(5000), remote(2, 1000), 3);
			const struct addr other = out(n, x(5001), remote(1, 1000), 4);

			print_message("mapping %s, ports %d\n", behaviours[b], ports);
			assert_true(first.port != 0 && nat_is_external(n, &first));
			assert_true(same(first, again));
			assert_int_equal(same(first, port), b != NAT_APD);
			assert_int_equal(same(first, host), b == NAT_EI);
			assert_false(same(port, host) && b != NAT_EI);
			assert_false(same(first, other));
			assert_int_equal(nat_held(n, 5), 2 + (b != NAT_EI) + (b == NAT_APD));
			nat_free(n);
		}
	}
}

/* Section 5: X:x has sent to Y:y; who else gets in? All nine pairs with mapping. */
static void test_filtering(void **state)
{
	(void)state;
	for (int pair = 0; pair < 18; pair++) {
		struct nat_spec spec = plain_spec();

		spec.mapping = (enum nat_behaviour)(pair % 3);
		spec.filtering = (enum nat_behaviour)(pair / 3 % 3);
		spec.flow_timers = pair >= 9;

		struct nat *n = make(&spec);
		const struct addr e = out(n, x(5000), remote(1, 1000), 0);
		const struct addr stranger = addr_with_port(e, (uint16_t)(e.port + 1));
		const struct addr nobody = addr_v4(203, 0, 113, 2, e.port);

		print_message("mapping %s, filtering %s, flow timers %d\n",
			      behaviours[spec.mapping], behaviours[spec.filtering],
			      spec.flow_timers);
		assert_int_equal(reaches(n, remote(2, 1000), e, x(5000), 1),
				 spec.filtering == NAT_EI);
		assert_int_equal(reaches(n, remote(1, 1001), e, x(5000), 2),
				 spec.filtering != NAT_APD);
		assert_true(reaches(n, remote(1, 1000), e, x(5000), 3));
		assert_false(reaches(n, remote(1, 1000), stranger, x(5000), 4));
		assert_false(reaches(n, remote(1, 1000), nobody, x(5000), 5));

		/* Writing to Y2 lets Y2 in, at the endpoint that it sees. */
		const struct addr e2 = out(n, x(5000), remote(2, 1000), 6);

		assert_true(reaches(n, remote(2, 1000), e2, x(5000), 7));
		assert_int_equal(reaches(n, remote(2, 1001), e2, x(5000), 8),
				 spec.filtering != NAT_APD);
		nat_free(n);
	}
}

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

/* REQ-2: "Paired": all mappings of an inside address have one external address. */
static void test_pooling(void **state)
{
	(void)state;
	for (int arbitrary = 0; arbitrary < 2; arbitrary++) {
		struct nat_spec spec = plain_spec();
		unsigned last_bytes = 0, hosts_differ = 0;
		struct nat *n;

		spec.external_count = 4;
		for (uint8_t i = 0; i < 4; i++)
			spec.external[i] = addr_v4(203, 0, 113, (uint8_t)(1 + i), 0);
		spec.arbitrary_pooling = arbitrary;
		n = make(&spec);
		for (uint8_t host = 2; host < 20; host++) {
			for (uint16_t port = 5000; port < 5020; port++) {
				const struct addr e =
					out(n, addr_v4(100, 64, 0, host, port), remote(1, 1000), 0);

				if (host == 2)
					last_bytes |= 1u << e.ip[15];
				else
					hosts_differ |= 1u << e.ip[15];
			}
		}
		if (arbitrary)
			assert_int_equal(last_bytes, 0x1e);
		else
			assert_int_equal(last_bytes & (last_bytes - 1), 0);
		assert_int_equal(hosts_differ, 0x1e);
		nat_free(n);
	}
}

static void test_quota_refuses(void **state)
{
	struct nat_spec spec = plain_spec();
	struct nat *n;

	(void)state;
	spec.quota = 24;
	n = make(&spec);
	for (uint16_t i = 0; i < 40; i++)
		assert_int_equal(out(n, x((uint16_t)(5000 + i)), remote(1, 1000), i).port != 0,
				 i < 24);
	assert_int_equal(nat_held(n, 41), 24);
	assert_int_equal(out(n, addr_v4(100, 64, 0, 3, 7000), remote(1, 1000), 42).port, 7000);
	assert_int_equal(out(n, x(5000), remote(1, 1000), 43).port, 5000);
	assert_int_equal(out(n, x(5039), remote(1, 1000), 30 * NK_S + 1).port, 5039);
	nat_free(n);
}

/* What is sent at 5000 keeps it from being the oldest, if age is counted from the last packet. */
static void check_eviction(enum nat_quota policy, bool flow_timers, uint16_t victim)
{
	struct nat_spec spec = plain_spec();
	struct nat *n;

	spec.quota = 3;
	spec.quota_policy = policy;
	spec.flow_timers = flow_timers;
	spec.filtering = NAT_APD;
	n = make(&spec);
	for (uint16_t port = 5000; port < 5003; port++)
		assert_int_equal(out(n, x(port), remote(1, 1000), port).port, port);
	assert_true(reaches(n, remote(1, 1000), addr_v4(203, 0, 113, 1, 5000), x(5000), 6000));
	assert_int_equal(out(n, x(5003), remote(1, 1000), 7000).port, 5003);
	assert_int_equal(nat_held(n, 7000), 3);
	for (uint16_t port = 5000; port < 5004; port++) {
		const struct addr e = addr_v4(203, 0, 113, 1, port);

		assert_int_equal(reaches(n, remote(1, 1000), e, x(port), 8000), port != victim);
	}
	assert_int_equal(nat_held_peak(n), 3);
	nat_free(n);
}

static void test_quota_evicts(void **state)
{
	(void)state;
	for (int flows = 0; flows < 2; flows++) {
		check_eviction(NAT_QUOTA_EVICT_OLDEST, flows, 5001);
		check_eviction(NAT_QUOTA_EVICT_FIRST, flows, 5000);
	}
}

/* A host whose only flow is evicted to let a stranger in has no mapping left to be let in by. */
static void test_eviction_of_the_asker(void **state)
{
	struct nat_spec spec = plain_spec();
	struct nat *n;
	struct addr e;

	(void)state;
	spec.quota = 1;
	spec.quota_policy = NAT_QUOTA_EVICT_OLDEST;
	spec.flow_timers = true;
	n = make(&spec);
	e = out(n, x(5000), remote(1, 1000), 0);
	assert_false(reaches(n, remote(2, 1000), e, x(5000), 1));
	assert_int_equal(nat_held(n, 1), 0);
	assert_int_equal(out(n, x(5000), remote(1, 1000), 2).port, 5000);
	assert_int_equal(out(n, x(5000), remote(2, 1000), 3).port, 5000);
	assert_int_equal(nat_held(n, 3), 1);
	nat_free(n);
}

/* RFC 6888 REQ-8: a freed port is not given again for a while. */
static void test_cooldown(void **state)
{
	struct nat_spec spec = plain_spec();
	struct nat *n;

	(void)state;
	spec.cooldown = 120 * NK_S;
	n = make(&spec);
	assert_int_equal(out(n, x(5000), remote(1, 1000), 0).port, 5000);
	assert_int_not_equal(out(n, x(5000), remote(1, 1000), 150 * NK_S - 1).port, 5000);
	nat_free(n);
	n = make(&spec);
	assert_int_equal(out(n, x(5000), remote(1, 1000), 0).port, 5000);
	assert_int_equal(out(n, x(5000), remote(1, 1000), 150 * NK_S).port, 5000);
	nat_free(n);
}

static void test_firewall(void **state)
{
	struct nat_spec spec = plain_spec();
	struct nat *n;

	(void)state;
	spec.translate = false;
	spec.external_count = 0;
	spec.mapping = NAT_APD;
	spec.filtering = NAT_AD;
	n = make(&spec);
	assert_false(reaches(n, remote(1, 1000), x(5000), x(5000), 0));
	assert_true(same(out(n, x(5000), remote(1, 1000), 1), x(5000)));
	assert_true(same(out(n, x(5000), remote(2, 1000), 1), x(5000)));
	assert_true(reaches(n, remote(1, 1001), x(5000), x(5000), 2));
	assert_false(reaches(n, remote(3, 1000), x(5000), x(5000), 3));
	nat_free(n);
}

static void test_families(void **state)
{
	struct nat_spec spec = plain_spec();
	const struct addr inside = {.ip = {0x20, 0x01, 0x0d, 0xb8, [15] = 2}, .port = 5000};
	const struct addr server = {.ip = {0x20, 0x01, 0x0d, 0xb8, 1, [15] = 1}, .port = 3478};
	struct nat *n = make(&spec);

	(void)state;
	assert_int_equal(out(n, inside, server, 0).port, 0);
	nat_free(n);
	spec.external_count = 2;
	spec.external[1] = (struct addr){.ip = {0x20, 0x01, 0x0d, 0xb8, 2, [15] = 9}};
	n = make(&spec);
	assert_true(same(out(n, inside, server, 0), addr_with_port(spec.external[1], 5000)));
	assert_true(reaches(n, server, addr_with_port(spec.external[1], 5000), inside, 1));
	assert_true(addr_family(&(struct addr){.port = 1}) != ADDR_V4);
	assert_int_equal(out(n, x(5000), remote(1, 1000), 2).ip[15], 1);
	nat_free(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mapping),       cmocka_unit_test(test_filtering),
		cmocka_unit_test(test_preserve),      cmocka_unit_test(test_sequential),
		cmocka_unit_test(test_ports_run_out), cmocka_unit_test(test_random),
		cmocka_unit_test(test_pooling),       cmocka_unit_test(test_quota_refuses),
		cmocka_unit_test(test_quota_evicts),  cmocka_unit_test(test_eviction_of_the_asker),
		cmocka_unit_test(test_cooldown),      cmocka_unit_test(test_firewall),
		cmocka_unit_test(test_families),
	};

	if (crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
