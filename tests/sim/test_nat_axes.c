/* What real NATs do beyond RFC 4787's three classes, one axis of struct nat_spec after the other. */
#include "nat_bench.h"

#define T0 (5 * NK_S)

static struct addr y(uint16_t port)
{
	return addr_v4(100, 64, 0, 3, port);
}

/* Whether remote 1 still gets in to x(5000) at @external, at @at exactly the last moment. */
static void check_ends(struct nat *n, struct addr external, nk_time at)
{
	assert_true(nat_held(n, at - 1) > 0);
	assert_int_equal(nat_held(n, at), 0);
	assert_int_equal(in(n, remote(1, 1000), external, at).port, 0);
}

/* "A NAT UDP mapping timer MUST NOT expire in less than two minutes" (REQ-5), but what it is
 * may depend on the port: Cisco, JUNOSe and slirp have one of their own for DNS. */
static void test_port_times(void **state)
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

static void test_stream_at_once(void **state)
{
	struct nat_spec spec = plain_spec();

	(void)state;
	spec.stream_after = NAT_AT_ONCE;

	struct nat *n = make(&spec);
	struct addr e = out(n, x(5000), remote(1, 1000), T0);

	out(n, x(5000), remote(1, 1000), T0 + 9 * NK_S);
	assert_true(reaches(n, remote(1, 1000), e, x(5000), T0 + 10 * NK_S));
	check_ends(n, e, T0 + 130 * NK_S);
	nat_free(n);
}

/* Linux before 5.0: the first answer leaves it as it is, the packet after it makes a stream. */
static void test_stream_after_nothing(void **state)
{
	struct nat_spec spec = plain_spec();

	(void)state;
	spec.stream_after = 0;

	struct nat *n = make(&spec);
	struct addr e = out(n, x(5000), remote(1, 1000), T0);

	assert_true(reaches(n, remote(1, 1000), e, x(5000), T0 + NK_S));
	check_ends(n, e, T0 + 61 * NK_S);
	e = out(n, x(5000), remote(1, 1000), T0 + 100 * NK_S);
	assert_true(reaches(n, remote(1, 1000), e, x(5000), T0 + 101 * NK_S));
	assert_true(reaches(n, remote(1, 1000), e, x(5000), T0 + 101 * NK_S));
	check_ends(n, e, T0 + 221 * NK_S);
	nat_free(n);
}

/* pf: first (30 s here) for one packet, single (60 s) after more, multiple (120 s) when what came
 * back has been answered in its turn. */
static void test_pf_states(void **state)
{
	static const struct {
		const char *packets;
		nk_time ends; /* after the last, which come 1 s apart */
	} cases[] = {
		{"o", 30 * NK_S},   {"oo", 60 * NK_S},   {"ooo", 60 * NK_S},    {"oi", 60 * NK_S},
		{"oii", 60 * NK_S}, {"oio", 120 * NK_S}, {"ooioi", 120 * NK_S},
	};
	struct nat_spec spec = plain_spec();

	(void)state;
	spec.states = NAT_STATES_PF;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct nat *n = make(&spec);
		struct addr e = {.port = 0};
		nk_time at = T0;

		for (const char *p = cases[i].packets; *p != '\0'; p++, at += NK_S) {
			if (*p == 'o')
				e = out(n, x(5000), remote(1, 1000), at);
			else
				assert_true(reaches(n, remote(1, 1000), e, x(5000), at));
		}
		check_ends(n, e, at - NK_S + cases[i].ends);
		nat_free(n);
	}
}

/* libalias: what is over at 30 s lives until the sweep at 10 + 64 s, or for ever if used again. */
static void test_sweep(void **state)
{
	struct nat_spec spec = plain_spec();

	(void)state;
	spec.sweep = 64 * NK_S;
	spec.sweep_phase = 10 * NK_S;

	struct nat *n = make(&spec);
	struct addr e = out(n, x(5000), remote(1, 1000), T0);

	check_ends(n, e, 74 * NK_S);
	e = out(n, x(5000), remote(1, 1000), 74 * NK_S);
	check_ends(n, e, 138 * NK_S);
	e = out(n, x(5000), remote(1, 1000), 150 * NK_S);
	assert_true(same(e, out(n, x(5000), remote(1, 1000), 200 * NK_S)));
	check_ends(n, e, 266 * NK_S);

	/* A sweep at the very end takes it, and before the first one there is none. */
	e = out(n, x(5000), remote(1, 1000), 300 * NK_S);
	check_ends(n, e, 330 * NK_S);
	nat_free(n);
	spec.sweep_phase = 50 * NK_S;
	n = make(&spec);
	e = out(n, x(5000), remote(1, 1000), 0);
	check_ends(n, e, 50 * NK_S);
	nat_free(n);
}

/* The truth about a timer that sweeps change is how long it was; what was restarted early does not
 * count. */
static void test_applied(void **state)
{
	struct nat_spec spec = plain_spec();

	(void)state;
	spec.sweep = 64 * NK_S;

	struct nat *n = make(&spec);

	out(n, x(5000), remote(1, 1000), 10 * NK_S);
	assert_int_equal(nat_applied_times(n, NAT_TRAFFIC_FIRST, 63 * NK_S).count, 0);
	assert_int_equal(nat_applied_times(n, NAT_TRAFFIC_FIRST, 64 * NK_S).count, 1);

	const struct addr e = out(n, x(5001), remote(1, 1000), 70 * NK_S);

	out(n, x(5002), remote(1, 1000), 70 * NK_S);
	assert_true(reaches(n, remote(1, 1000), e, x(5001), 71 * NK_S));
	out(n, x(5002), remote(1, 1000), 100 * NK_S);

	const struct nat_applied first = nat_applied_times(n, NAT_TRAFFIC_FIRST, 400 * NK_S);
	const struct nat_applied replied = nat_applied_times(n, NAT_TRAFFIC_REPLIED, 400 * NK_S);

	assert_int_equal(first.count, 3);
	assert_int_equal(first.lo, 54 * NK_S);
	assert_int_equal(first.hi, 92 * NK_S);
	assert_int_equal(replied.count, 1);
	assert_int_equal(replied.lo, 121 * NK_S);
	assert_int_equal(nat_applied_times(n, NAT_TRAFFIC_STREAM, 400 * NK_S).count, 0);
	nat_free(n);
}

/* A table of 10 of which 4 are free of pressure: with 7 held, half the time is left. */
static void test_table_pressure(void **state)
{
	struct nat_spec spec = plain_spec();

	(void)state;
	spec.full_from = 4;
	spec.full_at = 10;
	for (int by_flow = 0; by_flow < 2; by_flow++) {
		spec.flow_timers = by_flow;

		struct nat *n = make(&spec);

		for (uint16_t i = 0; i < 7; i++)
			out(n, x((uint16_t)(5000 + i)), remote(1, 1000), T0);
		assert_int_equal(nat_held(n, T0 + 15 * NK_S - 1), 7);
		assert_int_equal(nat_held(n, T0 + 15 * NK_S), 6); /* made with 7 */
		assert_int_equal(nat_held(n, T0 + 20 * NK_S), 5); /* with 6 */
		assert_int_equal(nat_held(n, T0 + 25 * NK_S), 4);
		assert_int_equal(nat_held(n, T0 + 30 * NK_S - 1), 4);
		assert_int_equal(nat_held(n, T0 + 30 * NK_S), 0);
		for (uint16_t i = 0; i < 20; i++)
			out(n, x((uint16_t)(5000 + i)), remote(1, 1000), T0 + 60 * NK_S + i);
		assert_int_equal(nat_held_peak(n), 10);
		nat_free(n);
	}
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
			assert_int_equal(out(n, x(40010), remote(1, 1), T0).port, 40010);
		else
			out(n, x(5000), remote(1, 1), T0);
		for (uint16_t i = 1; i < 64; i++) {
			const struct addr e = out(n, x((uint16_t)(5000 + i)), remote(1, 1), T0);

			assert_in_range(e.port, 40000, 40063);
		}
		assert_int_equal(out(n, x(6000), remote(1, 1), T0).port, 0);
		nat_free(n);
	}
}

/* "Port parity preservation: an even port will be mapped to an even port, and an odd port will be
 * mapped to an odd port" (section 4.2.2). */
static void test_port_parity(void **state)
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

static struct nat_spec linux_spec(void)
{
	struct nat_spec spec = plain_spec();

	spec.filtering = NAT_APD;
	spec.port_overload = true;
	return spec;
}

/* The order of events of a measurement on Linux 6: hosts x and y with one port, which both have
 * outside too, until y goes where x was. One socket has two mappings from then on. */
static void test_overload(void **state)
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
static void test_no_overload(void **state)
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

/* What came too early with INPUT open costs the port, as long as it is retried; not else. */
static void test_self_clash(void **state)
{
	struct nat_spec spec = linux_spec();

	(void)state;
	spec.self_clash = true;

	struct nat *n = make(&spec);
	const struct addr e = out(n, x(8000), remote(1, 1), T0);

	assert_int_equal(in(n, remote(2, 1), e, T0).port, 0);
	assert_int_equal(out(n, x(8000), remote(3, 1), T0).port, 8000);
	assert_int_not_equal(out(n, x(8000), remote(2, 1), T0).port, 8000);
	assert_int_equal(in(n, remote(2, 1), e, T0 + 29 * NK_S).port, 0);
	assert_int_equal(nat_held(n, T0 + 31 * NK_S), 0);
	assert_int_not_equal(out(n, x(8000), remote(2, 1), T0 + 58 * NK_S).port, 8000);
	assert_int_equal(out(n, x(8000), remote(2, 1), T0 + 89 * NK_S).port, 8000);
	nat_free(n);

	spec.self_clash = false;
	n = make(&spec);
	assert_true(same(e, out(n, x(8000), remote(1, 1), T0)));
	assert_int_equal(in(n, remote(2, 1), e, T0).port, 0);
	assert_int_equal(out(n, x(8000), remote(2, 1), T0).port, 8000);
	nat_free(n);
}

/* Linux: a packet that dies here restarts what there is and makes nothing, either way. */
static void test_ttl_order(void **state)
{
	const struct addr from = x(5000), to = remote(1, 1000), other = remote(2, 1000);
	const struct packet there = udp(from, to), elsewhere = udp(from, other);

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct nat_spec spec = plain_spec();

		spec.filtering = NAT_APD;
		spec.ttl_first = i % 2;
		spec.flow_timers = i / 2;

		struct nat *n = make(&spec);
		struct addr e;

		nat_out_expired(n, &there, T0);
		assert_int_equal(nat_held(n, T0), 0);
		e = out(n, from, to, T0);
		nat_out_expired(n, &there, T0 + 10 * NK_S);
		nat_out_expired(n, &elsewhere, T0 + 10 * NK_S);
		assert_int_equal(in(n, other, e, T0 + 10 * NK_S).port, 0);
		check_ends(n, e, T0 + (spec.ttl_first ? 30 : 40) * NK_S);

		e = out(n, from, to, T0 + 100 * NK_S);

		const struct packet back = udp(to, e), stray = udp(other, e);

		/* What nobody inside would get is the NAT's own, and is not forwarded. */
		assert_true(nat_in_expired(n, &back, T0 + 110 * NK_S));
		assert_int_equal(nat_in_expired(n, &stray, T0 + 120 * NK_S), spec.ttl_first);
		check_ends(n, e, T0 + (spec.ttl_first ? 130 : 170) * NK_S);
		nat_free(n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_port_times),
		cmocka_unit_test(test_stream_at_once),
		cmocka_unit_test(test_stream_after_nothing),
		cmocka_unit_test(test_pf_states),
		cmocka_unit_test(test_sweep),
		cmocka_unit_test(test_applied),
		cmocka_unit_test(test_table_pressure),
		cmocka_unit_test(test_port_range),
		cmocka_unit_test(test_port_parity),
		cmocka_unit_test(test_overload),
		cmocka_unit_test(test_no_overload),
		cmocka_unit_test(test_self_clash),
		cmocka_unit_test(test_ttl_order),
	};

	if (crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
