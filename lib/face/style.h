/* What a terminal can show. */
#ifndef FACE_STYLE_H
#define FACE_STYLE_H

#include <stdbool.h>
#include <stdio.h>

/**
 * struct style - How to write for people
 * @colour:	Escape sequences are understood and wanted
 * @utf8:	More than ASCII can be shown
 * @width:	Columns
 */
struct style {
	bool colour;
	bool utf8;
	unsigned width;
};

/* For @out as it is: its terminal's width or 80; colours only on a terminal, without NO_COLOR
 * and with a TERM that is not "dumb". Needs setlocale() to have been called. */
struct style style_of(FILE *out);

enum tone { TONE_PLAIN, TONE_STRONG, TONE_DIM, TONE_GOOD, TONE_BAD, TONE_DOUBT, TONE_BLUE };

/* The escape sequence that begins a tone, or ends all; "" if the style has no colour. */
const char *style_tone(const struct style *s, enum tone tone);

#endif
