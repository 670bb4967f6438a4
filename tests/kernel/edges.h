/* How exactly the model's timers end when the kernel's do. */
#ifndef KERNEL_EDGES_H
#define KERNEL_EDGES_H

#include "play.h"

/* Adds to a blank script flows of several kinds, each of which is looked at once, a few ms before
 * its timer ends or after; and sets those timers. */
void edges_make(struct script *script);

/**
 * edges_error() - By how much the timers of two plays of such a script differ
 *
 * Return: of the flows that were alive in one play and over in the other, how far from its end the
 * farthest was looked at; 0 if there were none, NK_NEVER if they differ in more. What is uncertain
 * about times is taken off.
 */
nk_time edges_error(const struct script *script, const struct transcript *kernel,
		    const struct transcript *model);

#endif
