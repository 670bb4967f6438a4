#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "face/exit.h"
#include "face/js.h"
#include "face/log.h"
#include "face/options.h"
#include "io/files.h"
#include "link_text.h"
#include "node_text.h"
#include "topology.h"
#include "topology_allot.h"

#define SCHEMA   "natkit.natsim-topology/1"
#define FILE_MAX (1 << 20) /* bytes */
#define WORD     64        /* bytes of the value of an axis or of a link's property */

/* All of these take an absent value for the default, and false means that it was refused. */

static bool read_direction(const struct js_in *in, struct link_spec *up, struct link_spec *down)
{
	struct js_in m = {.node = NULL};
	char value[WORD], why[LINK_WHY], quoted[LOG_QUOTED];

	if (!js_is_object(in))
		return false;
	while (js_next(in, &m)) {
		if (strcmp(m.key, "up") == 0 || strcmp(m.key, "down") == 0) {
			if (down == NULL)
				return js_refuse(&m, "there is no such key here");
			continue;
		}
		if (!js_is_word(&m, value, sizeof(value)))
			return false;
		if (!link_set(up, m.key, value, why) ||
		    (down != NULL && !link_set(down, m.key, value, why)))
			return js_refuse(&m, "cannot use %s; %s",
					 log_quote(quoted, sizeof(quoted), value), why);
	}
	return true;
}

/* First what holds for both directions, then what each has of its own. */
static bool read_link(const struct js_in *in, struct topology_link *link)
{
	const struct js_in up = js_get(in, "up"), down = js_get(in, "down");

	return in->node == NULL ||
	       (read_direction(in, &link->up, &link->down) &&
		(up.node == NULL || read_direction(&up, &link->up, NULL)) &&
		(down.node == NULL || read_direction(&down, &link->down, NULL)));
}

static bool read_addrs(const struct js_in *in, struct addr *list, unsigned *count, unsigned most)
{
	char quoted[LOG_QUOTED];
	const char *text;
	size_t n;

	if (in->node == NULL)
		return true;
	if (!js_is_array(in, &n))
		return false;
	if (n == 0 || n > most)
		return js_refuse(in, "give 1 to %u addresses", most);
	for (size_t i = 0; i < n; i++) {
		const struct js_in element = js_at(in, i);

		if (!js_is_text(&element, &text))
			return false;
		if (addr_parse(&list[i], text, 0) != 0 || list[i].port != 0)
			return js_refuse(&element, "cannot use %s; give an IPv4 or IPv6 address",
					 log_quote(quoted, sizeof(quoted), text));
		if (!topology_can_have(&list[i]))
			return js_refuse(&element,
					 "cannot use %s; no host or NAT has such an address",
					 log_quote(quoted, sizeof(quoted), text));
	}
	*count = (unsigned)n;
	return true;
}

static bool read_behind(const struct js_in *in, const struct topology *t, int *behind)
{
	char quoted[LOG_QUOTED];
	const char *name;

	if (in->node == NULL)
		return true;
	if (!js_is_text(in, &name))
		return false;
	*behind = topology_find_node(t, name);
	return *behind >= 0 ||
	       js_refuse(in, "there is no node %s", log_quote(quoted, sizeof(quoted), name));
}

static bool read_nat(const struct js_in *in, struct topology_node *node, const struct zoo *zoo)
{
	const struct js_in nat = js_get(in, "nat"), set = js_get(in, "set");
	struct js_in m = {.node = NULL};
	char value[WORD], why[NODE_WHY];
	const char *name;

	if (nat.node != NULL &&
	    (!js_is_text(&nat, &name) ||
	     (!node_set_preset(node, zoo, name, why) && !js_refuse(&nat, "%s", why))))
		return false;
	if (set.node != NULL && !js_is_object(&set))
		return false;
	while (js_next(&set, &m)) {
		if (!js_is_word(&m, value, sizeof(value)))
			return false;
		if (!node_set_axis(node, m.key, value, why))
			return js_refuse(&m, "%s", why);
	}
	return true;
}

static bool is_short(const struct js_in *named)
{
	return strlen(named->key) < TOPOLOGY_NAME ||
	       js_refuse(named, "a name has %d bytes at most", TOPOLOGY_NAME - 1);
}

static bool read_node(const struct js_in *in, struct topology *t, const struct zoo *zoo)
{
	static const char *const keys[] = {"nat",       "set",    "behind", "link",
					   "addresses", "inside", NULL};
	const struct js_in addresses = js_get(in, "addresses"), inside = js_get(in, "inside");
	const struct js_in behind = js_get(in, "behind"), link = js_get(in, "link");
	struct topology_node *node = is_short(in) ? topology_add_node(t, in->key) : NULL;

	if (node == NULL)
		return js_refuse(in, "give at most %d nodes", NET_NODES_MAX);
	return js_has_only(in, keys) && read_nat(in, node, zoo) &&
	       read_behind(&behind, t, &node->behind) && read_link(&link, &node->link) &&
	       read_addrs(&addresses, node->spec.external, &node->spec.external_count,
			  NAT_EXTERNALS_MAX) &&
	       read_addrs(&inside, node->inside, &node->inside_count, TOPOLOGY_INSIDE_MAX);
}

/* Whether a node is to be read now: what it is behind has been, and it has not. */
static bool is_next(const struct js_in *in, const struct topology *t)
{
	const struct js_in behind = js_get(in, "behind");
	const char *name;

	return topology_find_node(t, in->key) < 0 &&
	       (behind.node == NULL || !js_is_text(&behind, &name) ||
		topology_find_node(t, name) >= 0);
}

/* What is behind a node that is not there, or behind itself. */
static bool refuse_rest(const struct js_in *nodes, const struct topology *t)
{
	struct js_in m = {.node = NULL};
	char quoted[LOG_QUOTED];

	while (js_next(nodes, &m)) {
		const struct js_in behind = js_get(&m, "behind");
		const char *name = NULL;

		if (topology_find_node(t, m.key) >= 0 || !js_is_text(&behind, &name))
			continue;
		if (js_get(nodes, name).node == NULL)
			return js_refuse(&behind, "there is no node %s",
					 log_quote(quoted, sizeof(quoted), name));
	}
	m.node = NULL;
	while (js_next(nodes, &m)) {
		const struct js_in behind = js_get(&m, "behind");

		if (topology_find_node(t, m.key) < 0)
			return js_refuse(&behind, "it is behind itself");
	}
	return true;
}

/* Nodes may be in any order in the file; in a world, what is behind another comes after it. */
static bool read_nodes(const struct js_in *in, struct topology *t, const struct zoo *zoo)
{
	struct js_in m = {.node = NULL};
	unsigned before;

	if (in->node == NULL)
		return true;
	if (!js_is_object(in))
		return false;
	do {
		before = t->node_count;
		m.node = NULL;
		while (js_next(in, &m)) {
			if (!js_is_object(&m) || (is_next(&m, t) && !read_node(&m, t, zoo)))
				return false;
		}
	} while (t->node_count > before);
	return refuse_rest(in, t);
}

static bool read_hosts(const struct js_in *in, struct topology *t)
{
	static const char *const keys[] = {"behind", "link", "addresses", "server", NULL};
	struct js_in m = {.node = NULL};

	if (!js_is_object(in))
		return false;
	while (js_next(in, &m)) {
		const struct js_in addresses = js_get(&m, "addresses"), link = js_get(&m, "link");
		const struct js_in behind = js_get(&m, "behind"), server = js_get(&m, "server");
		struct topology_host *h = is_short(&m) ? topology_add_host(t, m.key) : NULL;

		if (h == NULL)
			return js_refuse(&m, "give at most %d hosts", NET_HOSTS_MAX);
		if (!js_has_only(&m, keys) || !read_behind(&behind, t, &h->behind) ||
		    !read_link(&link, &h->link) ||
		    !read_addrs(&addresses, h->addrs, &h->addr_count, NET_ADDRS_MAX) ||
		    (server.node != NULL && !js_is_bool(&server, &h->server)))
			return false;
	}
	return t->host_count > 0 || js_refuse(in, "give at least one host");
}

static bool read_seed(const struct js_in *in, struct topology *t)
{
	return in->node == NULL || js_is_count(in, &t->seed);
}

static bool read_schema(const struct js_in *in)
{
	const char *text;

	return in->node == NULL ||
	       (js_is_text(in, &text) &&
		(strcmp(text, SCHEMA) == 0 || js_refuse(in, "this is not " SCHEMA)));
}

static bool read_world(const struct js_in *root, struct topology *t, const struct zoo *zoo)
{
	static const char *const keys[] = {"schema", "seed", "nodes", "hosts", NULL};
	const struct js_in schema = js_get(root, "schema"), seed = js_get(root, "seed");
	const struct js_in nodes = js_get(root, "nodes"), hosts = js_get(root, "hosts");
	char why[TOPOLOGY_WHY];

	if (!js_has_only(root, keys) || !read_schema(&schema) || !read_seed(&seed, t) ||
	    !read_nodes(&nodes, t, zoo) || !read_hosts(&hosts, t))
		return false;
	return (topology_allot(t, why) && topology_check(t, why)) || js_refuse(root, "%s", why);
}

int topology_read(struct topology *t, const struct zoo *zoo, const char *path)
{
	char *bytes = NULL, quoted[LOG_QUOTED];
	const int r = files_read(&bytes, NULL, path, FILE_MAX);
	struct js_text text;
	struct js_in root;
	bool good;

	log_quote(quoted, sizeof(quoted), path);
	if (r != 0) {
		log_line(LEVEL_ERROR, "cannot read %s: %s", quoted, files_why(r));
		return EXIT_USAGE;
	}
	root = js_begin(&text, bytes, strlen(bytes));
	good = root.node != NULL && read_world(&root, t, zoo);
	js_end(&text);
	free(bytes);
	if (good)
		return OPTIONS_GO_ON;
	log_line(LEVEL_ERROR, "%s: %s", quoted, text.why);
	return EXIT_USAGE;
}
