/* Binding requests at the broker: RFC 8489 section 6.3 and RFC 5780 section 6. */
#include "broker_driver.h"

struct place {
	unsigned listen;
	bool alt;
};

static const struct addr client4 = {
	.ip = {[10] = 0xff, [11] = 0xff, [12] = 203, [13] = 0, [14] = 113, [15] = 9},
	.port = 40000};

static struct addr client_of(const struct rig *r, unsigned listen)
{
	return addr_family(&r->config.listen[listen]) == ADDR_V4 ? client4
								 : v6("2001:db8:9::9", 40000);
}

static void put_binding(struct rig *r, struct addr from, struct addr to)
{
	struct msg m;

	msg_begin(r, &m, STUN_BINDING, STUN_REQUEST);
	rig_put(r, from, to, &m);
}

static void put_change(struct rig *r, struct addr from, struct addr to, uint8_t change)
{
	struct msg m;

	msg_begin(r, &m, STUN_BINDING, STUN_REQUEST);
	stun_put_change(&m.w, change);
	rig_put(r, from, to, &m);
}

/* RFC 5780 section 6.1, table 1, at each of the four places of each family. */
static void test_change_request_table(void **state)
{
	static const uint8_t changes[] = {0, STUN_CHANGE_PORT, STUN_CHANGE_IP,
					  STUN_CHANGE_PORT | STUN_CHANGE_IP};
	struct rig *r = *state;

	for (unsigned i = 0; i < 4 * 2 * 4; i++) {
		const struct place p = {i / 8, (i / 4) % 2 != 0};
		const unsigned partner = p.listen ^ 1;
		const uint8_t change = changes[i % 4];
		const struct addr from = client_of(r, p.listen);
		struct stun_msg m;

		put_change(r, from, at(r, p.listen, p.alt), change);
		m = sole_answer(r);
		assert_int_equal(m.cls, STUN_SUCCESS);
		check_addr(r->sent[0].to, from);
		check_addr(r->sent[0].from, at(r, change & STUN_CHANGE_IP ? partner : p.listen,
					       (change & STUN_CHANGE_PORT) != 0 ? !p.alt : p.alt));
		check_addr(m.response_origin, r->sent[0].from);
		check_addr(m.other_address, at(r, partner, !p.alt));
		check_addr(m.xor_mapped, from);
		check_addr(m.mapped, from);
	}
}

static void test_plain_answer(void **state)
{
	struct rig *r = *state;
	struct stun_msg m;
	struct msg q;

	msg_begin(r, &q, STUN_BINDING, STUN_REQUEST);
	rig_put(r, client4, at(r, 1, true), &q);
	m = sole_answer(r);
	assert_true(stun_answers(&m, STUN_BINDING, q.tid));
	check_addr(r->sent[0].from, at(r, 1, true));
	assert_memory_equal(m.software, "natkit ", 7);
	assert_false(m.has_fingerprint);
	assert_false(m.has_padding);

	msg_begin(r, &q, STUN_BINDING, STUN_REQUEST);
	stun_put_fingerprint(&q.w);
	rig_put(r, client4, at(r, 1, true), &q);
	assert_true(sole_answer(r).has_fingerprint);
}

static void test_one_address(void **state)
{
	struct broker_config config = config_two();
	const uint8_t changes[] = {0, STUN_CHANGE_PORT, STUN_CHANGE_IP};
	struct stun_msg m;
	struct rig r;

	(void)state;
	config.listen_count = 1;
	rig_start(&r, &config);
	put_binding(&r, client4, at(&r, 0, true));
	m = sole_answer(&r);
	assert_int_equal(addr_family(&m.other_address), ADDR_NONE);
	check_addr(m.response_origin, at(&r, 0, true));
	for (unsigned i = 0; i < 3; i++) {
		struct rd unknown;

		put_change(&r, client4, at(&r, 0, false), changes[i]);
		m = sole_answer(&r);
		assert_int_equal(m.error, 420);
		assert_true(stun_find(&m, STUN_UNKNOWN_ATTRIBUTES, &unknown));
		assert_int_equal(rd_be16(&unknown), STUN_CHANGE_REQUEST);
		check_addr(r.sent[0].from, at(&r, 0, false));
	}
	rig_end(&r);
}

/* A socket that is bound to "any" answers from the address that was asked. */
static void test_any_address(void **state)
{
	const struct broker_config config = broker_default_config();
	const struct addr mine4 = addr_v4(198, 51, 100, 7, 3479);
	const struct addr mine6 = v6("2001:db8::7", 3478);
	struct stun_msg m;
	struct rig r;

	(void)state;
	rig_start(&r, &config);
	put_binding(&r, client4, mine4);
	m = sole_answer(&r);
	check_addr(r.sent[0].from, mine4);
	check_addr(m.response_origin, mine4);
	assert_int_equal(addr_family(&m.other_address), ADDR_NONE);
	put_binding(&r, v6("2001:db8:9::9", 40000), mine6);
	check_addr(r.sent[0].from, mine6);
	rig_end(&r);
}

static void test_advertised_address(void **state)
{
	struct broker_config config = config_two();
	struct stun_msg m;
	struct rig r;

	(void)state;
	config.listen[0] = addr_v4(100, 64, 0, 1, 0);
	config.listen[1] = addr_v4(100, 64, 0, 2, 0);
	config.advertise[0] = addr_v4(192, 0, 2, 1, 0);
	config.advertise[1] = addr_v4(192, 0, 2, 2, 0);
	config.listen_count = 2;
	rig_start(&r, &config);
	put_change(&r, client4, at(&r, 0, false), STUN_CHANGE_IP);
	m = sole_answer(&r);
	check_addr(r.sent[0].from, addr_v4(100, 64, 0, 2, 3478));
	check_addr(m.response_origin, addr_v4(192, 0, 2, 2, 3478));
	check_addr(m.other_address, addr_v4(192, 0, 2, 2, 3479));
	rig_end(&r);
}

static void test_response_port(void **state)
{
	struct rig *r = *state;
	struct stun_msg m;
	struct msg q;

	msg_begin(r, &q, STUN_BINDING, STUN_REQUEST);
	stun_put_response_port(&q.w, 41000);
	rig_put(r, client4, at(r, 0, false), &q);
	m = sole_answer(r);
	check_addr(r->sent[0].to, addr_with_port(client4, 41000));
	check_addr(m.xor_mapped, client4);

	msg_begin(r, &q, STUN_BINDING, STUN_REQUEST);
	stun_put_response_port(&q.w, 41000);
	stun_put_padding(&q.w, 64);
	rig_put(r, client4, at(r, 0, false), &q);
	assert_int_equal(sole_answer(r).error, 400);
	check_addr(r->sent[0].to, client4);
}

static void test_padding(void **state)
{
	static const uint16_t lengths[] = {0, 4, 62, 1472, 1900, 2016};
	struct rig *r = *state;

	for (unsigned i = 0; i < 6; i++) {
		struct stun_msg m;
		struct msg q;

		msg_begin(r, &q, STUN_BINDING, STUN_REQUEST);
		stun_put_padding(&q.w, lengths[i]);
		rig_put(r, client4, at(r, 0, false), &q);
		m = sole_answer(r);
		assert_true(m.has_padding);
		assert_true(m.padding <= lengths[i]);
		if (lengths[i] <= 1900)
			assert_int_equal(m.padding, lengths[i] & ~3);
	}
}

static void test_unknown_attribute(void **state)
{
	struct rig *r = *state;
	struct stun_msg m;
	struct rd unknown;
	struct msg q;

	msg_begin(r, &q, STUN_BINDING, STUN_REQUEST);
	stun_put_u32(&q.w, 0x7ffe, 1);
	stun_put_u32(&q.w, 0x7ffd, 1);
	rig_put(r, client4, at(r, 0, false), &q);
	m = sole_answer(r);
	assert_int_equal(m.error, 420);
	assert_true(stun_find(&m, STUN_UNKNOWN_ATTRIBUTES, &unknown));
	assert_int_equal(rd_left(&unknown), 4);
	assert_int_equal(rd_be16(&unknown), 0x7ffe);
	assert_int_equal(rd_be16(&unknown), 0x7ffd);

	msg_begin(r, &q, STUN_BINDING, STUN_REQUEST);
	stun_put_u32(&q.w, 0xfffe, 1);
	rig_put(r, client4, at(r, 0, false), &q);
	assert_int_equal(sole_answer(r).cls, STUN_SUCCESS);
}

static void test_only_requests_are_answered(void **state)
{
	static const enum stun_class silent[] = {STUN_INDICATION, STUN_SUCCESS, STUN_ERROR};
	struct rig *r = *state;
	static const uint16_t methods[] = {STUN_BINDING, PROBE_SESSION, PROBE_TRIAL, PROBE_STATUS,
					   PROBE_ASK,    PROBE_COPY,    PROBE_ECHO,  0x002};
	struct msg q;

	for (unsigned k = 0; k < 8; k++) {
		for (unsigned i = 0; i < 3; i++) {
			msg_begin(r, &q, methods[k], silent[i]);
			stun_pad_to(&q.w, 256);
			rig_put(r, client4, at(r, 0, false), &q);
			assert_int_equal(r->count, 0);
		}
	}
	rig_datagram(r, client4, at(r, 0, false), "hello", 5);
	assert_int_equal(r->count, 0);
	rig_datagram(r, client4, at(r, 0, false), "", 0);
	assert_int_equal(r->count, 0);
	put_binding(r, addr_with_port(client4, 0), at(r, 0, false));
	assert_int_equal(r->count, 0);
}

static void test_sockets(void **state)
{
	const struct broker_config two = config_two(), any = broker_default_config();
	struct event ev = {.kind = EVENT_OPEN_FAILED, .id = 2, .error = 97}; /* EAFNOSUPPORT */
	struct broker_event log;
	unsigned serving = 0;
	struct rig r;

	(void)state;
	rig_start(&r, &two);
	while (broker_next_event(r.b, &log))
		serving += log.kind == BROKER_SERVING;
	assert_int_equal(serving, 8);
	assert_int_equal(broker_status(r.b), CORE_BUSY);
	broker_input(r.b, &ev, r.now);
	assert_true(broker_status(r.b) < 0);
	assert_true(broker_next_event(r.b, &log));
	assert_int_equal(log.kind, BROKER_OPEN_FAILED);
	check_addr(log.addr, at(&r, 1, false));
	rig_end(&r);

	/* A machine without IPv6. */
	rig_start(&r, &any);
	broker_input(r.b, &ev, r.now);
	ev.id = 3;
	broker_input(r.b, &ev, r.now);
	assert_int_equal(broker_status(r.b), CORE_BUSY);
	ev = (struct event){.kind = EVENT_STOP};
	broker_input(r.b, &ev, r.now);
	assert_int_equal(broker_status(r.b), CORE_DONE);
	rig_end(&r);
}

/* RFC 3489: a request without the magic cookie, as libnice sends it. */
static size_t classic(uint8_t *out, uint16_t attr, size_t attr_len)
{
	struct wr w = wr_make(out, 128);

	wr_be16(&w, 1);
	wr_be16(&w, (uint16_t)(attr_len > 0 ? 4 + attr_len : 0));
	wr_bytes(&w, "sixteen bytes id", 16);
	if (attr_len > 0) {
		wr_be16(&w, attr);
		wr_be16(&w, (uint16_t)attr_len);
		wr_zeros(&w, attr_len);
	}
	return w.len;
}

static void test_classic(void **state)
{
	static const uint8_t want[] = {0x01, 0x01, 0x00, 0x0c, 's',  'i',  'x',  't',
				       'e',  'e',  'n',  ' ',  'b',  'y',  't',  'e',
				       's',  ' ',  'i',  'd',  0x00, 0x01, 0x00, 0x08,
				       0x00, 0x01, 0xc3, 0x50, 203,  0,    113,  9};
	struct rig *r = *state;
	uint8_t buf[128] = {0};
	size_t len;

	rig_datagram(r, control(), at(r, 1, true), buf, classic(buf, 0, 0));
	assert_int_equal(r->count, 1);
	assert_int_equal(r->sent[0].len, sizeof(want));
	assert_memory_equal(r->sent[0].data, want, sizeof(want));
	check_addr(r->sent[0].from, at(r, 1, true));
	check_addr(r->sent[0].to, control());

	rig_datagram(r, v6("2001:db8:7::7", 1), at(r, 2, false), buf,
		     classic(buf, STUN_SOFTWARE, 8));
	assert_int_equal(r->count, 1);
	assert_int_equal(r->sent[0].len, STUN_HEADER + 24);

	/* CHANGE-REQUEST, RESPONSE-ADDRESS: what would have to be obeyed, and must not be. */
	rig_datagram(r, control(), at(r, 0, false), buf, classic(buf, STUN_CHANGE_REQUEST, 4));
	assert_int_equal(r->count, 0);
	rig_datagram(r, control(), at(r, 0, false), buf, classic(buf, 0x0002, 8));
	assert_int_equal(r->count, 0);
	len = classic(buf, STUN_SOFTWARE, 8);
	for (size_t cut = 0; cut < len; cut++) {
		rig_datagram(r, control(), at(r, 0, false), buf, cut);
		assert_int_equal(r->count, 0);
	}
	buf[1] = 2; /* another type */
	rig_datagram(r, control(), at(r, 0, false), buf, len);
	assert_int_equal(r->count, 0);
}

/* It is a Binding request like others: longer answers keep to their rate. */
static void test_classic_rate(void **state)
{
	struct broker_config config = config_two();
	uint8_t buf[128] = {0};
	struct rig r;

	(void)state;
	config.binding_per_s = 3;
	rig_start(&r, &config);
	for (unsigned i = 0; i < 4; i++) {
		rig_datagram(&r, flow((uint16_t)(1000 + i)), at(&r, 0, false), buf,
			     classic(buf, 0, 0));
		assert_int_equal(r.count, i < 3);
	}
	rig_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_rig(test_change_request_table),
		with_rig(test_plain_answer),
		cmocka_unit_test(test_one_address),
		cmocka_unit_test(test_any_address),
		cmocka_unit_test(test_advertised_address),
		with_rig(test_response_port),
		with_rig(test_padding),
		with_rig(test_unknown_attribute),
		with_rig(test_only_requests_are_answered),
		cmocka_unit_test(test_sockets),
		with_rig(test_classic),
		cmocka_unit_test(test_classic_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
