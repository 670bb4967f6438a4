/* How fast a host or a router may send ICMP errors (RFC 4443 section 2.4f): some at once, then one
 * each interval. */
#ifndef SIM_PACE_H
#define SIM_PACE_H

#include <stdbool.h>

#include "base/time.h"

#define PACE_AT_ONCE 50
#define PACE_EVERY   NK_MS

/* struct pace - @due: when one would be due if none were let through at once; all zero is fresh */
struct pace {
	nk_time due;
};

/* Whether one more may be sent at @now, which then counts. */
static inline bool pace_allows(struct pace *p, nk_time now)
{
	const nk_time due = nk_max(p->due, now);

	if (due - now > (PACE_AT_ONCE - 1) * PACE_EVERY)
		return false;
	p->due = due + PACE_EVERY;
	return true;
}

#endif
