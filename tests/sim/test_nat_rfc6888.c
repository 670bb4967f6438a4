/* The NAT model against the words of RFC 6888: what many inside hosts share. */
#include "nat_bench.h"

/* "A CGN MUST support limiting the number of external ports ... that are assigned per
 * subscriber." */
static void test_req4_quota_refuses(void **state)
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

static void test_req4_quota_evicts(void **state)
{
	(void)state;
	for (int flows = 0; flows < 2; flows++) {
		check_eviction(NAT_QUOTA_EVICT_OLDEST, flows, 5001);
		check_eviction(NAT_QUOTA_EVICT_FIRST, flows, 5000);
	}
}

/* A host whose only flow is evicted to let a stranger in has no mapping left to be let in by. */
static void test_req4_eviction_of_the_asker(void **state)
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

/* "... external ports (or, equivalently, 'identifiers' for ICMP)": all protocols count. */
static void test_req4_all_protocols_count(void **state)
{
	(void)state;
	for (int by_flow = 0; by_flow < 2; by_flow++) {
		struct nat_spec spec = plain_spec();

		spec.quota = 3;
		spec.flow_timers = by_flow;

		struct nat *n = make(&spec);
		struct packet query = ping(x(0), remote(1, 0), 7, false);

		out(n, x(5000), remote(1, 1000), T0);
		assert_int_equal(tcp_out(n, x(5000), remote(1, 80), SYN, T0).port, 5000);
		assert_true(passes_out(n, &query, T0));
		assert_int_equal(nat_held(n, T0), 3);
		assert_int_equal(tcp_out(n, x(5001), remote(1, 80), SYN, T0).port, 0);
		/* One more flow of a mapping is one more only where flows are counted. */
		assert_int_equal(tcp_out(n, x(5000), remote(2, 80), SYN, T0).port != 0, !by_flow);
		assert_int_equal(tcp_in(n, remote(3, 80), addr_v4(203, 0, 113, 1, 5000), SYN, T0),
				 !by_flow);
		assert_int_equal(nat_held(n, T0), 3);
		nat_free(n);
	}
}

/* The mapping whose connection was used last stays. */
static void test_req4_eviction_by_connections(void **state)
{
	(void)state;
	for (int first = 0; first < 2; first++) {
		struct nat_spec spec = plain_spec();

		spec.quota = 2;
		spec.quota_policy = first ? NAT_QUOTA_EVICT_FIRST : NAT_QUOTA_EVICT_OLDEST;

		struct nat *n = make(&spec);
		const struct addr a = tcp_out(n, x(5000), remote(1, 80), SYN, T0);
		const struct addr b = tcp_out(n, x(5001), remote(1, 80), SYN, T0 + 1);

		assert_true(tcp_in(n, remote(1, 80), a, SYNACK, T0 + 2));
		assert_int_equal(tcp_out(n, x(5002), remote(1, 80), SYN, T0 + 3).port, 5002);
		assert_int_equal(tcp_in(n, remote(1, 80), a, SYNACK, T0 + 4), !first);
		assert_int_equal(tcp_in(n, remote(1, 80), b, SYNACK, T0 + 4), first);
		nat_free(n);
	}
}

/* RFC 7422: blocks of ports that each inside address has for itself. */
static void test_req4_port_blocks(void **state)
{
	static const enum nat_ports kinds[] = {NAT_PORTS_PRESERVE, NAT_PORTS_SEQUENTIAL,
					       NAT_PORTS_RANDOM};

	(void)state;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		struct nat_spec spec = plain_spec();
		int block[3];

		spec.ports = kinds[k];
		spec.port_lo = 40000;
		spec.port_hi = 40070; /* room for two, and some that nobody gets */
		spec.port_block = 32;

		struct nat *n = make(&spec);

		for (uint8_t host = 0; host < 3; host++) {
			const struct addr h = addr_v4(100, 64, 0, (uint8_t)(2 + host), 0);

			for (uint16_t i = 0; i < 33; i++) {
				const struct addr from = addr_with_port(h, (uint16_t)(40000 + i));
				const int port = out(n, from, remote(1, 1), T0).port;

				if (host == 2 || i == 32) {
					assert_int_equal(port, 0);
					continue;
				}
				if (i == 0)
					block[host] = (port - 40000) / 32;
				assert_in_range(port, 40000 + 32 * block[host],
						40031 + 32 * block[host]);
			}
		}
		assert_int_equal(block[0] + block[1], 1);
		assert_int_not_equal(tcp_out(n, x(5000), remote(1, 1), SYN, T0).port, 0);
		nat_free(n);
	}
}

/* A port is kept only if it is in one's own block. */
static void test_req4_blocks_of_all_ports(void **state)
{
	struct nat_spec spec = plain_spec();

	(void)state;
	spec.port_block = 1024;

	struct nat *n = make(&spec);
	const int block = out(n, x(5000), remote(1, 1), T0).port / 1024;

	for (int i = 1; i < 64; i++) {
		const uint16_t wanted = (uint16_t)(1024 * i);
		const int port = out(n, x(wanted), remote(1, 1), T0).port;

		assert_int_equal(port / 1024, block);
		assert_int_equal(port == wanted, i == block);
	}
	nat_free(n);
}

/* Of one remote endpoint there are so many flows, whoever has them. */
static void test_a_remote_has_a_quota(void **state)
{
	(void)state;
	for (int limited = 0; limited < 2; limited++) {
		struct nat_spec spec = plain_spec();

		spec.remote_quota = limited ? 2 : 0;

		struct nat *n = make(&spec);

		assert_int_not_equal(out(n, x(5000), remote(1, 1), T0).port, 0);
		assert_int_not_equal(out(n, y(5000), remote(1, 1), T0 + NK_S).port, 0);
		assert_int_equal(out(n, y(5001), remote(1, 1), T0 + NK_S).port != 0, !limited);
		assert_int_not_equal(out(n, y(5001), remote(1, 2), T0 + NK_S).port, 0);
		assert_int_not_equal(tcp_out(n, y(5001), remote(1, 1), SYN, T0 + NK_S).port, 0);
		assert_int_not_equal(out(n, x(5000), remote(1, 1), T0 + NK_S).port, 0);
		/* When one is over there is room for one. */
		assert_int_not_equal(out(n, y(5002), remote(1, 1), T0 + 31 * NK_S).port, 0);
		nat_free(n);
	}
}

/* Strangers whom filtering lets in count as well. */
static void test_a_remote_has_a_quota_inwards(void **state)
{
	struct nat_spec spec = plain_spec();
	struct nat *n;
	struct addr ex, ey;

	(void)state;
	spec.remote_quota = 1;
	n = make(&spec);
	ex = out(n, x(5000), remote(1, 1), T0);
	ey = out(n, y(6000), remote(2, 1), T0);
	assert_true(reaches(n, remote(3, 1), ex, x(5000), T0));
	assert_false(reaches(n, remote(3, 1), ey, y(6000), T0));
	assert_true(reaches(n, remote(3, 2), ey, y(6000), T0));
	nat_free(n);
}

/* "Once an external port is deallocated, it SHOULD NOT be reallocated to a new mapping until at
 * least 120 seconds have passed": a freed port is not given again for a while. */
static void test_req8_cooldown(void **state)
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_req4_quota_refuses),
		cmocka_unit_test(test_req4_quota_evicts),
		cmocka_unit_test(test_req4_eviction_of_the_asker),
		cmocka_unit_test(test_req4_all_protocols_count),
		cmocka_unit_test(test_req4_eviction_by_connections),
		cmocka_unit_test(test_req4_port_blocks),
		cmocka_unit_test(test_req4_blocks_of_all_ports),
		cmocka_unit_test(test_a_remote_has_a_quota),
		cmocka_unit_test(test_a_remote_has_a_quota_inwards),
		cmocka_unit_test(test_req8_cooldown),
	};

	if (crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
