#include "core/keepalive/back_off.h"

#include <math.h>

#define SHORT 20.0 /* seconds */

/* With turns the silence is never long, but each side's own packets are two intervals apart. */
bool keepalive_back_off(struct keepalive_offer *ours, const struct keepalive_terms *terms,
			nk_time silence)
{
	const bool turns = terms->algorithm == KEEPALIVE_TURNS;
	const double half = nk_seconds(silence) / 2;
	const double lower = turns ? SHORT : fmax(SHORT, half);

	if ((!turns && nk_seconds(silence) < SHORT) ||
	    (ours->lower_s > 0 && ours->lower_s <= lower && (ours->outbound_only || !turns)))
		return false;
	ours->lower_s = ours->lower_s > 0 ? fmin(ours->lower_s, lower) : lower;
	ours->outbound_only |= turns;
	return true;
}

void keepalive_forget(struct keepalive_offer *ours)
{
	ours->lower_s = 0;
	ours->outbound_only = false;
}
