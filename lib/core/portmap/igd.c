/* Errands by UPnP. The worker sees to it that no entry of another client is touched (io/upnp_igd.h). */
#include <stdio.h>
#include <string.h>

#include "core/portmap/portmap_parts.h"
#include "core/portmap/reasons.h"

#define PORTS_TO_TRY 8
#define FIRST_PORT   1024 /* of those that may be tried */

/* UPnP errors, of WANIPConnection:2 section 2.8 and WANIPv6FirewallControl:1. */
enum {
	INVALID_ACTION = 401,
	INVALID_ARGS = 402,
	NOT_IMPLEMENTED = 602,
	NO_SUCH_PINHOLE = 704,
	NO_SUCH_ENTRY = 714,
	CONFLICT = 718,
	SAME_PORTS = 724,
	ONLY_PERMANENT = 725,
};

static bool by_pinhole(const struct portmap *p)
{
	return addr_family(&p->config.internal) == ADDR_V6;
}

static enum upnp_op op_of(const struct portmap *p)
{
	const bool pinhole = by_pinhole(p);

	switch (p->errand.step) {
	case IGD_ADD:
		if (pinhole)
			return UPNP_PINHOLE_ADD;
		return p->igd >= 2 && !p->config.strict && p->errand.task == ERRAND_MAKE
			       ? UPNP_ADD_ANY
			       : UPNP_ADD;
	case IGD_CHECK:
		return UPNP_GET;
	case IGD_UPDATE:
		return UPNP_PINHOLE_UPDATE;
	default:
		return pinhole ? UPNP_PINHOLE_DELETE : UPNP_DELETE;
	}
}

/* Two users may want the same port: what is whose is told by the nonce, which the next run has, too. */
static void name_run(char out[static UPNP_DESCRIPTION], const struct portmap_config *c)
{
	snprintf(out, UPNP_DESCRIPTION, "natkit %u/%s %02x%02x", c->internal.port,
		 c->ip_protocol == 6 ? "tcp" : "udp", c->nonce[0], c->nonce[1]);
}

static void ask(struct portmap *p, enum igd_step step, nk_time now)
{
	struct errand *e = &p->errand;
	struct upnp_request r = {
		.protocol = p->config.ip_protocol,
		.client = p->config.internal,
		.remote = p->config.remote,
		.external_port = step == IGD_DELETE ? p->given : e->port,
		.pinhole = p->pinhole,
		.lifetime_s = p->permanent ? 0 : p->config.lifetime_s,
		.hold = !p->config.detach,
	};

	/* What is under way when we are released comes to its end, and to no more. */
	if (p->phase == PHASE_REMOVE && step != IGD_DELETE) {
		errand_end(e, PORTMAP_SILENT, 0);
		return;
	}
	e->step = step;
	r.op = op_of(p);
	memcpy(r.location, p->location, sizeof(r.location));
	name_run(r.description, &p->config);
	e->request = upnp_line_ask(p->config.upnp, &r);
	p->sent = now;
	if (step == IGD_ADD) {
		p->given = e->port;
		p->may_be[PORTMAP_UPNP] = true;
	}
	if (e->request == 0)
		errand_end(e, PORTMAP_SILENT, UPNP_RESULT_GONE);
}

void igd_begin(struct portmap *p, nk_time now)
{
	struct errand *e = &p->errand;

	e->port = p->port;
	if (e->task == ERRAND_REMOVE)
		ask(p, IGD_DELETE, now);
	else if (by_pinhole(p))
		ask(p, e->task == ERRAND_RENEW ? IGD_UPDATE : IGD_ADD, now);
	else if (addr_family(&p->config.remote) != ADDR_NONE)
		errand_end(e, PORTMAP_UNSUPPORTED, 0);
	else
		ask(p, e->task == ERRAND_RENEW ? IGD_CHECK : IGD_ADD, now);
}

/* Whether a mapping was made is only known of answers: those by UPnP's own numbers say that it was not. */
static void fail(struct portmap *p, unsigned result)
{
	if (p->errand.task == ERRAND_MAKE && result >= INVALID_ACTION)
		p->may_be[PORTMAP_UPNP] = false;
	errand_end(&p->errand, reason_of_upnp(result), result);
}

static void try_port(struct portmap *p, uint16_t port, unsigned result, nk_time now)
{
	struct errand *e = &p->errand;

	if (p->config.strict || e->tries++ == PORTS_TO_TRY) {
		fail(p, result);
		return;
	}
	e->port = port;
	ask(p, IGD_ADD, now);
}

static void ask_permanent(struct portmap *p, unsigned result, nk_time now)
{
	if (p->permanent || p->config.detach) {
		p->may_be[PORTMAP_UPNP] = false;
		errand_end(&p->errand, PORTMAP_LEASE_REFUSED, result);
		return;
	}
	p->permanent = true;
	ask(p, IGD_ADD, now);
}

/* Not all that call themselves version 2 have AddAnyPortMapping. */
static void add_without_any(struct portmap *p, unsigned result, nk_time now)
{
	if (p->igd < 2) {
		fail(p, result);
		return;
	}
	p->igd = 1;
	ask(p, IGD_ADD, now);
}

/* The lease is what the gateway says that there is now. */
static void grant(struct portmap *p, const struct upnp_reply *r)
{
	const struct addr external = addr_with_port(p->mapping.external, r->external.port);

	if (external.port != 0)
		p->given = external.port;
	if (r->lifetime_s == 0 && p->config.detach)
		errand_end(&p->errand, PORTMAP_LEASE_REFUSED, 0);
	else
		errand_grant(p, &external, r->lifetime_s);
}

static void added(struct portmap *p, const struct upnp_reply *r, nk_time now)
{
	switch (r->result) {
	case UPNP_RESULT_OK:
		grant(p, r);
		break;
	case UPNP_RESULT_GARBAGE: /* agreed to, but not there */
		errand_end(&p->errand, PORTMAP_LIED, r->result);
		break;
	case INVALID_ACTION:
	case NOT_IMPLEMENTED:
		add_without_any(p, r->result, now);
		break;
	case INVALID_ARGS:
	case ONLY_PERMANENT:
		ask_permanent(p, r->result, now);
		break;
	case CONFLICT:
		try_port(p, (uint16_t)(FIRST_PORT + rng_below(p->rng, 65536 - FIRST_PORT)),
			 r->result, now);
		break;
	case SAME_PORTS:
		try_port(p, p->config.internal.port, r->result, now);
		break;
	default:
		fail(p, r->result);
	}
}

/* There is no other way to learn that a gateway has lost it. */
static void checked(struct portmap *p, const struct upnp_reply *r, nk_time now)
{
	p->lost |= r->result == NO_SUCH_ENTRY ||
		   (r->result == UPNP_RESULT_OK && !addr_eq(&r->client, &p->config.internal));
	ask(p, IGD_ADD, now);
}

static void opened(struct portmap *p, const struct upnp_reply *r, nk_time now)
{
	if (r->result == NO_SUCH_PINHOLE && p->errand.step == IGD_UPDATE) {
		p->lost = true;
		ask(p, IGD_ADD, now);
		return;
	}
	if (r->result != UPNP_RESULT_OK) {
		fail(p, r->result);
		return;
	}
	if (p->errand.step == IGD_ADD)
		p->pinhole = r->pinhole;
	errand_grant(p, &p->config.internal, p->config.lifetime_s);
}

static void deleted(struct portmap *p, const struct upnp_reply *r)
{
	const bool gone = r->result == UPNP_RESULT_OK || r->result == NO_SUCH_ENTRY ||
			  r->result == NO_SUCH_PINHOLE || r->result == CONFLICT;

	errand_end(&p->errand, gone ? PORTMAP_OK : reason_of_upnp(r->result), r->result);
}

void igd_step(struct portmap *p, nk_time now)
{
	struct errand *e = &p->errand;
	struct upnp_reply reply;

	while (e->under_way && !e->done && e->protocol == PORTMAP_UPNP &&
	       upnp_line_take(p->config.upnp, e->request, &reply)) {
		if (e->task == ERRAND_REMOVE)
			deleted(p, &reply);
		else if (by_pinhole(p))
			opened(p, &reply, now);
		else if (e->step == IGD_CHECK)
			checked(p, &reply, now);
		else
			added(p, &reply, now);
	}
}
