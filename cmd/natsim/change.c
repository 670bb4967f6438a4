#include "change.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "face/log.h"
#include "link_text.h"
#include "node_text.h"
#include "readdress.h"

#define WORD 64

/* A text "KEY=VALUE" cut in two; @value is empty for a KEY alone. */
struct setting {
	char key[WORD], value[WORD];
};

static bool refuse(char why[static CHANGE_WHY], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static bool refuse(char why[static CHANGE_WHY], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, CHANGE_WHY, format, args);
	va_end(args);
	return false;
}

static bool cut(struct setting *s, const char *text, char why[static CHANGE_WHY])
{
	const size_t n = strcspn(text, "=");
	const char *value = text[n] == '=' ? text + n + 1 : "";
	char quoted[LOG_QUOTED];

	if (n == 0 || n >= WORD || strlen(value) >= WORD ||
	    (text[n] == '\0' && strcmp(text, "reboot") != 0))
		return refuse(why, "cannot use %s; give KEY=VALUE or reboot",
			      log_quote(quoted, sizeof(quoted), text));
	snprintf(s->key, sizeof(s->key), "%.*s", (int)n, text);
	snprintf(s->value, sizeof(s->value), "%s", value);
	return true;
}

static bool set_link(struct topology_link *link, const struct setting *s,
		     char why[static CHANGE_WHY])
{
	char right[LINK_WHY], quoted[LOG_QUOTED];

	return link_set_both(link, s->key, s->value, right) ||
	       refuse(why, "%s: cannot use %s; %s", s->key,
		      log_quote(quoted, sizeof(quoted), s->value), right);
}

/* In place of the first of the same family. */
static bool set_address(struct addr *list, unsigned count, const char *value,
			char why[static CHANGE_WHY])
{
	char quoted[LOG_QUOTED];
	struct addr a;

	log_quote(quoted, sizeof(quoted), value);
	if (addr_parse(&a, value, 0) != 0 || a.port != 0)
		return refuse(why, "address: cannot use %s; give an IPv4 or IPv6 address", quoted);
	for (unsigned i = 0; i < count; i++) {
		if (addr_family(&list[i]) != addr_family(&a))
			continue;
		list[i] = a;
		return true;
	}
	return refuse(why, "address: cannot use %s; there is none of this family to change",
		      quoted);
}

static bool set_host(struct topology_host *h, const struct setting *s, char why[static CHANGE_WHY])
{
	if (link_has(s->key))
		return set_link(&h->link, s, why);
	if (strcmp(s->key, "address") != 0)
		return refuse(why, "%s: a host has a link and an address to set", s->key);
	if (h->server)
		return refuse(why, "address: natbroker serves this host's, so they stay");
	return set_address(h->addrs, h->addr_count, s->value, why);
}

static bool set_nat(struct topology_node *n, const struct zoo *zoo, const struct setting *s,
		    char why[static CHANGE_WHY])
{
	const bool nat64 = n->spec.nat64;
	char right[NODE_WHY];

	if (strcmp(s->key, "nat") == 0 ? !node_set_preset(n, zoo, s->value, right)
				       : !node_set_axis(n, s->key, s->value, right))
		return refuse(why, "%s: %s", s->key, right);
	if (n->spec.nat64 != nat64)
		return refuse(why,
			      "%s: a NAT64 has IPv6 behind it, other NATs IPv4: what is behind it "
			      "has its addresses already",
			      s->key);
	return true;
}

/* @anew: what the NAT knows is to be lost. */
static bool set_node(struct topology_node *n, const struct zoo *zoo, const struct setting *s,
		     bool *anew, char why[static CHANGE_WHY])
{
	if (link_has(s->key))
		return set_link(&n->link, s, why);
	*anew = true;
	if (n->nat[0] == '\0')
		return refuse(why, "%s: a plain router has a link to set", s->key);
	if (strcmp(s->key, "reboot") == 0)
		return s->value[0] == '\0' || refuse(why, "reboot: takes no value");
	if (strcmp(s->key, "address") == 0)
		return set_address(n->spec.external, n->spec.external_count, s->value, why);
	return set_nat(n, zoo, s, why);
}

/* In order. */
static bool same_addrs(const struct addr *a, const struct addr *b, unsigned count)
{
	unsigned i = 0;

	while (i < count && addr_eq(&a[i], &b[i]))
		i++;
	return i == count;
}

static bool change_host(const struct change *c, const struct topology *next, unsigned i,
			char why[static CHANGE_WHY])
{
	struct topology_host *was = &c->t->hosts[i];
	const struct topology_host *is = &next->hosts[i];
	const bool moved = !same_addrs(was->addrs, is->addrs, is->addr_count);

	for (unsigned k = 0; k < is->addr_count; k++) {
		if (addr_eq(&was->addrs[k], &is->addrs[k]))
			continue;
		if (!readdress_device(c->hosts, c->t, i, &was->addrs[k], &is->addrs[k]) ||
		    !net_readdress_host(c->net, (int)i, k, &is->addrs[k]))
			return refuse(why, "address: it cannot be changed");
	}
	net_set_link(c->net, (int)i, &is->link.up, &is->link.down);
	*was = *is;
	return !moved || readdress_names(c->hosts, c->t) ||
	       refuse(why, "address: not all hosts have been told");
}

static bool change_node(const struct change *c, const struct topology *next, unsigned i, bool anew,
			char why[static CHANGE_WHY])
{
	struct topology_node *was = &c->t->nodes[i];
	const struct topology_node *is = &next->nodes[i];
	const bool moved =
		!same_addrs(was->spec.external, is->spec.external, is->spec.external_count);

	if (anew && !net_replace_nat(c->net, (int)i, &is->spec))
		return refuse(why, "out of memory");
	net_set_node_link(c->net, (int)i, &is->link.up, &is->link.down);
	*was = *is;
	return !moved || readdress_names(c->hosts, c->t) ||
	       refuse(why, "address: not all hosts have been told");
}

/* Makes the changes in @next, a copy of the world, and then in the world. */
static bool apply(const struct change *c, struct topology *next, const char *name,
		  const char *const *settings, unsigned count, char why[static CHANGE_WHY])
{
	const int host = topology_find_host(c->t, name), node = topology_find_node(c->t, name);
	char quoted[LOG_QUOTED];
	bool anew = false;

	if (host < 0 && node < 0)
		return refuse(why, "there is no host or node %s",
			      log_quote(quoted, sizeof(quoted), name));
	for (unsigned i = 0; i < count; i++) {
		struct setting s = {.key = ""};

		if (!cut(&s, settings[i], why) ||
		    !(host >= 0 ? set_host(&next->hosts[host], &s, why)
				: set_node(&next->nodes[node], c->zoo, &s, &anew, why)))
			return false;
	}
	if (!topology_check(next, why))
		return false;
	return host >= 0 ? change_host(c, next, (unsigned)host, why)
			 : change_node(c, next, (unsigned)node, anew, why);
}

bool change_apply(const struct change *c, const char *name, const char *const *settings,
		  unsigned count, char why[static CHANGE_WHY])
{
	struct topology *next = malloc(sizeof(*next));
	bool done;

	if (next == NULL)
		return refuse(why, "out of memory");
	*next = *c->t;
	done = apply(c, next, name, settings, count, why);
	free(next);
	return done;
}
