/*
 * RING, ANSWER and RELAY: what listeners and callers say to each other through the
 * broker, which keeps nothing of it (ticket.h); natkit-protocol(7) specifies it.
 *
 * Whoever rings learns nothing of the key: the acknowledgement leaves first, and the
 * same work is done whether or not there is somebody to pass the call on to.
 */
#include "core/broker/ticket.h"

#include "core/broker/state.h"

#define RATE_RETRY_MS 1000

void answer_cookie(struct broker *b, const struct request *q)
{
	uint8_t buf[CORE_DATAGRAM_MAX];
	struct wr w = answer_begin(q, STUN_ERROR, buf);

	b->stats.refused_cookie++;
	stun_put_error(&w, PROBE_ERR_COOKIE, "Cookie");
	probe_put_cookie(&w, limits_cookie(&b->limits, &q->from, q->now));
	stun_put_xor_addr(&w, STUN_XOR_MAPPED_ADDRESS, &q->from);
	probe_put_time(&w, (uint64_t)q->now);
	answer_send(b, q, ANSWER_NO_LONGER, &w);
}

void answer_retry(struct broker *b, const struct request *q, uint32_t retry_ms)
{
	uint8_t buf[CORE_DATAGRAM_MAX];
	struct wr w = answer_begin(q, STUN_ERROR, buf);

	stun_put_error(&w, PROBE_ERR_FULL, "Full");
	stun_put_u32(&w, RENDEZVOUS_ATTR_RETRY, retry_ms);
	answer_send(b, q, ANSWER_PROVEN, &w);
}

void answer_too_often(struct broker *b, const struct request *q)
{
	log_rate(b, &q->from, q->now);
	answer_retry(b, q, RATE_RETRY_MS);
}

/* An indication that carries the BODY of @q on to somebody else. */
static struct wr pass_on_begin(const struct request *q, uint16_t method,
			       uint8_t buf[static CORE_DATAGRAM_MAX])
{
	struct wr w = wr_make(buf, CORE_DATAGRAM_MAX);

	stun_begin(&w, method, STUN_INDICATION, q->msg->tid);
	return w;
}

static uint64_t token_of(const struct broker *b, const struct listener *l)
{
	return registry_token(&b->registry, l->key, &l->from);
}

/* To the listener, with all that it needs to answer @q's sender. */
static void put_caller(struct wr *w, const struct broker *b, const struct request *q,
		       const struct listener *l)
{
	uint8_t ticket[RENDEZVOUS_TICKET];

	ticket_make(ticket, b->ticket_key, token_of(b, l), &q->from, &q->at, q->now);
	rendezvous_put_from(w, &q->from);
	rendezvous_put_ticket(w, ticket);
}

/* Towards the caller: a ticket that is fresh again. */
static void put_ticket(struct wr *w, const struct broker *b, const struct listener *l,
		       const struct addr *caller, const struct endpoint *at, nk_time now)
{
	uint8_t ticket[RENDEZVOUS_TICKET];

	ticket_make(ticket, b->ticket_key, token_of(b, l), caller, at, now);
	rendezvous_put_ticket(w, ticket);
}

static void acknowledge(struct broker *b, const struct request *q)
{
	uint8_t buf[CORE_DATAGRAM_MAX];
	struct wr w = answer_begin(q, STUN_SUCCESS, buf);

	stun_put_xor_addr(&w, STUN_XOR_MAPPED_ADDRESS, &q->from);
	probe_put_time(&w, (uint64_t)q->now);
	answer_send(b, q, ANSWER_PROVEN, &w);
}

static void call(struct broker *b, const struct request *q, const struct rendezvous_msg *m)
{
	static const struct listener nobody;
	const struct listener *l = registry_find(&b->registry, m->key);
	const bool allowed = limits_take_key(&b->limits, LIMIT_CALLED, m->key,
					     BROKER_CALLS_PER_KEY * b->config.calls_per_s, q->now);
	uint8_t buf[CORE_DATAGRAM_MAX];
	struct wr w = pass_on_begin(q, RENDEZVOUS_CALL, buf);

	put_caller(&w, b, q, l != NULL ? l : &nobody);
	probe_put_time(&w, (uint64_t)q->now);
	rendezvous_put_body(&w, m->body, m->body_len);
	if (l == NULL || !allowed)
		return;
	b->stats.calls++;
	answer_pass_on(b, registry_endpoint(&b->registry, l), &l->from, &w);
}

static void ring_input(struct broker *b, const struct request *q, const struct rendezvous_msg *m)
{
	if (!m->has_cookie || !limits_cookie_ok(&b->limits, &q->from, m->cookie, q->now)) {
		answer_cookie(b, q);
		return;
	}
	if (m->key == NULL || m->body_len == 0) {
		answer_error(b, q, ANSWER_PROVEN, 400, "Bad Request");
		return;
	}
	if (!limits_take(&b->limits, LIMIT_RING, &q->from, 1, b->config.calls_per_s, q->now)) {
		answer_too_often(b, q);
		return;
	}
	b->stats.rings++;
	acknowledge(b, q);
	call(b, q, m);
}

static void pass_answer(struct broker *b, const struct request *q, const struct rendezvous_msg *m,
			const struct listener *l, const struct endpoint *at)
{
	const bool relay = b->config.relays_per_s > 0 && (m->flags & RENDEZVOUS_RELAY_OK) != 0;
	uint8_t buf[CORE_DATAGRAM_MAX];
	struct wr w = pass_on_begin(q, RENDEZVOUS_ANSWER, buf);

	probe_put_time(&w, (uint64_t)q->now);
	rendezvous_put_from(&w, &l->from);
	if (relay) {
		stun_put_u32(&w, RENDEZVOUS_ATTR_FLAGS, RENDEZVOUS_RELAY_OK);
		put_ticket(&w, b, l, &m->from, at, q->now);
	}
	rendezvous_put_body(&w, m->body, m->body_len);
	b->stats.answers++;
	answer_pass_on(b, at, &m->from, &w);
}

static bool ticket_ok(struct broker *b, const struct request *q, const struct rendezvous_msg *m,
		      const struct listener *l, const struct addr *caller, struct endpoint *at)
{
	if (m->ticket != NULL &&
	    ticket_read(at, m->ticket, b->ticket_key, token_of(b, l), caller, q->now))
		return true;
	b->stats.refused_ticket++;
	return false;
}

static void answer_input(struct broker *b, const struct request *q, const struct rendezvous_msg *m)
{
	const struct listener *l = listener_of(b, q, m);
	struct endpoint at;

	if (l == NULL)
		answer_error(b, q, ANSWER_NO_LONGER, PROBE_ERR_SESSION, "Not Registered");
	else if (m->body_len == 0)
		answer_error(b, q, ANSWER_PROVEN, 400, "Bad Request");
	else if (!ticket_ok(b, q, m, l, &m->from, &at))
		answer_error(b, q, ANSWER_PROVEN, RENDEZVOUS_ERR_PROOF, "Ticket");
	else if (!limits_take_key(&b->limits, LIMIT_ANSWER, l->key,
				  BROKER_CALLS_PER_KEY * b->config.calls_per_s, q->now))
		answer_too_often(b, q);
	else {
		acknowledge(b, q);
		pass_answer(b, q, m, l, &at);
	}
}

static bool may_relay(struct broker *b, const struct request *q)
{
	if (limits_take(&b->limits, LIMIT_RELAY, &q->from, 1, b->config.relays_per_s, q->now)) {
		b->stats.relayed++;
		return true;
	}
	if (b->config.relays_per_s > 0)
		log_rate(b, &q->from, q->now);
	return false;
}

static void relay_to_caller(struct broker *b, const struct request *q,
			    const struct rendezvous_msg *m)
{
	const struct listener *l = listener_of(b, q, m);
	uint8_t buf[CORE_DATAGRAM_MAX];
	struct wr w = pass_on_begin(q, RENDEZVOUS_RELAY, buf);
	struct endpoint at;

	if (l == NULL || !ticket_ok(b, q, m, l, &m->from, &at) || !may_relay(b, q))
		return;
	put_ticket(&w, b, l, &m->from, &at, q->now);
	rendezvous_put_body(&w, m->body, m->body_len);
	answer_pass_on(b, &at, &m->from, &w);
}

/* The ticket was sent to that address, and so is the proof of it too. */
static void relay_to_listener(struct broker *b, const struct request *q,
			      const struct rendezvous_msg *m)
{
	const struct listener *l = registry_find(&b->registry, m->key);
	uint8_t buf[CORE_DATAGRAM_MAX];
	struct wr w = pass_on_begin(q, RENDEZVOUS_RELAY, buf);
	struct endpoint at;

	if (l == NULL || !ticket_ok(b, q, m, l, &q->from, &at) || !may_relay(b, q))
		return;
	put_caller(&w, b, q, l);
	rendezvous_put_body(&w, m->body, m->body_len);
	answer_pass_on(b, registry_endpoint(&b->registry, l), &l->from, &w);
}

static void relay_input(struct broker *b, const struct request *q, const struct rendezvous_msg *m)
{
	if (m->body_len == 0)
		return;
	if (m->has_token)
		relay_to_caller(b, q, m);
	else if (m->key != NULL)
		relay_to_listener(b, q, m);
}

void rendezvous_input(struct broker *b, const struct request *q)
{
	const bool request = q->msg->cls == STUN_REQUEST;
	struct rendezvous_msg m;

	if (rendezvous_read(&m, q->msg) != 0)
		b->stats.malformed++;
	else if (q->msg->unknown_count > 0 && request)
		answer_unknown(b, q, ANSWER_NO_LONGER, q->msg->unknown, q->msg->unknown_count);
	else if (q->msg->unknown_count > 0)
		return;
	else if (request && q->msg->method == RENDEZVOUS_REGISTER)
		register_input(b, q, &m);
	else if (request && q->msg->method == RENDEZVOUS_RING)
		ring_input(b, q, &m);
	else if (request && q->msg->method == RENDEZVOUS_ANSWER)
		answer_input(b, q, &m);
	else if (!request && q->msg->method == RENDEZVOUS_RELAY)
		relay_input(b, q, &m);
}
