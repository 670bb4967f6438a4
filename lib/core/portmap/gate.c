#include "core/portmap/gate.h"

#include <stdlib.h>
#include <string.h>

#define MAP_PAUSE \
	(5 * NK_S) /* before a mapping that was there is tried again, then twice as long */
#define MAP_PAUSE_MAX  (300 * NK_S)
#define LOOK_PAUSE     (30 * NK_S) /* the same of a look that came to nothing */
#define LOOK_PAUSE_MAX (900 * NK_S)
#define LOOKS_SHUT     2          /* one look may have come too early, or got lost */
#define LOOK_TWICE     NK_S       /* between them */
#define LOOK_LONG      (5 * NK_S) /* one that took as long has tried often enough */

/**
 * struct gate - One port
 * @map, @reach: Or NULL
 * @look_at:	When to look, while there is a mapping; @look_pause: before the time after that
 * @broker:	Number of the one that looks, or looked last
 * @seen_external, @seen_made: Of the mapping that was looked at, or is
 * @shut:	Looks in a row by which nobody gets in
 * @open_once:	It has been
 * @moved:	The mapping is removed for another to be made
 * @over:	No mapping is to follow
 */
struct gate {
	struct gate_config config;
	struct rng *rng;
	struct portmap *map;
	struct reach *reach;
	struct gate_result result;
	nk_time look_at, look_pause;
	unsigned broker;
	struct addr seen_external;
	unsigned seen_made, shut;
	bool open_once, moved, over;
};

const char *gate_state_name(enum gate_state s)
{
	static const char *const names[] = {
		[GATE_ASKING] = "asking",
		[GATE_LOOKING] = "held",
		[GATE_OPEN] = "open",
		[GATE_ACCEPTED] = "accepted",
		[GATE_UNVERIFIED] = "unverified",
		[GATE_SHUT] = "unreachable",
		[GATE_FAILED] = "failed",
		[GATE_REMOVED] = "removed",
	};
	static_assert(sizeof(names) / sizeof(names[0]) == GATE_STATES, "a name for each");

	return names[s];
}

static bool was_reached(enum gate_state s)
{
	return s == GATE_OPEN || s == GATE_ACCEPTED;
}

bool gate_is_up(enum gate_state s)
{
	return was_reached(s) || s == GATE_UNVERIFIED;
}

struct addr gate_public(const struct gate_result *r)
{
	const struct addr *claimed = &r->mapping.external;

	if (was_reached(r->state) && addr_family(&r->reach.mapped) != ADDR_NONE)
		return addr_with_port(r->reach.mapped, claimed->port);
	return *claimed;
}

struct gate *gate_new(const struct gate_config *config, struct rng *rng)
{
	struct gate *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return NULL;
	*g = (struct gate){
		.config = *config,
		.rng = rng,
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

static void start_map(struct gate *g, nk_time now)
{
	g->result.state = GATE_ASKING;
	g->moved = false;
	g->map = portmap_new(&g->config.map, g->rng, now);
	if (g->map != NULL)
		return;
	g->over = true;
	g->result.state = GATE_FAILED;
	g->result.mapping.why = PORTMAP_NO_RESOURCES; /* of ours: there is no memory */
}

static void start_look(struct gate *g, nk_time now)
{
	const struct reach_config config = {
		.broker = g->config.brokers[g->broker],
		.internal = g->config.map.internal,
		.external = g->result.mapping.external,
		.ip_protocol = g->config.map.ip_protocol,
		.first_socket = g->config.map.first_socket + PORTMAP_SOCKETS,
	};

	g->reach = reach_new(&config, g->rng, now);
	g->look_at = g->reach != NULL ? NK_NEVER : now + g->look_pause;
}

static void look_now(struct gate *g, nk_time now)
{
	g->look_at = now;
	g->look_pause = LOOK_PAUSE;
	g->broker = 0;
	g->shut = 0;
}

/* Nobody gets in. A mapping that was of use may be so again. */
static void shut(struct gate *g, nk_time now)
{
	g->result.state = GATE_SHUT;
	if (!g->open_once)
		gate_release(g, now);
}

/* A mapping that is new, or another one. */
static void judge_anew(struct gate *g, nk_time now)
{
	g->result.looked = false;
	g->result.state = GATE_UNVERIFIED;
	if (!g->config.verify)
		return;
	if (g->config.aside) {
		g->result.looked = true;
		g->result.reach = (struct reach_result){.why = REACH_OTHER_WAY};
	}
	if (g->config.broker_count > 0) {
		g->result.state = GATE_LOOKING;
		look_now(g, now);
	} else if (g->result.mapping.why == PORTMAP_PRIVATE) {
		shut(g, now);
	}
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
	if (was_held && addr_eq(&m->external, &g->seen_external) && m->recreated == g->seen_made)
		return;
	g->seen_external = m->external;
	g->seen_made = m->recreated;
	judge_anew(g, now);
}

static void end_map(struct gate *g)
{
	g->result.mapping = *portmap_result(g->map);
	portmap_free(g->map);
	g->map = NULL;
	g->look_at = NK_NEVER;
	if (g->over) {
		if (g->result.state != GATE_SHUT)
			g->result.state = GATE_REMOVED;
	} else if (!g->moved) {
		g->over = true;
		g->result.state = GATE_FAILED;
	}
}

static enum gate_state state_of(const struct gate *g, const struct reach_result *r)
{
	switch (r->verdict) {
	case REACH_SEEN:
		return GATE_OPEN;
	case REACH_ACCEPTED:
		return GATE_ACCEPTED;
	case REACH_REFUSED:
	case REACH_NOT_SEEN:
		return GATE_SHUT;
	case REACH_UNKNOWN:
		break;
	}
	return r->why == REACH_OTHER_ADDRESS || g->result.mapping.why == PORTMAP_PRIVATE
		       ? GATE_SHUT
		       : GATE_UNVERIFIED;
}

/* Whether another broker may know more. */
static bool ask_another(struct gate *g, const struct reach_result *r, nk_time now)
{
	if (r->verdict != REACH_UNKNOWN || r->why == REACH_OTHER_ADDRESS ||
	    r->why == REACH_PORT_TAKEN || r->why == REACH_BARRED ||
	    g->broker + 1 >= g->config.broker_count)
		return false;
	g->broker++;
	g->look_at = now;
	return true;
}

/* Only one who did not arrive may do so the next time. */
static bool look_twice(struct gate *g, const struct reach_result *r, nk_time now)
{
	if (r->verdict != REACH_NOT_SEEN && r->verdict != REACH_REFUSED) {
		g->shut = 0;
		return false;
	}
	if (++g->shut >= LOOKS_SHUT || r->took >= LOOK_LONG)
		return false;
	g->look_at = now + LOOK_TWICE;
	return true;
}

/* What may be otherwise soon. */
static bool is_passing(const struct gate *g, const struct reach_result *r)
{
	const bool may_start = r->why == REACH_BARRED && r->tries > 0; /* the program */

	return g->result.state == GATE_SHUT || r->why == REACH_BROKER_SILENT ||
	       r->why == REACH_LIMITED || may_start;
}

static void take_verdict(struct gate *g, nk_time now)
{
	const struct reach_result r = *reach_result(g->reach);

	reach_free(g->reach);
	g->reach = NULL;
	if (g->over || !is_held(g) || g->look_at <= now || g->config.aside)
		return; /* it is of a mapping that was, or of another way */
	if (ask_another(g, &r, now) || look_twice(g, &r, now))
		return;
	g->result.reach = r;
	g->result.looked = true;
	g->result.state = state_of(g, &r);
	g->open_once = g->open_once || was_reached(g->result.state);
	if (is_passing(g, &r)) {
		g->look_at = now + g->look_pause;
		g->look_pause = nk_min(2 * g->look_pause, LOOK_PAUSE_MAX);
		g->broker = 0;
	}
	if (g->result.state == GATE_SHUT)
		shut(g, now);
}

/* What follows from what the parts have come to. Return: true if they have something to do. */
static bool settle(struct gate *g, nk_time now)
{
	if (g->map != NULL && portmap_status(g->map) != CORE_BUSY)
		end_map(g);
	else if (g->map != NULL)
		follow_map(g, now);
	if (g->reach != NULL && reach_status(g->reach) != CORE_BUSY) {
		take_verdict(g, now);
		return true;
	}
	if (g->map == NULL && !g->over) {
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
		return 0; /* at once */
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
	if (g->over || g->map == NULL)
		return;
	portmap_doubt(g->map, now);
	if (is_held(g) && g->config.verify && g->config.broker_count > 0)
		look_now(g, now);
}

static void take_brokers(struct gate *g, const struct gate_config *config)
{
	memcpy(g->config.brokers, config->brokers, sizeof(g->config.brokers));
	g->config.broker_count = config->broker_count;
	g->config.aside = config->aside;
	g->broker = 0;
}

void gate_doubt_way(struct gate *g, const struct gate_config *config, nk_time now)
{
	take_brokers(g, config);
	gate_doubt(g, now);
	if (g->config.aside && is_held(g) && !g->over) {
		g->look_at = NK_NEVER;
		judge_anew(g, now);
	}
}

void gate_move(struct gate *g, const struct gate_config *config, nk_time now)
{
	if (g->over)
		return;
	take_brokers(g, config);
	g->config.map.gateway = config->map.gateway;
	g->config.map.internal = config->map.internal;
	memcpy(g->config.map.nonce, config->map.nonce, sizeof(g->config.map.nonce));
	g->moved = g->map != NULL;
	if (g->map != NULL)
		portmap_release(g->map, now);
}

const struct gate_result *gate_result(const struct gate *g)
{
	return &g->result;
}
