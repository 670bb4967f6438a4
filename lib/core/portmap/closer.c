#include "core/portmap/closer.h"

#include <stdlib.h>

#define AT_ONCE      8
#define FIRST_SOCKET 2

/* One removal that is under way; @map is NULL: none is. */
struct lane {
	struct portmap *map;
	struct closer_job *job;
};

/**
 * struct closer - All removals
 * @next:	The first job that nobody has begun
 */
struct closer {
	struct rng rng;
	struct upnp_line line;
	bool upnp, stopped;
	struct closer_job *jobs;
	unsigned count, next;
	struct lane lanes[AT_ONCE];
};

struct closer *closer_new(struct closer_job *jobs, unsigned count, bool upnp,
			  const uint8_t seed[static 32])
{
	struct closer *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->jobs = jobs;
	c->count = count;
	c->upnp = upnp;
	rng_seed(&c->rng, seed);
	upnp_line_init(&c->line, CLOSER_STREAM);
	c->line.next_id = rng_u32(&c->rng); /* the worker may still answer who had it before */
	return c;
}

void closer_free(struct closer *c)
{
	if (c == NULL)
		return;
	for (unsigned i = 0; i < AT_ONCE; i++)
		portmap_free(c->lanes[i].map);
	crypto_wipe(c, sizeof(*c));
	free(c);
}

/* Without memory it counts as left behind. */
static void begin(struct closer *c, unsigned i, nk_time now)
{
	struct lane *lane = &c->lanes[i];
	struct closer_job *job = &c->jobs[c->next++];
	struct portmap_config map = job->map;

	map.first_socket = FIRST_SOCKET + i * PORTMAP_SOCKETS;
	map.upnp = c->upnp ? &c->line : NULL;
	lane->job = job;
	lane->map = portmap_new_removal(&map, job->protocol, job->external_port, &c->rng, now);
	job->left = lane->map == NULL;
}

static void end(struct lane *lane)
{
	const struct portmap_mapping *m = portmap_result(lane->map);

	lane->job->done = true;
	lane->job->left = m->left_behind;
	if (m->left_behind)
		lane->job->why = m->why != PORTMAP_OK ? m->why : PORTMAP_TIMED_OUT;
	portmap_free(lane->map);
	lane->map = NULL;
}

/* Return: true if something has begun. */
static bool settle(struct closer *c, nk_time now)
{
	bool begun = false;

	for (unsigned i = 0; i < AT_ONCE; i++) {
		struct lane *lane = &c->lanes[i];

		if (lane->map != NULL && portmap_status(lane->map) != CORE_BUSY)
			end(lane);
		if (lane->map == NULL && c->next < c->count && !c->stopped) {
			begin(c, i, now);
			begun = true;
		}
	}
	return begun;
}

static void input(void *core, const struct event *ev, nk_time now)
{
	struct closer *c = core;

	if (ev->kind == EVENT_STOP)
		c->stopped = true;
	upnp_line_input(&c->line, ev);
	for (unsigned i = 0; i < AT_ONCE; i++)
		if (c->lanes[i].map != NULL && portmap_input(c->lanes[i].map, ev, now))
			return;
}

static bool output(void *core, struct action *action, nk_time now)
{
	struct closer *c = core;

	do {
		if (upnp_line_output(&c->line, action))
			return true;
		for (unsigned i = 0; i < AT_ONCE; i++)
			if (c->lanes[i].map != NULL && portmap_output(c->lanes[i].map, action, now))
				return true;
	} while (settle(c, now));
	return upnp_line_output(&c->line, action);
}

static nk_time deadline(const void *core)
{
	const struct closer *c = core;
	nk_time at = NK_NEVER;

	for (unsigned i = 0; i < AT_ONCE; i++)
		if (c->lanes[i].map != NULL)
			at = nk_min(at, portmap_deadline(c->lanes[i].map));
	return at;
}

static int status(const void *core)
{
	const struct closer *c = core;

	for (unsigned i = 0; i < AT_ONCE; i++)
		if (c->lanes[i].map != NULL)
			return CORE_BUSY;
	return c->next < c->count && !c->stopped ? CORE_BUSY : CORE_DONE;
}

const struct core_ops closer_ops = {
	.input = input,
	.output = output,
	.deadline = deadline,
	.status = status,
};
