/* The NAT model against the words of RFC 5508 (ICMP). REQ-3 is about checksums, and the model sees
 * none; REQ-10's messages are the network's. */
#include "nat_bench.h"

#define TTL_OF_ICMP (60 * NK_S)

static const struct addr router = {.ip = {[10] = 0xff, [11] = 0xff, 192, 0, 2, 99}, .port = 0};

static struct addr query_out(struct nat *n, struct addr from, struct addr to, uint16_t id,
			     nk_time at)
{
	struct packet p = ping(from, to, id, false);

	if (!passes_out(n, &p, at))
		return (struct addr){.port = 0};
	assert_int_equal(p.to.port, p.from.port);
	return p.from;
}

/* The inside identifier that an answer to @e reaches, or 0. */
static uint16_t answer_in(struct nat *n, struct addr from, struct addr e, nk_time at)
{
	struct packet p = ping(from, e, e.port, true);

	if (!passes_in(n, &p, at))
		return 0;
	assert_int_equal(p.from.port, p.to.port);
	assert_true(addr_same_ip(&p.from, &from));
	return p.to.port;
}

/* "A NAT device MUST permit ICMP Queries and their associated responses, when the Query is initiated
 * from a private host to the external hosts" (REQ-1), and nothing else. */
static void test_req1_queries(void **state)
{
	struct nat_spec spec = plain_spec();

	(void)state;
	for (int translate = 0; translate < 2; translate++) {
		spec.translate = translate;
		spec.filtering = NAT_APD;

		struct nat *n = make(&spec);
		const struct addr e = query_out(n, x(0), remote(1, 0), 77, T0);
		struct packet stray = ping(x(0), remote(1, 0), 78, true);
		struct packet asked = ping(remote(1, 0), e, 77, false);

		assert_int_equal(nat_is_external(n, &e), translate);
		assert_int_equal(answer_in(n, remote(1, 0), e, T0), 77);
		assert_int_equal(answer_in(n, remote(2, 0), e, T0), 0);
		assert_int_equal(answer_in(n, remote(1, 0), addr_with_port(e, 9), T0), 0);
		assert_false(passes_out(n, &stray, T0));
		assert_false(passes_in(n, &asked, T0));
		nat_free(n);
	}
}

/* Hosts with one identifier get different ones, chosen as ports are. */
static void test_req1_identifiers(void **state)
{
	(void)state;
	for (int ports = NAT_PORTS_PRESERVE; ports <= NAT_PORTS_RANDOM; ports++) {
		struct nat_spec spec = plain_spec();

		spec.ports = (enum nat_ports)ports;

		struct nat *n = make(&spec);
		const struct addr ex = query_out(n, x(0), remote(1, 0), 4000, T0);
		const struct addr ey = query_out(n, y(0), remote(1, 0), 4000, T0);

		assert_int_equal(ex.port == 4000, ports == NAT_PORTS_PRESERVE);
		assert_int_not_equal(ey.port, ex.port);
		if (ports == NAT_PORTS_SEQUENTIAL)
			assert_int_equal(ey.port, ex.port + 1);
		assert_int_equal(answer_in(n, remote(1, 0), ex, T0), 4000);
		assert_int_equal(answer_in(n, remote(1, 0), ey, T0), 4000);
		nat_free(n);
	}
}

/* "NAT mapping of ICMP Query Identifiers SHOULD be external-host independent" (REQ-1a). */
static void test_req1a_mapping(void **state)
{
	(void)state;
	for (enum nat_behaviour b = NAT_EI; b <= NAT_APD; b++) {
		struct nat_spec spec = plain_spec();

		spec.mapping = b;

		struct nat *n = make(&spec);
		const struct addr first = query_out(n, x(0), remote(1, 0), 77, T0);

		assert_true(same(first, query_out(n, x(0), remote(1, 0), 77, T0)));
		assert_int_equal(same(first, query_out(n, x(0), remote(2, 0), 77, T0)),
				 b == NAT_EI);
		assert_false(same(first, query_out(n, x(0), remote(1, 0), 78, T0)));
		nat_free(n);
	}
}

/* "An ICMP Query session timer MUST NOT expire in less than 60 seconds", and "be made configurable"
 * (REQ-2a). Refresh directions are UDP's. */
static void test_req2_timer(void **state)
{
	static const nk_time times[] = {0, 30 * NK_S, 90 * NK_S};

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		struct nat_spec spec = plain_spec();
		const nk_time t = times[i] == 0 ? TTL_OF_ICMP : times[i];

		spec.t_icmp = times[i];
		spec.refresh_in = spec.refresh_out = false;

		struct nat *n = make(&spec);
		const struct addr e = query_out(n, x(0), remote(1, 0), 77, T0);

		assert_int_equal(answer_in(n, remote(1, 0), e, T0 + t - 1), 77);
		assert_int_equal(answer_in(n, remote(1, 0), e, T0 + 2 * t - 2), 77);
		assert_int_equal(nat_held(n, T0 + 3 * t - 3), 1);
		assert_int_equal(answer_in(n, remote(1, 0), e, T0 + 3 * t - 2), 0);
		assert_int_equal(nat_held(n, T0 + 3 * t - 2), 0);
		nat_free(n);
	}
}

static struct packet first_of(enum packet_kind kind)
{
	switch (kind) {
	case PACKET_TCP:
		return tcp(x(5000), remote(1, 80), SYN);
	case PACKET_QUERY:
		return ping(x(0), remote(1, 0), 77, false);
	case PACKET_OTHER:
		return other(x(0), remote(1, 0), 50);
	case PACKET_UDP:
	default:
		return udp(x(5000), remote(1, 1000));
	}
}

static const enum packet_kind kinds[] = {PACKET_UDP, PACKET_TCP, PACKET_QUERY, PACKET_OTHER};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* "Revert the IP and transport headers of the embedded IP packet to their original form" (REQ-4a),
 * and send it to whom that is from (REQ-4c). */
static void test_req4_errors_from_outside(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * KINDS; i++) {
		struct nat_spec spec = plain_spec();
		const struct packet sent = first_of(kinds[i % KINDS]);
		struct packet p = sent, e;

		spec.ports = NAT_PORTS_RANDOM;
		spec.flow_timers = i / KINDS;
		spec.filtering = NAT_APD;

		struct nat *n = make(&spec);

		assert_true(passes_out(n, &p, T0));
		e = error_about(&p, router);
		e.error = PACKET_TOO_BIG;
		e.mtu = 1400;
		assert_true(passes_in(n, &e, T0));
		assert_true(same(e.quote.from, sent.from) && same(e.quote.to, sent.to));
		assert_true(same(e.to, x(0)) && same(e.from, router));
		assert_int_equal(e.error, PACKET_TOO_BIG);
		assert_int_equal(e.mtu, 1400);
		nat_free(n);
	}
}

/* "If ... the NAT device does not have an active mapping for the embedded payload, the NAT SHOULD
 * silently drop the ICMP Error packet." */
static void test_req4_errors_about_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		struct nat_spec spec = plain_spec();
		struct packet p = first_of(kinds[i]), e;

		/* Of UDP without flows only filtering can say where something was sent. */
		spec.filtering = kinds[i] == PACKET_UDP ? NAT_APD : NAT_EI;

		struct nat *n = make(&spec);

		assert_true(passes_out(n, &p, T0));
		p.to.ip[15] = 2;
		e = error_about(&p, router); /* never sent there */
		assert_false(passes_in(n, &e, T0));
		p.to.ip[15] = 1;
		p.from.ip[15] = 2;
		e = error_about(&p, router); /* nobody of ours */
		assert_false(passes_in(n, &e, T0));
		p.from.ip[15] = 1;
		e = error_about(&p, router);
		e.to = addr_v4(203, 0, 113, 2, 0); /* it is not for whom it quotes */
		assert_false(passes_in(n, &e, T0));
		e = error_about(&p, router);
		assert_false(passes_in(n, &e, T0 + 7440 * NK_S)); /* over */
		nat_free(n);
	}
}

/* Errors about errors are nobody's, and about answers that we never sent. */
static void test_req4_strange_quotes(void **state)
{
	struct nat_spec spec = plain_spec();
	struct nat *n = make(&spec);
	struct packet p = first_of(PACKET_QUERY), e;

	(void)state;
	assert_true(passes_out(n, &p, T0));
	e = error_about(&p, router);
	e.quote.kind = PACKET_ERROR;
	assert_false(passes_in(n, &e, T0));
	e = error_about(&p, router);
	e.quote.reply = true;
	assert_false(passes_in(n, &e, T0));
	e = error_about(&p, router);
	assert_true(passes_in(n, &e, T0));
	nat_free(n);
}

/* From inside, about a packet that was let in: the quote becomes what its sender has sent (REQ-5a),
 * and the error comes from the NAT's own address (REQ-5c), even if a router inside has sent it. */
static void test_req5_errors_from_inside(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * KINDS; i++) {
		struct nat_spec spec = plain_spec();
		struct packet p = first_of(kinds[i % KINDS]), back, sent, e;
		const bool by_router = i >= KINDS;

		spec.ports = NAT_PORTS_RANDOM;

		struct nat *n = make(&spec);

		assert_true(passes_out(n, &p, T0));
		back = p;
		back.from = p.to;
		back.to = p.from;
		back.reply = true;
		back.flags = SYNACK;
		sent = back;
		assert_true(passes_in(n, &back, T0));
		e = error_about(&back, by_router ? addr_v4(100, 64, 0, 1, 0) : x(0));
		assert_true(passes_out(n, &e, T0));
		assert_true(same(e.quote.from, sent.from) && same(e.quote.to, sent.to));
		assert_true(same(e.from, addr_v4(203, 0, 113, 1, 0)));
		assert_true(same(e.to, remote(1, 0)));

		e = error_about(&back, x(0));
		e.quote.to.ip[15] = 3; /* another host has no such mapping */
		assert_false(passes_out(n, &e, T0));
		nat_free(n);
	}
}

/* A firewall passes the same errors as they are. */
static void test_errors_through_a_firewall(void **state)
{
	struct nat_spec spec = plain_spec();
	struct packet p = udp(x(5000), remote(1, 1000)), back, e;

	(void)state;
	spec.translate = false;
	spec.filtering = NAT_APD;

	struct nat *n = make(&spec);

	e = error_about(&p, router);
	assert_false(passes_in(n, &e, T0));
	assert_true(passes_out(n, &p, T0));
	e = error_about(&p, router);
	assert_true(passes_in(n, &e, T0));
	assert_true(same(e.to, x(0)) && same(e.from, router) && same(e.quote.from, x(5000)));
	back = udp(remote(1, 1000), x(5000));
	e = error_about(&back, addr_v4(100, 64, 0, 1, 0));
	assert_true(passes_out(n, &e, T0));
	assert_true(same(e.from, addr_v4(100, 64, 0, 1, 0)) && same(e.to, remote(1, 0)));
	nat_free(n);
}

/* As it does IPv6 where only IPv4 is translated. */
static void test_errors_of_a_family_not_translated(void **state)
{
	struct nat_spec spec = plain_spec();
	const struct addr inside = {.ip = {0x20, 0x01, 0x0d, 0xb8, [15] = 2}, .port = 5000};
	const struct addr beside = {.ip = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}};
	const struct addr server = {.ip = {0x20, 0x01, 0x0d, 0xb8, 1, [15] = 1}, .port = 1000};
	struct packet p = udp(inside, server), back = udp(server, inside), e;

	(void)state;

	struct nat *n = make(&spec);

	assert_true(passes_out(n, &p, T0));
	e = error_about(&back, beside);
	assert_true(passes_out(n, &e, T0));
	assert_true(same(e.from, beside) && same(e.to, addr_with_port(server, 0)));
	nat_free(n);
}

/* "A NAT device MUST NOT refresh or delete the NAT Session that pertains to the embedded payload"
 * (REQ-6). */
static void test_req6_no_refresh(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * KINDS; i++) {
		struct nat_spec spec = plain_spec();
		struct packet p = first_of(kinds[i % KINDS]), e;
		nk_time ends = T0;

		spec.t_other = spec.t_transitory = spec.t_icmp = spec.t_first;
		ends += spec.t_first;

		struct nat *n = make(&spec);

		assert_true(passes_out(n, &p, T0));
		e = error_about(&p, router);
		if (i < KINDS)
			assert_true(passes_in(n, &e, T0 + 20 * NK_S));
		else
			nat_in_expired(n, &e, T0 + 20 * NK_S);
		assert_int_equal(nat_held(n, ends - 1), 1);
		assert_int_equal(nat_held(n, ends), 0);
		nat_free(n);
	}
}

/* "All NAT devices MUST support the traversal of hairpinned ICMP Error messages" (REQ-7), whose
 * destination is the source of the embedded packet after the translation (REQ-7a). */
static void test_req7_hairpinned_errors(void **state)
{
	struct nat_spec spec = plain_spec();
	struct nat *n = make(&spec);
	const struct addr ey = out(n, y(6000), remote(1, 1000), T0);
	struct packet p = udp(x(5000), ey), e;
	struct addr ex;

	(void)state;
	assert_true(passes_out(n, &p, T0));
	ex = p.from;
	assert_true(passes_in(n, &p, T0));
	e = error_about(&p, y(0)); /* y refuses what it got from ex */
	assert_true(same(e.to, addr_with_port(ex, 0)));
	assert_true(nat_is_external(n, &e.to));
	assert_true(passes_out(n, &e, T0) && passes_in(n, &e, T0));
	assert_true(same(e.to, x(0)) && same(e.from, addr_with_port(ey, 0)));
	assert_true(same(e.quote.from, x(5000)) && same(e.quote.to, ey));
	nat_free(n);
}

/* A ping to an external address does not come back as if it were an answer. */
static void test_req7_hairpinned_queries(void **state)
{
	struct nat_spec spec = plain_spec();
	struct nat *n = make(&spec);
	struct packet p = ping(x(0), addr_v4(203, 0, 113, 1, 0), 77, false);

	(void)state;
	assert_true(passes_out(n, &p, T0));
	assert_false(passes_in(n, &p, T0));
	nat_free(n);
}

/* "When a NAT device is unable to establish a NAT Session ... due to resource constraints ... the
 * NAT device SHOULD send an ICMP destination unreachable message, with a code of 13" (REQ-8). */
static void test_req8_no_room(void **state)
{
	static const enum nat_answer answers[] = {NAT_ANSWER_NONE, NAT_ANSWER_RST,
						  NAT_ANSWER_NO_PORT, NAT_ANSWER_PROHIBITED};

	(void)state;
	for (size_t i = 0; i < 2 * KINDS; i++) {
		struct nat_spec spec = plain_spec();
		struct packet p = first_of(kinds[i % KINDS]);
		const struct packet before = p;

		spec.quota = 1;
		spec.flow_timers = i / KINDS;
		for (size_t a = 0; a < sizeof(answers) / sizeof(answers[0]); a++) {
			const bool told = answers[a] != NAT_ANSWER_NONE &&
					  (answers[a] != NAT_ANSWER_RST || p.kind == PACKET_TCP);
			enum nat_answer answer;

			spec.full_answer = answers[a];

			struct nat *n = make(&spec);

			out(n, x(4000), remote(7, 1), T0);
			assert_int_equal(nat_out(n, &p, &answer, T0), told ? NAT_REFUSE : NAT_DROP);
			assert_int_equal(answer, told ? answers[a] : NAT_ANSWER_NONE);
			assert_true(same(p.from, before.from) && same(p.to, before.to));
			nat_free(n);
		}
	}
}

/* "A NAT device MAY implement a policy control that prevents ICMP messages being generated toward
 * certain interface(s)" (REQ-9): here, that passes no errors. */
static void test_req9_policy(void **state)
{
	(void)state;
	for (int drop = 0; drop < 2; drop++) {
		struct nat_spec spec = plain_spec();
		struct packet p = first_of(PACKET_UDP), back, e;

		spec.drop_errors = drop;

		struct nat *n = make(&spec);

		assert_true(passes_out(n, &p, T0));
		e = error_about(&p, router);
		assert_int_equal(passes_in(n, &e, T0), !drop);
		back = udp(p.to, p.from);
		assert_true(passes_in(n, &back, T0));
		e = error_about(&back, x(0));
		assert_int_equal(passes_out(n, &e, T0), !drop);
		nat_free(n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_req1_queries),
		cmocka_unit_test(test_req1_identifiers),
		cmocka_unit_test(test_req1a_mapping),
		cmocka_unit_test(test_req2_timer),
		cmocka_unit_test(test_req4_errors_from_outside),
		cmocka_unit_test(test_req4_errors_about_nothing),
		cmocka_unit_test(test_req4_strange_quotes),
		cmocka_unit_test(test_req5_errors_from_inside),
		cmocka_unit_test(test_errors_through_a_firewall),
		cmocka_unit_test(test_errors_of_a_family_not_translated),
		cmocka_unit_test(test_req6_no_refresh),
		cmocka_unit_test(test_req7_hairpinned_errors),
		cmocka_unit_test(test_req7_hairpinned_queries),
		cmocka_unit_test(test_req8_no_room),
		cmocka_unit_test(test_req9_policy),
	};

	if (crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
