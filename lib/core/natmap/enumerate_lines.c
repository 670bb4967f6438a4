/* The lines of the enumeration: how mappings are held, what became of them, and when that is enough. */
#include <math.h>

#include "core/natmap/enumerate_parts.h"

#define RESOLUTION   0.03
#define HURRY        8 /* of the first search: short timers are found before the rest is opened */
#define WITNESSES    4
#define FIRST_LEAST  2 /* mappings of the first search, which tells when to begin with hops */
#define HOP_LEAST    3 /* of a hop: with fewer deaths it is not sure that any has ended */
#define CHECKS       3 /* that the look at the way back takes */
#define FIRST_SEAM   (100 * NK_MS)
#define COPIES_S     120 /* copies of a question, at most so many a second */
#define MOST         (10 * NK_S)
#define OFTEN        5 /* keepalives in the shortest life seen: all get lost once in a million */
#define LIFE_MARGIN  1.03
#define RETIRE_EVERY NK_S

static unsigned hops(const struct enumerate *e)
{
	return e->config.count;
}

/* Setting up */

static void search(struct enumerate *e, unsigned line, unsigned out, unsigned in,
		   const struct plan *plan)
{
	e->lines[line] = (struct line){
		.out = out, .in = in, .plan = plan, .lane = &e->lanes[line], .decide_at = NK_NEVER};
	lane_init(e->lines[line].lane, &e->grid, nk_seconds(e->config.max), RESOLUTION,
		  plan->climb);
}

static void witness(struct enumerate *e, unsigned line, unsigned out, unsigned in)
{
	e->lines[line] =
		(struct line){.out = out, .in = in, .plan = &e->seam_plan, .decide_at = NK_NEVER};
}

/* Witnesses of a few ages, of which the one is asked that is just old enough. */
static void plan_witnesses(struct plan *p, unsigned count, double apart)
{
	p->count = count;
	for (unsigned i = 0; i < count; i++)
		p->at[i] = nk_seconds(FIRST_SEAM) + i * apart;
}

/* How many mappings the first search, those of hops, and witnesses get each. */
struct shares {
	unsigned first, hop, witness;
};

/* Even where there are few, each gets some: then fewer silences are tried. */
static struct shares shares_of(const struct enumerate *e)
{
	const unsigned all = e->flow_max < e->config.mappings ? e->flow_max : e->config.mappings;
	const unsigned n = hops(e), witnesses = n + 3;
	const unsigned least = CHECKS + FIRST_LEAST + n * HOP_LEAST;
	struct shares s = {.first = FIRST_LEAST, .hop = HOP_LEAST, .witness = WITNESSES};
	unsigned each = 0;

	if (witnesses * s.witness > all / 3)
		s.witness = WITNESSES / 2;
	if (least + witnesses * s.witness > all + n) /* some end before the last is opened */
		s.witness = 1;
	if (all > CHECKS + witnesses * s.witness)
		each = (all - CHECKS - witnesses * s.witness) / (n + 1);
	if (each >= HOP_LEAST)
		s.first = s.hop = each;
	return s;
}

void lines_start(struct enumerate *e, nk_time now)
{
	const unsigned n = hops(e);
	const struct shares shares = shares_of(e);
	const double pace = nk_seconds(e->config.pace), max = nk_seconds(e->config.max);

	timeout_grid_init(&e->grid, max);
	plan_build(&e->first_plan, shares.first, max, RESOLUTION, pace * (n + 1), false, HURRY,
		   pace);
	plan_build(&e->hop_plan, shares.hop, max, RESOLUTION, pace * (n + 1), true, 0, 0);
	plan_witnesses(&e->seam_plan, shares.witness, 2 * pace * (n + 3));
	e->line_count = 2 * n + 4;
	search(e, LINE_SILENCE, 0, n + 1, &e->first_plan);
	for (unsigned h = 1; h <= n; h++)
		search(e, LINE_HOP(h), h - 1, h + 1, &e->hop_plan);
	for (unsigned h = 0; h <= n; h++)
		witness(e, line_seam(e, h), h, h + 1);
	witness(e, line_inbound(e), 0, 0);
	witness(e, line_outbound(e), n + 1, n + 1);
	e->run_started = now;
	e->run_until = now + e->config.max + e->config.max / 20 + 5 * NK_S;
}

/* What becomes of them */

bool line_ask(struct enumerate *e, const uint32_t *indices, unsigned count, nk_time now)
{
	struct ask_target targets[PROBE_TRIALS_MAX] = {0};

	for (unsigned i = 0; i < count; i++)
		targets[i] = (struct ask_target){
			.trial = FLOW_NUMBER(indices[i]),
			.socket = e->config.first_socket + 1 + indices[i],
		};
	if (now < e->ask_next || !asker_ask(&e->asker, targets, count, ASK_COPIES, now))
		return false;
	e->ask_next = now + count * ASK_COPIES * NK_S / COPIES_S;
	for (unsigned i = 0; i < count; i++) {
		struct line *l = &e->lines[e->flow[indices[i]].line];

		e->flow[indices[i]].phase = FLOW_ASKED;
		l->asked++;
		if (l->lane != NULL)
			l->lane->asked = l->asked;
	}
	return true;
}

static void set_interval(struct enumerate *e)
{
	const struct lane *first = e->lines[LINE_SILENCE].lane;

	e->interval = nk_max(e->interval, nk_min(MOST, nk_from_seconds(first->survived / OFTEN)));
}

/* An upper bound of every timer, once each line's is known. */
static void set_life(struct enumerate *e)
{
	double top = 0;

	for (unsigned i = 0; i <= hops(e); i++) {
		if (!line_ended(&e->lines[i]))
			return;
		top = fmax(top, e->lines[i].lane->estimate.hi);
	}
	e->budget.life = nk_from_seconds(top * LIFE_MARGIN);
}

/* What is silent everywhere is so at each hop. */
static void tell(struct enumerate *e, struct line *l, double age, bool alive)
{
	if (l->lane == NULL && alive) {
		l->lives = fmax(l->lives, age);
	} else if (l->lane == NULL) {
		l->ended = l->deaths++ == 0 ? age : fmin(l->ended, age);
	} else {
		lane_tell(l->lane, age, alive);
	}
	if (l != &e->lines[LINE_SILENCE] || !alive)
		return;
	for (unsigned h = 1; h <= hops(e); h++) {
		struct lane *lane = e->lines[LINE_HOP(h)].lane;

		lane_tell(lane, age, true);
		lane->done &= !lane->estimate.open; /* sweeps: what was known was one of them */
	}
}

static void wake_all(struct enumerate *e, nk_time now)
{
	e->consult_at = now;
	for (unsigned i = 0; i <= hops(e); i++)
		e->lines[i].decide_at = now;
}

void lines_set_up(struct enumerate *e, unsigned line, nk_time now)
{
	e->lines[line].decide_at = e->consult_at = now;
}

/* Its port was given away: nothing that got lost can look like this. */
void lines_gone(struct enumerate *e, const struct flow *f, nk_time now)
{
	if (f->line == CHECK_LINE)
		return;
	tell(e, &e->lines[f->line], flow_age(f, now), false);
	budget_gone(&e->budget, f->mapping);
	wake_all(e, now);
}

/* A copy that came after others were lost says that they found the mapping, too: they may have kept
 * it. */
static nk_time tested_at(const struct ask_verdict *v)
{
	unsigned lost = 0;

	while (v->verdict == VERDICT_ALIVE && (v->copies >> lost & 1) == 0)
		lost++;
	return v->at - lost * ASK_SPACING;
}

void lines_verdict(struct enumerate *e, const struct ask_verdict *v, nk_time now)
{
	const uint32_t index = v->trial - 1;
	struct flow *f = &e->flow[index];
	struct line *l;
	double age;

	if (v->trial == 0 || index >= e->flow_max || f->phase != FLOW_ASKED)
		return;
	l = &e->lines[f->line];
	age = flow_age(f, tested_at(v));
	l->asked--;
	if (v->verdict == VERDICT_DEAD)
		budget_gone(&e->budget, f->mapping);
	flow_end(e, index, now);
	if (l->lane != NULL) {
		l->lane->asked = l->asked;
		lane_controls(l->lane, e->asker.heard, e->asker.unheard);
	}
	if (v->verdict != VERDICT_VOID)
		tell(e, l, age, v->verdict == VERDICT_ALIVE);
	set_interval(e);
	set_life(e);
	wake_all(e, now);
}

/* The silence after which mappings of a line are of no more use; INFINITY: there is none. */
static double useful_until(const struct line *l)
{
	if (l->lane == NULL)
		return l->deaths > 1 ? l->ended : INFINITY;
	if (l->lane->done)
		return 0;
	return line_ended(l) ? fmax(l->lane->estimate.hi, l->lane->died) * LIFE_MARGIN + 0.5
			     : INFINITY;
}

/*
 * What is gone must not be kept alive: a NAT may have given its port away, and the broker's
 * keepalives would reach another of our mappings.
 */
static void retire(struct enumerate *e, nk_time now)
{
	e->retire_at = now + RETIRE_EVERY;
	for (uint32_t i = 0; i < e->flow_max; i++) {
		struct flow *f = &e->flow[i];

		if (f->phase != FLOW_HELD || f->line == CHECK_LINE)
			continue;
		if (flow_age(f, now) > useful_until(&e->lines[f->line])) {
			if (e->lines[f->line].lane == NULL || !e->lines[f->line].lane->done)
				budget_gone(&e->budget, f->mapping);
			flow_end(e, i, now);
		} else if (f->lapsed) {
			e->lines[f->line].extra++;
			flow_end(e, i, now);
		}
	}
}

/* Enough to ask witnesses; where mappings are few it may take long to be surer. */
static bool has_died(const struct line *l)
{
	return line_ended(l) || (l->lane->dead > 1 && l->lane->died > 0);
}

static bool is_settled(const struct line *l)
{
	return l->lane->done || (l->spent && line_ended(l));
}

void lines_decide(struct enumerate *e, nk_time now)
{
	bool all = true;

	if (e->retire_at <= now)
		retire(e, now);
	for (unsigned i = 0; i <= hops(e); i++) {
		if (e->lines[i].decide_at <= now)
			search_decide(e, i, now);
		all &= is_settled(&e->lines[i]);
	}
	if (e->consult_at > now && !all)
		return;
	e->consult_at = NK_NEVER;
	for (unsigned h = 1; h <= hops(e); h++)
		if (has_died(&e->lines[LINE_HOP(h)]))
			all &= witnesses_consult(e, h, now);
	e->all_known = all;
}

unsigned lines_known(const struct enumerate *e)
{
	unsigned n = 0;

	for (unsigned h = 1; h <= hops(e); h++)
		n += is_settled(&e->lines[LINE_HOP(h)]);
	return n;
}

bool lines_done(const struct enumerate *e, nk_time now)
{
	return e->all_known || now >= e->run_until;
}

nk_time lines_deadline(const struct enumerate *e)
{
	nk_time at = nk_min(e->run_until, nk_min(e->consult_at, e->retire_at));

	for (unsigned i = 0; i <= hops(e); i++)
		at = nk_min(at, e->lines[i].decide_at);
	return at;
}
