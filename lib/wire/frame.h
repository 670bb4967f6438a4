/*
 * Packets of a session, and the frames that are sealed in them (natkit-protocol(7), SESSIONS).
 *
 *	0      0xF0; bit 0: epoch of the key it is sealed with; bit 1: epoch last heard from the peer
 *	1..4   the receiver's index
 *	5..12  counter: the nonce, never the same twice under one call's keys
 *	13..   frames and tag, sealed; the 13 bytes before are authenticated with them
 *
 * A packet with the longest message fills the smallest MTU of IPv6 to the byte.
 */
#ifndef WIRE_FRAME_H
#define WIRE_FRAME_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "wire/keepalive.h"

#define PACKET_HEADER   13
#define PACKET_OVERHEAD (PACKET_HEADER + 16)
#define PACKET_FITS     (1280 - 48) /* bytes of UDP payload that every path of IPv6 takes */

/**
 * struct packet_header - What a packet says in clear
 * @epoch:	Of the sender's key; @heard: of the receiver's, as the sender last heard it
 */
struct packet_header {
	bool epoch, heard;
	uint32_t index;
	uint64_t counter;
};

void packet_write_header(uint8_t out[static PACKET_HEADER], const struct packet_header *h);

/* False: no packet of a session, or too short for one. @out is written on success only. */
bool packet_read_header(struct packet_header *out, const uint8_t *bytes, size_t len);

enum frame_kind {
	FRAME_PING = 1,     /* to be answered at once, to where it came from */
	FRAME_PONG = 2,     /* the answer, with the ping's token */
	FRAME_ACK = 3,      /* @seq: all before it were taken; bit i of @bits: @seq + i is held */
	FRAME_MESSAGE = 4,  /* @seq, and the rest of the packet */
	FRAME_DATAGRAM = 5, /* the rest of the packet */
	FRAME_CLOSE = 6,    /* @seq: in its turn among the messages, the end of them */
	FRAME_OFFER = 7,    /* @seq: its number; and the rest: a keepalive offer, to be answered */
	FRAME_TERMS = 8,    /* the answer, with the offer's @seq and keepalive terms */
};

#define FRAME_ACK_BITS      64 /* so many messages may be in flight */
#define FRAME_PING_LEN      9
#define FRAME_ACK_LEN       11
#define FRAME_MESSAGE_HEAD  3
#define FRAME_DATAGRAM_HEAD 1
#define FRAME_OFFER_MAX     (3 + KEEPALIVE_OFFER_MAX)
#define FRAME_MESSAGE_MAX   1200
static_assert(PACKET_OVERHEAD + FRAME_MESSAGE_HEAD + FRAME_MESSAGE_MAX == PACKET_FITS,
	      "as said above");

/**
 * struct frame - One frame
 * @seq:	Low 16 bits of a message's number; an offer's number
 * @token:	PING and PONG
 * @bits:	ACK
 * @data:	@len bytes, borrowed
 */
struct frame {
	enum frame_kind kind;
	uint16_t seq;
	uint64_t token, bits;
	const uint8_t *data;
	size_t len;
};

void frame_write(struct wr *w, const struct frame *f);

/**
 * frame_read() - The next frame of an opened packet
 * @out:	Written on success only
 *
 * Return: false if there is none; @r->bad then says that what follows is no frame that we know,
 * cut off, or a message that is too long.
 */
bool frame_read(struct rd *r, struct frame *out);

#endif
