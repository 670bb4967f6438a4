/*
 * Keepalive frames, three bytes each, and how two sides agree on their use (natkit-protocol(7),
 * KEEPALIVES).
 *
 *	byte 0  bits 7-6: 1; bits 5-4: kind; bits 3-0: low bits of the sender's counter
 *	byte 1  bits 7-4: low bits of the last counter heard from the receiver; bits 3-0: tag
 *	byte 2  tag
 *
 * The tag is SipHash-2-4 over direction, kind and both whole counters, cut to 12 bits: one forged
 * frame in 4096 passes. So a frame moves "last heard" of a flow that is known by both addresses,
 * and nothing else; where there is doubt, a long hello decides: PING in a session, REGISTER
 * with TOKEN at a broker.
 */
#ifndef WIRE_KEEPALIVE_H
#define WIRE_KEEPALIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

#define KEEPALIVE_LEN 3
#define KEEPALIVE_KEY 16

enum keepalive_kind {
	KEEPALIVE_TURN =
		0,         /* it is the sender's turn; its acknowledgement comes with the other's */
	KEEPALIVE_ASK = 1, /* to be answered at once */
	KEEPALIVE_ANSWER = 2,
}; /* 3 is what session packets begin with */

/**
 * struct keepalive_flow - Both directions of a flow, as one side has them
 * @first:	The caller, or the broker's client; directions are told apart by it
 * @sent:	Counter of our last frame; @heard: of the newest authentic one
 *
 * Both begin at the same value on both sides, which must not be used again under the key.
 */
struct keepalive_flow {
	uint8_t key[KEEPALIVE_KEY];
	bool first;
	uint64_t sent, heard;
};

/* Between a broker and its client: the key is of the TOKEN, which travels in clear, so it stops
 * those who are not on the path. Both counters begin at the TIME of the same answer, a step a second:
 * slower than frames are never counted. */
void keepalive_key_of_token(uint8_t key[static KEEPALIVE_KEY], uint64_t token);
uint32_t keepalive_counter_at(uint64_t time_us);

/* Writes the next frame. */
void keepalive_write(struct keepalive_flow *f, enum keepalive_kind kind,
		     uint8_t out[static KEEPALIVE_LEN]);

/* Whether a datagram has the form of a frame, of this flow or another. */
bool keepalive_is_frame(const uint8_t *bytes, size_t len);

/**
 * keepalive_read() - Check a frame
 * @kind, @acked: Set on success; @acked: the counter of ours that the peer had heard last
 *
 * Its counter is the next after @f->heard that has its low bits, so of 16 in a row that are lost
 * the 17th is not understood. An old one is not either.
 *
 * Return: false if it is none of this flow; nothing has changed then.
 */
bool keepalive_read(struct keepalive_flow *f, const uint8_t *bytes, size_t len,
		    enum keepalive_kind *kind, uint64_t *acked);

/* Algorithms by number, which never changes its meaning. */
enum keepalive_algorithm {
	KEEPALIVE_NONE = 0,  /* nothing is sent: punched again when needed */
	KEEPALIVE_FIXED = 1, /* the first side asks at an interval */
	KEEPALIVE_TURNS = 2, /* each sends an interval after the other's last packet */
	KEEPALIVE_LEARNED =
		3, /* the first side asks, at an interval that follows what is believed */
	KEEPALIVE_OPENER = 4, /* one-sided, by packets that end just past the own NAT */
	KEEPALIVE_ALGORITHMS
};

/**
 * struct keepalive_wish - One algorithm that a side would use
 * @min_s, @max_s: Bounds of its interval, seconds
 */
struct keepalive_wish {
	uint8_t algorithm;
	uint16_t min_s, max_s;
};

/**
 * struct keepalive_offer - What a side wants, and what it believes of its NAT
 * @wish:	@count of them, the best first. Unknown numbers are kept: an offer may be passed on
 * @lower_s:	Lower 95 % bound of the timeout of a mapping with traffic both ways; 0: not known
 * @outbound_only: It is believed that only outbound packets refresh
 */
#define KEEPALIVE_WISHES 8
struct keepalive_offer {
	struct keepalive_wish wish[KEEPALIVE_WISHES];
	unsigned count;
	double lower_s;
	bool outbound_only;
};

#define KEEPALIVE_OFFER_MAX 64 /* bytes */

/**
 * struct keepalive_terms - What was agreed
 * @interval_s:	TURNS: after the other's packet, and twice that between two of one's own; else
 *		between two of the first side's. 0: KEEPALIVE_NONE
 */
struct keepalive_terms {
	uint8_t algorithm;
	double interval_s;
};

#define KEEPALIVE_TERMS_LEN 3

/* An interval as terms tell it: in whole sixteenths of a second, not above. */
double keepalive_told(double seconds);

/* Return: bytes written. */
size_t keepalive_offer_write(uint8_t out[static KEEPALIVE_OFFER_MAX],
			     const struct keepalive_offer *o);
/* Return: 0 or NK_ERR_MALFORMED; @out is written on success only. Wishes too many are dropped. */
int keepalive_offer_read(struct keepalive_offer *out, const uint8_t *bytes, size_t len);

void keepalive_terms_write(uint8_t out[static KEEPALIVE_TERMS_LEN],
			   const struct keepalive_terms *t);
int keepalive_terms_read(struct keepalive_terms *out, const uint8_t *bytes, size_t len);

#endif
