/* An asker under test and the server it talks to. For test_asker*.c. */
#ifndef TESTS_UNIT_ASKER_RIG_H
#define TESTS_UNIT_ASKER_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/probe/asker.h"

#define CONTROL  1u
#define TRIAL_ON 100u /* sockets of trials: + number */
#define TOKEN    0x1122334455667788u
#define COOKIE   0x99aabbccddeeff00u
#define RTT      (20 * NK_MS)

static struct asker a;
static struct exchanges x;
static struct rng rng;
static struct addr server, stranger;
static nk_time now;

/* A message from the server. A negative round or a trial 0 is left out. */
struct msg {
	uint16_t method;
	enum stun_class cls;
	const uint8_t *tid;
	struct addr from;
	uint16_t error;
	bool cookie, token, address, cut;
	int round;
	uint32_t trial;
	struct probe_trial_state states[PROBE_TRIALS_MAX];
	unsigned state_count;
};

/* What the asker sent last. */
static struct action sent;
static struct stun_msg sent_msg;
static struct probe_msg sent_probe;

static inline int set_up(void **state)
{
	(void)state;
	server = addr_v4(192, 0, 2, 1, 3478);
	stranger = addr_v4(203, 0, 113, 66, 3478);
	now = 100 * NK_S;
	rng_seed_from_number(&rng, 1);
	exchanges_init(&x, &rng);
	x.rtt = RTT;
	asker_start(&a, CONTROL, &server, &x);
	return crypto_init();
}

static inline bool next(void)
{
	if (!asker_output(&a, &sent, now))
		return false;
	assert_int_equal(sent.kind, ACTION_SEND);
	assert_int_equal(sent.id, CONTROL);
	assert_true(addr_eq(&sent.to, &server));
	assert_int_equal(stun_read(&sent_msg, sent.data, sent.len), 0);
	assert_int_equal(probe_read(&sent_probe, &sent_msg), 0);
	return true;
}

static inline struct msg message(uint16_t method, enum stun_class cls, const uint8_t *tid)
{
	return (struct msg){.method = method, .cls = cls, .tid = tid, .from = server, .round = -1};
}

static inline size_t encode(const struct msg *m, uint8_t *bytes, size_t room)
{
	const struct addr mapped = addr_v4(203, 0, 113, 9, 40000);
	struct wr w = wr_make(bytes, room);

	stun_begin(&w, m->method, m->cls, m->tid);
	if (m->error != 0)
		stun_put_error(&w, m->error, "");
	if (m->cookie)
		probe_put_cookie(&w, COOKIE);
	if (m->token)
		probe_put_token(&w, TOKEN);
	if (m->address)
		stun_put_xor_addr(&w, STUN_XOR_MAPPED_ADDRESS, &mapped);
	if (m->round >= 0)
		probe_put_round(&w, (uint8_t)m->round);
	if (m->trial != 0)
		probe_put_trial(&w, m->trial);
	if (m->state_count > 0)
		probe_put_states(&w, m->states, m->state_count);
	return stun_end(&w) - m->cut;
}

static inline bool control_hears(const struct msg *m)
{
	uint8_t bytes[512];
	const struct event ev = {.kind = EVENT_DATAGRAM,
				 .id = CONTROL,
				 .from = m->from,
				 .data = bytes,
				 .len = encode(m, bytes, sizeof(bytes))};

	return asker_input_control(&a, &ev, now);
}

static inline bool trial_hears(uint32_t trial, const struct msg *m)
{
	uint8_t bytes[512];
	const struct event ev = {.kind = EVENT_DATAGRAM,
				 .id = TRIAL_ON + trial,
				 .from = m->from,
				 .data = bytes,
				 .len = encode(m, bytes, sizeof(bytes))};

	return asker_input_trial(&a, trial, &ev, now);
}

/* A second passes; what is sent is lost. */
static inline void pass(void)
{
	const nk_time end = now + NK_S;

	for (; now < end; now += NK_MS)
		while (next())
			;
}

static inline void session(void)
{
	struct msg m;

	asker_open_session(&a, 3);
	assert_true(next());
	m = message(PROBE_SESSION, STUN_SUCCESS, sent_msg.tid);
	m.token = true;
	m.address = true;
	assert_true(control_hears(&m));
	assert_int_equal(a.mode, ASKER_SERVICE);
}

/* Asks about trials 1 to @count, and leaves the request in @sent. */
static inline void ask(unsigned count, unsigned copies)
{
	struct ask_target targets[PROBE_TRIALS_MAX];

	for (unsigned i = 0; i < count; i++)
		targets[i] = (struct ask_target){
			.trial = i + 1, .socket = TRIAL_ON + i + 1, .port = (uint16_t)(40001 + i)};
	assert_true(asker_ask(&a, targets, count, copies, now));
	assert_true(next());
}

static inline bool acked(void)
{
	const struct msg m = message(PROBE_ASK, STUN_SUCCESS, a.asks[0].tid);

	return control_hears(&m);
}

static inline bool echo(int round)
{
	struct msg m = message(PROBE_ECHO, STUN_INDICATION, a.asks[0].tid);

	m.round = round;
	return control_hears(&m);
}

static inline struct msg copy_of(uint32_t trial, int round)
{
	struct msg m = message(PROBE_COPY, STUN_INDICATION, a.asks[0].tid);

	m.round = round;
	m.trial = trial;
	return m;
}

static inline bool copy(uint32_t trial, int round)
{
	const struct msg m = copy_of(trial, round);

	return trial_hears(trial, &m);
}

static inline void check_verdict(uint32_t trial, enum verdict verdict, const char *why)
{
	struct ask_verdict v;

	assert_true(asker_take(&a, &v, now));
	assert_int_equal(v.trial, trial);
	assert_int_equal(v.verdict, verdict);
	if (why == NULL)
		assert_null(v.why);
	else
		assert_string_equal(v.why, why);
}

static inline void check_no_verdict(void)
{
	struct ask_verdict v;

	assert_false(asker_take(&a, &v, now));
}

#endif
