#include "sim/link.h"

#include <math.h>

/*
 * Gilbert-Elliott in continuous time: a chain of two states that is left for
 * "bad" at rate burst_enter per millisecond, and for "good" at rate 1 / burst_mean.
 * It has no memory, so its state now depends on its last known state and on
 * the time since then alone, and one draw is enough however long that is.
 */
static bool in_burst(struct link *l, struct rng *rng, nk_time now)
{
	const double enter = l->spec.burst_enter / (double)NK_MS;
	const double leave = 1.0 / (double)nk_max(l->spec.burst_mean, 1);
	const double fade = exp(-(enter + leave) * (double)(now - l->as_of));
	const double settled = enter / (enter + leave);

	l->bad = rng_unit(rng) < settled + ((l->bad ? 1.0 : 0.0) - settled) * fade;
	l->as_of = now;
	return l->bad;
}

static nk_time arrival(const struct link *l, struct rng *rng, nk_time now)
{
	nk_time jitter = 0;

	if (l->spec.jitter > 0)
		jitter = (nk_time)(rng_unit(rng) * (double)(l->spec.jitter + 1));
	return now + l->spec.delay + jitter;
}

unsigned link_carry(struct link *l, struct rng *rng, nk_time now, nk_time at[LINK_COPIES_MAX])
{
	unsigned copies = 1;

	if (l->spec.burst_enter > 0 && in_burst(l, rng, now))
		return 0;
	if (l->spec.loss > 0 && rng_unit(rng) < l->spec.loss)
		return 0;
	if (l->spec.duplicate > 0 && rng_unit(rng) < l->spec.duplicate)
		copies = 2;
	for (unsigned i = 0; i < copies; i++)
		at[i] = arrival(l, rng, now);
	return copies;
}
