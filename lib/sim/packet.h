/*
 * An IP packet as the virtual network sees it: who talks with whom, and what a
 * NAT must know of it. The bytes go along. In virtual time they are the payload
 * of UDP or of an ICMP query, in real time (ip.h) the packet as it was read.
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

/* A packet that an ICMP error is about, as its sender sent it or as a NAT made it since. */
struct packet_quote {
	enum packet_kind kind;
	struct addr from, to;
};

/**
 * struct packet - A packet
 * @from, @to:	Endpoints as they are at this moment of its way
 * @ttl:	TTL or hop limit
 * @dont_fragment: IPv4 only; IPv6 routers never fragment
 * @reply:	PACKET_QUERY: it is the answer
 * @flags:	PACKET_TCP: PACKET_SYN and so on
 * @protocol:	PACKET_OTHER: number of the IP protocol
 * @error, @mtu, @quote: PACKET_ERROR
 * @fragments:	How many fragments it travels as: 1 if it is whole
 * @disordered:	Not the first of them came first
 * @size:	Length of the IP packet, with its headers, if it were whole
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
	enum packet_error error;
	uint32_t mtu;
	struct packet_quote quote;
	unsigned fragments;
	bool disordered;
	size_t size;
	uint8_t *data;
	size_t len, room, payload;
};

#endif
