#include "report.h"

#include <time.h>

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

/* An unknown that was to be known: neither the server's limit nor a question not asked. */
static bool fact_missing(const struct fact *f)
{
	return f->answer == TRI_UNKNOWN && f->why_kind == WHY_PATH;
}

static bool measured_missing(const struct measured *m)
{
	return !m->known && !(m->at_least > 0) && m->why_kind == WHY_PATH;
}

static bool family_all_known(const struct probe_result *r)
{
	const struct fact *facts[] = {&r->nat,           &r->firewall,     &r->hairpin,
				      &r->fragments_out, &r->fragments_in, &r->refresh_out,
				      &r->refresh_in,    &r->alg};

	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		if (fact_missing(facts[i]))
			return false;
	}
	for (int s = 0; s < STATE_COUNT; s++) {
		if (measured_missing(&r->timeouts[s]))
			return false;
	}
	return !(r->mapping.cls == CLASS_UNKNOWN && r->mapping.why_kind == WHY_PATH) &&
	       !(r->filtering.cls == CLASS_UNKNOWN && r->filtering.why_kind == WHY_PATH) &&
	       !(r->ports.pattern == PORTS_UNKNOWN && r->ports.why_kind == WHY_PATH);
}

bool report_all_known(const struct report *r)
{
	return family_all_known(r->main) && (r->other == NULL || family_all_known(r->other));
}

const char *report_time(char *out, size_t size, int64_t unix_us)
{
	const time_t t = (time_t)(unix_us / 1000000);
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(out, size, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return out;
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
