/* Descriptions of ICE agents, and the candidates that a punch takes. */
#ifndef CORE_ICE_ICE_DESCRIPTION_H
#define CORE_ICE_ICE_DESCRIPTION_H

#include "core/punch/punch.h"
#include "wire/sdp.h"

/* A new fragment and password of ours (RFC 8445 section 5.3). */
void ice_secret_draw(struct ice_secret *out, struct rng *rng);

void ice_describe(struct sdp *out, const struct ice_secret *secret, const struct candidates *c);

/* The candidates of a description that a punch has room for: outsides first, of which there are few,
 * and those that need no scope (IPv6 link-local). */
void ice_candidates_of(struct candidates *out, const struct sdp *s);

/* Whether an outside of both has the same IP: they are behind the same NAT. */
bool ice_is_one_ip(const struct candidates *a, const struct candidates *b);

#endif
