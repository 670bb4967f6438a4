/*
 * Packets as bytes. What was read is written as it was but for what a NAT or a
 * router changed, so that whatever is wrong with a packet stays wrong; what was
 * made here is built from its fields.
 */
#ifndef SIM_PACKET_IP_H
#define SIM_PACKET_IP_H

#include "sim/packet.h"

/**
 * packet_read() - Take apart the @p->len bytes of an IP packet at @p->data
 * @p:		All but @data, @room, @fragments and @disordered is set on success
 *
 * Headers are checked; of checksums those of IPv4 and of ICMP errors, whose quotes are rewritten.
 *
 * Return: 0, or NK_ERR_MALFORMED if it is broken or a fragment (fragments.h).
 */
int packet_read(struct packet *p);

/**
 * packet_write() - The bytes of a packet as it is now
 * @out:	Room for @room bytes; @p->size are enough
 *
 * Between the families it is translated by RFC 7915: TCP, UDP, echo and the errors that
 * enum packet_error names.
 *
 * Return: its length, or 0 if there is too little room, or it cannot be translated.
 */
size_t packet_write(const struct packet *p, uint8_t *out, size_t room);

#endif
