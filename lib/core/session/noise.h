/*
 * Noise_IK_25519_ChaChaPoly_SHA256 (The Noise Protocol Framework, revision 34):
 * the caller knows the callee's key; message 1 is the offer, message 2 the answer.
 *
 *	<- s
 *	...
 *	-> e, es, s, ss
 *	<- e, ee, se
 */
#ifndef CORE_SESSION_NOISE_H
#define CORE_SESSION_NOISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/crypto.h"

#define NOISE_OFFER_OVERHEAD  (32 + 48 + 16) /* e, encrypted s, payload tag */
#define NOISE_ANSWER_OVERHEAD (32 + 16)

/**
 * struct noise - A handshake
 * @ck, @h, @k:	Chaining key, hash, cipher key; @n: its nonce
 * @s, @e:	Own static and ephemeral; @rs, @re: theirs
 */
struct noise {
	uint8_t ck[32], h[32], k[32];
	uint64_t n;
	uint8_t s_secret[32], s_public[32], e_secret[32], e_public[32];
	uint8_t rs[32], re[32];
};

/* What both sides have after message 2, all different from call to call. */
struct noise_keys {
	uint8_t caller_to_callee[32], callee_to_caller[32];
	uint8_t export[32]; /* for secrets besides, by crypto_hkdf() with labels as material */
};

/**
 * noise_write_offer() - The caller's message 1
 * @n:		Written from the start
 * @us:		Borrowed for the call
 * @their_dh:	The callee's X25519 key
 * @out:	Room for @len + NOISE_OFFER_OVERHEAD bytes
 *
 * Return: bytes written, or 0 if @their_dh is no usable key.
 */
size_t noise_write_offer(struct noise *n, const struct identity *us,
			 const uint8_t their_dh[static 32], struct rng *rng, const void *prologue,
			 size_t prologue_len, const void *payload, size_t len, uint8_t *out);

/**
 * noise_read_offer() - The callee's side of message 1
 * @their_dh:	Set to the caller's X25519 key, which is proved by then (but the message may be a replay)
 * @payload:	Room for @len - NOISE_OFFER_OVERHEAD bytes; worthless on failure
 *
 * Return: 0 with *@payload_len, or NK_ERR_MALFORMED; @n is wiped then.
 */
int noise_read_offer(struct noise *n, const struct identity *us, const void *prologue,
		     size_t prologue_len, const uint8_t *message, size_t len,
		     uint8_t their_dh[static 32], uint8_t *payload, size_t *payload_len);

/* Message 2, @len + NOISE_ANSWER_OVERHEAD bytes, which it returns; the handshake is over then, @n is
 * wiped and @keys are set. */
size_t noise_write_answer(struct noise *n, struct rng *rng, const void *payload, size_t len,
			  uint8_t *out, struct noise_keys *keys);

/* On failure @n is as it was: another answer may still be right. */
int noise_read_answer(struct noise *n, const uint8_t *message, size_t len, uint8_t *payload,
		      size_t *payload_len, struct noise_keys *keys);

#endif
