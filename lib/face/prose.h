/* Reports for people: lines that have a name on the left, and words that are wrapped. */
#ifndef FACE_PROSE_H
#define FACE_PROSE_H

#include <stddef.h>
#include <stdio.h>

#include "face/style.h"

#define PROSE_COLS 11 /* of the names */

/* Begins a line with its name on the left, or with space if @name is empty. */
void prose_label(FILE *out, const struct style *st, const char *name);

/* Words from column @at on, and the end of the line; later lines begin at column @indent. A byte
 * is a column. */
void prose_wrapped(FILE *out, const struct style *st, size_t at, size_t indent, const char *text);

/* The same beside a drawing: later lines begin with @edge, which takes @edge_cols columns, and go
 * on at column @at. */
void prose_beside(FILE *out, const struct style *st, size_t at, const char *edge, size_t edge_cols,
		  const char *text);

/* A name, and words from column PROSE_COLS on. */
void prose_line(FILE *out, const struct style *st, const char *name, const char *text);

/* The same in a tone. */
void prose_toned(FILE *out, const struct style *st, enum tone tone, const char *name,
		 const char *text);

#endif
