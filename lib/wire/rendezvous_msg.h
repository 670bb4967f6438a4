/*
 * The rendezvous of natbroker: our own methods and attributes on top of STUN.
 *
 * A listener registers its key (REGISTER: cookie first, then proof of key) and
 * refreshes (REGISTER with TOKEN, and with KEY in case that the broker has forgotten it).
 * A caller meets the broker (RING without a cookie) and rings (RING with COOKIE, KEY and BODY, the offer). The broker
 * passes the offer on (CALL, an indication to the listener: FROM, TICKET, TIME, BODY)
 * and holds nothing of it: the TICKET, a keyed hash of listener, caller and minute,
 * lets the listener send an ANSWER back to FROM (ANSWER: TOKEN, FROM, TICKET, BODY),
 * which reaches the caller as an indication, with the listener's address as FROM. RELAY goes
 * the same two ways.
 *
 * Methods are in the expert-review block of RFC 8489 section 18.2; attributes are
 * comprehension-optional. natkit-protocol(7) is the specification.
 */
#ifndef WIRE_RENDEZVOUS_MSG_H
#define WIRE_RENDEZVOUS_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/bytes.h"
#include "base/crypto.h"
#include "wire/keepalive.h"
#include "wire/probe_msg.h"
#include "wire/stun.h"

enum rendezvous_method {
	RENDEZVOUS_REGISTER = 0x0E8,
	RENDEZVOUS_RING = 0x0E9,
	RENDEZVOUS_CALL = 0x0EA,   /* indication to the listener */
	RENDEZVOUS_ANSWER = 0x0EB, /* request by the listener, indication to the caller */
	RENDEZVOUS_RELAY = 0x0EC,  /* indications both ways */
};

/* COOKIE, TOKEN and TIME are those of the probe service (probe_msg.h). */
enum rendezvous_attr {
	RENDEZVOUS_ATTR_KEY = 0xEB10,       /* 32 bytes: an Ed25519 key */
	RENDEZVOUS_ATTR_SIGNATURE = 0xEB11, /* 64 bytes */
	RENDEZVOUS_ATTR_LIFETIME = 0xEB12,  /* u32: seconds that a silent registration is held */
	RENDEZVOUS_ATTR_FROM = 0xEB13,      /* an address, written as XOR-MAPPED-ADDRESS is */
	RENDEZVOUS_ATTR_TICKET = 0xEB14,    /* RENDEZVOUS_TICKET bytes, opaque to clients */
	RENDEZVOUS_ATTR_BODY = 0xEB15,      /* up to RENDEZVOUS_BODY_MAX bytes, sealed */
	RENDEZVOUS_ATTR_FLAGS = 0xEB16,     /* u32: bits of enum rendezvous_flag */
	RENDEZVOUS_ATTR_RETRY = 0xEB17,     /* u32: milliseconds after which to come again */
	RENDEZVOUS_ATTR_KEEPALIVE =
		0xEB18, /* in REGISTER: a keepalive offer; in its answer: terms */
};

#define RENDEZVOUS_BODY_MAX 1000 /* with all else it fits a datagram of 1200 bytes */
#define RENDEZVOUS_TICKET   28
#define RENDEZVOUS_ASK_LEN  128 /* what is sent without a cookie pays for its answer */

enum rendezvous_flag {
	RENDEZVOUS_RELAY_OK =
		0x01, /* in ANSWER: the listener allows a relay; on its way: the broker too */
};

/* Error codes besides those of the probe service (PROBE_ERR_COOKIE, _SESSION and _FULL). */
enum rendezvous_error {
	RENDEZVOUS_ERR_PROOF = 464, /* signature or ticket is wrong, or not for this broker */
};

/**
 * struct rendezvous_msg - All attributes of the rendezvous that a message had
 * @has_cookie, @has_token, @has_time: what was there
 * @key, @signature, @ticket, @body: Borrowed from the message; NULL if absent
 * @from:	All zero if absent
 * @keepalive:	@keepalive_len bytes, borrowed; NULL if absent
 * @lifetime_s, @flags, @retry_ms: 0 if absent
 */
struct rendezvous_msg {
	bool has_cookie, has_token, has_time;
	uint64_t cookie, token, time_us;
	const uint8_t *key, *signature, *ticket, *body, *keepalive;
	size_t body_len, keepalive_len;
	struct addr from;
	uint32_t lifetime_s, flags, retry_ms;
};

/**
 * rendezvous_read() - Take the rendezvous' attributes out of a decoded STUN message
 * @out:	Written on success only
 * @m:		From stun_read(), its bytes still there
 *
 * Return: 0, or NK_ERR_MALFORMED if one of them has a wrong length. An absent one is no error.
 */
int rendezvous_read(struct rendezvous_msg *out, const struct stun_msg *m);

/* COOKIE, TOKEN and TIME are put by probe_put_cookie() and its kin. */
void rendezvous_put_key(struct wr *w, const uint8_t key[static CRYPTO_KEY]);
void rendezvous_put_signature(struct wr *w, const uint8_t signature[static CRYPTO_SIGNATURE]);
void rendezvous_put_from(struct wr *w, const struct addr *from);
void rendezvous_put_ticket(struct wr *w, const uint8_t ticket[static RENDEZVOUS_TICKET]);
void rendezvous_put_body(struct wr *w, const void *body, size_t len);
void rendezvous_put_keepalive(struct wr *w, const void *bytes, size_t len);

#define RENDEZVOUS_PROOF_LEN (17 + 8 + STUN_TID + CRYPTO_KEY + 18)

/* The bytes that a SIGNATURE is over: bound to a cookie, a request, and to @broker, the broker's
 * address as the client sends to it, so that the proof is worth nothing elsewhere or later. One
 * of 64:ff9b::/96 stands for the IPv4 address in it. */
void rendezvous_proof(uint8_t out[static RENDEZVOUS_PROOF_LEN], uint64_t cookie,
		      const uint8_t tid[static STUN_TID], const uint8_t key[static CRYPTO_KEY],
		      const struct addr *broker);

#endif
