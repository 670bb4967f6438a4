/*
 * STUN as it was before the magic cookie (RFC 3489): a Binding request and its answer.
 *
 * Some ICE agents still ask so. No more than they need is spoken: where have I come from?
 */
#ifndef WIRE_STUN_CLASSIC_H
#define WIRE_STUN_CLASSIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/bytes.h"

#define STUN_CLASSIC_TID 16

/**
 * stun_classic_asks() - Whether a datagram is such a request, and one that can be answered
 * @bytes:	@len bytes that stun_read() would not have, borrowed
 *
 * Not with an attribute that must be understood (RFC 3489 section 11.2), and so not with
 * CHANGE-REQUEST or RESPONSE-ADDRESS, which would have the answer come from or go elsewhere.
 *
 * Return: the transaction id, borrowed, or NULL.
 */
const uint8_t *stun_classic_asks(const uint8_t *bytes, size_t len);

/* The success response, with MAPPED-ADDRESS alone; @w must be empty. stun_end() ends it. */
void stun_classic_put_answer(struct wr *w, const uint8_t tid[static STUN_CLASSIC_TID],
			     const struct addr *mapped);

#endif
