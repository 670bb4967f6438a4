/*
 * Sessions and trials of the probe service; natkit-protocol(7) specifies it.
 *
 * A session is a control flow that has echoed a cookie. Its token authorises
 * trials, which count only from the session's own IP.
 */
#include <string.h>

#include "core/broker/state.h"
#include "wire/ip.h"

#define CREDIT_MAX (1u << 20)
#define FULL_TOLD  (60 * NK_S) /* after a trial that found no room */

static bool same_client(const struct session *s, const struct request *q)
{
	return addr_same_ip(&s->control, &q->from);
}

static uint64_t new_token(struct broker *b)
{
	uint64_t token;

	do
		rng_bytes(&b->rng, &token, sizeof(token));
	while (token == 0 || store_session(&b->store, token) != NULL);
	return token;
}

static void ask_for_cookie(struct broker *b, const struct request *q)
{
	uint8_t buf[CORE_DATAGRAM_MAX];
	struct wr w = answer_begin(q, STUN_ERROR, buf);

	b->stats.refused_cookie++;
	stun_put_error(&w, PROBE_ERR_COOKIE, "Cookie");
	probe_put_cookie(&w, limits_cookie(&b->limits, &q->from, q->now));
	answer_send(b, q, ANSWER_NO_LONGER, &w);
}

static uint32_t abilities_at(const struct broker *b, const struct request *q)
{
	const bool two = partner_of(&b->config, q->at.id / 2) != NOBODY;

	return PROBE_ABLE_HOLD | PROBE_ABLE_REACH | (two ? PROBE_ABLE_REACH_IP : 0) |
	       (b->icmp[q->at.id / 2] ? PROBE_ABLE_ICMP : 0);
}

static void answer_session(struct broker *b, const struct request *q, const struct session *s)
{
	const struct broker_config *c = &b->config;
	const nk_time keep_s = c->keep / NK_S;
	uint8_t buf[CORE_DATAGRAM_MAX];
	struct wr w = answer_begin(q, STUN_SUCCESS, buf);
	const uint32_t room = store_trial_room(&b->store, s);

	probe_put_token(&w, s->token);
	stun_put_xor_addr(&w, STUN_XOR_MAPPED_ADDRESS, &q->from);
	probe_put_time(&w, (uint64_t)q->now);
	probe_put_limits(&w, (uint16_t)(room < UINT16_MAX ? room : UINT16_MAX),
			 (uint16_t)c->copies_per_s, (uint32_t)keep_s);
	probe_put_abilities(&w, abilities_at(b, q));
	answer_send(b, q, ANSWER_PROVEN, &w);
}

/* A second request with the same id and source is a retransmission. One with another id is a
 * client that starts anew, or another client to whom the NAT has given the port since. */
static void open_session(struct broker *b, const struct request *q)
{
	struct session *s = store_session_of(&b->store, &q->from);

	if (s != NULL && memcmp(s->tid, q->msg->tid, STUN_TID) == 0) {
		answer_session(b, q, s);
		return;
	}
	if (s != NULL)
		store_end_session(&b->store, s);
	s = store_add_session(&b->store, &q->from, new_token(b), q->now);
	if (s == NULL) {
		log_full(b, q->now);
		answer_error(b, q, ANSWER_PROVEN, PROBE_ERR_FULL, "Full");
		return;
	}
	memcpy(s->tid, q->msg->tid, STUN_TID);
	b->stats.sessions_opened++;
	log_event(b, BROKER_SESSION, &q->from, 0);
	answer_session(b, q, s);
}

/* The session that a control request speaks for, or NULL after an error answer. */
static struct session *session_of(struct broker *b, const struct request *q,
				  const struct probe_msg *m)
{
	struct session *s = m->has_token ? store_session(&b->store, m->token) : NULL;

	if (s == NULL || !same_client(s, q)) {
		answer_error(b, q, ANSWER_NO_LONGER, PROBE_ERR_SESSION, "No Session");
		return NULL;
	}
	store_heard(&b->store, s, &q->from, q->now);
	return s;
}

static void end_session(struct broker *b, const struct request *q, const struct probe_msg *m)
{
	struct session *s = session_of(b, q, m);
	uint8_t buf[CORE_DATAGRAM_MAX];
	struct wr w = answer_begin(q, STUN_SUCCESS, buf);

	if (s == NULL)
		return;
	store_end_session(&b->store, s);
	answer_send(b, q, ANSWER_PROVEN, &w);
}

static void session_input(struct broker *b, const struct request *q, const struct probe_msg *m)
{
	if (m->has_token && !m->has_cookie)
		end_session(b, q, m);
	else if (!m->has_cookie || !limits_cookie_ok(&b->limits, &q->from, m->cookie, q->now))
		ask_for_cookie(b, q);
	else
		open_session(b, q);
}

/* A trial that comes from another address, or to another of ours, has to pay and prove anew; it is
 * not held any more. */
static void place_trial(struct broker *b, struct trial *t, const struct request *q)
{
	if (!addr_eq(&t->from, &q->from) || t->at.id != q->at.id) {
		store_release(&b->store, t);
		t->from = q->from;
		t->credit = 0;
		t->proven = false;
	}
	t->at = q->at;
}

static void pay(struct trial *t, const struct request *q)
{
	const uint32_t paid = (uint32_t)(addr_overhead(&q->from) + q->len);

	t->credit = t->credit < CREDIT_MAX ? t->credit + paid : CREDIT_MAX;
}

/* Answers from the endpoint that was asked, with at most what this very request has brought. */
static void reply_to_trial(struct broker *b, const struct request *q, const struct probe_msg *m,
			   struct trial *t)
{
	const bool wants_cookie = m->has_cookie && !t->proven;
	uint8_t buf[CORE_DATAGRAM_MAX];
	struct wr w = answer_begin(q, STUN_SUCCESS, buf);

	probe_put_trial(&w, t->number);
	probe_put_time(&w, (uint64_t)q->now);
	if (wants_cookie)
		probe_put_cookie(&w, limits_cookie(&b->limits, &q->from, q->now));
	if (!answer_send(b, q, ANSWER_NO_LONGER, &w))
		return;
	t->credit -= (uint32_t)(addr_overhead(&q->from) + w.len);
	t->flags |= PROBE_REPLIED;
}

/* The client shall not take it for its NAT's doing. */
static void no_room(struct broker *b, const struct request *q, struct session *s)
{
	s->full_until = q->now + FULL_TOLD;
	log_full(b, q->now);
	if (q->msg->cls == STUN_REQUEST && same_client(s, q))
		answer_error(b, q, ANSWER_NO_LONGER, PROBE_ERR_FULL, "");
}

static void trial_input(struct broker *b, const struct request *q, const struct probe_msg *m)
{
	struct session *s = m->has_token ? store_session(&b->store, m->token) : NULL;
	struct trial *t;

	if (s == NULL || !m->has_trial)
		return;
	t = store_trial(&b->store, s, m->trial);
	if (t == NULL)
		t = store_add_trial(&b->store, s, m->trial, q->now);
	if (t == NULL) {
		no_room(b, q, s);
		return;
	}
	b->stats.trials_seen++;
	t->flags |= PROBE_SEEN;
	t->last_in = q->now;
	t->keep_until = nk_max(t->keep_until, q->now + b->config.keep);
	s->keep_until = nk_max(s->keep_until, t->keep_until);
	if (!same_client(s, q)) {
		t->flags |= PROBE_OTHER_ADDRESS;
		return;
	}
	place_trial(b, t, q);
	pay(t, q);
	if (m->has_cookie && limits_cookie_ok(&b->limits, &q->from, m->cookie, q->now))
		t->proven = true;
	if (q->msg->cls == STUN_REQUEST)
		reply_to_trial(b, q, m, t);
}

struct probe_trial_state probe_trial_state_of(const struct trial *t, uint32_t number)
{
	if (t == NULL)
		return (struct probe_trial_state){.trial = number};
	return (struct probe_trial_state){
		.trial = number,
		.flags = t->flags,
		.port = t->from.port,
		.last_us = (uint64_t)t->last_in,
	};
}

static void status_input(struct broker *b, const struct request *q, const struct probe_msg *m,
			 const struct session *s)
{
	struct probe_trial_state states[PROBE_TRIALS_MAX];
	uint8_t buf[CORE_DATAGRAM_MAX];
	struct wr w = answer_begin(q, STUN_SUCCESS, buf);

	for (unsigned i = 0; i < m->trial_count; i++) {
		const struct trial *t = store_trial(&b->store, s, m->trials[i]);

		states[i] = probe_trial_state_of(t, m->trials[i]);
		if (t == NULL && q->now < s->full_until)
			states[i].flags = PROBE_REFUSED;
	}
	probe_put_states(&w, states, m->trial_count);
	probe_put_time(&w, (uint64_t)q->now);
	answer_send(b, q, ANSWER_PROVEN, &w);
}

static bool reach_is_valid(const struct probe_msg *m)
{
	return m->has_visit && m->visit.port != 0 &&
	       (m->visit.protocol == IP_TCP || m->visit.protocol == IP_UDP);
}

static void control_input(struct broker *b, const struct request *q, const struct probe_msg *m)
{
	const uint16_t method = q->msg->method;
	struct session *s;

	if (method == PROBE_REACH ? !reach_is_valid(m) : m->trial_count == 0) {
		answer_error(b, q, ANSWER_NO_LONGER, 400, "Bad Request");
		return;
	}
	s = session_of(b, q, m);
	if (s == NULL)
		return;
	if (method == PROBE_STATUS)
		status_input(b, q, m, s);
	else if (method == PROBE_ASK)
		probe_ask_input(b, q, m, s);
	else if (method == PROBE_HOLD)
		probe_hold_input(b, q, m, s);
	else
		probe_reach_input(b, q, m, s);
}

void probe_service_input(struct broker *b, const struct request *q)
{
	const uint16_t method = q->msg->method;
	const bool request = q->msg->cls == STUN_REQUEST;
	struct probe_msg m;

	if (probe_read(&m, q->msg) != 0) {
		b->stats.malformed++;
		return;
	}
	if (q->msg->unknown_count > 0) {
		if (request && method != PROBE_TRIAL)
			answer_unknown(b, q, ANSWER_NO_LONGER, q->msg->unknown,
				       q->msg->unknown_count);
		return;
	}
	if (method == PROBE_TRIAL)
		trial_input(b, q, &m);
	else if (request && method == PROBE_SESSION)
		session_input(b, q, &m);
	else if (request && (method == PROBE_STATUS || method == PROBE_ASK ||
			     method == PROBE_HOLD || method == PROBE_REACH))
		control_input(b, q, &m);
}
