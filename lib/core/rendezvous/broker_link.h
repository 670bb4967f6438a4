/* A client's way to a broker: the socket, the address, what the clock over there says. */
#ifndef CORE_RENDEZVOUS_BROKER_LINK_H
#define CORE_RENDEZVOUS_BROKER_LINK_H

#include "base/crypto.h"
#include "core/core.h"
#include "core/rendezvous/broker_clock.h"
#include "wire/rendezvous_msg.h"

/**
 * struct broker_link - Where messages of the rendezvous go and come from
 * @socket:	Open, by the owner
 * @rng:	Borrowed
 */
struct broker_link {
	uint32_t socket;
	struct addr broker;
	struct rng *rng;
	struct broker_clock clock;
};

/* Makes @action a send to the broker, of what is to be put into it. */
void broker_link_to(const struct broker_link *l, struct action *action);

/* Makes @action a send of the message that the returned writer has begun. broker_link_end() ends it. */
struct wr broker_link_begin(const struct broker_link *l, struct action *action, uint16_t method,
			    enum stun_class cls, const uint8_t tid[static STUN_TID]);
void broker_link_end(struct action *action, struct wr *w);

/* Whether an event is a whole message of the rendezvous from this broker. */
bool broker_link_read(const struct broker_link *l, const struct event *ev, struct stun_msg *msg,
		      struct rendezvous_msg *m);

#endif
