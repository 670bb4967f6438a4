/* Visits from elsewhere, and what keeps them from being a weapon: natkit-protocol(7). */
#include <errno.h>

#include "broker_driver.h"
#include "wire/ip.h"

#define PORT 8080

/* Asks to be visited; the answer is in r->sent[0], what followed at once after it. */
static struct msg reach(struct rig *r, uint64_t token, struct addr from, uint8_t protocol,
			uint16_t port, size_t len)
{
	struct msg m;

	msg_begin(r, &m, PROBE_REACH, STUN_REQUEST);
	probe_put_token(&m.w, token);
	probe_put_visit(&m.w, &(struct probe_visit){.protocol = protocol, .port = port});
	if (len > m.w.len)
		stun_pad_to(&m.w, len);
	rig_put(r, from, at(r, addr_family(&from) == ADDR_V4 ? 0 : 2, false), &m);
	return m;
}

static struct msg reach_udp(struct rig *r, uint64_t token)
{
	return reach(r, token, control(), IP_UDP, PORT, PROBE_REACH_LEN);
}

static struct msg reach_tcp(struct rig *r, uint64_t token)
{
	return reach(r, token, control(), IP_TCP, PORT, PROBE_REACH_LEN);
}

/* What the answer tells of the visit, or the error. */
static enum probe_reach told(const struct rig *r)
{
	const struct probe_msg p = probe_of(&r->sent[0]);

	assert_true(p.has_visit);
	return p.visit.reach;
}

static uint16_t error_told(const struct rig *r)
{
	struct stun_msg m;

	assert_int_equal(stun_read(&m, r->sent[0].data, r->sent[0].len), 0);
	return m.error;
}

static void tell_knock(struct rig *r, enum event_kind kind, int error)
{
	const struct event ev = {.kind = kind, .id = r->knock.id, .error = error};

	broker_input(r->b, &ev, r->now);
	rig_drain(r);
}

/* Three, from another address and port than was contacted, under the id of the request. */
static void test_udp(void **state)
{
	struct rig *r = *state;
	const uint64_t token = rig_session(r, control());
	const struct msg asked = reach_udp(r, token);

	assert_int_equal(told(r), PROBE_REACH_UNDER_WAY);
	rig_wait(r, NK_S);
	assert_int_equal(r->count, 1 + PROBE_VISITS);
	for (unsigned i = 1; i < r->count; i++) {
		check_addr(r->sent[i].from, at(r, 1, true));
		check_addr(r->sent[i].to, flow(PORT));
		assert_int_equal(r->sent[i].len, PROBE_VISIT_LEN);
		assert_memory_equal(r->sent[i].data + 8, asked.tid, STUN_TID);
	}
	reach_udp(r, token);
	assert_int_equal(told(r), PROBE_REACH_SENT);
	assert_int_equal(r->count, 1);
	assert_int_equal(broker_stats(r->b)->visits, 1);
}

/* A broker of one address comes from its other port. */
static void test_one_address(void **state)
{
	struct broker_config config = broker_default_config();
	uint64_t token;
	struct rig r;

	(void)state;
	config.listen[0] = addr_v4(192, 0, 2, 1, 0);
	config.listen_count = 1;
	rig_start(&r, &config);
	token = rig_session(&r, control());
	assert_int_equal(probe_of(&r.sent[0]).abilities & (PROBE_ABLE_REACH | PROBE_ABLE_REACH_IP),
			 PROBE_ABLE_REACH);
	reach_udp(&r, token);
	check_addr(r.sent[1].from, at(&r, 0, true));
	rig_end(&r);

	/* One of any address, from the one that was asked. */
	config.listen[0] = addr_any(ADDR_V4, 0);
	rig_start(&r, &config);
	r.config.listen[0] = addr_v4(192, 0, 2, 1, 0);
	token = rig_session(&r, control());
	reach_udp(&r, token);
	check_addr(r.sent[1].from, at(&r, 0, true));
	reach(&r, rig_session(&r, flow(3)), flow(3), IP_TCP, PORT, PROBE_REACH_LEN);
	assert_int_equal(r.knocks, 1);
	check_addr(r.knock.local, addr_with_port(at(&r, 0, true), 0));
	rig_end(&r);
}

static void test_tcp(void **state)
{
	struct rig *r = *state;
	const uint64_t token = rig_session(r, control());

	assert_int_equal(probe_of(&r->sent[0]).abilities & PROBE_ABLE_REACH_IP,
			 PROBE_ABLE_REACH_IP);
	reach_tcp(r, token);
	assert_int_equal(told(r), PROBE_REACH_UNDER_WAY);
	assert_int_equal(r->count, 1);
	assert_int_equal(r->knocks, 1);
	check_addr(r->knock.peer, flow(PORT));
	check_addr(r->knock.local, addr_with_port(at(r, 1, true), 0));
	assert_true(r->knock.id >= broker_sockets(&r->config));
	r->now += NK_S;
	reach_tcp(r, token);
	assert_int_equal(told(r), PROBE_REACH_UNDER_WAY);
	tell_knock(r, EVENT_OPENED, 0);
	assert_int_equal(r->closed, 1);
	reach_tcp(r, token);
	assert_int_equal(told(r), PROBE_REACH_ACCEPTED);
	assert_int_equal(r->knocks, 1);
}

static void test_tcp_failures(void **state)
{
	static const struct {
		int error;
		enum probe_reach reach;
	} cases[] = {
		{ECONNREFUSED, PROBE_REACH_REFUSED},
		{ETIMEDOUT, PROBE_REACH_SILENT},
		{EHOSTUNREACH, PROBE_REACH_NO_WAY},
		{EMFILE, PROBE_REACH_NO_WAY},
	};
	struct rig *r = *state;
	const uint64_t token = rig_session(r, control());

	for (unsigned i = 0; i < 4; i++) {
		reach_tcp(r, token);
		assert_int_equal(r->knocks, i + 1);
		tell_knock(r, EVENT_OPEN_FAILED, cases[i].error);
		reach_tcp(r, token);
		assert_int_equal(told(r), cases[i].reach);
	}
	assert_int_equal(r->closed, 0); /* what has failed is closed */

	/* Whoever says nothing is not waited for. */
	reach_tcp(r, token);
	rig_wait(r, 5 * NK_S);
	assert_int_equal(r->closed, 1);
	tell_knock(r, EVENT_OPENED, 0); /* too late */
	reach_tcp(r, token);
	assert_int_equal(told(r), PROBE_REACH_SILENT);
}

/* A retransmission gets what its first got; another request is for another visit. */
static void test_told_once(void **state)
{
	struct rig *r = *state;
	const uint64_t token = rig_session(r, control());
	struct msg asked, again;

	reach_udp(r, token);
	rig_wait(r, NK_S);
	asked = reach_udp(r, token);
	assert_int_equal(told(r), PROBE_REACH_SENT);
	for (unsigned i = 0; i < 3; i++) {
		again = asked;
		again.w.buf = again.buf;
		rig_put(r, control(), at(r, 0, false), &again);
		assert_int_equal(told(r), PROBE_REACH_SENT);
		assert_int_equal(r->count, 1);
	}
	reach_udp(r, token);
	assert_int_equal(told(r), PROBE_REACH_UNDER_WAY);
	assert_int_equal(broker_stats(r->b)->visits, 2);
}

/* A session has one port visited at a time. */
static void test_one_at_a_time(void **state)
{
	struct rig *r = *state;
	const uint64_t token = rig_session(r, control());

	reach_tcp(r, token);
	reach_udp(r, token);
	assert_int_equal(error_told(r), PROBE_ERR_FULL);
	reach(r, token, control(), IP_TCP, PORT + 1, PROBE_REACH_LEN);
	assert_int_equal(error_told(r), PROBE_ERR_FULL);
	tell_knock(r, EVENT_OPENED, 0);
	reach_udp(r, token);
	assert_int_equal(told(r), PROBE_REACH_UNDER_WAY);
	assert_int_equal(r->knocks, 1);
}

/* Of whatever is sent because of a request, in whole IP datagrams, nothing is more than that. */
static void test_is_paid(void **state)
{
	static const size_t syn = 20 + 40, ack = 20 + 32, syn6 = 40 + 40, ack6 = 40 + 32;
	struct rig *r = *state;
	const struct addr from6 = v6("2001:db8:9::1", 5000);
	uint64_t token = rig_session(r, control());

	reach(r, token, control(), IP_UDP, PORT, PROBE_REACH_LEN - 4);
	assert_int_equal(error_told(r), 400);
	assert_int_equal(r->count, 1);
	assert_true(r->sent[0].len < PROBE_REACH_LEN - 4);
	assert_true(PROBE_VISITS * (28 + PROBE_VISIT_LEN) <= 28 + PROBE_REACH_LEN);
	assert_true(PROBE_VISITS * (48 + PROBE_VISIT_LEN) <= 48 + PROBE_REACH_LEN);
	assert_true(3 * syn + 2 * ack <= 28 + PROBE_REACH_LEN);
	assert_true(3 * syn6 + 2 * ack6 - 12 <= 48 + PROBE_REACH_LEN); /* a RST has no options */

	token = rig_session(r, from6);
	reach(r, token, from6, IP_UDP, PORT, PROBE_REACH_LEN);
	assert_int_equal(told(r), PROBE_REACH_UNDER_WAY);
	rig_wait(r, NK_S);
	assert_int_equal(r->count, 1 + PROBE_VISITS);
	check_addr(r->sent[1].to, addr_with_port(from6, PORT));
	check_addr(r->sent[1].from, at(r, 3, true));
}

/* Not for others: the port is one of the IP that asks, and the token one of that IP. */
static void test_of_others(void **state)
{
	struct rig *r = *state;
	const uint64_t token = rig_session(r, control());

	reach(r, token, addr_v4(203, 0, 113, 10, 50000), IP_UDP, PORT, PROBE_REACH_LEN);
	assert_int_equal(error_told(r), PROBE_ERR_SESSION);
	reach(r, token ^ 1, control(), IP_UDP, PORT, PROBE_REACH_LEN);
	assert_int_equal(error_told(r), PROBE_ERR_SESSION);
	reach(r, 0, control(), IP_UDP, PORT, PROBE_REACH_LEN);
	assert_int_equal(error_told(r), PROBE_ERR_SESSION);
	rig_wait(r, 10 * NK_S);
	assert_int_equal(broker_stats(r->b)->visits, 0);
}

static void test_bad_requests(void **state)
{
	struct rig *r = *state;
	const uint64_t token = rig_session(r, control());
	struct msg m;

	reach(r, token, control(), IP_UDP, 0, PROBE_REACH_LEN);
	assert_int_equal(error_told(r), 400);
	reach(r, token, control(), 1, PORT, PROBE_REACH_LEN);
	assert_int_equal(error_told(r), 400);
	msg_begin(r, &m, PROBE_REACH, STUN_REQUEST);
	probe_put_token(&m.w, token);
	stun_pad_to(&m.w, PROBE_REACH_LEN);
	rig_put(r, control(), at(r, 0, false), &m);
	assert_int_equal(error_told(r), 400);
	assert_int_equal(broker_stats(r->b)->visits, 0);
}

/* Every port of one's own IP, from many sessions, all day: a scan that never ends. */
static void test_no_scanner(void **state)
{
	struct rig *r = *state;
	const nk_time start = r->now;
	uint64_t tokens[16];
	uint16_t port = 1;

	for (uint16_t i = 0; i < 16; i++)
		tokens[i] = rig_session(r, flow((uint16_t)(50000 + i)));
	while (r->now < start + 3600 * NK_S) {
		for (uint16_t i = 0; i < 16; i++)
			reach(r, tokens[i], flow((uint16_t)(50000 + i)),
			      port % 2 != 0 ? IP_TCP : IP_UDP, port, PROBE_REACH_LEN);
		port++;
		r->now += 5 * NK_S;
		r->count = 0;
		rig_drain(r);
	}
	assert_in_range(broker_stats(r->b)->visits, 360, 380); /* six a minute */
}

/* From very many addresses: all of them together have few visits a second, and few at once. */
static void test_all_together(void **state)
{
	struct rig *r = *state;
	static uint64_t tokens[1000];

	for (unsigned i = 0; i < 1000; i++)
		tokens[i] = rig_session(
			r, addr_v4(10, 1, (uint8_t)(i / 250), (uint8_t)(i % 250), 5000));
	r->now += NK_S;
	for (unsigned s = 0; s < 20; s++) {
		const uint64_t before = broker_stats(r->b)->visits;

		for (unsigned i = 0; i < 1000; i++)
			reach(r, tokens[i],
			      addr_v4(10, 1, (uint8_t)(i / 250), (uint8_t)(i % 250), 5000), IP_TCP,
			      PORT, PROBE_REACH_LEN);
		assert_true(broker_stats(r->b)->visits - before <= 20);
		assert_true(r->knocks - r->closed <= 100);
		r->count = 0;
		rig_wait(r, NK_S);
	}
	assert_in_range(r->knocks, 300, 400);
	assert_true(broker_stats(r->b)->refused_rate > 0);
}

/* Whoever has ended his session is not knocked for after that. */
static void test_session_ends(void **state)
{
	struct rig *r = *state;
	const uint64_t token = rig_session(r, control());
	struct msg m;

	reach_tcp(r, token);
	msg_begin(r, &m, PROBE_SESSION, STUN_REQUEST);
	probe_put_token(&m.w, token);
	rig_put(r, control(), at(r, 0, false), &m);
	assert_int_equal(sole_answer(r).cls, STUN_SUCCESS);
	rig_wait(r, 60 * NK_S);
	assert_int_equal(r->closed, 1);
	assert_int_equal(r->count, 1);
	assert_true(broker_deadline(r->b) > r->now);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_rig(test_udp),          cmocka_unit_test(test_one_address),
		with_rig(test_tcp),          with_rig(test_tcp_failures),
		with_rig(test_told_once),    with_rig(test_one_at_a_time),
		with_rig(test_is_paid),      with_rig(test_of_others),
		with_rig(test_bad_requests), with_rig(test_no_scanner),
		with_rig(test_all_together), with_rig(test_session_ends),
	};

	return cmocka_run_group_tests_name("broker_reach", tests, NULL, NULL);
}
