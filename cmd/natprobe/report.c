#include "report.h"

#include "base/err.h"
#include "face/plot.h"

bool report_complete(const struct report *r)
{
	return r->main->complete && (r->other == NULL || r->other->complete);
}

const char *report_cut_why(const struct report *r)
{
	if (!r->main->complete)
		return err_text(r->main->cut_why);
	if (r->other != NULL && !r->other->complete)
		return err_text(r->other->cut_why);
	return NULL;
}

/* An unknown is a failure to find out unless the server cannot tell or nobody asked. */
static bool excused(enum why_kind kind)
{
	return kind == WHY_SERVER || kind == WHY_NOT_ASKED;
}

static bool fact_settled(const struct fact *f)
{
	return f->answer != TRI_UNKNOWN || excused(f->why_kind);
}

static bool measured_settled(const struct measured *m)
{
	return m->known || m->at_least > 0 || excused(m->why_kind);
}

static bool class_settled(const struct class_finding *c)
{
	return c->cls != CLASS_UNKNOWN || excused(c->why_kind);
}

static bool translation_settled(const struct probe_result *r)
{
	return r->nat.answer == TRI_NO ||
	       (class_settled(&r->mapping) && fact_settled(&r->alg) &&
		(r->ports.pattern != PORTS_UNKNOWN || excused(r->ports.why_kind)));
}

/* Where nothing keeps state there is nothing that could time out. */
static bool timers_settled(const struct probe_result *r)
{
	if (r->nat.answer == TRI_NO && r->firewall.answer == TRI_NO)
		return true;
	for (int s = 0; s < STATE_COUNT; s++) {
		if (!measured_settled(&r->timeouts[s]))
			return false;
	}
	return fact_settled(&r->refresh_out) && fact_settled(&r->refresh_in);
}

static bool family_settled(const struct probe_result *r, const struct probe_options *asked)
{
	return fact_settled(&r->nat) && fact_settled(&r->firewall) &&
	       class_settled(&r->filtering) && fact_settled(&r->fragments_out) &&
	       fact_settled(&r->fragments_in) && translation_settled(r) &&
	       (asked->quick || timers_settled(r)) &&
	       (!asked->hairpin || fact_settled(&r->hairpin));
}

bool report_all_known(const struct report *r)
{
	return family_settled(r->main, r->options) &&
	       (r->other == NULL || family_settled(r->other, r->options));
}

bool report_has_curve(const struct probe_result *r)
{
	struct plot_series series[STATE_COUNT];
	struct plot_axis axis;

	report_series(r, series);
	return plot_axis(&axis, series, STATE_COUNT);
}

const struct probe_result *report_drawn(const struct report *r)
{
	if (report_has_curve(r->main))
		return r->main;
	return r->other != NULL && report_has_curve(r->other) ? r->other : NULL;
}

void report_series(const struct probe_result *r, struct plot_series *series)
{
	for (int s = 0; s < STATE_COUNT; s++) {
		const struct measured *m = &r->timeouts[s];

		series[s] = (struct plot_series){
			.name = traffic_state_name((enum traffic_state)s),
			.t = r->curves[s].t,
			.p = r->curves[s].p,
			.count = r->curves[s].count,
			.known = m->known,
			.median = m->value,
			.lo = m->lo,
			.hi = m->hi,
			.at_least = m->at_least,
		};
	}
}
