/* A survival curve drawn with characters. */
#ifndef FACE_PLOT_TEXT_H
#define FACE_PLOT_TEXT_H

#include <stdio.h>

#include "face/plot.h"
#include "face/style.h"

/**
 * plot_text() - Draws up to PLOT_SERIES_MAX curves in one plot, and names them below it
 *
 * Braille dots where the style has UTF-8, letters otherwise. Nothing is written if
 * no series has anything to draw. At most 100 columns are used.
 */
void plot_text(FILE *out, const struct style *style, const struct plot_series *series,
	       unsigned count);

#endif
