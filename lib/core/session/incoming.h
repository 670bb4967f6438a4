/*
 * Messages that come: held until it is their turn, given to the owner, and acknowledged.
 *
 * What is acknowledged for good is what the owner has taken, so that a slow reader slows the
 * peer. What is merely held is told besides: it need not come again.
 */
#ifndef CORE_SESSION_INCOMING_H
#define CORE_SESSION_INCOMING_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/frame.h"

#define INCOMING_HELD FRAME_ACK_BITS

struct incoming_message {
	bool held, is_close;
	size_t len;
	uint8_t bytes[FRAME_MESSAGE_MAX];
};

/**
 * struct incoming - What was heard and not taken
 * @next:	Number of the next one to be taken
 * @held:	By number modulo INCOMING_HELD
 * @ack_due:	Something came, or was taken, since the last ACK
 */
struct incoming {
	uint16_t next;
	bool ack_due;
	struct incoming_message held[INCOMING_HELD];
};

/* A MESSAGE or CLOSE. It is copied, unless it was had before or is too far ahead. */
void incoming_put(struct incoming *in, const struct frame *f);

/* The one whose turn it is, or NULL. */
const struct incoming_message *incoming_first(const struct incoming *in);

/* The owner has the first one, and it is forgotten. */
void incoming_take(struct incoming *in);

/* The ACK that says how it is now. */
struct frame incoming_ack(const struct incoming *in);

#endif
