#include "face/plot.h"

#include <math.h>
#include <stdio.h>

/* Times at which people expect a mark. */
static const double marks[] = {0.1, 0.2, 0.5, 1,   2,    5,    10,   20,   30,    60,    120,
			       180, 300, 600, 900, 1200, 1800, 3600, 7200, 14400, 28800, 86400};
#define MARKS (sizeof(marks) / sizeof(marks[0]))

bool plot_axis(struct plot_axis *axis, const struct plot_series *series, unsigned count)
{
	double from = INFINITY, to = 0;

	for (unsigned i = 0; i < count; i++) {
		const struct plot_series *s = &series[i];

		if (s->count < 2)
			continue;
		if (s->known) {
			from = fmin(from, s->lo / 4);
			to = fmax(to, fmax(s->hi * 1.25, s->median * 2));
		} else if (s->at_least > 0) {
			from = fmin(from, s->at_least / 20);
			to = fmax(to, s->at_least * 1.1);
		}
	}
	if (!(to > 0))
		return false;
	*axis = (struct plot_axis){.from = fmax(fmin(from, to / 10), 0.05), .to = to};
	for (size_t i = 0; i < MARKS && axis->count < PLOT_TICKS_MAX; i++) {
		if (marks[i] >= axis->from * 0.999 && marks[i] <= axis->to * 1.001)
			axis->ticks[axis->count++] = marks[i];
	}
	return true;
}

double plot_x(const struct plot_axis *axis, double t)
{
	if (t <= axis->from)
		return 0;
	return fmin(log(t / axis->from) / log(axis->to / axis->from), 1);
}

double plot_t(const struct plot_axis *axis, double x)
{
	return axis->from * pow(axis->to / axis->from, x);
}

double plot_p(const struct plot_series *s, double t)
{
	unsigned lo = 0, hi = s->count - 1;
	double share;

	if (s->count == 0 || t <= s->t[0])
		return 1;
	if (t >= s->t[hi])
		return s->p[hi];
	while (hi - lo > 1) {
		const unsigned mid = lo + (hi - lo) / 2;

		if (s->t[mid] <= t)
			lo = mid;
		else
			hi = mid;
	}
	share = log(t / s->t[lo]) / log(s->t[hi] / s->t[lo]);
	return s->p[lo] + share * (s->p[hi] - s->p[lo]);
}

double plot_end(const struct plot_series *s, const struct plot_axis *axis)
{
	if (s->count < 2)
		return 0;
	return s->known ? axis->to : fmin(s->at_least, axis->to);
}

const char *plot_tick_text(char *out, size_t size, double seconds)
{
	if (seconds < 60)
		snprintf(out, size, "%g s", seconds);
	else if (seconds < 3600)
		snprintf(out, size, "%g min", seconds / 60);
	else
		snprintf(out, size, "%g h", seconds / 3600);
	return out;
}

const char *plot_time_text(char *out, size_t size, double seconds)
{
	const long whole = lround(seconds);

	if (seconds < 30)
		snprintf(out, size, "%.2f s", seconds);
	else if (seconds < 300)
		snprintf(out, size, "%.1f s", seconds);
	else if (whole < 7200 && whole % 60 == 0)
		snprintf(out, size, "%ld min", whole / 60);
	else if (whole < 7200)
		snprintf(out, size, "%ld min %ld s", whole / 60, whole % 60);
	else
		snprintf(out, size, "%ld h %ld min", whole / 3600, whole / 60 % 60);
	return out;
}

const char *plot_label(char *out, size_t size, const struct plot_series *s)
{
	char a[32], b[32], c[32];

	if (s->known)
		snprintf(out, size, "%s (%s to %s)", plot_time_text(a, sizeof(a), s->median),
			 plot_time_text(b, sizeof(b), s->lo), plot_time_text(c, sizeof(c), s->hi));
	else if (s->at_least > 0)
		snprintf(out, size, "more than %s", plot_time_text(a, sizeof(a), s->at_least));
	else
		snprintf(out, size, "unknown");
	return out;
}
