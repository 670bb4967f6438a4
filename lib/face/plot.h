/* What the two plots of a survival curve, in the terminal and as SVG, have in common. */
#ifndef FACE_PLOT_H
#define FACE_PLOT_H

#include <stdbool.h>
#include <stddef.h>

#define PLOT_SERIES_MAX 3
#define PLOT_TICKS_MAX  24

/**
 * struct plot_series - One curve: the probability that something still holds, against time
 * @name:	For the legend; at most 12 bytes of ASCII
 * @t, @p:	@count points, @t in seconds and rising; borrowed
 * @known:	@median, @lo and @hi (the 95 % interval) are set
 * @at_least:	If not @known: it holds this long at the least, and the curve is drawn that
 *		far; 0 if that is not known either, and nothing is drawn
 */
struct plot_series {
	const char *name;
	const double *t, *p;
	unsigned count;
	bool known;
	double median, lo, hi;
	double at_least;
};

/**
 * struct plot_axis - A logarithmic time axis
 * @from, @to:	Ends, seconds
 */
struct plot_axis {
	double from, to;
	unsigned count;
	double ticks[PLOT_TICKS_MAX];
};

/* An axis that shows all that is interesting in @count series; false if there is nothing to draw. */
bool plot_axis(struct plot_axis *axis, const struct plot_series *series, unsigned count);

/* Where @t lies on the axis: 0 at its start, 1 at its end. */
double plot_x(const struct plot_axis *axis, double t);

/* The time at @x of the axis; the inverse of plot_x(). */
double plot_t(const struct plot_axis *axis, double x);

/* The curve at @t, between its points by straight lines over log t; 1 before the first point. */
double plot_p(const struct plot_series *s, double t);

/* Where a curve ends: the axis' end, or @at_least. Less than axis->from if there is no curve. */
double plot_end(const struct plot_series *s, const struct plot_axis *axis);

/* "30 s", "2 min", "1 h". Return: @out. */
const char *plot_tick_text(char *out, size_t size, double seconds);

/* "29.94 s", "120.2 s", "6 min 5 s": as exact as an interval of 1 % needs. Return: @out. */
const char *plot_time_text(char *out, size_t size, double seconds);

/* "30.0 s (29.8 to 30.2)", "more than 6 min" or "unknown": a legend's text. Return: @out. */
const char *plot_label(char *out, size_t size, const struct plot_series *s);

#endif
