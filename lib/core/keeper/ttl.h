/*
 * The TTL of openers: the lowest that passes our last NAT (gather.h measures it with a server of two
 * addresses). Where it cannot be measured it is one that passes nearly all home and carrier NATs, and
 * ends long before most peers: should it reach one, that costs a few bytes.
 */
#ifndef CORE_KEEPER_TTL_H
#define CORE_KEEPER_TTL_H

#include "core/punch/gather.h"

#define TTL_SOCKETS GATHER_SOCKETS

/**
 * struct ttl - A measurement
 * @fixed:	As the user wants it; 0: measured
 * @gather:	While it is measured
 */
struct ttl {
	uint8_t fixed, measured;
	uint32_t first_id;
	struct gather *gather;
};

void ttl_init(struct ttl *t, uint8_t fixed, uint32_t first_id);
void ttl_free(struct ttl *t);

/* Asks @server through @socket, which is open and bound to @local. Measures nothing in IPv6, or if the
 * TTL is given. */
void ttl_measure(struct ttl *t, const struct addr *server, uint32_t socket,
		 const struct addr *local, struct rng *rng, nk_time now);

/* As it is to be used now. */
uint8_t ttl_of(const struct ttl *t);

/* Return: true if the event was its own. */
bool ttl_input(struct ttl *t, const struct event *ev, nk_time now);
bool ttl_output(struct ttl *t, struct action *action, nk_time now);
nk_time ttl_deadline(const struct ttl *t);

#endif
