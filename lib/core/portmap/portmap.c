#include "core/portmap/portmap.h"

#include <stdlib.h>
#include <string.h>

#include "core/portmap/portmap_parts.h"

#define REMOVED_WITHIN (5 * NK_S)
#define PATIENCE       (2 * NK_S)

static struct portmap *make(const struct portmap_config *config, unsigned scouted, struct rng *rng,
			    nk_time now)
{
	static const uint8_t no_nonce[PORTMAP_NONCE];
	const struct scout_config look = {
		.gateway = config->gateway,
		.local = addr_with_port(config->internal, 0),
		.first_socket = config->first_socket,
		.upnp = config->upnp,
		.protocols = scouted,
		.limit = config->limit,
		.patience = PATIENCE,
	};
	struct portmap *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->config = *config;
	p->rng = rng;
	p->scout = scout_new(&look, rng, now);
	if (p->scout == NULL) {
		free(p);
		return NULL;
	}
	if (config->lifetime_s == 0)
		p->config.lifetime_s = PORTMAP_LIFETIME_S;
	if (config->lifetime_s > PORTMAP_LEASE_MAX)
		p->config.lifetime_s = PORTMAP_LEASE_MAX;
	if (memcmp(config->nonce, no_nonce, sizeof(no_nonce)) == 0)
		rng_bytes(rng, p->config.nonce, sizeof(p->config.nonce));
	p->port = config->external_port != 0 ? config->external_port : config->internal.port;
	p->sent = now - PORTMAP_APART;
	p->door = (struct door){.id = config->first_socket + SCOUT_SOCKETS, .local = look.local};
	ladder_pause(p, NK_NEVER);
	p->mapping = (struct portmap_mapping){
		.state = PORTMAP_ASKING,
		.gateway = config->gateway,
		.internal = config->internal,
		.ip_protocol = config->ip_protocol,
		.expires = NK_NEVER,
		.renew_at = NK_NEVER,
	};
	return p;
}

struct portmap *portmap_new(const struct portmap_config *config, struct rng *rng, nk_time now)
{
	return make(config, config->protocols, rng, now);
}

struct portmap *portmap_new_removal(const struct portmap_config *config,
				    enum portmap_protocol protocol, uint16_t external_port,
				    struct rng *rng, nk_time now)
{
	const bool upnp = protocol == PORTMAP_UPNP;
	struct portmap *p = make(config, upnp ? PORTMAP_BIT(PORTMAP_UPNP) : 0, rng, now);

	if (p == NULL)
		return NULL;
	p->phase = PHASE_REMOVE;
	p->removed_by = now + config->limit + REMOVED_WITHIN;
	p->may_be[protocol] = true;
	p->mapping.protocol = protocol;
	p->mapping.external.port = p->given = external_port;
	p->pinhole = config->pinhole;
	return p;
}

void portmap_free(struct portmap *p)
{
	if (p == NULL)
		return;
	scout_free(p->scout);
	crypto_wipe(p, sizeof(*p));
	free(p);
}

static bool wants_door(const struct portmap *p)
{
	if (p->phase == PHASE_OVER)
		return false;
	return p->door.state == DOOR_OPEN ||
	       (p->errand.under_way && p->errand.protocol != PORTMAP_UPNP);
}

bool portmap_output(struct portmap *p, struct action *action, nk_time now)
{
	do {
		do
			igd_step(p, now);
		while (ladder_step(p, now));
		if (p->phase == PHASE_OVER)
			scout_stop(p->scout);
		if (scout_output(p->scout, action, now) ||
		    door_move(&p->door, wants_door(p), action) || gateway_output(p, action, now))
			return true;
		/* The scout may have learnt just now what the ladder waits for. */
	} while ((p->errand.under_way && p->errand.done) || ladder_step(p, now));
	return false;
}

static bool hear(struct portmap *p, const struct event *ev, nk_time now)
{
	if (door_input(&p->door, ev))
		return true;
	if (ev->kind == EVENT_DATAGRAM)
		gateway_hear(p, ev, now);
	else if (ev->kind == EVENT_ICMP_ERROR)
		gateway_closed(p, ev);
	else
		return false;
	return true;
}

bool portmap_input(struct portmap *p, const struct event *ev, nk_time now)
{
	if (p->config.announced != 0 && ev->id == p->config.announced) {
		if (ev->kind == EVENT_DATAGRAM)
			gateway_hear_announcement(p, ev, now);
		return false;
	}
	if (ev->id == p->door.id && !door_is_shut(&p->door))
		return hear(p, ev, now);
	return scout_input(p->scout, ev, now);
}

nk_time portmap_deadline(const struct portmap *p)
{
	const struct errand *e = &p->errand;
	nk_time at = scout_deadline(p->scout);

	if (e->under_way && e->protocol != PORTMAP_UPNP && p->door.state == DOOR_OPEN)
		at = nk_min(at, e->retry.due);
	if (p->phase == PHASE_HOLD)
		at = nk_min(at, nk_min(p->mapping.expires,
				       e->under_way ? NK_NEVER : p->mapping.renew_at));
	if (p->phase == PHASE_PAUSE && !e->under_way)
		at = nk_min(at, p->pause.due);
	if (p->phase == PHASE_REMOVE)
		at = nk_min(at, p->removed_by);
	if (p->phase == PHASE_REMOVE && !e->under_way && scout_knows(p->scout, PORTMAP_UPNP))
		return 0; /* there is something to remove, or it is over */
	return at;
}

int portmap_status(const struct portmap *p)
{
	const bool over = p->phase == PHASE_OVER && door_is_shut(&p->door) &&
			  scout_status(p->scout) == CORE_DONE;

	return over ? CORE_DONE : CORE_BUSY;
}

void portmap_claim(struct portmap *p)
{
	p->config.detach = false;
}

void portmap_release(struct portmap *p, nk_time now)
{
	struct errand *e = &p->errand;

	if (p->phase == PHASE_REMOVE || p->phase == PHASE_OVER)
		return;
	if (p->config.detach && p->mapping.state == PORTMAP_HELD)
		p->may_be[p->mapping.protocol] = false;
	/* Only what UPnP is about to answer tells which port is to be removed. */
	if (e->protocol != PORTMAP_UPNP)
		e->under_way = false;
	scout_stop(p->scout);
	p->phase = PHASE_REMOVE;
	p->removed_by = now + REMOVED_WITHIN;
}

void portmap_doubt(struct portmap *p, nk_time now)
{
	const nk_time at = nk_max(now, p->sent + PORTMAP_APART);

	if (p->phase == PHASE_HOLD && p->errand.under_way) {
		p->errand.doubted = true;
	} else if (p->phase == PHASE_HOLD) {
		p->mapping.renew_at = nk_min(p->mapping.renew_at, at);
		door_renew(&p->door);
	}
	if (p->phase == PHASE_PAUSE)
		ladder_pause(p, at);
}

const struct portmap_mapping *portmap_result(const struct portmap *p)
{
	return &p->mapping;
}

const struct portmap_gateway *portmap_gateway(const struct portmap *p)
{
	return scout_result(p->scout);
}
