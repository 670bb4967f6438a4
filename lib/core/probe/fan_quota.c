/*
 * Session quotas of the NAT.
 *
 * One that refuses new sessions shows as a row of set-ups that never come
 * through while the control flow is well. One that evicts the oldest shows as
 * deaths of old mappings, which is also what a timer does: see fan.h.
 */
#include <math.h>

#include "core/probe/fan_parts.h"

#define REFUSED_IN_A_ROW 6 /* at 5 % loss each way: once in 60 million */
#define RETRY_AFTER      (5 * NK_S)
#define OLDER            1.003 /* a witness must be this much older than what died */
#define RESTARTS_MAX     2

void quota_confirmed(struct fan *f)
{
	f->confirmed++;
	f->refused_run = 0;
}

void quota_unconfirmed(struct fan *f, struct trial *t, nk_time now)
{
	struct quota_finding *q = &f->result->quota;

	f->refused_run++;
	if (q->policy == QUOTA_REFUSES) {
		budget_gone(f->budget, t->flow);
		f->budget->limit = f->budget->held;
		f->retry_open = now + RETRY_AFTER;
		return;
	}
	if (f->refused_run < REFUSED_IN_A_ROW) {
		f->extra[t->state]++;
		return;
	}
	/* Those refused hold nothing in the NAT's table. */
	for (uint32_t i = 0; i < f->count; i++)
		if (f->trials[i].phase == TRIAL_ENDED && f->trials[i].last_in == 0 &&
		    f->trials[i].mapped_port == 0)
			budget_gone(f->budget, f->trials[i].flow);
	budget_gone(f->budget, t->flow);
	q->policy = QUOTA_REFUSES;
	q->value = f->budget->held;
	q->p = 1 - pow(0.1, REFUSED_IN_A_ROW);
	f->budget->limit = f->budget->held;
	f->retry_open = now + RETRY_AFTER;
}

static void find_witness(struct fan *f, nk_time now)
{
	struct suspicion *s = &f->suspicion;
	uint32_t best = FAN_TRIALS_MAX, youngest = FAN_TRIALS_MAX;

	for (uint32_t i = 0; i < f->count; i++) {
		const struct trial *t = &f->trials[i];

		if (t->phase != TRIAL_SILENT || t->state != s->state || t->witness)
			continue;
		if (youngest == FAN_TRIALS_MAX ||
		    trial_age(t, now) < trial_age(&f->trials[youngest], now))
			youngest = i;
		if (budget_younger(f->budget, nk_max(t->last_out, t->last_in)) > f->capacity ||
		    trial_age(t, now) >= s->died)
			continue;
		if (best == FAN_TRIALS_MAX || trial_age(t, now) > trial_age(&f->trials[best], now))
			best = i;
	}
	s->witness = best != FAN_TRIALS_MAX ? best : youngest;
	if (s->witness != FAN_TRIALS_MAX)
		f->trials[s->witness].witness = true;
}

void quota_alive(struct fan *f, const struct trial *t)
{
	const unsigned younger = budget_younger(f->budget, nk_max(t->last_out, t->last_in));

	if (younger > f->capacity)
		f->capacity = younger;
}

void quota_dead(struct fan *f, const struct trial *t, double gap, nk_time now)
{
	struct suspicion *s = &f->suspicion;
	const unsigned younger = budget_younger(f->budget, nk_max(t->last_out, t->last_in));

	if (younger <= f->capacity || s->active)
		return;
	*s = (struct suspicion){
		.active = true,
		.state = t->state,
		.died = gap,
		.younger = younger,
		.witness = FAN_TRIALS_MAX,
	};
	find_witness(f, now);
}

void quota_witness_judged(struct fan *f, uint32_t index, enum verdict verdict, nk_time now)
{
	struct suspicion *s = &f->suspicion;
	struct quota_finding *q = &f->result->quota;

	if (!s->active || index != s->witness)
		return;
	if (verdict == VERDICT_VOID) {
		s->witness = FAN_TRIALS_MAX;
		find_witness(f, now);
		return;
	}
	s->active = false;
	if (verdict == VERDICT_DEAD) {
		if (s->younger > f->capacity)
			f->capacity = s->younger;
		return;
	}
	/* Older than one that died, and alive: no timer does that. */
	q->policy = QUOTA_EVICTS;
	q->value = f->capacity + 1;
	q->p = 0.99;
	if (f->restarts < RESTARTS_MAX)
		fan_restart(f, q->value * 3 / 4, now);
}

void quota_step(struct fan *f, nk_time now)
{
	struct suspicion *s = &f->suspicion;

	if (!s->active)
		return;
	if (f->lanes[s->state].done) {
		s->active = false;
		return;
	}
	if (s->witness == FAN_TRIALS_MAX) {
		find_witness(f, now);
		if (s->witness == FAN_TRIALS_MAX && f->extra[s->state] == 0)
			f->extra[s->state] = 1;
		return;
	}

	const struct trial *t = &f->trials[s->witness];

	if (t->phase == TRIAL_SILENT && trial_age(t, now) >= s->died * OLDER)
		fan_ask(f, &s->witness, 1, now);
	else if (t->phase != TRIAL_SILENT && t->phase != TRIAL_ASKED)
		s->witness = FAN_TRIALS_MAX;
}

nk_time quota_deadline(const struct fan *f)
{
	const struct suspicion *s = &f->suspicion;
	const struct trial *t;

	if (!s->active || s->witness == FAN_TRIALS_MAX)
		return NK_NEVER;
	t = &f->trials[s->witness];
	if (t->phase != TRIAL_SILENT)
		return NK_NEVER;
	return nk_max(t->last_out, t->last_in) + nk_from_seconds(s->died * OLDER) + 1;
}
