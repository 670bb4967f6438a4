/*
 * An IP packet as the network sees it: who talks with whom, and what a NAT
 * must know of it. The bytes go along untouched. In virtual time they are the
 * payload of UDP or of an ICMP query, in real time the whole packet as it was
 * read; packet_ip.h makes bytes of either.
 */
#ifndef SIM_PACKET_H
#define SIM_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

enum packet_kind {
	PACKET_UDP,
	PACKET_TCP,
	PACKET_QUERY, /* ICMP echo; of @from and @to both have the identifier as their port */
	PACKET_ERROR, /* an ICMP error: ports are 0, and @quote says what it is about */
	PACKET_OTHER, /* any other protocol: ports are 0 */
};

enum packet_error {
	PACKET_TTL_EXCEEDED,
	PACKET_NO_PORT,
	PACKET_NO_HOST,
	PACKET_PROHIBITED,
	PACKET_TOO_BIG, /* IPv4: fragmentation needed; @mtu is set */
	PACKET_ERROR_OTHER,
};

/* Flags of TCP as in its header. */
#define PACKET_FIN 0x01
#define PACKET_SYN 0x02
#define PACKET_RST 0x04
#define PACKET_ACK 0x10

#define PACKET_TTL 64 /* of what hosts and routers send unless they are told otherwise */

/**
 * struct packet_quote - A packet that an ICMP error is about, as its sender sent it or as a NAT made
 * it since
 * @summed:	Its UDP checksum is known: @sum is that without addresses and ports, which may
 *		change on the way
 * @id:		IPv4's identification, 0 if it is not known
 *
 * All else is as in struct packet.
 */
struct packet_quote {
	enum packet_kind kind;
	struct addr from, to;
	bool reply, summed;
	uint8_t protocol;
	uint16_t sum, id;
	uint32_t seq;
	size_t size;
};

/**
 * struct packet - A packet
 * @from, @to:	Endpoints as they are at this moment of its way
 * @ttl:	TTL or hop limit
 * @dont_fragment: IPv4 only; IPv6 routers never fragment
 * @reply:	PACKET_QUERY: it is the answer
 * @flags:	PACKET_TCP: PACKET_SYN and so on
 * @protocol:	PACKET_OTHER: number of the IP protocol
 * @seq:	PACKET_TCP: sequence number; PACKET_QUERY: that of the ping
 * @ack:	PACKET_TCP: acknowledgment number
 * @error, @mtu, @quote: PACKET_ERROR
 * @fragments:	How many fragments it travels as: 1 if it is whole
 * @disordered:	Not the first of them came first
 * @altered:	The payload was changed since it was read, and its checksum is no longer right
 * @size:	Length of the IP packet, with its headers, if it were whole
 * @raw:	@data is the whole IP packet as it was read, else the payload alone
 * @data:	@len bytes that belong to whoever made the packet, with room for @room
 * @payload:	Where in @data the payload begins that an ALG may look at
 */
struct packet {
	enum packet_kind kind;
	struct addr from, to;
	uint8_t ttl;
	bool dont_fragment;
	bool reply;
	uint8_t flags, protocol;
	uint32_t seq, ack;
	enum packet_error error;
	uint32_t mtu;
	struct packet_quote quote;
	unsigned fragments;
	bool disordered;
	bool raw, altered;
	size_t size;
	uint8_t *data;
	size_t len, room, payload;
};

size_t packet_ip_header(const struct packet *p); /* 20, or 40 for IPv6 */

/* How many fragments it takes through a link; 1 if it fits as it is. */
unsigned packet_pieces(const struct packet *p, uint32_t mtu);

/* Whether an error may be sent in answer (RFC 1122 section 3.2.2). */
bool packet_may_be_answered(const struct packet *p);

/* Makes of an empty packet the ICMP error about another, as its sender is to see it; or the RST
 * that answers a TCP segment (RFC 9293 section 3.10.7.1). */
void packet_make_error(struct packet *e, const struct packet *about, const struct addr *from,
		       enum packet_error error, uint32_t mtu);
void packet_make_reset(struct packet *r, const struct packet *about);

#endif
