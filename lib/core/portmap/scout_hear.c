/* What a gateway says to a scout, and what that means. */
#include <assert.h>
#include <string.h>

#include "core/portmap/reasons.h"
#include "core/portmap/scout_parts.h"
#include "wire/ssdp.h"

#define DESCRIBED_WITHIN (5 * NK_S) /* from when the description's place is known */

static_assert(SSDP_URL <= UPNP_URL, "a location found is one that can be asked for");

/* An offer that answers now. */
static struct portmap_offer *hear(struct scout *s, enum portmap_protocol p, nk_time now)
{
	struct portmap_offer *o = &s->result.offer[p];

	if (!o->answers) {
		o->answers = true;
		o->rtt = now - s->asked[p];
	}
	return o;
}

/* A broken answer is remembered; a better one may yet come. */
static void hear_broken(struct scout *s, enum portmap_protocol p, nk_time now)
{
	hear(s, p, now)->why = PORTMAP_MALFORMED;
}

static void hear_pcp(struct scout *s, const struct pcp_msg *m, nk_time now)
{
	struct portmap_offer *o;

	if (!m->response || m->opcode != PCP_ANNOUNCE)
		return;
	if (m->result == PCP_UNSUPP_VERSION) { /* the version of our NAT-PMP request */
		if (!s->known[PORTMAP_NAT_PMP])
			scout_settle(s, PORTMAP_NAT_PMP, PORTMAP_UNSUPPORTED);
		return;
	}
	if (s->known[PORTMAP_PCP])
		return;
	o = hear(s, PORTMAP_PCP, now);
	o->version = PCP_VERSION;
	o->code = m->result;
	o->epoch_s = m->epoch_s;
	o->pinholes = addr_family(&s->config.gateway) == ADDR_V6;
	/* To have no announcements is not to have no mappings. */
	scout_settle(s, PORTMAP_PCP,
		     m->result == PCP_UNSUPP_OPCODE ? PORTMAP_OK : reason_of_pcp(m->result));
}

static void hear_natpmp(struct scout *s, const struct natpmp_msg *m, nk_time now)
{
	struct portmap_offer *o;
	enum portmap_why why;

	if (!m->response || m->opcode != NATPMP_ADDRESS)
		return;
	if (m->result == NATPMP_UNSUPP_VERSION) { /* that of our PCP request */
		if (!s->known[PORTMAP_PCP])
			scout_settle(s, PORTMAP_PCP, PORTMAP_UNSUPPORTED);
		return;
	}
	if (s->known[PORTMAP_NAT_PMP])
		return;
	o = hear(s, PORTMAP_NAT_PMP, now);
	o->version = NATPMP_VERSION;
	o->code = m->result;
	o->epoch_s = m->epoch_s;
	why = reason_of_natpmp(m->result);
	if (why == PORTMAP_OK) {
		o->external = m->external;
		why = reason_of_address(&m->external);
	}
	scout_settle(s, PORTMAP_NAT_PMP, why);
}

void scout_hear_control(struct scout *s, const struct event *ev, nk_time now)
{
	const bool natpmp = ev->len > 0 && ev->data[0] == NATPMP_VERSION;
	const enum portmap_protocol p = natpmp ? PORTMAP_NAT_PMP : PORTMAP_PCP;
	struct natpmp_msg n;
	struct pcp_msg m;

	if (!addr_same_ip(&ev->from, &s->config.gateway)) {
		s->result.offer[p].source = addr_with_port(ev->from, 0);
		return;
	}
	if (ev->from.port != PCP_PORT)
		return;
	if (natpmp && natpmp_read(&n, ev->data, ev->len) == 0)
		hear_natpmp(s, &n, now);
	else if (!natpmp && pcp_read(&m, ev->data, ev->len) == 0)
		hear_pcp(s, &m, now);
	else if (!s->known[p])
		hear_broken(s, p, now);
}

static void describe(struct scout *s, nk_time now)
{
	struct upnp_request r = {.op = UPNP_DESCRIBE, .client = s->config.local};

	memcpy(r.location, s->location, sizeof(r.location));
	s->describe = upnp_line_ask(s->config.upnp, &r);
	s->described_until = now + DESCRIBED_WITHIN;
	retry_stop(&s->ask[PORTMAP_UPNP]);
	s->result.offer[PORTMAP_UPNP].why = PORTMAP_TIMED_OUT; /* until it is not */
}

/*
 * Whom a search may find: the gateway. One for IPv6 is known by its link-local address, and tells of itself by
 * another, of the network that we have ours of.
 */
static bool is_gateway(const struct scout *s, const struct addr *a)
{
	const struct addr theirs = addr_prefix(a, 32, 64);
	const struct addr ours = addr_prefix(&s->config.local, 32, 64);

	return addr_same_ip(a, &s->config.gateway) ||
	       (addr_family(a) == ADDR_V6 && addr_same_ip(&theirs, &ours));
}

void scout_hear_search(struct scout *s, const struct event *ev, nk_time now)
{
	struct portmap_offer *o = &s->result.offer[PORTMAP_UPNP];
	char url[SSDP_URL];
	struct addr host;

	if (s->known[PORTMAP_UPNP] || s->location[0] != '\0')
		return;
	if (!is_gateway(s, &ev->from)) {
		if (ssdp_answer_read(url, ev->data, ev->len) == 0)
			o->source = addr_with_port(ev->from, 0);
		return;
	}
	if (ssdp_answer_read(url, ev->data, ev->len) != 0) {
		hear_broken(s, PORTMAP_UPNP, now);
		return;
	}
	hear(s, PORTMAP_UPNP, now);
	if (ssdp_url_host(&host, url) && is_gateway(s, &host)) {
		memcpy(s->location, url, sizeof(url));
		describe(s, now);
	} else {
		o->why = PORTMAP_LIED;
	}
}

void scout_described(struct scout *s, const struct upnp_reply *r, nk_time now)
{
	struct portmap_offer *o = &s->result.offer[PORTMAP_UPNP];
	enum portmap_why why = reason_of_upnp(r->result);

	o->rtt = now - s->asked[PORTMAP_UPNP];
	o->code = reason_upnp_code(r->result);
	if (r->result == UPNP_RESULT_SILENT) /* which it was not when it was searched for */
		why = PORTMAP_TIMED_OUT;
	if (why == PORTMAP_OK) {
		o->version = r->igd;
		o->pinholes = r->pinholes;
		memcpy(o->device, r->device, sizeof(r->device));
		o->external = addr_with_port(r->external, 0);
		why = r->connected ? reason_of_address(&o->external) : PORTMAP_NETWORK_FAILURE;
		if (addr_family(&s->config.gateway) == ADDR_V6)
			why = r->pinholes ? PORTMAP_OK : PORTMAP_UNSUPPORTED;
	}
	scout_settle(s, PORTMAP_UPNP, why);
}
