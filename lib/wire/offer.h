/*
 * What the two sides of a call tell each other, sealed: the payload of the
 * handshake's messages (core/session/noise.h). One layout for both.
 *
 * Fields of a type, a length (a byte each) and a value; a type that is not known is skipped
 * (natkit-protocol(7), OFFERS).
 */
#ifndef WIRE_OFFER_H
#define WIRE_OFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "wire/keepalive.h"

#define OFFER_CALL_ID    16
#define OFFER_KEY        32
#define OFFER_CANDIDATES 8
#define OFFER_MAX        900 /* bytes: with the handshake's own it fits RENDEZVOUS_BODY_MAX */
#define OFFER_PUBLIC_IPS 2   /* that candidates may have among them */
#define OFFER_KIND_LAST  4   /* of enum candidate_kind; the first is 1 */
#define OFFER_CLASS_LAST 3   /* of enum hint_mapping and enum hint_ports */
#define OFFER_KEEPALIVES (KEEPALIVE_TERMS_LEN + KEEPALIVE_OFFER_MAX)

enum offer_verdict { OFFER_CALLS = 0, OFFER_ACCEPTS = 1, OFFER_REFUSES = 2, OFFER_IS_BUSY = 3 };

enum offer_flag {
	OFFER_HARD = 0x01,  /* predict and birthday are allowed */
	OFFER_RELAY = 0x02, /* a relay would be used */
	OFFER_PLAIN = 0x04, /* no encryption after the punch: the bare path is wanted */
};

struct offer_candidate {
	uint8_t kind; /* enum candidate_kind */
	struct addr addr;
};

/**
 * struct offer - An offer, or (@verdict) an answer to one
 * @call_id:	Random; the answer repeats it
 * @resumes:	Call id of the session that this call is to mend, or all zero
 * @timestamp_us: Unix time: exceeds that of all earlier offers of this key
 * @index:	What packets of the session to this side shall carry
 * @rtt_us:	Round trip to the callee's broker
 * @fire_us:	Answer: broker time at which packets of both would reach the broker
 * @tactics:	Bits of enum tactic that this side is willing to use
 * @nat:	As struct nat_hint
 * @keepalives:	@keepalives_len bytes, opaque here: an offer; in an answer terms before it
 * @key:	Offer: Ed25519 key that the caller says it has (the handshake proves its X25519 form)
 */
struct offer {
	enum offer_verdict verdict;
	uint32_t flags;
	uint8_t call_id[OFFER_CALL_ID];
	uint8_t resumes[OFFER_CALL_ID];
	uint64_t timestamp_us;
	uint32_t index;
	uint32_t rtt_us;
	uint64_t fire_us;
	uint32_t tactics;
	struct offer_candidate candidates[OFFER_CANDIDATES];
	unsigned candidate_count;
	struct {
		uint8_t mapping, ports;
		int16_t step;
		uint16_t last_port, per_minute;
		uint8_t opener_ttl, broker_hops;
	} nat;
	uint8_t keepalives[OFFER_KEEPALIVES];
	size_t keepalives_len;
	uint8_t key[OFFER_KEY];
};

/* Return: bytes written, at most OFFER_MAX; 0 if it does not fit. */
size_t offer_write(uint8_t out[static OFFER_MAX], const struct offer *o);

/* @out is written on success only. Return: 0 or NK_ERR_MALFORMED: a length or value is wrong, a field
 * is missing or there twice, too many candidates or public IPs, or a candidate that nobody may be
 * sent to (any, multicast, broadcast, port 0). */
int offer_read(struct offer *out, const uint8_t *bytes, size_t len);

#endif
