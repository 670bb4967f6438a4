#include "where.h"

#include <ifaddrs.h>
#include <stdio.h>
#include <string.h>

#include "core/portmap/protocol.h"
#include "face/log.h"
#include "io/links.h"
#include "io/netinfo.h"

#define ROUTES_MAX    32
#define ADDRESSES_MAX 32

int where_add_gateway(void *into, const char *value, char why[static OPTIONS_WHY])
{
	struct where *w = into;
	struct addr a;

	if (addr_parse(&a, value, 0) != 0 || a.port != 0 || !addr_is_one_host(&a)) {
		snprintf(why, OPTIONS_WHY, "give the address of a gateway, such as 192.168.1.1");
		return -1;
	}
	if (w->gateway_count == WHERE_MAX) {
		snprintf(why, OPTIONS_WHY, "give at most %d gateways", WHERE_MAX);
		return -1;
	}
	for (unsigned i = 0; i < w->gateway_count; i++)
		if (addr_eq(&w->gateways[i], &a))
			return 0;
	w->gateways[w->gateway_count++] = a;
	return 0;
}

int where_add_interface(void *into, const char *value, char why[static OPTIONS_WHY])
{
	struct where *w = into;

	if (if_nametoindex(value) == 0) {
		snprintf(why, OPTIONS_WHY,
			 "give the name of an interface, as \"ip link\" shows it");
		return -1;
	}
	if (w->interface_count == WHERE_MAX) {
		snprintf(why, OPTIONS_WHY, "give at most %d interfaces", WHERE_MAX);
		return -1;
	}
	for (unsigned i = 0; i < w->interface_count; i++)
		if (strcmp(w->interfaces[i], value) == 0)
			return 0;
	w->interfaces[w->interface_count++] = value;
	return 0;
}

int where_set_protocol(void *into, const char *value, char why[static OPTIONS_WHY])
{
	struct where *w = into;

	if (strcmp(value, "auto") == 0) {
		w->protocols = 0;
		return 0;
	}
	for (enum portmap_protocol p = 0; p < PORTMAP_PROTOCOLS; p++) {
		if (strcmp(value, portmap_protocol_name(p)) == 0) {
			w->protocols = PORTMAP_BIT(p);
			return 0;
		}
	}
	snprintf(why, OPTIONS_WHY, "give auto, pcp, nat-pmp or upnp");
	return -1;
}

unsigned where_protocols(const struct where *w)
{
	return w->protocols != 0 ? w->protocols : PORTMAP_ALL;
}

static bool wants(const struct where *w, enum addr_family family)
{
	return family == ADDR_V6 ? w->v6 : w->v4 || !w->v6;
}

/* To a gateway on the link the kernel would send from a link-local address, which is of no use beyond. */
static void prefer_global(struct way *way)
{
	struct addr found[ADDRESSES_MAX];
	struct ifaddrs *all;
	unsigned count;

	if (addr_family(&way->local) != ADDR_V6)
		return;
	all = links_look();
	count = links_addresses(all, way->interface, found, ADDRESSES_MAX);
	freeifaddrs(all);
	for (unsigned i = 0; i < count; i++) {
		if (addr_family(&found[i]) != ADDR_V6)
			continue;
		way->local = addr_with_port(found[i], 0);
		return;
	}
}

static bool is_on_link(const struct route_info *r, const struct addr *gateway)
{
	return addr_family(&r->gateway) == ADDR_NONE || addr_same_ip(&r->gateway, gateway);
}

/* Through the interface that has it on its link, of those that are named, or else the first of them. */
static bool route_to(struct route_info *out, const struct where *w, const struct addr *gateway)
{
	bool found = false;

	if (w->interface_count == 0)
		return netinfo_route(out, gateway, NULL) == 0;
	for (unsigned i = 0; i < w->interface_count; i++) {
		struct route_info route;

		if (netinfo_route(&route, gateway, w->interfaces[i]) != 0)
			continue;
		if (!found || (is_on_link(&route, gateway) && !is_on_link(out, gateway)))
			*out = route;
		found = true;
	}
	return found;
}

static unsigned find_given(struct way out[static WHERE_MAX], const struct where *w)
{
	unsigned count = 0;

	for (unsigned i = 0; i < w->gateway_count; i++) {
		struct way *way = &out[count];
		struct route_info route;

		if (w->v4 != w->v6 && !wants(w, addr_family(&w->gateways[i])))
			continue;
		if (!route_to(&route, w, &w->gateways[i]))
			continue;
		*way = (struct way){.gateway = w->gateways[i], .local = route.local};
		memcpy(way->interface, route.interface, sizeof(way->interface));
		prefer_global(way);
		count++;
	}
	return count;
}

/* The kernel's first choice of that family, by that interface if it is not NULL. */
static bool find_default(struct way *out, const struct route_info *routes, int count,
			 enum addr_family family, const char *interface)
{
	for (int i = 0; i < count; i++) {
		const struct route_info *r = &routes[i];

		if (addr_family(&r->local) != family || addr_family(&r->gateway) != family ||
		    (interface != NULL && strcmp(r->interface, interface) != 0))
			continue;
		*out = (struct way){.gateway = r->gateway, .local = r->local};
		memcpy(out->interface, r->interface, sizeof(out->interface));
		return true;
	}
	return false;
}

unsigned where_look(struct way out[static WHERE_MAX], const struct where *w)
{
	static const enum addr_family families[] = {ADDR_V4, ADDR_V6};
	const unsigned interfaces = w->interface_count > 0 ? w->interface_count : 1;
	struct route_info routes[ROUTES_MAX];
	unsigned count = 0;
	int n;

	if (w->gateway_count > 0)
		return find_given(out, w);
	n = netinfo_ways(routes, ROUTES_MAX);
	for (unsigned i = 0; i < interfaces; i++)
		for (unsigned k = 0; k < 2 && count < WHERE_MAX; k++)
			if (wants(w, families[k]) &&
			    find_default(&out[count], routes, n, families[k],
					 w->interface_count > 0 ? w->interfaces[i] : NULL))
				count++;
	return count;
}

static const char *families_of(const struct where *w)
{
	return w->v6 ? (w->v4 ? "IPv4 or IPv6" : "IPv6") : "IPv4";
}

static void say_no_way(const struct addr *gateway, const struct where *w, enum log_level level)
{
	char text[ADDR_TEXT];

	log_line(level, "there is no way to the gateway %s%s", addr_text_ip(gateway, text),
		 w->v4 == w->v6 ? "" : (w->v6 ? " by IPv6" : " by IPv4"));
}

static void say_no_gateway(const char *interface, const char *families, enum log_level level)
{
	log_line(level, "there is no gateway: no default route by %s%s%s names one; --gateway does",
		 families, interface != NULL ? " through " : "",
		 interface != NULL ? interface : "");
}

static bool has_gateway(const struct way *ways, unsigned count, const struct addr *gateway)
{
	for (unsigned i = 0; i < count; i++)
		if (addr_eq(&ways[i].gateway, gateway))
			return true;
	return false;
}

static bool has_interface(const struct way *ways, unsigned count, const char *interface)
{
	for (unsigned i = 0; i < count; i++)
		if (strcmp(ways[i].interface, interface) == 0)
			return true;
	return false;
}

static bool has_family(const struct way *ways, unsigned count, enum addr_family family)
{
	for (unsigned i = 0; i < count; i++)
		if (addr_family(&ways[i].gateway) == family)
			return true;
	return false;
}

/* Of what was named, all that is not among those found. */
static void say_missing(const struct way *ways, unsigned count, const struct where *w)
{
	const enum log_level level = count > 0 ? LEVEL_WARNING : LEVEL_ERROR;

	for (unsigned i = 0; i < w->gateway_count; i++)
		if (!has_gateway(ways, count, &w->gateways[i]))
			say_no_way(&w->gateways[i], w, level);
	for (unsigned i = 0; i < w->interface_count && w->gateway_count == 0; i++)
		if (!has_interface(ways, count, w->interfaces[i]))
			say_no_gateway(w->interfaces[i], families_of(w), level);
	if (w->gateway_count > 0 || w->interface_count > 0)
		return;
	if (count == 0)
		say_no_gateway(NULL, families_of(w), level);
	else if (w->v4 && !has_family(ways, count, ADDR_V4))
		say_no_gateway(NULL, "IPv4", level);
	else if (w->v6 && !has_family(ways, count, ADDR_V6))
		say_no_gateway(NULL, "IPv6", level);
}

unsigned where_find(struct way out[static WHERE_MAX], const struct where *w)
{
	const unsigned count = where_look(out, w);

	say_missing(out, count, w);
	return count;
}

bool where_has(const struct way *ways, unsigned count, const struct way *way)
{
	for (unsigned i = 0; i < count; i++)
		if (addr_eq(&ways[i].gateway, &way->gateway) &&
		    addr_eq(&ways[i].local, &way->local) &&
		    strcmp(ways[i].interface, way->interface) == 0)
			return true;
	return false;
}

/* Whether it is another way to what was asked for. */
static bool is_alike(const struct where *w, const struct way *a, const struct way *b)
{
	if (addr_family(&a->gateway) != addr_family(&b->gateway))
		return false;
	if (w->gateway_count > 0)
		return addr_eq(&a->gateway, &b->gateway);
	return w->interface_count == 0 || strcmp(a->interface, b->interface) == 0;
}

const struct way *where_instead(const struct where *w, const struct way *ways, unsigned count,
				unsigned i, const struct way *found, unsigned found_count)
{
	if (where_has(found, found_count, &ways[i]))
		return NULL;
	for (unsigned k = 0; k < found_count; k++)
		if (is_alike(w, &ways[i], &found[k]) && !where_has(ways, count, &found[k]))
			return &found[k];
	return NULL;
}

/* An IPv6 gateway is known by several addresses: there it is the interface that counts. */
bool where_leads(const struct way *way, const struct addr *to)
{
	struct route_info there, near;

	if (netinfo_route_from(&there, to, &way->local, way->interface) != 0 || there.tunnel ||
	    addr_family(to) == ADDR_V6)
		return true;
	if (addr_same_ip(&there.gateway, &way->gateway))
		return true;
	/* It may be further away, behind the next hop of both. */
	return netinfo_route_from(&near, &way->gateway, &way->local, way->interface) == 0 &&
	       addr_family(&near.gateway) != ADDR_NONE &&
	       addr_same_ip(&there.gateway, &near.gateway);
}

void where_warn(const struct way *way)
{
	struct route_info answers;
	char local[ADDR_TEXT], gateway[ADDR_TEXT];

	if (!netinfo_answers(&answers, &way->local) ||
	    strcmp(answers.interface, way->interface) == 0)
		return;
	log_line(LEVEL_WARNING,
		 "what programs answer from %s leaves by %s, not by %s and the gateway %s: that "
		 "takes an ip rule",
		 addr_text_ip(&way->local, local), answers.interface, way->interface,
		 addr_text_ip(&way->gateway, gateway));
}
