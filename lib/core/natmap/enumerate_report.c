/* What the enumeration has found, put into the result. */
#include <math.h>
#include <stdio.h>

#include "core/natmap/enumerate_parts.h"

#define REPORT_MASS 0.95
#define CLOCK_TICK  (4 * NK_MS)
#define NOISE_MAX   (50 * NK_MS)

static double noise(const struct enumerate *e)
{
	return nk_seconds(nk_min(e->exchanges.rtt_var, NOISE_MAX) + CLOCK_TICK);
}

static enum hop_fate fate(const struct line *w, const struct hop_life *life)
{
	if (w->lives >= (life->varies ? life->lo : life->hi))
		return FATE_LIVES;
	return w->deaths > 0 ? FATE_ENDED : FATE_UNKNOWN;
}

static void life_of(const struct enumerate *e, const struct line *l, struct hop_life *out)
{
	struct timeout_estimate t;

	*out = (struct hop_life){.trials = l->lane->alive + l->lane->dead};
	timeout_belief_estimate(&l->lane->belief, REPORT_MASS, &t);
	out->p = t.p;
	out->ended = !t.open && l->lane->dead > 0;
	out->looked = out->ended || l->lane->survived >= l->lane->max;
	out->lo = out->ended ? t.lo : l->lane->survived;
	out->hi = t.hi;
	out->value = t.value;
	if (out->ended && lane_spread(l->lane, &out->lo, &out->hi)) {
		out->varies = true;
		out->value = (out->lo + out->hi) / 2;
	}
	if (out->ended) {
		out->lo -= noise(e);
		out->hi += noise(e);
	}
}

static void hop_life(const struct enumerate *e, unsigned h, struct hop_life *out)
{
	life_of(e, &e->lines[LINE_HOP(h)], out);
	out->nearer = fate(&e->lines[line_seam(e, h - 1)], out);
	out->further = fate(&e->lines[line_seam(e, h)], out);
	out->inbound = fate(&e->lines[line_inbound(e)], out);
	out->outbound = fate(&e->lines[line_outbound(e)], out);
}

static void report_silence(const struct enumerate *e, struct measured *m)
{
	struct hop_life l;

	life_of(e, &e->lines[LINE_SILENCE], &l);
	*m = (struct measured){.p = l.p, .trials = l.trials, .why_kind = WHY_PATH};
	if (l.ended) {
		m->known = true;
		m->varies = l.varies;
		m->value = l.value;
		m->lo = l.lo;
		m->hi = l.hi;
		m->why_kind = WHY_NONE;
		return;
	}
	m->at_least = l.lo;
	snprintf(m->why, sizeof(m->why), "%s",
		 l.looked ? "longer than the longest silence tried"
			  : "the run ended before it was bracketed");
}

/* Why fewer could be held than were wanted; NULL: they could. */
static const char *why_few(const struct enumerate *e)
{
	if (e->no_socket)
		return NO_SOCKETS;
	if (e->elsewhere)
		return SEVERAL_ADDRESSES;
	if (e->server_full)
		return ASKER_SERVER_FULL;
	return e->limited ? REFUSED_MAPPINGS : NULL;
}

static void report_hops(const struct enumerate *e, struct path_result *path)
{
	struct hop_life life[NATMAP_HOPS_MAX] = {{.looked = false}};
	const unsigned n = e->config.count;

	for (unsigned h = 1; h <= n; h++)
		hop_life(e, h, &life[h - 1]);
	explain_hops(path, n, life, nk_seconds(e->exchanges.rtt));
	for (unsigned h = 1; h <= n; h++) {
		struct hop *hop = &path->hops[h - 1];

		if (hop->state == HOP_UNKNOWN && why_few(e) != NULL)
			hop->why = why_few(e);
		if (life[h - 1].looked)
			continue;
		hop->timeout.at_least = life[h - 1].lo;
		hop->timeout.trials = life[h - 1].trials;
	}
}

void enumerate_report(const struct enumerate *e, struct path_result *path)
{
	path->packets_out = e->packets_out;
	path->packets_in = e->packets_in;
	path->flows_peak = e->budget.peak;
	path->enumeration_why = e->why;
	if (e->back > 0)
		path->back = e->back;
	if (e->line_count == 0)
		return;
	report_silence(e, &path->silence);
	report_hops(e, path);
	path->enumerated = e->stage >= STAGE_END && e->status == CORE_DONE;
}
