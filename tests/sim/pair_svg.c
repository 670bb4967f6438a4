#include <math.h>

#include "base/err.h"
#include "pair_print.h"

/* Pixels. Cells of one class pair stand together, and those of one pair of mappings. */
#define CELL    20.0
#define LEFT    150.0
#define TOP     176.0
#define GAP     4.0
#define GAP_MAP 8.0
#define SIDE    (PAIR_PRESETS * CELL + 6 * GAP + 2 * GAP_MAP)
#define WIDTH   (LEFT + SIDE + 26)
#define HEIGHT  (TOP + SIDE + 130)

static const char stylesheet[] =
	"<style>\n"
	"text{font:12px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;"
	"fill:#4a5260}\n"
	".page{fill:#ffffff}.title{font-size:18px;font-weight:600;fill:#14181f}\n"
	".small{font-size:10px}.strong{font-weight:600;fill:#14181f}.none{fill:#e3e7ed}\n"
	".plain{fill:#0b8a6a}.learn{fill:#2f6fd6}.predict{fill:#e39a0b}.birthday{fill:#9250d8}\n"
	".other{fill:#5f7f8f}.missed{fill:none;stroke:#d22f2f;stroke-width:2}\n"
	".allowed{fill:none;stroke:#14181f;stroke-width:1.5}\n"
	".one-way{fill:none;stroke:#14181f;stroke-width:1.2;stroke-dasharray:3 3}\n"
	"@media (prefers-color-scheme:dark){\n"
	"text{fill:#a9b3c1}.page{fill:#14181f}.title,.strong{fill:#f2f5f9}.none{fill:#2a313c}\n"
	".plain{fill:#2fb88f}.learn{fill:#74a9ff}.predict{fill:#ffc04d}.birthday{fill:#bd8cf5}\n"
	".other{fill:#8fb0c0}.missed{stroke:#ff6b6b}.allowed,.one-way{stroke:#f2f5f9}\n"
	"}\n"
	"</style>\n";

/* The class in the stylesheet. */
static const char *shade_of(enum tactic t)
{
	switch (t) {
	case TACTIC_PLAIN:
	case TACTIC_LEARN:
	case TACTIC_PREDICT:
	case TACTIC_BIRTHDAY:
		return tactic_name(t);
	default:
		return "other";
	}
}

/* Where the cell of preset @i begins. */
static double at(double from, unsigned i)
{
	return from + i * CELL + i / 3 * GAP + i / 9 * (GAP_MAP - GAP);
}

static void put_head(FILE *out, const struct pair_table *t)
{
	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" "
		"width=\"%.0f\" height=\"%.0f\" role=\"img\">\n"
		"<title>Who connects with whom, and how</title>\n%s"
		"<rect class=\"page\" width=\"%.0f\" height=\"%.0f\" rx=\"8\"/>\n",
		WIDTH, HEIGHT, WIDTH, HEIGHT, stylesheet, WIDTH, HEIGHT);
	fprintf(out,
		"<text class=\"title\" x=\"24\" y=\"36\">Who connects with whom, and how</text>\n"
		"<text x=\"24\" y=\"58\">Calls in the virtual world: callers down, callees across; "
		"%u runs with and without loss, 1 to 300 ms.</text>\n"
		"<text x=\"24\" y=\"76\">Each cell is filled as far as its calls connected, in the "
		"colours of what connected them.</text>\n",
		pair_table_sample(t));
}

static void put_labels(FILE *out)
{
	static const char *const mappings[] = {"EIM", "ADM", "APDM"};
	static const char *const filters[] = {"EIF", "ADF", "APDF"};
	static const char *const ports[] = {"kept", "next", "random"};

	for (unsigned i = 0; i < PAIR_PRESETS; i++) {
		const double middle = CELL / 2 + 3.5;

		fprintf(out,
			"<text class=\"small\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%s</text>"
			"<text class=\"small\" transform=\"translate(%.1f %.1f) rotate(-90)\">%s"
			"</text>\n",
			LEFT - 6, at(TOP, i) + middle, ports[i % 3], at(LEFT, i) + middle, TOP - 6,
			ports[i % 3]);
		if (i % 3 == 1)
			fprintf(out,
				"<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%s</text>"
				"<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%s</text>\n",
				LEFT - 48, at(TOP, i) + middle, filters[i / 3 % 3],
				at(LEFT, i) + CELL / 2, TOP - 50, filters[i / 3 % 3]);
		if (i % 9 == 4)
			fprintf(out,
				"<text class=\"strong\" x=\"%.1f\" y=\"%.1f\" "
				"text-anchor=\"end\">%s"
				"</text><text class=\"strong\" x=\"%.1f\" y=\"%.1f\" "
				"text-anchor=\"middle\">%s</text>\n",
				LEFT - 96, at(TOP, i) + middle, mappings[i / 9],
				at(LEFT, i) + CELL / 2, TOP - 70, mappings[i / 9]);
	}
}

static void put_bar(FILE *out, double x, double y, double width, const char *shade)
{
	fprintf(out, "<rect class=\"%s\" x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%.1f\"/>",
		shade, x, y, width, CELL - 1);
}

static void put_cell(FILE *out, const struct pair_table *t, unsigned a, unsigned b)
{
	const struct pair_pool p = pair_pool_at(t, a, b);
	const double x = at(LEFT, b), y = at(TOP, a);
	char from[PAIR_SIDE_TEXT], to[PAIR_SIDE_TEXT];
	double done = 0;

	fprintf(out, "<g><title>%s calls %s: %.1f %% of %u",
		pair_side_text(&t->sides[CALLER][a], from),
		pair_side_text(&t->sides[CALLEE][b], to), 100 * share_value(p.met), p.met.of);
	if (p.met.some > 0)
		fprintf(out, ", median %.2f s, %.0f packets", pair_median_at(t, a, b, PAIR_CALL_S),
			pair_median_at(t, a, b, PAIR_PACKETS));
	fputs("</title>", out);
	put_bar(out, x, y, CELL - 1, "none");
	for (unsigned k = 0; k < TACTICS; k++) {
		const double width = (CELL - 1) * p.by[k] / (p.met.of > 0 ? p.met.of : 1);

		if (p.by[k] > 0)
			put_bar(out, x + done, y, width, shade_of((enum tactic)k));
		done += width;
	}
	fputs("</g>\n", out);
}

/* Around the nine cells of a class pair: what RFC 4787 says of it. */
static void put_frames(FILE *out)
{
	for (unsigned a = 0; a < PAIR_CLASSES; a++)
		for (unsigned b = 0; b < PAIR_CLASSES; b++) {
			const enum pair_kind kind = pair_kind(pair_class_at(a), pair_class_at(b));

			if (kind != PAIR_HARD)
				fprintf(out,
					"<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
					"height=\"%.1f\" rx=\"2\"/>\n",
					pair_kind_name(kind), at(LEFT, 3 * b) - 1.5,
					at(TOP, 3 * a) - 1.5, 3 * CELL + 2, 3 * CELL + 2);
		}
}

static void put_kind(FILE *out, const char *shade, double y, const char *text)
{
	fprintf(out,
		"<rect class=\"%s\" x=\"24\" y=\"%.0f\" width=\"12\" height=\"12\" rx=\"2\"/>"
		"<text x=\"42\" y=\"%.1f\">%s</text>\n",
		shade, y, y + 10.5, text);
}

static void put_legend(FILE *out)
{
	static const struct {
		const char *shade, *text;
	} items[] = {{"plain", "plain punch"},      {"learn", "port learned from a packet"},
		     {"predict", "port predicted"}, {"birthday", "birthday"},
		     {"other", "otherwise"},        {"none", "not connected"}};
	static const double widths[] = {98, 182, 112, 78, 88, 0};
	const double y = TOP + SIDE + 28;
	double x = 24;

	for (unsigned i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
		fprintf(out,
			"<rect class=\"%s\" x=\"%.0f\" y=\"%.0f\" width=\"12\" height=\"12\" "
			"rx=\"2\"/><text x=\"%.0f\" y=\"%.0f\">%s</text>\n",
			items[i].shade, x, y, x + 18, y + 10.5, items[i].text);
		x += widths[i] + 10;
	}
	put_kind(out, "allowed", y + 24,
		 "RFC 4787 lets them meet: one side can be reached directly, and the other hears "
		 "its "
		 "answer");
	put_kind(out, "one-way", y + 46,
		 "one side can be reached, but its answer comes from a port that the other cannot "
		 "know");
	put_kind(out, "none", y + 68, "without a frame: a port must be guessed");
}

int pair_write_svg(FILE *out, const struct pair_table *t)
{
	put_head(out, t);
	put_labels(out);
	for (unsigned a = 0; a < t->side_count[CALLER]; a++)
		for (unsigned b = 0; b < t->side_count[CALLEE]; b++)
			put_cell(out, t, a, b);
	put_frames(out);
	put_legend(out);
	fputs("</svg>\n", out);
	return fflush(out) != 0 || ferror(out) ? NK_ERR_SYSTEM : 0;
}
