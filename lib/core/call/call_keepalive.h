/*
 * The path of a call is to be kept: what the caller offers, what the callee answers (natkit-protocol(7),
 * KEEPALIVES). The answer is terms, and then what the callee would have offered.
 */
#ifndef CORE_CALL_CALL_KEEPALIVE_H
#define CORE_CALL_CALL_KEEPALIVE_H

#include "core/session/session.h"
#include "wire/offer.h"

/* What this side would use: nothing by openers where their TTL (0) is not known. */
struct keepalive_offer call_keepalive_ours(const struct keepalive_offer *wanted,
					   uint8_t opener_ttl);

/* What a listener asks of its broker: not to take turns, by which it would notice a NAT that was started
 * anew only an interval after its own frame, while callers ring in vain. */
struct keepalive_offer call_keepalive_registration(const struct keepalive_offer *wanted);

/* Into the caller's offer; and the callee's answer to @theirs, with the terms that it returns. */
void call_keepalive_offer(struct offer *o, const struct keepalive_offer *ours);
struct keepalive_terms call_keepalive_answer(struct offer *answer, const struct offer *theirs,
					     const struct keepalive_offer *ours);

/* What is to be used after an answer, whatever is in it. */
struct keepalive_terms call_keepalive_answered(const struct offer *answer,
					       const struct keepalive_offer *ours);

/* What the peer believes and would use, from its offer or answer; nothing where it does not say. */
struct keepalive_offer call_keepalive_theirs(const struct offer *theirs);

#endif
