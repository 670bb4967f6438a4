/* Pieces of SVG pictures. */
#ifndef FACE_SVG_H
#define FACE_SVG_H

#include <stdio.h>

/* Writes any bytes as text of an element: escaped, and what is not printable ASCII as "?". */
void svg_text(FILE *out, const char *text);

#endif
