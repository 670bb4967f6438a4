/* How the servers to measure with are reached. */
#ifndef NATPROBE_SERVERS_H
#define NATPROBE_SERVERS_H

#include "core/probe/options.h"
#include "desk/server_list.h"
#include "io/netinfo.h"
#include "settings.h"

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
