#include "core/session/rtt.h"

void rtt_sample(struct rtt *r, nk_time took)
{
	const nk_time apart = took > r->smooth ? took - r->smooth : r->smooth - took;

	if (r->smooth == 0) {
		r->smooth = nk_max(took, 1);
		r->var = took / 2;
		return;
	}
	r->var += (apart - r->var) / 4;
	r->smooth = nk_max(r->smooth + (took - r->smooth) / 8, 1);
}

nk_time rtt_timeout(const struct rtt *r, unsigned repeats)
{
	nk_time t = RTT_UNKNOWN_TIMEOUT;

	if (r->smooth > 0)
		t = nk_max(r->smooth + 4 * r->var, RTT_TIMEOUT_MIN);
	while (repeats-- > 0 && t < RTT_TIMEOUT_MAX)
		t *= 2;
	return nk_min(t, RTT_TIMEOUT_MAX);
}
