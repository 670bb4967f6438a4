/* A progress bar: one line on a terminal that is drawn over and over. */
#ifndef FACE_PROGRESS_H
#define FACE_PROGRESS_H

#include <stdbool.h>
#include <stdio.h>

#include "base/time.h"
#include "face/style.h"

/**
 * struct progress - A progress bar
 * @out:	NULL if there is none: not a terminal, or not wanted
 * @shown:	A line is on the screen
 * @line:	What it says
 */
struct progress {
	FILE *out;
	struct style style;
	bool shown;
	char line[512];
};

/* A bar on @out, or none if that is no terminal. @out is borrowed. */
struct progress progress_on(FILE *out);

/**
 * progress_draw() - Shows how far it is
 * @done:	0 to 1
 * @stage:	What is being waited for, a few words
 * @left:	The longest it can still take, or NK_NEVER if that is not known
 *
 * Writes nothing if the line would not change.
 */
void progress_draw(struct progress *p, double done, const char *stage, nk_time left);

/* Takes the line off the screen, so that something else can be written. */
void progress_clear(struct progress *p);

#endif
