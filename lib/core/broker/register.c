/* REGISTER: a cookie, then proof of key, then from time to time the token; natkit-protocol(7). */
#include "core/broker/state.h"

#define FULL_RETRY_MS 10000

static uint64_t new_token(struct broker *b)
{
	uint64_t token;

	do
		rng_bytes(&b->rng, &token, sizeof(token));
	while (token == 0 || registry_of_token(&b->registry, token) != NULL);
	return token;
}

struct listener *listener_of(struct broker *b, const struct request *q,
			     const struct rendezvous_msg *m)
{
	struct listener *l = m->has_token ? registry_of_token(&b->registry, m->token) : NULL;

	return l != NULL && addr_eq(&l->from, &q->from) ? l : NULL;
}

static void refresh(struct broker *b, const struct request *q, const struct rendezvous_msg *m)
{
	struct listener *l = listener_of(b, q, m);
	uint8_t buf[CORE_DATAGRAM_MAX];
	struct wr w = answer_begin(q, STUN_SUCCESS, buf);

	if (l == NULL) {
		answer_error(b, q, ANSWER_NO_LONGER, PROBE_ERR_SESSION, "Not Registered");
		return;
	}
	registry_heard(&b->registry, l, q->now);
	l->at = q->at;
	stun_put_xor_addr(&w, STUN_XOR_MAPPED_ADDRESS, &q->from);
	probe_put_time(&w, (uint64_t)q->now);
	answer_send(b, q, ANSWER_PROVEN, &w);
}

/* Signed for this cookie, this request, and for us: by the address that the client knows us by. */
static bool proves_key(const struct broker *b, const struct request *q,
		       const struct rendezvous_msg *m)
{
	const struct addr here = public_addr_of(b, q);
	uint8_t proof[RENDEZVOUS_PROOF_LEN];

	rendezvous_proof(proof, m->cookie, q->msg->tid, m->key, &here);
	return identity_verify(m->signature, m->key, proof, sizeof(proof));
}

static void answer_registered(struct broker *b, const struct request *q, const struct listener *l)
{
	const nk_time lifetime_s = b->config.registration_keep / NK_S;
	uint8_t buf[CORE_DATAGRAM_MAX];
	struct wr w = answer_begin(q, STUN_SUCCESS, buf);

	probe_put_token(&w, l->token);
	stun_put_xor_addr(&w, STUN_XOR_MAPPED_ADDRESS, &q->from);
	probe_put_time(&w, (uint64_t)q->now);
	stun_put_u32(&w, RENDEZVOUS_ATTR_LIFETIME, (uint32_t)lifetime_s);
	answer_send(b, q, ANSWER_PROVEN, &w);
}

static void prove(struct broker *b, const struct request *q, const struct rendezvous_msg *m)
{
	struct listener *l;

	if (m->key == NULL || m->signature == NULL) {
		answer_error(b, q, ANSWER_PROVEN, 400, "Bad Request");
		return;
	}
	if (!limits_take(&b->limits, LIMIT_PROOF, &q->from, 1, b->config.calls_per_s, q->now)) {
		answer_too_often(b, q);
		return;
	}
	if (!proves_key(b, q, m)) {
		log_proof(b, &q->from, q->now);
		answer_error(b, q, ANSWER_PROVEN, RENDEZVOUS_ERR_PROOF, "Not Proved");
		return;
	}
	b->stats.proofs++;
	l = registry_put(&b->registry, m->key, &q->from, new_token(b), q->now);
	if (l == NULL) {
		log_full(b, q->now);
		answer_retry(b, q, FULL_RETRY_MS);
		return;
	}
	l->at = q->at;
	log_event(b, BROKER_REGISTERED, &q->from, 0);
	answer_registered(b, q, l);
}

void register_input(struct broker *b, const struct request *q, const struct rendezvous_msg *m)
{
	if (m->has_token && !m->has_cookie)
		refresh(b, q, m);
	else if (!m->has_cookie || !limits_cookie_ok(&b->limits, &q->from, m->cookie, q->now))
		answer_cookie(b, q);
	else
		prove(b, q, m);
}
