/* Where a report or events go to: a file, or a descriptor that is open already. */
#ifndef DESK_SINK_H
#define DESK_SINK_H

#include <stdio.h>

#include "face/js.h"
#include "face/options.h"

#define SINK_ARGUMENT "FILE|FD"

/* What is to be written as a whole, at the end: to @fd, or to the file @path, which is as it was until
 * then; or neither. */
struct sink_whole {
	FILE *fd;
	const char *path;
};

/* Takes what the option's value says, if it can be written; the value is borrowed. */
int sink_choose(struct sink_whole *s, const char *value, char why[static OPTIONS_WHY]);

/* Writes it, indented for people. Return: 0 or a negative error; of NK_ERR_SYSTEM errno says why. */
int sink_write(const struct sink_whole *s, struct js root);

/* Opens what the option's value says, in place of what *@out is; an option's call does so. */
int sink_open(FILE **out, const char *value, char why[static OPTIONS_WHY]);

/* Return: 0, or -1 and errno if not all could be written. Takes NULL. */
int sink_close(FILE *out);

#endif
