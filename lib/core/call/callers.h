/*
 * Who has rung: the newest offer of each key, so that an old one that somebody plays again
 * is known, and what a call that was not taken was answered.
 */
#ifndef CORE_CALL_CALLERS_H
#define CORE_CALL_CALLERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/offer.h"

#define CALLERS_MAX     512
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

/* When there are more, the one that rang first makes room. */
struct callers {
	struct caller list[CALLERS_MAX];
	unsigned count, next;
};

enum callers_verdict { CALLERS_NEW, CALLERS_AGAIN, CALLERS_OLD };

/* An offer: newer than all of its key, the newest once more, or neither. @who is set to its entry, unless
 * it is old. */
enum callers_verdict callers_judge(struct callers *c, const struct offer *offer,
				   struct caller **who);

#endif
