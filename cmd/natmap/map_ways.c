#include "map_ways.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "face/log.h"
#include "io/nat64.h"
#include "io/netinfo.h"
#include "lookups.h"

#define RESOLVER_LIMIT (300 * NK_MS) /* for what may not be there at all */

/**
 * struct search - The servers as they are found
 * @refused:	The last one that is of no use, and @why; @r: the error
 */
struct search {
	struct map_ways *ways;
	const struct map_settings *settings;
	const char *refused, *why;
	int r;
};

static void refuse(struct search *f, int r, const char *name, const char *why)
{
	f->r = r;
	f->refused = name;
	f->why = why;
}

static bool is_wanted(const struct map_settings *s, enum addr_family family)
{
	return s->v4 == s->v6 || (family == ADDR_V4 ? s->v4 : s->v6);
}

static void add_server(struct search *f, const char *name, const struct addr *server)
{
	struct map_ways *w = f->ways;
	struct natmap_options *o = &w->options;
	struct route_info route;
	const int r = netinfo_route(&route, server, f->settings->interface);

	if (!addr_is_one_host(server)) {
		refuse(f, NK_ERR_UNREACHABLE, name, "it is not the address of a host");
	} else if (r != 0) {
		refuse(f, r, name, r == NK_ERR_SYSTEM ? strerror(errno) : "no route to it");
	} else if (o->server_count < NATMAP_SERVERS_MAX) {
		w->name[o->server_count] = name;
		o->servers[o->server_count++] = *server;
	}
}

static void take_servers(struct lookups *l, struct search *f, unsigned name,
			 enum addr_family family)
{
	struct addr found[LOOKUP_MAX];
	const char *why;
	int n;

	if (!is_wanted(f->settings, family))
		return;
	n = lookups_take(l, name, family, found, &why);
	if (n < 0 && (n != NK_ERR_BAD_INPUT || f->refused == NULL))
		refuse(f, n, l->list->names[name],
		       n == NK_ERR_BAD_INPUT ? "no address of the family wanted" : why);
	for (int k = 0; k < n; k++)
		add_server(f, l->list->names[name], &found[k]);
}

static void find_servers(struct search *f, const struct server_list *list)
{
	struct lookups l;

	lookups_run(&l, list, is_wanted(f->settings, ADDR_V4), is_wanted(f->settings, ADDR_V6));
	for (unsigned i = 0; i < list->count; i++) {
		take_servers(&l, f, i, ADDR_V4);
		take_servers(&l, f, i, ADDR_V6);
	}
}

static void add_way(struct natmap_options *o, const struct route_info *route)
{
	struct natmap_way way = {
		.gateway = route->gateway, .local = route->local, .tunnel = route->tunnel};

	snprintf(way.interface, sizeof(way.interface), "%s", route->interface);
	for (unsigned i = 0; i < o->way_count; i++)
		if (strcmp(o->ways[i].interface, way.interface) == 0 &&
		    addr_same_ip(&o->ways[i].gateway, &way.gateway))
			return;
	if (o->way_count == NATMAP_GATEWAYS_MAX)
		return;
	o->ways[o->way_count++] = way;
}

/* The one towards the first server before all others. */
static int find_ways(struct natmap_options *o, const struct map_settings *s)
{
	struct route_info routes[NATMAP_GATEWAYS_MAX];
	const int n = netinfo_ways(routes, NATMAP_GATEWAYS_MAX);

	if (o->server_count > 0) {
		struct route_info first;

		/* To a server on this machine there is none. */
		if (netinfo_route(&first, &o->servers[0], s->interface) == 0 &&
		    !addr_same_ip(&first.local, &o->servers[0]))
			add_way(o, &first);
	}
	for (int i = 0; i < n; i++)
		if (is_wanted(s, addr_family(&routes[i].local)) &&
		    (s->interface == NULL || strcmp(s->interface, routes[i].interface) == 0))
			add_way(o, &routes[i]);
	return n < 0 ? n : 0;
}

/* A NAT64 is of use only where there is IPv6. */
static void find_nat64(struct natmap_options *o)
{
	bool v6 = false;

	for (unsigned i = 0; i < o->way_count; i++)
		v6 = v6 || addr_family(&o->ways[i].local) == ADDR_V6;
	if (v6 && nat64_find(&o->nat64[0], RESOLVER_LIMIT))
		o->nat64_count = 1;
}

/* Return: what to end with. */
static int say_none(const struct search *f, const struct server_list *list)
{
	char quoted[LOG_QUOTED];

	if (list->count == 0) /* which was said when they were looked for */
		return NK_ERR_UNREACHABLE;
	log_line(LEVEL_ERROR, "cannot use server %s: %s (from %s)%s",
		 log_quote(quoted, sizeof(quoted), f->refused), f->why, list->from,
		 list->count > 1 ? ", nor any other" : "");
	return f->r == NK_ERR_SYSTEM || f->r == NK_ERR_NO_MEMORY ? f->r : NK_ERR_UNREACHABLE;
}

int map_ways_find(struct map_ways *w, const struct map_settings *s, const struct server_list *list)
{
	struct search f = {.ways = w, .settings = s};
	int r;

	*w = (struct map_ways){.options = s->natmap};
	find_servers(&f, list);
	r = find_ways(&w->options, s);
	find_nat64(&w->options);
	if (r != 0)
		log_line(LEVEL_ERROR, "cannot ask the kernel for routes: %s", strerror(errno));
	else if (w->options.server_count == 0)
		r = say_none(&f, list);
	return r;
}

const char *map_ways_name(const struct map_ways *w, const struct addr *server)
{
	for (unsigned i = 0; i < w->options.server_count; i++)
		if (addr_eq(&w->options.servers[i], server))
			return w->name[i];
	return w->name[0];
}
