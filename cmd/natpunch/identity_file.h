/* The file that holds who we are: one secret line, for its owner alone. */
#ifndef NATPUNCH_IDENTITY_FILE_H
#define NATPUNCH_IDENTITY_FILE_H

#include <limits.h>

#include "base/crypto.h"

/* Of every subcommand that needs one. */
#define IDENTITY_OPTION(target)                                                                \
	{                                                                                      \
		.name = "identity", .letter = 'i', .argument = "FILE",                         \
		.help = "Who we are. Default: natkit/identity among the user's configuration " \
			"files. It is made if it is not there.",                               \
		.kind = OPTION_STRING, .offset = (target)                                      \
	}

/**
 * identity_open() - Reads who we are, or makes a new identity if the file is not there
 * @given:	A path, or NULL: the user's own
 *
 * A file that others can read is refused. crypto_init() must have succeeded; the caller wipes @out.
 *
 * Return: EXIT_YES, or the exit status to end with, which has been told.
 */
int identity_open(struct identity *out, const char *given);

/* Where it is, or what is kept beside it: @suffix is added to its name. Return: EXIT_YES, or the exit
 * status to end with, which has been told. */
int identity_place(char path[static PATH_MAX], const char *given, const char *suffix);

#endif
