#include "servers.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "face/log.h"
#include "face/options.h"
#include "io/files.h"
#include "io/resolve.h"

#define FILE_MAX           65536
#define STUN_PORT          3478
#define ADDRESSES_PER_NAME 2

static void add_name(struct server_list *list, const char *name)
{
	if (list->count < PROBE_SERVERS_MAX && *name != '\0')
		list->names[list->count++] = name;
}

static int from_environment(struct server_list *list)
{
	const char *value = getenv("NATKIT_SERVER");
	char *save = NULL;

	if (value == NULL)
		return 0;
	list->text = strdup(value);
	if (list->text == NULL)
		return NK_ERR_NO_MEMORY;
	for (char *w = strtok_r(list->text, " ,\t\n", &save); w != NULL;
	     w = strtok_r(NULL, " ,\t\n", &save))
		add_name(list, w);
	list->from = "$NATKIT_SERVER";
	return 0;
}

/* The "server" lines of a file; other keys belong to other commands. */
static int from_file(struct server_list *list, const char *path, const char *from)
{
	char *next, *key, *value;
	unsigned line = 0;
	int r;

	r = files_read(&list->text, NULL, path, FILE_MAX);
	if (r == NK_ERR_NO_MEMORY)
		return r;
	if (r != 0)
		return 0;
	next = list->text;
	while (config_next(&next, &line, &key, &value)) {
		if (strcmp(key, "server") == 0 && value != NULL)
			add_name(list, value);
	}
	list->from = from;
	return 0;
}

int servers_find(struct server_list *list, const struct settings *s)
{
	char path[PATH_MAX];
	int r = 0;

	*list = (struct server_list){.from = "--server"};
	for (unsigned i = 0; i < s->server_count; i++)
		add_name(list, s->servers[i]);
	if (list->count == 0)
		r = from_environment(list);
	if (r == 0 && list->count == 0 && files_find_config(path, "config")) {
		servers_free(list);
		r = from_file(list, path, "the configuration file");
	}
	if (r == 0 && list->count == 0) {
		servers_free(list);
		r = from_file(list, NK_DATADIR "/servers.conf", NK_DATADIR "/servers.conf");
	}
	if (r == 0 && list->count == 0) {
		log_line(LEVEL_ERROR, "no server to measure with; name one by --server HOST[:PORT] "
				      "or $NATKIT_SERVER (natbroker is one)");
		return NK_ERR_UNREACHABLE;
	}
	return r;
}

void servers_free(struct server_list *list)
{
	free(list->text);
	list->text = NULL;
}

static void add_addresses(struct family_plan *plan, const char *name, enum addr_family family)
{
	struct addr found[ADDRESSES_PER_NAME];
	const int n = resolve_host(found, ADDRESSES_PER_NAME, name, STUN_PORT, family);

	for (int i = 0; i < n && plan->options.server_count < PROBE_SERVERS_MAX; i++) {
		plan->name[plan->options.server_count] = name;
		plan->options.servers[plan->options.server_count++] = found[i];
	}
}

/* Looks up one family, and how it is reached; without a way to it, it is not measured. */
static void resolve_family(struct family_plan *plan, const struct server_list *list,
			   const struct settings *s, enum addr_family family)
{
	*plan = (struct family_plan){.options = s->probe};
	for (unsigned i = 0; i < list->count; i++)
		add_addresses(plan, list->names[i], family);
	if (plan->options.server_count > 0 &&
	    netinfo_route(&plan->route, &plan->options.servers[0], s->interface) != 0)
		plan->options.server_count = 0;
	plan->options.local = addr_any(family, 0);
}

int servers_resolve(const struct server_list *list, const struct settings *s,
		    struct family_plan *v4, struct family_plan *v6)
{
	const bool any = !s->v4 && !s->v6;
	char quoted[LOG_QUOTED];

	*v4 = *v6 = (struct family_plan){.options = s->probe};
	if (any || s->v4)
		resolve_family(v4, list, s, ADDR_V4);
	if (any || s->v6)
		resolve_family(v6, list, s, ADDR_V6);
	if ((s->v4 && v4->options.server_count == 0) || (s->v6 && v6->options.server_count == 0) ||
	    (v4->options.server_count == 0 && v6->options.server_count == 0)) {
		log_line(LEVEL_ERROR,
			 "cannot reach %s%s%s (from %s): no such name, or no way to it",
			 log_quote(quoted, sizeof(quoted), list->names[0]),
			 list->count > 1 ? " or any other server" : "",
			 any     ? ""
			 : s->v4 ? " by IPv4"
				 : " by IPv6",
			 list->from);
		return NK_ERR_UNREACHABLE;
	}
	return 0;
}
