/* The presets that there are: those installed, then the user's own. */
#ifndef NATSIM_ZOO_FILE_H
#define NATSIM_ZOO_FILE_H

#include "face/options.h"
#include "sim/zoo.h"

#define ZOO_FILES_MAX 8

/**
 * struct zoo_files - Files named by --zoo, borrowed from the command line
 */
struct zoo_files {
	const char *paths[ZOO_FILES_MAX];
	unsigned count;
};

/* An option's call, for a struct that begins with a struct zoo_files. */
int zoo_files_add(void *into, const char *value, char why[static OPTIONS_WHY]);

/* The option, where @add is the call. */
#define ZOO_FILES_OPTION(add)                                                           \
	{                                                                               \
		.name = "zoo", .letter = 'z', .argument = "FILE",                       \
		.help = "Read presets from this file too; may be given up to 8 times.", \
		.kind = OPTION_CALL, .repeatable = true, .call = add                    \
	}

/**
 * zoo_open() - Reads zoo.conf as it is installed, zoo.conf among the user's configuration files
 * (or in /etc), and those of @files; a later preset takes the place of an earlier one
 * @out:	Set on success; the caller ends it with zoo_free()
 *
 * Return: 0, or an error that has been told on standard error.
 */
int zoo_open(struct zoo **out, const struct zoo_files *files);

/* Return: the preset of that name, or NULL, which has been told. */
const struct zoo_preset *zoo_want(const struct zoo *z, const char *name);

#endif
