/* What the NAT model answers to TCP that it does not let through: RFC 5382 REQ-4 (SYNs from outside),
 * and what is in mid-stream for a NAT that knows nothing of it. */
#include "nat_bench.h"

static enum nat_verdict send_syn(struct nat *n, struct addr from, enum nat_answer *answer,
				 nk_time at)
{
	struct packet p = tcp(from, addr_v4(203, 0, 113, 1, 5000), SYN);

	p.seq = 77;
	return nat_in(n, &p, answer, at);
}

/* One that answers SYNs after 6 s. */
static struct nat *make_holding(enum nat_behaviour filtering)
{
	struct nat_spec spec = plain_spec();

	spec.filtering = filtering;
	spec.syn_answer = NAT_ANSWER_NO_PORT;
	spec.syn_hold = 6 * NK_S;
	return make(&spec);
}

/* "A NAT MUST NOT respond to an unsolicited inbound SYN packet for at least 6 seconds after the
 * packet is received." */
static void test_req4_unsolicited_syn(void **state)
{
	static const enum nat_answer answers[] = {NAT_ANSWER_NONE, NAT_ANSWER_RST,
						  NAT_ANSWER_NO_PORT, NAT_ANSWER_PROHIBITED};

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct nat_spec spec = plain_spec();
		enum nat_answer answer;
		struct packet_quote syn;

		spec.syn_answer = answers[i];

		struct nat *n = make(&spec);

		assert_int_equal(send_syn(n, web(), &answer, T0),
				 answers[i] == NAT_ANSWER_NONE ? NAT_DROP : NAT_REFUSE);
		assert_int_equal(answer, answers[i]);
		assert_true(nat_late(n) == NK_NEVER);
		nat_free(n);

		spec.syn_hold = 6 * NK_S;
		n = make(&spec);
		assert_int_equal(send_syn(n, web(), &answer, T0), NAT_DROP);
		assert_int_equal(answer, NAT_ANSWER_NONE);
		if (answers[i] == NAT_ANSWER_NONE) {
			assert_true(nat_late(n) == NK_NEVER);
			nat_free(n);
			continue;
		}
		assert_int_equal(send_syn(n, web(), &answer, T0 + 3 * NK_S), NAT_DROP);
		assert_int_equal(nat_late(n), T0 + 6 * NK_S);
		assert_false(nat_take_late(n, &syn, &answer, T0 + 6 * NK_S - 1));
		assert_true(nat_take_late(n, &syn, &answer, T0 + 6 * NK_S));
		assert_int_equal(answer, answers[i]);
		assert_true(same(syn.from, web()));
		assert_int_equal(syn.to.port, 5000);
		assert_int_equal(syn.seq, 77);
		assert_int_equal(syn.kind, PACKET_TCP);
		assert_true(nat_late(n) == NK_NEVER); /* the repetition is answered by that too */
		nat_free(n);
	}
}

/* "If during this interval the NAT receives and translates an outbound SYN for the connection the
 * NAT MUST silently drop the original unsolicited inbound SYN packet." */
static void test_req4_outbound_syn(void **state)
{
	struct nat *n = make_holding(NAT_APD);
	struct packet_quote syn;
	enum nat_answer answer;

	(void)state;
	send_syn(n, web(), &answer, T0);
	send_syn(n, remote(2, 80), &answer, T0 + NK_S);
	assert_int_equal(tcp_out(n, x(5000), web(), SYN, T0 + 2 * NK_S).port, 5000);
	assert_true(nat_take_late(n, &syn, &answer, T0 + 7 * NK_S));
	assert_true(same(syn.from, remote(2, 80)));
	assert_false(nat_take_late(n, &syn, &answer, T0 + 60 * NK_S));
	nat_free(n);
}

/* More than can be held are never answered, and those that are keep their order. */
static void test_req4_many_syns(void **state)
{
	struct nat *n = make_holding(NAT_EI);
	struct packet_quote syn;
	enum nat_answer answer;

	(void)state;

	for (int round = 0; round < 3; round++) {
		const nk_time start = T0 + round * 60 * NK_S;

		for (uint16_t i = 0; i < 100; i++)
			send_syn(n, remote(2, (uint16_t)(1000 + i)), &answer, start + i);
		for (uint16_t i = 0; i < 64; i++) {
			assert_int_equal(nat_late(n), start + 6 * NK_S + i);
			assert_true(nat_take_late(n, &syn, &answer, start + 30 * NK_S));
			assert_int_equal(syn.from.port, 1000 + i);
		}
		assert_false(nat_take_late(n, &syn, &answer, start + 30 * NK_S));
	}
	nat_free(n);
}

/* A peer that tries two ports is told of both. */
static void test_req4_two_ports(void **state)
{
	struct nat *n = make_holding(NAT_EI);
	struct packet_quote syn;
	enum nat_answer answer;

	(void)state;

	for (uint16_t port = 5000; port < 5002; port++)
		assert_false(tcp_in(n, web(), addr_v4(203, 0, 113, 1, port), SYN, T0));
	for (uint16_t port = 5000; port < 5002; port++) {
		assert_true(nat_take_late(n, &syn, &answer, T0 + 6 * NK_S));
		assert_int_equal(syn.to.port, port);
	}
	nat_free(n);
}

/* Only a SYN is answered, and only if there is no connection with its sender. */
static void test_req4_other_packets(void **state)
{
	struct nat_spec spec = plain_spec();
	enum nat_answer answer;

	(void)state;
	spec.filtering = NAT_APD;
	spec.syn_answer = NAT_ANSWER_RST;

	struct nat *n = make(&spec);
	const struct addr e = establish(n, T0);
	struct packet p = tcp(remote(2, 80), e, ACK);

	assert_int_equal(nat_in(n, &p, &answer, T0), NAT_DROP);
	p = tcp(remote(2, 80), e, SYNACK);
	assert_int_equal(nat_in(n, &p, &answer, T0), NAT_DROP);
	p = udp(remote(2, 80), e);
	assert_int_equal(nat_in(n, &p, &answer, T0), NAT_DROP);
	p = tcp(web(), e, SYN);
	assert_int_equal(nat_in(n, &p, &answer, T0), NAT_DROP);
	p = tcp(remote(2, 80), e, SYN);
	assert_int_equal(nat_in(n, &p, &answer, T0), NAT_REFUSE);
	nat_free(n);
}

/* What is in mid-stream for a NAT that knows nothing of it: after a reboot, say. */
static void test_pickup(void **state)
{
	(void)state;
	for (int pickup = 0; pickup < 2; pickup++) {
		struct nat_spec spec = plain_spec();
		enum nat_answer answer;

		spec.tcp_pickup = pickup;
		spec.t_pickup = 300 * NK_S;
		spec.tcp_lost = NAT_ANSWER_RST;

		struct nat *n = make(&spec);
		struct packet p = tcp(x(5000), web(), ACK);

		assert_int_equal(nat_out(n, &p, &answer, T0), pickup ? NAT_PASS : NAT_REFUSE);
		assert_int_equal(answer, pickup ? NAT_ANSWER_NONE : NAT_ANSWER_RST);
		assert_int_equal(nat_held(n, T0 + 300 * NK_S - 1), pickup);
		assert_int_equal(nat_held(n, T0 + 300 * NK_S), 0);

		p = tcp(x(5000), web(), FIN);
		assert_int_equal(nat_out(n, &p, &answer, T0 + 300 * NK_S),
				 pickup ? NAT_DROP : NAT_REFUSE);
		p = tcp(x(5000), web(), RST);
		assert_int_equal(nat_out(n, &p, &answer, T0 + 300 * NK_S), NAT_DROP);
		nat_free(n);
	}
}

/* An answer is the same for whoever is refused, only that RSTs are for TCP. */
static void test_lost_answers(void **state)
{
	static const enum nat_answer answers[] = {NAT_ANSWER_NONE, NAT_ANSWER_RST,
						  NAT_ANSWER_NO_PORT, NAT_ANSWER_PROHIBITED};

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct nat_spec spec = plain_spec();
		enum nat_answer answer;

		spec.tcp_lost = answers[i];

		struct nat *n = make(&spec);
		struct packet p = tcp(x(5000), web(), ACK);

		assert_int_equal(nat_out(n, &p, &answer, T0),
				 answers[i] == NAT_ANSWER_NONE ? NAT_DROP : NAT_REFUSE);
		assert_int_equal(answer, answers[i]);
		assert_true(same(p.from, x(5000)));
		assert_int_equal(nat_held(n, T0), 0);
		nat_free(n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_req4_unsolicited_syn),
		cmocka_unit_test(test_req4_outbound_syn),
		cmocka_unit_test(test_req4_many_syns),
		cmocka_unit_test(test_req4_two_ports),
		cmocka_unit_test(test_req4_other_packets),
		cmocka_unit_test(test_pickup),
		cmocka_unit_test(test_lost_answers),
	};

	if (crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
