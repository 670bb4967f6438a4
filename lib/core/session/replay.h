/* Which packets were had already, as in RFC 6479: a window behind the newest counter. */
#ifndef CORE_SESSION_REPLAY_H
#define CORE_SESSION_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#define REPLAY_WINDOW 1024

/**
 * struct replay - Counters taken
 * @next:	One more than the newest; 0: none yet
 * @taken:	A ring of bits by counter, for those not older than the window
 */
struct replay {
	uint64_t next;
	uint64_t taken[REPLAY_WINDOW / 64];
};

/* Whether it is none that was taken, nor too old to know. */
bool replay_is_fresh(const struct replay *r, uint64_t counter);
void replay_take(struct replay *r, uint64_t counter);

#endif
