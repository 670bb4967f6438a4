/* Pictures that commands draw beside their report. */
#ifndef DESK_PICTURE_H
#define DESK_PICTURE_H

#include <stdio.h>

#include "face/options.h"

/* An option's call: takes the name of a file that can be written; it is borrowed. */
int picture_choose(const char **path, const char *value, char why[static OPTIONS_WHY]);

/* Replaces the file by what @draw writes of @what; says on standard error what went wrong. @draw
 * returns 0 or a negative error. Return: the same. */
int picture_write(const char *path, int (*draw)(FILE *out, const void *what), const void *what);

#endif
