/*
 * Tickets: what the broker would have to remember of a call, handed to those who need it.
 *
 * A ticket is a keyed hash over a registration's token, the caller's address, the
 * endpoint that the caller contacted, and the minute; the endpoint is in it too. It
 * lets the listener answer that caller, and, if it says so, the caller relay to it.
 * It dies with the token, and with the broker.
 */
#ifndef CORE_BROKER_TICKET_H
#define CORE_BROKER_TICKET_H

#include <stdbool.h>

#include "core/broker/store.h"
#include "wire/rendezvous_msg.h"

void ticket_make(uint8_t out[static RENDEZVOUS_TICKET], const uint8_t key[static 16],
		 uint64_t token, const struct addr *caller, const struct endpoint *at, nk_time now);

/* Whether it was made for that token and caller in this minute or the one before; then @at is
 * the endpoint. */
bool ticket_read(struct endpoint *at, const uint8_t ticket[static RENDEZVOUS_TICKET],
		 const uint8_t key[static 16], uint64_t token, const struct addr *caller,
		 nk_time now);

#endif
