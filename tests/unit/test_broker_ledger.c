/* The ledger: what one broker wrote another knows; what nobody wrote is not taken. */
#include "register_rig.h"

#include "base/err.h"
#include "core/broker/ledger.h"

#define UNIX_US (1700000000 * NK_S)

/* The client's side of a registration, as far as it is needed here. */
struct held {
	struct identity id;
	struct addr from;
	uint64_t token;
	struct keepalive_flow flow;
};

struct bytes {
	uint8_t *at;
	size_t len;
};

static void hold_by(struct rig *r, struct held *h, uint8_t number, struct addr from,
		    const struct keepalive_offer *offer)
{
	uint8_t bytes[KEEPALIVE_OFFER_MAX];
	struct rendezvous_msg told;
	struct msg m;
	struct wr w;

	*h = (struct held){.id = identity(number), .from = from, .flow = {.first = true}};
	prove(r, &m, &h->id, cookie(r, RENDEZVOUS_REGISTER, from), at(r, 0, false));
	rendezvous_put_keepalive(&m.w, bytes, keepalive_offer_write(bytes, offer));
	rig_put(r, from, at(r, 0, false), &m);
	assert_int_equal(sole_answer(r).cls, STUN_SUCCESS);
	told = of(&r->sent[0]);
	h->token = told.token;
	h->flow.sent = h->flow.heard = told.time_us >> 20;
	w = wr_make(h->flow.key, sizeof(h->flow.key));
	wr_be64(&w, told.token);
	wr_be64(&w, told.token);
}

static void hold(struct rig *r, struct held *h, uint8_t number, struct addr from, double lower_s)
{
	const struct keepalive_offer learned = {
		.wish = {{KEEPALIVE_LEARNED, 1, 900}}, .count = 1, .lower_s = lower_s};

	hold_by(r, h, number, from, &learned);
}

/* All slices, in a block of exactly their size. */
static struct bytes written(const struct rig *r)
{
	static uint8_t slice[LEDGER_SLICE_MIN];
	struct ledger_cursor c = {.next = 0};
	struct bytes b = {NULL, 0};
	size_t n;

	while ((n = ledger_write(r->b, &c, slice, sizeof(slice), UNIX_US, r->now)) > 0) {
		b.at = realloc(b.at, b.len + n);
		assert_non_null(b.at);
		memcpy(b.at + b.len, slice, n);
		b.len += n;
	}
	assert_true(c.ended && c.written == b.len);
	assert_int_equal((b.len - LEDGER_HEAD - LEDGER_TAIL) % LEDGER_RECORD, 0);
	return b;
}

/* The broker ends as it stands, and another comes @later. Return: what it took. */
static int restart(struct rig *r, const struct bytes *b, nk_time later)
{
	const struct broker_config config = r->config;
	const nk_time now = r->now + later;
	const uint8_t seed[32] = {8};
	int taken;

	broker_free(r->b);
	r->b = broker_new(&config, seed);
	assert_non_null(r->b);
	r->now = now;
	taken = ledger_read(r->b, b->at, b->len, UNIX_US, r->now);
	broker_start(r->b, r->now);
	rig_drain(r);
	return taken;
}

static void send_frame(struct rig *r, struct held *h, enum keepalive_kind kind)
{
	uint8_t frame[KEEPALIVE_LEN];

	keepalive_write(&h->flow, kind, frame);
	rig_datagram(r, h->from, at(r, 0, false), frame, sizeof(frame));
}

static void read_frame(struct rig *r, struct held *h)
{
	enum keepalive_kind kind;
	uint64_t acked;

	assert_int_equal(r->count, 1);
	assert_true(keepalive_read(&h->flow, r->sent[0].data, r->sent[0].len, &kind, &acked));
}

static bool asks_in_vain(struct rig *r, struct held *h)
{
	send_frame(r, h, KEEPALIVE_ASK);
	if (r->count == 0)
		return true;
	read_frame(r, h);
	return false;
}

/* It is rung at once, its frames go on and its token is good, though the ledger is some frames old. */
static void test_round_trip(void **state)
{
	struct rig *r = *state;
	const struct addr caller = addr_v4(198, 51, 100, 7, 40000);
	struct bytes b;
	struct held h;
	uint64_t c;
	struct msg m;

	hold(r, &h, 1, control(), 0);
	assert_false(asks_in_vain(r, &h));
	b = written(r);
	for (unsigned i = 0; i < 7; i++)
		assert_false(asks_in_vain(r, &h));
	assert_int_equal(restart(r, &b, 30 * NK_S), 1);
	assert_int_equal(broker_stats(r->b)->ledger_taken, 1);

	c = cookie(r, RENDEZVOUS_RING, caller);
	msg_begin(r, &m, RENDEZVOUS_RING, STUN_REQUEST);
	probe_put_cookie(&m.w, c);
	rendezvous_put_key(&m.w, h.id.sign_public);
	rendezvous_put_body(&m.w, "offer", 5);
	rig_put(r, caller, at(r, 0, false), &m);
	assert_int_equal(r->count, 2);
	check_addr(r->sent[1].to, control());

	for (unsigned i = 0; i < 10; i++)
		assert_false(asks_in_vain(r, &h));
	refresh(r, h.token, control());
	assert_int_equal(sole_answer(r).cls, STUN_SUCCESS);
	assert_int_equal(of(&r->sent[0]).token, h.token);
	free(b.at);
}

/* They alternate as before, and do not all come at once: the client's is first. */
static void test_turns_go_on(void **state)
{
	static const struct keepalive_offer turns = {.wish = {{KEEPALIVE_TURNS, 15, 15}},
						     .count = 1};
	struct rig *r = *state;
	struct held h;
	struct bytes b;

	hold_by(r, &h, 1, control(), &turns);
	for (unsigned i = 0; i < 20; i++) {
		if (i == 10) {
			b = written(r);
			assert_int_equal(restart(r, &b, 0), 1);
			free(b.at);
		}
		r->count = 0;
		rig_wait(r, 15 * NK_S);
		assert_int_equal(r->count, 0);
		send_frame(r, &h, KEEPALIVE_TURN);
		rig_wait(r, 15400 * NK_MS);
		read_frame(r, &h);
	}
}

/* Each by its own terms, as if it had never been away. */
static void test_stale(void **state)
{
	struct rig *r = *state;
	struct held quick, slow;
	struct bytes b;
	struct msg m;

	hold(r, &quick, 1, control(), 0);
	hold(r, &slow, 2, flow(2), 300);
	b = written(r);
	assert_int_equal(restart(r, &b, 59 * NK_S), 2);
	free(b.at);
	b = written(r);
	assert_int_equal(restart(r, &b, 62 * NK_S), 1);
	assert_true(asks_in_vain(r, &quick));
	refresh(r, slow.token, flow(2));
	assert_int_equal(sole_answer(r).cls, STUN_SUCCESS);
	rig_wait(r, 700 * NK_S);
	assert_int_equal(broker_stats(r->b)->registrations, 1);
	free(b.at);

	hold(r, &quick, 1, control(), 0); /* and the ticket is good for those that were too late */
	b = written(r);
	assert_int_equal(restart(r, &b, 5000 * NK_S), 0);
	msg_begin(r, &m, RENDEZVOUS_REGISTER, STUN_REQUEST);
	probe_put_token(&m.w, quick.token);
	rendezvous_put_key(&m.w, quick.id.sign_public);
	rig_put(r, control(), at(r, 0, false), &m);
	assert_int_equal(sole_answer(r).cls, STUN_SUCCESS);
	free(b.at);
}

/* Another order of addresses, one that is gone, or all of them by "any". */
static void test_other_configuration(void **state)
{
	struct rig *r = *state;
	struct held h;
	struct bytes b;

	hold(r, &h, 1, control(), 0);
	b = written(r);
	r->config.listen[0] = addr_v4(192, 0, 2, 2, 0);
	r->config.listen[1] = addr_v4(192, 0, 2, 1, 0);
	assert_int_equal(restart(r, &b, 0), 1);
	r->config.listen[1] = addr_v4(192, 0, 2, 3, 0);
	assert_int_equal(restart(r, &b, 0), 0);
	r->config.listen[1] = addr_any(ADDR_V4, 0);
	assert_int_equal(restart(r, &b, 0), 1);
	r->config.port = 5000;
	assert_int_equal(restart(r, &b, 0), 0);
	free(b.at);
}

/* Thousands, in slices, while half of them are gone; then all are gone. */
static void test_many(void **state)
{
	struct broker_config config = config_two();
	struct held h;
	struct bytes b;
	struct rig r;
	unsigned held;

	(void)state;
	config.registrations_per_ip = 10000;
	rig_start(&r, &config);
	for (unsigned i = 0; i < 600; i++) {
		hold(&r, &h, (uint8_t)i, flow((uint16_t)(1 + i)), i % 2 == 0 ? 300 : 0);
		rig_wait(&r, NK_S);
	}
	b = written(&r);
	assert_in_range(b.len, LEDGER_HEAD + LEDGER_TAIL + 150 * LEDGER_RECORD,
			LEDGER_HEAD + LEDGER_TAIL + 256 * LEDGER_RECORD);
	held = broker_stats(r.b)->registrations;
	assert_int_equal(restart(&r, &b, 0), held);
	assert_int_equal(broker_stats(r.b)->ledger_left, 0);
	r.config.registrations_max = 10;
	assert_int_equal(restart(&r, &b, 0), 10);
	assert_int_equal(broker_stats(r.b)->ledger_left, held - 10);
	free(b.at);
	rig_wait(&r, 900 * NK_S);
	b = written(&r);
	assert_int_equal(b.len, LEDGER_HEAD + LEDGER_TAIL);
	assert_int_equal(restart(&r, &b, 0), 0);
	free(b.at);
	rig_end(&r);
}

static int reads(const struct rig *r, const uint8_t *bytes, size_t len)
{
	static const uint8_t seed[32] = {8};
	struct broker *b = broker_new(&r->config, seed);
	uint8_t *block = malloc(len > 0 ? len : 1);
	int rc;

	assert_non_null(b);
	assert_non_null(block);
	memcpy(block, bytes, len);
	rc = ledger_read(b, block, len, UNIX_US, r->now);
	if (rc < 0) { /* nothing is left of it */
		const struct addr none = addr_v4(1, 2, 3, 4, 5);
		struct event ev = {.kind = EVENT_DATAGRAM, .from = none, .local = at(r, 0, false)};
		struct action a;

		broker_input(b, &ev, r->now);
		while (broker_output(b, &a, r->now))
			continue;
		assert_int_equal(broker_stats(b)->registrations, 0);
	}
	free(block);
	broker_free(b);
	return rc;
}

/* Cut off anywhere, longer, or with any byte another. */
static void test_corrupted(void **state)
{
	struct rig *r = *state;
	struct held h;
	struct bytes b;

	r->config.registrations_max = 16;
	r->config.sessions_max = r->config.trials_max = 16;
	hold(r, &h, 1, control(), 0);
	hold(r, &h, 2, flow(2), 0);
	b = written(r);
	assert_int_equal(reads(r, b.at, b.len), 2);
	for (size_t len = 0; len < b.len; len += len < 200 ? 1 : 7) {
		assert_int_equal(reads(r, b.at, len), NK_ERR_MALFORMED);
		assert_int_equal(ledger_is_one(b.at, len), len >= 16);
	}
	for (size_t i = 0; i < b.len; i += i < LEDGER_HEAD + 2 * LEDGER_RECORD ? 1 : 13) {
		b.at[i] ^= 0x10;
		assert_int_equal(reads(r, b.at, b.len), NK_ERR_MALFORMED);
		assert_int_equal(ledger_is_one(b.at, b.len), i >= 16);
		b.at[i] ^= 0x10;
	}
	assert_int_equal(reads(r, b.at, b.len), 2);
	memset(b.at, 0, b.len); /* as a power cut may leave it */
	assert_int_equal(reads(r, b.at, b.len), NK_ERR_MALFORMED);
	assert_true(ledger_is_one(b.at, b.len));
	free(b.at);
}

/* As ledger.h says how: by hand, with a right checksum over whatever stands there. */
static void sign(struct bytes *b)
{
	static const uint8_t key[16];
	const size_t records = b->len - LEDGER_HEAD - LEDGER_TAIL;
	const size_t lengths[3] = {LEDGER_HEAD, LEDGER_RECORD, LEDGER_TAIL - 8};
	uint8_t in[8 + LEDGER_TAIL];
	const uint8_t *p = b->at;
	uint64_t sum = 0;
	struct wr w;

	for (unsigned what = 0; what < 3; what++) {
		const size_t times = what == 1 ? records / LEDGER_RECORD : 1;

		for (size_t i = 0; i < times; i++) {
			w = wr_make(in, sizeof(in));
			wr_be64(&w, sum);
			wr_bytes(&w, p, lengths[what]);
			sum = crypto_siphash(key, in, w.len);
			p += lengths[what];
		}
	}
	w = wr_make(b->at + b->len - 8, 8);
	wr_be64(&w, sum);
}

/* What no broker would write is not taken, whatever its checksum. */
static void test_hostile(void **state)
{
	static const struct {
		size_t at;
		uint8_t is[2];
	} bad[] = {
		{32 + 12, {224, 0}},            /* multicast */
		{48, {0, 0}},                   /* no port */
		{50, {200, KEEPALIVE_LEARNED}}, /* an endpoint that is not known */
		{51, {9, 1}},                   /* an algorithm that there is not */
		{52, {0, 1}},                   /* an interval of less than half a second */
		{62, {0, 0}},                   /* heard long ago */
	};
	struct rig *r = *state;
	struct held h;
	struct bytes b;

	hold(r, &h, 1, control(), 0);
	b = written(r);
	sign(&b);
	assert_int_equal(reads(r, b.at, b.len), 1);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint8_t before[2];

		memcpy(before, b.at + LEDGER_HEAD + bad[i].at, 2);
		memcpy(b.at + LEDGER_HEAD + bad[i].at, bad[i].is, 2);
		sign(&b);
		assert_int_equal(reads(r, b.at, b.len), 0);
		memcpy(b.at + LEDGER_HEAD + bad[i].at, before, 2);
	}
	free(b.at);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_rig(test_round_trip),   with_rig(test_turns_go_on),
		with_rig(test_stale),        with_rig(test_other_configuration),
		cmocka_unit_test(test_many), with_rig(test_corrupted),
		with_rig(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
