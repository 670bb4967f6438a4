/*
 * Session quotas of the NAT.
 *
 * One that refuses new sessions shows as a row of set-ups that never come
 * through while the control flow is well. One that evicts the oldest shows as
 * deaths of old mappings, which is also what a timer does: see fan.h. A death
 * is in doubt while more mappings were younger than it than have been seen to
 * spare an old one.
 */
#include <math.h>

#include "core/probe/fan_parts.h"

/*
 * So many set-ups in a row fail by chance once in a million runs; but loss comes
 * in bursts, so that more must fail, further apart than a burst is long.
 */
#define REFUSED_IN_A_ROW 8
#define REFUSED_AFTER    6
#define REFUSED_APART    (200 * NK_MS)
#define RETRY_AFTER      (5 * NK_S)
#define ASK_AGAIN        (50 * NK_MS)
#define OLDER            1.003 /* a witness must be this much older than what died */
#define RESTARTS_MAX     2
#define SEVERAL          2 /* a single death among survivors may be a loss */
#define OTHERS           4
#define LEAST_QUOTA      4

void quota_confirmed(struct fan *f, const struct trial *t)
{
	if (t->opened <= f->refused_first)
		return;
	f->refused_run = f->refused_probes = 0;
	f->budget->pace = f->options->pace;
}

static void refuses(struct fan *f)
{
	struct quota_finding *q = &f->result->quota;

	/* Those refused hold nothing in the NAT's table. */
	for (uint32_t i = 0; i < f->count; i++)
		if (f->trials[i].phase == TRIAL_ENDED && f->trials[i].last_in == 0 &&
		    f->trials[i].mapped_port == 0)
			budget_gone(f->budget, f->trials[i].flow);
	q->policy = QUOTA_REFUSES;
	q->value = f->budget->seen;
	q->p = 1 - pow(0.1, REFUSED_IN_A_ROW);
}

/*
 * Whether the row is long enough: first any that fail, then some that were opened one by one to
 * see. Of these only such count between which the control flow was answered.
 */
static bool row_of_refusals(struct fan *f, const struct trial *t, nk_time now)
{
	if (f->result->pooling == POOL_ARBITRARY)
		return false; /* set-ups from another exit address are not refused by the NAT */
	if (f->refused_run++ == 0)
		f->refused_first = t->opened;
	if (f->refused_run < REFUSED_IN_A_ROW)
		return false;
	if (f->refused_run == REFUSED_IN_A_ROW) {
		f->refused_since = now;
		f->budget->pace = nk_max(f->options->pace, REFUSED_APART);
		f->budget->next = now + REFUSED_APART;
		f->refused_checked = now;
		asker_check(f->asker);
	} else if (t->opened >= f->refused_since && f->asker->answered_at >= f->refused_checked) {
		f->refused_probes++;
		f->refused_checked = now;
		asker_check(f->asker);
	}
	return f->refused_probes >= REFUSED_AFTER;
}

void quota_unconfirmed(struct fan *f, struct trial *t, nk_time now)
{
	struct quota_finding *q = &f->result->quota;

	if (q->policy != QUOTA_REFUSES && !row_of_refusals(f, t, now)) {
		f->extra[t->state]++;
		if (f->refused_run >= REFUSED_IN_A_ROW)
			budget_gone(f->budget, t->flow);
		return;
	}
	budget_gone(f->budget, t->flow);
	if (q->policy != QUOTA_REFUSES)
		refuses(f);
	f->budget->pace = f->options->pace;
	f->budget->limit = f->budget->held;
	f->retry_open = now + RETRY_AFTER;
}

/*
 * Mappings that an evicting NAT would rather keep than this one: those used
 * later, or made later, whichever are fewer, since NATs differ in what "oldest" is.
 */
static unsigned kept_before(const struct fan *f, const struct trial *t)
{
	const unsigned used = budget_younger(f->budget, nk_max(t->last_out, t->last_in));
	const unsigned made = budget_made_after(f->budget, t->flow);

	return used < made ? used : made;
}

/* The same, whichever are more: those that may have pushed it out. */
static unsigned younger_than(const struct fan *f, const struct trial *t)
{
	const unsigned used = budget_younger(f->budget, nk_max(t->last_out, t->last_in));
	const unsigned made = budget_made_after(f->budget, t->flow);

	return used > made ? used : made;
}

void quota_alive(struct fan *f, struct trial *t)
{
	const unsigned younger = kept_before(f, t);

	t->spared = true;
	if (younger > f->capacity)
		f->capacity = younger;
}

void quota_dead(struct fan *f, const struct trial *t)
{
	const unsigned younger = younger_than(f, t);

	if (younger > f->doubt[t->state])
		f->doubt[t->state] = younger;
}

bool quota_in_doubt(const struct fan *f, unsigned state)
{
	return f->suspicion.active || f->doubt[state] > f->capacity;
}

/* A witness must be young enough to be spared, and is the better the older it is. */
static uint32_t find_witness(const struct fan *f, nk_time now)
{
	const struct suspicion *s = &f->suspicion;
	const unsigned spared = f->capacity > LEAST_QUOTA ? f->capacity : LEAST_QUOTA;
	uint32_t best = FAN_TRIALS_MAX;

	for (uint32_t i = 0; i < f->count; i++) {
		const struct trial *t = &f->trials[i];

		if (t->phase != TRIAL_SILENT || t->state != s->state ||
		    younger_than(f, t) > spared || trial_age(t, now) >= s->died)
			continue;
		if (best == FAN_TRIALS_MAX || trial_age(t, now) > trial_age(&f->trials[best], now))
			best = i;
	}
	return best;
}

/* Set-ups still under way keep pushing others out: a witness is chosen after them. */
static bool settling(const struct fan *f)
{
	for (uint32_t i = 0; i < f->count; i++)
		if (f->trials[i].phase < TRIAL_SILENT)
			return true;
	return false;
}

static void suspect(struct fan *f)
{
	for (unsigned s = 0; s < STATE_COUNT && !f->suspicion.active; s++) {
		const struct lane *l = &f->lanes[s];

		if (l->done || l->asked > 0 || f->doubt[s] <= f->capacity)
			continue;
		if (l->died == 0) {
			/* An older one was seen alive since: that death was no timer's. */
			f->doubt[s] = 0;
			continue;
		}
		f->suspicion = (struct suspicion){
			.active = true,
			.state = (enum traffic_state)s,
			.died = l->died,
			.witness = FAN_TRIALS_MAX,
		};
	}
}

/* Deaths at silences that another was seen to survive. */
static unsigned deaths(const struct lane *l)
{
	unsigned n = 0;

	for (unsigned i = 0; i < l->belief.count; i++)
		n += !l->belief.trial[i].alive && l->belief.trial[i].gap < l->survived;
	return n;
}

void quota_witness_judged(struct fan *f, uint32_t index, enum verdict verdict)
{
	struct suspicion *s = &f->suspicion;

	if (!s->active || s->census || index != s->witness)
		return;
	if (verdict == VERDICT_ALIVE && deaths(&f->lanes[s->state]) >= SEVERAL) {
		/* Older than those that died, and alive: no timer does that. */
		s->census = true;
		return;
	}
	s->active = false;
	if (verdict == VERDICT_ALIVE)
		f->doubt[s->state] = 0; /* a single death was a loss */
	if (verdict == VERDICT_DEAD && f->doubt[s->state] > f->capacity)
		f->capacity = f->doubt[s->state];
}

/* How many mappings of the fan stay well within a quota, beside those of the control flow and the refresh test. */
static unsigned within(unsigned quota)
{
	const unsigned share = quota * 3 / 4;

	return share > LEAST_QUOTA + OTHERS ? share - OTHERS : LEAST_QUOTA;
}

/* Asks all that are silent; when all have answered, those that were spared are the quota. */
static void census(struct fan *f, nk_time now)
{
	struct quota_finding *q = &f->result->quota;
	uint32_t silent[PROBE_TRIALS_MAX];
	unsigned n = 0, asked = 0, spared = 0;

	for (uint32_t i = 0; i < f->count; i++) {
		const struct trial *t = &f->trials[i];

		asked += t->phase == TRIAL_ASKED;
		if (t->phase == TRIAL_SILENT && n < PROBE_TRIALS_MAX)
			silent[n++] = i;
		if (t->spared && kept_before(f, t) > spared)
			spared = kept_before(f, t);
	}
	if (n > 0 && fan_ask(f, silent, n, now))
		return;
	if (n > 0 || asked > 0)
		return;
	q->policy = QUOTA_EVICTS;
	q->value = spared;
	q->p = 0.99;
	f->suspicion = (struct suspicion){.witness = FAN_TRIALS_MAX};
	if (f->restarts < RESTARTS_MAX)
		fan_restart(f, within(spared), now);
}

void quota_step(struct fan *f, nk_time now)
{
	struct suspicion *s = &f->suspicion;
	struct trial *t;

	if (s->census) {
		census(f, now);
		return;
	}
	suspect(f);
	if (!s->active)
		return;
	if (s->witness == FAN_TRIALS_MAX) {
		if (settling(f))
			return;
		s->witness = find_witness(f, now);
		if (s->witness == FAN_TRIALS_MAX && f->no_more) {
			s->active = false;
			f->lanes[s->state].done = true;
			return;
		}
		s->opening = s->witness == FAN_TRIALS_MAX;
		if (s->witness != FAN_TRIALS_MAX)
			f->trials[s->witness].witness = true;
		else if (f->extra[s->state] == 0)
			f->extra[s->state] = 1;
		return;
	}
	t = &f->trials[s->witness];
	if (t->phase == TRIAL_SILENT && trial_age(t, now) >= s->died * OLDER && now >= s->ask_at) {
		if (!fan_ask(f, &s->witness, 1, now))
			s->ask_at = now + ASK_AGAIN; /* too many questions are under way */
	} else if (t->phase > TRIAL_ASKED)
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
	return nk_max(s->ask_at,
		      nk_max(t->last_out, t->last_in) + nk_from_seconds(s->died * OLDER) + 1);
}
