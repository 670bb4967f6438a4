/*
 * The challenge to a NAT that may evict: so many mappings are opened that it must
 * push two out that it has spared so far. See fan_evict.c.
 */
#include <limits.h>
#include <math.h>

#include "core/probe/fan_parts.h"

#define ASK_AGAIN   (50 * NK_MS)
#define LEAST_QUOTA 4
#define SETTLES     0.5 /* seconds until what was opened last is set up, beside round trips */
#define ROUNDS_MAX  6   /* of openings, since some are lost */

void challenge_begin(struct fan *f, nk_time now)
{
	struct suspicion *s = &f->suspicion;

	*s = (struct suspicion){
		.stage = SUSPICION_CHALLENGE,
		.state = s->state,
		.died = s->died,
		.older = s->older,
		.since = now,
		.rounds = s->rounds,
		.first = FAN_TRIALS_MAX,
		.second = FAN_TRIALS_MAX,
		.spared = {LEAST_QUOTA, LEAST_QUOTA},
	};
	rank_raise(s->spared, f->capacity);
}

/* How many more must be made until no quota that explains the deaths spares this one. */
static unsigned missing(const struct fan *f, const struct trial *t, nk_time now)
{
	const enum age by = f->suspicion.by;
	const unsigned most = f->doubt[f->suspicion.state][by];
	const unsigned least = rank_at_least(f, t, now).younger[by];

	return least > most ? 0 : most + 1 - least;
}

/* Has so many opened, if there is room. Not without end. */
static void open_more(struct fan *f, unsigned openings)
{
	struct suspicion *s = &f->suspicion;

	if (f->no_more || s->rounds++ == ROUNDS_MAX)
		evict_outlive(f);
	else if (f->budget->held + openings > f->budget->limit)
		s->stage = SUSPICION_CLEAR;
	else
		s->openings = openings;
}

/* Whether a timer cannot have ended it in so many seconds from now, for all that its lane knows. */
static bool outlasts(const struct fan *f, const struct trial *t, double seconds, nk_time now)
{
	const struct lane *l = &f->lanes[t->state];
	const double safe = l->died > 0 ? fmin(l->survived, l->died) : l->survived;

	return t->opened >= f->suspicion.since || trial_age(t, now) + seconds < safe;
}

/*
 * Of those that are spared, by the age that is challenged or @by_both, and that no
 * timer ends before the challenge is over, the one that the fewest openings would
 * evict, other than @but; FAN_TRIALS_MAX if there is none.
 */
static uint32_t next_to_go(const struct fan *f, bool by_both, uint32_t but, nk_time now)
{
	const struct suspicion *s = &f->suspicion;
	const double pace = nk_seconds(f->options->pace), rtt = nk_seconds(f->exchanges->rtt);
	uint32_t best = FAN_TRIALS_MAX;
	unsigned fewest = UINT_MAX;

	for (uint32_t i = 0; i < f->count; i++) {
		const struct trial *t = &f->trials[i];
		struct rank r;
		unsigned n;

		if (t->phase != TRIAL_SILENT || i == but)
			continue;
		r = rank_at_most(f, t, now);
		if (by_both ? !rank_within(&r, s->spared) : r.younger[s->by] > s->spared[s->by])
			continue;
		n = missing(f, t, now);
		if (n >= fewest || !outlasts(f, t, n * pace + 3 * rtt + SETTLES, now))
			continue;
		fewest = n;
		best = i;
	}
	return best;
}

/* Chooses two that are to be evicted, by the idea of age that is cheaper to test. False if there are none. */
static bool choose_challenged(struct fan *f, nk_time now)
{
	struct suspicion *s = &f->suspicion;
	struct suspicion best = *s;
	unsigned fewest = UINT_MAX;

	for (unsigned a = 0; a < AGES; a++) {
		unsigned n;

		if (f->doubt[s->state][a] <= f->capacity[a])
			continue;
		s->by = (enum age)a;
		s->first = next_to_go(f, false, FAN_TRIALS_MAX, now);
		s->second = next_to_go(f, false, s->first, now);
		if (s->second == FAN_TRIALS_MAX)
			continue;
		n = missing(f, &f->trials[s->second], now);
		if (n >= fewest)
			continue;
		fewest = n;
		best = *s;
	}
	*s = best;
	return s->second != FAN_TRIALS_MAX;
}

static void challenge_ask(struct fan *f, nk_time now)
{
	struct suspicion *s = &f->suspicion;
	s->guard = next_to_go(f, true, FAN_TRIALS_MAX, now);
	if (s->guard == FAN_TRIALS_MAX || s->guard == s->first || s->guard == s->second)
		evict_outlive(f);
	else if (fan_ask(f, (uint32_t[]){s->first, s->second, s->guard}, 3, now))
		s->asked = 3;
	else
		s->ask_at = now + ASK_AGAIN; /* too many questions are under way */
}

void challenge_step(struct fan *f, nk_time now)
{
	struct suspicion *s = &f->suspicion;
	unsigned openings;

	if (s->asked > 0 || s->openings > 0 || evict_settling(f) || now < s->ask_at)
		return;
	s->ask_at = 0;
	if (s->second == FAN_TRIALS_MAX && !choose_challenged(f, now)) {
		open_more(f, 2);
		return;
	}
	openings = missing(f, &f->trials[s->second], now);
	if (openings == 0 && outlasts(f, &f->trials[s->first], 0, now) &&
	    outlasts(f, &f->trials[s->second], 0, now))
		challenge_ask(f, now);
	else if (openings == 0)
		challenge_begin(f, now); /* it took too long */
	else
		open_more(f, openings);
}

void challenge_judged(struct fan *f, uint32_t index, enum verdict verdict, nk_time now)
{
	struct suspicion *s = &f->suspicion;

	if (s->asked == 0 || (index != s->first && index != s->second && index != s->guard))
		return;
	s->asked--;
	s->dead += verdict == VERDICT_DEAD && index != s->guard;
	s->guarded |= verdict == VERDICT_ALIVE && index == s->guard;
	s->guard_died |= verdict == VERDICT_DEAD && index == s->guard;
	if (s->asked > 0)
		return;
	if (s->dead == 2 && s->guarded)
		s->stage = SUSPICION_CENSUS;
	else if (s->guard_died)
		evict_was_timer(f);
	else if (evict_in_doubt(f, s->state))
		challenge_begin(f, now); /* by the other age, or answers were lost */
	else
		evict_dismiss(f);
}
