/* A survival curve as an SVG picture, for light and dark pages. */
#ifndef FACE_PLOT_SVG_H
#define FACE_PLOT_SVG_H

#include <stdio.h>

#include "face/plot.h"

/**
 * plot_svg() - Draws up to PLOT_SERIES_MAX curves in one picture
 * @title, @subtitle: Lines above the plot; any bytes, escaped here
 *
 * With nothing to draw the picture says so.
 *
 * Return: 0, or NK_ERR_SYSTEM if it could not be written; errno says why.
 */
int plot_svg(FILE *out, const char *title, const char *subtitle, const struct plot_series *series,
	     unsigned count);

#endif
