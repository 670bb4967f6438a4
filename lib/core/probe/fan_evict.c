/*
 * Session quotas of the NAT that evict the oldest session for a new one.
 *
 * They show as deaths of old mappings, which is also what a timer does. What
 * tells them apart is that an eviction needs as many younger mappings as the
 * quota allows. So a death is in doubt while more were younger than it than have
 * been seen to spare an old one; whether a NAT goes by use or by making is not
 * known, so both are counted. A doubt is settled in steps:
 *
 *	WITNESS   nothing is opened; a mapping that a quota would spare grows older than the
 *		  dead one, and is asked. Dead: the timer did it
 *	CHALLENGE it was alive, so either there is a quota, or lifetimes vary, as where a NAT
 *		  purges in sweeps. So many are opened that a quota must evict two that it has
 *		  spared so far, and they are asked, with a younger one as a guard
 *	CLEAR     if there is no room for that: all that are older than what was spared are asked
 *	CENSUS    they died and the guard did not: there is a quota. All are asked, to count
 */
#include <math.h>

#include "core/probe/fan_parts.h"

#define ASK_AGAIN    (50 * NK_MS)
#define OLDER        1.003 /* a witness must be this much older than what died */
#define OLDER_STEP   1.3
#define OUTLIVES     2.2 /* no NAT's lifetimes vary by that */
#define RESTARTS_MAX 2
#define SEVERAL      2 /* a single death may be a loss */
#define OTHERS       4
#define LEAST_QUOTA  4

bool evict_holds(const struct fan *f)
{
	return f->suspicion.stage > SUSPICION_WITNESS;
}

static void clear_doubt(struct fan *f, unsigned state)
{
	for (unsigned a = 0; a < AGES; a++)
		f->doubt[state][a] = 0;
}

void evict_dismiss(struct fan *f)
{
	for (uint32_t i = 0; i < f->count; i++)
		f->trials[i].witness = false;
	f->suspicion = (struct suspicion){.stage = SUSPICION_NONE};
}

/* It cannot be settled: the lane ends in doubt. */
static void give_up(struct fan *f)
{
	f->lanes[f->suspicion.state].done = true;
	evict_dismiss(f);
}

/* The deaths in doubt were a timer's. */
void evict_was_timer(struct fan *f)
{
	rank_raise(f->capacity, f->doubt[f->suspicion.state]);
	/* A witness died that was older than one that lived. */
	f->varying |= f->suspicion.older > OLDER;
	evict_dismiss(f);
}

static void suspect(struct fan *f)
{
	for (unsigned s = 0; s < STATE_COUNT; s++) {
		const struct lane *l = &f->lanes[s];

		if (l->done || l->asked > 0 || !evict_in_doubt(f, s))
			continue;
		if (l->died == 0) {
			/* An older one was seen alive since: that death was no timer's. */
			clear_doubt(f, s);
			continue;
		}
		f->suspicion = (struct suspicion){
			.stage = SUSPICION_WITNESS,
			.state = (enum traffic_state)s,
			.died = l->died,
			.older = OLDER,
			.witness = FAN_TRIALS_MAX,
		};
		return;
	}
}

/* Set-ups still under way keep pushing others out: what is chosen, is chosen after them. */
bool evict_settling(const struct fan *f)
{
	for (uint32_t i = 0; i < f->count; i++)
		if (f->trials[i].phase < TRIAL_SILENT)
			return true;
	return false;
}

/* Whether a NAT surely spares it that is known to spare so many. */
static bool is_spared(const struct fan *f, const struct trial *t, const unsigned known[static AGES],
		      nk_time now)
{
	const struct rank r = rank_at_most(f, t, now);

	return t->phase == TRIAL_SILENT && rank_within(&r, known);
}

/* WITNESS */

/* The oldest of the lane that is younger than what died; FAN_TRIALS_MAX if there is none. */
static uint32_t find_witness(const struct fan *f, nk_time now)
{
	const struct suspicion *s = &f->suspicion;
	unsigned spared[AGES] = {LEAST_QUOTA, LEAST_QUOTA};
	uint32_t best = FAN_TRIALS_MAX;
	double oldest = -1;

	rank_raise(spared, f->capacity);
	for (uint32_t i = 0; i < f->count; i++) {
		const struct trial *t = &f->trials[i];
		const double age = trial_age(t, now);

		if (t->state != s->state || age >= s->died * s->older || age <= oldest ||
		    !is_spared(f, t, spared, now))
			continue;
		oldest = age;
		best = i;
	}
	return best;
}

static void choose_witness(struct fan *f, nk_time now)
{
	struct suspicion *s = &f->suspicion;

	if (evict_settling(f))
		return;
	s->witness = find_witness(f, now);
	if (s->witness != FAN_TRIALS_MAX)
		f->trials[s->witness].witness = true;
	else if (f->no_more)
		give_up(f);
	else
		s->openings = 1;
}

static void await_witness(struct fan *f, nk_time now)
{
	struct suspicion *s = &f->suspicion;
	const struct trial *t;

	if (s->witness == FAN_TRIALS_MAX) {
		choose_witness(f, now);
		return;
	}
	t = &f->trials[s->witness];
	if (t->phase == TRIAL_SILENT && trial_age(t, now) >= s->died * s->older &&
	    now >= s->ask_at) {
		if (!fan_ask(f, &s->witness, 1, now))
			s->ask_at = now + ASK_AGAIN; /* too many questions are under way */
	} else if (t->phase > TRIAL_ASKED) {
		s->witness = FAN_TRIALS_MAX;
	}
}

/* Another witness, which is to become older by more than the last. */
void evict_outlive(struct fan *f)
{
	struct suspicion *s = &f->suspicion;

	*s = (struct suspicion){
		.stage = SUSPICION_WITNESS,
		.state = s->state,
		.died = s->died,
		.older = s->older * OLDER_STEP,
		.witness = FAN_TRIALS_MAX,
	};
}

static void witness_judged(struct fan *f, enum verdict verdict, nk_time now)
{
	struct suspicion *s = &f->suspicion;

	if (verdict == VERDICT_DEAD) {
		evict_was_timer(f);
	} else if (verdict == VERDICT_VOID) {
		evict_dismiss(f);
	} else if (f->lanes[s->state].dead < SEVERAL) {
		clear_doubt(f, s->state); /* a single death was a loss */
		evict_dismiss(f);
	} else if (s->older >= OUTLIVES || f->result->quota.policy == QUOTA_EVICTS) {
		s->stage = SUSPICION_CENSUS;
	} else if (s->older > OLDER) {
		evict_outlive(f);
	} else {
		challenge_begin(f, now);
	}
}

/* CENSUS, and CLEAR */

/* Asks all that are silent, or those alone that a quota may have evicted. True when all have answered. */
static bool all_asked(struct fan *f, bool spared_too, nk_time now)
{
	uint32_t silent[PROBE_TRIALS_MAX];
	unsigned n = 0, asked = 0;

	for (uint32_t i = 0; i < f->count; i++) {
		const struct trial *t = &f->trials[i];
		struct rank r;

		asked += t->phase == TRIAL_ASKED;
		if (t->phase != TRIAL_SILENT || n == PROBE_TRIALS_MAX)
			continue;
		r = rank_at_most(f, t, now);
		if (spared_too || !rank_within(&r, f->capacity))
			silent[n++] = i;
	}
	if (n > 0)
		fan_ask(f, silent, n, now);
	return n == 0 && asked == 0;
}

/* How many mappings of the fan stay well within a quota, beside those of the control flow and the refresh test. */
static unsigned mappings_within(unsigned quota)
{
	const unsigned share = quota * 3 / 4;

	return share > LEAST_QUOTA + OTHERS ? share - OTHERS : LEAST_QUOTA;
}

static void census(struct fan *f, nk_time now)
{
	struct quota_finding *q = &f->result->quota;

	if (!all_asked(f, true, now))
		return;
	q->policy = QUOTA_EVICTS;
	q->value = f->kept;
	q->p = 0.99;
	evict_dismiss(f);
	if (f->restarts < RESTARTS_MAX)
		fan_restart(f, mappings_within(q->value), now);
}

static void clear(struct fan *f, nk_time now)
{
	if (!all_asked(f, false, now))
		return;
	if (evict_in_doubt(f, f->suspicion.state))
		challenge_begin(f, now);
	else
		evict_dismiss(f);
}

/* All stages */

void evict_judged(struct fan *f, uint32_t index, enum verdict verdict, nk_time now)
{
	if (f->suspicion.stage == SUSPICION_WITNESS && index == f->suspicion.witness)
		witness_judged(f, verdict, now);
	else if (f->suspicion.stage == SUSPICION_CHALLENGE)
		challenge_judged(f, index, verdict, now);
}

static void step(struct fan *f, nk_time now)
{
	switch (f->suspicion.stage) {
	case SUSPICION_NONE:
		suspect(f);
		break;
	case SUSPICION_WITNESS:
		await_witness(f, now);
		break;
	case SUSPICION_CHALLENGE:
		challenge_step(f, now);
		break;
	case SUSPICION_CLEAR:
		clear(f, now);
		break;
	case SUSPICION_CENSUS:
		census(f, now);
		break;
	}
}

void evict_step(struct fan *f, nk_time now)
{
	enum suspicion_stage before;

	do {
		before = f->suspicion.stage;
		step(f, now);
	} while (f->suspicion.stage != before);
}

nk_time evict_deadline(const struct fan *f)
{
	const struct suspicion *s = &f->suspicion;
	const struct trial *t;

	if (s->stage == SUSPICION_CHALLENGE)
		return s->ask_at > 0 ? s->ask_at : NK_NEVER;
	if (s->stage != SUSPICION_WITNESS || s->witness == FAN_TRIALS_MAX)
		return NK_NEVER;
	t = &f->trials[s->witness];
	if (t->phase != TRIAL_SILENT)
		return NK_NEVER;
	return nk_max(s->ask_at, trial_last_use(t) + nk_from_seconds(s->died * s->older) + 1);
}
