/* Ports of a NAT that are open from outside: RFC 6887 section 2.2 (explicit mappings), and DNAT on
 * Linux. */
#include "nat_bench.h"

#include "sim/nat_forward.h"

#define PORT 7000 /* outside, of x(5000) */

static const struct addr nobody;

static struct addr external(void)
{
	return addr_v4(203, 0, 113, 1, PORT);
}

static struct nat_forward open_port(nk_time until)
{
	return (struct nat_forward){
		.kind = PACKET_UDP, .inside = x(5000), .external = external(), .until = until};
}

/* Every port of every mapping is another one, and only who was spoken to gets in. */
static struct nat_spec symmetric(bool flow_timers)
{
	struct nat_spec spec = flow_timers ? linux_spec() : plain_spec();

	spec.mapping = spec.filtering = NAT_APD;
	spec.ports = NAT_PORTS_RANDOM;
	return spec;
}

static struct nat *make_open(const struct nat_spec *spec, nk_time until)
{
	const struct nat_forward f = open_port(until);
	struct nat *n = make(spec);

	assert_true(nat_forward(n, &f, T0));
	assert_int_equal(nat_forwards(n, T0), 1);
	return n;
}

static void test_both_ways(void **state)
{
	const struct nat_spec spec = symmetric(false);
	struct nat *n = make_open(&spec, T0 + NK_S);

	(void)state;
	for (uint8_t i = 1; i < 10; i++) {
		assert_true(reaches(n, remote(i, i), external(), x(5000), T0));
		assert_true(same(out(n, x(5000), remote(i, 1), T0), external()));
	}
	assert_int_equal(nat_held(n, T0), 0);
	assert_false(same(out(n, x(5001), remote(1, 1), T0), external()));
	assert_true(same(in(n, remote(1, 1), addr_with_port(external(), 7001), T0), nobody));
	nat_free(n);
}

static void test_end(void **state)
{
	(void)state;
	for (int by_flow = 0; by_flow < 2; by_flow++) {
		const struct nat_spec spec = symmetric(by_flow);
		struct nat *n = make_open(&spec, T0 + NK_S);
		const struct packet p = udp(remote(1, 1), external());

		assert_true(nat_open_until(n, &p, T0) == T0 + NK_S);
		assert_true(reaches(n, remote(1, 1), external(), x(5000), T0 + NK_S - 1));
		assert_int_equal(nat_forwards(n, T0 + NK_S), 0);
		assert_true(same(in(n, remote(2, 1), external(), T0 + NK_S), nobody));
		assert_false(same(out(n, x(5000), remote(3, 1), T0 + NK_S), external()));
		nat_free(n);

		n = make_open(&spec, NK_NEVER);
		nat_forward_end(n, PACKET_TCP, &p.to, T0);
		assert_true(reaches(n, remote(1, 1), external(), x(5000), T0));
		nat_forward_end(n, PACKET_UDP, &p.to, T0);
		assert_true(same(in(n, remote(2, 1), external(), T0), nobody));
		assert_int_equal(nat_forwards(n, T0), 0);
		nat_free(n);
	}
}

static void test_renewal(void **state)
{
	const struct nat_spec spec = symmetric(false);
	struct nat *n = make_open(&spec, T0 + NK_S);
	const struct nat_forward later = open_port(T0 + 5 * NK_S);
	struct nat_forward others = later;

	(void)state;
	others.inside = y(5000);
	assert_false(nat_forward(n, &others, T0));
	assert_true(nat_forward(n, &later, T0));
	assert_int_equal(nat_forwards(n, T0 + 5 * NK_S - 1), 1);
	assert_int_equal(nat_forwards(n, T0 + 5 * NK_S), 0);
	assert_true(nat_forward(n, &others, T0 + 5 * NK_S));
	nat_free(n);
}

static void test_only_from(void **state)
{
	(void)state;
	for (int by_flow = 0; by_flow < 2; by_flow++) {
		const struct nat_spec spec = symmetric(by_flow);
		struct nat *n = make(&spec);
		struct nat_forward f = open_port(NK_NEVER);

		f.remote = remote(1, 0);
		assert_true(nat_forward(n, &f, T0));
		assert_true(reaches(n, remote(1, 1), external(), x(5000), T0));
		assert_true(reaches(n, remote(1, 2), external(), x(5000), T0));
		assert_true(same(in(n, remote(2, 1), external(), T0), nobody));
		f.remote.port = 2;
		assert_true(nat_forward(n, &f, T0));
		assert_true(same(in(n, remote(1, 3), external(), T0), nobody));
		assert_true(reaches(n, remote(1, 2), external(), x(5000), T0));
		nat_free(n);
	}
}

/* A port that is open is given to nobody, and one that somebody has is not opened for another. */
static void test_port_is_kept(void **state)
{
	struct nat_spec spec = plain_spec();
	struct nat_forward f = open_port(NK_NEVER);
	struct nat *n = make(&spec);

	(void)state;
	assert_int_equal(out(n, y(PORT), remote(1, 1), T0).port, PORT);
	assert_false(nat_forward(n, &f, T0));
	f.inside = y(PORT);
	assert_true(nat_forward(n, &f, T0));
	nat_forward_end(n, PACKET_UDP, &f.external, T0);
	nat_free(n);

	n = make_open(&spec, T0 + NK_S);
	assert_int_not_equal(out(n, y(PORT), remote(1, 1), T0).port, PORT);
	nat_held(n, T0 + 100 * NK_S);
	assert_int_equal(out(n, y(PORT), remote(1, 1), T0 + 100 * NK_S).port, PORT);
	nat_free(n);
}

static void test_room(void **state)
{
	const struct nat_spec spec = plain_spec();
	struct nat *n = make(&spec);
	struct nat_forward f = open_port(NK_NEVER);

	(void)state;
	for (unsigned i = 0; i < NAT_FORWARDS_MAX; i++, f.external.port++)
		assert_true(nat_forward(n, &f, T0));
	assert_false(nat_forward(n, &f, T0));
	f.external.port = PORT;
	nat_forward_end(n, PACKET_UDP, &f.external, T0);
	assert_true(nat_forward(n, &f, T0));
	nat_free(n);
}

/* DNAT is for what begins outside: its answers leave from the open port, others from any. */
static void test_linux(void **state)
{
	const struct nat_spec spec = symmetric(true);
	struct nat *n = make_open(&spec, T0 + NK_S);

	(void)state;
	assert_true(reaches(n, remote(1, 1), external(), x(5000), T0));
	assert_true(reaches(n, remote(2, 1), external(), x(5000), T0));
	assert_int_equal(nat_held(n, T0), 2);
	assert_true(same(out(n, x(5000), remote(1, 1), T0), external()));
	assert_true(same(out(n, x(5000), remote(2, 1), T0), external()));
	assert_false(same(out(n, x(5000), remote(3, 1), T0), external()));

	/* What has begun goes on when the rule is gone. */
	assert_int_equal(nat_forwards(n, T0 + NK_S), 0);
	assert_true(reaches(n, remote(1, 1), external(), x(5000), T0 + NK_S));
	assert_true(same(in(n, remote(4, 1), external(), T0 + NK_S), nobody));
	nat_free(n);
}

/* The same without ports that are shared. */
static void test_flows_by_mapping(void **state)
{
	struct nat_spec spec = plain_spec();
	struct nat *n;

	(void)state;
	spec.flow_timers = true;
	spec.filtering = NAT_APD;
	n = make_open(&spec, NK_NEVER);
	assert_int_equal(out(n, x(5000), remote(1, 1), T0).port, 5000);
	assert_true(reaches(n, remote(2, 1), external(), x(5000), T0));
	assert_true(reaches(n, remote(3, 1), external(), x(5000), T0));
	assert_true(same(out(n, x(5000), remote(2, 1), T0), external()));
	assert_true(same(out(n, x(5000), remote(3, 1), T0), external()));
	assert_int_equal(out(n, x(5000), remote(1, 1), T0).port, 5000);
	nat_free(n);
}

/* A remote that the inside already talks with by another port would have two flows that look the
 * same inside: of the second it is seen at another port there. Thus does Linux 6: masquerade
 * fully-random, and dnat. What the NAT took for its own before the port was open remains so. */
static void test_linux_clash(void **state)
{
	struct nat_spec spec = symmetric(true);
	struct nat *n = make_open(&spec, NK_NEVER);
	const struct packet client = udp(remote(1, 1), external());
	const struct nat_forward f = open_port(NK_NEVER);
	struct packet p, back;
	struct addr first;

	(void)state;
	first = out(n, x(5000), remote(1, 1), T0);
	assert_false(same(first, external()));
	for (int i = 0; i < 3; i++) {
		p = udp(remote(1, 1), external());
		assert_true(passes_in(n, &p, T0));
		assert_true(same(p.to, x(5000)));
		assert_true(addr_same_ip(&p.from, &client.from));
		assert_int_not_equal(p.from.port, 1);
		back = udp(x(5000), p.from);
		assert_true(passes_out(n, &back, T0));
		assert_true(same(back.from, external()));
		assert_true(same(back.to, remote(1, 1)));
	}
	assert_int_equal(nat_held(n, T0), 2);
	assert_true(same(out(n, x(5000), remote(1, 1), T0), first));
	assert_true(reaches(n, remote(1, 1), first, x(5000), T0));
	nat_free(n);

	spec.self_clash = true;
	n = make(&spec);
	assert_true(same(in(n, remote(1, 1), external(), T0), nobody));
	assert_true(nat_forward(n, &f, T0));
	assert_true(same(in(n, remote(1, 1), external(), T0 + NK_S), nobody));
	assert_true(reaches(n, remote(1, 2), external(), x(5000), T0 + NK_S));
	assert_true(reaches(n, remote(1, 1), external(), x(5000), T0 + NK_S + spec.t_first));
	nat_free(n);
}

static void test_tcp(void **state)
{
	(void)state;
	for (int by_flow = 0; by_flow < 2; by_flow++) {
		const struct nat_spec spec = symmetric(by_flow);
		struct nat *n = make(&spec);
		struct nat_forward f = open_port(NK_NEVER);

		f.kind = PACKET_TCP;
		assert_true(nat_forward(n, &f, T0));
		assert_true(same(in(n, remote(1, 1), external(), T0), nobody));
		assert_true(tcp_in(n, remote(1, 1), external(), SYN, T0));
		assert_true(same(tcp_out(n, x(5000), remote(1, 1), SYNACK, T0), external()));
		assert_true(tcp_in(n, remote(1, 1), external(), ACK, T0));
		assert_int_equal(tcp_in(n, remote(2, 1), external(), ACK, T0), !by_flow);
		nat_free(n);
	}
}

static void test_errors_and_ttl(void **state)
{
	(void)state;
	for (int by_flow = 0; by_flow < 2; by_flow++) {
		const struct nat_spec spec = symmetric(by_flow);
		struct nat *n = make_open(&spec, NK_NEVER);
		struct packet p = udp(remote(1, 1), external());

		assert_true(nat_in_expired(n, &p, T0));
		assert_int_equal(nat_held(n, T0), 0);
		assert_true(reaches(n, remote(1, 1), external(), x(5000), T0));

		struct packet answer = udp(x(5000), remote(1, 1));

		assert_true(passes_out(n, &answer, T0));
		p = error_about(&answer, remote(9, 0));
		assert_true(passes_in(n, &p, T0));
		assert_true(same(p.quote.from, x(5000)));
		nat_free(n);
	}
}

static void test_reboot(void **state)
{
	const struct nat_spec spec = symmetric(false);
	struct nat *n = make_open(&spec, NK_NEVER);
	struct nat *again = nat_rebooted(n);

	(void)state;
	assert_non_null(again);
	assert_int_equal(nat_forwards(again, T0), 0);
	assert_true(same(in(again, remote(1, 1), external(), T0), nobody));
	nat_free(n);
	nat_free(again);
}

/* A firewall that translates nothing. */
static void test_pinhole(void **state)
{
	const struct addr host = {.ip = {0x20, 0x01, 0x0d, 0xb8, [15] = 2}, .port = 5000};
	const struct addr peer = {.ip = {0x20, 0x01, 0x0d, 0xb8, 1, [15] = 1}, .port = 1};

	(void)state;
	for (int by_flow = 0; by_flow < 2; by_flow++) {
		const struct nat_forward f = {
			.kind = PACKET_UDP, .inside = host, .external = host, .until = T0 + NK_S};
		struct nat_spec spec = symmetric(by_flow);
		struct nat *n;

		spec.translate = false;
		n = make(&spec);
		assert_true(same(in(n, peer, host, T0), nobody));
		assert_true(nat_forward(n, &f, T0));
		assert_true(reaches(n, peer, host, host, T0));
		assert_true(same(out(n, host, peer, T0), host));
		assert_true(same(in(n, addr_with_port(peer, 2), host, T0 + NK_S), nobody));
		nat_free(n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),      cmocka_unit_test(test_end),
		cmocka_unit_test(test_renewal),        cmocka_unit_test(test_only_from),
		cmocka_unit_test(test_port_is_kept),   cmocka_unit_test(test_room),
		cmocka_unit_test(test_linux),          cmocka_unit_test(test_flows_by_mapping),
		cmocka_unit_test(test_linux_clash),    cmocka_unit_test(test_tcp),
		cmocka_unit_test(test_errors_and_ttl), cmocka_unit_test(test_reboot),
		cmocka_unit_test(test_pinhole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
