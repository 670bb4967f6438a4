/* Registrations that are kept alive: terms, frames, turns and tickets; and what forgers get: silence. */
#include "core/keepalive/keepalive.h"
#include "register_rig.h"

/* The client's side of a registration. */
struct held {
	struct identity id;
	struct addr from;
	uint64_t token;
	struct keepalive_flow flow;
	struct keepalive_terms terms;
	uint32_t lifetime_s;
};

static const struct keepalive_offer turns = {.wish = {{KEEPALIVE_TURNS, 15, 15}}, .count = 1};

/* What a success answer tells. */
static void told(struct rig *r, struct held *h)
{
	const struct rendezvous_msg m = of(&r->sent[0]);
	struct wr w = wr_make(h->flow.key, sizeof(h->flow.key));

	assert_int_equal(sole_answer(r).cls, STUN_SUCCESS);
	assert_true(m.has_token && m.has_time);
	assert_int_equal(keepalive_terms_read(&h->terms, m.keepalive, m.keepalive_len), 0);
	h->token = m.token;
	h->lifetime_s = m.lifetime_s;
	h->flow.first = true;
	h->flow.sent = h->flow.heard = m.time_us >> 20;
	wr_be64(&w, m.token);
	wr_be64(&w, m.token);
}

static void put_offer(struct msg *m, const struct keepalive_offer *offer)
{
	uint8_t bytes[KEEPALIVE_OFFER_MAX];

	if (offer != NULL)
		rendezvous_put_keepalive(&m->w, bytes, keepalive_offer_write(bytes, offer));
}

static void hold(struct rig *r, struct held *h, uint8_t number, struct addr from,
		 const struct keepalive_offer *offer)
{
	struct msg m;

	*h = (struct held){.id = identity(number), .from = from};
	prove(r, &m, &h->id, cookie(r, RENDEZVOUS_REGISTER, from), at(r, 0, false));
	put_offer(&m, offer);
	rig_put(r, from, at(r, 0, false), &m);
	told(r, h);
}

/* REGISTER with TOKEN, and perhaps KEY. Return: its bytes. */
static size_t hello(struct rig *r, const struct held *h, bool key, struct addr from,
		    const struct keepalive_offer *offer)
{
	struct msg m;

	msg_begin(r, &m, RENDEZVOUS_REGISTER, STUN_REQUEST);
	probe_put_token(&m.w, h->token);
	if (key)
		rendezvous_put_key(&m.w, h->id.sign_public);
	put_offer(&m, offer);
	rig_put(r, from, at(r, 0, false), &m);
	return m.w.len;
}

static void send_frame(struct rig *r, struct held *h, enum keepalive_kind kind)
{
	uint8_t frame[KEEPALIVE_LEN];

	keepalive_write(&h->flow, kind, frame);
	rig_datagram(r, h->from, at(r, 0, false), frame, sizeof(frame));
}

/* A frame that came is the next one of the broker, and acknowledges what left. */
static enum keepalive_kind frame_of(struct held *h, const struct sent *s)
{
	enum keepalive_kind kind;
	uint64_t acked;

	check_addr(s->to, h->from);
	assert_true(keepalive_read(&h->flow, s->data, s->len, &kind, &acked));
	return kind;
}

static void check_answered(struct rig *r, struct held *h)
{
	send_frame(r, h, KEEPALIVE_ASK);
	assert_int_equal(r->count, 1);
	check_addr(r->sent[0].from, at(r, 0, false));
	assert_int_equal(frame_of(h, &r->sent[0]), KEEPALIVE_ANSWER);
}

static bool is_held(struct rig *r)
{
	rig_wait(r, 0);
	return broker_stats(r->b)->registrations == 1;
}

/* Held by frames alone, for days; when they end it is forgotten. */
static void test_asked(void **state)
{
	struct rig *r = *state;
	struct held h;

	hold(r, &h, 1, control(), NULL);
	assert_int_equal(h.terms.algorithm, KEEPALIVE_FIXED);
	assert_int_equal(h.lifetime_s, 60);
	for (unsigned i = 0; i < 20000; i++) {
		r->count = 0;
		rig_wait(r, 15 * NK_S);
		assert_int_equal(r->count, 0);
		check_answered(r, &h);
	}
	assert_int_equal(broker_stats(r->b)->frames, 20000);
	assert_int_equal(broker_stats(r->b)->frames_answered, 20000);
	assert_int_equal(broker_stats(r->b)->refreshes, 0);
	rig_wait(r, 59 * NK_S);
	assert_true(is_held(r));
	rig_wait(r, 2 * NK_S);
	assert_false(is_held(r));
	assert_int_equal(broker_stats(r->b)->expired, 1);
	send_frame(r, &h, KEEPALIVE_ASK);
	assert_int_equal(r->count, 0);
	assert_int_equal(broker_stats(r->b)->frames_unknown, 1);
}

/* A frame from elsewhere, to elsewhere, wrong, again, or of another kind. */
static void test_silence(void **state)
{
	struct rig *r = *state;
	uint8_t frame[KEEPALIVE_LEN + 1] = {0};
	struct held h, lost;

	hold(r, &h, 1, control(), NULL);
	lost = h;
	keepalive_write(&lost.flow, KEEPALIVE_ASK, frame);
	rig_datagram(r, flow(1), at(r, 0, false), frame, KEEPALIVE_LEN);
	assert_int_equal(r->count, 0);
	rig_datagram(r, control(), at(r, 1, false), frame, KEEPALIVE_LEN);
	assert_int_equal(r->count, 0);
	rig_datagram(r, control(), at(r, 0, true), frame, KEEPALIVE_LEN);
	assert_int_equal(r->count, 0);
	assert_int_equal(broker_stats(r->b)->frames_unknown, 3);
	rig_datagram(r, control(), at(r, 0, false), frame, KEEPALIVE_LEN + 1);
	assert_int_equal(r->count, 0);
	frame[2] ^= 1;
	rig_datagram(r, control(), at(r, 0, false), frame, KEEPALIVE_LEN);
	assert_int_equal(r->count, 0);
	assert_int_equal(broker_stats(r->b)->frames_bad, 1);
	frame[2] ^= 1;
	rig_datagram(r, control(), at(r, 0, false), frame, KEEPALIVE_LEN);
	assert_int_equal(r->count, 1);
	rig_datagram(r, control(), at(r, 0, false), frame, KEEPALIVE_LEN);
	assert_int_equal(r->count, 0);
	assert_int_equal(broker_stats(r->b)->frames_bad, 2);
}

/* Of all frames that there are about one in 4096 is taken, and it gets three bytes. */
static void test_forged(void **state)
{
	struct rig *r = *state;
	const unsigned tries = 65536;
	unsigned taken = 0;
	struct rng rng;
	struct held h;

	hold(r, &h, 1, control(), NULL);
	rng_seed_from_number(&rng, 1);
	for (unsigned i = 0; i < tries; i++) {
		uint8_t frame[KEEPALIVE_LEN];

		rng_bytes(&rng, frame, sizeof(frame));
		frame[0] = 0xC0 | (frame[0] & 0x2F); /* any kind */
		rig_datagram(r, control(), at(r, 0, false), frame, sizeof(frame));
		assert_true(r->count <= 1 && (r->count == 0 || r->sent[0].len == KEEPALIVE_LEN));
		taken = (unsigned)(i + 1 - broker_stats(r->b)->frames_bad);
	}
	assert_in_range(taken, 1, tries / 1000);
}

/* Many of ours lost, few of theirs: each side still understands the other; then a hello puts it right. */
static void test_loss(void **state)
{
	struct rig *r = *state;
	uint8_t frame[KEEPALIVE_LEN];
	struct held h;

	hold(r, &h, 1, control(), NULL);
	for (unsigned i = 0; i < 15; i++)
		keepalive_write(&h.flow, KEEPALIVE_ASK, frame);
	check_answered(r, &h);
	for (unsigned i = 0; i < 15; i++)
		send_frame(r, &h, KEEPALIVE_ASK); /* answered, in vain */
	check_answered(r, &h);
	for (unsigned i = 0; i < 16; i++)
		keepalive_write(&h.flow, KEEPALIVE_ASK, frame);
	send_frame(r, &h, KEEPALIVE_ASK);
	assert_int_equal(r->count, 0);
	hello(r, &h, false, control(), NULL);
	told(r, &h);
	check_answered(r, &h);
}

/* What the client's NAT bears, which is ours to hold for. */
static void test_terms(void **state)
{
	static const struct keepalive_offer slow = {
		.wish = {{KEEPALIVE_OPENER, 1, 900}, {99, 1, 900}, {KEEPALIVE_LEARNED, 1, 900}},
		.count = 3,
		.lower_s = 300,
	};
	struct rig *r = *state;
	struct held h;

	hold(r, &h, 1, control(), &slow);
	assert_int_equal(h.terms.algorithm, KEEPALIVE_LEARNED);
	assert_true(h.terms.interval_s == 240);
	assert_int_equal(h.lifetime_s, 3 * 240 + 5);
	rig_wait(r, 724 * NK_S);
	assert_true(is_held(r));
	hello(r, &h, false, control(), NULL); /* the terms stay */
	told(r, &h);
	assert_true(h.terms.interval_s == 240);
	rig_wait(r, 724 * NK_S);
	assert_true(is_held(r));
	hello(r, &h, false, control(), &turns);
	told(r, &h);
	assert_int_equal(h.terms.algorithm, KEEPALIVE_TURNS);
	assert_int_equal(h.lifetime_s, 95);
	rig_wait(r, 96 * NK_S);
	assert_false(is_held(r));
}

/* Whoever wants to be held as long as can be: an hour, by any of the terms. */
static void test_longest(void **state)
{
	struct rig *r = *state;
	struct held h;

	for (uint8_t a = 0; a < KEEPALIVE_ALGORITHMS; a++) {
		const struct keepalive_offer greedy = {
			.wish = {{a, 0, UINT16_MAX}}, .count = 1, .lower_s = KEEPALIVE_NO_NAT};

		hold(r, &h, 1, control(), &greedy);
		assert_in_range(h.lifetime_s, 60, 3605);
	}
}

/* One packet in 15 s, by turns; the client's first. Silence is not disturbed. */
static void test_turns(void **state)
{
	struct rig *r = *state;
	struct held h;

	hold(r, &h, 1, control(), &turns);
	for (unsigned i = 0; i < 1000; i++) {
		r->count = 0;
		rig_wait(r, 15 * NK_S);
		assert_int_equal(r->count, 0);
		send_frame(r, &h, KEEPALIVE_TURN);
		assert_int_equal(r->count, 0);
		rig_wait(r, 14900 * NK_MS);
		assert_int_equal(r->count, 0);
		rig_wait(r, 500 * NK_MS);
		assert_int_equal(r->count, 1);
		assert_int_equal(frame_of(&h, &r->sent[0]), KEEPALIVE_TURN);
	}
	assert_int_equal(broker_stats(r->b)->turns, 1000);
	r->count = 0;
	rig_wait(r, 100 * NK_S);
	assert_int_equal(r->count, 0);
	assert_false(is_held(r));
}

/* Both send at once: the client's next turn comes before ours. */
static void test_turns_cross(void **state)
{
	struct rig *r = *state;
	uint8_t crossing[KEEPALIVE_LEN];
	struct held h;

	hold(r, &h, 1, control(), &turns);
	send_frame(r, &h, KEEPALIVE_TURN);
	keepalive_write(&h.flow, KEEPALIVE_TURN, crossing);
	rig_wait(r, 15400 * NK_MS);
	assert_int_equal(r->count, 1);
	assert_int_equal(frame_of(&h, &r->sent[0]), KEEPALIVE_TURN);
	rig_datagram(r, control(), at(r, 0, false), crossing, sizeof(crossing));
	rig_wait(r, 20 * NK_S);
	assert_int_equal(r->count, 0);
	send_frame(r, &h, KEEPALIVE_TURN);
	rig_wait(r, 15400 * NK_MS);
	assert_int_equal(r->count, 1);
}

/* A broker that has forgotten it takes the token for what it is. */
static void test_ticket(void **state)
{
	struct rig *r = *state;
	struct held h;

	hold(r, &h, 1, control(), NULL);
	rig_wait(r, 100 * NK_S);
	assert_false(is_held(r));
	hello(r, &h, false, control(), NULL);
	assert_int_equal(sole_answer(r).error, PROBE_ERR_SESSION);
	hello(r, &h, true, control(), &turns);
	told(r, &h);
	assert_int_equal(h.terms.algorithm, KEEPALIVE_TURNS);
	assert_true(is_held(r));
	check_answered(r, &h);
	assert_int_equal(broker_stats(r->b)->tickets_taken, 1);
	assert_int_equal(broker_stats(r->b)->proofs, 1);
	assert_int_equal(broker_stats(r->b)->refused_proof, 0);
}

/* Somebody else's, from elsewhere, guessed, or of a key that has gone elsewhere: nothing is longer than
 * what asked for it. */
static void test_bad_tickets(void **state)
{
	struct rig *r = *state;
	struct held h, other, moved;

	hold(r, &h, 1, control(), NULL);
	hold(r, &other, 2, flow(2), NULL);
	rig_wait(r, 100 * NK_S);
	assert_int_equal(broker_stats(r->b)->registrations, 0);

	hello(r, &h, true, flow(3), NULL);
	assert_int_equal(sole_answer(r).error, PROBE_ERR_SESSION);
	other.id = h.id;
	hello(r, &other, true, flow(2), NULL);
	assert_int_equal(sole_answer(r).error, PROBE_ERR_SESSION);
	for (unsigned i = 0; i < 1000; i++) {
		h.token += i;
		hello(r, &h, true, control(), NULL);
		assert_true(i == 0 || sole_answer(r).error == PROBE_ERR_SESSION);
		rig_wait(r, i == 0 ? 100 * NK_S : 0);
	}
	assert_int_equal(broker_stats(r->b)->tickets_taken, 1);
	assert_int_equal(broker_stats(r->b)->tickets_refused, 2 + 999);

	hold(r, &h, 1, control(), NULL);
	hold(r, &moved, 1, flow(4), NULL);
	hello(r, &h, true, control(), NULL);
	assert_int_equal(sole_answer(r).error, PROBE_ERR_SESSION);
	check_answered(r, &moved);
}

/* Only a token that was read at this very address gets an answer that is longer than its request. */
static void test_tokens_amplify_nothing(void **state)
{
	struct rig *r = *state;
	struct held h, other;

	hold(r, &h, 1, control(), NULL);
	hold(r, &other, 2, flow(2), NULL);
	for (unsigned i = 0; i < 400; i++) {
		const struct held wrong = {.id = h.id, .token = h.token ^ (uint64_t)1 << i % 64};
		const struct held *const tries[] = {&wrong, &h, &other};
		const struct addr froms[] = {control(), flow(3), control()};
		const size_t asked = hello(r, tries[i % 3], i % 2 == 0, froms[i % 3], NULL);

		assert_int_equal(sole_answer(r).error, PROBE_ERR_SESSION);
		assert_in_range(r->sent[0].len, 1, asked);
	}
	hello(r, &h, false, control(), NULL);
	told(r, &h);
}

/* Whose address another key has now proves its own again: an old token sends nobody away. */
static void test_ticket_of_who_was_there(void **state)
{
	struct rig *r = *state;
	struct held before, h;

	hold(r, &before, 1, control(), NULL);
	hold(r, &h, 2, control(), NULL);
	hello(r, &before, true, control(), NULL);
	assert_int_equal(sole_answer(r).error, PROBE_ERR_SESSION);
	check_answered(r, &h);
	assert_int_equal(broker_stats(r->b)->tickets_taken, 0);
	hold(r, &before, 1, control(), NULL);
	check_answered(r, &before);
	assert_true(is_held(r));
}

/* After a stop those who are there stay for a while, by whatever they send; nobody comes. */
static void test_drain(void **state)
{
	const struct event stop = {.kind = EVENT_STOP};
	struct broker_config config = config_two();
	struct rig *r = *state;
	struct held h, gone;
	struct msg m;

	rig_end(r);
	config.drain = 30 * NK_S;
	rig_start(r, &config);
	hold(r, &gone, 2, flow(2), NULL);
	rig_wait(r, 100 * NK_S);
	hold(r, &h, 1, control(), NULL);
	broker_input(r->b, &stop, r->now);
	check_answered(r, &h);
	hello(r, &h, true, control(), NULL);
	told(r, &h);
	hello(r, &gone, true, flow(2), NULL);
	assert_int_equal(sole_answer(r).error, PROBE_ERR_FULL);
	prove(r, &m, &gone.id, cookie(r, RENDEZVOUS_REGISTER, flow(2)), at(r, 0, false));
	rig_put(r, flow(2), at(r, 0, false), &m);
	assert_int_equal(sole_answer(r).error, PROBE_ERR_FULL);
	assert_int_equal(of(&r->sent[0]).retry_ms, 10000);
	assert_int_equal(broker_stats(r->b)->registrations, 1);
	rig_wait(r, 29 * NK_S);
	check_answered(r, &h);
	assert_int_equal(broker_status(r->b), CORE_BUSY);
	rig_wait(r, NK_S);
	assert_int_equal(broker_status(r->b), CORE_DONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_rig(test_asked),
		with_rig(test_silence),
		with_rig(test_forged),
		with_rig(test_loss),
		with_rig(test_terms),
		with_rig(test_longest),
		with_rig(test_turns),
		with_rig(test_turns_cross),
		with_rig(test_ticket),
		with_rig(test_bad_tickets),
		with_rig(test_drain),
		with_rig(test_ticket_of_who_was_there),
		with_rig(test_tokens_amplify_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
