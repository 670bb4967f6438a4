/*
 * A mapping is another one, though nobody moved: it was silent for too long; or its NAT began anew, and
 * that says nothing of timeouts. It began anew if it has another address, or if none of several mappings
 * is left.
 */
#include "core/keeper/keeper_parts.h"

#define GATHER (3 * NK_S)    /* they are asked together, and again by hellos */
#define AGAIN  (3600 * NK_S) /* not so soon, unless a timeout looks like it */

void keeper_gone(struct keeper *k, struct target *t, const struct addr *mapped, nk_time now)
{
	if (k->learner == NULL || t->excused || t->proved <= k->anew)
		return;
	t->gone = now;
	if (!addr_same_ip(&t->mapped, mapped)) {
		learner_anew(k->learner, t->proved, now);
		k->anew = now;
		k->gone = NK_NEVER;
	} else if (k->gone == NK_NEVER) {
		k->gone = now;
		k->gone_since = t->proved;
		k->gone_idle = t->idle;
	}
}

nk_time keeper_gone_deadline(const struct keeper *k)
{
	return k->gone == NK_NEVER ? NK_NEVER : k->gone + GATHER;
}

void keeper_settle_gone(struct keeper *k, nk_time now)
{
	unsigned gone = 0, left = 0;

	if (keeper_gone_deadline(k) > now)
		return;
	for (unsigned i = 0; i < k->options->target_count; i++) {
		const struct target *t = &k->targets[i];

		if (t->state == KEEPER_UP && t->gone >= k->gone)
			gone++;
		else if (t->state == KEEPER_UP && t->proved >= k->gone - GATHER)
			left++;
	}
	if (gone > 1 && left == 0 && now - k->anew > AGAIN) {
		learner_anew(k->learner, k->gone_since, now);
		k->anew = now;
	} else {
		learner_lost(k->learner, k->gone_idle, now);
	}
	k->gone = NK_NEVER;
}
