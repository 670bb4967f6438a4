/* Errands by PCP and NAT-PMP. */
#include <string.h>

#include "core/portmap/portmap_parts.h"
#include "core/portmap/reasons.h"

/*
 * RFC 6887 section 8.1.1 and RFC 6886 section 3.1, which both go on for long: a mapping that is to be made is
 * given up sooner, by what else could make it. PCP sends a renewal once, and the next at its own time.
 * What is removed is about to be left alone: there is no time for waits of 3 s.
 */
static const struct retry_plan plans[2][3] = {
	[PORTMAP_PCP] =
		{
			[ERRAND_MAKE] = {3 * NK_S, 1024 * NK_S, 2, true},
			[ERRAND_RENEW] = {3 * NK_S, 1024 * NK_S, 1, true},
			[ERRAND_REMOVE] = {250 * NK_MS, 64 * NK_S, 5, false},
		},
	[PORTMAP_NAT_PMP] =
		{
			[ERRAND_MAKE] = {250 * NK_MS, 64 * NK_S, 4, false},
			[ERRAND_RENEW] = {250 * NK_MS, 64 * NK_S, 4, false},
			[ERRAND_REMOVE] = {250 * NK_MS, 64 * NK_S, 5, false},
		},
};

#define TRIES_BETWEEN 3 /* of a removal that another protocol waits for */

static bool is_busy(const struct portmap *p, enum portmap_protocol by)
{
	return p->errand.under_way && !p->errand.done && p->errand.protocol == by;
}

void gateway_begin(struct portmap *p, nk_time now)
{
	struct errand *e = &p->errand;
	const bool natpmp = e->protocol == PORTMAP_NAT_PMP;
	const bool filtered = addr_family(&p->config.remote) != ADDR_NONE;

	retry_start(&e->retry, &plans[e->protocol][e->task], now);
	if (e->task == ERRAND_REMOVE && p->phase != PHASE_REMOVE)
		e->retry.plan.tries = TRIES_BETWEEN;
	if (natpmp && filtered && e->task == ERRAND_MAKE)
		errand_end(e, PORTMAP_UNSUPPORTED, 0);
}

static void add_filter(struct pcp_msg *m, const struct addr *remote)
{
	if (addr_family(remote) == ADDR_NONE)
		return;
	m->filters[0] = (struct pcp_filter){.bits = 128, .remote = *remote};
	m->filter_count = 1;
}

static size_t write_pcp(uint8_t *out, const struct portmap *p)
{
	const struct addr *had = &p->mapping.external;
	struct pcp_msg m = {
		.opcode = PCP_MAP,
		.client = addr_with_port(p->config.internal, 0),
		.protocol = p->config.ip_protocol,
		.internal_port = p->config.internal.port,
		.external = addr_any(addr_family(&p->config.internal), 0),
	};

	memcpy(m.nonce, p->config.nonce, sizeof(m.nonce));
	if (p->errand.task != ERRAND_REMOVE) {
		m.lifetime_s = p->config.lifetime_s;
		m.prefer_failure = p->config.strict && p->errand.task == ERRAND_MAKE;
		if (addr_family(had) != ADDR_NONE)
			m.external = *had;
		m.external.port = p->port;
		add_filter(&m, &p->config.remote);
	}
	return pcp_write(out, &m);
}

static enum natpmp_opcode natpmp_opcode(const struct portmap *p)
{
	return p->config.ip_protocol == 6 ? NATPMP_MAP_TCP : NATPMP_MAP_UDP;
}

/* RFC 6886 sections 3.3 and 3.4: lifetime and external port 0 remove. */
static size_t write_natpmp(uint8_t *out, const struct portmap *p)
{
	const bool remove = p->errand.task == ERRAND_REMOVE;
	const struct natpmp_msg m = {
		.opcode = natpmp_opcode(p),
		.internal_port = p->config.internal.port,
		.external.port = remove ? 0 : p->port,
		.lifetime_s = remove ? 0 : p->config.lifetime_s,
	};

	return natpmp_write(out, &m);
}

static void send_request(struct portmap *p, struct action *action, nk_time now)
{
	struct errand *e = &p->errand;

	action->len = e->protocol == PORTMAP_PCP ? write_pcp(action->data, p)
						 : write_natpmp(action->data, p);
	retry_sent(&e->retry, p->rng, now);
	p->sent = now;
	if (e->task != ERRAND_REMOVE)
		p->may_be[e->protocol] = true;
}

bool gateway_output(struct portmap *p, struct action *action, nk_time now)
{
	static const struct natpmp_msg address = {.opcode = NATPMP_ADDRESS};
	struct errand *e = &p->errand;
	const bool busy = is_busy(p, PORTMAP_PCP) || is_busy(p, PORTMAP_NAT_PMP);

	if (busy && (p->door.state == DOOR_FAILED || retry_is_over(&e->retry, now)))
		errand_end(e, e->odd ? PORTMAP_LIED : PORTMAP_SILENT, 0);
	if (p->door.state != DOOR_OPEN ||
	    !((busy && retry_to_send(&e->retry, now)) || p->ask_address))
		return false;
	door_send(&p->door, action, addr_with_port(p->config.gateway, PCP_PORT));
	if (p->ask_address)
		action->len = natpmp_write(action->data, &address);
	else
		send_request(p, action, now);
	p->ask_address = false;
	return true;
}

/* An error is the answer to the last request; of those before it, one may have been granted unheard. */
static void refuse(struct portmap *p, enum portmap_why why, unsigned code)
{
	struct errand *e = &p->errand;

	if (e->task == ERRAND_MAKE && e->retry.sent <= 1)
		p->may_be[e->protocol] = false;
	/* miniupnpd says so of what is not there: to remove takes no resources. */
	if (e->task == ERRAND_REMOVE && why == PORTMAP_NO_RESOURCES)
		why = PORTMAP_OK;
	errand_end(e, why, code);
}

/* At a closed port is nobody: what is to be made is made by another protocol. */
void gateway_closed(struct portmap *p, const struct event *ev)
{
	const struct errand *e = &p->errand;

	if (addr_same_ip(&ev->from, &p->config.gateway) && e->task == ERRAND_MAKE &&
	    (is_busy(p, PORTMAP_PCP) || is_busy(p, PORTMAP_NAT_PMP)))
		refuse(p, PORTMAP_SILENT, 0);
}

/* RFC 6887 section 11.4; an error that was cut does not say of which. */
static bool is_our_map(const struct portmap *p, const struct pcp_msg *m)
{
	if (m->opcode != PCP_MAP || !m->has_body)
		return m->opcode == PCP_MAP;
	return m->protocol == p->config.ip_protocol &&
	       m->internal_port == p->config.internal.port &&
	       memcmp(m->nonce, p->config.nonce, PCP_NONCE) == 0;
}

/* Of a port that is held another answer is still to come. */
static void note_odd(struct portmap *p, bool odd)
{
	p->errand.odd |= odd && p->errand.task != ERRAND_RENEW;
}

static bool is_news(const struct portmap *p, const struct pcp_msg *m)
{
	const struct addr *known = &p->mapping.external, *external = &m->external;

	return m->lifetime_s == 0 || external->port != known->port ||
	       (addr_is_one_host(external) && !addr_same_ip(external, known));
}

/* What comes unasked tells that a mapping has changed, RFC 6887 section 14.2; how, is asked. */
static void hear_pcp(struct portmap *p, const struct pcp_msg *m, nk_time now)
{
	const bool asked = is_busy(p, PORTMAP_PCP) && p->errand.retry.sent > 0;
	const bool remove = p->errand.task == ERRAND_REMOVE;

	if (!m->response)
		return;
	if (epoch_lost_pcp(&p->epochs[PORTMAP_PCP], m->epoch_s, now))
		ladder_lost(p, now);
	if (!is_our_map(p, m)) {
		note_odd(p, m->opcode == PCP_MAP && asked);
		return;
	}
	if (asked && m->result != PCP_SUCCESS)
		refuse(p, reason_of_pcp(m->result), m->result);
	else if (asked && remove && m->lifetime_s == 0)
		errand_end(&p->errand, PORTMAP_OK, 0);
	else if (asked && !remove)
		errand_grant(p, &m->external, m->lifetime_s);
	else if (!asked && m->result == PCP_SUCCESS && is_news(p, m))
		portmap_doubt(p, now);
}

static void hear_natpmp_map(struct portmap *p, const struct natpmp_msg *m)
{
	const bool remove = p->errand.task == ERRAND_REMOVE;
	struct addr external = p->mapping.external;

	if (!is_busy(p, PORTMAP_NAT_PMP) || p->errand.retry.sent == 0)
		return;
	if (m->has_body && m->internal_port != p->config.internal.port) {
		note_odd(p, true);
		return;
	}
	external.port = m->external.port;
	if (m->result != NATPMP_SUCCESS)
		refuse(p, reason_of_natpmp(m->result), m->result);
	else if (remove && m->lifetime_s == 0)
		errand_end(&p->errand, PORTMAP_OK, 0);
	else if (!remove)
		errand_grant(p, &external, m->lifetime_s);
}

static void hear_natpmp(struct portmap *p, const struct natpmp_msg *m, nk_time now)
{
	if (!m->response)
		return;
	/* This is how it answers PCP if it knows no more than NAT-PMP. */
	if (m->result == NATPMP_UNSUPP_VERSION) {
		if (is_busy(p, PORTMAP_PCP) && p->errand.retry.sent > 0)
			refuse(p, PORTMAP_UNSUPPORTED, m->result);
		return;
	}
	if (epoch_lost_natpmp(&p->epochs[PORTMAP_NAT_PMP], m->epoch_s, now))
		ladder_lost(p, now);
	if (m->opcode == natpmp_opcode(p))
		hear_natpmp_map(p, m);
	else if (m->opcode == NATPMP_ADDRESS && m->result == NATPMP_SUCCESS &&
		 p->mapping.protocol == PORTMAP_NAT_PMP)
		ladder_moved(p, &m->external);
}

static void hear(struct portmap *p, const struct event *ev, nk_time now)
{
	struct natpmp_msg n;
	struct pcp_msg m;

	if (pcp_read(&m, ev->data, ev->len) == 0)
		hear_pcp(p, &m, now);
	else if (natpmp_read(&n, ev->data, ev->len) == 0)
		hear_natpmp(p, &n, now);
}

void gateway_hear(struct portmap *p, const struct event *ev, nk_time now)
{
	const struct addr server = addr_with_port(p->config.gateway, PCP_PORT);

	if (addr_eq(&ev->from, &server))
		hear(p, ev, now);
}

static bool is_claimed_lost(const struct portmap *p, const struct event *ev, nk_time now)
{
	struct epoch pcp = p->epochs[PORTMAP_PCP], natpmp = p->epochs[PORTMAP_NAT_PMP];
	struct natpmp_msg n;
	struct pcp_msg m;

	if (pcp_read(&m, ev->data, ev->len) == 0)
		return m.response && epoch_lost_pcp(&pcp, m.epoch_s, now);
	if (natpmp_read(&n, ev->data, ev->len) != 0 || !n.response)
		return false;
	return epoch_lost_natpmp(&natpmp, n.epoch_s, now) ||
	       (n.opcode == NATPMP_ADDRESS && n.result == NATPMP_SUCCESS &&
		p->mapping.protocol == PORTMAP_NAT_PMP &&
		!addr_same_ip(&n.external, &p->mapping.external));
}

/* Anyone on the link can forge these: they are a reason to ask, and nothing of them is believed. */
void gateway_hear_announcement(struct portmap *p, const struct event *ev, nk_time now)
{
	if (addr_same_ip(&ev->from, &p->config.gateway) && is_claimed_lost(p, ev, now))
		ladder_suspect(p, now);
}
