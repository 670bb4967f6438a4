#include "servers.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "face/log.h"
#include "face/options.h"
#include "io/files.h"
#include "io/resolve.h"

#define FILE_MAX           65536
#define STUN_PORT          3478
#define ADDRESSES_PER_NAME 2

/* Return: 0, or -1 having written to @why. */
static int add_name(struct server_list *list, const char *name, char why[static OPTIONS_WHY])
{
	const char *right = resolve_wrong(name);

	if (right != NULL) {
		snprintf(why, OPTIONS_WHY, "%s", right);
		return -1;
	}
	if (list->count == PROBE_SERVERS_MAX) {
		snprintf(why, OPTIONS_WHY, "give at most %d servers", PROBE_SERVERS_MAX);
		return -1;
	}
	list->names[list->count++] = name;
	return 0;
}

static int from_environment(struct server_list *list)
{
	const char *value = getenv("NATKIT_SERVER");
	char *save = NULL, why[OPTIONS_WHY] = "", quoted[LOG_QUOTED];

	if (value == NULL)
		return 0;
	list->text = strdup(value);
	if (list->text == NULL)
		return NK_ERR_NO_MEMORY;
	list->from = "$NATKIT_SERVER";
	for (char *w = strtok_r(list->text, " ,\t\n", &save); w != NULL;
	     w = strtok_r(NULL, " ,\t\n", &save)) {
		if (add_name(list, w, why) == 0)
			continue;
		log_line(LEVEL_ERROR, "$NATKIT_SERVER: cannot use %s; %s",
			 log_quote(quoted, sizeof(quoted), w), why);
		return NK_ERR_BAD_INPUT;
	}
	return 0;
}

static int add_from_file(void *into, const char *value, char why[static OPTIONS_WHY])
{
	return add_name(into, value, why);
}

static const struct option_spec file_options[] = {
	{.name = "server",
	 .argument = "HOST[:PORT]",
	 .help = "",
	 .kind = OPTION_CALL,
	 .repeatable = true,
	 .call = add_from_file},
};

static const struct command_spec file_spec = {
	.name = "natprobe",
	.about = "",
	.options = file_options,
	.count = sizeof(file_options) / sizeof(file_options[0]),
};

static int from_file(struct server_list *list, const char *path, const char *from)
{
	const int r = files_read(&list->text, NULL, path, FILE_MAX);
	char quoted[LOG_QUOTED];

	if (r == NK_ERR_NO_MEMORY)
		return r;
	if (r != 0) {
		log_line(LEVEL_ERROR, "cannot read %s: %s", log_quote(quoted, sizeof(quoted), path),
			 files_why(r));
		return NK_ERR_BAD_INPUT;
	}
	list->from = from;
	return options_parse_file(&file_spec, list, path, list->text, NULL) == OPTIONS_GO_ON
		       ? 0
		       : NK_ERR_BAD_INPUT;
}

int servers_find(struct server_list *list, const struct settings *s)
{
	const char *installed = NK_DATADIR "/servers.conf";
	char path[PATH_MAX];
	int r = 0;

	*list = (struct server_list){.from = "--server", .count = s->server_count};
	memcpy(list->names, s->servers, sizeof(list->names));
	if (list->count == 0)
		r = from_environment(list);
	if (r == 0 && list->count == 0 && files_find_config(path, "config")) {
		servers_free(list);
		r = from_file(list, path, "the configuration file");
	}
	if (r == 0 && list->count == 0 && access(installed, F_OK) == 0) {
		servers_free(list);
		r = from_file(list, installed, installed);
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

enum stage { NOTHING_TRIED, NO_ADDRESS, NOT_FOUND, NO_ROUTE };

/**
 * struct outcome - Why a family has no server: that which came furthest is told
 * @r:		What the look-up or the routing table gave; 0: there is one
 * @name:	Whose failure it is
 * @why:	The resolver's reason
 */
struct outcome {
	enum stage stage;
	int r;
	const char *name, *why;
};

static void note(struct outcome *o, int r, const char *name, const char *why)
{
	const enum stage stage = r == NK_ERR_BAD_INPUT ? NO_ADDRESS : NOT_FOUND;

	if (o->stage < stage)
		*o = (struct outcome){.stage = stage, .r = r, .name = name, .why = why};
}

static void add_addresses(struct family_plan *plan, const char *name, enum addr_family family,
			  struct outcome *o)
{
	struct addr found[ADDRESSES_PER_NAME];
	const char *why;
	const int n = resolve_host(found, ADDRESSES_PER_NAME, name, STUN_PORT, family, &why);

	if (n < 0)
		note(o, n, name, why);
	for (int i = 0; i < n && plan->options.server_count < PROBE_SERVERS_MAX; i++) {
		plan->name[plan->options.server_count] = name;
		plan->options.servers[plan->options.server_count++] = found[i];
	}
}

/* Looks up one family, and how it is reached; without a way to it, it is not measured. */
static void resolve_family(struct family_plan *plan, struct outcome *o,
			   const struct server_list *list, const struct settings *s,
			   enum addr_family family)
{
	int r;

	for (unsigned i = 0; i < list->count; i++)
		add_addresses(plan, list->names[i], family, o);
	plan->options.local = addr_any(family, 0);
	if (plan->options.server_count == 0)
		return;
	r = netinfo_route(&plan->route, &plan->options.servers[0], s->interface);
	*o = (struct outcome){
		.stage = NO_ROUTE, .r = r, .name = plan->name[0], .why = strerror(errno)};
	if (r != 0)
		plan->options.server_count = 0;
}

/* Return: what to end with. */
static int say_unusable(const struct server_list *list, const struct outcome *o, const char *family)
{
	const char *others = list->count > 1 ? ", nor is any other server of use" : "";
	char quoted[LOG_QUOTED];

	log_quote(quoted, sizeof(quoted), o->name);
	if (o->stage == NO_ROUTE && o->r == NK_ERR_SYSTEM)
		log_line(LEVEL_ERROR, "cannot find the route to %s by %s: %s", quoted, family,
			 o->why);
	else if (o->stage == NO_ROUTE)
		log_line(LEVEL_ERROR, "no route to %s by %s (from %s)%s", quoted, family,
			 list->from, others);
	else if (o->stage == NO_ADDRESS)
		log_line(LEVEL_ERROR, "%s has no %s address (from %s)%s", quoted, family,
			 list->from, others);
	else
		log_line(LEVEL_ERROR, "cannot look up %s: %s (from %s)%s", quoted, o->why,
			 list->from, others);
	return o->r == NK_ERR_SYSTEM || o->r == NK_ERR_NO_MEMORY ? o->r : NK_ERR_UNREACHABLE;
}

int servers_resolve(const struct server_list *list, const struct settings *s,
		    struct family_plan *v4, struct family_plan *v6)
{
	struct outcome o4 = {.r = 0}, o6 = {.r = 0};
	const bool any = !s->v4 && !s->v6;
	bool have4, have6;

	*v4 = *v6 = (struct family_plan){.options = s->probe};
	if (any || s->v4)
		resolve_family(v4, &o4, list, s, ADDR_V4);
	if (any || s->v6)
		resolve_family(v6, &o6, list, s, ADDR_V6);
	have4 = v4->options.server_count > 0;
	have6 = v6->options.server_count > 0;
	if (any ? have4 || have6 : (have4 || !s->v4) && (have6 || !s->v6))
		return 0;
	if (s->v6 && !have6 && (have4 || !s->v4))
		return say_unusable(list, &o6, "IPv6");
	if (have6 || o4.stage >= o6.stage)
		return say_unusable(list, &o4, "IPv4");
	return say_unusable(list, &o6, "IPv6");
}
