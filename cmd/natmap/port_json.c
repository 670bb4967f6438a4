#include "port_json.h"

#include "face/findings.h"
#include "port_words.h"

struct js port_report(const char *command, int64_t started_unix, nk_time elapsed, bool complete,
		      bool *failed)
{
	struct js o =
		findings_report(PORT_SCHEMA, started_unix, nk_seconds(elapsed), complete, failed);

	js_put_text(o, "command", command);
	return o;
}

/* An address of which only the port may be known. */
static void put_external(struct js o, const struct addr *a)
{
	findings_ip(o, "external_address", a);
	if (a->port != 0)
		js_put_int(o, "external_port", a->port);
	else
		js_put_null(o, "external_port");
}

static void put_lease(struct js o, const struct portmap_mapping *m, nk_time now)
{
	const bool ends = m->state == PORTMAP_HELD && m->lease_s != 0;

	if (ends) {
		js_put_int(o, "lease_s", m->lease_s);
		js_put_seconds(o, "left_s", nk_seconds(nk_max(0, m->expires - now)));
	} else {
		js_put_null(o, "lease_s");
		js_put_null(o, "left_s");
	}
	js_put_bool(o, "permanent", m->state == PORTMAP_HELD && m->lease_s == 0);
}

static void put_tried(struct js o, const struct portmap_mapping *m)
{
	struct js tried = js_put_object(o, "tried");

	for (enum portmap_protocol p = 0; p < PORTMAP_PROTOCOLS; p++) {
		struct js t = js_put_object(tried, portmap_protocol_name(p));
		const bool asked =
			m->tried[p] != PORTMAP_OK || (p == m->protocol && m->external.port != 0);

		js_put_text(t, "result", asked ? portmap_why_name(m->tried[p]) : NULL);
		if (m->code[p] != 0)
			js_put_int(t, "code", m->code[p]);
		else
			js_put_null(t, "code");
	}
}

static void put_verified(struct js o, const struct gate_result *r)
{
	const struct reach_result *reach = &r->reach;
	struct js v;

	if (!r->looked) {
		js_put_null(o, "verified");
		return;
	}
	v = js_put_object(o, "verified");
	js_put_text(v, "verdict", reach_verdict_name(reach->verdict));
	js_put_text(v, "why", reach->why != REACH_WHY_NONE ? reach_why_text(reach->why) : NULL);
	findings_ip(v, "seen_at", &reach->mapped);
	findings_addr(v, "from", &reach->from);
	js_put_bool(v, "other_address", reach->other_ip);
	js_put_int(v, "tries", reach->tries);
	js_put_number(v, "took_ms", nk_seconds(reach->took) * 1000);
}

void port_put_gate(struct js o, const struct gate_result *r, nk_time now)
{
	const struct portmap_mapping *m = &r->mapping;
	const bool has_reason = r->state == GATE_SHUT || r->state == GATE_FAILED;
	const bool has_protocol = m->external.port != 0;
	const struct addr public = gate_public(r);
	char reason[PORT_WORDS];

	js_put_text(o, "state", gate_state_name(r->state));
	js_put_text(o, "why", has_reason ? port_reason(reason, r) : NULL);
	js_put_text(o, "transport", port_transport(m->ip_protocol));
	findings_ip(o, "gateway", &m->gateway);
	findings_addr(o, "internal", &m->internal);
	put_external(o, &public);
	js_put_text(o, "protocol", has_protocol ? portmap_protocol_name(m->protocol) : NULL);
	put_lease(o, m, now);
	js_put_int(o, "renewals", m->renewals);
	js_put_int(o, "recreated", m->recreated);
	js_put_bool(o, "left_behind", m->left_behind);
	put_verified(o, r);
	put_tried(o, m);
}

void port_put_held(struct js o, const struct held_port *port)
{
	js_put_text(o, "transport", port_transport(port->ip_protocol));
	findings_ip(o, "gateway", &port->gateway);
	findings_addr(o, "internal", &port->internal);
	put_external(o, &port->external);
	js_put_text(o, "protocol", port->protocol[0] != '\0' ? port->protocol : NULL);
}
