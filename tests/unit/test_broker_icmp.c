/* Trials by ICMP echo: the messages, and what the broker does with them. */
#include "broker_driver.h"
#include "wire/icmp_echo.h"

#define PAID_LEN PAID(3)

static struct rig rig;

static int start(void **state)
{
	const struct broker_config config = config_two();

	(void)state;
	rig_start(&rig, &config);
	return 0;
}

static int end(void **state)
{
	(void)state;
	rig_end(&rig);
	return 0;
}

/* A ping with a TRIAL of @len bytes in it, from @from, whose port is the id, to listen[@i]. */
static void ping(uint64_t token, uint32_t trial, enum stun_class cls, struct addr from, unsigned i,
		 size_t len, bool request)
{
	struct icmp_echo e = {.request = request, .id = from.port, .sequence = 7};
	uint8_t bytes[512];
	struct event ev = {.kind = EVENT_DATAGRAM, .id = 2 * rig.config.listen_count + i};
	struct msg m;

	msg_begin(&rig, &m, PROBE_TRIAL, cls);
	probe_put_token(&m.w, token);
	probe_put_trial(&m.w, trial);
	stun_pad_to(&m.w, len);
	e.len = stun_end(&m.w);
	memcpy(bytes + ICMP_ECHO_HEADER, m.buf, e.len);
	ev.from = addr_with_port(from, 0);
	ev.local = rig.config.listen[i];
	ev.len = icmp_echo_finish(bytes, addr_family(&from), &e);
	ev.data = bytes;
	rig.count = 0;
	broker_input(rig.b, &ev, rig.now);
	rig_drain(&rig);
	assert_int_equal(rig.count, 0); /* the kernel answers, not we */
}

static void test_messages(void **state)
{
	/* An echo request of id 0x1234, sequence 1, with "ab": its checksum by hand. */
	static const uint8_t want[] = {8, 0, 0x84, 0x68, 0x12, 0x34, 0, 1, 'a', 'b'};
	uint8_t bytes[16] = {[8] = 'a', 'b'};
	struct icmp_echo e = {.request = true, .id = 0x1234, .sequence = 1, .len = 2};

	(void)state;
	assert_int_equal(icmp_echo_finish(bytes, ADDR_V4, &e), sizeof(want));
	assert_memory_equal(bytes, want, sizeof(want));
	assert_int_equal(icmp_echo_read(&e, ADDR_V4, want, sizeof(want)), 0);
	assert_true(e.request && e.id == 0x1234 && e.sequence == 1 && e.len == 2);
	assert_ptr_equal(e.payload, want + 8);
	assert_true(icmp_echo_read(&e, ADDR_V6, want, sizeof(want)) < 0);
	for (size_t len = 0; len < ICMP_ECHO_HEADER; len++)
		assert_true(icmp_echo_read(&e, ADDR_V4, want, len) < 0);
	assert_int_equal(icmp_echo_read(&e, ADDR_V4, want, ICMP_ECHO_HEADER), 0);
	assert_int_equal(e.len, 0);

	e = (struct icmp_echo){.id = 1};
	icmp_echo_finish(bytes, ADDR_V6, &e);
	assert_int_equal(bytes[0], 129);
	assert_int_equal(icmp_echo_read(&e, ADDR_V6, bytes, 8), 0);
	assert_false(e.request);
	bytes[1] = 1;
	assert_true(icmp_echo_read(&e, ADDR_V6, bytes, 8) < 0);
}

static uint32_t abilities(struct rig *r)
{
	struct msg m;

	msg_begin(r, &m, PROBE_SESSION, STUN_REQUEST);
	stun_pad_to(&m.w, 128);
	rig_put(r, control(), at(r, 0, false), &m);

	const uint64_t cookie = probe_of(&r->sent[0]).cookie;

	msg_begin(r, &m, PROBE_SESSION, STUN_REQUEST);
	probe_put_cookie(&m.w, cookie);
	stun_pad_to(&m.w, 128);
	rig_put(r, control(), at(r, 0, false), &m);
	assert_int_equal(sole_answer(r).cls, STUN_SUCCESS);
	return probe_of(&r->sent[0]).abilities;
}

static void test_announced(void **state)
{
	const struct event refused = {
		.kind = EVENT_OPEN_FAILED, .id = 2 * rig.config.listen_count, .error = 1};
	struct broker_event ev;
	unsigned without = 0;
	struct broker *other;
	struct action a;

	(void)state;
	assert_int_equal(abilities(&rig) & PROBE_ABLE_ICMP, PROBE_ABLE_ICMP);

	/* Without the privilege the broker serves all else. */
	static const uint8_t seed[32] = {9};

	other = broker_new(&rig.config, seed);
	assert_non_null(other);
	broker_start(other, rig.now);
	while (broker_output(other, &a, rig.now)) {
		struct event told = {.kind = EVENT_OPENED, .id = a.id, .local = a.local};

		if (a.socket == SOCKET_ICMP_RAW) {
			told = refused;
			told.id = a.id;
		}
		broker_input(other, &told, rig.now);
	}
	assert_int_equal(broker_status(other), CORE_BUSY);
	while (broker_next_event(other, &ev))
		without += ev.kind == BROKER_NO_ICMP;
	assert_int_equal(without, rig.config.listen_count);
	broker_free(rig.b);
	rig.b = other;
	assert_int_equal(abilities(&rig) & PROBE_ABLE_ICMP, 0);
}

static void assert_copies(struct addr to, uint64_t expected, const struct msg *ask)
{
	struct icmp_echo e;
	struct stun_msg m;
	unsigned copies = 0;

	for (unsigned i = 0; i < rig.count; i++) {
		const struct sent *s = &rig.sent[i];

		if (s->to.port != 0)
			continue;
		assert_true(addr_same_ip(&s->to, &to));
		assert_int_equal(icmp_echo_read(&e, addr_family(&to), s->data, s->len), 0);
		assert_false(e.request);
		assert_int_equal(e.id, to.port);
		assert_int_equal(e.sequence, 7);
		assert_int_equal(e.len, PROBE_COPY_LEN);
		assert_int_equal(stun_read(&m, e.payload, e.len), 0);
		assert_int_equal(m.method, PROBE_COPY);
		assert_memory_equal(m.tid, ask->tid, STUN_TID);
		copies++;
	}
	assert_int_equal(copies, expected);
}

static void test_copies(void **state)
{
	const struct addr from = addr_v4(203, 0, 113, 9, 777);
	const uint64_t token = rig_session(&rig, control());
	const uint64_t in = broker_stats(rig.b)->bytes_in, out = broker_stats(rig.b)->bytes_out;
	struct probe_trial_state s;
	struct msg ask;

	(void)state;
	ping(token, 5, STUN_INDICATION, from, 0, PAID_LEN, true);
	assert_int_equal(broker_stats(rig.b)->bytes_in - in, 28 + PAID_LEN);
	s = rig_status(&rig, token, control(), 5);
	assert_int_equal(s.flags, PROBE_SEEN);
	assert_int_equal(s.port, 777);

	rig_ask(&rig, &ask, token, control(), 5, 3, 1000);
	assert_int_equal(probe_of(&rig.sent[0]).states[0].flags, PROBE_SEEN);
	rig_wait(&rig, 2 * NK_S);
	assert_copies(from, 3, &ask);
	assert_int_equal(broker_stats(rig.b)->copies_sent, 3);
	assert_true(broker_stats(rig.b)->bytes_out > out);

	/* It has paid for three. */
	rig_ask(&rig, &ask, token, control(), 5, 1, 0);
	assert_true(probe_of(&rig.sent[0]).states[0].flags & PROBE_REFUSED);
}

static void test_credit_is_not_shared(void **state)
{
	const struct addr from = addr_v4(203, 0, 113, 9, 777);
	const uint64_t token = rig_session(&rig, control());
	struct msg ask;

	(void)state;
	/* What a port has paid does not pay for the id of the same number. */
	rig_trial(&rig, token, 6, STUN_INDICATION, from, at(&rig, 0, false), PAID_LEN);
	ping(token, 6, STUN_INDICATION, from, 0, 64, true);
	rig_ask(&rig, &ask, token, control(), 6, 3, 0);
	assert_true(probe_of(&rig.sent[0]).states[0].flags & PROBE_REFUSED);
}

static void test_not_trials(void **state)
{
	const struct addr from = addr_v4(203, 0, 113, 9, 777);
	const uint64_t token = rig_session(&rig, control());
	struct msg ask;

	(void)state;
	ping(token + 1, 1, STUN_INDICATION, from, 0, PAID_LEN, true);
	ping(token, 1, STUN_REQUEST, from, 0, PAID_LEN, true);
	ping(token, 1, STUN_INDICATION, from, 0, PAID_LEN, false);
	ping(token, 1, STUN_INDICATION, addr_with_port(from, 0), 0, PAID_LEN, true);
	assert_int_equal(rig_status(&rig, token, control(), 1).flags, 0);

	/* From elsewhere it is seen, and nothing is ever sent there. */
	ping(token, 1, STUN_INDICATION, addr_v4(203, 0, 113, 10, 777), 0, PAID_LEN, true);
	assert_int_equal(rig_status(&rig, token, control(), 1).flags,
			 PROBE_SEEN | PROBE_OTHER_ADDRESS);
	rig_ask(&rig, &ask, token, control(), 1, 3, 0);
	rig_wait(&rig, NK_S);
	assert_copies(from, 0, &ask);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages),
		cmocka_unit_test_setup_teardown(test_announced, start, end),
		cmocka_unit_test_setup_teardown(test_copies, start, end),
		cmocka_unit_test_setup_teardown(test_credit_is_not_shared, start, end),
		cmocka_unit_test_setup_teardown(test_not_trials, start, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
