/* The NAT model against the words of RFC 4787: one test for each requirement that it can meet or
 * not, by what its description says. The network does REQ-13. */
#include <string.h>

#include "nat_bench.h"

static const char *const behaviours[] = {"EI", "AD", "APD"};

/* "A NAT MUST have an 'Endpoint-Independent Mapping' behavior." Section 4.1: the mapping from X:x is reused for ... */
static void test_req1_mapping(void **state)
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

/* "... a NAT have an 'IP address pooling' behavior of 'Paired'": all mappings of an inside address
 * have one external address. */
static void test_req2_pooling(void **state)
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

/* The order of events of a measurement on Linux 6: hosts x and y with one port, which both have
 * outside too, until y goes where x was. One socket has two mappings from then on. */
static void test_req3_overloading(void **state)
{
	const struct nat_spec spec = linux_spec();
	struct nat *n = make(&spec);
	const struct addr ex = out(n, x(6001), remote(1, 1), T0);
	const struct addr ey = out(n, y(6001), remote(2, 1), T0);
	struct addr moved;

	(void)state;
	assert_int_equal(ex.port, 6001);
	assert_true(same(ex, ey));
	assert_true(reaches(n, remote(1, 1), ex, x(6001), T0));
	assert_true(reaches(n, remote(2, 1), ex, y(6001), T0));
	assert_int_equal(in(n, remote(3, 1), ex, T0).port, 0);

	moved = out(n, y(6001), remote(1, 1), T0);
	assert_int_not_equal(moved.port, 6001);
	assert_true(reaches(n, remote(1, 1), moved, y(6001), T0));
	assert_true(reaches(n, remote(1, 1), ex, x(6001), T0));
	assert_true(same(out(n, y(6001), remote(2, 1), T0), ey));
	assert_true(same(out(n, y(6001), remote(3, 1), T0), moved)); /* the newest is asked first */
	assert_true(same(out(n, x(6001), remote(3, 1), T0), ex));
	assert_int_equal(nat_held(n, T0), 5);
	assert_int_equal(nat_held(n, T0 + 120 * NK_S), 0);
	nat_free(n);
}

/* "A NAT MUST NOT have a 'Port assignment' behavior of 'Port overloading'" (REQ-3): without it the
 * second host gets another port at once. */
static void test_req3_no_overloading(void **state)
{
	struct nat_spec spec = linux_spec();

	(void)state;
	spec.port_overload = false;
	spec.flow_timers = true;

	struct nat *n = make(&spec);

	out(n, x(6001), remote(1, 1), T0);
	assert_int_not_equal(out(n, y(6001), remote(2, 1), T0).port, 6001);
	nat_free(n);
}

/* Section 4.2.2: "Port parity preservation: an even port will be mapped to an even port, and an odd port will be
 * mapped to an odd port". */
static void test_req4_parity(void **state)
{
	static const enum nat_ports kinds[] = {NAT_PORTS_PRESERVE, NAT_PORTS_SEQUENTIAL,
					       NAT_PORTS_RANDOM};
	struct nat_spec spec = plain_spec();

	(void)state;
	spec.port_parity = true;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		spec.ports = kinds[k];

		struct nat *n = make(&spec);

		for (uint16_t i = 0; i < 64; i++) {
			assert_int_equal(out(n, x((uint16_t)(5000 + i)), remote(1, 1), T0).port % 2,
					 i % 2);
			assert_int_equal(out(n, y((uint16_t)(5000 + i)), remote(1, 1), T0).port % 2,
					 i % 2);
		}
		nat_free(n);
	}
}

/* "A NAT UDP mapping timer MUST NOT expire in less than two minutes" (REQ-5), but what it is
 * may depend on the port: Cisco, JUNOSe and slirp have one of their own for DNS. */
static void test_req5a_timers_by_port(void **state)
{
	struct nat_spec spec = plain_spec();

	(void)state;
	spec.port_times[0] = (struct nat_port_time){53, 10 * NK_S};
	for (int by_flow = 0; by_flow < 2; by_flow++) {
		spec.flow_timers = by_flow;

		struct nat *n = make(&spec);
		struct addr e = out(n, x(5000), remote(1, 53), T0);

		assert_true(reaches(n, remote(1, 53), e, x(5000), T0 + 3 * NK_S));
		out(n, x(5000), remote(1, 53), T0 + 4 * NK_S);
		check_ends(n, e, T0 + 14 * NK_S);
		e = out(n, x(5000), remote(1, 54), T0 + 20 * NK_S);
		check_ends(n, e, T0 + 50 * NK_S);
		nat_free(n);
	}
}

/* "The NAT mapping Refresh Direction MUST have a 'NAT Outbound refresh behavior' of 'True'"; inbound
 * it MAY have. */
static void test_req6_refresh(void **state)
{
	(void)state;
	for (int way = 0; way < 4; way++) {
		struct nat_spec spec = plain_spec();
		const nk_time last_out = T0 + 20 * NK_S, last_in = T0 + 40 * NK_S;

		spec.t_replied = spec.t_first;
		spec.refresh_out = way % 2;
		spec.refresh_in = way / 2;

		struct nat *n = make(&spec);
		const struct addr e = out(n, x(5000), remote(1, 1000), T0);

		out(n, x(5000), remote(1, 1000), last_out);
		assert_int_equal(nat_held(n, T0 + 30 * NK_S), spec.refresh_out);
		if (spec.refresh_out)
			assert_true(reaches(n, remote(1, 1000), e, x(5000), last_in));
		assert_int_equal(nat_held(n, last_out + 30 * NK_S),
				 spec.refresh_out && spec.refresh_in);
		nat_free(n);
	}
}

/* Section 5: X:x has sent to Y:y; who else gets in? All nine pairs with mapping. */
static void test_req8_filtering(void **state)
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

/* What the NAT delivers of a packet between two of its inside hosts, once it is let in. */
static bool hairpins(struct nat *n, struct packet *p, nk_time at)
{
	return passes_out(n, p, at) && nat_is_external(n, &p->to) && passes_in(n, p, at);
}

/* "A NAT MUST support 'Hairpinning'", "with an 'External source IP address and port'" (REQ-9a). Its
 * filtering is that of any other remote. */
static void test_req9_hairpinning(void **state)
{
	(void)state;
	for (enum nat_behaviour b = NAT_EI; b <= NAT_APD; b++) {
		struct nat_spec spec = plain_spec();

		spec.filtering = b;

		struct nat *n = make(&spec);
		const struct addr ex = out(n, x(5000), remote(1, 1000), T0);
		const struct addr ey = out(n, y(6000), remote(1, 1000), T0);
		struct packet there = udp(x(5000), ey), back = udp(y(6000), ex);
		const bool passed = hairpins(n, &there, T0);

		assert_int_equal(passed, b == NAT_EI);
		if (passed)
			assert_true(same(there.from, ex) && same(there.to, y(6000)));
		assert_true(hairpins(n, &back, T0));
		assert_true(same(back.from, ey) && same(back.to, x(5000)));
		there = udp(x(5000), ey);
		assert_true(hairpins(n, &there, T0));
		nat_free(n);
	}
}

/* "NAT ALGs for UDP-based protocols SHOULD be turned off": an endpoint in a payload is nobody's
 * business, or becomes what the other side sees. */
static void test_req10_algs(void **state)
{
	/* The port behind it as in FTP, before it as in STUN; a part of it; and it alone. */
	static const uint8_t inside[] = {'a', 100, 64, 0,   2,   0x13, 0x88, 'z', 0x13, 0x88, 100,
					 64,  0,   2,  'z', 100, 64,   0,    100, 64,   0,    2};
	static const uint8_t beyond[] = {'a', 203, 0, 113, 1,   0x13, 0x88, 'z', 0x13, 0x88, 203,
					 0,   113, 1, 'z', 100, 64,   0,    203, 0,    113,  1};

	(void)state;
	for (int alg = 0; alg < 2; alg++) {
		struct nat_spec spec = plain_spec();
		uint8_t data[sizeof(inside)];
		struct packet p = udp(x(5000), remote(1, 1000));

		spec.alg = alg;

		struct nat *n = make(&spec);

		memcpy(data, inside, sizeof(data));
		p.data = data;
		p.len = sizeof(data);
		assert_true(passes_out(n, &p, T0));
		assert_memory_equal(data, alg ? beyond : inside, sizeof(data));
		assert_int_equal(p.altered, alg);

		p = udp(remote(1, 1000), p.from);
		memcpy(data, beyond, sizeof(data));
		p.data = data;
		p.len = sizeof(data);
		p.payload = 1;
		assert_true(passes_in(n, &p, T0));
		assert_memory_equal(data, alg ? inside : beyond, sizeof(data));

		/* What is before the payload is left alone, and the end of the packet is its end. */
		memcpy(data, inside, sizeof(data));
		p = udp(x(5000), remote(1, 1000));
		p.data = data;
		p.len = sizeof(data) - 1;
		p.payload = 11;
		assert_true(passes_out(n, &p, T0));
		assert_memory_equal(data, inside, sizeof(data));
		assert_false(p.altered);
		nat_free(n);
	}
}

/* "A NAT MUST have deterministic behavior": collisions of ports change no class. What Linux does
 * is in test_req3_overloading(). */
static void test_req11_determinism(void **state)
{
	struct nat_spec spec = plain_spec();
	struct nat *n = make(&spec);
	struct addr ey;

	(void)state;
	out(n, x(5000), remote(1, 1000), T0);
	ey = out(n, y(5000), remote(1, 1000), T0);
	assert_int_not_equal(ey.port, 5000);
	for (uint8_t host = 2; host < 50; host++) {
		assert_true(same(out(n, y(5000), remote(host, 1000), T0), ey));
		assert_int_equal(out(n, x(5000), remote(host, 1000), T0).port, 5000);
	}
	nat_free(n);
}

/* "Receipt of any sort of ICMP message MUST NOT terminate the NAT mapping." */
static void test_req12_icmp_ends_nothing(void **state)
{
	struct nat_spec spec = plain_spec();

	(void)state;
	for (int by_flow = 0; by_flow < 2; by_flow++) {
		spec.flow_timers = by_flow;
		spec.filtering = NAT_APD;

		struct nat *n = make(&spec);
		struct packet p = udp(x(5000), remote(1, 1000));
		struct packet e;

		assert_true(passes_out(n, &p, T0));
		e = error_about(&p, remote(1, 0));
		assert_true(passes_in(n, &e, T0 + 20 * NK_S));
		assert_true(same(out(n, x(5000), remote(1, 1000), T0 + 29 * NK_S), p.from));
		assert_int_equal(nat_held(n, T0 + 59 * NK_S - 1), 1);
		assert_int_equal(nat_held(n, T0 + 59 * NK_S), 0);
		nat_free(n);
	}
}

/* "A NAT MUST support receiving in-order and out-of-order fragments" (REQ-14). */
static void test_req14_fragments(void **state)
{
	(void)state;
	for (int f = NAT_FRAGMENTS_ANY; f <= NAT_FRAGMENTS_DROP; f++) {
		struct nat_spec spec = plain_spec();
		struct packet whole = udp(x(5000), remote(1, 1000)), pieces = whole;

		spec.fragments = (enum nat_fragments)f;

		struct nat *n = make(&spec);

		pieces.fragments = 2;
		assert_int_equal(passes_out(n, &pieces, T0), f != NAT_FRAGMENTS_DROP);
		pieces = whole;
		pieces.fragments = 2;
		pieces.disordered = true;
		assert_int_equal(passes_out(n, &pieces, T0), f == NAT_FRAGMENTS_ANY);
		assert_true(passes_out(n, &whole, T0));

		struct packet back = udp(remote(1, 1000), whole.from);

		back.fragments = 3;
		back.disordered = true;
		assert_int_equal(passes_in(n, &back, T0), f == NAT_FRAGMENTS_ANY);
		nat_free(n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_req1_mapping),
		cmocka_unit_test(test_req2_pooling),
		cmocka_unit_test(test_req3_overloading),
		cmocka_unit_test(test_req3_no_overloading),
		cmocka_unit_test(test_req4_parity),
		cmocka_unit_test(test_req5a_timers_by_port),
		cmocka_unit_test(test_req6_refresh),
		cmocka_unit_test(test_req8_filtering),
		cmocka_unit_test(test_req9_hairpinning),
		cmocka_unit_test(test_req10_algs),
		cmocka_unit_test(test_req11_determinism),
		cmocka_unit_test(test_req12_icmp_ends_nothing),
		cmocka_unit_test(test_req14_fragments),
	};

	if (crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
