#include "core/call/doors.h"

#include "wire/ip.h"

#define SCOUT_LIMIT (1 * NK_S)
#define LEASE_S     1800u /* what is left behind by a run that was killed */
#define AGAIN       (600 * NK_S)

void doors_init(struct doors *d, const struct doors_config *config, uint32_t first_id,
		uint32_t stream, struct rng *rng)
{
	*d = (struct doors){
		.config = config,
		.rng = rng,
		.first_id = first_id,
		.gateway = config->gateway,
		.local = config->local,
		.protocols = config->protocols,
	};
	upnp_line_init(&d->line, stream);
}

void doors_free(struct doors *d)
{
	for (unsigned i = 0; i < DOORS_MAX; i++)
		portmap_free(d->list[i].map);
}

static bool is_elsewhere(const struct addr *gateway, const struct addr *local,
			 const struct doors_config *c)
{
	return !addr_eq(gateway, &c->gateway) || !addr_eq(local, &c->local);
}

/* Another network, of whose gateway nothing is known. */
static void look_around(struct doors *d)
{
	if (!is_elsewhere(&d->gateway, &d->local, d->config))
		return;
	d->gateway = d->config->gateway;
	d->local = d->config->local;
	d->protocols = d->config->protocols;
	d->found = (struct doors_found){.worked = 0};
	d->again_at = 0;
}

static bool has_room(const struct doors *d)
{
	for (unsigned i = 0; i < DOORS_MAX; i++)
		if (d->list[i].map == NULL)
			return true;
	return false;
}

bool doors_may_be_had(const struct doors *d, nk_time now)
{
	return has_room(d) && addr_family(&d->config->gateway) == ADDR_V4 &&
	       d->config->protocols != 0 &&
	       (now >= d->again_at || is_elsewhere(&d->gateway, &d->local, d->config));
}

/* Its place in the list, or -1. */
static int find(const struct doors *d, uint32_t socket)
{
	for (int i = 0; i < DOORS_MAX; i++)
		if (d->list[i].map != NULL && d->list[i].wanted && d->list[i].socket == socket)
			return i;
	return -1;
}

static uint32_t first_id_of(const struct doors *d, const struct door *door)
{
	return d->first_id + (uint32_t)(door - d->list) * PORTMAP_SOCKETS;
}

void doors_leave(struct doors *d, nk_time now)
{
	d->again_at = now + AGAIN;
}

static void ask(struct doors *d, struct door *door, nk_time now)
{
	const struct portmap_config config = {
		.gateway = d->gateway,
		.internal = addr_with_port(d->local, door->port),
		.ip_protocol = IP_UDP,
		.lifetime_s = LEASE_S,
		.protocols = d->protocols,
		.first_socket = first_id_of(d, door),
		.upnp = d->config->upnp ? &d->line : NULL,
		.limit = SCOUT_LIMIT,
	};

	door->gateway = d->gateway;
	door->local = d->local;
	door->map = portmap_new(&config, d->rng, now);
	if (door->map == NULL)
		doors_leave(d, now);
}

void doors_want(struct doors *d, uint32_t socket, uint16_t port, nk_time now)
{
	if (!doors_may_be_had(d, now) || find(d, socket) >= 0)
		return;
	look_around(d);
	for (unsigned i = 0; i < DOORS_MAX; i++) {
		struct door *door = &d->list[i];

		if (door->map != NULL)
			continue;
		*door = (struct door){.socket = socket, .port = port, .wanted = true};
		ask(d, door, now);
		return;
	}
}

void doors_drop(struct doors *d, uint32_t socket)
{
	const int i = find(d, socket);

	if (i >= 0)
		d->list[i].wanted = false;
}

const struct portmap_mapping *doors_of(const struct doors *d, uint32_t socket)
{
	const int i = find(d, socket);

	return i >= 0 ? portmap_result(d->list[i].map) : NULL;
}

static struct addr seen_at(const struct candidates *gathered)
{
	for (unsigned i = 0; i < gathered->count; i++)
		if (gathered->list[i].kind == CANDIDATE_SERVER_REFLEXIVE &&
		    addr_family(&gathered->list[i].addr) == ADDR_V4)
			return gathered->list[i].addr;
	return (struct addr){.port = 0};
}

/* UPnP may not know the address; one that lies would have the peer send to somebody else. */
struct addr doors_external(const struct doors *d, uint32_t socket,
			   const struct candidates *gathered)
{
	const struct portmap_mapping *m = doors_of(d, socket);
	const struct addr seen = seen_at(gathered);

	if (m == NULL || m->state != PORTMAP_HELD || seen.port == 0 ||
	    (addr_family(&m->external) != ADDR_NONE && !addr_same_ip(&m->external, &seen)))
		return (struct addr){.port = 0};
	return addr_with_port(seen, m->external.port);
}

static void doubt_all(struct doors *d, nk_time now)
{
	for (unsigned i = 0; i < DOORS_MAX; i++)
		if (d->list[i].map != NULL)
			portmap_doubt(d->list[i].map, now);
}

bool doors_input(struct doors *d, const struct event *ev, nk_time now)
{
	if (ev->kind == EVENT_RESUMED || ev->kind == EVENT_LINK_LOST) {
		doubt_all(d, now);
		return false;
	}
	if (upnp_line_input(&d->line, ev))
		return true;
	for (unsigned i = 0; i < DOORS_MAX; i++)
		if (d->list[i].map != NULL && portmap_input(d->list[i].map, ev, now))
			return true;
	return false;
}

static void learn(struct doors *d, struct door *door, nk_time now)
{
	const struct portmap_mapping *m = portmap_result(door->map);

	for (unsigned i = 0; i < PORTMAP_PROTOCOLS; i++)
		if (m->tried[i] != PORTMAP_OK)
			d->found.failed |= PORTMAP_BIT(i);
	if (m->state == PORTMAP_HELD)
		d->protocols = d->found.worked |= PORTMAP_BIT(m->protocol);
	if (m->state != PORTMAP_FAILED || door->failed)
		return;
	door->failed = true;
	d->protocols = d->config->protocols;
	doors_leave(d, now);
}

/* What is at a gateway that we may not reach any more is given up, and its socket has another
 * door. */
static void follow(struct doors *d, struct door *door, nk_time now)
{
	if (door->wanted && is_elsewhere(&door->gateway, &door->local, d->config)) {
		door->wanted = false;
		doors_want(d, door->socket, door->port, now);
	}
	if (door->wanted) {
		learn(d, door, now);
		return;
	}
	portmap_release(door->map, now);
	if (portmap_status(door->map) == CORE_BUSY)
		return;
	portmap_free(door->map);
	door->map = NULL;
}

bool doors_output(struct doors *d, struct action *action, nk_time now)
{
	bool acts;

	for (unsigned i = 0; i < DOORS_MAX; i++) {
		struct door *door = &d->list[i];

		if (door->map == NULL)
			continue;
		follow(d, door, now);
		if (door->map == NULL)
			continue;
		acts = portmap_output(door->map, action, now);
		/* Its owner must not give up what has failed, and want another, before that. */
		follow(d, door, now);
		if (acts)
			return true;
	}
	return upnp_line_output(&d->line, action);
}

nk_time doors_deadline(const struct doors *d)
{
	nk_time at = NK_NEVER;

	for (unsigned i = 0; i < DOORS_MAX; i++)
		if (d->list[i].map != NULL)
			at = nk_min(at, portmap_deadline(d->list[i].map));
	return at;
}

bool doors_are_closed(const struct doors *d)
{
	for (unsigned i = 0; i < DOORS_MAX; i++)
		if (d->list[i].map != NULL)
			return false;
	return true;
}
