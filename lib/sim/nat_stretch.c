#include "sim/nat_stretch.h"

#include <math.h>

#define HOUR        (3600 * NK_S)
#define HOURS_A_DAY 24
#define LOG_MOST    0.6931471805599453 /* of 2 */

static double load(const struct nat_spec *spec, unsigned held)
{
	if (spec->full_at <= spec->full_from || held <= spec->full_from)
		return 1;
	if (held >= spec->full_at)
		return 0;
	return (double)(spec->full_at - held) / (spec->full_at - spec->full_from);
}

/* A step up or down each hour, back from the bounds. */
static void walk(struct nat_drift *d, double a_day, nk_time now)
{
	const double step = a_day / sqrt(HOURS_A_DAY);

	for (; now - d->as_of >= HOUR; d->as_of += HOUR) {
		d->log += rng_below(&d->rng, 2) == 0 ? step : -step;
		if (d->log > LOG_MOST)
			d->log = 2 * LOG_MOST - d->log;
		else if (d->log < -LOG_MOST)
			d->log = -2 * LOG_MOST - d->log;
	}
}

static double drift(struct nat_drift *d, const struct nat_spec *spec, nk_time now)
{
	double stretch = 1;

	if (!d->begun) {
		d->begun = true;
		d->began = d->as_of = now;
	}
	if (spec->drift_walk > 0) {
		walk(d, spec->drift_walk, now);
		stretch = exp(d->log);
	}
	return spec->drift_step > 0 && now - d->began >= spec->drift_after
		       ? stretch * spec->drift_step
		       : stretch;
}

double nat_stretch(struct nat_drift *d, const struct nat_spec *spec, unsigned held, nk_time now)
{
	return load(spec, held) * drift(d, spec, now);
}
