/*
 * A caller's side of the rendezvous: meets the callee's broker (cookie, own mapped
 * address, time), then rings a key until it is answered (natkit-protocol(7), RENDEZVOUS).
 *
 * The broker acknowledges every ring alike, whether or not the key is known there.
 */
#ifndef CORE_RENDEZVOUS_RING_H
#define CORE_RENDEZVOUS_RING_H

#include "base/crypto.h"
#include "core/core.h"
#include "core/rendezvous/broker_clock.h"
#include "core/rendezvous/rung.h"

/**
 * struct ring_config - Whom, and through which broker
 * @socket:	Open, by the owner; the one that the punch will use
 * @callee:	Ed25519 key
 */
struct ring_config {
	uint32_t socket;
	struct addr broker;
	uint8_t callee[32];
};

enum ring_state {
	RING_MEETING,      /* no answer from the broker yet */
	RING_READY,        /* ring_mapped() and ring_clock() are known: make the offer */
	RING_RINGING,      /* the offer is sent, and resent byte for byte */
	RING_ACKNOWLEDGED, /* the broker has it; still resent until it is answered */
	RING_ANSWERED,     /* ring_next_answer() has what came back; another may come after it */
};

struct ring; /* ring_new() to ring_free() */

struct ring *ring_new(const struct ring_config *config, struct rng *rng, nk_time now);
void ring_free(struct ring *r);
bool ring_input(struct ring *r, const struct event *ev, nk_time now);
bool ring_output(struct ring *r, struct action *action, nk_time now);
nk_time ring_deadline(const struct ring *r);

enum ring_state ring_state(const struct ring *r);
struct addr ring_mapped(const struct ring *r);
const struct broker_clock *ring_clock(const struct ring *r);

/* Rings with this offer from now on. Copied. Return: 0 or NK_ERR_NO_ROOM. */
int ring_offer(struct ring *r, const uint8_t *offer, size_t len, nk_time now);

/* Takes an answer that has come, and where the broker says that the callee is (all zero: it does not);
 * it may be forged or an old one: whoever can open it knows. False if there is none. */
bool ring_next_answer(struct ring *r, struct rung *out);

/* The offer was answered, and is sent no more. */
void ring_settled(struct ring *r);

/* The answer came with leave to relay. */
bool ring_may_relay(const struct ring *r);

/* Sends a packet to the callee through the broker, once. Copied. Return: 0, NK_ERR_NO_ROOM, or
 * NK_ERR_PERMISSION if callee or broker do not allow it. */
int ring_relay(struct ring *r, const uint8_t *packet, size_t len);

/* Takes the oldest relayed packet; false if there is none. */
bool ring_next_relayed(struct ring *r, uint8_t packet[static RENDEZVOUS_BODY_MAX], size_t *len);

#endif
