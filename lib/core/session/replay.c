#include "core/session/replay.h"

static uint64_t *word(struct replay *r, uint64_t counter)
{
	return &r->taken[counter % REPLAY_WINDOW / 64];
}

static uint64_t bit(uint64_t counter)
{
	return (uint64_t)1 << counter % 64;
}

bool replay_is_fresh(const struct replay *r, uint64_t counter)
{
	if (counter == UINT64_MAX) /* Noise keeps this nonce for Rekey() */
		return false;
	if (counter >= r->next)
		return true;
	return r->next - counter <= REPLAY_WINDOW &&
	       (r->taken[counter % REPLAY_WINDOW / 64] & bit(counter)) == 0;
}

void replay_take(struct replay *r, uint64_t counter)
{
	/* The places of those passed over are those of others, now too old. */
	for (unsigned n = 0; r->next <= counter && n < REPLAY_WINDOW; n++, r->next++)
		*word(r, r->next) &= ~bit(r->next);
	if (r->next <= counter)
		r->next = counter + 1;
	*word(r, counter) |= bit(counter);
}
