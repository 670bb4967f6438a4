#include "core/portmap/retry.h"

void retry_start(struct retry *r, const struct retry_plan *plan, nk_time at)
{
	*r = (struct retry){.plan = *plan, .due = at};
}

void retry_stop(struct retry *r)
{
	r->due = NK_NEVER;
}

bool retry_to_send(const struct retry *r, nk_time now)
{
	return now >= r->due && r->sent < r->plan.tries;
}

bool retry_is_over(const struct retry *r, nk_time now)
{
	return now >= r->due && r->sent == r->plan.tries;
}

/* RFC 6887 section 8.1.1: RT = (1 + RAND) * MIN(2 * RTprev, MRT). RFC 6886 section 3.1 is the same without RAND. */
void retry_sent(struct retry *r, struct rng *rng, nk_time now)
{
	r->wait = r->sent == 0 ? r->plan.first : nk_min(2 * r->wait, r->plan.most);
	if (r->plan.spread)
		r->wait += (nk_time)((double)r->wait * (rng_unit(rng) * 0.2 - 0.1));
	r->sent++;
	r->due = now + r->wait;
}
