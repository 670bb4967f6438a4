/*
 * One search of the enumeration: which mappings of a line are asked now, or what is waited for.
 *
 * First only the mappings that are silent everywhere are searched: while they live, so would all
 * others. When they end, each hop's search goes on from there by itself; its mappings are as old.
 */
#include <math.h>

#include "core/natmap/enumerate_parts.h"

#define AGAIN    (100 * NK_MS)
#define PATIENCE 1.2
#define SET_UP   (3 * NK_S)

static bool is_spared(const struct line *l, const struct flow *f, nk_time now)
{
	return f->reserve && f->phase == FLOW_HELD && !line_ended(l) &&
	       flow_age(f, now) < l->lane->max;
}

/* Ages of a line's mappings that may be asked, falling, with their indices; how many are still to
 * come, and when the first that is left for the longest silence may be asked. */
static unsigned ages_of(const struct enumerate *e, unsigned line, double *ages, uint32_t *index,
			unsigned *coming, nk_time *reserve_due, nk_time now)
{
	const struct lane *lane = e->lines[line].lane;
	unsigned n = 0;

	*coming = 0;
	*reserve_due = NK_NEVER;
	for (uint32_t i = 0; i < e->flow_max; i++) {
		const struct flow *f = &e->flow[i];

		if (f->phase == FLOW_FREE || f->line != line)
			continue;
		if (is_spared(&e->lines[line], f, now)) {
			*reserve_due = nk_min(*reserve_due,
					      now + nk_from_seconds(lane->max - flow_age(f, now)));
			continue;
		}
		*coming += f->phase < FLOW_HELD;
		/* Asked now, it is tested when the copy comes: a round trip later. */
		if (flow_counts(f, now))
			lane_add_age(ages, index, n++, flow_age(f, now + e->exchanges.rtt), i);
	}
	return n;
}

static void ask_picked(struct enumerate *e, struct line *l, const uint32_t *index,
		       const struct lane_decision *d, nk_time now)
{
	uint32_t picked[LANE_PICK_MAX];

	for (unsigned i = 0; i < d->count; i++)
		picked[i] = index[d->pick[i]];
	if (!line_ask(e, picked, d->count, now))
		l->decide_at = nk_max(now + NK_MS, nk_min(e->ask_next, now + AGAIN));
}

/* A search goes on by itself once silence everywhere has ended mappings, or has none left to look
 * at. */
static bool waits(const struct enumerate *e, unsigned line)
{
	const struct lane *first = e->lines[LINE_SILENCE].lane;

	return line != LINE_SILENCE && first->died == 0 && !first->done && !e->on_their_own;
}

/* Whether to wait for mappings to come of age takes longer than what is known of their life is
 * worth. */
static bool is_too_long(const struct enumerate *e, const struct line *l, double wait_s, nk_time now)
{
	const double hi = l->lane->estimate.hi;

	return nk_seconds(now - e->run_started) + wait_s > PATIENCE * hi + nk_seconds(SET_UP);
}

/* Hops need not wait for silence everywhere: it has no mapping left that could end. */
static void go_on(struct enumerate *e, nk_time now)
{
	e->on_their_own = true;
	for (unsigned h = 1; h <= e->config.count; h++)
		e->lines[LINE_HOP(h)].decide_at = now;
}

/* One death may be the loss of all copies: where state is said to be rests on two. */
static bool needs_second(const struct line *l)
{
	return line_ended(l) && l->lane->dead == 1;
}

void search_decide(struct enumerate *e, unsigned line, nk_time now)
{
	struct line *l = &e->lines[line];
	double ages[ENUMERATE_FLOWS_MAX];
	uint32_t index[ENUMERATE_FLOWS_MAX];
	struct lane_decision d;
	unsigned n, coming;
	nk_time reserve_due;

	l->decide_at = NK_NEVER;
	if (lane_rests(l->lane) || waits(e, line))
		return;
	n = ages_of(e, line, ages, index, &coming, &reserve_due, now);
	if (needs_second(l) && n > 0 && ages[0] > l->lane->died) {
		if (!line_ask(e, index, 1, now))
			l->decide_at = now + AGAIN;
		return;
	}
	lane_decide(l->lane, ages, n, coming + line_to_open(e, l), &d);
	switch (d.move) {
	case LANE_ASK:
		ask_picked(e, l, index, &d, now);
		break;
	case LANE_OPEN:
		/* Once it has ended, what others wait for gives time to know it better. */
		l->spent |= line_ended(l);
		if (line == LINE_SILENCE && !e->on_their_own)
			go_on(e, now);
		if (l->extra < d.count)
			l->extra = d.count;
		break;
	case LANE_WAIT:
		l->spent |= line_ended(l) && is_too_long(e, l, d.wait, now);
		if (isfinite(d.wait))
			l->decide_at = now + nk_max(NK_MS, nk_from_seconds(d.wait) + 1);
		break;
	case LANE_DONE:
		break;
	}
	if (d.move != LANE_DONE && reserve_due != NK_NEVER)
		l->decide_at = nk_min(l->decide_at, nk_max(now + NK_MS, reserve_due));
}
