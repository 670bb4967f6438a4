/* natprobe's command line. */
#ifndef NATPROBE_SETTINGS_H
#define NATPROBE_SETTINGS_H

#include <stdbool.h>

#include "core/probe/options.h"
#include "desk/server_list.h"
#include "face/format.h"

/**
 * struct settings - What the user wants
 * @servers:	From the command line, borrowed from it
 * @v4, @v6:	Families named; neither: IPv4, and IPv6 too if there is any
 * @interface:	Or NULL
 * @svg:	File for the picture, or NULL
 * @format:	An enum format
 * @probe:	What to measure; its servers and addresses are filled in later
 */
struct settings {
	struct server_list servers;
	bool v4, v6;
	const char *interface;
	const char *svg;
	int format;
	bool gentle;
	bool verbose;
	struct probe_options probe;
};

/* Reads the command line. Return: OPTIONS_GO_ON, or the exit status to end with. */
int settings_read(struct settings *s, int argc, char *const argv[]);

#endif
