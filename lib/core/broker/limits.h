/*
 * What keeps the broker from being a weapon.
 *
 * Counted in whole IP datagrams. To an address that has not echoed a cookie the
 * broker sends one datagram for one received, and never a longer one. The one
 * exception is the answer to a Binding request: at most BINDING_FACTOR times
 * the request, and only so many longer ones per second to one /24 or /48.
 * CHANGE-REQUEST and RESPONSE-PORT change nothing of that: the answer goes to
 * the requester's own IP.
 *
 * A cookie is a keyed hash of the source address and of the minute, so it costs
 * the broker no memory; echoing it proves that the sender reads what is sent there.
 *
 * Copies of the probe service are paid for in advance by longer TRIALs, or go
 * to an address that has echoed a cookie, and are capped per IP.
 */
#ifndef CORE_BROKER_LIMITS_H
#define CORE_BROKER_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/crypto.h"
#include "base/time.h"

#define BINDING_FACTOR 3

enum limit {
	LIMIT_BINDING, /* answers longer than their request, per /24 or /48 */
	LIMIT_ASKED,   /* copies that ASKs may promise, per IP or /64 */
	LIMIT_SENT,    /* copies that leave, per IP or /64 */
	LIMIT_PROOF,   /* proofs of key, per IP or /64: each costs us a verification */
	LIMIT_RING,    /* rings, per IP or /64 */
	LIMIT_RELAY,   /* relayed packets, per IP or /64 of the sender */
	LIMIT_CALLED,  /* rings that are passed on, per key */
	LIMIT_ANSWER,  /* answers, per key */
	LIMIT_REACH,   /* visits, per IP or /64, and of all */
};

struct bucket;

/**
 * struct limits - Token buckets and the cookie's secret
 * @buckets:	@set_mask + 1 sets of a few buckets
 */
struct limits {
	uint8_t cookie_key[16];
	uint8_t bucket_key[16];
	struct bucket *buckets;
	uint32_t set_mask;
};

/* Return: 0 or NK_ERR_NO_MEMORY. limits_free() also wipes the secrets. */
int limits_init(struct limits *l, struct rng *rng);
void limits_free(struct limits *l);

/* The cookie that @who is to echo. Never 0. */
uint64_t limits_cookie(const struct limits *l, const struct addr *who, nk_time now);

/* Whether @cookie was given to @who in this minute or the one before. */
bool limits_cookie_ok(const struct limits *l, const struct addr *who, uint64_t cookie, nk_time now);

/**
 * limits_take() - Take @n tokens of the network that @who is in
 * @per_s:	Tokens that come back each second; a bucket holds one second's worth
 *
 * Return: false, and nothing taken, if there are fewer; also when there is no
 * room for a bucket that is still to be remembered: the limit fails closed.
 */
bool limits_take(struct limits *l, enum limit limit, const struct addr *who, unsigned n,
		 unsigned per_s, nk_time now);

/* The same, one token of @most, for what is rarer than once a second: they come back one in
 * @each. */
bool limits_take_rare(struct limits *l, enum limit limit, const struct addr *who, unsigned most,
		      nk_time each, nk_time now);

/* The same, one token, for limits per key. */
bool limits_take_key(struct limits *l, enum limit limit, const uint8_t key[static CRYPTO_KEY],
		     unsigned per_s, nk_time now);

#endif
