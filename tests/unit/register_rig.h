/* Listeners under test, and how they register. For test_broker_*.c. */
#ifndef REGISTER_RIG_H
#define REGISTER_RIG_H

#include "broker_driver.h"
#include "wire/rendezvous_msg.h"

static inline struct identity identity(uint8_t number)
{
	const uint8_t seed[CRYPTO_KEY] = {number};
	struct identity id;

	identity_from_seed(&id, seed);
	return id;
}

static inline struct rendezvous_msg of(const struct sent *s)
{
	struct rendezvous_msg r;
	struct stun_msg m;

	assert_int_equal(stun_read(&m, s->data, s->len), 0);
	assert_int_equal(rendezvous_read(&r, &m), 0);
	return r;
}

static inline uint64_t cookie(struct rig *r, uint16_t method, struct addr from)
{
	struct msg m;

	msg_begin(r, &m, method, STUN_REQUEST);
	stun_pad_to(&m.w, RENDEZVOUS_ASK_LEN);
	rig_put(r, from, at(r, 0, false), &m);
	assert_int_equal(sole_answer(r).error, PROBE_ERR_COOKIE);
	return of(&r->sent[0]).cookie;
}

/* A proof by @id for the broker at @broker. It is not sent. */
static inline void prove(struct rig *r, struct msg *m, const struct identity *id, uint64_t cookie,
			 struct addr broker)
{
	uint8_t proof[RENDEZVOUS_PROOF_LEN], signature[CRYPTO_SIGNATURE];

	msg_begin(r, m, RENDEZVOUS_REGISTER, STUN_REQUEST);
	rendezvous_proof(proof, cookie, m->tid, id->sign_public, &broker);
	identity_sign(signature, id, proof, sizeof(proof));
	probe_put_cookie(&m->w, cookie);
	rendezvous_put_key(&m->w, id->sign_public);
	rendezvous_put_signature(&m->w, signature);
}

static inline uint64_t enroll(struct rig *r, const struct identity *id, struct addr from)
{
	struct msg m;

	prove(r, &m, id, cookie(r, RENDEZVOUS_REGISTER, from), at(r, 0, false));
	rig_put(r, from, at(r, 0, false), &m);
	assert_int_equal(sole_answer(r).cls, STUN_SUCCESS);
	return of(&r->sent[0]).token;
}

static inline void refresh(struct rig *r, uint64_t token, struct addr from)
{
	struct msg m;

	msg_begin(r, &m, RENDEZVOUS_REGISTER, STUN_REQUEST);
	probe_put_token(&m.w, token);
	rig_put(r, from, at(r, 0, false), &m);
}

#endif
