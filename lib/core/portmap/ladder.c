/* The ladder: which protocol's turn it is, when what is held is renewed, and what is removed in the end. */
#include <string.h>

#include "core/portmap/portmap_parts.h"
#include "core/portmap/reasons.h"

/* Not all who have lost mappings are to ask at once: RFC 6886 section 3.7. */
#define RECOVERY (5 * NK_S)

/* Whether a mapping without an end is still there. */
#define PERMANENT_LOOK (600 * NK_S)

void ladder_pause(struct portmap *p, nk_time at)
{
	static const struct retry_plan pauses = {PORTMAP_APART, 1024 * NK_S, ~0u, true};

	retry_start(&p->pause, &pauses, at);
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

/* Not all answers tell of the address, and not all that they tell is one. */
static struct addr place(const struct portmap *p, const struct addr *external)
{
	const struct addr *at = addr_is_one_host(external) ? external : &p->mapping.external;

	return addr_with_port(*at, external->port);
}

void ladder_moved(struct portmap *p, const struct addr *external)
{
	struct portmap_mapping *m = &p->mapping;
	const struct addr told = addr_with_port(*external, m->external.port);
	const struct addr now_at = place(p, &told);

	m->recreated += m->state == PORTMAP_HELD && !addr_eq(&now_at, &m->external);
	m->external = now_at;
	m->why = reason_of_address(&m->external);
}

static void hold(struct portmap *p, nk_time now)
{
	struct portmap_mapping *m = &p->mapping;
	const struct errand *e = &p->errand;
	const struct addr external = place(p, &e->external);
	const bool anew = p->lost || !addr_eq(&external, &m->external);

	m->renewals += p->held_once && !anew;
	m->recreated += p->held_once && anew;
	m->state = PORTMAP_HELD;
	m->protocol = e->protocol;
	m->external = external;
	m->why = reason_of_address(&external);
	p->port = external.port;
	m->pinhole = p->pinhole;
	m->lease_s = e->lease_s;
	m->expires = e->lease_s == 0 ? NK_NEVER : now + e->lease_s * NK_S;
	p->ask_address = e->protocol == PORTMAP_NAT_PMP && p->held_once;
	p->held_once = true;
	p->lost = p->suspected = false;
	p->phase = PHASE_HOLD;
	ladder_pause(p, NK_NEVER);
	plan_renewal(p, now);
}

static void set_lost(struct portmap *p)
{
	p->lost = true;
	p->suspected = false;
	p->mapping.state = PORTMAP_ASKING;
}

void ladder_lost(struct portmap *p, nk_time now)
{
	const nk_time wait = (nk_time)((double)RECOVERY * rng_unit(p->rng));

	if (p->phase != PHASE_HOLD || p->lost)
		return;
	set_lost(p);
	p->mapping.renew_at = nk_max(now + wait, p->sent + PORTMAP_APART);
}

void ladder_suspect(struct portmap *p, nk_time now)
{
	const nk_time wait = (nk_time)((double)RECOVERY * rng_unit(p->rng));

	if (p->phase != PHASE_HOLD || p->lost || p->suspected)
		return;
	p->suspected = true;
	p->mapping.renew_at =
		nk_min(p->mapping.renew_at, nk_max(now + wait, p->sent + PORTMAP_APART));
}

/* What was held is to be made anew, by whatever protocol there is then. */
static void lose(struct portmap *p, nk_time now)
{
	set_lost(p);
	p->phase = PHASE_PAUSE;
	ladder_pause(p, nk_max(now, p->sent + PORTMAP_APART));
}

static void note(struct portmap *p, enum portmap_protocol protocol, enum portmap_why why,
		 unsigned code)
{
	p->mapping.tried[protocol] = why;
	p->mapping.code[protocol] = protocol == PORTMAP_UPNP ? reason_upnp_code(code) : code;
}

static void making_failed(struct portmap *p, nk_time now)
{
	const enum portmap_protocol protocol = p->errand.protocol;

	if (p->phase == PHASE_HOLD)
		lose(p, now);
	p->refused |= protocol == PORTMAP_PCP && p->errand.why == PORTMAP_NOT_AUTHORIZED;
	/* Whatever is there now must not be in the way of the next protocol. */
	if (p->may_be[protocol])
		errand_begin(p, protocol, ERRAND_REMOVE, now);
	else
		p->rung++;
}

static void renewal_failed(struct portmap *p, nk_time now)
{
	const enum portmap_why why = p->errand.why;

	if (p->lost || p->suspected || why == PORTMAP_NOT_AS_ASKED || why == PORTMAP_LIED)
		making_failed(p, now);
	else if (why == PORTMAP_SILENT && p->errand.protocol == PORTMAP_UPNP)
		lose(p, now); /* it may be found at another URL, if it has begun anew */
	else
		plan_renewal(p, now);
}

/* What may be there stays. What was never answered for ends when it would if it were there. */
static void leave_behind(struct portmap *p, nk_time now)
{
	for (unsigned i = 0; i < PORTMAP_PROTOCOLS; i++)
		p->mapping.left_behind |= p->may_be[i];
	if (p->mapping.left_behind && !p->held_once && !p->permanent)
		p->mapping.expires = now + p->config.lifetime_s * NK_S;
}

/* What could not be removed before another protocol had its turn is tried once more in the end. */
static void removal_over(struct portmap *p, nk_time now)
{
	const struct errand *e = &p->errand;

	p->rung++;
	if (p->phase == PHASE_REMOVE && e->why != PORTMAP_OK) {
		p->mapping.why = e->why;
		leave_behind(p, now);
	}
	if (p->phase == PHASE_REMOVE || e->why == PORTMAP_OK)
		p->may_be[e->protocol] = false;
}

static void errand_over(struct portmap *p, nk_time now)
{
	struct errand *e = &p->errand;
	const bool doubted = e->doubted;

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
	if (doubted)
		portmap_doubt(p, now);
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
	leave_behind(p, now);
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
	if (!scout_knows(p->scout, p->rung))
		return false;
	o = &scout_result(p->scout)->offer[p->rung];
	if (o->why == PORTMAP_UNASKED) {
		p->rung++;
	} else if (p->rung == PORTMAP_NAT_PMP && p->refused) {
		/* It has no nonces, and would take over what another program has: RFC 6887 section 11.3. */
		note(p, p->rung, PORTMAP_NOT_AUTHORIZED, 0);
		p->rung++;
	} else if (o->usable) {
		learn(p, p->rung, now);
		errand_begin(p, p->rung, ERRAND_MAKE, now);
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
	errand_begin(p, m->protocol, p->lost || p->suspected ? ERRAND_MAKE : ERRAND_RENEW, now);
	return true;
}

static bool pause_ends(struct portmap *p, nk_time now)
{
	if (p->errand.under_way || now < p->pause.due)
		return false;
	p->phase = PHASE_CLIMB;
	p->rung = 0;
	p->refused = false;
	memset(p->mapping.tried, 0, sizeof(p->mapping.tried));
	door_renew(&p->door);
	scout_again(p->scout, now);
	return true;
}

/* What is not removed by now stays. */
static void go(struct portmap *p, nk_time now)
{
	leave_behind(p, now);
	p->errand.under_way = false;
	p->phase = PHASE_OVER;
	p->mapping.state = PORTMAP_GONE;
}

/* UPnP: where to, if that was not learned to make one. */
static bool find_igd(struct portmap *p, nk_time now)
{
	if (p->location[0] == '\0' && scout_location(p->scout) != NULL)
		learn(p, PORTMAP_UPNP, now);
	return p->location[0] != '\0';
}

static bool remove_next(struct portmap *p, nk_time now)
{
	unsigned i = 0;

	while (i < PORTMAP_PROTOCOLS && !p->may_be[i])
		i++;
	if (now >= p->removed_by || (i == PORTMAP_PROTOCOLS && !p->errand.under_way)) {
		go(p, now);
		return true;
	}
	if (p->errand.under_way)
		return false;
	if (i != PORTMAP_UPNP || find_igd(p, now)) {
		errand_begin(p, i, ERRAND_REMOVE, now);
		return true;
	}
	if (!scout_knows(p->scout, PORTMAP_UPNP))
		return false;
	go(p, now);
	return true;
}

bool ladder_step(struct portmap *p, nk_time now)
{
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
