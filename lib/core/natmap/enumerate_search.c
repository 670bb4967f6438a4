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

/**
 * struct candidates - Mappings of a line that may be asked
 * @age:	@count silences, falling; @index: whose
 * @coming:	Mappings that are being set up
 * @reserve_due: When the first of those may be asked that are left for the longest silence
 */
struct candidates {
	double age[ENUMERATE_FLOWS_MAX];
	uint32_t index[ENUMERATE_FLOWS_MAX];
	unsigned count, coming;
	nk_time reserve_due;
};

static bool is_spared(const struct line *l, const struct flow *f, nk_time now)
{
	return f->reserve && f->phase == FLOW_HELD && !line_ended(l) &&
	       flow_age(f, now) < l->lane->max;
}

static void find_candidates(const struct enumerate *e, unsigned line, struct candidates *c,
			    nk_time now)
{
	const struct line *l = &e->lines[line];

	c->count = c->coming = 0;
	c->reserve_due = NK_NEVER;
	for (uint32_t i = 0; i < e->flow_max; i++) {
		const struct flow *f = &e->flow[i];

		if (f->phase == FLOW_FREE || f->line != line)
			continue;
		if (is_spared(l, f, now)) {
			c->reserve_due =
				nk_min(c->reserve_due,
				       now + nk_from_seconds(l->lane->max - flow_age(f, now)));
			continue;
		}
		c->coming += f->phase < FLOW_HELD;
		/* Asked now, it is tested when the copy comes: a round trip later. */
		if (flow_counts(f, now))
			lane_add_age(c->age, c->index, c->count++,
				     flow_age(f, now + e->exchanges.rtt), i);
	}
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

static void ask(struct enumerate *e, struct line *l, const uint32_t *index, unsigned count,
		nk_time now)
{
	if (!line_ask(e, index, count, now))
		l->decide_at = nk_max(now + NK_MS, nk_min(e->ask_next, now + AGAIN));
}

static void carry_out(struct enumerate *e, struct line *l, const struct candidates *c,
		      const struct lane_decision *d, nk_time now)
{
	uint32_t picked[LANE_PICK_MAX];

	switch (d->move) {
	case LANE_ASK:
		for (unsigned i = 0; i < d->count; i++)
			picked[i] = c->index[d->pick[i]];
		ask(e, l, picked, d->count, now);
		break;
	case LANE_OPEN:
		/* Once it has ended, what others wait for gives time to know it better. */
		l->spent |= line_ended(l);
		if (l == &e->lines[LINE_SILENCE] && !e->on_their_own)
			go_on(e, now);
		if (l->extra < d->count)
			l->extra = d->count;
		break;
	case LANE_WAIT:
		l->spent |= line_ended(l) && is_too_long(e, l, d->wait, now);
		if (isfinite(d->wait))
			l->decide_at = now + nk_max(NK_MS, nk_from_seconds(d->wait) + 1);
		break;
	case LANE_DONE:
		return;
	}
	if (c->reserve_due != NK_NEVER)
		l->decide_at = nk_min(l->decide_at, nk_max(now + NK_MS, c->reserve_due));
}

void search_decide(struct enumerate *e, unsigned line, nk_time now)
{
	struct line *l = &e->lines[line];
	struct lane_decision d;
	struct candidates c;

	l->decide_at = NK_NEVER;
	if (lane_rests(l->lane) || waits(e, line))
		return;
	find_candidates(e, line, &c, now);
	if (needs_second(l) && c.count > 0 && c.age[0] > l->lane->died) {
		ask(e, l, c.index, 1, now);
		return;
	}
	lane_decide(l->lane, c.age, c.count, c.coming + line_to_open(e, l), &d);
	carry_out(e, l, &c, &d, now);
}
