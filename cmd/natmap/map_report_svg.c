#include <math.h>
#include <string.h>

#include "base/err.h"
#include "face/numbers.h"
#include "face/plot.h"
#include "face/svg.h"
#include "map_report.h"
#include "map_words.h"

/* Pixels of the whole picture and of what is in it. */
#define WIDTH     880
#define MARGIN    24.0
#define TOP       80.0
#define ROW       46.0
#define ZONE_HEAD 26.0
#define ZONE_GAP  8.0
#define AXIS      52.0
#define SPINE     60.0
#define NODE      14.0
#define NAMES     92.0
#define BARS      420.0
#define BARS_END  760.0
#define GATEWAY   40.0
#define AXIS_FROM 1.0 /* seconds */

/**
 * struct picture - A drawing that goes on downwards
 * @y:		So far
 * @axis:	Of timeouts; count 0: there are none
 *
 * Its rows are this machine, the hops, and the server; a zone is those that see the same addresses.
 */
struct picture {
	FILE *out;
	const struct map_report *rep;
	const struct natmap_result *r;
	double y;
	struct plot_axis axis;
};

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

static const char *class_of(enum box b)
{
	static const char *const classes[BOXES] = {
		[BOX_UNKNOWN] = "hollow",      [BOX_ROUTER] = "router",
		[BOX_HIDDEN] = "hollow dash",  [BOX_STATEFUL] = "nat",
		[BOX_FIREWALL] = "firewall",   [BOX_NAT] = "nat",
		[BOX_CARRIER_NAT] = "carrier",
	};

	return classes[b];
}

/* Text at @x, @dy below where the drawing is. */
static void put_text(struct picture *p, const char *class, double x, double dy, const char *text)
{
	fprintf(p->out, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", class, x, p->y + dy);
	svg_text(p->out, text);
	fputs("</text>\n", p->out);
}

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
	double y = TOP + ZONE_HEAD + row * ROW;

	for (unsigned before = 0; before < row; before++)
		y += translates(r, before) ? ZONE_GAP + ZONE_HEAD : 0;
	return y;
}

static void set_axis(struct picture *p)
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

static double x_of(const struct picture *p, double t)
{
	return BARS + fmin(fmax(plot_x(&p->axis, t), 0), 1) * (BARS_END - BARS);
}

static double height_of(const struct picture *p)
{
	return row_y(p->r, p->r->path.count + 2) + (p->axis.count > 0 ? AXIS : 0) +
	       p->r->gateway_count * GATEWAY + MARGIN;
}

static void put_description(struct picture *p)
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

static void put_head(struct picture *p)
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
	put_text(p, "title", MARGIN, 36, verdict);
	snprintf(subtitle, sizeof(subtitle), "The way out of %s, %s, natmap %s",
		 ip_text(map_local(p->r), local),
		 date_text(when, sizeof(when), p->rep->started_unix), NK_VERSION);
	put_text(p, "small", MARGIN, 58, subtitle);
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
	const struct addr *seen = r->public_count > 0 ? &r->public_addrs[0] : NULL;
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

/* The ground of rows @from to @to. */
static void put_zone(struct picture *p, unsigned from, unsigned to, unsigned z)
{
	const unsigned count = zone_count(p->r);
	const unsigned kind = z + 1 == count ? 2 : z == 0 ? 0 : 1;
	char name[128];

	p->y = row_y(p->r, from) - ZONE_HEAD;
	fprintf(p->out,
		"<rect class=\"z%u\" x=\"%.0f\" y=\"%.1f\" width=\"%.0f\" height=\"%.1f\" "
		"rx=\"8\"/>\n",
		kind, MARGIN / 2, p->y, WIDTH - MARGIN, ZONE_HEAD + (to - from + 1) * ROW);
	name_zone(name, sizeof(name), p->r, z, count);
	put_text(p, "zone", NAMES, 18, name);
}

static void put_zones(struct picture *p)
{
	const unsigned last = p->r->path.count + 1;
	unsigned from = 0, z = 0;

	for (unsigned row = 0; row <= last; row++) {
		if (row < last && !translates(p->r, row))
			continue;
		put_zone(p, from, row, z++);
		from = row + 1;
	}
	fprintf(p->out, "<line class=\"spine\" x1=\"%.0f\" x2=\"%.0f\" y1=\"%.1f\" y2=\"%.1f\"/>\n",
		SPINE, SPINE, row_y(p->r, 0) + ROW / 2, row_y(p->r, last) + ROW / 2);
}

/* The shape of a row, on the line. */
static void put_node(struct picture *p, unsigned row, enum box b, bool is_end)
{
	const bool hollow = b == BOX_UNKNOWN || b == BOX_HIDDEN;
	const double y = p->y + ROW / 2;

	if (is_end)
		fprintf(p->out, "<circle class=\"end\" cx=\"%.0f\" cy=\"%.1f\" r=\"8\"/>\n", SPINE,
			y);
	else if (hollow || b == BOX_ROUTER)
		fprintf(p->out, "<circle class=\"%s\" cx=\"%.0f\" cy=\"%.1f\" r=\"%.0f\"/>\n",
			class_of(b), SPINE, y, NODE - 1);
	else
		fprintf(p->out,
			"<rect class=\"%s\" x=\"%.0f\" y=\"%.1f\" width=\"%.0f\" height=\"%.0f\" "
			"rx=\"5\"/>\n",
			class_of(b), SPINE - NODE, y - NODE, 2 * NODE, 2 * NODE);
	if (!is_end)
		fprintf(p->out, "<text class=\"number%s\" x=\"%.0f\" y=\"%.1f\">%u</text>\n",
			hollow ? " hollow-number" : "", SPINE, y + 4.5, row);
}

/* @name above, @words and the round trip below. */
static void put_names(struct picture *p, const char *name, const char *words, double rtt_ms)
{
	char line[160], rtt[32] = "";

	if (rtt_ms > 0)
		snprintf(rtt, sizeof(rtt), "%.3g ms", rtt_ms);
	snprintf(line, sizeof(line), "%s%s%s", words,
		 words[0] != '\0' && rtt[0] != '\0' ? ", " : "", rtt);
	put_text(p, "name", NAMES, line[0] != '\0' ? ROW / 2 - 3 : ROW / 2 + 4.5, name);
	if (line[0] != '\0')
		put_text(p, "small", NAMES, ROW / 2 + 14, line);
}

/* How long it keeps a flow: a bar to the most likely value, and the interval as a mark. */
static void put_bar(struct picture *p, const struct measured *m, const char *class)
{
	const double y = p->y + ROW / 2, end = x_of(p, m->value);
	const double lo = x_of(p, m->lo), hi = x_of(p, m->hi);
	char text[64];

	fprintf(p->out,
		"<rect class=\"bar %s\" x=\"%.0f\" y=\"%.1f\" width=\"%.1f\" height=\"12\" "
		"rx=\"3\"/>\n"
		"<path class=\"ci mark\" d=\"M%.1f %.1fv18M%.1f %.1fv18M%.1f %.1fH%.1f\"/>\n",
		class, BARS, y - 6, fmax(end - BARS, 1), lo, y - 9, hi, y - 9, lo, y, hi);
	put_text(p, "name", hi + 10, ROW / 2 + 4.5, plot_time_text(text, sizeof(text), m->value));
}

static void put_time(struct picture *p, unsigned i, enum box b)
{
	const struct hop *h = &p->r->path.hops[i];
	char words[256];

	if (h->state == HOP_STATEFUL && h->timeout.known)
		put_bar(p, &h->timeout, class_of(b));
	else
		put_text(p, "small", BARS, ROW / 2 + 4.5,
			 map_hop_words(words, sizeof(words), p->r, i));
}

static void put_hop(struct picture *p, unsigned i)
{
	const struct hop *h = &p->r->path.hops[i];
	const enum box b = map_box(p->r, i);
	char addr[ADDR_TEXT];

	put_node(p, i + 1, b, false);
	put_names(p, addr_is_any(&h->address) ? "no answer" : addr_text_ip(&h->address, addr),
		  map_hop_name(p->r, i), h->rtt_ms);
	put_time(p, i, b);
}

static void put_end(struct picture *p, unsigned row)
{
	const struct natmap_result *r = p->r;
	const char *name = p->rep->server_name != NULL ? p->rep->server_name : "no server";
	char addr[ADDR_TEXT];

	put_node(p, row, BOX_UNKNOWN, true);
	if (row == 0)
		put_names(p, "this machine", r->ways[0].interface, 0);
	else if (r->public_count == 0)
		put_names(p, name, "no answer", 0);
	else
		put_names(p, addr_text_ip(&r->server, addr),
			  r->software[0] != '\0' ? r->software : "server", r->rtt_ms);
}

static void put_rows(struct picture *p)
{
	const unsigned rows = p->r->path.count + 2;

	for (unsigned row = 0; row < rows; row++) {
		p->y = row_y(p->r, row);
		if (row == 0 || row + 1 == rows)
			put_end(p, row);
		else
			put_hop(p, row - 1);
	}
	p->y = row_y(p->r, rows);
}

static void put_axis(struct picture *p)
{
	double free_from = 0;

	for (unsigned i = 0; i < p->axis.count; i++) {
		const double x = x_of(p, p->axis.ticks[i]);
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
		BARS, BARS_END, p->y + 4, p->y + 4);
	put_text(p, "small", BARS, 44, "how long a silent UDP flow is kept, with 95 % interval");
	p->y += AXIS;
}

/* A protocol's name: filled if it opens ports, with a frame if it answers. */
static double put_pill(struct picture *p, double x, const struct portmap_offer *o, const char *name)
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

static void put_gateway(struct picture *p, const struct portmap_gateway *g,
			const struct natmap_way *w)
{
	char addr[ADDR_TEXT], text[128];
	double x = BARS;
	unsigned usable = 0;

	snprintf(text, sizeof(text), "gateway %s on %s",
		 addr_is_any(&g->gateway) ? "none" : addr_text_ip(&g->gateway, addr), w->interface);
	put_text(p, "", NAMES, 23, text);
	for (int o = 0; o < PORTMAP_PROTOCOLS; o++) {
		x = put_pill(p, x, &g->offer[o], map_protocol_words((enum portmap_protocol)o));
		usable += g->offer[o].usable;
	}
	put_text(p, "small", x + 4, 23, usable > 0 ? "opens ports" : "opens no ports");
	p->y += GATEWAY;
}

int map_report_svg(FILE *out, const struct map_report *rep)
{
	struct picture p = {.out = out, .rep = rep, .r = rep->result};

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
