/*
 * How the two sides of a session keep its path, and how they come to other terms when one of them
 * believes something else of its NAT: it offers, until the other has answered. Where both do so at
 * once, the caller's offer stands.
 */
#ifndef CORE_SESSION_TERMS_H
#define CORE_SESSION_TERMS_H

#include "core/keepalive/keepalive.h"
#include "wire/frame.h"

#define TERMS_TRIES 6 /* offers without an answer: the peer does not know of such */

/**
 * struct terms - What is agreed, and what is being asked
 * @ours:	What this side would use
 * @open:	Our offer @seq has no answer yet; it was sent @tries times, and is again at @due
 * @answer_due:	The peer's offer @answer_seq is to be answered with @agreed
 */
struct terms {
	bool caller;
	struct keepalive_offer ours;
	struct keepalive_terms agreed;
	bool open;
	uint16_t seq;
	unsigned tries;
	nk_time due;
	bool answer_due;
	uint16_t answer_seq;
};

/* As offer and answer of a call have it; nothing is open then. */
void terms_set(struct terms *t, const struct keepalive_terms *agreed,
	       const struct keepalive_offer *ours);

/* We believe something else now. */
void terms_offer(struct terms *t, const struct keepalive_offer *ours, nk_time now);

/* FRAME_OFFER or FRAME_TERMS. Return: true if what is agreed is something else now. */
bool terms_take(struct terms *t, const struct frame *f);

/**
 * terms_next() - What is to be sent now
 * @wait:	For an answer
 * @bytes:	Those of the frame, which borrows them
 *
 * Return: false if there is nothing.
 */
bool terms_next(struct terms *t, struct frame *f, uint8_t bytes[static KEEPALIVE_OFFER_MAX],
		nk_time wait, nk_time now);

nk_time terms_deadline(const struct terms *t);

#endif
