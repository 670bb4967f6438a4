/* What ICMP errors quote of the UDP datagrams that they are about: RFC 792, RFC 1812
 * section 4.3.2.3. */
#ifndef WIRE_ICMP_QUOTE_H
#define WIRE_ICMP_QUOTE_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

/**
 * struct icmp_quote - A datagram as it was where its time was exceeded
 * @reporter:	Who says so, port 0
 * @from, @to:	Of the datagram, as a NAT on the way back may have translated them
 * @id:		Its identification; @checksum: of UDP
 * @undone:	Of a datagram that leaves: the checksum that virtual links have, where hardware is
 *		to do it
 */
struct icmp_quote {
	struct addr reporter, from, to;
	uint16_t id, checksum, undone;
};

/**
 * icmp_quote_read() - Decode an IPv4 packet
 * @out:	Written on success only
 *
 * Return: 0, or NK_ERR_MALFORMED if it is not an ICMP message "time exceeded in transit" that
 * quotes UDP. Whether it is about anything that was sent is not looked at.
 */
int icmp_quote_read(struct icmp_quote *out, const uint8_t *packet, size_t len);

/* The same of a datagram that is seen as it leaves, as a whole: its checksum is computed, since
 * hardware may do that later. @out->reporter is all zero. */
int icmp_quote_of(struct icmp_quote *out, const uint8_t *packet, size_t len);

#endif
