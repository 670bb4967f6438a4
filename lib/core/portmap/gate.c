#include "core/portmap/gate.h"

#include <stdlib.h>
#include <string.h>

#define MAP_PAUSE \
	(5 * NK_S) /* before a mapping that was there is tried again, then twice as long */
#define MAP_PAUSE_MAX  (300 * NK_S)
#define LOOK_PAUSE     (30 * NK_S) /* the same of a look that came to nothing */
#define LOOK_PAUSE_MAX (900 * NK_S)

/**
 * struct gate - One port
 * @map, @reach: Or NULL
 * @map_at:	When to make a mapping, while there is none; @map_pause: before the one after that
 * @look_at, @look_pause: The same of looks, while there is a mapping
 * @seen_external, @seen_made: Of the mapping that was looked at, or is
 * @held_once, @open_once: It has been
 * @moved:	The mapping is removed for another to be made
 * @over:	No mapping is to follow
 */
struct gate {
	struct gate_config config;
	struct rng *rng;
	struct portmap *map;
	struct reach *reach;
	struct gate_result result;
	nk_time map_at, map_pause, look_at, look_pause;
	struct addr seen_external;
	unsigned seen_made;
	bool held_once, open_once, moved, over;
};

const char *gate_state_name(enum gate_state s)
{
	static const char *const names[] = {
		[GATE_ASKING] = "asking",   [GATE_LOOKING] = "looking",
		[GATE_OPEN] = "open",       [GATE_UNVERIFIED] = "unverified",
		[GATE_SHUT] = "shut",       [GATE_FAILED] = "failed",
		[GATE_REMOVED] = "removed",
	};
	static_assert(sizeof(names) / sizeof(names[0]) == GATE_STATES, "a name for each");

	return names[s];
}

struct gate *gate_new(const struct gate_config *config, struct rng *rng, nk_time now)
{
	struct gate *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return NULL;
	*g = (struct gate){
		.config = *config,
		.rng = rng,
		.map_at = now,
		.map_pause = MAP_PAUSE,
		.look_at = NK_NEVER,
		.look_pause = LOOK_PAUSE,
	};
	g->result.mapping.gateway = config->map.gateway;
	g->result.mapping.internal = config->map.internal;
	g->result.mapping.ip_protocol = config->map.ip_protocol;
	return g;
}

void gate_free(struct gate *g)
{
	if (g == NULL)
		return;
	portmap_free(g->map);
	reach_free(g->reach);
	crypto_wipe(g, sizeof(*g));
	free(g);
}

static bool is_held(const struct gate *g)
{
	return g->map != NULL && g->result.mapping.state == PORTMAP_HELD;
}

static nk_time longer(nk_time pause, nk_time max)
{
	return nk_min(2 * pause, max);
}

static void start_map(struct gate *g, nk_time now)
{
	g->result.state = GATE_ASKING;
	g->map = portmap_new(&g->config.map, g->rng, now);
	g->map_at = now + g->map_pause; /* should there be no memory */
	g->map_pause = longer(g->map_pause, MAP_PAUSE_MAX);
}

static void start_look(struct gate *g, nk_time now)
{
	const struct reach_config config = {
		.broker = g->config.broker,
		.internal = g->config.map.internal,
		.external = g->result.mapping.external,
		.ip_protocol = g->config.map.ip_protocol,
		.first_socket = g->config.map.first_socket + PORTMAP_SOCKETS,
	};

	g->reach = reach_new(&config, g->rng, now);
	g->look_at = g->reach != NULL ? NK_NEVER : now + g->look_pause;
}

/* A mapping that is new, or another one. */
static void expect_look(struct gate *g, nk_time now)
{
	g->result.looked = false;
	g->result.state = GATE_UNVERIFIED;
	if (addr_family(&g->config.broker) == ADDR_NONE)
		return;
	g->result.state = GATE_LOOKING;
	g->look_at = now;
	g->look_pause = LOOK_PAUSE;
}

static void follow_map(struct gate *g, nk_time now)
{
	const struct portmap_mapping *m = portmap_result(g->map);
	const bool was_held = is_held(g);

	g->result.mapping = *m;
	if (g->over)
		return;
	if (m->state != PORTMAP_HELD) {
		g->result.state = GATE_ASKING;
		g->look_at = NK_NEVER;
		return;
	}
	g->held_once = true;
	g->map_pause = MAP_PAUSE;
	if (was_held && addr_eq(&m->external, &g->seen_external) && m->recreated == g->seen_made)
		return;
	g->seen_external = m->external;
	g->seen_made = m->recreated;
	expect_look(g, now);
}

static void end_map(struct gate *g, nk_time now)
{
	g->result.mapping = *portmap_result(g->map);
	portmap_free(g->map);
	g->map = NULL;
	g->look_at = NK_NEVER;
	if (g->over) {
		if (g->result.state != GATE_SHUT)
			g->result.state = GATE_REMOVED;
	} else if (!g->held_once && !g->moved) {
		g->over = true;
		g->result.state = GATE_FAILED;
	} else {
		g->result.state = GATE_ASKING;
		g->map_at = nk_max(g->map_at, now);
		g->moved = false;
	}
}

static bool is_passing(enum reach_why why)
{
	return why == REACH_BROKER_SILENT || why == REACH_LIMITED;
}

static enum gate_state state_of(const struct reach_result *r)
{
	switch (r->verdict) {
	case REACH_SEEN:
	case REACH_ACCEPTED:
		return GATE_OPEN;
	case REACH_REFUSED:
	case REACH_NOT_SEEN:
		return GATE_SHUT;
	case REACH_UNKNOWN:
		break;
	}
	return r->why == REACH_OTHER_ADDRESS ? GATE_SHUT : GATE_UNVERIFIED;
}

static void take_verdict(struct gate *g, nk_time now)
{
	const struct reach_result r = *reach_result(g->reach);

	reach_free(g->reach);
	g->reach = NULL;
	if (g->over || !is_held(g) || g->look_at <= now)
		return; /* it is of a mapping that was */
	g->result.reach = r;
	g->result.looked = true;
	g->result.state = state_of(&r);
	g->open_once = g->open_once || g->result.state == GATE_OPEN;
	if (g->result.state == GATE_SHUT && !g->open_once) {
		gate_release(g, now);
	} else if (g->result.state == GATE_SHUT || is_passing(r.why)) {
		g->look_at = now + g->look_pause;
		g->look_pause = longer(g->look_pause, LOOK_PAUSE_MAX);
	}
}

/* What follows from what the parts have come to. Return: true if they have something to do. */
static bool settle(struct gate *g, nk_time now)
{
	if (g->map != NULL && portmap_status(g->map) != CORE_BUSY)
		end_map(g, now);
	else if (g->map != NULL)
		follow_map(g, now);
	if (g->reach != NULL && reach_status(g->reach) != CORE_BUSY) {
		take_verdict(g, now);
		return true;
	}
	if (g->map == NULL && !g->over && g->map_at <= now) {
		start_map(g, now);
		return true;
	}
	if (g->reach == NULL && is_held(g) && !g->over && g->look_at <= now) {
		start_look(g, now);
		return true;
	}
	return false;
}

bool gate_input(struct gate *g, const struct event *ev, nk_time now)
{
	return (g->map != NULL && portmap_input(g->map, ev, now)) ||
	       (g->reach != NULL && reach_input(g->reach, ev, now));
}

bool gate_output(struct gate *g, struct action *action, nk_time now)
{
	do {
		if (g->map != NULL && portmap_output(g->map, action, now))
			return true;
		if (g->reach != NULL && reach_output(g->reach, action, now))
			return true;
	} while (settle(g, now));
	return false;
}

nk_time gate_deadline(const struct gate *g)
{
	nk_time at = NK_NEVER;

	if (g->map != NULL)
		at = portmap_deadline(g->map);
	else if (!g->over)
		at = g->map_at;
	if (g->reach != NULL)
		return nk_min(at, reach_deadline(g->reach));
	return is_held(g) && !g->over ? nk_min(at, g->look_at) : at;
}

int gate_status(const struct gate *g)
{
	if (g->over)
		return g->map != NULL ? CORE_BUSY : CORE_DONE;
	return g->config.map.detach && is_held(g) && g->result.state != GATE_LOOKING ? CORE_DONE
										     : CORE_BUSY;
}

void gate_release(struct gate *g, nk_time now)
{
	if (!g->over && g->map == NULL)
		g->result.state = GATE_REMOVED;
	g->over = true;
	if (g->map == NULL)
		return;
	portmap_claim(g->map);
	portmap_release(g->map, now);
}

void gate_doubt(struct gate *g, nk_time now)
{
	if (g->over)
		return;
	if (g->map != NULL)
		portmap_doubt(g->map, now);
	else
		g->map_at = now;
	g->map_pause = MAP_PAUSE;
	if (is_held(g) && addr_family(&g->config.broker) != ADDR_NONE) {
		g->look_at = now;
		g->look_pause = LOOK_PAUSE;
	}
}

void gate_move(struct gate *g, const struct gate_config *config, nk_time now)
{
	if (g->over)
		return;
	g->config.map.gateway = config->map.gateway;
	g->config.map.internal = config->map.internal;
	g->config.broker = config->broker;
	memcpy(g->config.map.nonce, config->map.nonce, sizeof(g->config.map.nonce));
	g->map_at = now;
	g->map_pause = MAP_PAUSE;
	g->moved = g->map != NULL;
	if (g->map != NULL)
		portmap_release(g->map, now);
}

const struct gate_result *gate_result(const struct gate *g)
{
	return &g->result;
}
