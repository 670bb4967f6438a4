/* When a request that is not answered is sent again, and when it is given up. */
#ifndef CORE_PORTMAP_RETRY_H
#define CORE_PORTMAP_RETRY_H

#include "base/crypto.h"
#include "base/time.h"

/**
 * struct retry_plan - How often
 * @first:	Wait after the first send; it doubles with each, up to @most
 * @tries:	Sends; after the wait that follows the last one it is given up
 * @spread:	Each wait is off by up to a tenth: RAND of RFC 6887 section 8.1.1
 */
struct retry_plan {
	nk_time first, most;
	unsigned tries;
	bool spread;
};

/**
 * struct retry - One request
 * @due:	Next send, or, after the last one, the end; NK_NEVER: none is under way
 */
struct retry {
	struct retry_plan plan;
	unsigned sent;
	nk_time wait, due;
};

/* The first send is due @at. */
void retry_start(struct retry *r, const struct retry_plan *plan, nk_time at);
void retry_stop(struct retry *r);

bool retry_to_send(const struct retry *r, nk_time now);
bool retry_is_over(const struct retry *r, nk_time now);
void retry_sent(struct retry *r, struct rng *rng, nk_time now);

#endif
