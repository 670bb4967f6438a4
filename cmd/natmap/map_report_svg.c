#include <math.h>
#include <string.h>

#include "base/err.h"
#include "face/numbers.h"
#include "face/plot.h"
#include "face/svg.h"
#include "map_report.h"
#include "map_svg.h"
#include "map_words.h"

/* Pixels of the whole picture and of what is in it. */
#define WIDTH     880
#define MARGIN    24.0
#define TOP       80.0
#define ZONE_HEAD 26.0
#define ZONE_GAP  8.0
#define AXIS      52.0
#define GATEWAY   40.0
#define AXIS_FROM 1.0 /* seconds */

static const char stylesheet[] =
	"<style>\n"
	"text{font:13px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;"
	"fill:#4a5260}\n"
	".page{fill:#ffffff}.title{font-size:18px;font-weight:600;fill:#14181f}\n"
	".name{font-weight:600;fill:#14181f}.zone{font-size:12px;font-weight:600;"
	"letter-spacing:.02em}.small{font-size:12px}\n"
	".z0{fill:#f3f6fb}.z1{fill:#fdf3e7}.z2{fill:#eef8f3}\n"
	".grid{stroke:#d5dae2;stroke-width:1}.spine{stroke:#98a1ae;stroke-width:2.5}\n"
	".number{font-size:12px;font-weight:700;text-anchor:middle;fill:#ffffff}\n"
	".bar{opacity:.85}.ci{stroke-width:2;fill:none}\n"
	".end{fill:#2456ab}.router{fill:#78828f}.nat{fill:#b85f06}.carrier{fill:#c0392b}"
	".firewall{fill:#2f6fd6}\n"
	".hollow{fill:#ffffff;stroke:#98a1ae;stroke-width:2}.dash{stroke-dasharray:3 3}\n"
	".hollow-number{fill:#4a5260}.mark{stroke:#14181f}\n"
	".pill{fill:none;stroke:#98a1ae;stroke-width:1.2}.pill.yes{fill:#0b8a6a;stroke:#0b8a6a}"
	".pill.but{stroke:#b85f06}.yes-text{fill:#ffffff;font-weight:600}\n"
	"@media (prefers-color-scheme:dark){\n"
	"text{fill:#a9b3c1}.page{fill:#14181f}.title,.name{fill:#f2f5f9}\n"
	".z0{fill:#1b222d}.z1{fill:#2a2219}.z2{fill:#17261f}\n"
	".grid{stroke:#39424f}.spine{stroke:#5b6675}.number{fill:#14181f}\n"
	".end{fill:#9cc2ff}.router{fill:#8d99a8}.nat{fill:#ffa94d}.carrier{fill:#ff8a7a}"
	".firewall{fill:#74a9ff}\n"
	".hollow{fill:#14181f;stroke:#5b6675}.hollow-number{fill:#a9b3c1}.mark{stroke:#f2f5f9}\n"
	".pill{stroke:#5b6675}.pill.yes{fill:#3fd1a4;stroke:#3fd1a4}.pill.but{stroke:#ffa94d}"
	".yes-text{fill:#14181f}\n"
	"}\n"
	"</style>\n";

/* Whether another zone begins after a row. */
static bool translates(const struct natmap_result *r, unsigned row)
{
	enum box b;

	if (row == 0 || row > r->path.count)
		return false;
	b = map_box(r, row - 1);
	return b == BOX_NAT || b == BOX_CARRIER_NAT;
}

static unsigned zone_count(const struct natmap_result *r)
{
	unsigned n = 1;

	for (unsigned row = 0; row <= r->path.count; row++)
		n += translates(r, row);
	return n;
}

/* Where a row begins. */
static double row_y(const struct natmap_result *r, unsigned row)
{
	double y = TOP + ZONE_HEAD + row * SVG_ROW;

	for (unsigned before = 0; before < row; before++)
		y += translates(r, before) ? ZONE_GAP + ZONE_HEAD : 0;
	return y;
}

static void set_axis(struct map_svg *p)
{
	static const double ticks[] = {1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200};
	const struct path_result *path = &p->r->path;
	double to = nk_seconds(p->rep->options->max);
	bool timed = false;

	for (unsigned i = 0; i < path->count; i++) {
		const struct measured *m = &path->hops[i].timeout;

		to = fmax(to, m->known ? m->hi : m->at_least);
		timed = timed || m->known || m->at_least > 0;
	}
	p->axis = (struct plot_axis){.from = AXIS_FROM, .to = to};
	for (unsigned i = 0; timed && i < sizeof(ticks) / sizeof(ticks[0]) && ticks[i] <= to; i++)
		p->axis.ticks[p->axis.count++] = ticks[i];
}

static double height_of(const struct map_svg *p)
{
	return row_y(p->r, p->r->path.count + 2) + (p->axis.count > 0 ? AXIS : 0) +
	       p->r->gateway_count * GATEWAY + MARGIN;
}

static void put_description(struct map_svg *p)
{
	fputs("<desc>", p->out);
	svg_text(p->out, map_meaning(p->r));
	for (unsigned i = 0; i < p->r->evidence_count; i++) {
		fputs(" ", p->out);
		if (p->r->evidence[i].against)
			fputs("against it: ", p->out);
		svg_text(p->out, p->r->evidence[i].text);
		fputs(".", p->out);
	}
	fputs("</desc>\n", p->out);
}

static const char *ip_text(const struct addr *a, char text[static ADDR_TEXT])
{
	return a == NULL || addr_is_any(a) ? "an address that is not known" : addr_text_ip(a, text);
}

static void put_head(struct map_svg *p)
{
	char verdict[160], when[32], local[ADDR_TEXT], subtitle[256];
	const double height = height_of(p);

	map_verdict_words(verdict, sizeof(verdict), p->r);
	fprintf(p->out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %.0f\" width=\"%d\" "
		"height=\"%.0f\" role=\"img\">\n<title>Map of NATs: ",
		WIDTH, height, WIDTH, height);
	svg_text(p->out, verdict);
	fputs("</title>\n", p->out);
	put_description(p);
	fputs(stylesheet, p->out);
	fprintf(p->out, "<rect class=\"page\" width=\"%d\" height=\"%.0f\" rx=\"8\"/>\n", WIDTH,
		height);
	map_svg_text(p, "title", MARGIN, 36, verdict);
	snprintf(subtitle, sizeof(subtitle), "The way out of %s, %s, natmap %s",
		 ip_text(map_local(p->r), local),
		 date_text(when, sizeof(when), p->rep->started_unix), NK_VERSION);
	map_svg_text(p, "small", MARGIN, 58, subtitle);
}

/* An address that is known of the second zone: a gateway's own outside. */
static const struct addr *outside_of_gateway(const struct natmap_result *r)
{
	for (unsigned g = 0; g < r->gateway_count; g++)
		for (int o = 0; o < PORTMAP_PROTOCOLS; o++)
			if (!addr_is_any(&r->gateways[g].offer[o].external))
				return &r->gateways[g].offer[o].external;
	return NULL;
}

/* As what this machine appears in zone @z of @count. */
static void name_zone(char *out, size_t size, const struct natmap_result *r, unsigned z,
		      unsigned count)
{
	const struct addr *seen = map_public(r);
	char here[ADDR_TEXT], there[ADDR_TEXT];

	if (z > 0)
		snprintf(out, size, "seen as %s",
			 ip_text(z + 1 == count ? seen
				 : z == 1       ? outside_of_gateway(r)
						: NULL,
				 there));
	else if (count > 1 || seen == NULL)
		snprintf(out, size, "this machine is %s", ip_text(map_local(r), here));
	else
		snprintf(out, size, "this machine is %s, and seen as %s at the other end",
			 ip_text(map_local(r), here), ip_text(seen, there));
}

/* This machine is. */
static bool is_outside(const struct natmap_result *r)
{
	const struct addr *seen = map_public(r);

	return seen != NULL && addr_same_ip(seen, map_local(r));
}

/* The ground of rows @from to @to. */
static void put_zone(struct map_svg *p, unsigned from, unsigned to, unsigned z)
{
	const unsigned count = zone_count(p->r);
	const unsigned kind = z > 0 ? 1 + (z + 1 == count) : is_outside(p->r) ? 2 : 0;
	char name[128];

	p->y = row_y(p->r, from) - ZONE_HEAD;
	fprintf(p->out,
		"<rect class=\"z%u\" x=\"%.0f\" y=\"%.1f\" width=\"%.0f\" height=\"%.1f\" "
		"rx=\"8\"/>\n",
		kind, MARGIN / 2, p->y, WIDTH - MARGIN, ZONE_HEAD + (to - from + 1) * SVG_ROW);
	name_zone(name, sizeof(name), p->r, z, count);
	map_svg_text(p, "zone", SVG_NAMES, 18, name);
}

/* The line from one row to another. */
static void put_spine(struct map_svg *p, unsigned from, unsigned to, const char *class)
{
	fprintf(p->out, "<line class=\"%s\" x1=\"%.0f\" x2=\"%.0f\" y1=\"%.1f\" y2=\"%.1f\"/>\n",
		class, SVG_SPINE, SVG_SPINE, row_y(p->r, from) + SVG_ROW / 2,
		row_y(p->r, to) + SVG_ROW / 2);
}

static void put_zones(struct map_svg *p)
{
	const unsigned last = p->r->path.count + 1;
	unsigned from = 0, z = 0;

	for (unsigned row = 0; row <= last; row++) {
		if (row < last && !translates(p->r, row))
			continue;
		put_zone(p, from, row, z++);
		from = row + 1;
	}
	put_spine(p, 0, last - 1, "spine");
	put_spine(p, last - 1, last, p->r->path.reached ? "spine" : "spine dash");
}

static void put_rows(struct map_svg *p)
{
	const unsigned rows = p->r->path.count + 2;

	for (unsigned row = 0; row < rows; row++) {
		p->y = row_y(p->r, row);
		map_svg_row(p, row);
	}
	p->y = row_y(p->r, rows);
}

static void put_axis(struct map_svg *p)
{
	double free_from = 0;

	for (unsigned i = 0; i < p->axis.count; i++) {
		const double x = map_svg_x(p, p->axis.ticks[i]);
		char text[16];

		if (x < free_from)
			continue;
		free_from = x + 46;
		fprintf(p->out,
			"<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>"
			"<text class=\"small\" x=\"%.1f\" y=\"%.1f\" "
			"text-anchor=\"middle\">%s</text>\n",
			x, x, p->y + 4, p->y + 10, x, p->y + 26,
			plot_tick_text(text, sizeof(text), p->axis.ticks[i]));
	}
	fprintf(p->out, "<line class=\"grid\" x1=\"%.0f\" x2=\"%.0f\" y1=\"%.1f\" y2=\"%.1f\"/>\n",
		SVG_BARS, SVG_BARS_END, p->y + 4, p->y + 4);
	map_svg_text(p, "small", SVG_BARS, 44,
		     "how long a silent UDP flow is kept, with 95 % interval");
	p->y += AXIS;
}

/* A protocol's name: filled if it opens ports, with a frame if it answers. */
static double put_pill(struct map_svg *p, double x, const struct portmap_offer *o, const char *name)
{
	const double width = 18 + 8.2 * (double)strlen(name);

	fprintf(p->out,
		"<rect class=\"pill%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"22\" "
		"rx=\"11\"/>\n"
		"<text class=\"small%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%s</text>\n",
		o->usable    ? " yes"
		: o->answers ? " but"
			     : " dash",
		x, p->y + 8, width, o->usable ? " yes-text" : "", x + width / 2, p->y + 23, name);
	return x + width + 8;
}

static void put_offers(struct map_svg *p, const struct portmap_gateway *g)
{
	double x = SVG_BARS;
	unsigned usable = 0;

	for (int o = 0; o < PORTMAP_PROTOCOLS; o++) {
		if (o == PORTMAP_NAT_PMP && addr_family(&g->gateway) == ADDR_V6)
			continue; /* it has none */
		x = put_pill(p, x, &g->offer[o], portmap_protocol_text((enum portmap_protocol)o));
		usable += g->offer[o].usable;
	}
	map_svg_text(p, "small", x + 4, 23, usable > 0 ? "opens ports" : "opens no ports");
}

static void put_gateway(struct map_svg *p, const struct portmap_gateway *g,
			const struct natmap_way *w)
{
	char addr[ADDR_TEXT], text[128];
	const bool none = addr_is_any(&g->gateway);

	snprintf(text, sizeof(text), "%s%s on %s", none ? "no gateway" : "gateway ",
		 none ? "" : addr_text_ip(&g->gateway, addr), w->interface);
	map_svg_text(p, "", SVG_NAMES, 23, text);
	if (!none)
		put_offers(p, g);
	p->y += GATEWAY;
}

int map_report_svg(FILE *out, const struct map_report *rep)
{
	struct map_svg p = {.out = out, .rep = rep, .r = rep->result};

	set_axis(&p);
	put_head(&p);
	put_zones(&p);
	put_rows(&p);
	if (p.axis.count > 0)
		put_axis(&p);
	p.y += ZONE_GAP;
	for (unsigned i = 0; i < p.r->gateway_count; i++)
		put_gateway(&p, &p.r->gateways[i], &p.r->ways[i]);
	fputs("</svg>\n", out);
	return fflush(out) != 0 || ferror(out) ? NK_ERR_SYSTEM : 0;
}
