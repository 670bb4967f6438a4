#include "sim/link.h"

#include <math.h>

/*
 * Gilbert-Elliott in continuous time: a chain of two states that is left for
 * "bad" at rate burst_enter per millisecond, and for "good" at rate 1 / burst_mean.
 * It has no memory, so its state now depends on its last known state and on
 * the time since then alone, and one draw is enough however long that is.
 */
static bool in_burst(struct link *l, nk_time now)
{
	const double enter = l->spec.burst_enter / (double)NK_MS;
	const double leave = 1.0 / (double)nk_max(l->spec.burst_mean, 1);
	const double fade = exp(-(enter + leave) * (double)(now - l->as_of));
	const double settled = enter / (enter + leave);

	l->bad = rng_unit(&l->rng) < settled + ((l->bad ? 1.0 : 0.0) - settled) * fade;
	l->as_of = now;
	return l->bad;
}

static nk_time arrival(struct link *l, nk_time now)
{
	nk_time at = now + l->spec.delay;

	if (l->spec.jitter > 0)
		at += (nk_time)(rng_unit(&l->rng) * (double)(l->spec.jitter + 1));
	if (l->spec.reorder > 0 && rng_unit(&l->rng) < l->spec.reorder)
		at += l->spec.reorder_by;
	return at;
}

static struct link_copy copy(struct link *l, unsigned fragments, nk_time now)
{
	const nk_time first = arrival(l, now);
	struct link_copy c = {.at = first};

	for (unsigned i = 1; i < fragments; i++) {
		const nk_time at = arrival(l, now);

		c.disordered |= at < first;
		c.at = nk_max(c.at, at);
	}
	return c;
}

static bool any_lost(struct link *l, unsigned fragments)
{
	bool lost = false;

	for (unsigned i = 0; l->spec.loss > 0 && i < fragments; i++)
		lost |= rng_unit(&l->rng) < l->spec.loss;
	return lost;
}

uint32_t link_mtu(const struct link *l)
{
	return l->spec.mtu == 0 ? NET_MTU_DEFAULT : l->spec.mtu;
}

unsigned link_carry(struct link *l, unsigned fragments, nk_time now,
		    struct link_copy copies[LINK_COPIES_MAX])
{
	unsigned count = 1;

	if (l->spec.burst_enter > 0 && in_burst(l, now))
		return 0;
	if (any_lost(l, fragments))
		return 0;
	if (l->spec.duplicate > 0 && rng_unit(&l->rng) < l->spec.duplicate)
		count = 2;
	for (unsigned i = 0; i < count; i++)
		copies[i] = copy(l, fragments, now);
	return count;
}
