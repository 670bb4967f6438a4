/*
 * A broker, a listener and a caller, each behind a NAT of its own, in the virtual world:
 * clients of the rendezvous against the server, without calls.
 */
#ifndef TESTS_SIM_MEETING_H
#define TESTS_SIM_MEETING_H

#include "core/broker/broker.h"
#include "core/rendezvous/registration.h"
#include "core/rendezvous/ring.h"
#include "open_nat.h"
#include "sim/world.h"

#define MEETING_ONE_WAY (20 * NK_MS) /* from each client to the broker */

/**
 * struct listening - A listener that answers each ring with the offer, reversed
 * @rings:	That came, @answered: how often it was told to answer; @last: the latest
 * @relayed:	Packets that came by relay, each of which goes back
 */
struct listening {
	struct registration *registration;
	struct identity identity;
	struct rng rng;
	struct addr broker;
	bool opened, silent, relay;
	unsigned rings, relayed;
	struct rung last;
};

/**
 * struct calling - A caller that rings with what @offer says until it is answered
 * @answer:	The first that came; @relays: packets to send by relay, one each second
 */
struct calling {
	struct ring *ring;
	struct rng rng;
	bool opened, offered;
	uint8_t offer[200];
	uint8_t answer[RENDEZVOUS_BODY_MAX];
	size_t answer_len;
	unsigned answers, relays, relayed;
	nk_time next_relay, answered_at;
};

struct meeting {
	struct world *world;
	struct broker *broker;
	struct broker_config config;
	struct addr broker_addr;
	int broker_host, listener_host, caller_host, listener_nat, caller_nat;
	struct listening listener;
	struct calling caller;
};

/* @config is changed to listen at the meeting's one address. @loss: on each of the four links. */
void meeting_open(struct meeting *m, struct broker_config config, double loss, uint64_t seed);
void meeting_close(struct meeting *m);

/* The broker forgets all, as its process does when it is started anew. */
void meeting_restart_broker(struct meeting *m, uint64_t seed);

/* The same, but the new one has read what the old one wrote: the @len bytes of a ledger. Return: how
 * many registrations it knows. */
int meeting_restart_from(struct meeting *m, uint64_t seed, const uint8_t *ledger, size_t len);
void meeting_stop_broker(struct meeting *m);

/* The caller begins to ring the key. */
void meeting_ring(struct meeting *m, const uint8_t key[static 32]);

/* Until the listener is registered, or the caller answered; or the time is over. */
bool meeting_until_held(struct meeting *m, nk_time within);
bool meeting_until_answered(struct meeting *m, nk_time within);
void meeting_wait(struct meeting *m, nk_time d);

/* The caller sends so many packets by relay, one each second. */
void meeting_relay(struct meeting *m, unsigned packets);

#endif
