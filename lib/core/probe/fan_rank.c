/*
 * How many mappings are younger than one: what spares it, or pushes it out, where a
 * NAT evicts. Of what cannot be known a lower and an upper bound serve.
 */
#include "core/probe/fan_parts.h"

#define SETUP_MAX (5 * NK_S)

bool rank_within(const struct rank *r, const unsigned limit[static AGES])
{
	return r->younger[AGE_BY_USE] <= limit[AGE_BY_USE] &&
	       r->younger[AGE_BY_MAKING] <= limit[AGE_BY_MAKING];
}

void rank_raise(unsigned limit[static AGES], const unsigned to[static AGES])
{
	for (unsigned a = 0; a < AGES; a++)
		if (to[a] > limit[a])
			limit[a] = to[a];
}

/*
 * Whether no mapping was evicted while it was being set up, to be made anew by its
 * next packet: all that were made meanwhile are no more than a NAT is known to keep.
 */
static bool made_once(const struct fan *f)
{
	const unsigned since = budget_made_after(f->budget, f->started);

	return since - budget_made_after(f->budget, f->started + SETUP_MAX) <=
	       f->capacity[AGE_BY_MAKING];
}

/* So many at least were younger at @at. */
struct rank rank_at_least(const struct fan *f, const struct trial *t, nk_time at)
{
	return budget_rank_at_least(f->budget, made_once(f) ? t->opened : t->last_out,
				    trial_last_use(t), at);
}

/* So many at most. */
struct rank rank_at_most(const struct fan *f, const struct trial *t, nk_time at)
{
	return budget_rank_at_most(f->budget, t->opened, trial_last_use(t), at, !made_once(f));
}

void evict_alive(struct fan *f, const struct trial *t, nk_time at)
{
	const struct rank least = rank_at_least(f, t, at);
	const struct rank likely =
		budget_rank_at_most(f->budget, t->opened, trial_last_use(t), at, false);
	const unsigned kept = likely.younger[AGE_BY_USE] < likely.younger[AGE_BY_MAKING]
				      ? likely.younger[AGE_BY_USE]
				      : likely.younger[AGE_BY_MAKING];

	rank_raise(f->capacity, least.younger);
	if (kept > f->kept)
		f->kept = kept;
}

void evict_dead(struct fan *f, const struct trial *t, nk_time at)
{
	const struct rank r = rank_at_most(f, t, at);

	rank_raise(f->doubt[t->state], r.younger);
}

bool evict_in_doubt(const struct fan *f, unsigned state)
{
	if (f->varying || f->result->quota.policy == QUOTA_REFUSES)
		return false; /* what refuses does not evict */
	return f->doubt[state][AGE_BY_USE] > f->capacity[AGE_BY_USE] ||
	       f->doubt[state][AGE_BY_MAKING] > f->capacity[AGE_BY_MAKING];
}
