/* The broker's side of the rendezvous, message by message, and what forgers get. */
#include "register_rig.h"

static const uint8_t offer[] = "an offer that nobody but the listener can read";

static struct addr caller(void)
{
	return addr_v4(198, 51, 100, 7, 40000);
}

/* Rings; all that the broker then sends is in r->sent. */
static void ring(struct rig *r, const uint8_t key[CRYPTO_KEY], struct addr from, struct addr to)
{
	const uint64_t c = cookie(r, RENDEZVOUS_RING, from);
	struct msg m;

	msg_begin(r, &m, RENDEZVOUS_RING, STUN_REQUEST);
	probe_put_cookie(&m.w, c);
	rendezvous_put_key(&m.w, key);
	rendezvous_put_body(&m.w, offer, sizeof(offer));
	rig_put(r, from, to, &m);
}

static void answer_begins(struct rig *r, struct msg *m, uint64_t token, struct addr to,
			  const uint8_t *ticket)
{
	msg_begin(r, m, RENDEZVOUS_ANSWER, STUN_REQUEST);
	probe_put_token(&m->w, token);
	rendezvous_put_from(&m->w, &to);
	rendezvous_put_ticket(&m->w, ticket);
	rendezvous_put_body(&m->w, "yes", 3);
}

static void answer(struct rig *r, uint64_t token, struct addr from, struct addr to,
		   const uint8_t *ticket)
{
	struct msg m;

	answer_begins(r, &m, token, to, ticket);
	rig_put(r, from, at(r, 0, false), &m);
}

static void test_register(void **state)
{
	struct rig *r = *state;
	const struct identity id = identity(1);
	struct rendezvous_msg m;
	uint64_t token;

	token = enroll(r, &id, control());
	m = of(&r->sent[0]);
	assert_true(m.has_token && m.has_time && m.time_us == (uint64_t)r->now);
	assert_int_equal(m.lifetime_s, 60);
	check_addr(sole_answer(r).xor_mapped, control());
	assert_int_equal(broker_stats(r->b)->registrations, 1);

	rig_wait(r, 50 * NK_S);
	refresh(r, token, control());
	assert_int_equal(sole_answer(r).cls, STUN_SUCCESS);
	check_addr(sole_answer(r).xor_mapped, control());
	rig_wait(r, 59 * NK_S);
	assert_int_equal(broker_stats(r->b)->registrations, 1);
	rig_wait(r, 2 * NK_S);
	assert_int_equal(broker_stats(r->b)->registrations, 0);
	refresh(r, token, control());
	assert_int_equal(sole_answer(r).error, PROBE_ERR_SESSION);
}

/* The token is worth nothing from elsewhere, the key is; and then the old place is forgotten. */
static void test_moves(void **state)
{
	struct rig *r = *state;
	const struct identity id = identity(1);
	uint64_t first, second;

	first = enroll(r, &id, control());
	refresh(r, first, flow(50001));
	assert_int_equal(sole_answer(r).error, PROBE_ERR_SESSION);
	second = enroll(r, &id, flow(50001));
	assert_true(first != second);
	assert_int_equal(broker_stats(r->b)->registrations, 1);
	refresh(r, first, control());
	assert_int_equal(sole_answer(r).error, PROBE_ERR_SESSION);
	assert_true(enroll(r, &id, flow(50001)) == second);
}

/* A proof is for one cookie, one request, one key and one broker. */
static void test_false_proofs(void **state)
{
	struct rig *r = *state;
	const struct identity id = identity(1), other = identity(2);
	uint64_t c;
	struct msg m;

	c = cookie(r, RENDEZVOUS_REGISTER, control());
	for (unsigned i = 0; i < 6; i++) {
		prove(r, &m, &id, c, i == 0 ? at(r, 1, false) : at(r, 0, i == 1));
		if (i == 2) /* another request's id */
			m.buf[8] ^= 1;
		if (i == 3) /* another's key */
			memcpy(m.buf + STUN_HEADER + 12 + 4, other.sign_public, CRYPTO_KEY);
		if (i == 4) /* a bit of the signature */
			m.buf[m.w.len - 1] ^= 1;
		rig_put(r, control(), at(r, 0, false), &m);
		assert_int_equal(sole_answer(r).error, i < 5 ? RENDEZVOUS_ERR_PROOF : 0);
	}
	assert_int_equal(broker_stats(r->b)->refused_proof, 5);
	assert_int_equal(broker_stats(r->b)->proofs, 1);
}

/* A proof that was overheard: from elsewhere, later, or at another broker. */
static void test_replayed_proofs(void **state)
{
	struct rig *r = *state;
	const struct identity id = identity(1);
	struct broker_config elsewhere = config_two();
	struct msg m, again;
	struct rig other;

	prove(r, &m, &id, cookie(r, RENDEZVOUS_REGISTER, control()), at(r, 0, false));
	again = m;
	again.w.buf = again.buf;
	rig_put(r, control(), at(r, 0, false), &m);
	assert_int_equal(sole_answer(r).cls, STUN_SUCCESS);

	rig_put(r, caller(), at(r, 0, false), &again);
	assert_int_equal(sole_answer(r).error, PROBE_ERR_COOKIE);
	rig_put(r, control(), at(r, 1, false), &again);
	assert_int_equal(sole_answer(r).error, RENDEZVOUS_ERR_PROOF);
	rig_wait(r, 121 * NK_S);
	rig_put(r, control(), at(r, 0, false), &again);
	assert_int_equal(sole_answer(r).error, PROBE_ERR_COOKIE);

	/* Another broker that has the same secrets, so that its cookies are the same. */
	elsewhere.listen[0] = addr_v4(192, 0, 2, 99, 0);
	rig_start(&other, &elsewhere);
	rig_put(&other, control(), at(&other, 0, false), &again);
	assert_int_equal(sole_answer(&other).error, RENDEZVOUS_ERR_PROOF);
	rig_end(&other);
}

/* Behind a 1:1 NAT the address that counts is the advertised one. */
static void test_advertised(void **state)
{
	const struct identity id = identity(1);
	struct broker_config config = config_two();
	struct msg m;
	struct rig r;

	(void)state;
	config.advertise[0] = addr_v4(198, 51, 100, 200, 0);
	rig_start(&r, &config);
	prove(&r, &m, &id, cookie(&r, RENDEZVOUS_REGISTER, control()),
	      addr_with_port(config.advertise[0], 3478));
	rig_put(&r, control(), at(&r, 0, false), &m);
	assert_int_equal(sole_answer(&r).cls, STUN_SUCCESS);
	prove(&r, &m, &id, cookie(&r, RENDEZVOUS_REGISTER, control()), at(&r, 0, false));
	rig_put(&r, control(), at(&r, 0, false), &m);
	assert_int_equal(sole_answer(&r).error, RENDEZVOUS_ERR_PROOF);
	rig_end(&r);
}

static void test_call_and_answer(void **state)
{
	struct rig *r = *state;
	const struct identity id = identity(1);
	struct rendezvous_msg call, told;
	struct stun_msg indication;
	uint64_t token;

	token = enroll(r, &id, control());
	ring(r, id.sign_public, caller(), at(r, 1, true));
	assert_int_equal(r->count, 2);
	check_addr(r->sent[0].to, caller());
	check_addr(r->sent[1].to, control());
	check_addr(r->sent[1].from, at(r, 0, false));
	call = of(&r->sent[1]);
	assert_int_equal(stun_read(&indication, r->sent[1].data, r->sent[1].len), 0);
	assert_int_equal(indication.cls, STUN_INDICATION);
	assert_int_equal(indication.method, RENDEZVOUS_CALL);
	check_addr(call.from, caller());
	assert_true(call.has_time && call.ticket != NULL);
	assert_int_equal(call.body_len, sizeof(offer));
	assert_memory_equal(call.body, offer, sizeof(offer));

	/* It goes back to where the caller had rung, from the address that was rung. */
	answer(r, token, control(), call.from, call.ticket);
	assert_int_equal(r->count, 2);
	check_addr(r->sent[0].to, control());
	assert_true(of(&r->sent[0]).has_time);
	check_addr(r->sent[1].to, caller());
	check_addr(r->sent[1].from, at(r, 1, true));
	told = of(&r->sent[1]);
	assert_int_equal(told.body_len, 3);
	assert_true(told.has_time && told.ticket == NULL && told.flags == 0);
	check_addr(told.from, control());
}

/* Listener and caller of two families. */
static void test_across_families(void **state)
{
	struct rig *r = *state;
	const struct identity id = identity(1);
	const struct addr six = v6("2001:db8:9::7", 999);
	struct rendezvous_msg call;
	uint64_t token;

	token = enroll(r, &id, control());
	ring(r, id.sign_public, six, at(r, 2, false));
	assert_int_equal(r->count, 2);
	call = of(&r->sent[1]);
	check_addr(call.from, six);
	answer(r, token, control(), call.from, call.ticket);
	assert_int_equal(r->count, 2);
	check_addr(r->sent[1].to, six);
	check_addr(r->sent[1].from, at(r, 2, false));
}

/* Every bit of a ticket counts, and whose it is, for whom, and when. */
static void test_false_tickets(void **state)
{
	struct rig *r = *state;
	const struct identity id = identity(1), other = identity(2);
	uint8_t ticket[RENDEZVOUS_TICKET];
	uint64_t token, others;

	token = enroll(r, &id, control());
	others = enroll(r, &other, flow(50001));
	ring(r, id.sign_public, caller(), at(r, 0, false));
	memcpy(ticket, of(&r->sent[1]).ticket, sizeof(ticket));

	for (unsigned bit = 0; bit < 8 * sizeof(ticket); bit++) {
		ticket[bit / 8] ^= (uint8_t)(1u << bit % 8);
		answer(r, token, control(), caller(), ticket);
		assert_int_equal(sole_answer(r).error, RENDEZVOUS_ERR_PROOF);
		ticket[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	answer(r, token, control(), addr_with_port(caller(), 40001), ticket);
	assert_int_equal(sole_answer(r).error, RENDEZVOUS_ERR_PROOF);
	answer(r, token, control(), addr_with_port(control(), caller().port), ticket);
	assert_int_equal(sole_answer(r).error, RENDEZVOUS_ERR_PROOF);
	answer(r, others, flow(50001), caller(), ticket);
	assert_int_equal(sole_answer(r).error, RENDEZVOUS_ERR_PROOF);
	answer(r, token, flow(50001), caller(), ticket);
	assert_int_equal(sole_answer(r).error, PROBE_ERR_SESSION);
	answer(r, token, control(), caller(), ticket);
	assert_int_equal(r->count, 2);

	for (unsigned i = 0; i < 3; i++) {
		rig_wait(r, 45 * NK_S);
		refresh(r, token, control());
	}
	answer(r, token, control(), caller(), ticket);
	assert_int_equal(sole_answer(r).error, RENDEZVOUS_ERR_PROOF);
}

/* What a stranger sees of a ring: its acknowledgement, first of all that is sent. Returned with all
 * that differs from request to request taken out. */
static struct sent acknowledgement(struct rig *r, const uint8_t key[CRYPTO_KEY])
{
	struct sent s;

	ring(r, key, caller(), at(r, 0, false));
	s = r->sent[0];
	check_addr(s.to, caller());
	memset(s.data + 8, 0, STUN_TID);
	return s;
}

/* Registered, once registered, never heard of: the same bytes, and before anything else. */
static void test_nothing_is_told(void **state)
{
	struct rig *r = *state;
	const struct identity here = identity(1), gone = identity(2), unknown = identity(3);
	struct sent first, second, third;
	uint64_t token;

	enroll(r, &gone, flow(50001));
	token = enroll(r, &here, control());
	rig_wait(r, 40 * NK_S);
	refresh(r, token, control());
	rig_wait(r, 30 * NK_S);
	assert_int_equal(broker_stats(r->b)->registrations, 1);

	first = acknowledgement(r, here.sign_public);
	assert_int_equal(r->count, 2);
	second = acknowledgement(r, gone.sign_public);
	assert_int_equal(r->count, 1);
	third = acknowledgement(r, unknown.sign_public);
	assert_int_equal(r->count, 1);
	assert_int_equal(first.len, second.len);
	assert_int_equal(first.len, third.len);
	assert_memory_equal(first.data, second.data, first.len);
	assert_memory_equal(first.data, third.data, first.len);
}

/* Limits of a source are told; those of a key are not, or they would tell of the key. */
static void test_ring_limits(void **state)
{
	struct broker_config config = config_two();
	const struct identity id = identity(1);
	struct rig r;

	(void)state;
	config.calls_per_s = 2;
	rig_start(&r, &config);
	enroll(&r, &id, control());
	for (unsigned i = 0; i < 3; i++) {
		ring(&r, id.sign_public, caller(), at(&r, 0, false));
		assert_int_equal(r.count, i < 2 ? 2 : 1);
	}
	assert_int_equal(sole_answer(&r).error, PROBE_ERR_FULL);
	assert_int_equal(of(&r.sent[0]).retry_ms, 1000);

	for (unsigned i = 2; i < BROKER_CALLS_PER_KEY * config.calls_per_s + 2; i++) {
		ring(&r, id.sign_public, addr_v4(198, 51, 101, (uint8_t)i, 1), at(&r, 0, false));
		assert_int_equal(r.count, i < BROKER_CALLS_PER_KEY * config.calls_per_s ? 2 : 1);
		assert_int_equal(of(&r.sent[0]).retry_ms, 0);
	}
	rig_wait(&r, NK_S);
	ring(&r, id.sign_public, caller(), at(&r, 0, false));
	assert_int_equal(r.count, 2);
	rig_end(&r);
}

static void test_proof_limit(void **state)
{
	struct broker_config config = config_two();
	const struct identity id = identity(1);
	struct msg m;
	struct rig r;

	(void)state;
	config.calls_per_s = 1;
	rig_start(&r, &config);
	enroll(&r, &id, control());
	prove(&r, &m, &id, cookie(&r, RENDEZVOUS_REGISTER, control()), at(&r, 0, false));
	rig_put(&r, control(), at(&r, 0, false), &m);
	assert_int_equal(sole_answer(&r).error, PROBE_ERR_FULL);
	assert_int_equal(broker_stats(r.b)->proofs, 1);
	rig_end(&r);
}

static uint16_t enroll_fails(struct rig *r, uint8_t number, struct addr from)
{
	const struct identity id = identity(number);
	struct msg m;

	prove(r, &m, &id, cookie(r, RENDEZVOUS_REGISTER, from), at(r, 0, false));
	rig_put(r, from, at(r, 0, false), &m);
	if (sole_answer(r).error != 0)
		assert_int_equal(of(&r->sent[0]).retry_ms, 10000);
	return sole_answer(r).error;
}

/* Nothing is evicted; what is forgotten makes room. One IP cannot take it all. */
static void test_table_full(void **state)
{
	struct broker_config config = config_two();
	struct rig r;

	(void)state;
	config.registrations_max = 3;
	config.registrations_per_ip = 2;
	rig_start(&r, &config);
	for (uint8_t i = 0; i < 3; i++)
		assert_int_equal(enroll_fails(&r, i, flow(1000 + i)), i < 2 ? 0 : PROBE_ERR_FULL);
	assert_int_equal(enroll_fails(&r, 3, caller()), 0);
	assert_int_equal(enroll_fails(&r, 4, addr_v4(198, 51, 100, 8, 1)), PROBE_ERR_FULL);
	assert_int_equal(enroll_fails(&r, 0, flow(2000)), 0);
	assert_int_equal(broker_stats(r.b)->registrations, 3);
	rig_wait(&r, 61 * NK_S);
	assert_int_equal(broker_stats(r.b)->registrations, 0);
	assert_int_equal(enroll_fails(&r, 4, addr_v4(198, 51, 100, 8, 1)), 0);
	rig_end(&r);
}

/* Whoever has a /48 has 65536 networks. */
static void test_table_full_of_one_site(void **state)
{
	struct broker_config config = config_two();
	struct rig r;

	(void)state;
	config.registrations_per_ip = 2;
	rig_start(&r, &config);
	assert_int_equal(enroll_fails(&r, 0, v6("2001:db8:9:1::1", 1)), 0);
	assert_int_equal(enroll_fails(&r, 1, v6("2001:db8:9:2::1", 1)), 0);
	assert_int_equal(enroll_fails(&r, 2, v6("2001:db8:9:3::1", 1)), PROBE_ERR_FULL);
	assert_int_equal(enroll_fails(&r, 2, v6("2001:db8:a:3::1", 1)), 0);
	rig_end(&r);
}

/* RELAY by the listener, or by the caller. */
static void relay(struct rig *r, const struct identity *id, uint64_t token, const uint8_t *ticket,
		  struct addr from)
{
	const bool by_listener = token != 0;
	struct msg m;

	msg_begin(r, &m, RENDEZVOUS_RELAY, STUN_INDICATION);
	if (by_listener) {
		const struct addr to = caller();

		probe_put_token(&m.w, token);
		rendezvous_put_from(&m.w, &to);
	} else {
		rendezvous_put_key(&m.w, id->sign_public);
	}
	rendezvous_put_ticket(&m.w, ticket);
	rendezvous_put_body(&m.w, "short", 5);
	rig_put(r, from, at(r, 0, false), &m);
}

static void test_relay(void **state)
{
	struct broker_config config = config_two();
	const struct identity id = identity(1);
	uint8_t ticket[RENDEZVOUS_TICKET];
	struct rendezvous_msg told;
	uint64_t token;
	struct msg m;
	struct rig r;

	(void)state;
	config.relays_per_s = 2;
	rig_start(&r, &config);
	token = enroll(&r, &id, control());
	ring(&r, id.sign_public, caller(), at(&r, 1, false));
	memcpy(ticket, of(&r.sent[1]).ticket, sizeof(ticket));
	answer_begins(&r, &m, token, caller(), ticket);
	stun_put_u32(&m.w, RENDEZVOUS_ATTR_FLAGS, RENDEZVOUS_RELAY_OK);
	rig_put(&r, control(), at(&r, 0, false), &m);
	told = of(&r.sent[1]);
	assert_int_equal(told.flags, RENDEZVOUS_RELAY_OK);
	memcpy(ticket, told.ticket, sizeof(ticket));

	relay(&r, &id, 0, ticket, caller());
	assert_int_equal(r.count, 1);
	check_addr(r.sent[0].to, control());
	told = of(&r.sent[0]);
	check_addr(told.from, caller());
	assert_int_equal(told.body_len, 5);
	memcpy(ticket, told.ticket, sizeof(ticket));

	relay(&r, &id, token, ticket, control());
	assert_int_equal(r.count, 1);
	check_addr(r.sent[0].to, caller());
	told = of(&r.sent[0]);
	assert_int_equal(addr_family(&told.from), ADDR_NONE);
	assert_non_null(told.ticket);

	relay(&r, &id, 0, ticket, addr_with_port(caller(), 40001));
	assert_int_equal(r.count, 0);
	relay(&r, &id, 0, ticket, caller());
	assert_int_equal(r.count, 1);
	relay(&r, &id, 0, ticket, caller()); /* the third of this second */
	assert_int_equal(r.count, 0);
	assert_int_equal(broker_stats(r.b)->relayed, 3);
	rig_end(&r);
}

static void test_no_relay_by_default(void **state)
{
	struct rig *r = *state;
	const struct identity id = identity(1);
	uint8_t ticket[RENDEZVOUS_TICKET];
	uint64_t token;
	struct msg m;

	token = enroll(r, &id, control());
	ring(r, id.sign_public, caller(), at(r, 0, false));
	memcpy(ticket, of(&r->sent[1]).ticket, sizeof(ticket));
	answer_begins(r, &m, token, caller(), ticket);
	stun_put_u32(&m.w, RENDEZVOUS_ATTR_FLAGS, RENDEZVOUS_RELAY_OK);
	rig_put(r, control(), at(r, 0, false), &m);
	assert_int_equal(of(&r->sent[1]).flags, 0);
	assert_null(of(&r->sent[1]).ticket);
	relay(r, &id, 0, ticket, caller());
	assert_int_equal(r->count, 0);
	relay(r, &id, token, ticket, control());
	assert_int_equal(r->count, 0);
}

/* Requests that lack something, or have what nobody knows. */
static void test_bad_requests(void **state)
{
	struct rig *r = *state;
	const struct identity id = identity(1);
	uint64_t c;
	struct msg m;

	c = cookie(r, RENDEZVOUS_REGISTER, control());
	msg_begin(r, &m, RENDEZVOUS_REGISTER, STUN_REQUEST);
	probe_put_cookie(&m.w, c);
	rendezvous_put_key(&m.w, id.sign_public);
	rig_put(r, control(), at(r, 0, false), &m);
	assert_int_equal(sole_answer(r).error, 400);

	msg_begin(r, &m, RENDEZVOUS_RING, STUN_REQUEST);
	probe_put_cookie(&m.w, c);
	rendezvous_put_key(&m.w, id.sign_public);
	rig_put(r, control(), at(r, 0, false), &m);
	assert_int_equal(sole_answer(r).error, 400);

	msg_begin(r, &m, RENDEZVOUS_RING, STUN_REQUEST);
	stun_put_u32(&m.w, 0x7001, 0);
	rig_put(r, control(), at(r, 0, false), &m);
	assert_int_equal(r->count, 0); /* 420 is longer */
	msg_begin(r, &m, RENDEZVOUS_RING, STUN_REQUEST);
	stun_put_u32(&m.w, 0x7001, 0);
	stun_pad_to(&m.w, RENDEZVOUS_ASK_LEN);
	rig_put(r, control(), at(r, 0, false), &m);
	assert_int_equal(sole_answer(r).error, 420);

	for (uint16_t method = RENDEZVOUS_REGISTER; method <= RENDEZVOUS_RELAY; method++) {
		msg_begin(r, &m, method,
			  method == RENDEZVOUS_RELAY ? STUN_REQUEST : STUN_INDICATION);
		probe_put_cookie(&m.w, c);
		stun_pad_to(&m.w, RENDEZVOUS_ASK_LEN);
		rig_put(r, control(), at(r, 0, false), &m);
		assert_int_equal(r->count, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_rig(test_register),
		with_rig(test_moves),
		with_rig(test_false_proofs),
		with_rig(test_replayed_proofs),
		cmocka_unit_test(test_advertised),
		with_rig(test_call_and_answer),
		with_rig(test_across_families),
		with_rig(test_false_tickets),
		with_rig(test_nothing_is_told),
		cmocka_unit_test(test_ring_limits),
		cmocka_unit_test(test_proof_limit),
		cmocka_unit_test(test_table_full),
		cmocka_unit_test(test_table_full_of_one_site),
		cmocka_unit_test(test_relay),
		with_rig(test_no_relay_by_default),
		with_rig(test_bad_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
