#include "core/portmap/lister.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/portmap/scout.h"
#include "core/portmap/upnp_line.h"

#define FIRST_SOCKET 2
#define LISTING_MAX \
	(15 * NK_S) /* a gateway that lists a byte a minute is not listened to for hours */

/**
 * struct listing - Of one gateway
 * @scout:	NULL: it is done, and @gateway what it has found
 * @location:	Of its UPnP description; empty: there is none to ask for more
 * @index:	Of the next entry; @asked: id of the request for it, 0: none
 */
struct listing {
	struct scout *scout;
	struct portmap_gateway gateway;
	char location[UPNP_URL];
	uint16_t index;
	uint32_t asked;
};

struct lister {
	struct rng rng;
	struct upnp_line line;
	struct listing listings[LISTER_GATEWAYS_MAX];
	unsigned count;
	struct lister_entry entries[LISTER_ENTRIES_MAX];
	unsigned entry_count;
	bool cut;
	nk_time ends;
};

struct lister *lister_new(const struct lister_options *options, const uint8_t seed[static 32],
			  nk_time now)
{
	struct lister *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->count = options->count;
	l->ends = now + options->limit + LISTING_MAX;
	rng_seed(&l->rng, seed);
	upnp_line_init(&l->line, LISTER_STREAM);
	for (unsigned i = 0; i < options->count; i++) {
		const struct scout_config config = {
			.gateway = options->gateways[i],
			.local = options->locals[i],
			.first_socket = FIRST_SOCKET + i * SCOUT_SOCKETS,
			.upnp = options->upnp ? &l->line : NULL,
			.protocols = options->protocols,
			.limit = options->limit,
		};

		l->listings[i].scout = scout_new(&config, &l->rng, now);
		if (l->listings[i].scout == NULL) {
			lister_free(l);
			return NULL;
		}
	}
	return l;
}

void lister_free(struct lister *l)
{
	if (l == NULL)
		return;
	for (unsigned i = 0; i < l->count; i++)
		scout_free(l->listings[i].scout);
	free(l);
}

static void end_scout(struct listing *g)
{
	const char *location = scout_location(g->scout);

	g->gateway = *scout_result(g->scout);
	if (location != NULL && g->gateway.offer[PORTMAP_UPNP].answers)
		snprintf(g->location, sizeof(g->location), "%s", location);
	scout_free(g->scout);
	g->scout = NULL;
}

static void ask(struct lister *l, struct listing *g)
{
	struct upnp_request request = {.op = UPNP_LIST, .index = g->index};

	snprintf(request.location, sizeof(request.location), "%s", g->location);
	g->asked = upnp_line_ask(&l->line, &request);
}

static void take(struct lister *l, struct listing *g, const struct upnp_reply *reply)
{
	struct lister_entry *e = &l->entries[l->entry_count];

	g->asked = 0;
	if (reply->result != UPNP_RESULT_OK || l->entry_count == LISTER_ENTRIES_MAX) {
		l->cut = l->cut || reply->result == UPNP_RESULT_OK;
		g->location[0] = '\0';
		return;
	}
	*e = (struct lister_entry){
		.gateway = (unsigned)(g - l->listings),
		.ip_protocol = reply->protocol,
		.external_port = reply->external.port,
		.client = reply->client,
		.lease_s = reply->lifetime_s,
	};
	snprintf(e->description, sizeof(e->description), "%s", reply->description);
	l->entry_count++;
	g->index++;
}

/* Return: true if something was begun. */
static bool settle(struct lister *l, struct listing *g)
{
	struct upnp_reply reply;

	if (g->scout != NULL && scout_status(g->scout) != CORE_BUSY)
		end_scout(g);
	if (g->asked != 0 && upnp_line_take(&l->line, g->asked, &reply))
		take(l, g, &reply);
	if (g->location[0] == '\0' || g->asked != 0)
		return false;
	ask(l, g);
	return g->asked != 0;
}

static void give_up(struct lister *l)
{
	for (unsigned i = 0; i < l->count; i++) {
		struct listing *g = &l->listings[i];

		l->cut = l->cut || g->scout != NULL || g->location[0] != '\0';
		if (g->scout != NULL)
			end_scout(g);
		g->location[0] = '\0';
	}
}

static void input(void *core, const struct event *ev, nk_time now)
{
	struct lister *l = core;

	if (ev->kind == EVENT_STOP)
		give_up(l);
	upnp_line_input(&l->line, ev);
	for (unsigned i = 0; i < l->count; i++) {
		struct listing *g = &l->listings[i];

		if (g->scout != NULL && scout_input(g->scout, ev, now))
			return;
	}
}

static bool output(void *core, struct action *action, nk_time now)
{
	struct lister *l = core;
	bool begun;

	if (now >= l->ends)
		give_up(l);
	do {
		begun = false;
		if (upnp_line_output(&l->line, action))
			return true;
		for (unsigned i = 0; i < l->count; i++) {
			struct listing *g = &l->listings[i];

			if (g->scout != NULL && scout_output(g->scout, action, now))
				return true;
			begun = settle(l, g) || begun;
		}
	} while (begun);
	return upnp_line_output(&l->line, action);
}

static nk_time deadline(const void *core)
{
	const struct lister *l = core;
	nk_time at = l->ends;

	for (unsigned i = 0; i < l->count; i++)
		if (l->listings[i].scout != NULL)
			at = nk_min(at, scout_deadline(l->listings[i].scout));
	return at;
}

static int status(const void *core)
{
	const struct lister *l = core;

	for (unsigned i = 0; i < l->count; i++)
		if (l->listings[i].scout != NULL || l->listings[i].location[0] != '\0')
			return CORE_BUSY;
	return CORE_DONE;
}

const struct portmap_gateway *lister_gateway(const struct lister *l, unsigned i)
{
	return &l->listings[i].gateway;
}

const struct lister_entry *lister_entries(const struct lister *l, unsigned *count, bool *cut)
{
	*count = l->entry_count;
	*cut = l->cut;
	return l->entries;
}

const struct core_ops lister_ops = {
	.input = input,
	.output = output,
	.deadline = deadline,
	.status = status,
};
