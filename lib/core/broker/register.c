/* REGISTER: a cookie, then proof of key, then from time to time the token; natkit-protocol(7). */
#include "core/broker/state.h"
#include "core/keepalive/keepalive.h"

#define FULL_RETRY_MS     10000
#define DRAINING_RETRY_MS 10000

struct listener *listener_of(struct broker *b, const struct request *q,
			     const struct rendezvous_msg *m)
{
	struct listener *l = m->has_token ? registry_at(&b->registry, &q->from) : NULL;

	if (l == NULL || m->token != registry_token(&b->registry, l->key, &l->from))
		return NULL;
	registry_heard(l, false, q->now);
	return l;
}

/* Both sides count frames from here on: @q->now is the TIME that the client is told. */
static void start_frames(struct listener *l, const struct request *q)
{
	l->sent = l->counted = keepalive_counter_at((uint64_t)q->now);
}

/* We are behind no NAT: what the client wants, within bounds, so that who is silent is held for an
 * hour at most. With turns its own packets are twice as far apart. */
static void agree(struct broker *b, const struct request *q, const struct rendezvous_msg *m,
		  struct listener *l)
{
	static const struct keepalive_offer ours = {
		.wish = {{KEEPALIVE_LEARNED, 1, 1200},
			 {KEEPALIVE_TURNS, 1, 600},
			 {KEEPALIVE_FIXED, 1, 1200}},
		.count = 3,
		.lower_s = KEEPALIVE_NO_NAT,
	};
	struct keepalive_offer theirs;
	struct keepalive_terms terms;

	if (m->keepalive == NULL ||
	    keepalive_offer_read(&theirs, m->keepalive, m->keepalive_len) != 0)
		return;
	terms = keepalive_agree(&theirs, &ours);
	registry_agree(&b->registry, l, &terms, q->now);
}

/* @l is registered, and has just shown that it is where it says: it is told all that it needs. */
static void answer_registered(struct broker *b, const struct request *q,
			      const struct rendezvous_msg *m, struct listener *l)
{
	uint8_t buf[CORE_DATAGRAM_MAX];
	struct wr w = answer_begin(q, STUN_SUCCESS, buf);

	start_frames(l, q);
	agree(b, q, m, l);
	probe_put_token(&w, registry_token(&b->registry, l->key, &l->from));
	stun_put_xor_addr(&w, STUN_XOR_MAPPED_ADDRESS, &q->from);
	probe_put_time(&w, (uint64_t)q->now);
	stun_put_u32(&w, RENDEZVOUS_ATTR_LIFETIME,
		     (uint32_t)(registry_lifetime(&b->registry, l) / NK_S));
	rendezvous_put_keepalive(&w, l->terms, sizeof(l->terms));
	answer_send(b, q, ANSWER_PROVEN, &w);
}

static void answer_full(struct broker *b, const struct request *q)
{
	log_full(b, q->now);
	answer_retry(b, q, FULL_RETRY_MS);
}

static void enroll(struct broker *b, const struct request *q, const struct rendezvous_msg *m)
{
	struct listener *l = registry_put(&b->registry, m->key, &q->from, &q->at, q->now);

	if (l == NULL) {
		answer_full(b, q);
		return;
	}
	log_event(b, BROKER_REGISTERED, &q->from, 0);
	answer_registered(b, q, m, l);
}

/* The token was given to this key at this address, after a proof: who still has it needs no other,
 * unless the key has gone elsewhere, or another has come to the address: a token may be old. */
static bool is_ticket(const struct broker *b, const struct request *q,
		      const struct rendezvous_msg *m)
{
	return m->key != NULL && m->token == registry_token(&b->registry, m->key, &q->from) &&
	       registry_find(&b->registry, m->key) == NULL &&
	       registry_at(&b->registry, &q->from) == NULL;
}

static void refresh(struct broker *b, const struct request *q, const struct rendezvous_msg *m)
{
	struct listener *l = listener_of(b, q, m);

	if (l != NULL && !registry_contacts(&b->registry, l, &q->at)) {
		answer_full(b, q);
	} else if (l != NULL) {
		b->stats.refreshes++;
		answer_registered(b, q, m, l);
	} else if (!is_ticket(b, q, m)) {
		b->stats.tickets_refused += m->key != NULL;
		answer_error(b, q, ANSWER_NO_LONGER, PROBE_ERR_SESSION, "Not Registered");
	} else if (is_draining(b)) {
		answer_retry(b, q, DRAINING_RETRY_MS);
	} else {
		b->stats.tickets_taken++;
		enroll(b, q, m);
	}
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

static void prove(struct broker *b, const struct request *q, const struct rendezvous_msg *m)
{
	if (!proves_key(b, q, m)) {
		log_proof(b, &q->from, q->now);
		answer_error(b, q, ANSWER_PROVEN, RENDEZVOUS_ERR_PROOF, "Not Proved");
		return;
	}
	b->stats.proofs++;
	enroll(b, q, m);
}

bool register_prove_next(struct broker *b, nk_time now)
{
	const struct proof *p = proofs_take(&b->proofs, now);
	struct rendezvous_msg m;
	struct stun_msg msg;
	struct request q;

	if (p == NULL)
		return false;
	request_init(&q, b, &p->ev, now);
	q.msg = &msg;
	if (stun_read(&msg, p->ev.data, p->ev.len) == 0 && rendezvous_read(&m, &msg) == 0)
		prove(b, &q, &m);
	return true;
}

static void queue_proof(struct broker *b, const struct request *q, const struct rendezvous_msg *m)
{
	if (m->key == NULL || m->signature == NULL || q->len > PROOFS_BYTES) {
		answer_error(b, q, ANSWER_PROVEN, 400, "Bad Request");
	} else if (!limits_take(&b->limits, LIMIT_PROOF, &q->from, 1, b->config.calls_per_s,
				q->now)) {
		answer_too_often(b, q);
	} else if (is_draining(b)) {
		answer_retry(b, q, DRAINING_RETRY_MS);
	} else if (!proofs_put(&b->proofs, q->ev, q->now)) {
		b->stats.proofs_put_off++;
		answer_retry(b, q, (uint32_t)(proofs_put_off(&b->proofs, q->now) / NK_MS));
	}
}

void register_input(struct broker *b, const struct request *q, const struct rendezvous_msg *m)
{
	if (m->has_token && !m->has_cookie)
		refresh(b, q, m);
	else if (!m->has_cookie || !limits_cookie_ok(&b->limits, &q->from, m->cookie, q->now))
		answer_cookie(b, q);
	else
		queue_proof(b, q, m);
}
