/*
 * The socket ids of one attempt to meet, and which of them are open: whatever its parts
 * leave open when they go is closed here.
 */
#ifndef CORE_CALL_BANK_H
#define CORE_CALL_BANK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/core.h"
#include "core/punch/gather.h"
#include "core/punch/punch.h"

#define BANK_IDS   (PUNCH_SOCKETS_MAX + GATHER_SOCKETS)
#define BANK_WORDS ((BANK_IDS + 63) / 64)

/**
 * struct bank - Ids from @first to + BANK_IDS: the punch's, whose first two are those of the
 *		families, then the gatherer's
 * @open:	Bit by id; @closing: to be closed before anything else is opened; @held: not wanted by
 *		the punch any more, but the peer may have chosen it
 */
struct bank {
	uint32_t first;
	uint64_t open[BANK_WORDS], closing[BANK_WORDS], held[BANK_WORDS];
};

static inline bool bank_has(const struct bank *b, uint32_t id)
{
	return id >= b->first && id - b->first < BANK_IDS;
}

/* An action that leaves, or an id that could not be opened. */
void bank_note(struct bank *b, const struct action *action);
void bank_forget(struct bank *b, uint32_t id);

/* A socket is not closed yet; all such are, but for @keep. */
void bank_hold(struct bank *b, uint32_t id);
void bank_release(struct bank *b, uint32_t keep);

/* All that is open is to be closed; bank_output() says so, one by one. */
void bank_shut(struct bank *b);
bool bank_output(struct bank *b, struct action *action);

#endif
