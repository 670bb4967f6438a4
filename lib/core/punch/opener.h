/*
 * The TTL of an opener: a check that opens our NATs and dies before the peer's. One that
 * comes too early at a Linux NAT with an open INPUT chain would move the peer's port, and every
 * retry would keep it so.
 *
 * How far the peer's outermost NAT is cannot be measured without reaching it. Taken is the
 * shorter of both sides' ways to the broker, which counts the routers between a side and the
 * core of the network: a packet to the peer passes those of its own side too, unless both
 * are neighbours; and neighbours are told by their public addresses. No longer way is believed.
 */
#ifndef CORE_PUNCH_OPENER_H
#define CORE_PUNCH_OPENER_H

#include "core/punch/candidate.h"

/**
 * opener_ttl() - Which TTL an opener shall have
 * @ours, @theirs: What is known of both sides
 * @our_ip, @their_ip: As the broker sees them
 * @attempt:	0, then 1 ... on retries: where nothing was calibrated the first has 2, later ones 4
 *
 * Return: 0 for no opener: one public address or network, too short a way, or one not known.
 */
uint8_t opener_ttl(const struct nat_hint *ours, const struct nat_hint *theirs,
		   const struct addr *our_ip, const struct addr *their_ip, unsigned attempt);

#endif
