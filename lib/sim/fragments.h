/*
 * IP packets from their fragments and into them. Hostile input: memory and time
 * are bounded, and a packet whose fragments overlap is dropped (RFC 5722).
 */
#ifndef SIM_FRAGMENTS_H
#define SIM_FRAGMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"
#include "sim/packet.h"

#define FRAGMENTS_WHOLE_MAX  65575 /* bytes of the largest packet: one of IPv6 */
#define FRAGMENTS_HEADER_MAX 256

struct fragments;

/* What waits for more. Return: NULL without memory. fragments_free() takes NULL. */
struct fragments *fragments_new(void);
void fragments_free(struct fragments *f);

/* Whether @ip is a fragment, and so for fragments_add() and not yet for packet_read(). */
bool fragments_are(const uint8_t *ip, size_t len);

/**
 * fragments_add() - One fragment has come
 * @ip:		@len bytes, borrowed for the call
 * @whole:	Filled on completion: @data, which has room for FRAGMENTS_WHOLE_MAX, @len,
 *		@fragments and @disordered
 *
 * Return: true if that completed a packet, for packet_read().
 */
bool fragments_add(struct fragments *f, const uint8_t *ip, size_t len, nk_time now,
		   struct packet *whole);

typedef void fragments_out(void *user, const uint8_t *ip, size_t len);

/* Gives a packet, or its fragments if it is larger than @mtu, to @out one after the other. What has
 * more than FRAGMENTS_HEADER_MAX bytes of IP headers stays whole. @id: of its fragments, where the
 * packet has none; each packet should have another. */
void fragments_split(const uint8_t *ip, size_t len, uint32_t mtu, uint32_t id, fragments_out *out,
		     void *user);

#endif
