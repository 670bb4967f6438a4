/*
 * The rendezvous of natbroker: our own methods and attributes on top of STUN.
 *
 * A listener registers its key (REGISTER: cookie first, then proof of key) and
 * refreshes (REGISTER with TOKEN alone). A caller meets the broker (RING
 * without a cookie) and rings (RING with COOKIE, KEY and BODY, the offer). The broker
 * passes the offer on (CALL, an indication to the listener: FROM, TICKET, BODY)
 * and holds nothing of it: the TICKET, a keyed hash of listener, caller and minute,
 * lets the listener send an ANSWER back to FROM (ANSWER: TOKEN, FROM, TICKET, BODY),
 * which reaches the caller as an indication. RELAY goes the same two ways.
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
	RENDEZVOUS_ATTR_TICKET = 0xEB14,    /* 8 bytes, opaque */
	RENDEZVOUS_ATTR_BODY = 0xEB15,      /* up to RENDEZVOUS_BODY_MAX bytes, sealed */
	RENDEZVOUS_ATTR_FLAGS = 0xEB16,     /* u32: bits of enum rendezvous_flag */
	RENDEZVOUS_ATTR_RETRY = 0xEB17,     /* u32: milliseconds after which to come again */
};

#define RENDEZVOUS_BODY_MAX 1000 /* with all else it fits a datagram of 1200 bytes */

enum rendezvous_flag {
	RENDEZVOUS_RELAY_OK =
		0x01, /* in ANSWER: the listener allows a relay; on its way: the broker too */
};

#endif
