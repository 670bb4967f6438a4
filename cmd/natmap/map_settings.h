/* The command line of the map. */
#ifndef NATMAP_MAP_SETTINGS_H
#define NATMAP_MAP_SETTINGS_H

#include <stdbool.h>

#include "core/natmap/options.h"
#include "desk/server_list.h"
#include "face/format.h"

/**
 * struct map_settings - What the user wants
 * @servers:	From the command line, borrowed from it
 * @v4, @v6:	Families named; neither: both, as far as they are there
 * @interface:	Or NULL
 * @svg:	File for the picture, or NULL
 * @format:	An enum format
 * @quick:	No enumeration
 * @natmap:	What to look for; servers and ways are filled in later
 */
struct map_settings {
	struct server_list servers;
	bool v4, v6;
	const char *interface;
	const char *svg;
	int format;
	bool quick;
	struct natmap_options natmap;
};

/* Reads the command line. Return: OPTIONS_GO_ON, or the exit status to end with. */
int map_settings_read(struct map_settings *s, int argc, char *const argv[]);

#endif
