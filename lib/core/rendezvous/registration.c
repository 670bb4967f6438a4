#include "core/rendezvous/registration.h"

#include <stdlib.h>
#include <string.h>

#include "core/keepalive/back_off.h"
#include "core/rendezvous/asking.h"
#include "core/rendezvous/broker_flow.h"
#include "core/rendezvous/way_back.h"

#define SILENT_TRIES 6 /* without an answer, and the broker is called silent */
#define RETRY_MIN    NK_S
#define RETRY_MAX    (60 * NK_S)
#define REFUSED_WAIT (10 * NK_S) /* for what cannot get better by itself */

/**
 * struct registration - What is known, and what is to be sent
 * @asking:	The REGISTER that is due next; while one is, there are no frames
 * @flow:	Frames, by @terms; @offer: what we want of them; @silence: after which an answer was missing, or 0
 * @token:	0: we are not registered, as far as we know; @cookie likewise
 * @rings, @relayed: Not yet taken
 */
struct registration {
	struct broker_link link;
	const struct identity *us;
	enum registration_state state;
	struct asking asking;
	uint64_t cookie, token;
	struct addr mapped;
	struct broker_flow flow;
	struct keepalive_terms terms;
	struct keepalive_offer offer;
	nk_time silence;
	struct rungs rings, relayed;
	struct way_back back;
};

struct registration *registration_new(const struct registration_config *config, struct rng *rng,
				      nk_time now)
{
	struct registration *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->link = (struct broker_link){
		.socket = config->socket, .broker = config->broker, .rng = rng};
	r->us = config->identity;
	r->offer = broker_flow_offer(&config->offer);
	asking_wait(&r->asking, now);
	way_back_init(&r->back);
	return r;
}

void registration_free(struct registration *r)
{
	free(r);
}

static void refused(struct registration *r, uint16_t error, const struct rendezvous_msg *m,
		    nk_time now)
{
	const nk_time retry = (nk_time)m->retry_ms * NK_MS;

	r->state = REGISTRATION_TRYING;
	if (error == PROBE_ERR_FULL) { /* the token may be good by then */
		asking_wait(&r->asking, now + nk_max(RETRY_MIN, nk_min(retry, RETRY_MAX)));
		return;
	}
	r->token = 0;
	switch (error) {
	case PROBE_ERR_COOKIE:
		r->cookie = m->cookie;
		asking_again(&r->asking, now);
		break;
	case PROBE_ERR_SESSION:
		asking_again(&r->asking, now);
		break;
	default:
		r->cookie = 0;
		asking_wait(&r->asking, now + REFUSED_WAIT);
	}
}

/* A NAT that has given us another address has forgotten us, or was started anew. */
static void look_at_address(struct registration *r, const struct addr *mapped, nk_time now)
{
	const bool moved = addr_family(&r->mapped) != ADDR_NONE && !addr_eq(&r->mapped, mapped);

	r->mapped = *mapped;
	if (moved && r->silence > 0 && r->flow.up &&
	    keepalive_back_off(&r->offer, &r->terms, r->silence))
		asking_wait(&r->asking, now);
	r->silence = 0;
}

/* By frames, if the broker has said how; else by asking it again. */
static void keep(struct registration *r, const struct rendezvous_msg *m, nk_time now)
{
	const nk_time lifetime = m->lifetime_s > 0 ? m->lifetime_s * NK_S : NK_NEVER;

	r->flow.up = false;
	r->terms = (struct keepalive_terms){.algorithm = KEEPALIVE_NONE};
	if (m->keepalive == NULL || !m->has_time ||
	    keepalive_terms_read(&r->terms, m->keepalive, m->keepalive_len) != 0) {
		asking_wait(&r->asking, now + nk_min(KEEPALIVE_INTERVAL, lifetime / 3));
		return;
	}
	r->terms = keepalive_check(&r->terms, &r->offer);
	broker_flow_start(&r->flow, &r->terms, r->token, m->time_us, &r->link, now);
	asking_wait(&r->asking, NK_NEVER);
}

static void registered(struct registration *r, const struct stun_msg *msg,
		       const struct rendezvous_msg *m, nk_time now)
{
	if (m->has_token)
		r->token = m->token;
	if (r->token == 0)
		return;
	r->state = REGISTRATION_HELD;
	keep(r, m, now);
	look_at_address(r, &msg->xor_mapped, now);
}

static void register_response(struct registration *r, const struct stun_msg *msg,
			      const struct rendezvous_msg *m, nk_time now)
{
	if (!asking_is_answered(&r->asking, &r->link, RENDEZVOUS_REGISTER, msg, m, now))
		return;
	if (msg->cls == STUN_SUCCESS)
		registered(r, msg, m, now);
	else
		refused(r, msg->error, m, now);
}

static void passed_on(struct rungs *to, const struct rendezvous_msg *m)
{
	if (m->body != NULL && m->ticket != NULL && addr_family(&m->from) != ADDR_NONE)
		rungs_put(to, &m->from, m->ticket, m->body, m->body_len);
}

/* What a caller's side is told on the same socket is not taken. */
bool registration_input(struct registration *r, const struct event *ev, nk_time now)
{
	struct rendezvous_msg m;
	struct stun_msg msg;

	if (ev->kind == EVENT_RESUMED || ev->kind == EVENT_NETWORK)
		registration_refresh(r, now); /* the NAT has not slept, or is another one */
	if (broker_flow_input(&r->flow, &r->link, ev, now))
		return true;
	if (!broker_link_read(&r->link, ev, &msg, &m))
		return false;
	if (msg.method == RENDEZVOUS_REGISTER)
		register_response(r, &msg, &m, now);
	else if (msg.method == RENDEZVOUS_ANSWER && msg.cls != STUN_INDICATION)
		way_back_input(&r->back, &r->link, &msg, &m, now);
	else if (msg.method == RENDEZVOUS_CALL)
		passed_on(&r->rings, &m);
	else if (msg.method == RENDEZVOUS_RELAY && addr_family(&m.from) != ADDR_NONE)
		passed_on(&r->relayed, &m);
	else
		return false;
	return true;
}

static void put_offer(struct wr *w, const struct registration *r)
{
	uint8_t offer[KEEPALIVE_OFFER_MAX];

	rendezvous_put_keepalive(w, offer, keepalive_offer_write(offer, &r->offer));
}

/* A broker that was started anew takes the token, with the key, for a proof. */
static void put_token(struct wr *w, const struct registration *r)
{
	probe_put_token(w, r->token);
	rendezvous_put_key(w, r->us->sign_public);
	put_offer(w, r);
}

static void put_proof(struct wr *w, const struct registration *r, const uint8_t *tid)
{
	const struct identity *us = r->us;
	uint8_t proof[RENDEZVOUS_PROOF_LEN], signature[CRYPTO_SIGNATURE];

	rendezvous_proof(proof, r->cookie, tid, us->sign_public, &r->link.broker);
	identity_sign(signature, us, proof, sizeof(proof));
	probe_put_cookie(w, r->cookie);
	rendezvous_put_key(w, us->sign_public);
	rendezvous_put_signature(w, signature);
	put_offer(w, r);
}

static void send_register(struct registration *r, struct action *action, nk_time now)
{
	const uint8_t *tid = asking_send(&r->asking, &r->link, now);
	struct wr w = broker_link_begin(&r->link, action, RENDEZVOUS_REGISTER, STUN_REQUEST, tid);

	if (r->token != 0)
		put_token(&w, r);
	else if (r->cookie != 0)
		put_proof(&w, r, tid);
	else
		stun_pad_to(&w, RENDEZVOUS_ASK_LEN);
	broker_link_end(action, &w);
	if (r->asking.tries >= SILENT_TRIES)
		r->state = REGISTRATION_SILENT;
}

/* A frame, or the long hello where one was not answered. */
static bool output_keepalive(struct registration *r, struct action *action, nk_time now)
{
	if (r->asking.due == NK_NEVER) {
		const nk_time silence = now - r->flow.keepalive.heard;
		const enum broker_flow_need need =
			broker_flow_output(&r->flow, &r->link, action, now);

		if (need == BROKER_FLOW_SENDS)
			return true;
		if (need == BROKER_FLOW_DOUBTS) {
			r->silence = silence;
			asking_wait(&r->asking, now);
		}
	}
	if (r->asking.due > now)
		return false;
	send_register(r, action, now);
	return true;
}

bool registration_output(struct registration *r, struct action *action, nk_time now)
{
	if (way_back_output(&r->back, &r->link, r->token, action, now)) {
		broker_flow_sent(&r->flow, now);
		return true;
	}
	return output_keepalive(r, action, now);
}

nk_time registration_deadline(const struct registration *r)
{
	const nk_time due =
		r->asking.due != NK_NEVER ? r->asking.due : broker_flow_deadline(&r->flow);

	return nk_min(due, way_back_deadline(&r->back));
}

void registration_refresh(struct registration *r, nk_time now)
{
	r->silence = 0; /* whatever comes of it says nothing of time */
	asking_wait(&r->asking, now);
}

void registration_offer(struct registration *r, const struct keepalive_offer *offer, nk_time now)
{
	r->offer = broker_flow_offer(offer);
	if (r->state == REGISTRATION_HELD)
		registration_refresh(r, now);
}

struct keepalive_terms registration_terms(const struct registration *r)
{
	return r->terms;
}

struct keepalive *registration_keepalive(struct registration *r)
{
	return r->flow.up && r->asking.due == NK_NEVER ? &r->flow.keepalive : NULL;
}

void registration_move(struct registration *r, uint32_t socket, const struct addr *broker,
		       nk_time now)
{
	r->link.socket = socket;
	r->link.broker = *broker;
	r->cookie = r->token = 0;
	r->mapped = (struct addr){0};
	r->flow.up = r->flow.hello = false;
	r->state = REGISTRATION_TRYING;
	registration_refresh(r, now);
}

enum registration_state registration_state(const struct registration *r)
{
	return r->state;
}

struct addr registration_mapped(const struct registration *r)
{
	return r->mapped;
}

const struct broker_clock *registration_clock(const struct registration *r)
{
	return &r->link.clock;
}

bool registration_next_ring(struct registration *r, struct rung *out)
{
	return rungs_take(&r->rings, out);
}

bool registration_next_relayed(struct registration *r, struct rung *out)
{
	return rungs_take(&r->relayed, out);
}

int registration_answer(struct registration *r, const struct rung *to, const uint8_t *answer,
			size_t len, bool allow_relay, nk_time now)
{
	return way_back_answer(&r->back, to, answer, len, allow_relay, now);
}

int registration_relay(struct registration *r, const struct rung *to, const uint8_t *packet,
		       size_t len)
{
	return way_back_relay(&r->back, to, packet, len);
}
