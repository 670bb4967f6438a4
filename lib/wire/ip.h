/* Headers of IPv4 and IPv6 (RFC 791, RFC 8200), and where the fields of what they carry are. */
#ifndef WIRE_IP_H
#define WIRE_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/bytes.h"

enum ip_protocol {
	IP_ICMP = 1,
	IP_TCP = 6,
	IP_UDP = 17,
	IP_ICMPV6 = 58,
};

#define IP_V4_HEADER       20
#define IP_V6_HEADER       40
#define IP_FRAGMENT_HEADER 8 /* an extension header of IPv6 */
#define IP_UDP_HEADER      8
#define IP_TCP_HEADER      20
#define IP_ICMP_HEADER     8

/* Where lengths and checksums are, from the beginning of the header that has them. */
#define IP_V4_CHECKSUM_AT   10
#define IP_UDP_LENGTH_AT    4
#define IP_UDP_CHECKSUM_AT  6
#define IP_TCP_CHECKSUM_AT  16
#define IP_ICMP_CHECKSUM_AT 2

/**
 * struct ip_header - An IP header with its options, or with its extension headers
 * @from, @to:	Their ports are 0
 * @tos:	Type of service, traffic class
 * @protocol:	Of what follows it
 * @id, @offset, @more_fragments: Of a fragment; @offset is in bytes
 * @length:	Of all headers together
 * @fragment_at: IPv6: where the fragment header is, or 0
 * @next_at:	IPv6: where the number is that says what follows the headers, those before
 *		@fragment_at if there is one
 * @total:	Length of the packet, or for a quoted one, of which less may be there, what it was
 */
struct ip_header {
	struct addr from, to;
	uint8_t tos, ttl, protocol;
	bool dont_fragment, more_fragments;
	uint32_t id;
	uint16_t offset;
	size_t length, fragment_at, next_at, total;
};

/**
 * ip_read() - Decode the header of a packet
 * @out:	Written on success only
 * @bytes:	@len bytes, of which there may be more than the packet is long
 *
 * The checksum of an IPv4 header must be right.
 *
 * Return: 0 or NK_ERR_MALFORMED.
 */
int ip_read(struct ip_header *out, const uint8_t *bytes, size_t len);

/* The same for the beginning of a packet that an ICMP error quotes; its checksum is not looked at. */
int ip_read_quoted(struct ip_header *out, const uint8_t *bytes, size_t len);

bool ip_is_fragment(const struct ip_header *h);

/* Writes a header without options or extensions, for @h->total bytes in all; of a fragment of IPv6
 * with the header that it needs. */
void ip_write(struct wr *w, const struct ip_header *h);

/* Sum of the pseudo-header that the checksums of TCP, UDP and ICMPv6 cover; ICMP has none. */
uint64_t ip_pseudo_sum(const struct addr *from, const struct addr *to, uint8_t protocol,
		       size_t len);

#endif
