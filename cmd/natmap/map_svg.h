/* The parts of the map's picture: what its rows and its frame have in common. */
#ifndef NATMAP_MAP_SVG_H
#define NATMAP_MAP_SVG_H

#include "face/plot.h"
#include "map_report.h"

/* Pixels, in which all is given. */
#define SVG_ROW      46.0
#define SVG_SPINE    60.0
#define SVG_NODE     14.0
#define SVG_NAMES    92.0
#define SVG_BARS     420.0
#define SVG_BARS_END 760.0

/**
 * struct map_svg - A drawing that goes on downwards
 * @y:		So far
 * @axis:	Of timeouts; count 0: there are none
 *
 * Its rows are this machine, the hops, and the server; a zone is those that see the same addresses.
 */
struct map_svg {
	FILE *out;
	const struct map_report *rep;
	const struct natmap_result *r;
	double y;
	struct plot_axis axis;
};

/* Text of that class at @x, @dy below where the drawing is. */
void map_svg_text(struct map_svg *p, const char *class, double x, double dy, const char *text);

/* Where a timeout is on the axis. */
double map_svg_x(const struct map_svg *p, double seconds);

/* The row that begins at @p->y: 0 is this machine, then come the hops, and the server is the last. */
void map_svg_row(struct map_svg *p, unsigned row);

#endif
