/* What there is to be mapped: addresses of servers, and ways out of this machine. */
#ifndef NATMAP_MAP_WAYS_H
#define NATMAP_MAP_WAYS_H

#include "core/natmap/options.h"
#include "desk/server_list.h"
#include "map_settings.h"

/**
 * struct map_ways - Both
 * @options:	Those of the settings, filled in
 * @name:	options.servers[i] is an address of the name @name[i], borrowed
 */
struct map_ways {
	struct natmap_options options;
	const char *name[NATMAP_SERVERS_MAX];
};

/**
 * map_ways_find() - Looks up names, and asks the kernel for routes
 *
 * A server to which there is no route is left out.
 *
 * Return: 0; NK_ERR_UNREACHABLE if none is left, said on standard error: gateways can still be
 * asked if there is any; NK_ERR_SYSTEM or NK_ERR_NO_MEMORY, said too.
 */
int map_ways_find(struct map_ways *w, const struct map_settings *s, const struct server_list *list);

/* The name by which an address was given. */
const char *map_ways_name(const struct map_ways *w, const struct addr *server);

#endif
