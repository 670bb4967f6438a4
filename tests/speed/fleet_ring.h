/* Rings some keys, each from a host of its own, to see which of them can be rung. */
#ifndef SPEED_FLEET_RING_H
#define SPEED_FLEET_RING_H

#include "base/time.h"
#include "fleet_tun.h"
#include "wire/rendezvous_msg.h"

#define FLEET_RING_TAG   'R'
#define FLEET_RING_OPEN  32
#define FLEET_RING_TRIES 5

/**
 * struct fleet_ring - Whom to ring, and what came of it
 * @callee:	Hosts, @count of them; @rung: whose call has come
 * @caller:	The first of the hosts that ring, FLEET_PORTS apart
 * @open:	Those under way; a @try of 0 is a free place
 * @rang:	How many have been rung
 */
struct fleet_ring {
	struct fleet_tun *tun;
	const uint32_t *callee;
	uint8_t *rung;
	uint32_t count, caller, next, rang;
	void (*key_of)(void *user, uint8_t out[static CRYPTO_KEY], uint32_t host);
	void *user;
	struct {
		uint32_t which;
		unsigned try;
		uint64_t cookie;
		nk_time again;
	} open[FLEET_RING_OPEN];
};

/* Goes on with it. */
void fleet_ring_work(struct fleet_ring *r, nk_time now);

/* @host: to which it came. */
void fleet_ring_input(struct fleet_ring *r, uint32_t host, const struct stun_msg *msg,
		      const struct rendezvous_msg *m, nk_time now);

#endif
