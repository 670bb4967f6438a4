/*
 * The rendezvous neither amplifies nor reflects: random hostile streams, with every
 * datagram that leaves held against what came in.
 *
 * Half of the addresses are victims: datagrams come "from" them, but nothing that is
 * sent to them is ever read, so that they cannot echo a cookie. The others echo what
 * they got, and everybody uses everybody's cookies, tokens and tickets.
 */
#include "broker_driver.h"

#include "wire/rendezvous_msg.h"

#define FLOWS     12 /* the first half are victims */
#define KEYS      4
#define STEPS     40000
#define CALLS     6 /* a second, of one address */
#define RELAYS    3
#define LONGER_BY 64 /* what CALL has besides what RING has, at most */

/**
 * struct flow - One address, and what it was given
 * @proven:	It has echoed its cookie
 */
struct flow {
	struct addr addr;
	bool victim, proven;
	uint64_t cookie, token;
	uint8_t ticket[RENDEZVOUS_TICKET];
	struct addr ticket_from;
	uint64_t rings, relays;
};

struct stream {
	struct rig rig;
	struct rng rng;
	struct flow flows[FLOWS];
	struct identity ids[KEYS];
	uint64_t calls[KEYS], answers, relayed, refused, cookies;
	uint8_t key; /* of the message that was put in last */
};

static unsigned pick(struct stream *s, unsigned n)
{
	return rng_below(&s->rng, n);
}

static bool one_in(struct stream *s, unsigned n)
{
	return pick(s, n) == 0;
}

/* Its own, or now and then somebody else's. */
static const struct flow *some_flow(struct stream *s, const struct flow *self)
{
	return one_in(s, 10) ? &s->flows[pick(s, FLOWS)] : self;
}

static void put_cookie(struct stream *s, struct flow *f, struct wr *w)
{
	const uint64_t cookie = some_flow(s, f)->cookie;

	probe_put_cookie(w, cookie);
	f->proven |= cookie != 0 && cookie == f->cookie;
}

static void put_proof(struct stream *s, const struct flow *f, struct msg *m)
{
	const struct identity *id = &s->ids[s->key];
	const struct addr broker = at(&s->rig, addr_family(&f->addr) == ADDR_V6 ? 2 : 0, false);
	uint8_t proof[RENDEZVOUS_PROOF_LEN], signature[CRYPTO_SIGNATURE];

	rendezvous_proof(proof, f->cookie, m->tid, id->sign_public, &broker);
	identity_sign(signature, id, proof, sizeof(proof));
	rendezvous_put_signature(&m->w, signature);
}

/* Each attribute mostly where it belongs, and now and then where it does not. */
static void fill(struct stream *s, struct flow *f, uint16_t method, struct msg *m)
{
	static const uint8_t body[RENDEZVOUS_BODY_MAX];
	const bool by_listener = one_in(s, 2);
	const struct flow *ticket = some_flow(s, f);
	struct wr *w = &m->w;

	if (method == RENDEZVOUS_RING ? !one_in(s, 4) : one_in(s, 4))
		put_cookie(s, f, w);
	if (method == RENDEZVOUS_REGISTER ? one_in(s, 4) : by_listener)
		probe_put_token(w, some_flow(s, f)->token);
	if (!one_in(s, 6))
		rendezvous_put_key(w, s->ids[s->key].sign_public);
	if (method == RENDEZVOUS_REGISTER && !one_in(s, 4))
		put_proof(s, f, m);
	if (method >= RENDEZVOUS_ANSWER) {
		rendezvous_put_from(w, one_in(s, 10) ? &s->flows[pick(s, FLOWS)].addr
						     : &ticket->ticket_from);
		rendezvous_put_ticket(w, ticket->ticket);
		stun_put_u32(w, RENDEZVOUS_ATTR_FLAGS, pick(s, 2));
	}
	if (method != RENDEZVOUS_REGISTER && !one_in(s, 20))
		rendezvous_put_body(w, body, pick(s, one_in(s, 4) ? sizeof(body) : 40));
	if (one_in(s, 3))
		stun_pad_to(w, (w->len + 4 + pick(s, 120)) / 4 * 4);
}

static struct flow *flow_of(struct stream *s, const struct addr *a)
{
	for (unsigned i = 0; i < FLOWS; i++) {
		if (addr_eq(&s->flows[i].addr, a))
			return &s->flows[i];
	}
	fail_msg("something went to an address that nothing came from");
	return NULL;
}

static void learn(struct flow *f, const struct rendezvous_msg *m)
{
	if (f->victim)
		return;
	if (m->has_cookie)
		f->cookie = m->cookie;
	if (m->has_token)
		f->token = m->token;
	if (m->ticket == NULL)
		return;
	memcpy(f->ticket, m->ticket, sizeof(f->ticket));
	f->ticket_from = m->from;
}

static void check_passed_on(struct stream *s, const struct stun_msg *m, struct flow *from,
			    const struct flow *to, size_t asked)
{
	assert_true(to->proven && !to->victim);
	assert_true(m->len <= asked + LONGER_BY);
	s->calls[s->key] += m->method == RENDEZVOUS_CALL;
	s->answers += m->method == RENDEZVOUS_ANSWER;
	s->relayed += m->method == RENDEZVOUS_RELAY;
	from->relays += m->method == RENDEZVOUS_RELAY;
}

/* The answer goes to the asker, before what is passed on; only who is proven gets a longer one. */
static void check_sent(struct stream *s, unsigned i, struct flow *asker, size_t asked)
{
	const struct sent *p = &s->rig.sent[i];
	struct flow *to = flow_of(s, &p->to);
	struct rendezvous_msg r;
	struct stun_msg m;

	assert_int_equal(stun_read(&m, p->data, p->len), 0);
	assert_int_equal(rendezvous_read(&r, &m), 0);
	if (m.cls == STUN_INDICATION) {
		check_passed_on(s, &m, asker, to, asked);
	} else {
		assert_int_equal(i, 0);
		assert_ptr_equal(to, asker);
		assert_true(asker->proven || p->len <= asked);
		s->refused += m.error != 0;
		s->cookies += m.error == PROBE_ERR_COOKIE;
		asker->rings += m.method == RENDEZVOUS_RING && m.cls == STUN_SUCCESS;
	}
	learn(to, &r);
}

static void step(struct stream *s)
{
	static const uint16_t methods[] = {RENDEZVOUS_REGISTER, RENDEZVOUS_RING, RENDEZVOUS_RING,
					   RENDEZVOUS_ANSWER, RENDEZVOUS_RELAY};
	struct flow *f = &s->flows[pick(s, FLOWS)];
	const uint16_t method = methods[pick(s, 5)];
	const bool v6 = addr_family(&f->addr) == ADDR_V6;
	struct msg m;
	size_t len;

	s->key = (uint8_t)pick(s, KEYS);
	if (method == RENDEZVOUS_REGISTER)
		s->key = (uint8_t)((f - s->flows) % KEYS);
	msg_begin(&s->rig, &m, method,
		  (method == RENDEZVOUS_RELAY) != one_in(s, 50) ? STUN_INDICATION : STUN_REQUEST);
	fill(s, f, method, &m);
	len = stun_end(&m.w);
	rig_datagram(&s->rig, f->addr, at(&s->rig, v6 ? 2 : 0, false), m.buf, len);
	assert_true(s->rig.count <= 2);
	for (unsigned i = 0; i < s->rig.count; i++)
		check_sent(s, i, f, len);
	s->rig.now += pick(s, 6) * NK_MS;
}

static void stream_start(struct stream *s, uint64_t seed)
{
	struct broker_config config = config_two();

	config.calls_per_s = CALLS;
	config.relays_per_s = RELAYS;
	*s = (struct stream){.key = 0};
	rig_start(&s->rig, &config);
	rng_seed_from_number(&s->rng, seed);
	for (uint8_t i = 0; i < KEYS; i++) {
		const uint8_t secret[CRYPTO_KEY] = {i};

		identity_from_seed(&s->ids[i], secret);
	}
	for (unsigned i = 0; i < FLOWS; i++) {
		struct flow *f = &s->flows[i];

		f->addr = addr_v4(198, 51, 100, (uint8_t)i, 999);
		if (i % 3 == 0) {
			f->addr = v6("2001:db8:9::9", 999);
			f->addr.ip[6] = (uint8_t)i;
		}
		f->ticket_from = f->addr;
		f->victim = i < FLOWS / 2;
	}
}

static void check_rates(const struct stream *s)
{
	const double elapsed = nk_seconds(s->rig.now - START) + 1;

	for (unsigned i = 0; i < FLOWS; i++) {
		assert_true((double)s->flows[i].rings <= CALLS * elapsed);
		assert_true((double)s->flows[i].relays <= RELAYS * elapsed);
	}
	for (unsigned i = 0; i < KEYS; i++)
		assert_true((double)s->calls[i] <= BROKER_CALLS_PER_KEY * CALLS * elapsed);
}

static void test_hostile_streams(void **state)
{
	static struct stream s;
	uint64_t calls = 0, rate = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 4; seed++) {
		stream_start(&s, seed);
		for (unsigned i = 0; i < STEPS; i++)
			step(&s);
		check_rates(&s);
		for (unsigned i = 0; i < KEYS; i++)
			calls += s.calls[i];
		rate += broker_stats(s.rig.b)->refused_rate;
		rig_end(&s.rig);
		/* The stream went everywhere that it was to try. */
		assert_true(s.answers > 100 && s.relayed > 100 && s.refused > 100);
		assert_true(s.cookies > 100);
	}
	assert_true(calls > 1000);
	assert_true(rate > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hostile_streams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
