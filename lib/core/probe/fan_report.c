/* What the fan has found, put into the result. */
#include <math.h>
#include <stdio.h>

#include "core/probe/fan_parts.h"

#define REPORT_MASS  0.95
#define LEAST_DEAD   3
#define TICK         (4 * NK_MS)
#define NOISE_MAX    (50 * NK_MS)
#define CURVE_AROUND 1.02

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

	if (!fan_enabled(f, state))
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
				 : f->server_full      ? ASKER_SERVER_FULL
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
	if (!fan_enabled(f, state) || f->result->timeouts[state].trials == 0)
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
