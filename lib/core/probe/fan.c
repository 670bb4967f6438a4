#include "core/probe/fan.h"

#include <math.h>

#include "core/probe/fan_parts.h"

#define ASK_AGAIN    (50 * NK_MS) /* when too many questions are under way, or a verdict is in doubt */
#define FIRST_MORE   20           /* a 20th of each other lane's share */
#define SILENT_PAUSE (500 * NK_MS) /* between openings while the server does not answer */

bool fan_enabled(const struct fan *f, unsigned s)
{
	return f->lanes[s].max > 0;
}

/* The lane that climbs ahead of the others needs more rungs than they. */
static unsigned share_of(unsigned mappings, unsigned lanes, bool first)
{
	const unsigned share = mappings / lanes;
	const unsigned more = lanes > 1 ? share / FIRST_MORE : 0;

	return first ? share + (lanes - 1) * more : share - more;
}

static void lanes_start(struct fan *f, unsigned lanes, unsigned mappings, nk_time now)
{
	const struct probe_options *o = f->options;
	const double max_s = nk_seconds(o->max);
	unsigned n = 0, first = STATE_COUNT;

	for (unsigned s = 0; s < STATE_COUNT; s++) {
		if ((lanes >> s & 1) == 0)
			continue;
		if (n++ == 0)
			first = s;
	}
	for (unsigned s = 0; s < STATE_COUNT; s++) {
		f->planned[s] = f->extra[s] = 0;
		f->doubt[s][AGE_BY_USE] = f->doubt[s][AGE_BY_MAKING] = 0;
		f->decide_at[s] = NK_NEVER;
		f->lanes[s].max = 0;
		f->lanes[s].done = true;
		f->plans[s].count = 0;
		if ((lanes >> s & 1) == 0)
			continue;
		plan_build(&f->plans[s], share_of(mappings, n, first == s), max_s, o->resolution,
			   n * nk_seconds(o->pace), first != s, s == STATE_STREAM ? FAN_HURRY : 0,
			   nk_seconds(o->pace));
		lane_init(&f->lanes[s], &f->grid, max_s, o->resolution, f->plans[s].climb);
	}
	f->started = f->accepted = now;
	f->suspicion = (struct suspicion){.stage = SUSPICION_NONE};
	f->refused_run = f->refused_probes = 0;
	f->refused_first = f->refused_since = 0;
}

void fan_start(struct fan *f, unsigned lanes, unsigned mappings, nk_time now)
{
	const unsigned most = fan_trials_max(f);

	timeout_grid_init(&f->grid, nk_seconds(f->options->max));
	heap_init(&f->heap, f->heap_at, f->heap_order, f->heap_where, FAN_TRIALS_MAX);
	f->count = 0;
	f->no_more = f->server_full = false;
	f->status_due = NK_NEVER;
	f->retry_open = NK_NEVER;
	f->running = true;
	f->result->quota.policy = QUOTA_NONE_SEEN;
	f->plain = f->asker->mode == ASKER_RESPONSE_PORT;
	lanes_start(f, lanes, mappings < most ? mappings : most, now);
}

/* All that is known is void: begin again within @mappings. Older flows are evicted first, so they do not count. */
void fan_restart(struct fan *f, unsigned mappings, nk_time now)
{
	unsigned lanes = 0;

	for (unsigned s = 0; s < STATE_COUNT; s++)
		lanes |= (unsigned)fan_enabled(f, s) << s;
	for (uint32_t i = 0; i < f->count; i++) {
		budget_gone(f->budget, f->trials[i].flow);
		if (f->trials[i].phase < TRIAL_ENDED)
			trial_void(f, i, "a session quota was met: begun again within it", now);
	}
	f->restarts++;
	f->budget->life = NK_NEVER;
	f->budget->limit = f->budget->held + mappings;
	lanes_start(f, lanes, mappings, now);
	if (f->no_more)
		fan_no_more(f, now);
}

void fan_no_more(struct fan *f, nk_time now)
{
	f->no_more = true;
	f->suspicion.openings = 0;
	for (unsigned s = 0; s < STATE_COUNT; s++)
		f->decide_at[s] = now;
}

void fan_evidence(struct fan *f, const struct trial *t, enum verdict verdict, double gap,
		  const struct ask_verdict *v, const char *why)
{
	struct probe_result *r = f->result;

	if (r->evidence_count == PROBE_EVIDENCE_MAX) {
		r->evidence_lost++;
		return;
	}
	r->evidence[r->evidence_count++] = (struct evidence){
		.kind = EVIDENCE_LIFETIME,
		.state = t->state,
		.verdict = verdict,
		.at_s = nk_seconds(t->opened - f->run_started),
		.gap_s = gap,
		.local_port = t->local_port,
		.server = f->server,
		.mapped = t->mapped_port == 0
				  ? (struct addr){.port = 0}
				  : addr_with_port(f->asker->control_mapped, t->mapped_port),
		.copies = v != NULL ? v->copies : 0,
		.controls = v != NULL ? v->controls : 0,
		.why = why,
	};
}

bool fan_ask(struct fan *f, const uint32_t *indices, unsigned count, nk_time now)
{
	struct ask_target targets[PROBE_TRIALS_MAX] = {0};

	for (unsigned i = 0; i < count; i++)
		targets[i] = (struct ask_target){
			.trial = FAN_NUMBER(indices[i]),
			.socket = FAN_SOCKETS + indices[i],
			.port = f->trials[indices[i]].mapped_port,
		};
	if (!asker_ask(f->asker, targets, count, ASK_COPIES, now))
		return false;
	for (unsigned i = 0; i < count; i++) {
		f->trials[indices[i]].phase = TRIAL_ASKED;
		f->lanes[f->trials[indices[i]].state].asked++;
	}
	return true;
}

/* An upper bound of every timer is known once each lane has a bracket that no quota explains. */
static void update_life(struct fan *f)
{
	double top = 0;

	for (unsigned s = 0; s < STATE_COUNT; s++) {
		if (!fan_enabled(f, s))
			continue;
		const struct lane *l = &f->lanes[s];

		if ((l->estimate.open && l->died == 0) || evict_in_doubt(f, s)) {
			f->budget->life = NK_NEVER;
			return;
		}
		top = fmax(top, l->estimate.open ? l->died : l->estimate.hi);
	}
	f->budget->life = nk_from_seconds(top * FAN_LIFE_MARGIN + 0.5);
}

void fan_verdict(struct fan *f, const struct ask_verdict *v, nk_time now)
{
	const uint32_t index = v->trial - 1;
	struct trial *t;
	struct lane *l;
	double gap;

	if (v->trial == 0 || index >= f->count || f->trials[index].phase != TRIAL_ASKED)
		return;
	t = &f->trials[index];
	l = &f->lanes[t->state];
	gap = v->verdict == VERDICT_VOID ? 0 : trial_age(t, v->at);
	fan_evidence(f, t, v->verdict, gap, v, v->why);
	trial_end(f, index, now);
	l->asked--;
	f->decide_at[t->state] = now;
	if (v->verdict == VERDICT_ALIVE) {
		budget_tested(f->budget, t->flow, now + ASK_COPIES * ASK_SPACING);
		evict_alive(f, t, v->at);
	} else if (v->verdict == VERDICT_DEAD) {
		budget_gone(f->budget, t->flow);
		evict_dead(f, t, v->at);
	}
	lane_controls(l, f->asker->heard, f->asker->unheard);
	if (v->verdict != VERDICT_VOID)
		lane_tell(l, gap, v->verdict == VERDICT_ALIVE);
	evict_judged(f, index, v->verdict, now);
	update_life(f);
}

/* Ages of the trials that may be asked, falling, with their indices; and how many are set up. */
static unsigned ages_of(const struct fan *f, unsigned state, double *ages, uint32_t *index,
			unsigned *in_setup, nk_time now)
{
	unsigned n = 0;

	*in_setup = 0;
	for (uint32_t i = 0; i < f->count; i++) {
		const struct trial *t = &f->trials[i];

		if (t->state != state)
			continue;
		*in_setup += t->phase < TRIAL_SILENT;
		if (t->phase != TRIAL_SILENT || t->witness || n == PLAN_MAX)
			continue;
		/* Asked now, it is tested when the copy comes: a round trip later. */
		lane_add_age(ages, index, n++, trial_age(t, now + f->exchanges->rtt), i);
	}
	return n;
}

/* Trials that are still to be opened. */
static unsigned still_to_open(const struct fan *f, unsigned state)
{
	const unsigned room =
		f->budget->limit > f->budget->held ? f->budget->limit - f->budget->held : 0;
	const unsigned wanted = f->plans[state].count - f->planned[state] + f->extra[state];

	return f->no_more ? 0 : wanted < room ? wanted : room;
}

static void ask_picked(struct fan *f, unsigned state, const uint32_t *index,
		       const struct lane_decision *d, nk_time now)
{
	uint32_t picked[LANE_PICK_MAX];

	for (unsigned i = 0; i < d->count; i++)
		picked[i] = index[d->pick[i]];
	if (!fan_ask(f, picked, d->count, now))
		f->decide_at[state] = now + ASK_AGAIN;
}

static void decide(struct fan *f, unsigned state, nk_time now)
{
	struct lane *l = &f->lanes[state];
	double ages[PLAN_MAX];
	uint32_t index[PLAN_MAX];
	struct lane_decision d;
	unsigned n, in_setup;

	f->decide_at[state] = NK_NEVER;
	if (state > 0 && fan_enabled(f, state - 1))
		l->coarse_below =
			f->lanes[state - 1].estimate.open ? f->lanes[state - 1].survived : 0;
	if (lane_rests(l))
		return;
	n = ages_of(f, state, ages, index, &in_setup, now);
	lane_decide(l, ages, n, in_setup + still_to_open(f, state), &d);
	switch (d.move) {
	case LANE_ASK:
		ask_picked(f, state, index, &d, now);
		break;
	case LANE_OPEN:
		if (f->no_more)
			l->done = true;
		else if (f->extra[state] < d.count)
			f->extra[state] = d.count;
		break;
	case LANE_WAIT:
		if (isfinite(d.wait))
			f->decide_at[state] = now + nk_max(NK_MS, nk_from_seconds(d.wait) + 1);
		break;
	case LANE_DONE:
		if (f->suspicion.stage == SUSPICION_NONE && !evict_in_doubt(f, state))
			break;
		l->done = false;
		f->decide_at[state] = now + ASK_AGAIN;
		break;
	}
}

static bool all_done(const struct fan *f)
{
	for (unsigned s = 0; s < STATE_COUNT; s++)
		if (!f->lanes[s].done)
			return false;
	return true;
}

void fan_input(struct fan *f, const struct event *ev, nk_time now)
{
	const uint32_t index = ev->id - FAN_SOCKETS;

	if (index < f->count)
		trial_input(f, index, ev, now);
}

bool fan_output(struct fan *f, struct action *action, nk_time now)
{
	uint32_t index;

	if (!f->running)
		return false;
	while ((index = heap_due(&f->heap, now)) != HEAP_NONE)
		if (trial_output(f, index, action, now))
			return true;
	if (f->done)
		return false;
	if (f->status_due <= now)
		status_output(f, now);
	evict_step(f, now);
	for (unsigned s = 0; s < STATE_COUNT; s++)
		if (f->decide_at[s] <= now && !evict_holds(f))
			decide(f, s, now);
	f->done = f->done || all_done(f);
	if (f->asker->silent_since != NK_NEVER)
		f->budget->next = nk_max(f->budget->next, now + SILENT_PAUSE);
	return !f->done && fan_open_one(f, action, now);
}

nk_time fan_deadline(const struct fan *f)
{
	nk_time at = heap_next(&f->heap);
	nk_time opening;

	if (!f->running)
		return NK_NEVER;
	if (f->done)
		return at;
	at = nk_min(at, nk_min(f->status_due, evict_deadline(f)));
	for (unsigned s = 0; s < STATE_COUNT && !evict_holds(f); s++)
		at = nk_min(at, f->decide_at[s]);
	if (fan_next_opening(f, &opening) == STATE_COUNT)
		return at;
	opening = nk_max(opening, f->budget->next);
	if (f->budget->held < f->budget->limit)
		return nk_min(at, opening);
	at = nk_min(at, nk_max(opening, budget_next_expiry(f->budget)));
	if (f->result->quota.policy == QUOTA_REFUSES)
		at = nk_min(at, nk_max(opening, f->retry_open));
	return at;
}
