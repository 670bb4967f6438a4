/*
 * Nothing amplifies and nothing reflects: random hostile streams, with every
 * byte counted as whole IP datagrams, per destination.
 *
 * Some addresses are victims: datagrams come "from" them, but nothing that is
 * sent to them is ever read, so that they cannot echo a cookie. The others are
 * clients, honest enough to echo what they got, and free with their tokens:
 * everybody uses them, from every address.
 */
#include "base/err.h"
#include "broker_driver.h"

#define IPS    8 /* the first half are victims */
#define PORTS  4
#define FLOWS  (IPS * PORTS)
#define STEPS  60000
#define TRIALS 5

/**
 * struct flow - What went from and to one address
 * @cookie:	The last that it was given, 0 if none
 * @proven:	It has echoed it
 * @in, @out:	Bytes of whole datagrams: TRIALs, and what they pay for
 * @in_count, @out_count: Datagrams of all kinds
 */
struct flow {
	struct addr addr;
	bool victim, proven;
	uint64_t cookie;
	uint64_t in, out;
	uint64_t in_count, out_count;
};

struct stream {
	struct rig rig;
	struct rng rng;
	struct flow flows[FLOWS];
	uint64_t tokens[IPS];
	uint32_t steps;
	uint64_t long_bindings[IPS], copies[IPS];
	uint64_t sessions, paid_copies, replies;
};

static unsigned pick(struct stream *s, unsigned n)
{
	return rng_below(&s->rng, n);
}

static bool one_in(struct stream *s, unsigned n)
{
	return pick(s, n) == 0;
}

static uint64_t some_cookie(struct stream *s, const struct flow *self)
{
	const struct flow *other = &s->flows[pick(s, FLOWS)];

	if (!self->victim && !one_in(s, 4))
		return self->cookie;
	return other->victim ? pick(s, 3) : other->cookie;
}

/* Its own session, or now and then that of another or none. */
static uint64_t some_token(struct stream *s, const struct flow *f)
{
	if (one_in(s, 30))
		return pick(s, 3);
	return s->tokens[one_in(s, 60) ? pick(s, IPS) : (f - s->flows) / PORTS];
}

/* Each flow's own, or now and then another, which then moves. They move on, so that trials which
 * strays have spoilt do not stay for ever. */
static uint32_t some_trial(struct stream *s, const struct flow *f)
{
	return s->steps / 2000 * PORTS + (one_in(s, 10) ? pick(s, PORTS) : f->addr.port % PORTS);
}

static void put_binding(struct stream *s, struct wr *w)
{
	if (one_in(s, 3))
		stun_put_change(w, (uint8_t)(pick(s, 4) << 1));
	if (one_in(s, 4))
		stun_put_response_port(w, (uint16_t)(1 + pick(s, 65535)));
	if (one_in(s, 4))
		stun_put_padding(w, (uint16_t)pick(s, 1600));
	if (one_in(s, 8))
		stun_put_u32(w, (uint16_t)(0x7000 + pick(s, 9)), 0);
	if (one_in(s, 4))
		stun_put_fingerprint(w);
}

static bool echoes(const struct flow *f, uint64_t cookie)
{
	return cookie != 0 && cookie == f->cookie;
}

/* Fills a message of the probe service. */
static void put_probe(struct stream *s, struct flow *f, uint16_t method, struct wr *w)
{
	const uint64_t cookie = some_cookie(s, f);
	uint32_t trials[3];

	trials[0] = some_trial(s, f);
	for (unsigned i = 1; i < 3; i++)
		trials[i] = some_trial(s, &s->flows[pick(s, PORTS)]);
	if (method == PROBE_SESSION ? one_in(s, 40) : !one_in(s, 20))
		probe_put_token(w, some_token(s, f));
	if (method == PROBE_SESSION ? !one_in(s, 3) : one_in(s, 6) && f->addr.port % PORTS == 1) {
		probe_put_cookie(w, cookie);
		f->proven |= echoes(f, cookie);
	}
	if (method == PROBE_TRIAL)
		probe_put_trial(w, trials[0]);
	else if (method != PROBE_SESSION)
		probe_put_trials(w, trials, 1 + pick(s, 3));
	if (method == PROBE_ASK)
		probe_put_copies(w, (uint8_t)(1 + pick(s, 3)), (uint16_t)(20 + pick(s, 300)),
				 one_in(s, 3) ? pick(s, 20000) : 0);
	if (one_in(s, 20))
		stun_put_u32(w, 0x7001, 0);
	if (!one_in(s, 3) && w->len < 500)
		stun_pad_to(w, (w->len + 4 + pick(s, 300)) / 4 * 4);
}

/* Sessions come from the first port alone, so that the other ports have trials that prove nothing. */
static uint16_t some_method(struct stream *s, const struct flow *f)
{
	static const uint16_t methods[] = {STUN_BINDING, PROBE_TRIAL, PROBE_ASK,
					   PROBE_ASK,    PROBE_ASK,   PROBE_STATUS};

	if (one_in(s, 50))
		return (uint16_t)pick(s, 0x1000);
	if ((f - s->flows) % PORTS == 0 && one_in(s, 60))
		return PROBE_SESSION;
	return methods[pick(s, 6)];
}

static size_t make_datagram(struct stream *s, struct flow *f, uint8_t buf[static CORE_DATAGRAM_MAX])
{
	const uint16_t method = some_method(s, f);
	const bool request = method == PROBE_TRIAL ? one_in(s, 2) : !one_in(s, 30);
	struct wr w = wr_make(buf, CORE_DATAGRAM_MAX);
	uint8_t tid[STUN_TID];
	size_t len;

	rng_bytes(&s->rng, tid, sizeof(tid));
	stun_begin(&w, method, request ? STUN_REQUEST : STUN_INDICATION, tid);
	if (method == STUN_BINDING)
		put_binding(s, &w);
	else
		put_probe(s, f, method, &w);
	len = stun_end(&w);
	if (len > 0 && one_in(s, 20)) /* the magic cookie, or anything */
		buf[one_in(s, 3) ? 4 : pick(s, (unsigned)len)] ^= (uint8_t)(1u << pick(s, 8));
	return one_in(s, 100) ? pick(s, (unsigned)len + 1) : len;
}

static unsigned ip_of(const struct stream *s, const struct addr *a)
{
	for (unsigned i = 0; i < IPS; i++) {
		if (addr_same_ip(&s->flows[i * PORTS].addr, a))
			return i;
	}
	fail_msg("something went to an address that nothing came from");
	return 0;
}

static struct flow *flow_of(struct stream *s, const struct addr *a)
{
	for (unsigned i = 0; i < FLOWS; i++) {
		if (addr_eq(&s->flows[i].addr, a))
			return &s->flows[i];
	}
	return NULL;
}

/* A request whose magic cookie was damaged is one of RFC 3489, and so is its answer. */
static uint16_t method_of(const struct sent *p)
{
	struct stun_msg m;
	const int rc = stun_read(&m, p->data, p->len);

	if (rc == NK_ERR_NOT_STUN && memcmp(p->data, "\1\1", 2) == 0)
		return STUN_BINDING;
	assert_int_equal(rc, 0);
	return m.method;
}

/* Clients read what they are sent. */
static void learn(struct stream *s, struct flow *f, const struct sent *p)
{
	const struct probe_msg m = probe_of(p);

	if (f->victim)
		return;
	if (m.has_cookie)
		f->cookie = m.cookie;
	if (m.has_token) {
		s->sessions++;
		s->tokens[ip_of(s, &f->addr)] = m.token;
	}
}

static void check_binding(struct stream *s, const struct sent *p, size_t asked)
{
	const size_t headers = addr_overhead(&p->to);

	assert_true(headers + p->len <= 3 * (headers + asked));
	if (p->len > asked)
		s->long_bindings[ip_of(s, &p->to)]++;
}

/* A session is of an IP: a NAT may give its control flow another port. */
static bool goes_to_control(const struct stream *s, unsigned ip, uint16_t method)
{
	if (method != PROBE_STATUS && method != PROBE_ASK && method != PROBE_ECHO)
		return false;
	for (unsigned i = 0; i < PORTS; i++) {
		if (s->flows[ip * PORTS + i].proven)
			return true;
	}
	return false;
}

/* An answer, or a copy or an echo. @asked is the length of what came at this moment. */
static void check_sent(struct stream *s, const struct sent *p, const struct flow *asker,
		       size_t asked)
{
	const uint16_t method = method_of(p);
	const unsigned ip = ip_of(s, &p->to);
	struct flow *to = flow_of(s, &p->to);

	s->flows[ip * PORTS].out_count++;
	if (method == STUN_BINDING) {
		assert_true(addr_same_ip(&p->to, &asker->addr));
		check_binding(s, p, asked);
		return;
	}
	assert_non_null(to);
	if (method == PROBE_COPY || method == PROBE_TRIAL)
		to->out += p->len + addr_overhead(&p->to);
	if (!to->proven && !goes_to_control(s, ip, method)) {
		assert_true(to->out <= to->in);
		assert_true(method == PROBE_COPY || p->len <= asked);
	}
	assert_false(to->victim && (method == PROBE_COPY || method == PROBE_ECHO));
	s->copies[ip] += method == PROBE_COPY;
	s->paid_copies += method == PROBE_COPY && !to->proven;
	s->replies += method == PROBE_TRIAL;
	learn(s, to, p);
}

/* Victims, in number; all, in rate. */
static void check_sums(const struct stream *s)
{
	const double elapsed = nk_seconds(s->rig.now - START);

	for (unsigned i = 0; i < IPS; i++) {
		const struct flow *f = &s->flows[i * PORTS];
		uint64_t in_count = 0;

		for (unsigned k = 0; k < PORTS; k++)
			in_count += f[k].in_count;
		if (f->victim)
			assert_true(f->out_count <= in_count);
		assert_true((double)s->long_bindings[i] <=
			    s->rig.config.binding_per_s * (elapsed + 1));
		assert_true((double)s->copies[i] <= s->rig.config.copies_per_s * (elapsed + 1));
	}
}

static void step(struct stream *s)
{
	struct flow *f = &s->flows[pick(s, FLOWS)];
	const unsigned v6_base = addr_family(&f->addr) == ADDR_V6 ? 2 : 0;
	const struct addr to = at(&s->rig, v6_base + pick(s, 2), one_in(s, 2));
	uint8_t buf[CORE_DATAGRAM_MAX];
	const size_t len = make_datagram(s, f, buf);
	struct stun_msg m;

	s->steps++;
	/* What fell due meanwhile is nobody's answer. */
	s->rig.count = 0;
	rig_wait(&s->rig, one_in(s, 50) ? pick(s, 400) * NK_MS : pick(s, 500));
	for (unsigned i = 0; i < s->rig.count; i++)
		check_sent(s, &s->rig.sent[i], NULL, 0);

	f->in_count++;
	if (stun_read(&m, buf, len) == 0 && m.method == PROBE_TRIAL)
		f->in += len + addr_overhead(&f->addr);
	rig_datagram(&s->rig, f->addr, to, buf, len);
	for (unsigned i = 0; i < s->rig.count; i++)
		check_sent(s, &s->rig.sent[i], f, len);
	check_sums(s);
}

static void stream_start(struct stream *s, uint64_t seed)
{
	struct broker_config config = config_two();

	config.binding_per_s = 3;
	config.copies_per_s = seed % 2 != 0 ? 5 : 500;
	*s = (struct stream){0};
	rig_start(&s->rig, &config);
	rng_seed_from_number(&s->rng, seed);
	for (unsigned i = 0; i < FLOWS; i++) {
		const unsigned ip = i / PORTS;
		struct addr a = addr_v4(198, 51, (uint8_t)(100 - ip), 7, 0);

		if (ip % 2 != 0) {
			a = v6("2001:db8:9::9", 0);
			a.ip[4] = (uint8_t)ip;
		}
		s->flows[i].addr = addr_with_port(a, (uint16_t)(1000 + i % PORTS));
		s->flows[i].victim = ip < IPS / 2;
	}
}

static void test_hostile_streams(void **state)
{
	uint64_t sessions = 0, paid = 0, replies = 0, long_bindings = 0, refused = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 4; seed++) {
		struct stream s;

		stream_start(&s, seed);
		for (unsigned i = 0; i < STEPS; i++)
			step(&s);
		sessions += s.sessions;
		paid += s.paid_copies;
		replies += s.replies;
		refused += broker_stats(s.rig.b)->refused_rate;
		for (unsigned i = 0; i < IPS; i++)
			long_bindings += s.long_bindings[i];
		rig_end(&s.rig);
	}
	/* The streams went everywhere that they were to try. */
	assert_true(sessions > 100);
	assert_true(paid > 100);
	assert_true(replies > 100);
	assert_true(long_bindings > 100);
	assert_true(refused > 100);
}

/* Over the limit: the mapped address alone, if that is no longer than the request. */
static void test_binding_over_the_limit(void **state)
{
	struct broker_config config = config_two();
	const struct addr a = addr_v4(203, 0, 113, 9, 4000), b = addr_v4(203, 0, 113, 200, 4000);
	const struct addr c = addr_v4(198, 51, 100, 9, 4000);
	struct stun_msg answer;
	struct msg m;
	struct rig r;

	(void)state;
	config.binding_per_s = 10;
	rig_start(&r, &config);
	for (unsigned i = 0; i < 10; i++) {
		msg_begin(&r, &m, STUN_BINDING, STUN_REQUEST);
		rig_put(&r, a, at(&r, 0, false), &m);
		assert_int_equal(sole_answer(&r).cls, STUN_SUCCESS);
	}
	msg_begin(&r, &m, STUN_BINDING, STUN_REQUEST);
	rig_put(&r, b, at(&r, 0, false), &m); /* of the same /24 */
	assert_int_equal(r.count, 0);
	msg_begin(&r, &m, STUN_BINDING, STUN_REQUEST);
	stun_pad_to(&m.w, 32);
	rig_put(&r, b, at(&r, 0, false), &m);
	answer = sole_answer(&r);
	check_addr(answer.xor_mapped, b);
	assert_int_equal(r.sent[0].len, 32);
	msg_begin(&r, &m, STUN_BINDING, STUN_REQUEST);
	rig_put(&r, c, at(&r, 0, false), &m);
	assert_int_equal(r.count, 1);

	rig_wait(&r, NK_S / 10);
	msg_begin(&r, &m, STUN_BINDING, STUN_REQUEST);
	rig_put(&r, b, at(&r, 0, false), &m);
	assert_int_equal(r.count, 1);
	rig_end(&r);
}

/* More networks than there are buckets: those who find no place are over the limit. */
static void test_many_networks(void **state)
{
	struct broker_config config = config_two();
	unsigned answered = 0;
	struct msg m;
	struct rig r;

	(void)state;
	config.binding_per_s = 1;
	rig_start(&r, &config);
	for (unsigned i = 0; i < 300000; i++) {
		const uint8_t x = (uint8_t)(i >> 16), y = (uint8_t)(i >> 8), z = (uint8_t)i;

		msg_begin(&r, &m, STUN_BINDING, STUN_REQUEST);
		rig_put(&r, addr_v4(x, y, z, 1, 9), at(&r, 0, false), &m);
		answered += r.count;
	}
	assert_in_range(answered, 1000, 65536);
	rig_wait(&r, 2 * NK_S);
	msg_begin(&r, &m, STUN_BINDING, STUN_REQUEST);
	rig_put(&r, addr_v4(203, 0, 113, 1, 9), at(&r, 0, false), &m);
	assert_int_equal(r.count, 1);
	rig_end(&r);
}

/* Any bytes at all, in blocks of exactly their size. */
static void test_garbage(void **state)
{
	const struct broker_config config = config_two();
	struct rng rng;
	struct rig r;

	(void)state;
	rig_start(&r, &config);
	rng_seed_from_number(&rng, 99);
	for (unsigned i = 0; i < 200000; i++) {
		uint8_t buf[160];
		const size_t len = rng_below(&rng, sizeof(buf));
		const uint16_t body = (uint16_t)(len - STUN_HEADER);

		rng_bytes(&rng, buf, len);
		if (len >= STUN_HEADER && i % 4 != 0) {
			struct wr w = wr_make(buf, 8);

			wr_be16(&w, i % 3 == 0 ? (uint16_t)(0x380 + rng_below(&rng, 8)) : 1);
			wr_be16(&w, body & 0xfffc);
			wr_be32(&w, STUN_COOKIE);
		}
		rig_datagram(&r, addr_v4(203, 0, 113, 9, 4000), at(&r, 0, false), buf, len);
		assert_true(r.count <= 1);
	}
	rig_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hostile_streams),
		cmocka_unit_test(test_binding_over_the_limit),
		cmocka_unit_test(test_many_networks),
		cmocka_unit_test(test_garbage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
