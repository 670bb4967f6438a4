#include "topology.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"

struct topology *topology_new(void)
{
	struct topology *t = calloc(1, sizeof(*t));
	struct rng rng;

	if (t == NULL)
		return NULL;
	rng_seed_from_kernel(&rng);
	t->seed = rng_u32(&rng);
	return t;
}

struct topology_host *topology_add_host(struct topology *t, const char *name)
{
	struct topology_host *h = &t->hosts[t->host_count];

	if (t->host_count == NET_HOSTS_MAX)
		return NULL;
	t->host_count++;
	*h = (struct topology_host){.behind = NET_INTERNET};
	snprintf(h->name, sizeof(h->name), "%s", name);
	return h;
}

struct topology_node *topology_add_node(struct topology *t, const char *name)
{
	struct topology_node *n = &t->nodes[t->node_count];

	if (t->node_count == NET_NODES_MAX)
		return NULL;
	t->node_count++;
	*n = (struct topology_node){.behind = NET_INTERNET};
	snprintf(n->name, sizeof(n->name), "%s", name);
	return n;
}

int topology_find_host(const struct topology *t, const char *name)
{
	for (unsigned i = 0; i < t->host_count; i++) {
		if (strcmp(t->hosts[i].name, name) == 0)
			return (int)i;
	}
	return -1;
}

int topology_find_node(const struct topology *t, const char *name)
{
	for (unsigned i = 0; i < t->node_count; i++) {
		if (strcmp(t->nodes[i].name, name) == 0)
			return (int)i;
	}
	return -1;
}

static bool refuse(char why[static TOPOLOGY_WHY], const char *name, const char *what)
{
	snprintf(why, TOPOLOGY_WHY, "%s: %s", name, what);
	return false;
}

/* RFC 1035 section 2.3.1, and RFC 1123 section 2.1: a digit may come first. */
static bool is_label(const char *s)
{
	const size_t n = strlen(s);

	return n > 0 && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == n && s[0] != '-' &&
	       s[n - 1] != '-';
}

static bool check_name(const struct topology *t, const char *name, char why[static TOPOLOGY_WHY])
{
	unsigned count = 0;

	if (!is_label(name))
		return refuse(why, name,
			      "a name is of small letters, digits and hyphens, 63 at most");
	if (strspn(name, "0123456789") == strlen(name))
		return refuse(why, name, "a name is not a number");
	if (strcmp(name, "localhost") == 0 || strcmp(name, "natsim") == 0)
		return refuse(why, name, "this name has a meaning already");
	for (unsigned i = 0; i < t->host_count; i++)
		count += strcmp(t->hosts[i].name, name) == 0;
	for (unsigned i = 0; i < t->node_count; i++)
		count += strcmp(t->nodes[i].name, name) == 0;
	return count == 1 || refuse(why, name, "this name is there twice");
}

static bool is_resolver(const struct addr *a)
{
	const struct addr v4 = TOPOLOGY_DNS_V4;
	struct addr v6;

	return addr_same_ip(a, &v4) ||
	       (addr_parse(&v6, TOPOLOGY_DNS_V6, 0) == 0 && addr_same_ip(a, &v6));
}

static bool can_have_v4(const uint8_t ip[static 4])
{
	return ip[0] != 0 && ip[0] != 127 && ip[0] < 224 && !(ip[0] == 169 && ip[1] == 254);
}

/* "::" and "::1" are all zero but for the last byte. */
static bool can_have_v6(const uint8_t ip[static 16])
{
	static const uint8_t zero[15];

	return memcmp(ip, zero, sizeof(zero)) != 0 && ip[0] != 0xff &&
	       !(ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80);
}

bool topology_can_have(const struct addr *a)
{
	return addr_family(a) == ADDR_V4 ? can_have_v4(a->ip + 12) : can_have_v6(a->ip);
}

static unsigned count_addr(const struct addr *list, unsigned count, const struct addr *a)
{
	unsigned same = 0;

	for (unsigned i = 0; i < count; i++)
		same += addr_same_ip(&list[i], a);
	return same;
}

/* How often an address is there among what is directly behind a node (NET_INTERNET). */
static unsigned count_behind(const struct topology *t, int behind, const struct addr *a)
{
	unsigned same = 0;

	for (unsigned i = 0; i < t->host_count; i++) {
		const struct topology_host *h = &t->hosts[i];

		if (h->behind == behind)
			same += count_addr(h->addrs, h->addr_count, a);
	}
	for (unsigned i = 0; i < t->node_count; i++) {
		const struct topology_node *n = &t->nodes[i];

		if (n->behind == behind)
			same += count_addr(n->spec.external, n->spec.external_count, a);
		if ((int)i == behind)
			same += count_addr(n->inside, n->inside_count, a);
	}
	return same;
}

static bool check_addrs(const struct topology *t, const char *name, const struct addr *list,
			unsigned count, int behind, char why[static TOPOLOGY_WHY])
{
	char text[ADDR_TEXT];

	for (unsigned i = 0; i < count; i++) {
		addr_text_ip(&list[i], text);
		if (!topology_can_have(&list[i]))
			snprintf(why, TOPOLOGY_WHY, "%s: no host or NAT has an address such as %s",
				 name, text);
		else if (is_resolver(&list[i]))
			snprintf(why, TOPOLOGY_WHY, "%s: %s is the resolver's address", name, text);
		else if (count_behind(t, behind, &list[i]) != 1)
			snprintf(why, TOPOLOGY_WHY, "%s: %s is there twice", name, text);
		else
			continue;
		return false;
	}
	return true;
}

static bool check_host(const struct topology *t, const struct topology_host *h,
		       char why[static TOPOLOGY_WHY])
{
	if (!check_name(t, h->name, why) ||
	    !check_addrs(t, h->name, h->addrs, h->addr_count, h->behind, why))
		return false;
	return h->addr_count > 0 || refuse(why, h->name, "a host has at least one address");
}

static bool check_node(const struct topology *t, unsigned i, char why[static TOPOLOGY_WHY])
{
	const struct topology_node *n = &t->nodes[i];
	const bool translates = n->nat[0] != '\0' && n->spec.translate;

	if (!check_name(t, n->name, why) ||
	    !check_addrs(t, n->name, n->spec.external, n->spec.external_count, n->behind, why) ||
	    !check_addrs(t, n->name, n->inside, n->inside_count, (int)i, why))
		return false;
	if (n->behind >= (int)i)
		return refuse(why, n->name, "it is behind itself");
	if (n->spec.nat64 && n->spec.port_mapping != NAT_PORT_MAPPING_NONE)
		return refuse(why, n->name, "a NAT64 has no port-mapping here");
	if (translates && n->spec.external_count == 0)
		return refuse(why, n->name, "a NAT has at least one external address");
	return translates || n->spec.external_count == 0 ||
	       refuse(why, n->name, "what does not translate has no external address");
}

bool topology_check(const struct topology *t, char why[static TOPOLOGY_WHY])
{
	for (unsigned i = 0; i < t->host_count; i++) {
		if (!check_host(t, &t->hosts[i], why))
			return false;
	}
	for (unsigned i = 0; i < t->node_count; i++) {
		if (!check_node(t, i, why))
			return false;
	}
	return true;
}
