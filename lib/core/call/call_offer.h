/* What the two sides of a call tell each other, and the secrets that come of it. */
#ifndef CORE_CALL_CALL_OFFER_H
#define CORE_CALL_CALL_OFFER_H

#include "core/call/call.h"

/* Noise's prologue: these letters without NUL, and the callee's Ed25519 key. */
#define CALL_PROLOGUE_TEXT "natkit call 1"
#define CALL_PROLOGUE      (sizeof(CALL_PROLOGUE_TEXT) - 1 + CRYPTO_KEY)

void call_prologue(uint8_t out[static CALL_PROLOGUE], const uint8_t callee[static 32]);

/* What this side says of itself: flags, tactics, candidates and NAT. */
void call_offer_describe(struct offer *o, const struct call_options *options,
			 const struct gather_result *gathered);

/* What the peer said of itself, as the punch takes it. */
void call_offer_candidates(struct candidates *out, const struct offer *o);
void call_offer_hint(struct nat_hint *out, const struct offer *o);

/* Where the broker saw that side; all zero if it does not say. */
struct addr call_offer_reflexive(const struct offer *o);

/* Both sides' ICE fragments and passwords, from the handshake's export key. */
void call_secrets(struct ice_secret *caller, struct ice_secret *callee,
		  const uint8_t export[static 32]);

/* An answer to @offer that says no more than @verdict. Return: its length, and @handshake is over. */
size_t call_refusal(uint8_t out[static RENDEZVOUS_BODY_MAX], struct noise *handshake,
		    const struct offer *offer, enum offer_verdict verdict, struct rng *rng);

#endif
