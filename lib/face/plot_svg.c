#include "face/plot_svg.h"

#include <math.h>

#include "base/err.h"
#include "face/svg.h"

/* Pixels of the whole picture and of the plot inside it. */
#define WIDTH  760
#define HEIGHT 460
#define LEFT   78.0
#define RIGHT  728.0
#define TOP    84.0
#define BOTTOM 340.0

static const char stylesheet[] =
	"<style>\n"
	"text{font:13px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;"
	"fill:#4a5260}\n"
	".page{fill:#ffffff}.title{font-size:18px;font-weight:600;fill:#14181f}\n"
	".grid{stroke:#e6e9ee;stroke-width:1}.axis{stroke:#98a1ae;stroke-width:1}\n"
	".curve{fill:none;stroke-linejoin:round;stroke-linecap:round}\n"
	".label{font-weight:600}.halo{stroke:#ffffff;stroke-width:4;stroke-linejoin:round;"
	"paint-order:stroke}\n"
	".s0{stroke:#d9730d}.s1{stroke:#0b8a6a}.s2{stroke:#2f6fd6}\n"
	".f0{fill:#d9730d}.f1{fill:#0b8a6a}.f2{fill:#2f6fd6}\n"
	".t0{fill:#a85505}.t1{fill:#086b52}.t2{fill:#2456ab}\n"
	".band{opacity:.16}\n"
	"@media (prefers-color-scheme:dark){\n"
	"text{fill:#a9b3c1}.page{fill:#14181f}.title{fill:#f2f5f9}\n"
	".grid{stroke:#272d37}.axis{stroke:#5b6675}.halo{stroke:#14181f}\n"
	".s0{stroke:#ffa94d}.s1{stroke:#3fd1a4}.s2{stroke:#74a9ff}\n"
	".f0{fill:#ffa94d}.f1{fill:#3fd1a4}.f2{fill:#74a9ff}\n"
	".t0{fill:#ffbe7a}.t1{fill:#6be0bb}.t2{fill:#9cc2ff}\n"
	".band{opacity:.22}\n"
	"}\n"
	"</style>\n";

static double x_of(const struct plot_axis *axis, double t)
{
	return LEFT + plot_x(axis, t) * (RIGHT - LEFT);
}

static double y_of(double p)
{
	return BOTTOM - fmin(fmax(p, 0), 1) * (BOTTOM - TOP);
}

static void put_head(FILE *out, const char *title, const char *subtitle)
{
	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
		"height=\"%d\" role=\"img\">\n<title>",
		WIDTH, HEIGHT, WIDTH, HEIGHT);
	svg_text(out, title);
	fprintf(out, "</title>\n%s", stylesheet);
	fprintf(out, "<rect class=\"page\" width=\"%d\" height=\"%d\" rx=\"8\"/>\n", WIDTH, HEIGHT);
	fputs("<text class=\"title\" x=\"24\" y=\"36\">", out);
	svg_text(out, title);
	fputs("</text>\n<text x=\"24\" y=\"58\">", out);
	svg_text(out, subtitle);
	fputs("</text>\n", out);
}

static void put_y_axis(FILE *out)
{
	for (int percent = 0; percent <= 100; percent += 25) {
		const double y = y_of(percent / 100.0);

		fprintf(out,
			"<line class=\"%s\" x1=\"%.0f\" x2=\"%.0f\" y1=\"%.1f\" y2=\"%.1f\"/>"
			"<text x=\"%.0f\" y=\"%.1f\" text-anchor=\"end\">%d %%</text>\n",
			percent == 0 ? "axis" : "grid", LEFT, RIGHT, y, y, LEFT - 10, y + 4.5,
			percent);
	}
	fprintf(out,
		"<text transform=\"translate(22 %.0f) rotate(-90)\" text-anchor=\"middle\">"
		"probability still held</text>\n",
		(TOP + BOTTOM) / 2);
}

static void put_x_axis(FILE *out, const struct plot_axis *axis)
{
	double free_from = 0;

	for (unsigned i = 0; i < axis->count; i++) {
		const double x = x_of(axis, axis->ticks[i]);
		char text[16];

		if (x < free_from)
			continue;
		free_from = x + 48;
		fprintf(out,
			"<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.0f\" y2=\"%.0f\"/>"
			"<line class=\"axis\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.0f\" y2=\"%.0f\"/>"
			"<text x=\"%.1f\" y=\"%.0f\" text-anchor=\"middle\">%s</text>\n",
			x, x, TOP, BOTTOM, x, x, BOTTOM, BOTTOM + 5, x, BOTTOM + 20,
			plot_tick_text(text, sizeof(text), axis->ticks[i]));
	}
	fprintf(out,
		"<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"middle\">silence before the NAT is "
		"asked "
		"(logarithmic)</text>\n",
		(LEFT + RIGHT) / 2, BOTTOM + 42);
}

static void put_band(FILE *out, const struct plot_axis *axis, const struct plot_series *s,
		     unsigned number)
{
	const double from = x_of(axis, s->lo), to = x_of(axis, s->hi);

	/* An interval of 1 % is two pixels here: widened a little, so as to be seen. */
	fprintf(out,
		"<rect class=\"band f%u\" x=\"%.1f\" y=\"%.0f\" width=\"%.1f\" height=\"%.0f\"/>\n",
		number, from - 1, TOP, to - from + 2, BOTTOM - TOP);
}

/* Curves that coincide stay visible: the first is the widest, and below the others. Both the
 * curve between its points and the axis are logarithmic: straight lines are exact. */
static void put_curve(FILE *out, const struct plot_axis *axis, const struct plot_series *s,
		      unsigned number)
{
	static const double widths[PLOT_SERIES_MAX] = {6, 3.6, 1.8};
	const double end = plot_end(s, axis);

	if (end <= axis->from)
		return;
	fprintf(out, "<path class=\"curve s%u\" stroke-width=\"%.1f\" d=\"M%.1f %.1f", number,
		widths[number], x_of(axis, axis->from), y_of(plot_p(s, axis->from)));
	for (unsigned i = 0; i < s->count; i++) {
		if (s->t[i] > axis->from && s->t[i] < end)
			fprintf(out, "L%.1f %.1f", x_of(axis, s->t[i]), y_of(s->p[i]));
	}
	fprintf(out, "L%.1f %.1f\"/>\n", x_of(axis, end), y_of(plot_p(s, end)));
}

/* The median, as a dot where the curve falls through one half, with its text beside it. Texts of
 * different series are at different heights, so that equal medians do not hide each other. */
static void put_label(FILE *out, const struct plot_axis *axis, const struct plot_series *s,
		      unsigned number)
{
	const double t = s->known ? s->median : fmin(s->at_least, axis->to);
	const double x = x_of(axis, t), y = y_of(0.8 - 0.15 * number);
	const double dot = s->known ? y_of(0.5) : y_of(plot_p(s, t));
	const bool left = x > LEFT + 210;
	char text[64], time[32];

	if (!s->known && s->at_least <= axis->from)
		return;
	snprintf(text, sizeof(text), "%s%s %s", s->name, s->known ? "" : " more than",
		 plot_time_text(time, sizeof(time), s->known ? s->median : s->at_least));
	fprintf(out, "<circle class=\"f%u\" cx=\"%.1f\" cy=\"%.1f\" r=\"%d\"/>\n", number, x, dot,
		6 - (int)number);
	fprintf(out, "<text class=\"label halo t%u\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">",
		number, left ? x - 12 : x + 12, y + 4.5, left ? "end" : "start");
	svg_text(out, text);
	fputs("</text>\n", out);
}

static void put_legend(FILE *out, const struct plot_series *series, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		const double x = LEFT + i * (RIGHT - LEFT) / count;
		char label[128];

		fprintf(out,
			"<rect class=\"f%u\" x=\"%.0f\" y=\"%d\" width=\"14\" height=\"14\" "
			"rx=\"3\"/><text class=\"label t%u\" x=\"%.0f\" y=\"%d\">",
			i, x, HEIGHT - 57, i, x + 22, HEIGHT - 45);
		svg_text(out, series[i].name);
		fprintf(out, "</text><text x=\"%.0f\" y=\"%d\">", x + 22, HEIGHT - 26);
		svg_text(out, plot_label(label, sizeof(label), &series[i]));
		fputs("</text>\n", out);
	}
}

int plot_svg(FILE *out, const char *title, const char *subtitle, const struct plot_series *series,
	     unsigned count)
{
	struct plot_axis axis;

	put_head(out, title, subtitle);
	if (plot_axis(&axis, series, count)) {
		put_x_axis(out, &axis);
		put_y_axis(out);
		for (unsigned i = 0; i < count; i++) {
			if (series[i].known)
				put_band(out, &axis, &series[i], i);
		}
		for (unsigned i = 0; i < count; i++)
			put_curve(out, &axis, &series[i], i);
		for (unsigned i = 0; i < count; i++)
			put_label(out, &axis, &series[i], i);
		put_legend(out, series, count);
	} else {
		fprintf(out,
			"<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">No timeout was "
			"measured.</text>\n",
			WIDTH / 2, HEIGHT / 2);
	}
	fputs("</svg>\n", out);
	return fflush(out) != 0 || ferror(out) ? NK_ERR_SYSTEM : 0;
}
