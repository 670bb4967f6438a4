/* The NAT model as a NAT64: RFC 6146, addresses by RFC 6052, headers by RFC 7915. */
#include <string.h>

#include "nat_bench.h"

static struct addr at(const char *text, uint16_t port)
{
	struct addr a;

	assert_int_equal(addr_parse(&a, text, port), 0);
	a.port = port;
	return a;
}

static struct addr host(uint16_t port)
{
	return at("2001:db8:64::2", port);
}

/* remote(1, @port) as the inside knows it. */
static struct addr server(uint16_t port)
{
	return at("64:ff9b::192.0.2.1", port);
}

static struct nat_spec nat64_spec(void)
{
	struct nat_spec spec = plain_spec();

	spec.nat64 = true;
	return spec;
}

/* RFC 6146 sections 3.5.1 and 3.5.3: UDP and queries, there and back. */
static void test_both_ways(void **state)
{
	(void)state;
	for (int query = 0; query < 2; query++) {
		struct nat_spec spec = nat64_spec();
		struct nat *n = make(&spec);
		struct packet p =
			query ? ping(host(0), server(0), 77, false) : udp(host(5000), server(1000));
		const struct packet sent = p;

		p.size = 100;
		assert_true(passes_out(n, &p, T0));
		assert_true(same(p.from, addr_v4(203, 0, 113, 1, sent.from.port)));
		assert_true(same(p.to, remote(1, sent.to.port)));
		assert_int_equal(p.size, 80);

		p.from = remote(1, sent.to.port);
		p.to = addr_v4(203, 0, 113, 1, sent.from.port);
		p.reply = query;
		p.dont_fragment = true;
		assert_true(passes_in(n, &p, T0));
		assert_true(same(p.from, sent.to) && same(p.to, sent.from));
		assert_int_equal(p.size, 100);
		assert_false(p.dont_fragment); /* IPv6 has no such flag */
		assert_int_equal(nat_held(n, T0), 1);
		nat_free(n);
	}
}

/* RFC 6146 section 3.5.2, from the first SYN on. */
static void test_tcp(void **state)
{
	struct nat_spec spec = nat64_spec();
	struct nat *n = make(&spec);
	const struct addr e = tcp_out(n, host(5000), server(80), SYN, T0);
	struct packet p = tcp(remote(1, 80), e, SYNACK);

	(void)state;
	assert_int_equal(e.port, 5000);
	assert_true(passes_in(n, &p, T0));
	assert_true(same(p.from, server(80)) && same(p.to, host(5000)));
	assert_true(same(tcp_out(n, host(5000), server(80), ACK, T0), e));
	assert_int_equal(nat_held(n, T0 + 7440 * NK_S - 1), 1);
	nat_free(n);
}

/* RFC 6052 section 2.2: prefixes of one's own. */
static void test_prefix(void **state)
{
	struct nat_spec spec = nat64_spec();

	(void)state;
	spec.prefix64 = at("2001:db8:122:344::", 0);

	struct nat *n = make(&spec);
	struct packet p = udp(host(5000), at("2001:db8:122:344::c000:221", 1000));

	assert_true(passes_out(n, &p, T0));
	assert_true(same(p.to, remote(33, 1000)));
	p = udp(remote(33, 1000), p.from);
	assert_true(passes_in(n, &p, T0));
	assert_true(same(p.from, at("2001:db8:122:344::c000:221", 1000)));
	assert_int_equal(nat_spec(n)->prefix64.ip[0], 0x20);
	nat_free(n);
}

/* What is not to the prefix is only routed, with no state; and from the prefix comes nothing
 * (RFC 6146 section 3.5). */
static void test_other_ipv6(void **state)
{
	struct nat_spec spec = nat64_spec();
	struct nat *n = make(&spec);
	const struct addr native = at("2001:db8:1::1", 1000);
	struct packet p = udp(host(5000), native);
	struct packet back = udp(native, host(5001)), e;

	(void)state;
	assert_true(passes_out(n, &p, T0));
	assert_true(same(p.from, host(5000)) && same(p.to, native));
	assert_true(passes_in(n, &back, T0));
	assert_true(same(back.to, host(5001)));
	e = error_about(&back, at("2001:db8:64::1", 0));
	assert_true(passes_out(n, &e, T0));
	assert_true(same(e.from, at("2001:db8:64::1", 0)));
	nat_out_expired(n, &p, T0);
	assert_int_equal(nat_held(n, T0), 0);
	p = udp(server(5000), server(1000));
	assert_false(passes_out(n, &p, T0));

	nat_free(n);
}

static void count(void *user, const struct nat_entry *e)
{
	(void)e;
	++*(unsigned *)user;
}

/* Not even what dies at the NAT is taken for its own. */
static void test_other_ipv6_leaves_nothing(void **state)
{
	struct nat_spec spec = nat64_spec();
	const struct packet back = udp(at("2001:db8:1::1", 1000), host(5001));
	unsigned entries = 0;

	(void)state;
	spec.self_clash = true;

	struct nat *n = make(&spec);

	nat_in_expired(n, &back, T0);
	nat_each(n, T0, count, &entries);
	assert_int_equal(entries, 0);
	nat_free(n);
}

/* Without NAT64 there is nothing to translate to, and without translation there is no NAT64. */
static void test_axis(void **state)
{
	struct nat_spec spec = nat64_spec();
	struct packet p = udp(host(5000), server(1000));
	struct packet back = udp(at("2001:db8:1::1", 1000), host(5001));
	struct nat *n;

	(void)state;
	spec.nat64 = false;
	n = make(&spec);
	assert_true(passes_out(n, &p, T0));
	assert_true(same(p.from, host(5000)) && same(p.to, server(1000)));
	nat_free(n);
	spec.nat64 = true;
	spec.translate = false;
	n = make(&spec);
	assert_true(passes_out(n, &p, T0));
	assert_true(same(p.from, host(5000)) && same(p.to, server(1000)));
	assert_false(passes_in(n, &back, T0));
	nat_free(n);
}

/* Mapping and filtering are as with any NAT: section 3.1, 3.5.1. */
static void test_behaviours(void **state)
{
	(void)state;
	for (int pair = 0; pair < 9; pair++) {
		struct nat_spec spec = nat64_spec();

		spec.mapping = (enum nat_behaviour)(pair % 3);
		spec.filtering = (enum nat_behaviour)(pair / 3);

		struct nat *n = make(&spec);
		const struct addr e = out(n, host(5000), server(1000), T0);

		assert_int_equal(same(e, out(n, host(5000), server(1001), T0)),
				 spec.mapping != NAT_APD);
		assert_int_equal(reaches(n, remote(2, 1000), e, host(5000), T0),
				 spec.filtering == NAT_EI);
		assert_int_equal(reaches(n, remote(1, 1002), e, host(5000), T0),
				 spec.filtering != NAT_APD);
		assert_true(reaches(n, remote(1, 1000), e, host(5000), T0));
		nat_free(n);
	}
}

/* RFC 7915 section 4.2 and 5.2: sizes of packets, and those that errors speak of, differ by 20. */
static void test_sizes(void **state)
{
	static const struct {
		size_t size;
		unsigned fragments;
		bool dont_fragment;
	} cases[] = {{1280, 1, false}, {1281, 1, true}, {3000, 3, false}};
	struct nat_spec spec = nat64_spec();
	struct nat *n = make(&spec);
	struct packet p;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		p = udp(host(5000), server(1000));
		p.size = cases[i].size;
		p.fragments = cases[i].fragments;
		p.dont_fragment = !cases[i].dont_fragment;
		assert_true(passes_out(n, &p, T0));
		assert_int_equal(p.size, cases[i].size - 20);
		assert_int_equal(p.dont_fragment, cases[i].dont_fragment);
	}
	nat_free(n);
}

/* An error about a packet that went out, from an IPv4 router on its way. */
static void test_errors_from_outside(void **state)
{
	static const uint32_t mtus[][2] = {{1400, 1420}, {1000, 1280}};
	struct nat_spec spec = nat64_spec();

	(void)state;
	spec.ports = NAT_PORTS_RANDOM;
	for (size_t i = 0; i < sizeof(mtus) / sizeof(mtus[0]); i++) {
		struct nat *n = make(&spec);
		struct packet p = udp(host(5000), server(1000)), e;

		assert_true(passes_out(n, &p, T0));
		p.size = 100;
		e = error_about(&p, remote(9, 0));
		e.error = PACKET_TOO_BIG;
		e.mtu = mtus[i][0];

		const size_t size = e.size;

		assert_true(passes_in(n, &e, T0));
		assert_true(same(e.from, at("64:ff9b::192.0.2.9", 0)) && same(e.to, host(0)));
		assert_true(same(e.quote.from, host(5000)) && same(e.quote.to, server(1000)));
		assert_int_equal(e.mtu, mtus[i][1]);
		assert_int_equal(e.size, size + 40); /* of its own and of the quoted header */
		nat_free(n);
	}
}

static void test_errors_from_inside(void **state)
{
	struct nat_spec spec = nat64_spec();
	struct nat *n = make(&spec);
	struct packet p = udp(host(5000), server(1000)), back, e;

	(void)state;
	assert_true(passes_out(n, &p, T0));
	back = udp(remote(1, 1000), p.from);
	assert_true(passes_in(n, &back, T0));
	e = error_about(&back, at("2001:db8:64::1", 0));
	e.error = PACKET_TOO_BIG;
	e.mtu = 1280;
	assert_true(passes_out(n, &e, T0));
	assert_true(same(e.from, addr_v4(203, 0, 113, 1, 0)) && same(e.to, remote(1, 0)));
	assert_true(same(e.quote.from, remote(1, 1000)) && same(e.quote.to, p.from));
	assert_int_equal(e.mtu, 1260);
	nat_free(n);
}

/* Section 3.4: of other protocols the sender is told that there is no port. */
static void test_other_protocols(void **state)
{
	struct nat_spec spec = nat64_spec();
	struct nat *n = make(&spec);
	struct packet p = other(host(0), server(0), 50);
	enum nat_answer answer;

	(void)state;
	assert_int_equal(nat_out(n, &p, &answer, T0), NAT_REFUSE);
	assert_int_equal(answer, NAT_ANSWER_NO_PORT);
	p = other(host(0), at("2001:db8:1::1", 0), 50);
	assert_int_equal(nat_out(n, &p, &answer, T0), NAT_PASS);
	nat_free(n);
}

/* Section 3.8: two hosts of the inside find each other by their IPv4 endpoints. */
static void test_hairpinning(void **state)
{
	struct nat_spec spec = nat64_spec();
	struct nat *n = make(&spec);
	const struct addr peer = at("2001:db8:64::3", 6000);
	const struct addr e = out(n, peer, server(1000), T0);
	const struct addr as_sent = at("64:ff9b::203.0.113.1", 6000);
	struct packet p = udp(host(5000), as_sent);

	(void)state;
	assert_int_equal(e.port, 6000);
	assert_true(nat_is_external(n, &as_sent));
	assert_false(nat_is_external(n, &p.from));
	assert_true(passes_out(n, &p, T0) && passes_in(n, &p, T0));
	assert_true(same(p.to, peer) && same(p.from, at("64:ff9b::203.0.113.1", 5000)));
	nat_free(n);
}

/* IPv4 hosts beside it are behind a NAT44 that shares its addresses and ports. */
static void test_ipv4_inside(void **state)
{
	struct nat_spec spec = nat64_spec();
	struct nat *n = make(&spec);
	const struct addr e6 = out(n, host(5000), server(1000), T0);
	const struct addr e4 = out(n, x(5000), remote(1, 1000), T0);

	(void)state;
	assert_int_equal(e6.port, 5000);
	assert_int_not_equal(e4.port, 5000);
	assert_true(reaches(n, remote(1, 1000), e6, host(5000), T0));
	assert_true(reaches(n, remote(1, 1000), e4, x(5000), T0));
	nat_free(n);
}

/* An ALG leaves alone what it could not put in the same place. */
static void test_alg(void **state)
{
	struct nat_spec spec = nat64_spec();
	const struct addr from = host(5000);
	uint8_t data[18], before[18];
	struct packet p = udp(from, server(1000));

	(void)state;
	spec.alg = true;
	memcpy(data, from.ip, 16);
	data[16] = 5000 >> 8;
	data[17] = 5000 & 0xff;
	memcpy(before, data, sizeof(data));
	p.data = data;
	p.len = sizeof(data);

	struct nat *n = make(&spec);

	assert_true(passes_out(n, &p, T0));
	assert_memory_equal(data, before, sizeof(data));
	nat_free(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_tcp),
		cmocka_unit_test(test_prefix),
		cmocka_unit_test(test_other_ipv6),
		cmocka_unit_test(test_other_ipv6_leaves_nothing),
		cmocka_unit_test(test_axis),
		cmocka_unit_test(test_behaviours),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_errors_from_outside),
		cmocka_unit_test(test_errors_from_inside),
		cmocka_unit_test(test_other_protocols),
		cmocka_unit_test(test_hairpinning),
		cmocka_unit_test(test_ipv4_inside),
		cmocka_unit_test(test_alg),
	};

	if (crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
