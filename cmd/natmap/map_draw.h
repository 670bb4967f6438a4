/* The path from this machine to the server, drawn with characters. */
#ifndef NATMAP_MAP_DRAW_H
#define NATMAP_MAP_DRAW_H

#include <stdio.h>

struct map_report;
struct style;

void map_draw(FILE *out, const struct style *st, const struct map_report *rep);

#endif
