#include "servers.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "face/log.h"
#include "io/resolve.h"

#define STUN_PORT          3478
#define ADDRESSES_PER_NAME 2

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
