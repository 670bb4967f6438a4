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

static unsigned find_given(struct way out[static WHERE_MAX], const struct where *w)
{
	unsigned count = 0;

	for (unsigned i = 0; i < w->gateway_count; i++) {
		const char *interface = w->interface_count > 0 ? w->interfaces[0] : NULL;
		struct way *way = &out[count];
		struct route_info route;

		if (w->v4 != w->v6 && !wants(w, addr_family(&w->gateways[i])))
			continue;
		if (netinfo_route(&route, &w->gateways[i], interface) != 0)
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

unsigned where_find(struct way out[static WHERE_MAX], const struct where *w)
{
	const unsigned count = where_look(out, w);
	char text[ADDR_TEXT];

	if (count > 0)
		return count;
	if (w->gateway_count > 0)
		log_line(LEVEL_ERROR, "there is no way to the gateway %s%s",
			 addr_text_ip(&w->gateways[0], text),
			 w->v4 == w->v6 ? "" : (w->v6 ? " by IPv6" : " by IPv4"));
	else
		log_line(LEVEL_ERROR,
			 "there is no gateway: no default route by %s%s%s; --gateway names one",
			 w->v6 ? (w->v4 ? "IPv4 or IPv6" : "IPv6") : "IPv4",
			 w->interface_count > 0 ? " through " : "",
			 w->interface_count > 0 ? w->interfaces[0] : "");
	return 0;
}
