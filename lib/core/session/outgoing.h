/*
 * Messages that leave: kept until the peer's owner has them, resent when lost, and never more in
 * flight than the window.
 *
 * The window is one until a round trip is known, grows by one per message acknowledged up to the
 * first loss, and then by one per round trip; a loss halves it (RFC 5681 as RFC 8085 section
 * 3.1.1 allows it). A message is lost when three that were sent after it have arrived, or when
 * nothing at all was acknowledged for the time that rtt_timeout() gives.
 */
#ifndef CORE_SESSION_OUTGOING_H
#define CORE_SESSION_OUTGOING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "core/session/rtt.h"
#include "wire/frame.h"

#define OUTGOING_MAX     FRAME_ACK_BITS
#define OUTGOING_REORDER 3 /* sent later, arrived earlier: lost */

enum outgoing_state { OUTGOING_READY, OUTGOING_FLYING, OUTGOING_HELD }; /* held by the peer */

/**
 * struct outgoing_message - One message, or the end of them
 * @tries:	Times sent; @order: of the last time, among all sends; @sent: when that was
 */
struct outgoing_message {
	enum outgoing_state state;
	bool is_close;
	unsigned tries;
	uint64_t order;
	nk_time sent;
	size_t len;
	uint8_t bytes[FRAME_MESSAGE_MAX];
};

/**
 * struct outgoing - What the peer has not taken
 * @first:	Number of the oldest; @count: how many there are, by number modulo OUTGOING_MAX
 * @flying, @held: Of them, in that state
 * @window:	Most that may be; up to @threshold it grows fast, then by @grown messages acknowledged
 * @sends:	Orders given; @arrived: the greatest that is known to have arrived
 * @recovery:	What was sent before this order was sent before the last loss: it counts no more,
 *		neither as another one nor as a success
 * @due:	When what is in flight counts as lost, after @repeats such times; NK_NEVER: nothing is
 */
struct outgoing {
	uint16_t first;
	unsigned count, flying, held;
	unsigned window, threshold, grown;
	uint64_t sends, arrived, recovery;
	nk_time due;
	unsigned repeats;
	struct rtt rtt;
	struct outgoing_message message[OUTGOING_MAX];
};

void outgoing_init(struct outgoing *out);

/* Room within the window, so that nobody reads faster than the path carries. */
bool outgoing_has_room(const struct outgoing *out);

/* False if there is no place. A close may be put when there is no room, but a place. */
bool outgoing_put(struct outgoing *out, const void *bytes, size_t len);
bool outgoing_put_close(struct outgoing *out);

/**
 * outgoing_next() - The message to be sent now
 * @f:		Set to its frame, whose bytes are borrowed
 *
 * Return: its place, for outgoing_sent(); NULL if none is ready or the window is full.
 */
struct outgoing_message *outgoing_next(struct outgoing *out, struct frame *f);
void outgoing_sent(struct outgoing *out, struct outgoing_message *m, nk_time now);

/* Return: whether it says anything that was not known. */
bool outgoing_acked(struct outgoing *out, const struct frame *ack, nk_time now);

/* A round trip was measured by other means: a first message need not wait as long as it would. */
void outgoing_learn(struct outgoing *out, nk_time took, nk_time now);

/**
 * outgoing_expire() - What is to be done when @out->due has come
 *
 * Return: true if all are held by the peer, and none was taken for long: an answer to a ping
 * tells whether one has been by now.
 */
bool outgoing_expire(struct outgoing *out, nk_time now);

/* The way to the peer is another one: what was in flight is lost, and the round trip unknown. */
void outgoing_restart(struct outgoing *out, nk_time now);

#endif
