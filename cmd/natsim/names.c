#include "names.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/dns.h"

#define TTL_S 1 /* "natsim set" may change an address */

static_assert(DNS_ADDRS >= NET_ADDRS_MAX && DNS_ADDRS >= NAT_EXTERNALS_MAX, "all fit an answer");

/* Something that has a name. */
struct named {
	const char *name;
	const struct addr *addrs;
	unsigned count;
};

/* Hosts first, then nodes. Return: false if there are no more. */
static bool named_at(const struct topology *t, unsigned i, struct named *out)
{
	if (i < t->host_count) {
		const struct topology_host *h = &t->hosts[i];

		*out = (struct named){h->name, h->addrs, h->addr_count};
		return true;
	}
	i -= t->host_count;
	if (i < t->node_count) {
		const struct topology_node *n = &t->nodes[i];

		*out = n->spec.external_count > 0
			       ? (struct named){n->name, n->spec.external, n->spec.external_count}
			       : (struct named){n->name, n->inside, n->inside_count};
		return true;
	}
	return false;
}

/* The prefix of the NAT64 in front of a host. Return: false if there is none. */
static bool nat64_prefix(const struct topology *t, unsigned host, struct addr *prefix)
{
	static const struct addr well_known = {.ip = {0x00, 0x64, 0xff, 0x9b}}; /* RFC 6052 */
	int i = t->hosts[host].behind;

	while (i != NET_INTERNET && !t->nodes[i].spec.nat64)
		i = t->nodes[i].behind;
	if (i == NET_INTERNET)
		return false;
	*prefix = t->nodes[i].spec.prefix64;
	if (addr_family(prefix) == ADDR_NONE)
		*prefix = well_known;
	return true;
}

/**
 * struct view - How one host sees all names
 * @synthetic:	It is behind a NAT64 with @prefix
 */
struct view {
	bool synthetic;
	struct addr prefix;
};

static struct view view_of(const struct topology *t, unsigned host)
{
	struct view v = {.synthetic = false};

	v.synthetic = nat64_prefix(t, host, &v.prefix);
	return v;
}

static unsigned copy_family(struct addr *out, const struct named *n, enum addr_family family)
{
	unsigned count = 0;

	for (unsigned i = 0; i < n->count; i++) {
		if (addr_family(&n->addrs[i]) == family)
			out[count++] = n->addrs[i];
	}
	return count;
}

/* Addresses of a family; @out holds DNS_ADDRS. Return: how many. */
static unsigned addrs_of(const struct view *v, const struct named *n, enum addr_family family,
			 struct addr *out)
{
	unsigned count = copy_family(out, n, family);

	if (count > 0 || family != ADDR_V6 || !v->synthetic)
		return count;
	count = copy_family(out, n, ADDR_V4);
	for (unsigned i = 0; i < count; i++)
		memcpy(out[i].ip, v->prefix.ip, 12);
	return count;
}

static void print_names(FILE *f, const struct view *v, const struct named *n)
{
	static const enum addr_family families[] = {ADDR_V4, ADDR_V6};
	struct addr addrs[DNS_ADDRS];
	char text[ADDR_TEXT];

	/* Nothing is reached by IPv4 from behind a NAT64. */
	for (size_t i = v->synthetic ? 1 : 0; i < sizeof(families) / sizeof(families[0]); i++) {
		const unsigned count = addrs_of(v, n, families[i], addrs);

		for (unsigned k = 0; k < count; k++)
			fprintf(f, "%s %s.%s %s\n", addr_text_ip(&addrs[k], text), n->name,
				NAMES_DOMAIN, n->name);
	}
}

char *names_hosts_file(const struct topology *t, unsigned host)
{
	const struct view v = view_of(t, host);
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	struct named n;

	if (f == NULL)
		return NULL;
	fputs("127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n", f);
	for (unsigned i = 0; named_at(t, i, &n); i++)
		print_names(f, &v, &n);
	if (fclose(f) == 0)
		return text;
	free(text);
	return NULL;
}

char *names_resolver_file(const struct topology *t, unsigned host)
{
	const struct topology_host *h = &t->hosts[host];
	const struct addr v4 = TOPOLOGY_DNS_V4;
	bool has_v4 = false;
	char text[ADDR_TEXT], *file;

	for (unsigned i = 0; i < h->addr_count; i++)
		has_v4 |= addr_family(&h->addrs[i]) == ADDR_V4;
	if (asprintf(&file, "nameserver %s\nsearch %s\n",
		     has_v4 ? addr_text_ip(&v4, text) : TOPOLOGY_DNS_V6, NAMES_DOMAIN) < 0)
		return NULL;
	return file;
}

/* By which whoever is behind a NAT64 learns its prefix: RFC 7050 section 2.2. */
static bool is_v4_only(const char *name, struct named *out)
{
	static const struct addr known = {.ip = {[10] = 0xff, [11] = 0xff, 192, 0, 0, 170}};

	*out = (struct named){"ipv4only", &known, 1};
	return strcmp(name, "ipv4only.arpa") == 0;
}

static bool find_name(const struct topology *t, const char *name, struct named *out)
{
	const size_t len = strcspn(name, ".");

	if (is_v4_only(name, out))
		return true;
	if (strcmp(name + len, "." NAMES_DOMAIN) != 0)
		return false;
	for (unsigned i = 0; named_at(t, i, out); i++) {
		if (strlen(out->name) == len && strncmp(out->name, name, len) == 0)
			return true;
	}
	return false;
}

static bool find_addr(const struct topology *t, const struct view *v, const struct addr *a,
		      struct named *out)
{
	static const enum addr_family families[] = {ADDR_V4, ADDR_V6};
	struct addr addrs[DNS_ADDRS];

	for (unsigned i = 0; named_at(t, i, out); i++) {
		for (size_t f = 0; f < sizeof(families) / sizeof(families[0]); f++) {
			const unsigned count = addrs_of(v, out, families[f], addrs);

			for (unsigned k = 0; k < count; k++) {
				if (addr_same_ip(&addrs[k], a))
					return true;
			}
		}
	}
	return false;
}

/* A name that exists has an answer, if an empty one, to each type. */
static void look_up(const struct topology *t, const struct view *v, const struct dns_query *q,
		    struct dns_answer *a, char pointer[static TOPOLOGY_NAME + sizeof(NAMES_DOMAIN)])
{
	struct named n;
	struct addr about;

	if (dns_reverse(&about, q->name) && find_addr(t, v, &about, &n)) {
		snprintf(pointer, TOPOLOGY_NAME + sizeof(NAMES_DOMAIN), "%s.%s", n.name,
			 NAMES_DOMAIN);
		a->pointer = q->type == DNS_PTR ? pointer : NULL;
	} else if (find_name(t, q->name, &n)) {
		if (q->type == DNS_A || q->type == DNS_AAAA)
			a->addr_count =
				addrs_of(v, &n, q->type == DNS_A ? ADDR_V4 : ADDR_V6, a->addrs);
	} else {
		a->code = DNS_NO_NAME;
	}
}

size_t names_answer(const struct topology *t, unsigned host, const uint8_t *query, size_t len,
		    uint8_t *out)
{
	const struct view v = view_of(t, host);
	char pointer[TOPOLOGY_NAME + sizeof(NAMES_DOMAIN)];
	struct dns_answer a = {.code = DNS_OK, .ttl_s = TTL_S};
	struct dns_query q;

	if (dns_read(&q, query, len) != 0)
		return 0;
	if (q.opcode != 0)
		a.code = DNS_NOT_IMPLEMENTED;
	else
		look_up(t, &v, &q, &a, pointer);
	return dns_write(out, &q, &a);
}
