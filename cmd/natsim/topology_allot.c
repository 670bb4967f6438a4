#include "topology_allot.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define SERVER_ADDRS 2 /* for RFC 5780 */
#define NONE_LEFT    "there is no address left for it; give it some"

static_assert(NAT_EXTERNALS_MAX == 4, "a message says so");

/* Networks of the Internet, by what is in them. */
enum use { USE_SERVER, USE_HOST, USE_NAT };

static bool translates(const struct topology_node *n)
{
	return n->nat[0] != '\0' && n->spec.translate;
}

/* The NAT behind which addresses of what is behind @node have their meaning, or NET_INTERNET. */
static int realm(const struct topology *t, int node)
{
	while (node != NET_INTERNET && !translates(&t->nodes[node]))
		node = t->nodes[node].behind;
	return node;
}

static bool is_in(const struct addr *list, unsigned count, const struct addr *a)
{
	for (unsigned i = 0; i < count; i++) {
		if (addr_same_ip(&list[i], a))
			return true;
	}
	return false;
}

/* By anything, wherever it is: so that no reader of a capture is led astray. */
static bool is_taken(const struct topology *t, const struct addr *a)
{
	const struct addr dns = TOPOLOGY_DNS_V4;

	for (unsigned i = 0; i < t->host_count; i++) {
		if (is_in(t->hosts[i].addrs, t->hosts[i].addr_count, a))
			return true;
	}
	for (unsigned i = 0; i < t->node_count; i++) {
		const struct topology_node *n = &t->nodes[i];

		if (is_in(n->inside, n->inside_count, a) ||
		    is_in(n->spec.external, n->spec.external_count, a))
			return true;
	}
	return addr_same_ip(a, &dns);
}

static_assert(NET_NODES_MAX <= 64, "100.64.0.0/10 is not large enough");

/* Address @i of the realm for that use. */
static struct addr nth_v4(int in, enum use use, unsigned i)
{
	const uint8_t low = (uint8_t)i;

	if (in != NET_INTERNET)
		return addr_v4(100, (uint8_t)(64 + in), (uint8_t)(i >> 8), low, 0);
	switch (use) {
	case USE_SERVER:
		return addr_v4(192, 0, 2, low, 0);
	case USE_NAT:
		return addr_v4(198, 51, 100, low, 0);
	case USE_HOST:
	default:
		return addr_v4(203, 0, 113, low, 0);
	}
}

static struct addr nth_v6(int in, enum use use, unsigned i)
{
	struct addr a = {.ip = {0x20, 0x01, 0x0d, 0xb8}};

	if (in != NET_INTERNET) {
		a.ip[5] = 0x64;
		a.ip[7] = (uint8_t)(in + 1);
	} else {
		a.ip[5] = use == USE_SERVER ? 2 : 3;
	}
	a.ip[14] = (uint8_t)(i >> 8);
	a.ip[15] = (uint8_t)i;
	return a;
}

/* The first that nobody has. Return: false if there is none. */
static bool next_free(const struct topology *t, struct addr *out, int in, enum use use,
		      enum addr_family family)
{
	const unsigned most = in == NET_INTERNET && family == ADDR_V4 ? 254 : 65534;

	for (unsigned i = 1; i <= most; i++) {
		*out = family == ADDR_V4 ? nth_v4(in, use, i) : nth_v6(in, use, i);
		if (!is_taken(t, out))
			return true;
	}
	return false;
}

/* Which families are spoken behind a realm's NAT. */
static bool speaks(const struct topology *t, int in, enum addr_family family)
{
	if (in == NET_INTERNET)
		return true;
	return t->nodes[in].spec.nat64 == (family == ADDR_V6);
}

static bool has_v4(const struct addr *list, unsigned count)
{
	unsigned i = 0;

	while (i < count && addr_family(&list[i]) != ADDR_V4)
		i++;
	return i < count;
}

/* Each NAT has an IPv4 address: it would only filter IPv4, and let inside addresses out. Return:
 * NULL, or why it can have none. */
static const char *allot_external(const struct topology *t, struct nat_spec *spec, int front)
{
	struct addr *a = &spec->external[spec->external_count];

	if (has_v4(spec->external, spec->external_count))
		return NULL;
	if (!speaks(t, front, ADDR_V4))
		return "there is no IPv4 behind a NAT64, and this needs an IPv4 address";
	if (spec->external_count == NAT_EXTERNALS_MAX)
		return "it needs an IPv4 address too, and has 4 others, the most that there can be";
	if (!next_free(t, a, front, USE_NAT, ADDR_V4))
		return NONE_LEFT;
	spec->external_count++;
	return NULL;
}

static bool allot_inside(struct topology *t, struct topology_node *n, int number)
{
	const enum addr_family families[] = {ADDR_V4, ADDR_V6};
	const int in = realm(t, number);

	if (n->inside_count > 0)
		return true;
	for (unsigned i = 0; i < 2; i++) {
		if (!speaks(t, in, families[i]))
			continue;
		if (!next_free(t, &n->inside[n->inside_count], in, USE_HOST, families[i]))
			return false;
		n->inside_count++;
	}
	return true;
}

static bool allot_host(struct topology *t, struct topology_host *h)
{
	const enum addr_family families[] = {ADDR_V4, ADDR_V6};
	const unsigned wanted = h->server ? SERVER_ADDRS : 1;
	const int in = realm(t, h->behind);

	for (unsigned i = 0; i < 2; i++) {
		if (!speaks(t, in, families[i]))
			continue;
		for (unsigned k = 0; k < wanted; k++) {
			struct addr *a = &h->addrs[h->addr_count];

			if (!next_free(t, a, in, h->server ? USE_SERVER : USE_HOST, families[i]))
				return false;
			h->addr_count++;
		}
	}
	return true;
}

static const char *allot_node(struct topology *t, struct topology_node *n, int number)
{
	const char *reason =
		translates(n) ? allot_external(t, &n->spec, realm(t, n->behind)) : NULL;

	if (reason == NULL && !allot_inside(t, n, number))
		reason = NONE_LEFT;
	return reason;
}

static bool refuse(char why[static TOPOLOGY_WHY], const char *name, const char *reason)
{
	snprintf(why, TOPOLOGY_WHY, "%s: %s", name, reason);
	return false;
}

bool topology_allot(struct topology *t, char why[static TOPOLOGY_WHY])
{
	for (unsigned i = 0; i < t->node_count; i++) {
		const char *reason = allot_node(t, &t->nodes[i], (int)i);

		if (reason != NULL)
			return refuse(why, t->nodes[i].name, reason);
	}
	for (unsigned i = 0; i < t->host_count; i++) {
		if (t->hosts[i].addr_count == 0 && !allot_host(t, &t->hosts[i]))
			return refuse(why, t->hosts[i].name, NONE_LEFT);
	}
	return true;
}
