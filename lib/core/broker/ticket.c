#include "core/broker/ticket.h"

#include <string.h>

#include "base/bytes.h"

#define TICKET_LIFE (60 * NK_S) /* valid in the period in which it was made and in the next one */
#define HASH        8

/* The ticket: the hash, the socket, its local address (16-byte IP and port), zeros. */
static void make(uint8_t out[static RENDEZVOUS_TICKET], const uint8_t key[static 16],
		 uint64_t token, const struct addr *caller, const struct endpoint *at,
		 nk_time period)
{
	uint8_t in[RENDEZVOUS_TICKET - HASH + 8 + sizeof(*caller) + 8];
	struct wr w = wr_make(in, sizeof(in));
	struct wr ticket = wr_make(out, RENDEZVOUS_TICKET);

	wr_be16(&w, (uint16_t)at->id);
	wr_bytes(&w, at->local.ip, sizeof(at->local.ip));
	wr_be16(&w, at->local.port);
	wr_be64(&w, token);
	wr_bytes(&w, caller->ip, sizeof(caller->ip));
	wr_be16(&w, caller->port);
	wr_be64(&w, (uint64_t)period);
	wr_be64(&ticket, crypto_siphash(key, in, w.len));
	wr_bytes(&ticket, in, RENDEZVOUS_TICKET - HASH);
}

void ticket_make(uint8_t out[static RENDEZVOUS_TICKET], const uint8_t key[static 16],
		 uint64_t token, const struct addr *caller, const struct endpoint *at, nk_time now)
{
	make(out, key, token, caller, at, now / TICKET_LIFE);
}

bool ticket_read(struct endpoint *at, const uint8_t ticket[static RENDEZVOUS_TICKET],
		 const uint8_t key[static 16], uint64_t token, const struct addr *caller,
		 nk_time now)
{
	struct rd r = rd_make(ticket + HASH, RENDEZVOUS_TICKET - HASH);
	struct endpoint found = {.id = rd_be16(&r)};
	uint8_t right[RENDEZVOUS_TICKET];

	memcpy(found.local.ip, rd_bytes(&r, sizeof(found.local.ip)), sizeof(found.local.ip));
	found.local.port = rd_be16(&r);
	for (unsigned back = 0; back < 2; back++) {
		make(right, key, token, caller, &found, now / TICKET_LIFE - back);
		if (!crypto_equal(right, ticket, sizeof(right)))
			continue;
		*at = found;
		return true;
	}
	return false;
}
