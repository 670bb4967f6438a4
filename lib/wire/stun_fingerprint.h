/* FINGERPRINT (RFC 8489 section 14.7), for the reader and the writer of STUN messages. */
#ifndef WIRE_STUN_FINGERPRINT_H
#define WIRE_STUN_FINGERPRINT_H

#include <stddef.h>
#include <stdint.h>

/**
 * stun_fingerprint() - The value that a FINGERPRINT attribute must have
 * @bytes:	@len bytes: the message up to that attribute, whose length field already counts it
 */
uint32_t stun_fingerprint(const uint8_t *bytes, size_t len);

#endif
