/* Which servers to measure with, and how they are reached. */
#ifndef NATPROBE_SERVERS_H
#define NATPROBE_SERVERS_H

#include "core/probe/options.h"
#include "io/netinfo.h"
#include "settings.h"

/**
 * struct server_list - Names of servers, in order of preference
 * @from:	Where they come from, for a person
 * @text:	A file or variable that the names borrow from, freed by servers_free(); or NULL
 */
struct server_list {
	const char *names[PROBE_SERVERS_MAX];
	unsigned count;
	const char *from;
	char *text;
};

/**
 * servers_find() - From the options, $NATKIT_SERVER, the configuration file, or the installed list
 *
 * The first of these that names any server counts, the others are not looked at.
 *
 * Return: 0; NK_ERR_UNREACHABLE if nobody names a server, or NK_ERR_BAD_INPUT if what names them
 * cannot be used, said on standard error; NK_ERR_NO_MEMORY.
 */
int servers_find(struct server_list *list, const struct settings *s);
void servers_free(struct server_list *list);

/**
 * struct family_plan - How one family is measured
 * @options:	With its servers; server_count 0: it is not measured
 * @name:	options.servers[i] is an address of the name @name[i]
 * @route:	To the first server
 */
struct family_plan {
	struct probe_options options;
	const char *name[PROBE_SERVERS_MAX];
	struct route_info route;
};

/**
 * servers_resolve() - Looks up all names and splits them by family
 * @v4, @v6:	Filled in, from the settings
 *
 * An IPv6 that nobody asked for is left out if there is no way to it.
 *
 * Return: 0, or why not, said on standard error: NK_ERR_UNREACHABLE if a family that was asked
 * for, or every family, has no server or no way to it; NK_ERR_SYSTEM; NK_ERR_NO_MEMORY.
 */
int servers_resolve(const struct server_list *list, const struct settings *s,
		    struct family_plan *v4, struct family_plan *v6);

#endif
