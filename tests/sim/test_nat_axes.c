/* What real NATs do beyond RFC 4787's three classes, one axis of struct nat_spec after the other. */
#include <math.h>

#include "nat_bench.h"

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
	tcp_out(n, x(5003), remote(1, 80), SYN, 70 * NK_S); /* timers of TCP are not told */
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

/* From a moment on the timers are others: 60 s become 30 s. What ran before ends as it would have. */
static void test_drift_step(void **state)
{
	struct nat_spec spec = plain_spec();

	(void)state;
	spec.drift_step = 0.5;
	spec.drift_after = 100 * NK_S;

	struct nat *n = make(&spec);

	out(n, x(5000), remote(1, 1000), T0);
	check_ends(n, out(n, x(5000), remote(1, 1000), T0 + 99 * NK_S), T0 + 129 * NK_S);
	check_ends(n, out(n, x(5000), remote(1, 1000), T0 + 200 * NK_S), T0 + 215 * NK_S);
	nat_free(n);
}

/* In a day the logarithm of a timer moves by so much, and in years it stays within half and twice. */
static void test_drift_walk(void **state)
{
	const nk_time day = 86400 * NK_S;
	struct nat_spec spec = plain_spec();
	double last = 0, squares = 0, most = 0;

	(void)state;
	spec.drift_walk = 0.1;

	struct nat *n = make(&spec);

	out(n, x(5000), remote(1, 1000), T0);
	for (int i = 1; i <= 2000; i++) {
		const double now = log(nat_stretched(n, T0 + i * day));

		squares += (now - last) * (now - last);
		most = fmax(most, fabs(now));
		last = now;
	}
	assert_true(fabs(sqrt(squares / 2000) - 0.1) < 0.01);
	assert_true(most > 0.6 && most <= log(2) + 1e-9);
	nat_free(n);
}

/* Until when a packet would be let in, by what filtering asks; and to ask changes nothing. */
static void test_open_until(void **state)
{
	struct nat_spec spec = plain_spec();

	(void)state;
	for (int by_flow = 0; by_flow < 2; by_flow++)
		for (int f = NAT_EI; f <= NAT_APD; f++) {
			spec.flow_timers = by_flow;
			spec.filtering = (enum nat_behaviour)f;

			struct nat *n = make(&spec);
			const struct addr e = out(n, x(5000), remote(1, 1000), T0);
			const struct packet same = udp(remote(1, 1000), e);
			const struct packet port = udp(remote(1, 1001), e);
			const struct packet other = udp(remote(2, 1000), e);
			const nk_time now = T0 + NK_S, end = T0 + 30 * NK_S;

			assert_int_equal(nat_open_until(n, &same, now), end);
			assert_int_equal(nat_open_until(n, &port, now), f == NAT_APD ? now : end);
			assert_int_equal(nat_open_until(n, &other, now), f == NAT_EI ? end : now);
			assert_int_equal(nat_open_until(n, &same, end), end);
			assert_int_equal(nat_open_until(n, &same, end + 1), end + 1);
			nat_free(n);
		}
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

	/* An RST is the answer to TCP, and then nothing is left of it. */
	assert_int_equal(tcp_out(n, x(8000), remote(1, 80), SYN, T0).port, 8000);
	assert_false(tcp_in(n, remote(2, 80), e, SYN, T0));
	assert_int_equal(tcp_out(n, x(8000), remote(2, 80), SYN, T0).port, 8000);
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

/* As most routers at home: IPv4 is translated, IPv6 without external addresses only filtered. */
static void test_families(void **state)
{
	struct nat_spec spec = plain_spec();
	const struct addr inside = {.ip = {0x20, 0x01, 0x0d, 0xb8, [15] = 2}, .port = 5000};
	const struct addr server = {.ip = {0x20, 0x01, 0x0d, 0xb8, 1, [15] = 1}, .port = 3478};
	const struct addr other = {.ip = {0x20, 0x01, 0x0d, 0xb8, 1, [15] = 2}, .port = 3478};
	struct addr e;
	struct nat *n;

	(void)state;
	spec.mapping = spec.filtering = NAT_APD;
	n = make(&spec);
	assert_true(same(out(n, inside, server, 0), inside));
	assert_true(reaches(n, server, inside, inside, 0));
	assert_false(reaches(n, other, inside, inside, 0));
	assert_true(same(out(n, inside, other, 0), inside));
	e = out(n, x(5000), remote(1, 1000), 0);
	assert_true(nat_is_external(n, &e));
	nat_free(n);
	spec.external_count = 2;
	spec.external[1] = (struct addr){.ip = {0x20, 0x01, 0x0d, 0xb8, 2, [15] = 9}};
	n = make(&spec);
	assert_true(same(out(n, inside, server, 0), addr_with_port(spec.external[1], 5000)));
	assert_true(reaches(n, server, addr_with_port(spec.external[1], 5000), inside, 1));
	assert_int_equal(out(n, x(5000), remote(1, 1000), 2).ip[15], 1);
	nat_free(n);
}

static void count(void *user, const struct nat_entry *e)
{
	(void)e;
	++*(unsigned *)user;
}

/* What it only filters and does not let in is not for itself: it is forgotten. */
static void test_self_clash_is_of_own_addresses(void **state)
{
	struct nat_spec spec = linux_spec();
	const struct addr inside = {.ip = {0x20, 0x01, 0x0d, 0xb8, [15] = 2}, .port = 5000};
	const struct addr server = {.ip = {0x20, 0x01, 0x0d, 0xb8, 1, [15] = 1}, .port = 3478};
	unsigned entries = 0;

	(void)state;
	spec.self_clash = true;

	struct nat *n = make(&spec);

	assert_int_equal(in(n, server, inside, T0).port, 0);
	nat_each(n, T0, count, &entries);
	assert_int_equal(entries, 0);
	assert_true(same(out(n, inside, server, T0), inside));
	assert_true(reaches(n, server, inside, inside, T0));
	nat_free(n);
}

/* ESP and the like have no ports: of two hosts that would talk with one remote, the second cannot. */
static void test_other_protocols(void **state)
{
	struct nat_spec spec = plain_spec();

	(void)state;
	for (int translate = 0; translate < 2; translate++) {
		spec.translate = translate;
		spec.t_other = 100 * NK_S;

		struct nat *n = make(&spec);
		struct packet p = other(x(0), remote(1, 0), 50);
		struct packet back = other(remote(1, 0), addr_v4(203, 0, 113, 1, 0), 50);

		assert_true(passes_out(n, &p, T0));
		if (translate)
			assert_true(same(p.from, back.to));
		else
			back.to = x(0);
		assert_true(passes_in(n, &back, T0));
		assert_true(same(back.to, x(0)));

		p = other(y(0), remote(1, 0), 50);
		assert_int_equal(passes_out(n, &p, T0), !translate);
		p = other(y(0), remote(1, 0), 47); /* another protocol */
		assert_true(passes_out(n, &p, T0));
		p = other(y(0), remote(2, 0), 50); /* another remote */
		assert_true(passes_out(n, &p, T0));
		back = other(remote(3, 0), translate ? addr_v4(203, 0, 113, 1, 0) : x(0), 50);
		assert_int_equal(passes_in(n, &back, T0), !translate);

		p = other(y(0), remote(1, 0), 50);
		assert_true(passes_out(n, &p, T0 + 100 * NK_S));
		nat_free(n);
	}
}

static void test_other_timer(void **state)
{
	static const nk_time times[] = {0, 100 * NK_S};

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		struct nat_spec spec = plain_spec();
		struct packet p = other(x(0), remote(1, 0), 47);
		const nk_time ends = T0 + (times[i] == 0 ? 600 * NK_S : times[i]);

		spec.t_other = times[i];

		struct nat *n = make(&spec);

		assert_true(passes_out(n, &p, T0));
		assert_int_equal(nat_held(n, ends - 1), 1);
		assert_int_equal(nat_held(n, ends), 0);
		nat_free(n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stream_at_once),
		cmocka_unit_test(test_stream_after_nothing),
		cmocka_unit_test(test_pf_states),
		cmocka_unit_test(test_sweep),
		cmocka_unit_test(test_applied),
		cmocka_unit_test(test_table_pressure),
		cmocka_unit_test(test_drift_step),
		cmocka_unit_test(test_drift_walk),
		cmocka_unit_test(test_open_until),
		cmocka_unit_test(test_self_clash),
		cmocka_unit_test(test_ttl_order),
		cmocka_unit_test(test_firewall),
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_self_clash_is_of_own_addresses),
		cmocka_unit_test(test_other_protocols),
		cmocka_unit_test(test_other_timer),
	};

	if (crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
