/* A broker under test: datagrams go in, what it would send is collected. For test_broker_*.c. */
#ifndef BROKER_DRIVER_H
#define BROKER_DRIVER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "core/broker/broker.h"
#include "wire/probe_msg.h"
#include "wire/stun.h"

#define SENT_MAX 4096
#define START    (1000 * NK_S)

/* Length of a TRIAL that pays for so many copies over IPv4. */
#define PAID(copies) ((copies) * (28 + PROBE_COPY_LEN) - 28)

struct sent {
	struct addr from, to;
	uint8_t ttl;
	size_t len;
	uint8_t data[CORE_DATAGRAM_MAX];
};

/* @knock: the last that was wanted, of @knocks; @closed: how many were ended by the broker. */
struct rig {
	struct broker_config config;
	struct broker *b;
	nk_time now;
	uint32_t next_tid;
	struct sent *sent;
	unsigned count;
	struct action knock;
	unsigned knocks, closed;
};

static inline void rig_sends(struct rig *r, const struct action *a)
{
	struct sent *s = &r->sent[r->count];

	assert_int_equal(a->kind, ACTION_SEND);
	assert_true(r->count < SENT_MAX);
	s->from = a->local.port != 0
			  ? a->local
			  : addr_with_port(r->config.listen[a->id / 2],
					   a->id % 2 != 0 ? r->config.alt_port : r->config.port);
	s->to = a->to;
	s->ttl = a->ttl;
	s->len = a->len;
	memcpy(s->data, a->data, a->len);
	r->count++;
}

static inline void rig_drain(struct rig *r)
{
	struct action a;

	while (broker_output(r->b, &a, r->now)) {
		if (a.kind == ACTION_CLOSE) {
			assert_true(a.id >= broker_sockets(&r->config));
			r->closed++;
			continue;
		}
		if (a.kind == ACTION_OPEN && a.socket == SOCKET_TCP_KNOCK) {
			r->knock = a;
			r->knocks++;
			continue;
		}
		if (a.kind == ACTION_OPEN) {
			const struct event ev = {
				.kind = EVENT_OPENED, .id = a.id, .local = a.local};

			broker_input(r->b, &ev, r->now);
			continue;
		}
		rig_sends(r, &a);
	}
}

static inline void rig_start(struct rig *r, const struct broker_config *config)
{
	static const uint8_t seed[32] = {7};

	assert_int_equal(crypto_init(), 0);
	*r = (struct rig){.config = *config, .now = START};
	r->sent = malloc(SENT_MAX * sizeof(*r->sent));
	r->b = broker_new(config, seed);
	assert_non_null(r->b);
	assert_non_null(r->sent);
	broker_start(r->b, r->now);
	rig_drain(r);
}

static inline void rig_end(struct rig *r)
{
	broker_free(r->b);
	free(r->sent);
}

/* One broker address, at either port. */
static inline struct addr at(const struct rig *r, unsigned i, bool alt)
{
	return addr_with_port(r->config.listen[i], alt ? r->config.alt_port : r->config.port);
}

/* Tells the broker of a datagram to @to as a run does, in a block of exactly its size; forgets what was
 * sent before. */
static inline void rig_datagram(struct rig *r, struct addr from, struct addr to, const void *bytes,
				size_t len)
{
	uint8_t *block = malloc(len > 0 ? len : 1);
	struct event ev = {
		.kind = EVENT_DATAGRAM, .from = from, .local = to, .data = block, .len = len};
	struct action first;

	assert_non_null(block);
	memcpy(block, bytes, len);
	for (unsigned i = 0; i < r->config.listen_count; i++) {
		const struct addr *l = &r->config.listen[i];

		if (addr_same_ip(l, &to) || (addr_is_any(l) && addr_family(l) == addr_family(&to)))
			ev.id = 2 * i + (to.port == r->config.alt_port);
	}
	r->count = 0;
	broker_expect(r->b, &ev, 1);
	if (broker_answer(r->b, &ev, &first, r->now))
		rig_sends(r, &first);
	free(block);
	rig_drain(r);
}

/* Lets time pass, turning the broker at each of its deadlines; what it sends is added. */
static inline void rig_wait(struct rig *r, nk_time d)
{
	const nk_time end = r->now + d;

	while (broker_deadline(r->b) <= end) {
		r->now = nk_max(r->now, broker_deadline(r->b));
		rig_drain(r);
	}
	r->now = end;
}

/* A message of its own id, to be filled, then given to rig_put(). */
struct msg {
	uint8_t buf[CORE_DATAGRAM_MAX];
	uint8_t tid[STUN_TID];
	struct wr w;
};

static inline void msg_begin(struct rig *r, struct msg *m, uint16_t method, enum stun_class cls)
{
	r->next_tid++;
	memset(m->tid, 0xab, sizeof(m->tid));
	memcpy(m->tid, &r->next_tid, sizeof(r->next_tid));
	m->w = wr_make(m->buf, sizeof(m->buf));
	stun_begin(&m->w, method, cls, m->tid);
}

static inline void rig_put(struct rig *r, struct addr from, struct addr to, struct msg *m)
{
	const size_t len = stun_end(&m->w);

	assert_true(len > 0);
	rig_datagram(r, from, to, m->buf, len);
}

/* The only answer, decoded. */
static inline struct stun_msg sole_answer(const struct rig *r)
{
	struct stun_msg m;

	assert_int_equal(r->count, 1);
	assert_int_equal(stun_read(&m, r->sent[0].data, r->sent[0].len), 0);
	return m;
}

static inline struct probe_msg probe_of(const struct sent *s)
{
	struct stun_msg m;
	struct probe_msg p;

	assert_int_equal(stun_read(&m, s->data, s->len), 0);
	assert_int_equal(probe_read(&p, &m), 0);
	return p;
}

static inline void check_addr(struct addr got, struct addr want)
{
	assert_memory_equal(&got, &want, sizeof(got));
}

static inline struct addr v6(const char *text, uint16_t port)
{
	struct addr a;

	assert_int_equal(addr_parse(&a, text, port), 0);
	return addr_with_port(a, port);
}

/* A client's control flow, and its other flows. */
static inline struct addr control(void)
{
	return addr_v4(203, 0, 113, 9, 50000);
}

static inline struct addr flow(uint16_t port)
{
	return addr_v4(203, 0, 113, 9, port);
}

/* Two addresses of each family. */
static inline struct broker_config config_two(void)
{
	struct broker_config c = broker_default_config();

	c.listen[0] = addr_v4(192, 0, 2, 1, 0);
	c.listen[1] = addr_v4(192, 0, 2, 2, 0);
	c.listen[2] = v6("2001:db8::1", 0);
	c.listen[3] = v6("2001:db8::2", 0);
	c.listen_count = 4;
	return c;
}

static inline int rig_set_up(void **state)
{
	const struct broker_config config = config_two();
	static struct rig r;

	rig_start(&r, &config);
	*state = &r;
	return 0;
}

static inline int rig_tear_down(void **state)
{
	rig_end(*state);
	return 0;
}

/* A test whose *@state is a rig of config_two(). */
#define with_rig(test) cmocka_unit_test_setup_teardown(test, rig_set_up, rig_tear_down)

/* Opens a session from @control and returns its token. */
static inline uint64_t rig_session(struct rig *r, struct addr control)
{
	uint64_t cookie;
	struct msg m;

	msg_begin(r, &m, PROBE_SESSION, STUN_REQUEST);
	stun_pad_to(&m.w, 128);
	rig_put(r, control, at(r, 0, false), &m);
	assert_int_equal(sole_answer(r).error, PROBE_ERR_COOKIE);
	cookie = probe_of(&r->sent[0]).cookie;

	msg_begin(r, &m, PROBE_SESSION, STUN_REQUEST);
	probe_put_cookie(&m.w, cookie);
	stun_pad_to(&m.w, 128);
	rig_put(r, control, at(r, 0, false), &m);
	assert_int_equal(sole_answer(r).cls, STUN_SUCCESS);
	return probe_of(&r->sent[0]).token;
}

/* A TRIAL of @len bytes in all. */
static inline void rig_trial(struct rig *r, uint64_t token, uint32_t trial, enum stun_class cls,
			     struct addr from, struct addr to, size_t len)
{
	struct msg m;

	msg_begin(r, &m, PROBE_TRIAL, cls);
	probe_put_token(&m.w, token);
	probe_put_trial(&m.w, trial);
	if (len > m.w.len)
		stun_pad_to(&m.w, len);
	rig_put(r, from, to, &m);
}

/* ASKs for copies to one trial; the answer is in r->sent[0]. Returns the ASK's id in @m. */
static inline void rig_ask(struct rig *r, struct msg *m, uint64_t token, struct addr control,
			   uint32_t trial, uint8_t copies, uint32_t delay_ms)
{
	msg_begin(r, m, PROBE_ASK, STUN_REQUEST);
	probe_put_token(&m->w, token);
	probe_put_trials(&m->w, &trial, 1);
	probe_put_copies(&m->w, copies, 100, delay_ms);
	rig_put(r, control, at(r, 0, false), m);
}

static inline struct probe_trial_state rig_status(struct rig *r, uint64_t token,
						  struct addr control, uint32_t trial)
{
	struct probe_msg p;
	struct msg m;

	msg_begin(r, &m, PROBE_STATUS, STUN_REQUEST);
	probe_put_token(&m.w, token);
	probe_put_trials(&m.w, &trial, 1);
	rig_put(r, control, at(r, 0, false), &m);
	assert_int_equal(sole_answer(r).cls, STUN_SUCCESS);
	p = probe_of(&r->sent[0]);
	assert_int_equal(p.state_count, 1);
	assert_int_equal(p.states[0].trial, trial);
	return p.states[0];
}

#endif
