/*
 * Two sessions and the link between them, in virtual time: packets are delayed, lost, doubled
 * and reordered as a seed has it. Side 0 is the caller. Each side's owner sends numbered messages
 * as fast as there is room, and checks that those of the other come once and in order.
 */
#ifndef TESTS_UNIT_SESSION_RIG_H
#define TESTS_UNIT_SESSION_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/session/session.h"

#define RIG_PACKETS    1024
#define RIG_SOCKET     7
#define RIG_OTHER      8

#define RIG_OPENER_TTL 3

struct rig_packet {
	nk_time at;
	unsigned serial;
	unsigned to; /* side */
	uint32_t id;
	struct addr from, dest;
	size_t len;
	uint8_t bytes[CORE_DATAGRAM_MAX];
};

/**
 * struct rig_side - A session and its owner
 * @at, @other:	Where it is seen by the other, by its two sockets
 * @cut:	Nothing of it arrives
 * @to_send, @sent, @taken: Messages
 * @lazy:	Probability that a message is not taken yet; the owner looks again after 10 ms
 * @closes:	Closes after its messages
 */
struct rig_side {
	struct session *session;
	struct rng rng;
	struct addr at, other;
	bool cut;
	unsigned to_send, sent, taken;
	double lazy;
	nk_time look;
	bool closes;
	unsigned doubted, lost, changed, closed, datagrams;
	size_t last_len;
};

struct rig {
	struct rig_side side[2];
	struct rng rng;
	nk_time now, delay, jitter;
	double loss, doubled;
	bool (*drops)(const struct rig_packet *p);
	bool relayed;
	struct rig_packet packet[RIG_PACKETS]; /* under way */
	unsigned count, posted;
	struct rig_packet last[2]; /* that each side sent */
	size_t longest;
	unsigned sent[2];
};

static inline struct noise_keys rig_keys(uint8_t call)
{
	struct noise_keys k;

	memset(&k, call, sizeof(k));
	k.callee_to_caller[0] ^= 0x80;
	return k;
}

/* Agreed on 15 s, and offered by both: the default. */
static inline struct session_keepalive rig_keepalive(enum keepalive_algorithm algorithm)
{
	return (struct session_keepalive){
		.terms = {.algorithm = (uint8_t)algorithm, .interval_s = 15},
		.ours = keepalive_default_offer(),
		.opener_ttl = RIG_OPENER_TTL,
	};
}

static inline struct session_config rig_config(bool caller)
{
	return (struct session_config){
		.keys = rig_keys(1),
		.caller = caller,
		.index = caller ? 100 : 200,
		.peer_index = caller ? 200 : 100,
		.keepalive = rig_keepalive(KEEPALIVE_FIXED),
	};
}

static inline void rig_set_paths(struct rig *g)
{
	for (unsigned i = 0; i < 2; i++)
		session_set_path(g->side[i].session, g->relayed ? SESSION_VIA_RELAY : RIG_SOCKET,
				 &g->side[!i].at, g->now);
}

/* Both sides, without a path, by their algorithm; the clock begins at an hour. */
static inline void rig_begin_by(struct rig *g, uint64_t seed, enum keepalive_algorithm algorithm)
{
	assert_int_equal(crypto_init(), 0);
	memset(g, 0, sizeof(*g));
	rng_seed_from_number(&g->rng, seed);
	g->now = 3600 * NK_S;
	g->delay = 20 * NK_MS;
	for (unsigned i = 0; i < 2; i++) {
		struct rig_side *s = &g->side[i];
		struct session_config config = rig_config(i == 0);

		config.keepalive = rig_keepalive(algorithm);
		rng_seed_from_number(&s->rng, 2 * seed + i);
		s->session = session_new(&config, &s->rng, g->now);
		assert_non_null(s->session);
		s->at = addr_v4(192, 0, 2, (uint8_t)(1 + i), 4000);
		s->other = addr_v4(198, 51, 100, (uint8_t)(1 + i), 4000);
		s->look = NK_NEVER;
	}
}

static inline void rig_begin(struct rig *g, uint64_t seed)
{
	rig_begin_by(g, seed, KEEPALIVE_FIXED);
}

static inline void rig_end(struct rig *g)
{
	for (unsigned i = 0; i < 2; i++)
		session_free(g->side[i].session);
}

/* Puts a packet under way to @to, @after from now. */
static inline void rig_post(struct rig *g, const struct rig_packet *p, nk_time after)
{
	assert_in_range(g->count, 0, RIG_PACKETS - 1);
	g->packet[g->count] = *p;
	g->packet[g->count].serial = g->posted++;
	g->packet[g->count++].at = g->now + after;
}

static inline nk_time rig_travel(struct rig *g)
{
	return g->delay + (nk_time)(rng_unit(&g->rng) * (double)g->jitter);
}

static inline bool rig_hears(struct rig *g, const struct rig_packet *p)
{
	const struct event ev = {
		.kind = EVENT_DATAGRAM,
		.id = p->id,
		.from = p->from,
		.data = p->bytes,
		.len = p->len,
	};

	return session_input(g->side[p->to].session, &ev, g->now);
}

/* The @i-th message of a side: of any length, and some empty. */
static inline size_t rig_write(uint8_t out[static SESSION_MESSAGE_MAX], unsigned from, unsigned i)
{
	memset(out, (int)(i & 0xff), SESSION_MESSAGE_MAX);
	memcpy(out, &from, 4);
	memcpy(out + 4, &i, 4);
	return i % 11 == 5 ? 0 : i % 7 == 3 ? SESSION_MESSAGE_MAX : 8 + i * 37 % 900;
}

static inline void rig_take_message(struct rig *g, unsigned i, const struct session_news *news)
{
	struct rig_side *s = &g->side[i];
	uint8_t want[SESSION_MESSAGE_MAX];
	const size_t len = rig_write(want, !i, s->taken);

	if (news->len != len || memcmp(news->data, want, len) != 0)
		fail_msg("message %u of side %u is wrong", s->taken, !i);
	s->taken++;
	session_took(s->session);
}

static inline void rig_news(struct rig *g, unsigned i)
{
	struct rig_side *s = &g->side[i];
	struct session_news news;

	s->look = NK_NEVER;
	while (session_next(s->session, &news)) {
		s->last_len = news.len;
		switch (news.kind) {
		case SESSION_MESSAGE:
			if (rng_unit(&g->rng) < s->lazy) {
				s->look = g->now + 10 * NK_MS;
				return;
			}
			rig_take_message(g, i, &news);
			break;
		case SESSION_DATAGRAM:
			s->datagrams++;
			break;
		case SESSION_PATH_DOUBTED:
			s->doubted++;
			break;
		case SESSION_PATH_LOST:
			s->lost++;
			break;
		case SESSION_PATH_CHANGED:
			s->changed++;
			break;
		case SESSION_CLOSED:
			assert_int_equal(s->taken, g->side[!i].sent);
			s->closed++;
			break;
		}
	}
}

static inline void rig_owner(struct rig *g, unsigned i)
{
	struct rig_side *s = &g->side[i];
	uint8_t bytes[SESSION_MESSAGE_MAX];

	rig_news(g, i);
	while (s->sent < s->to_send && session_has_room(s->session)) {
		const size_t len = rig_write(bytes, i, s->sent++);

		assert_int_equal(session_send_message(s->session, bytes, len), 0);
	}
	if (s->closes && s->sent == s->to_send) {
		session_close(s->session);
		s->closes = false;
	}
}

/* What a side sends, as it is seen on its way. */
static inline struct rig_packet rig_packet_of(const struct rig *g, unsigned i,
					      const struct action *action)
{
	const struct rig_side *s = &g->side[i], *peer = &g->side[!i];
	struct rig_packet p = {.to = !i, .dest = action->to, .len = action->len};

	assert_int_equal(action->kind, ACTION_SEND);
	p.from = action->id == RIG_OTHER ? s->other : s->at;
	p.id = g->relayed                       ? SESSION_VIA_RELAY
	       : addr_eq(&p.dest, &peer->other) ? RIG_OTHER
						: RIG_SOCKET;
	memcpy(p.bytes, action->data, action->len);
	return p;
}

/* The next packet of a side, which nobody else gets. */
static inline struct rig_packet rig_next_output(struct rig *g, unsigned i)
{
	static struct action action;

	assert_true(session_output(g->side[i].session, &action, g->now));
	return rig_packet_of(g, i, &action);
}

/* Has a side send a packet that is no keepalive frame, which is held back. */
static inline struct rig_packet rig_held_back(struct rig *g, unsigned i)
{
	struct rig_packet p;

	assert_int_equal(session_send_datagram(g->side[i].session, "held", 4), 0);
	do
		p = rig_next_output(g, i);
	while (p.len == KEEPALIVE_LEN);
	return p;
}

static inline bool rig_arrives(const struct rig *g, const struct rig_packet *p)
{
	const struct rig_side *to = &g->side[p->to];

	return !g->side[!p->to].cut && (g->drops == NULL || !g->drops(p)) &&
	       (g->relayed || addr_eq(&p->dest, &to->at) || addr_eq(&p->dest, &to->other));
}

static inline void rig_output(struct rig *g, unsigned i)
{
	static struct action action;

	rig_owner(g, i);
	while (session_output(g->side[i].session, &action, g->now)) {
		struct rig_packet *p = &g->last[i];

		*p = rig_packet_of(g, i, &action);
		g->sent[i]++;
		g->longest = action.len > g->longest ? action.len : g->longest;
		if (!rig_arrives(g, p))
			continue;
		if (rng_unit(&g->rng) >= g->loss)
			rig_post(g, p, rig_travel(g));
		if (rng_unit(&g->rng) < g->doubled)
			rig_post(g, p, rig_travel(g));
	}
}

static inline nk_time rig_next(const struct rig *g)
{
	nk_time next = NK_NEVER;

	for (unsigned i = 0; i < 2; i++) {
		next = nk_min(next, session_deadline(g->side[i].session));
		next = nk_min(next, g->side[i].look);
	}
	for (unsigned i = 0; i < g->count; i++)
		next = nk_min(next, g->packet[i].at);
	return next;
}

/* The packet that is first to arrive by now, or NULL. */
static inline struct rig_packet *rig_first(struct rig *g)
{
	struct rig_packet *first = NULL;

	for (unsigned i = 0; i < g->count; i++) {
		struct rig_packet *p = &g->packet[i];

		if (p->at <= g->now && (first == NULL || p->at < first->at ||
					(p->at == first->at && p->serial < first->serial)))
			first = p;
	}
	return first;
}

static inline void rig_deliver(struct rig *g)
{
	struct rig_packet *p;

	while ((p = rig_first(g)) != NULL) {
		rig_hears(g, p);
		rig_owner(g, p->to);
		*p = g->packet[--g->count];
	}
}

/* Until nothing is due before @for_long from now, and the clock stands there. */
static inline void rig_run(struct rig *g, nk_time for_long)
{
	const nk_time end = g->now + for_long;

	for (;;) {
		nk_time next;

		rig_output(g, 0);
		rig_output(g, 1);
		next = rig_next(g);
		if (next > end)
			break;
		assert_true(next > g->now || g->count > 0);
		g->now = nk_max(next, g->now);
		rig_deliver(g);
	}
	rig_news(g, 0);
	rig_news(g, 1);
	g->now = end;
}

static inline const struct session_stats *rig_stats(const struct rig *g, unsigned i)
{
	return session_stats(g->side[i].session);
}

static struct rig g;

static inline int rig_set_up(void **state)
{
	(void)state;
	rig_begin(&g, 1);
	rig_set_paths(&g);
	return 0;
}

static inline int rig_set_up_and_talk(void **state)
{
	rig_set_up(state);
	rig_run(&g, 200 * NK_MS);
	return 0;
}

static inline int rig_tear_down(void **state)
{
	(void)state;
	rig_end(&g);
	return 0;
}

/* A test in which @g has paths; and one in which both sides have heard each other by them. */
#define with_rig(test) cmocka_unit_test_setup_teardown(test, rig_set_up, rig_tear_down)
#define with_talking_rig(test) \
	cmocka_unit_test_setup_teardown(test, rig_set_up_and_talk, rig_tear_down)

#endif
