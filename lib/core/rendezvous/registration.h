/*
 * A listener's side of the rendezvous: registered at a broker by proof of key, kept
 * so, and rung by others through it (natkit-protocol(7), RENDEZVOUS).
 *
 * It is kept by frames, on terms that the broker has answered to our offer; by
 * REGISTER, where it has not. Where an answer is missing REGISTER asks: with the token,
 * and with our key, by which a broker that was restarted takes the token for a proof. One
 * that does not is proved our key again at once. A silent one is asked once a second,
 * then ever more slowly.
 */
#ifndef CORE_RENDEZVOUS_REGISTRATION_H
#define CORE_RENDEZVOUS_REGISTRATION_H

#include "base/crypto.h"
#include "core/core.h"
#include "core/keepalive/keepalive.h"
#include "core/rendezvous/broker_clock.h"
#include "core/rendezvous/rung.h"

/**
 * struct registration_config - Where and as whom
 * @socket:	Open, by the owner; @broker: where to
 * @identity:	Borrowed for the registration's life
 * @offer:	How it may be kept, and what is believed of our NAT; without wishes: as the default. What
 *		keeps nobody reachable is left out
 */
struct registration_config {
	uint32_t socket;
	struct addr broker;
	const struct identity *identity;
	struct keepalive_offer offer;
};

enum registration_state { REGISTRATION_TRYING, REGISTRATION_HELD, REGISTRATION_SILENT };

struct registration; /* registration_new() to registration_free() */

struct registration *registration_new(const struct registration_config *config, struct rng *rng,
				      nk_time now);
void registration_free(struct registration *r);

/* Return: true if the event was its own. */
bool registration_input(struct registration *r, const struct event *ev, nk_time now);
bool registration_output(struct registration *r, struct action *action, nk_time now);
nk_time registration_deadline(const struct registration *r);

/* Asks the broker at once: our NAT may have been given other ideas. */
void registration_refresh(struct registration *r, nk_time now);

/* Something else is believed of our NAT, or wanted: the terms are negotiated anew. */
void registration_offer(struct registration *r, const struct keepalive_offer *offer, nk_time now);

/* As the broker's last answer has them; KEEPALIVE_NONE before, and where it has none. */
struct keepalive_terms registration_terms(const struct registration *r);

/* Its keepalives, whose pace the owner may change; NULL while there are none: it is kept by REGISTER, or
 * in doubt. */
struct keepalive *registration_keepalive(struct registration *r);

/* Registers anew, from another socket or at another address of the broker. */
void registration_move(struct registration *r, uint32_t socket, const struct addr *broker,
		       nk_time now);

enum registration_state registration_state(const struct registration *r);
/* As the broker sees our socket; all zero before that is known. */
struct addr registration_mapped(const struct registration *r);
const struct broker_clock *registration_clock(const struct registration *r);

/* Takes the oldest ring; false if there is none. Of RUNGS_MAX that were not taken more are
 * dropped: they come again. */
bool registration_next_ring(struct registration *r, struct rung *out);

/* Sends an answer back on a ring's ticket, and again until the broker has it. Copied. Return: 0
 * or NK_ERR_NO_ROOM. */
int registration_answer(struct registration *r, const struct rung *to, const uint8_t *answer,
			size_t len, bool allow_relay, nk_time now);

/* Sends a packet to the caller through the broker, once: @to is the last that came from there, as
 * tickets grow old. Copied. Return: 0 or NK_ERR_NO_ROOM. */
int registration_relay(struct registration *r, const struct rung *to, const uint8_t *packet,
		       size_t len);

/* Takes the oldest relayed packet, as @offer; false if there is none. */
bool registration_next_relayed(struct registration *r, struct rung *out);

#endif
