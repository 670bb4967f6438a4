#include <math.h>

#include "alive_print.h"
#include "base/err.h"

/* Pixels. A row for each preset; packets an hour from LEAST to MOST, as logarithms. */
#define LEFT  170.0
#define TOP   118.0
#define ROW   16.0
#define PLOT  600.0
#define WIDTH (LEFT + PLOT + 40)
#define LEAST 5.0
#define MOST  2000.0
#define OFTEN 1.0 /* mappings lost in 30 days, from which on a mark is hollow */

static const char stylesheet[] =
	"<style>\n"
	"text{font:12px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;"
	"fill:#4a5260}\n"
	".page{fill:#ffffff}.title{font-size:18px;font-weight:600;fill:#14181f}\n"
	".small{font-size:10px}.grid{stroke:#e3e7ed}\n"
	".turns{fill:#0b8a6a;stroke:#0b8a6a}.fixed{fill:#5f7f8f;stroke:#5f7f8f}\n"
	".learned{fill:#2f6fd6;stroke:#2f6fd6}.opener{fill:#e39a0b;stroke:#e39a0b}\n"
	".none{fill:#9250d8;stroke:#9250d8}.oracle{fill:#14181f;stroke:#14181f}\n"
	".often{fill:#ffffff;stroke-width:1.5}\n"
	"@media (prefers-color-scheme:dark){\n"
	"text{fill:#a9b3c1}.page,.often{fill:#14181f}.title{fill:#f2f5f9}.grid{stroke:#2a313c}\n"
	".oracle{stroke:#f2f5f9}.oracle:not(.often){fill:#f2f5f9}\n"
	"}\n"
	"</style>\n";

static double at(double packets)
{
	const double x = fmin(fmax(packets, LEAST), MOST);

	return LEFT + PLOT * log(x / LEAST) / log(MOST / LEAST);
}

static void put_mark(FILE *out, unsigned way, bool often, double x, double y)
{
	fprintf(out, "<circle class=\"%s%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%s\"/>",
		alive_way_name((enum alive_way)way), often ? " often" : "", x, y,
		way == ALIVE_ORACLE ? "2.5" : "4.5");
}

static void put_head(FILE *out, const struct alive_table *t, double height)
{
	double x = LEFT;

	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" "
		"width=\"%.0f\" height=\"%.0f\" role=\"img\">\n"
		"<title>What it costs to keep a mapping</title>\n%s"
		"<rect class=\"page\" width=\"%.0f\" height=\"%.0f\" rx=\"8\"/>\n",
		WIDTH, height, WIDTH, height, stylesheet, WIDTH, height);
	fprintf(out,
		"<text class=\"title\" x=\"24\" y=\"36\">What it costs to keep a mapping</text>\n"
		"<text x=\"24\" y=\"58\">Packets an hour of both ends, in %g days of virtual time "
		"with losses and with timers that drift.</text>\n"
		"<text x=\"24\" y=\"76\">Hollow: a mapping is lost more often than once in 30 "
		"days.</text>\n",
		t->plan.days);
	for (unsigned way = 0; way < ALIVE_WAYS; way++, x += 95) {
		put_mark(out, way, false, x, TOP - 22);
		fprintf(out, "<text x=\"%.1f\" y=\"%.1f\">%s</text>\n", x + 9, TOP - 18,
			alive_way_name((enum alive_way)way));
	}
}

static void put_grid(FILE *out, double bottom)
{
	static const int values[] = {5, 10, 20, 50, 100, 200, 500, 1000, 2000};

	for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		fprintf(out,
			"<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>"
			"<text class=\"small\" x=\"%.1f\" y=\"%.1f\" "
			"text-anchor=\"middle\">%d</text>\n",
			at(values[i]), at(values[i]), TOP - 6, bottom, at(values[i]), bottom + 14,
			values[i]);
}

static void put_row(FILE *out, const struct alive_table *t, unsigned preset, double y)
{
	const struct zoo_preset *p = zoo_at(t->plan.zoo, preset);

	fprintf(out,
		"<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%s</text>"
		"<text class=\"small\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%.0f s</text>\n",
		LEFT - 46, y + 4, p->name, LEFT - 14, y + 4, alive_timeout(&p->spec));
	for (unsigned way = 0; way < ALIVE_WAYS; way++) {
		const struct alive_wanted w = {(enum alive_way)way, (int)preset, ALIVE_ANY, false};
		const struct alive_sum s = alive_sum(t, &w);

		if (s.runs == 0)
			continue;
		fprintf(out,
			"<g><title>%s, %s: %.1f packets, %.0f bytes an hour; %.2f lost in 30 "
			"days</title>",
			p->name, alive_way_name((enum alive_way)way), alive_an_hour(&s, s.packets),
			alive_an_hour(&s, s.bytes), alive_lost_a_month(&s));
		put_mark(out, way, way == ALIVE_NONE || alive_lost_a_month(&s) >= OFTEN,
			 at(alive_an_hour(&s, s.packets)), y);
		fputs("</g>\n", out);
	}
}

int alive_write_svg(FILE *out, const struct alive_table *t)
{
	unsigned rows = 0;

	for (unsigned i = 0; i < t->presets; i++)
		rows += !zoo_at(t->plan.zoo, i)->spec.nat64;
	put_head(out, t, TOP + rows * ROW + 40);
	put_grid(out, TOP + rows * ROW);
	rows = 0;
	for (unsigned i = 0; i < t->presets; i++)
		if (!zoo_at(t->plan.zoo, i)->spec.nat64)
			put_row(out, t, i, TOP + rows++ * ROW + ROW / 2);
	fputs("</svg>\n", out);
	return fflush(out) != 0 || ferror(out) ? NK_ERR_SYSTEM : 0;
}
