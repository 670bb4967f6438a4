/* The NAT model against the words of RFC 5382 (TCP), and of RFC 7857 where that has changed them.
 * What states there are is in test_tcp_track.c; here is what a NAT makes of them. */
#include "nat_bench.h"

/* "A NAT MUST have an 'Endpoint-Independent Mapping' behavior for TCP." */
static void test_req1_mapping(void **state)
{
	(void)state;
	for (enum nat_behaviour b = NAT_EI; b <= NAT_APD; b++) {
		struct nat_spec spec = plain_spec();

		spec.mapping = b;

		struct nat *n = make(&spec);
		const struct addr first = tcp_out(n, x(5000), remote(1, 80), SYN, T0);
		const struct addr port = tcp_out(n, x(5000), remote(1, 81), SYN, T0);
		const struct addr host = tcp_out(n, x(5000), remote(2, 80), SYN, T0);

		assert_true(nat_is_external(n, &first));
		assert_int_equal(same(first, port), b != NAT_APD);
		assert_int_equal(same(first, host), b == NAT_EI);
		nat_free(n);
	}
}

/* TCP and UDP have ports of their own: one may have what the other has. */
static void test_ports_by_protocol(void **state)
{
	struct nat_spec spec = plain_spec();
	struct nat *n = make(&spec);
	struct packet query = ping(y(0), remote(1, 0), 5000, false);

	(void)state;
	assert_int_equal(out(n, x(5000), web(), T0).port, 5000);
	assert_int_equal(tcp_out(n, y(5000), web(), SYN, T0).port, 5000);
	assert_true(passes_out(n, &query, T0));
	assert_int_equal(query.from.port, 5000);
	assert_int_not_equal(tcp_out(n, x(5000), web(), SYN, T0).port, 5000);
	assert_true(reaches(n, web(), addr_v4(203, 0, 113, 1, 5000), x(5000), T0));
	nat_free(n);
}

/* "A NAT MUST support all valid sequences of TCP packets ... for connections initiated both
 * internally as well as externally when the connection is permitted by the NAT." */
static void test_req2_sequences(void **state)
{
	struct nat_spec spec = plain_spec();
	struct nat *n = make(&spec);
	const struct addr e = establish(n, T0), caller = remote(7, 1000);

	(void)state;
	assert_true(tcp_in(n, caller, e, SYN, T0)); /* filtering is endpoint-independent */
	assert_true(same(tcp_out(n, x(5000), caller, SYNACK, T0), e));
	assert_true(tcp_in(n, caller, e, ACK, T0));
	assert_true(same(tcp_out(n, x(5000), caller, FIN, T0), e));
	assert_true(tcp_in(n, caller, e, FIN, T0));
	assert_true(same(tcp_out(n, x(5000), caller, ACK, T0), e));
	assert_false(tcp_in(n, remote(8, 1000), e, ACK, T0)); /* no connection begins so */
	assert_false(tcp_in(n, remote(8, 1000), e, SYNACK, T0));
	nat_free(n);
}

/* "A NAT MUST handle the TCP simultaneous-open mode of connection initiation" (REQ-2a). */
static void test_req2a_simultaneous_open(void **state)
{
	struct nat_spec spec = plain_spec();

	(void)state;
	spec.filtering = NAT_APD;

	struct nat *n = make(&spec);
	const struct addr e = tcp_out(n, x(5000), web(), SYN, T0);

	assert_true(tcp_in(n, web(), e, SYN, T0));
	assert_true(same(tcp_out(n, x(5000), web(), SYNACK, T0), e));
	assert_true(tcp_in(n, web(), e, SYNACK, T0));
	assert_true(tcp_in(n, web(), e, ACK, T0));
	assert_int_equal(nat_held(n, T0 + 7440 * NK_S - 1), 1);
	assert_int_equal(nat_held(n, T0 + 7440 * NK_S), 0);
	nat_free(n);
}

/* Filtering is as with UDP: who may open a connection to a mapping that is there? */
static void test_req3_filtering(void **state)
{
	(void)state;
	for (enum nat_behaviour b = NAT_EI; b <= NAT_APD; b++) {
		struct nat_spec spec = plain_spec();

		spec.filtering = b;

		struct nat *n = make(&spec);
		const struct addr e = establish(n, T0);

		assert_int_equal(tcp_in(n, remote(2, 80), e, SYN, T0), b == NAT_EI);
		assert_int_equal(tcp_in(n, remote(1, 81), e, SYN, T0), b != NAT_APD);
		assert_true(tcp_in(n, web(), e, ACK, T0));
		assert_false(tcp_in(n, web(), addr_with_port(e, 9), SYN, T0));
		nat_free(n);
	}
}

/* Plays a connection until its state has that number, and returns when it must be over. */
static nk_time play_until(struct nat *n, enum nat_tcp_state state, const struct nat_spec *spec)
{
	static const struct {
		bool outward;
		uint8_t flags;
		enum nat_tcp_state state;
	} life[] = {
		{true, SYN, NAT_TCP_SYN_SENT},    {false, SYNACK, NAT_TCP_SYN_RECV},
		{true, ACK, NAT_TCP_ESTABLISHED}, {false, FIN, NAT_TCP_FIN_WAIT},
		{true, ACK, NAT_TCP_CLOSE_WAIT},  {true, FIN, NAT_TCP_LAST_ACK},
		{false, ACK, NAT_TCP_TIME_WAIT},
	};
	nk_time at = T0;

	for (size_t i = 0; i < sizeof(life) / sizeof(life[0]); i++, at += NK_S) {
		if (life[i].outward)
			tcp_out(n, x(5000), web(), life[i].flags, at);
		else
			assert_true(
				tcp_in(n, web(), addr_v4(203, 0, 113, 1, 5000), life[i].flags, at));
		if (life[i].state == state)
			return at + spec->t_tcp[state];
		if (life[i].state == NAT_TCP_ESTABLISHED && state == NAT_TCP_CLOSE) {
			tcp_out(n, x(5000), web(), RST, at);
			return at + spec->t_tcp[state];
		}
	}
	fail();
	return 0;
}

/* REQ-5: timers by state; the mapping goes with the last of its connections. Refresh directions are
 * UDP's. */
static void test_req5_timers(void **state)
{
	(void)state;
	for (int s = 0; s < 2 * NAT_TCP_STATES; s++) {
		struct nat_spec spec = plain_spec();

		for (int i = 0; i < NAT_TCP_STATES; i++)
			spec.t_tcp[i] = (40 + 7 * i) * NK_S;
		spec.flow_timers = s >= NAT_TCP_STATES;
		spec.refresh_in = spec.refresh_out = spec.flow_timers;

		struct nat *n = make(&spec);
		const nk_time ends = play_until(n, (enum nat_tcp_state)(s % NAT_TCP_STATES), &spec);

		assert_int_equal(nat_held(n, ends - 1), 1);
		assert_int_equal(nat_held(n, ends), 0);
		assert_int_equal(tcp_out(n, y(5000), web(), SYN, ends).port, 5000);
		nat_free(n);
	}
}

static void test_req5_mapping_lives_by_its_connections(void **state)
{
	struct nat_spec spec = plain_spec();

	(void)state;
	spec.ports = NAT_PORTS_RANDOM;

	struct nat *n = make(&spec);
	const struct addr e = establish(n, T0);

	assert_true(same(tcp_out(n, x(5000), remote(2, 80), SYN, T0), e));
	assert_true(same(tcp_out(n, x(5000), remote(3, 80), SYN, T0 + 7400 * NK_S), e));
	assert_false(tcp_in(n, web(), e, ACK, T0 + 7440 * NK_S));
	assert_true(same(tcp_out(n, x(5000), remote(4, 80), SYN, T0 + 7600 * NK_S), e));
	assert_false(same(tcp_out(n, x(5000), remote(5, 80), SYN, T0 + 7900 * NK_S), e));
	nat_free(n);
}

/* "A NAT MUST NOT have a 'Port assignment' behavior of 'Port overloading' for TCP"; RFC 7857
 * section 3 allows it where the destinations differ. */
static void test_req7_overloading(void **state)
{
	(void)state;
	for (int overload = 0; overload < 2; overload++) {
		struct nat_spec spec = linux_spec();

		spec.port_overload = overload;

		struct nat *n = make(&spec);
		const struct addr e = tcp_out(n, x(5000), remote(1, 80), SYN, T0);

		assert_int_equal(tcp_out(n, y(5000), remote(2, 80), SYN, T0).port == 5000,
				 overload);
		assert_int_not_equal(tcp_out(n, y(5000), remote(1, 80), SYN, T0).port, 5000);
		assert_true(tcp_in(n, remote(1, 80), e, SYNACK, T0));
		assert_int_equal(tcp_in(n, remote(2, 80), e, SYNACK, T0), overload);
		nat_free(n);
	}
}

/* "A NAT MUST support 'hairpinning' for TCP", from the external source address and port. */
static void test_req8_hairpinning(void **state)
{
	struct nat_spec spec = plain_spec();
	struct nat *n = make(&spec);
	const struct addr ey = tcp_out(n, y(6000), web(), SYN, T0);
	struct packet p = tcp(x(5000), ey, SYN);
	struct addr ex;

	(void)state;
	assert_true(passes_out(n, &p, T0) && passes_in(n, &p, T0));
	ex = p.from;
	assert_true(nat_is_external(n, &ex));
	assert_true(same(p.to, y(6000)));
	p = tcp(y(6000), ex, SYNACK);
	assert_true(passes_out(n, &p, T0) && passes_in(n, &p, T0));
	assert_true(same(p.from, ey) && same(p.to, x(5000)));
	p = tcp(x(5000), ey, ACK);
	assert_true(passes_out(n, &p, T0) && passes_in(n, &p, T0));
	assert_int_equal(nat_held(n, T0 + 7439 * NK_S), 2);
	nat_free(n);
}

/* "If a NAT translates TCP, it SHOULD translate ICMP Destination Unreachable messages" (REQ-9),
 * and "receipt of any sort of ICMP message MUST NOT terminate the NAT mapping or TCP connection"
 * (REQ-10). */
static void test_req9_req10_icmp(void **state)
{
	(void)state;
	for (int drop = 0; drop < 2; drop++) {
		struct nat_spec spec = plain_spec();

		spec.ports = NAT_PORTS_RANDOM;
		spec.drop_errors = drop;

		struct nat *n = make(&spec);
		struct packet syn = tcp(x(5000), web(), SYN), e;

		assert_true(passes_out(n, &syn, T0));
		e = error_about(&syn, remote(9, 0));
		assert_int_equal(passes_in(n, &e, T0 + 100 * NK_S), !drop);
		if (!drop) {
			assert_true(same(e.to, x(0)) && same(e.from, remote(9, 0)));
			assert_true(same(e.quote.from, x(5000)) && same(e.quote.to, web()));
		}
		assert_true(tcp_in(n, web(), syn.from, SYNACK, T0 + 239 * NK_S));
		assert_int_equal(nat_held(n, T0 + 479 * NK_S - 1), 1);
		assert_int_equal(nat_held(n, T0 + 479 * NK_S), 0);
		nat_free(n);
	}
}

/* RFC 7857 section 2.2 has a connection that was reset kept for a while, so that what was forged
 * ends nothing; Linux forgets one that was refused. */
static void test_rfc7857_resets(void **state)
{
	(void)state;
	for (int ends = 0; ends < 2; ends++) {
		struct nat_spec spec = plain_spec();

		spec.rst_ends = ends;

		struct nat *n = make(&spec);
		const struct addr e = tcp_out(n, x(5000), web(), SYN, T0);

		assert_true(tcp_in(n, web(), e, RST, T0 + NK_S));
		assert_int_equal(nat_held(n, T0 + NK_S), !ends);
		assert_int_equal(nat_held(n, T0 + 241 * NK_S - 1), !ends);
		assert_int_equal(nat_held(n, T0 + 241 * NK_S), 0);

		establish(n, T0 + 300 * NK_S);
		assert_true(tcp_in(n, web(), e, RST, T0 + 301 * NK_S));
		assert_int_equal(nat_held(n, T0 + 541 * NK_S - 1), 1);
		assert_int_equal(nat_held(n, T0 + 541 * NK_S), 0);
		nat_free(n);
	}
}

/* A SYN after the end opens a connection like any other, with a mapping like any other. */
static void test_reopening(void **state)
{
	struct nat_spec spec = plain_spec();

	(void)state;
	spec.ports = NAT_PORTS_RANDOM;
	for (int outward = 0; outward < 2; outward++) {
		struct nat *n = make(&spec);
		const struct addr e = establish(n, T0);

		assert_true(tcp_in(n, web(), e, FIN, T0));
		tcp_out(n, x(5000), web(), FIN, T0);
		assert_true(tcp_in(n, web(), e, ACK, T0));
		if (outward)
			assert_false(same(tcp_out(n, x(5000), web(), SYN, T0 + NK_S), e));
		else
			assert_false(tcp_in(n, web(), e, SYN, T0 + NK_S));
		assert_int_equal(nat_held(n, T0 + NK_S), outward);
		nat_free(n);
	}
}

/* A TCP packet that dies at the NAT is seen by Linux's connection tracking all the same. */
static void test_ttl_order(void **state)
{
	(void)state;
	for (int first = 0; first < 2; first++) {
		struct nat_spec spec = plain_spec();

		spec.ttl_first = first;

		struct nat *n = make(&spec);
		const struct packet syn = tcp(x(5000), web(), SYN);
		const struct packet ack = tcp(x(5000), web(), ACK);

		nat_out_expired(n, &syn, T0);
		assert_int_equal(nat_held(n, T0), 0);

		const struct addr e = tcp_out(n, x(5000), web(), SYN, T0);
		const struct packet synack = tcp(web(), e, SYNACK);

		nat_in_expired(n, &synack, T0);
		nat_out_expired(n, &ack, T0);
		assert_int_equal(nat_held(n, T0 + 241 * NK_S), !first);
		nat_free(n);

		/* A SYN after the end ends what there was, though it dies itself. */
		n = make(&spec);
		establish(n, T0);
		assert_true(tcp_in(n, web(), e, FIN, T0));
		tcp_out(n, x(5000), web(), FIN, T0);
		assert_true(tcp_in(n, web(), e, ACK, T0));
		nat_out_expired(n, &syn, T0);
		assert_int_equal(nat_held(n, T0), first);
		nat_free(n);
	}
}

/* From outside, the mapping ends with the connection, and whoever would begin a new one is not let
 * in: whether its SYN dies here or not. */
static void test_ttl_of_reopening(void **state)
{
	(void)state;
	for (int dies = 0; dies < 2; dies++) {
		struct nat_spec spec = plain_spec();
		struct nat *n = make(&spec);
		const struct addr e = establish(n, T0);
		const struct packet syn = tcp(web(), e, SYN);

		assert_true(tcp_in(n, web(), e, FIN, T0));
		tcp_out(n, x(5000), web(), FIN, T0);
		assert_true(tcp_in(n, web(), e, ACK, T0));
		assert_int_equal(nat_held(n, T0), 1);
		assert_false(dies ? nat_in_expired(n, &syn, T0) : tcp_in(n, web(), e, SYN, T0));
		assert_int_equal(nat_held(n, T0), 0);
		nat_free(n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_req1_mapping),
		cmocka_unit_test(test_ports_by_protocol),
		cmocka_unit_test(test_req2_sequences),
		cmocka_unit_test(test_req2a_simultaneous_open),
		cmocka_unit_test(test_req3_filtering),
		cmocka_unit_test(test_req5_timers),
		cmocka_unit_test(test_req5_mapping_lives_by_its_connections),
		cmocka_unit_test(test_req7_overloading),
		cmocka_unit_test(test_req8_hairpinning),
		cmocka_unit_test(test_req9_req10_icmp),
		cmocka_unit_test(test_rfc7857_resets),
		cmocka_unit_test(test_reopening),
		cmocka_unit_test(test_ttl_of_reopening),
		cmocka_unit_test(test_ttl_order),
	};

	if (crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
