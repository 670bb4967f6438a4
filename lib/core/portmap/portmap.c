#include "core/portmap/portmap.h"

#include <stdlib.h>
#include <string.h>

#include "core/portmap/portmap_parts.h"
#include "core/portmap/reasons.h"

#define REMOVED_WITHIN (5 * NK_S)
#define RECOVERY \
	(5 * NK_S) /* all who have lost mappings do not ask at once: RFC 6886 section 3.7 */
#define PERMANENT_LOOK (600 * NK_S) /* whether one without an end is still there */

static const struct retry_plan pauses = {PORTMAP_APART, 1024 * NK_S, ~0u, true};

static struct portmap *new (const struct portmap_config *config, unsigned scouted, struct rng *rng,
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
	retry_start(&p->pause, &pauses, NK_NEVER);
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
	return new (config, config->protocols, rng, now);
}

struct portmap *portmap_new_removal(const struct portmap_config *config,
				    enum portmap_protocol protocol, uint16_t external_port,
				    struct rng *rng, nk_time now)
{
	const bool upnp = protocol == PORTMAP_UPNP;
	struct portmap *p = new (config, upnp ? PORTMAP_BIT(PORTMAP_UPNP) : 0, rng, now);

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

void errand_end(struct errand *e, enum portmap_why why, unsigned code)
{
	e->done = true;
	e->why = why;
	e->code = code;
}

void errand_grant(struct portmap *p, const struct addr *external, uint32_t lease_s)
{
	struct errand *e = &p->errand;
	enum portmap_why why = PORTMAP_OK;

	if (external->port == 0 || (lease_s == 0 && e->protocol != PORTMAP_UPNP))
		why = PORTMAP_LIED;
	else if (p->config.strict && external->port != p->port)
		why = PORTMAP_NOT_AS_ASKED;
	e->external = *external;
	e->lease_s = lease_s < PORTMAP_LEASE_MAX ? lease_s : PORTMAP_LEASE_MAX;
	errand_end(e, why, 0);
}

static void begin(struct portmap *p, enum portmap_protocol protocol, enum errand_task task,
		  nk_time now)
{
	p->errand = (struct errand){.under_way = true, .protocol = protocol, .task = task};
	if (protocol == PORTMAP_UPNP)
		igd_begin(p, now);
	else
		gateway_begin(p, now);
}

/* Between a half and five eighths of what is left: RFC 6887 section 11.2.1. */
static void plan_renewal(struct portmap *p, nk_time now)
{
	struct portmap_mapping *m = &p->mapping;
	const nk_time left = m->expires - now;

	if (m->expires == NK_NEVER) {
		m->renew_at = now + PERMANENT_LOOK;
		return;
	}
	m->renew_at = now + left / 2 + (nk_time)((double)(left / 8) * rng_unit(p->rng));
	m->renew_at = nk_max(m->renew_at, p->sent + PORTMAP_APART);
}

void portmap_moved(struct portmap *p, const struct addr *external)
{
	struct portmap_mapping *m = &p->mapping;
	const struct addr old = m->external;

	if (addr_is_one_host(external))
		memcpy(m->external.ip, external->ip, sizeof(m->external.ip));
	m->why = reason_of_address(&m->external);
	if (m->state == PORTMAP_HELD && !addr_same_ip(&old, &m->external))
		m->recreated++;
}

static void hold(struct portmap *p, nk_time now)
{
	struct portmap_mapping *m = &p->mapping;
	const struct errand *e = &p->errand;
	const bool anew = p->lost || e->external.port != m->external.port;

	m->renewals += p->held_once && !anew;
	m->recreated += p->held_once && anew;
	m->state = PORTMAP_ASKING; /* so that a new address is not counted twice */
	portmap_moved(p, &e->external);
	m->state = PORTMAP_HELD;
	m->protocol = e->protocol;
	m->external.port = p->port = e->external.port;
	m->pinhole = p->pinhole;
	m->lease_s = e->lease_s;
	m->expires = e->lease_s == 0 ? NK_NEVER : now + e->lease_s * NK_S;
	p->ask_address = e->protocol == PORTMAP_NAT_PMP && p->held_once;
	p->held_once = true;
	p->lost = false;
	p->phase = PHASE_HOLD;
	retry_start(&p->pause, &pauses, NK_NEVER);
	plan_renewal(p, now);
}

static void set_lost(struct portmap *p)
{
	p->lost = true;
	p->mapping.state = PORTMAP_ASKING;
}

void portmap_lost(struct portmap *p, nk_time now)
{
	const nk_time wait = (nk_time)((double)RECOVERY * rng_unit(p->rng));

	if (p->phase != PHASE_HOLD || p->lost)
		return;
	set_lost(p);
	p->mapping.renew_at = nk_max(now + wait, p->sent + PORTMAP_APART);
}

/* What was held is to be made anew, by whatever protocol there is then. */
static void lose(struct portmap *p, nk_time now)
{
	set_lost(p);
	p->phase = PHASE_PAUSE;
	retry_start(&p->pause, &pauses, nk_max(now, p->sent + PORTMAP_APART));
}

static void note(struct portmap *p, enum portmap_protocol protocol, enum portmap_why why,
		 unsigned code)
{
	p->mapping.tried[protocol] = why;
	p->mapping.code[protocol] = code;
}

static void making_failed(struct portmap *p, nk_time now)
{
	const enum portmap_protocol protocol = p->errand.protocol;

	if (p->phase == PHASE_HOLD)
		lose(p, now);
	/* Whatever is there now must not be in the way of the next protocol. */
	if (p->may_be[protocol])
		begin(p, protocol, ERRAND_REMOVE, now);
	else
		p->rung++;
}

static void renewal_failed(struct portmap *p, nk_time now)
{
	const enum portmap_why why = p->errand.why;

	if (why == PORTMAP_NOT_AS_ASKED || why == PORTMAP_LIED)
		making_failed(p, now);
	else
		plan_renewal(p, now);
}

static void removal_over(struct portmap *p, nk_time now)
{
	const struct errand *e = &p->errand;
	struct portmap_mapping *m = &p->mapping;

	p->rung++;
	if (e->why != PORTMAP_OK) {
		m->left_behind = true;
		m->why = e->why;
		m->expires = nk_min(m->expires, now + p->config.lifetime_s * NK_S);
	}
	p->may_be[e->protocol] = false;
}

static void errand_over(struct portmap *p, nk_time now)
{
	struct errand *e = &p->errand;

	e->under_way = false;
	if (e->task == ERRAND_REMOVE) {
		removal_over(p, now);
		return;
	}
	if (p->phase == PHASE_REMOVE)
		return;
	note(p, e->protocol, e->why, e->code);
	if (e->why == PORTMAP_OK)
		hold(p, now);
	else if (e->task == ERRAND_MAKE)
		making_failed(p, now);
	else
		renewal_failed(p, now);
}

/* What the scout says of a protocol that is about to be used. */
static void learn(struct portmap *p, enum portmap_protocol protocol, nk_time now)
{
	const struct portmap_offer *o = &scout_result(p->scout)->offer[protocol];

	p->mapping.external = addr_with_port(o->external, p->mapping.external.port);
	if (protocol == PORTMAP_PCP) {
		epoch_lost_pcp(&p->epochs[protocol], o->epoch_s, now);
	} else if (protocol == PORTMAP_NAT_PMP) {
		epoch_lost_natpmp(&p->epochs[protocol], o->epoch_s, now);
	} else {
		p->igd = o->version;
		memcpy(p->location, scout_location(p->scout), strlen(scout_location(p->scout)) + 1);
	}
}

/* Why it came to nothing: what the best protocol said that said anything. */
static enum portmap_why best_why(const struct portmap_mapping *m)
{
	enum portmap_why best = PORTMAP_SILENT;

	for (unsigned i = PORTMAP_PROTOCOLS; i-- > 0;) {
		const enum portmap_why why = m->tried[i];

		if (why != PORTMAP_OK && why != PORTMAP_SILENT &&
		    (why != PORTMAP_UNSUPPORTED || best == PORTMAP_SILENT))
			best = why;
	}
	return best;
}

static void fall(struct portmap *p, nk_time now)
{
	p->mapping.why = best_why(&p->mapping);
	if (p->held_once) {
		p->phase = PHASE_PAUSE;
		retry_sent(&p->pause, p->rng, now);
		return;
	}
	p->phase = PHASE_OVER;
	p->mapping.state = PORTMAP_FAILED;
}

static bool climb(struct portmap *p, nk_time now)
{
	const struct portmap_offer *o;

	if (p->errand.under_way)
		return false;
	if (p->rung == PORTMAP_PROTOCOLS) {
		fall(p, now);
		return true;
	}
	if ((p->config.protocols & PORTMAP_BIT(p->rung)) == 0) {
		p->rung++;
		return true;
	}
	if (!scout_knows(p->scout, p->rung))
		return false;
	o = &scout_result(p->scout)->offer[p->rung];
	if (o->usable) {
		learn(p, p->rung, now);
		begin(p, p->rung, ERRAND_MAKE, now);
	} else {
		note(p, p->rung, o->why, o->code);
		p->rung++;
	}
	return true;
}

static bool keep(struct portmap *p, nk_time now)
{
	struct portmap_mapping *m = &p->mapping;

	if (now >= m->expires) {
		p->errand.under_way = false;
		lose(p, now);
		return true;
	}
	if (p->errand.under_way || now < m->renew_at)
		return false;
	begin(p, m->protocol, p->lost ? ERRAND_MAKE : ERRAND_RENEW, now);
	return true;
}

static bool pause_ends(struct portmap *p, nk_time now)
{
	if (p->errand.under_way || now < p->pause.due)
		return false;
	p->phase = PHASE_CLIMB;
	p->rung = 0;
	memset(p->mapping.tried, 0, sizeof(p->mapping.tried));
	if (p->door == PORTMAP_NO_DOOR)
		p->door = PORTMAP_SHUT;
	scout_again(p->scout, now);
	return true;
}

/* What is not removed by now stays. */
static void abandon(struct portmap *p, nk_time now)
{
	if (p->errand.under_way)
		errand_end(&p->errand, PORTMAP_TIMED_OUT, 0);
	for (unsigned i = 0; i < PORTMAP_PROTOCOLS; i++)
		p->mapping.left_behind |= p->may_be[i];
	if (p->mapping.left_behind)
		p->mapping.expires = nk_min(p->mapping.expires, now + p->config.lifetime_s * NK_S);
	p->phase = PHASE_OVER;
	p->mapping.state = PORTMAP_GONE;
}

static bool remove_next(struct portmap *p, nk_time now)
{
	unsigned i = 0;

	if (now >= p->removed_by) {
		abandon(p, now);
		return true;
	}
	if (p->errand.under_way)
		return false;
	while (i < PORTMAP_PROTOCOLS && !p->may_be[i])
		i++;
	if (i == PORTMAP_PROTOCOLS) {
		p->phase = PHASE_OVER;
		p->mapping.state = PORTMAP_GONE;
		return true;
	}
	if (i == PORTMAP_UPNP && p->location[0] == '\0') {
		if (!scout_knows(p->scout, PORTMAP_UPNP))
			return false;
		if (scout_location(p->scout) == NULL) {
			abandon(p, now);
			return true;
		}
		learn(p, PORTMAP_UPNP, now);
	}
	begin(p, i, ERRAND_REMOVE, now);
	return true;
}

static bool advance(struct portmap *p, nk_time now)
{
	igd_step(p, now);
	if (p->errand.under_way && p->errand.done) {
		errand_over(p, now);
		return true;
	}
	switch (p->phase) {
	case PHASE_CLIMB:
		return climb(p, now);
	case PHASE_HOLD:
		return keep(p, now);
	case PHASE_PAUSE:
		return pause_ends(p, now);
	case PHASE_REMOVE:
		return remove_next(p, now);
	default:
		return false;
	}
}

static bool wants_door(const struct portmap *p)
{
	if (p->phase == PHASE_OVER)
		return false;
	return p->door == PORTMAP_OPEN ||
	       (p->errand.under_way && p->errand.protocol != PORTMAP_UPNP);
}

static bool move_door(struct portmap *p, struct action *action)
{
	const bool open = wants_door(p);

	if (p->door != (open ? PORTMAP_SHUT : PORTMAP_OPEN))
		return false;
	*action = (struct action){
		.kind = open ? ACTION_OPEN : ACTION_CLOSE,
		.id = gateway_socket(p),
		.socket = SOCKET_UDP,
		.local = addr_with_port(p->config.internal, 0),
	};
	p->door = open ? PORTMAP_OPENING : PORTMAP_SHUT;
	return true;
}

bool portmap_output(struct portmap *p, struct action *action, nk_time now)
{
	do {
		while (advance(p, now))
			;
		if (p->phase == PHASE_OVER)
			scout_stop(p->scout);
		if (scout_output(p->scout, action, now) || move_door(p, action) ||
		    gateway_output(p, action, now))
			return true;
	} while (p->errand.under_way && p->errand.done);
	return false;
}

/* At a closed port is nobody: what is to be made is made by another protocol. */
static void refused(struct portmap *p, const struct event *ev)
{
	struct errand *e = &p->errand;

	if (addr_same_ip(&ev->from, &p->config.gateway) && e->under_way && !e->done &&
	    e->task == ERRAND_MAKE && e->protocol != PORTMAP_UPNP)
		errand_end(e, PORTMAP_SILENT, 0);
}

static bool door_input(struct portmap *p, const struct event *ev, nk_time now)
{
	switch (ev->kind) {
	case EVENT_OPENED:
		p->door = PORTMAP_OPEN;
		return true;
	case EVENT_OPEN_FAILED:
		p->door = PORTMAP_NO_DOOR;
		return true;
	case EVENT_DATAGRAM:
		gateway_hear(p, ev, now);
		return true;
	case EVENT_ICMP_ERROR:
		refused(p, ev);
		return true;
	default:
		return ev->kind == EVENT_SEND_FAILED;
	}
}

bool portmap_input(struct portmap *p, const struct event *ev, nk_time now)
{
	if (p->config.announced != 0 && ev->id == p->config.announced) {
		if (ev->kind == EVENT_DATAGRAM)
			gateway_hear_announcement(p, ev, now);
		return false;
	}
	if (ev->id == gateway_socket(p) && p->door != PORTMAP_SHUT)
		return door_input(p, ev, now);
	return scout_input(p->scout, ev, now);
}

nk_time portmap_deadline(const struct portmap *p)
{
	const struct errand *e = &p->errand;
	nk_time at = scout_deadline(p->scout);

	if (e->under_way && e->protocol != PORTMAP_UPNP && p->door == PORTMAP_OPEN)
		at = nk_min(at, e->retry.due);
	if (p->phase == PHASE_HOLD)
		at = nk_min(at, nk_min(p->mapping.expires,
				       e->under_way ? NK_NEVER : p->mapping.renew_at));
	if (p->phase == PHASE_PAUSE && !e->under_way)
		at = nk_min(at, p->pause.due);
	if (p->phase == PHASE_REMOVE)
		at = nk_min(at, p->removed_by);
	return at;
}

int portmap_status(const struct portmap *p)
{
	const bool shut = p->door == PORTMAP_SHUT || p->door == PORTMAP_NO_DOOR;

	return p->phase == PHASE_OVER && shut && scout_status(p->scout) == CORE_DONE ? CORE_DONE
										     : CORE_BUSY;
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

	if (p->phase == PHASE_HOLD && !p->errand.under_way)
		p->mapping.renew_at = nk_min(p->mapping.renew_at, at);
	if (p->phase == PHASE_PAUSE)
		retry_start(&p->pause, &pauses, at);
}

const struct portmap_mapping *portmap_result(const struct portmap *p)
{
	return &p->mapping;
}

const struct portmap_gateway *portmap_gateway(const struct portmap *p)
{
	return scout_result(p->scout);
}
