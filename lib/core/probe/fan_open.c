/* Which mapping the fan opens next, and whether there is room for it. */
#include "core/probe/fan_parts.h"

#define OTHER_TRIALS 70 /* of the refresh test and the ICMP timer */

/* The lane that takes 3 s to set up goes first: the others would end before it anyway. */
static nk_time head_start(const struct fan *f, unsigned state)
{
	if (state == STATE_STREAM || !fan_enabled(f, STATE_STREAM))
		return 0;
	return FAN_HURRY * f->options->pace;
}

/* Which lane's next opening is due first, and when; STATE_COUNT if none is wanted. */
unsigned fan_next_opening(const struct fan *f, nk_time *at)
{
	const struct suspicion *suspicion = &f->suspicion;
	unsigned best = STATE_COUNT;

	*at = NK_NEVER;
	if (suspicion->stage != SUSPICION_NONE) {
		if (suspicion->openings == 0)
			return STATE_COUNT;
		*at = f->started;
		return suspicion->stage == SUSPICION_WITNESS ? suspicion->state : STATE_REPLIED;
	}
	for (unsigned s = 0; s < STATE_COUNT; s++) {
		nk_time due = NK_NEVER;

		if (f->lanes[s].done || f->no_more)
			continue;
		if (f->extra[s] > 0)
			due = f->started;
		else if (f->planned[s] < f->plans[s].count)
			due = f->started + head_start(f, s) +
			      nk_from_seconds(f->plans[s].at[f->planned[s]]);
		if (due < *at) {
			*at = due;
			best = s;
		}
	}
	return best;
}

/* Every lane, or a suspicion, waits for mappings that there is no room for. */
static bool starved(const struct fan *f)
{
	const bool suspicion = f->suspicion.stage != SUSPICION_NONE;

	if (suspicion && f->suspicion.openings == 0)
		return false;
	for (unsigned s = 0; s < STATE_COUNT && !suspicion; s++)
		if (!f->lanes[s].done && (f->lanes[s].asked > 0 || f->decide_at[s] != NK_NEVER))
			return false;
	for (uint32_t i = 0; i < f->count; i++)
		if (f->trials[i].phase < TRIAL_SILENT)
			return false;
	return true;
}

/* Silent mappings that are older than their timer make room. */
static void retire_old(struct fan *f, nk_time now)
{
	for (uint32_t i = 0; i < f->count; i++) {
		const struct trial *t = &f->trials[i];
		const struct timeout_estimate *e = &f->lanes[t->state].estimate;

		if (t->phase != TRIAL_SILENT || t->witness || e->open || evict_holds(f) ||
		    evict_in_doubt(f, t->state) ||
		    trial_age(t, now) <= e->hi * FAN_LIFE_MARGIN + 0.5)
			continue;
		budget_gone(f->budget, t->flow);
		trial_end(f, i, now);
	}
}

static bool may_open(struct fan *f, nk_time now)
{
	struct budget *b = f->budget;

	budget_sweep(b, now);
	if (budget_ready(b, now))
		return true;
	if (now < b->next || b->held < b->limit)
		return false;
	retire_old(f, now);
	if (budget_ready(b, now))
		return true;
	if (f->result->quota.policy == QUOTA_REFUSES && now >= f->retry_open) {
		if (now - f->accepted > f->options->max) {
			fan_no_more(f, now); /* no mapping of ours that could end is left */
			return false;
		}
		f->retry_open = now + 5 * NK_S;
		b->limit = b->held + 1;
		return true;
	}
	if (b->life == NK_NEVER && starved(f)) {
		/* Nothing tells how long this NAT holds on: wait as long as we would try. */
		b->life = f->options->max;
		budget_sweep(b, now);
	}
	return budget_ready(b, now);
}

unsigned fan_trials_max(const struct fan *f)
{
	const unsigned allowed = f->asker->limit_trials;
	const unsigned others = allowed < 2 * OTHER_TRIALS ? allowed / 2 : OTHER_TRIALS;

	return allowed > 0 && allowed - others < FAN_TRIALS_MAX ? allowed - others : FAN_TRIALS_MAX;
}

bool fan_open_one(struct fan *f, struct action *action, nk_time now)
{
	nk_time at;
	const unsigned state = fan_next_opening(f, &at);
	const uint32_t index = f->count;
	struct trial *t = &f->trials[index];

	if (state == STATE_COUNT || at > now || !may_open(f, now))
		return false;
	if (f->suspicion.stage != SUSPICION_NONE)
		f->suspicion.openings--;
	else if (f->extra[state] > 0)
		f->extra[state]--;
	else
		f->planned[state]++;
	*t = (struct trial){
		.phase = TRIAL_OPENING,
		.state = (enum traffic_state)state,
		.opened = now,
		.witness = f->suspicion.stage != SUSPICION_NONE,
		.flow = budget_take(f->budget, now),
	};
	if (++f->count == fan_trials_max(f))
		fan_no_more(f, now);
	*action = (struct action){
		.kind = ACTION_OPEN,
		.id = FAN_SOCKETS + index,
		.socket = SOCKET_UDP,
		.local = f->local,
		.peer = f->server,
	};
	return true;
}
