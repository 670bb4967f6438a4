/* Witnesses: mappings held some other way, asked when a hop's mappings have ended. explain.h says
 * what they show. */
#include <math.h>

#include "core/natmap/enumerate_parts.h"

#define BEYOND   1.01
#define BEYOND_S 0.1
#define SET_UP   (3 * NK_S)
#define AGAIN    (100 * NK_MS)

/* Whether a witness has told what became of it when mappings of such a life had ended. */
static bool has_told(const struct line *w, const struct timeout_estimate *life)
{
	return w->lives >= life->hi || w->deaths > 1;
}

/* The youngest that is old enough. @wait: seconds until the oldest will be; INFINITY: there is
 * none. */
static uint32_t pick(const struct enumerate *e, unsigned line, double age, double *wait,
		     nk_time now)
{
	uint32_t best = NO_FLOW;
	double best_age = INFINITY;

	*wait = INFINITY;
	for (uint32_t i = 0; i < e->flow_max; i++) {
		const struct flow *f = &e->flow[i];
		double is;

		if (f->line != line || !flow_counts(f, now))
			continue;
		is = flow_age(f, now);
		*wait = fmin(*wait, fmax(0, age - is));
		if (is >= age && is < best_age) {
			best = i;
			best_age = is;
		}
	}
	return best;
}

/* None is left. Return: whether new ones may become old enough. */
static bool wants_more(struct enumerate *e, unsigned line, const struct timeout_estimate *life,
		       nk_time now)
{
	struct line *w = &e->lines[line];

	for (uint32_t i = 0; i < e->flow_max; i++)
		if (e->flow[i].line == line && e->flow[i].phase != FLOW_FREE &&
		    e->flow[i].phase < FLOW_HELD)
			return true;
	if (now + nk_from_seconds(life->hi) + SET_UP > e->run_until)
		return false;
	if (w->extra == 0 && w->planned >= w->plan->count)
		w->extra = 1;
	return true;
}

/* Asks a witness about mappings of such a life. Return: whether there is nothing (more) to learn
 * from it. */
static bool consult(struct enumerate *e, unsigned line, const struct timeout_estimate *life,
		    nk_time now)
{
	struct line *w = &e->lines[line];
	const double age = life->hi * BEYOND + BEYOND_S;
	double wait;
	uint32_t index;

	if (has_told(w, life))
		return true;
	if (w->asked > 0)
		return false;
	index = pick(e, line, age, &wait, now);
	if (isinf(wait))
		return w->deaths > 0 || !wants_more(e, line, life, now);
	if (index == NO_FLOW || !line_ask(e, &index, 1, now))
		e->consult_at = nk_min(e->consult_at, now + nk_max(AGAIN, nk_from_seconds(wait)));
	return false;
}

/* Whether the witnesses of a hop have told all; those of whole packets are asked when a seam has
 * ended. */
bool witnesses_consult(struct enumerate *e, unsigned h, nk_time now)
{
	const struct lane *lane = e->lines[LINE_HOP(h)].lane;
	const struct timeout_estimate life = {
		.lo = lane->estimate.lo,
		.hi = lane->estimate.open ? lane->died : lane->estimate.hi,
	};
	const struct line *nearer = &e->lines[line_seam(e, h - 1)];
	const struct line *further = &e->lines[line_seam(e, h)];
	bool all = consult(e, line_seam(e, h - 1), &life, now);

	all &= consult(e, line_seam(e, h), &life, now);
	if (!all || (nearer->lives >= life.hi && further->lives >= life.hi))
		return all;
	all = consult(e, line_inbound(e), &life, now);
	return consult(e, line_outbound(e), &life, now) && all;
}
