#include "core/probe/fan.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/probe/fan_parts.h"

#define HURRY        36 /* openings of the lane that takes 3 s to set up, before the others */
#define ASK_AGAIN    (50 * NK_MS) /* when too many questions are under way, or a verdict is in doubt */
#define LIFE_MARGIN  1.03
#define REPORT_MASS  0.95
#define FIRST_MORE   20            /* a 20th of each other lane's share */
#define SILENT_PAUSE (500 * NK_MS) /* between openings while the server does not answer */
#define LEAST_DEAD   3
#define TICK         (4 * NK_MS)
#define NOISE_MAX    (50 * NK_MS)
#define CURVE_AROUND 1.02

static bool enabled(const struct fan *f, unsigned s)
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
			   n * nk_seconds(o->pace), first != s, s == STATE_STREAM ? HURRY : 0,
			   nk_seconds(o->pace));
		lane_init(&f->lanes[s], &f->grid, max_s, o->resolution, f->plans[s].climb);
	}
	f->started = now;
	f->suspicion = (struct suspicion){.stage = SUSPICION_NONE};
	f->refused_run = f->refused_probes = 0;
	f->refused_first = f->refused_since = 0;
}

void fan_start(struct fan *f, unsigned lanes, unsigned mappings, nk_time now)
{
	timeout_grid_init(&f->grid, nk_seconds(f->options->max));
	heap_init(&f->heap, f->heap_at, f->heap_order, f->heap_where, FAN_TRIALS_MAX);
	f->count = 0;
	f->no_more = false;
	f->status_due = NK_NEVER;
	f->retry_open = NK_NEVER;
	f->running = true;
	f->result->quota.policy = QUOTA_NONE_SEEN;
	f->plain = f->asker->mode == ASKER_RESPONSE_PORT;
	lanes_start(f, lanes, mappings, now);
}

/* All that is known is void: begin again within @mappings. Older flows are evicted first, so they do not count. */
void fan_restart(struct fan *f, unsigned mappings, nk_time now)
{
	unsigned lanes = 0;

	for (unsigned s = 0; s < STATE_COUNT; s++)
		lanes |= (unsigned)enabled(f, s) << s;
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
		if (!enabled(f, s))
			continue;
		const struct lane *l = &f->lanes[s];

		if ((l->estimate.open && l->died == 0) || evict_in_doubt(f, s)) {
			f->budget->life = NK_NEVER;
			return;
		}
		top = fmax(top, l->estimate.open ? l->died : l->estimate.hi);
	}
	f->budget->life = nk_from_seconds(top * LIFE_MARGIN + 0.5);
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

/* Ages of the trials that may be asked, falling, with their indices. */
static unsigned ages_of(const struct fan *f, unsigned state, double *ages, uint32_t *index,
			nk_time now)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < f->count && n < PLAN_MAX; i++) {
		const struct trial *t = &f->trials[i];

		if (t->phase != TRIAL_SILENT || t->state != state || t->witness)
			continue;
		/* Asked now, it is tested when the copy comes: a round trip later. */
		lane_add_age(ages, index, n++, trial_age(t, now + f->exchanges->rtt), i);
	}
	return n;
}

/* Trials that will be silent sooner or later: being set up, or still to be opened. */
static unsigned coming(const struct fan *f, unsigned state)
{
	const unsigned room =
		f->budget->limit > f->budget->held ? f->budget->limit - f->budget->held : 0;
	const unsigned wanted = f->plans[state].count - f->planned[state] + f->extra[state];
	unsigned n = f->no_more ? 0 : wanted < room ? wanted : room;

	for (uint32_t i = 0; i < f->count; i++)
		n += f->trials[i].state == state && f->trials[i].phase < TRIAL_SILENT;
	return n;
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
	unsigned n;

	f->decide_at[state] = NK_NEVER;
	if (state > 0 && enabled(f, state - 1))
		l->coarse_below =
			f->lanes[state - 1].estimate.open ? f->lanes[state - 1].survived : 0;
	n = ages_of(f, state, ages, index, now);
	lane_decide(l, ages, n, coming(f, state), &d);
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

/* The lane that takes 3 s to set up goes first: the others would end before it anyway. */
static nk_time head_start(const struct fan *f, unsigned state)
{
	if (state == STATE_STREAM || !enabled(f, STATE_STREAM))
		return 0;
	return HURRY * f->options->pace;
}

/* Which lane's next opening is due first, and when; STATE_COUNT if none is wanted. */
static unsigned next_opening(const struct fan *f, nk_time *at)
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
		    evict_in_doubt(f, t->state) || trial_age(t, now) <= e->hi * LIFE_MARGIN + 0.5)
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

static bool open_one(struct fan *f, struct action *action, nk_time now)
{
	nk_time at;
	const unsigned state = next_opening(f, &at);
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
	if (++f->count == FAN_TRIALS_MAX)
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
	return !f->done && open_one(f, action, now);
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
	if (next_opening(f, &opening) == STATE_COUNT)
		return at;
	opening = nk_max(opening, f->budget->next);
	if (f->budget->held < f->budget->limit)
		return nk_min(at, opening);
	at = nk_min(at, nk_max(opening, budget_next_expiry(f->budget)));
	if (f->result->quota.policy == QUOTA_REFUSES)
		at = nk_min(at, nk_max(opening, f->retry_open));
	return at;
}

static void measured_unknown(struct measured *m, enum why_kind kind, const char *why)
{
	m->known = false;
	m->why_kind = kind;
	snprintf(m->why, sizeof(m->why), "%s", why);
}

static const char *void_reason(const struct fan *f, unsigned state)
{
	const char *why = NULL;

	for (uint32_t i = f->result->evidence_count; i > 0; i--) {
		const struct evidence *e = &f->result->evidence[i - 1];

		if (e->kind == EVIDENCE_LIFETIME && e->state == (enum traffic_state)state &&
		    e->verdict == VERDICT_VOID && e->why != NULL)
			why = e->why;
	}
	return why;
}

static void report_value(const struct fan *f, unsigned state, const struct timeout_estimate *e,
			 struct measured *m)
{
	/* A silence is known no better than the path's jitter and the kernel's tick. */
	const double noise = nk_seconds(nk_min(f->exchanges->rtt_var, NOISE_MAX) + TICK);
	/* Where inbound packets restart nothing, what counts is the packet before. */
	const bool earlier = state != STATE_SOLITARY && f->result->refresh_in.answer == TRI_NO;
	const double before = earlier ? nk_seconds(f->exchanges->rtt) : 0;
	double lo = e->lo, hi = e->hi;

	m->known = true;
	m->value = e->value;
	m->varies = lane_spread(&f->lanes[state], &lo, &hi);
	if (m->varies)
		m->value = (lo + hi) / 2;
	m->value += before;
	m->lo = lo - noise;
	m->hi = hi + before + noise;
}

static void report_lane(struct fan *f, unsigned state)
{
	struct measured *m = &f->result->timeouts[state];
	struct lane *l = &f->lanes[state];
	struct timeout_estimate e;

	if (!enabled(f, state))
		return;
	*m = (struct measured){.trials = l->alive + l->dead};
	timeout_belief_estimate(&l->belief, REPORT_MASS, &e);
	m->p = e.p;
	if (l->alive + l->dead == 0) {
		const char *why = void_reason(f, state);

		measured_unknown(m, WHY_PATH, why != NULL ? why : "no trial was completed");
	} else if (l->alive == 0 && l->dead >= LEAST_DEAD) {
		measured_unknown(
			m, WHY_PATH,
			"no copy ever came, even to the youngest mapping: something on the "
			"path drops what the server sends unasked");
	} else if (!e.open && evict_in_doubt(f, state)) {
		measured_unknown(m, WHY_PATH,
				 "the run ended before a session quota was ruled out: it may have "
				 "ended the mappings");
	} else if (e.open) {
		m->at_least = e.lo;
		measured_unknown(m, WHY_PATH,
				 l->survived >= l->max ? "longer than the longest silence tried"
						       : "the run ended before it was bracketed");
	} else {
		report_value(f, state, &e, m);
	}
}

/* Half of the points are spread over all times, half lie where the curve falls. */
static void curve_times(const struct timeout_estimate *e, double top, double *t, unsigned count)
{
	const double lo = e->lo / CURVE_AROUND, hi = fmin(top, e->hi * CURVE_AROUND);
	const unsigned half = count / 2;

	for (unsigned i = 0; i < count; i++) {
		const double at =
			i < half ? 0.5 * pow(top / 0.5, (double)i / (half - 1))
				 : lo * pow(hi / lo, (double)(i - half) / (count - half - 1));
		unsigned k = i;

		for (; k > 0 && t[k - 1] > at; k--)
			t[k] = t[k - 1];
		t[k] = at;
	}
}

static void report_curve(struct fan *f, unsigned state)
{
	struct survival_curve *c = &f->result->curves[state];
	const double top = nk_seconds(f->options->max);

	c->count = 0;
	if (!enabled(f, state) || f->result->timeouts[state].trials == 0)
		return;
	c->count = PROBE_CURVE_POINTS;
	curve_times(&f->lanes[state].estimate, top, c->t, c->count);
	timeout_belief_survival(&f->lanes[state].belief, c->t, c->p, c->count);
}

void fan_report(struct fan *f)
{
	if (!f->running)
		return;
	for (unsigned s = 0; s < STATE_COUNT; s++) {
		report_lane(f, s);
		report_curve(f, s);
	}
	f->result->quota.held = f->budget->peak;
}
