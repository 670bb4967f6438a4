/* Reports for people: lines that have a name on the left, and words that are wrapped. */
#ifndef FACE_PROSE_H
#define FACE_PROSE_H

#include <stddef.h>
#include <stdio.h>

#include "face/style.h"

#define PROSE_COLS 11 /* of the names */

/* Begins a line with its name on the left, or with space if @name is empty. */
void prose_label(FILE *out, const struct style *st, const char *name);

/* Words from column @at on, and the end of the line; later lines begin at column @indent. A byte is a
 * column. */
void prose_wrapped(FILE *out, const struct style *st, size_t at, size_t indent, const char *text);

/* Both. */
void prose_line(FILE *out, const struct style *st, const char *name, const char *text);

/* The same in a tone. */
void prose_toned(FILE *out, const struct style *st, enum tone tone, const char *name,
		 const char *text);

#endif
