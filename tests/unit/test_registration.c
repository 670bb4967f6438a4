/* A listener at brokers that answer as the test has it: what it says to them, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/rendezvous/registration.h"
#include "wire/rendezvous_msg.h"

#define SOCKET 3
#define COOKIE 0x1122334455667788
#define TOKEN  0x99aabbccddeeff00
#define TIME   ((uint64_t)7000 << 20)
#define RTT    (40 * NK_MS)

static struct registration *listener;
static struct identity identity;
static struct rng rng;
static nk_time now;
static struct addr broker;

/* What was sent last: a frame, or a REGISTER. */
static struct action sent;
static struct stun_msg request;
static struct rendezvous_msg asked;

static void listen(const struct keepalive_offer *offer)
{
	static const uint8_t seed[32] = {1};
	struct registration_config config = {.socket = SOCKET, .identity = &identity};

	now = 1000 * NK_S;
	broker = addr_v4(192, 0, 2, 1, 3478);
	config.broker = broker;
	config.offer = *offer;
	identity_from_seed(&identity, seed);
	rng_seed_from_number(&rng, 1);
	listener = registration_new(&config, &rng, now);
	assert_non_null(listener);
}

static int hang_up(void **state)
{
	(void)state;
	registration_free(listener);
	listener = NULL;
	return 0;
}

/* Waits for what is sent next. Return: how long that took. */
static nk_time next(void)
{
	const nk_time began = now;

	now = nk_max(now, registration_deadline(listener));
	for (unsigned i = 0; !registration_output(listener, &sent, now); i++) {
		assert_in_range(i, 0, 10);
		now = nk_max(now, registration_deadline(listener));
	}
	assert_true(addr_eq(&sent.to, &broker));
	if (sent.len != KEEPALIVE_LEN) {
		assert_int_equal(stun_read(&request, sent.data, sent.len), 0);
		assert_int_equal(request.method, RENDEZVOUS_REGISTER);
		assert_int_equal(rendezvous_read(&asked, &request), 0);
	}
	return now - began;
}

static void hear(const uint8_t *bytes, size_t len)
{
	const struct event ev = {
		.kind = EVENT_DATAGRAM, .id = SOCKET, .from = broker, .data = bytes, .len = len};

	now += RTT;
	assert_true(registration_input(listener, &ev, now));
}

static void refuse(uint16_t error)
{
	uint8_t bytes[256];
	struct wr w = wr_make(bytes, sizeof(bytes));

	stun_begin(&w, RENDEZVOUS_REGISTER, STUN_ERROR, request.tid);
	stun_put_error(&w, error, "No");
	if (error == PROBE_ERR_COOKIE)
		probe_put_cookie(&w, COOKIE);
	if (error == PROBE_ERR_FULL)
		stun_put_u32(&w, RENDEZVOUS_ATTR_RETRY, 5000);
	hear(bytes, stun_end(&w));
}

/* @terms may be NULL. */
static void accept(const struct keepalive_terms *terms, uint16_t port)
{
	const struct addr mapped = addr_v4(203, 0, 113, 1, port);
	uint8_t bytes[256], t[KEEPALIVE_TERMS_LEN];
	struct wr w = wr_make(bytes, sizeof(bytes));

	stun_begin(&w, RENDEZVOUS_REGISTER, STUN_SUCCESS, request.tid);
	stun_put_xor_addr(&w, STUN_XOR_MAPPED_ADDRESS, &mapped);
	probe_put_token(&w, TOKEN);
	probe_put_time(&w, TIME);
	stun_put_u32(&w, RENDEZVOUS_ATTR_LIFETIME, 60);
	if (terms != NULL) {
		keepalive_terms_write(t, terms);
		rendezvous_put_keepalive(&w, t, sizeof(t));
	}
	hear(bytes, stun_end(&w));
}

static void prove(void)
{
	next();
	assert_false(asked.has_token || asked.has_cookie);
	refuse(PROBE_ERR_COOKIE);
	next();
	assert_non_null(asked.signature);
}

static const struct keepalive_terms fixed = {KEEPALIVE_FIXED, 15};

/* A listener that is registered, by such terms. */
static void register_by(const struct keepalive_terms *terms)
{
	const struct keepalive_offer offer = keepalive_default_offer();

	listen(&offer);
	prove();
	accept(terms, 1000);
	assert_int_equal(registration_state(listener), REGISTRATION_HELD);
}

static struct keepalive_flow brokers_flow(void)
{
	struct keepalive_flow f = {.first = false, .sent = TIME >> 20, .heard = TIME >> 20};
	struct wr w = wr_make(f.key, sizeof(f.key));

	wr_be64(&w, TOKEN);
	wr_be64(&w, TOKEN);
	return f;
}

/* Nothing by which nobody could ring us; and of all else what was wanted, with what is believed. */
static void test_offer(void **state)
{
	const struct keepalive_offer wanted = {
		.wish = {{KEEPALIVE_NONE, 0, 0},
			 {KEEPALIVE_OPENER, 1, 900},
			 {77, 1, 2},
			 {KEEPALIVE_TURNS, 15, 15}},
		.count = 4,
		.lower_s = 30,
		.outbound_only = true,
	};
	struct keepalive_offer got;

	(void)state;
	listen(&wanted);
	prove();
	assert_int_equal(keepalive_offer_read(&got, asked.keepalive, asked.keepalive_len), 0);
	assert_int_equal(got.count, 2);
	assert_int_equal(got.wish[0].algorithm, 77);
	assert_int_equal(got.wish[1].algorithm, KEEPALIVE_TURNS);
	assert_true(got.lower_s == 30 && got.outbound_only);
}

/* Frames on the token, counted from the answer's TIME, and answered. */
static void test_frames(void **state)
{
	struct keepalive_flow flow;
	uint8_t answer[KEEPALIVE_LEN];
	enum keepalive_kind kind;
	uint64_t acked;

	(void)state;
	register_by(&fixed);
	flow = brokers_flow();
	for (unsigned i = 0; i < 40; i++) {
		const nk_time waited = next();

		assert_int_equal(sent.len, KEEPALIVE_LEN);
		assert_in_range(waited, 2 * NK_S, 15 * NK_S);
		assert_true(keepalive_read(&flow, sent.data, sent.len, &kind, &acked));
		assert_int_equal(kind, KEEPALIVE_ASK);
		assert_int_equal(acked, flow.sent);
		keepalive_write(&flow, KEEPALIVE_ANSWER, answer);
		hear(answer, sizeof(answer));
	}
	assert_int_equal(registration_state(listener), REGISTRATION_HELD);
}

/* An answer is missing: who we are is said by token and key. A broker that has lost us takes them or
 * wants a proof. */
static void test_missing_answer(void **state)
{
	(void)state;
	register_by(&fixed);
	next();
	assert_int_equal(sent.len, KEEPALIVE_LEN);
	assert_non_null(registration_keepalive(listener));
	assert_in_range(next(), 500 * NK_MS, NK_S);
	assert_null(registration_keepalive(listener));
	assert_true(asked.has_token && asked.token == TOKEN);
	assert_non_null(asked.key);
	assert_memory_equal(asked.key, identity.sign_public, CRYPTO_KEY);
	assert_null(asked.signature);
	accept(&fixed, 1000);
	next();
	assert_int_equal(sent.len, KEEPALIVE_LEN);
	next();
	assert_true(asked.has_token);
	refuse(PROBE_ERR_SESSION);
	assert_int_equal(next(), 0);
	assert_true(asked.signature != NULL && !asked.has_token);
}

/* Frames are not understood, or do not get through: it is registered again as often as one would be sent. */
static void test_no_frames(void **state)
{
	unsigned frames = 0;
	nk_time began;

	(void)state;
	register_by(&fixed);
	began = now;
	for (unsigned i = 0; i < 100; i++) {
		for (next(); sent.len == KEEPALIVE_LEN; next())
			frames++;
		accept(&fixed, 1000);
	}
	assert_in_range(now - began, 80 * 12 * NK_S, 100 * 16 * NK_S);
	assert_in_range(frames, 4, 10);
}

/* What wakes up, or has moved, does not wait for a frame to be missing. */
static void test_resumed(void **state)
{
	static const enum event_kind kinds[] = {EVENT_RESUMED, EVENT_NETWORK};

	(void)state;
	register_by(&fixed);
	for (size_t i = 0; i < 2; i++) {
		const struct event ev = {.kind = kinds[i]};

		registration_input(listener, &ev, now);
		assert_int_equal(next(), 0);
		assert_true(sent.len != KEEPALIVE_LEN && asked.has_token && asked.key != NULL);
		accept(&fixed, 1000);
	}
}

/* A broker that knows of no terms is asked every 15 s. */
static void test_no_terms(void **state)
{
	(void)state;
	register_by(NULL);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(next(), 15 * NK_S);
		assert_true(asked.has_token);
		accept(NULL, 1000);
	}
	assert_int_equal(registration_terms(listener).algorithm, KEEPALIVE_NONE);
	assert_null(registration_keepalive(listener));
}

/* Later, says the broker: the token is good then. */
static void test_later(void **state)
{
	(void)state;
	register_by(&fixed);
	registration_refresh(listener, now);
	next();
	refuse(PROBE_ERR_FULL);
	assert_int_equal(next(), 5 * NK_S);
	assert_true(asked.has_token && asked.token == TOKEN);
}

/* The NAT had forgotten us after a silence, and gave another port: from now on the silence is shorter. */
static void test_backs_off(void **state)
{
	const struct keepalive_terms learned = {KEEPALIVE_LEARNED, 100};
	struct keepalive_offer got;

	(void)state;
	register_by(&learned);
	for (unsigned i = 0; i < 2; i++) { /* the second after some 90 s */
		struct keepalive_flow flow = brokers_flow();
		enum keepalive_kind kind;
		uint8_t answer[KEEPALIVE_LEN];
		uint64_t acked;

		next();
		assert_int_equal(sent.len, KEEPALIVE_LEN);
		if (i == 1)
			break;
		assert_true(keepalive_read(&flow, sent.data, sent.len, &kind, &acked));
		keepalive_write(&flow, KEEPALIVE_ANSWER, answer);
		hear(answer, sizeof(answer));
	}
	next();
	accept(&learned, 2000);
	assert_int_equal(next(), 0);
	assert_int_equal(keepalive_offer_read(&got, asked.keepalive, asked.keepalive_len), 0);
	assert_in_range((unsigned)got.lower_s, 40, 51);
}

/* A silent broker is asked ever more slowly, and taken at its word when it speaks again. */
static void test_silent(void **state)
{
	nk_time began, waited = 0;

	(void)state;
	register_by(&fixed);
	next();
	began = now;
	while (registration_state(listener) != REGISTRATION_SILENT)
		assert_in_range(next(), 0, NK_S);
	assert_in_range(now - began, 2 * NK_S, 6 * NK_S);
	for (unsigned i = 0; i < 20; i++) {
		assert_true(asked.has_token && asked.key != NULL);
		waited = next();
	}
	assert_int_equal(waited, 16 * NK_S);
	accept(&fixed, 1000);
	assert_int_equal(registration_state(listener), REGISTRATION_HELD);
	next();
	assert_int_equal(sent.len, KEEPALIVE_LEN);
}

/* Whatever a broker answers, it does not make us flood it. */
static void test_refusals(void **state)
{
	static const uint16_t errors[] = {PROBE_ERR_COOKIE, PROBE_ERR_SESSION, PROBE_ERR_FULL, 400};

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		nk_time began;

		register_by(&fixed);
		registration_refresh(listener, now);
		began = now;
		for (unsigned n = 0; n < 40; n++) {
			next();
			refuse(errors[i]);
			assert_int_equal(registration_state(listener), REGISTRATION_TRYING);
		}
		assert_true(now - began > 15 * NK_S);
		registration_free(listener);
		listener = NULL;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_offer, hang_up),
		cmocka_unit_test_teardown(test_frames, hang_up),
		cmocka_unit_test_teardown(test_missing_answer, hang_up),
		cmocka_unit_test_teardown(test_no_frames, hang_up),
		cmocka_unit_test_teardown(test_resumed, hang_up),
		cmocka_unit_test_teardown(test_no_terms, hang_up),
		cmocka_unit_test_teardown(test_later, hang_up),
		cmocka_unit_test_teardown(test_silent, hang_up),
		cmocka_unit_test_teardown(test_refusals, hang_up),
		cmocka_unit_test_teardown(test_backs_off, hang_up),
	};

	if (crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests_name("registration", tests, NULL, NULL);
}
