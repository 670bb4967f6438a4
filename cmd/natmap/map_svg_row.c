#include <math.h>

#include "face/svg.h"
#include "map_svg.h"
#include "map_words.h"

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

void map_svg_text(struct map_svg *p, const char *class, double x, double dy, const char *text)
{
	fprintf(p->out, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", class, x, p->y + dy);
	svg_text(p->out, text);
	fputs("</text>\n", p->out);
}

double map_svg_x(const struct map_svg *p, double seconds)
{
	return SVG_BARS + fmin(fmax(plot_x(&p->axis, seconds), 0), 1) * (SVG_BARS_END - SVG_BARS);
}

/* The shape of a row, on the line. */
static void put_node(struct map_svg *p, unsigned row, enum box b, bool is_end)
{
	const bool hollow = b == BOX_UNKNOWN || b == BOX_HIDDEN;
	const double y = p->y + SVG_ROW / 2;

	if (is_end)
		fprintf(p->out, "<circle class=\"end\" cx=\"%.0f\" cy=\"%.1f\" r=\"8\"/>\n",
			SVG_SPINE, y);
	else if (hollow || b == BOX_ROUTER)
		fprintf(p->out, "<circle class=\"%s\" cx=\"%.0f\" cy=\"%.1f\" r=\"%.0f\"/>\n",
			class_of(b), SVG_SPINE, y, SVG_NODE - 1);
	else
		fprintf(p->out,
			"<rect class=\"%s\" x=\"%.0f\" y=\"%.1f\" width=\"%.0f\" height=\"%.0f\" "
			"rx=\"5\"/>\n",
			class_of(b), SVG_SPINE - SVG_NODE, y - SVG_NODE, 2 * SVG_NODE,
			2 * SVG_NODE);
	if (!is_end)
		fprintf(p->out, "<text class=\"number%s\" x=\"%.0f\" y=\"%.1f\">%u</text>\n",
			hollow ? " hollow-number" : "", SVG_SPINE, y + 4.5, row);
}

/* @name above, @words and the round trip below. */
static void put_names(struct map_svg *p, const char *name, const char *words, double rtt_ms)
{
	char line[160], rtt[32];

	map_rtt_words(rtt, sizeof(rtt), rtt_ms);
	snprintf(line, sizeof(line), "%s%s%s", words,
		 words[0] != '\0' && rtt[0] != '\0' ? ", " : "", rtt);
	map_svg_text(p, "name", SVG_NAMES, line[0] != '\0' ? SVG_ROW / 2 - 3 : SVG_ROW / 2 + 4.5,
		     name);
	if (line[0] != '\0')
		map_svg_text(p, "small", SVG_NAMES, SVG_ROW / 2 + 14, line);
}

/* How long it keeps a flow: a bar to the most likely value, and the interval as a mark. */
static void put_bar(struct map_svg *p, const struct measured *m, const char *class)
{
	const double y = p->y + SVG_ROW / 2, end = map_svg_x(p, m->value);
	const double lo = map_svg_x(p, m->lo), hi = map_svg_x(p, m->hi);
	char text[64];

	fprintf(p->out,
		"<rect class=\"bar %s\" x=\"%.0f\" y=\"%.1f\" width=\"%.1f\" height=\"12\" "
		"rx=\"3\"/>\n"
		"<path class=\"ci mark\" d=\"M%.1f %.1fv18M%.1f %.1fv18M%.1f %.1fH%.1f\"/>\n",
		class, SVG_BARS, y - 6, fmax(end - SVG_BARS, 1), lo, y - 9, hi, y - 9, lo, y, hi);
	map_svg_text(p, "name", hi + 10, SVG_ROW / 2 + 4.5,
		     plot_time_text(text, sizeof(text), m->value));
}

static void put_time(struct map_svg *p, unsigned i, enum box b)
{
	const struct hop *h = &p->r->path.hops[i];
	char words[256];

	if (h->state == HOP_STATEFUL && h->timeout.known)
		put_bar(p, &h->timeout, class_of(b));
	else
		map_svg_text(p, "small", SVG_BARS, SVG_ROW / 2 + 4.5,
			     map_hop_words(words, sizeof(words), p->r, i));
}

static void put_hop(struct map_svg *p, unsigned i)
{
	const struct hop *h = &p->r->path.hops[i];
	const enum box b = map_box(p->r, i);
	char addr[ADDR_TEXT];

	put_node(p, i + 1, b, false);
	put_names(p, addr_is_any(&h->address) ? "no answer" : addr_text_ip(&h->address, addr),
		  map_hop_name(p->r, i), h->rtt_ms);
	put_time(p, i, b);
}

static void put_end(struct map_svg *p, unsigned row)
{
	const struct natmap_result *r = p->r;
	const char *name = p->rep->server_name != NULL ? p->rep->server_name : "no server";
	char addr[ADDR_TEXT], silence[128];

	put_node(p, row, BOX_UNKNOWN, true);
	if (row == 0)
		put_names(p, "this machine", map_interface(r), 0);
	else if (r->public_count == 0)
		put_names(p, name, map_silence_words(silence, sizeof(silence), r), 0);
	else
		put_names(p, addr_text_ip(&r->server, addr),
			  r->software[0] != '\0' ? r->software : "server", r->rtt_ms);
}

void map_svg_row(struct map_svg *p, unsigned row)
{
	if (row == 0 || row == p->r->path.count + 1)
		put_end(p, row);
	else
		put_hop(p, row - 1);
}
