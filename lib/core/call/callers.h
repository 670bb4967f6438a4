/*
 * Who has rung: the newest offer of each key, so that an old one that somebody plays again
 * is known, and what a call that was not taken was answered.
 */
#ifndef CORE_CALL_CALLERS_H
#define CORE_CALL_CALLERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/call/punch_options.h"
#include "wire/offer.h"

#define CALLERS_MAX     PUNCH_SEEN_MAX
#define CALLERS_REFUSAL 128 /* bytes of an answer without candidates */

/**
 * struct caller - One key
 * @timestamp:	Of its newest offer, which was @call_id
 * @refusal:	The answer that it got, @refusal_len bytes; 0: it was taken
 */
struct caller {
	uint8_t key[32];
	uint64_t timestamp;
	uint8_t call_id[OFFER_CALL_ID];
	uint8_t refusal[CALLERS_REFUSAL];
	size_t refusal_len;
};

/* When there are more, the one that rang first makes room. @changed: since callers_news(). */
struct callers {
	struct caller list[CALLERS_MAX];
	unsigned count, next;
	bool changed;
};

/* @seen are of an earlier run, the oldest first; not more than CALLERS_MAX. */
void callers_begin(struct callers *c, const struct punch_seen *seen, unsigned count);

/* Return: whether there is something to remember for a later run, with @out and @count set. */
bool callers_news(struct callers *c, struct punch_seen out[static CALLERS_MAX], unsigned *count);

enum callers_verdict { CALLERS_NEW, CALLERS_AGAIN, CALLERS_OLD };

/* An offer: newer than all of its key, the newest once more, or neither. @who is set to its entry, unless
 * it is old. */
enum callers_verdict callers_judge(struct callers *c, const struct offer *offer,
				   struct caller **who);

#endif
