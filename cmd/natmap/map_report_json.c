#include "base/err.h"
#include "face/findings.h"
#include "map_json.h"
#include "map_report.h"
#include "map_words.h"

static void put_options(struct js parent, const struct natmap_options *n)
{
	struct js o = js_put_object(parent, "options");

	js_put_bool(o, "enumerate", n->enumerate);
	js_put_seconds(o, "max_s", nk_seconds(n->max));
	js_put_int(o, "mappings", n->mappings);
	js_put_number(o, "pace_ms", nk_seconds(n->pace) * 1e3);
}

static void put_server(struct js parent, const struct map_report *rep)
{
	const struct natmap_result *r = rep->result;
	struct js o = js_put_object(parent, "server");

	js_put_text(o, "name", rep->server_name);
	findings_addr(o, "address", &r->server);
	js_put_text(o, "software", r->software[0] != '\0' ? r->software : NULL);
	js_put_bool(o, "probe_service", r->probe_service);
}

static void put_positive(struct js o, const char *key, double value)
{
	if (value > 0)
		js_put_number(o, key, value);
	else
		js_put_null(o, key);
}

/* Counts and numbers of things begin with 1; 0 is none. */
static void put_number(struct js o, const char *key, unsigned n)
{
	if (n > 0)
		js_put_int(o, key, n);
	else
		js_put_null(o, key);
}

void map_json_gateway(struct js o, const struct natmap_result *r, unsigned i)
{
	const struct portmap_gateway *g = &r->gateways[i];

	findings_ip(o, "gateway", &g->gateway);
	findings_ip(o, "local", &g->local);
	js_put_text(o, "interface", r->ways[i].interface);
	js_put_bool(o, "tunnel", r->ways[i].tunnel);
	findings_offers(o, "protocols", g);
}

static void put_quote(struct js parent, const struct hop *h)
{
	struct js o;

	if (!h->quoted) {
		js_put_null(parent, "quote");
		return;
	}
	o = js_put_object(parent, "quote");
	findings_addr(o, "source", &h->quote_source);
	js_put_bool(o, "checksum_differs", h->quote_checksum);
	js_put_bool(o, "id_differs", h->quote_id);
}

void map_json_hop(struct js o, const struct path_result *path, unsigned i)
{
	const struct hop *h = &path->hops[i];

	js_put_int(o, "hop", i + 1);
	findings_ip(o, "address", &h->address);
	js_put_bool(o, "by_route", h->by_route);
	put_positive(o, "rtt_ms", h->rtt_ms);
	js_put_text(o, "state", hop_state_name(h->state));
	findings_p(o, h->p);
	if (h->state == HOP_STATEFUL || h->state == HOP_STATELESS)
		findings_measured(o, "timeout", &h->timeout);
	if (h->state == HOP_STATEFUL) {
		js_put_text(o, "refreshed_by",
			    h->outbound_only  ? "outbound"
			    : h->inbound_only ? "inbound"
					      : "both");
	}
	if (h->state == HOP_HIDDEN)
		js_put_int(o, "behind", h->behind);
	if (h->state == HOP_UNKNOWN)
		findings_why(o, h->why != NULL ? h->why : "");
	put_quote(o, h);
}

static void put_refusal(struct js parent, const struct path_result *p)
{
	struct js o;

	if (p->refused_why == NULL) {
		js_put_null(parent, "refused");
		return;
	}
	o = js_put_object(parent, "refused");
	findings_ip(o, "by", &p->refused_by);
	js_put_text(o, "why", p->refused_why);
}

static void put_path(struct js parent, const struct natmap_result *r)
{
	const struct path_result *p = &r->path;
	struct js o = js_put_object(parent, "path"), list;

	put_positive(o, "rtt_ms", r->rtt_ms);
	if (p->reached)
		js_put_int(o, "boxes", p->count);
	else
		js_put_null(o, "boxes");
	put_number(o, "boxes_back", p->back);
	put_refusal(o, p);
	list = js_put_array(o, "hops");
	for (unsigned i = 0; i < p->count; i++)
		map_json_hop(js_add_object(list), p, i);
	js_put_bool(o, "enumerated", p->enumerated);
	if (p->enumeration_why != NULL)
		js_put_text(o, "why", p->enumeration_why);
	findings_measured(o, "silence", &p->silence);
}

static void put_cost(struct js parent, const struct path_result *p)
{
	struct js o = js_put_object(parent, "cost");

	js_put_int(o, "packets_out", (int64_t)p->packets_out);
	js_put_int(o, "packets_in", (int64_t)p->packets_in);
	js_put_int(o, "mappings_peak", p->flows_peak);
}

void map_json_public(struct js list, const struct natmap_result *r)
{
	char text[ADDR_TEXT];

	for (unsigned i = 0; i < r->public_count; i++)
		js_add_text(list, addr_text_ip(&r->public_addrs[i], text));
}

static void put_nat64(struct js parent, const struct addr *prefix)
{
	char text[ADDR_TEXT + 8], addr[ADDR_TEXT];

	snprintf(text, sizeof(text), "%s/%u", addr_text_ip(prefix, addr), prefix->port);
	js_put_text(parent, "nat64", addr_is_any(prefix) ? NULL : text);
}

void map_json_verdict(struct js o, const struct natmap_result *r)
{
	js_put_text(o, "verdict", natmap_verdict_name(r->verdict));
	findings_p(o, r->p);
	js_put_int(o, "nats", r->nats);
	js_put_bool(o, "nats_at_least", r->nats_at_least);
	put_number(o, "carrier_hop", r->carrier_hop);
	js_put_bool(o, "vpn", r->vpn);
	put_nat64(o, &r->nat64);
}

void map_json_evidence(struct js o, const struct natmap_evidence *e)
{
	js_put_text(o, "sign", natmap_sign_name(e->sign));
	findings_ip(o, "address", &e->address);
	put_number(o, "hop", e->hop);
	js_put_bool(o, "against", e->against);
	js_put_text(o, "text", e->text);
}

struct js map_report_json(const struct map_report *rep, bool *failed)
{
	const struct natmap_result *r = rep->result;
	struct js o =
		findings_report(MAP_SCHEMA, rep->started_unix, rep->elapsed_s, r->complete, failed);
	struct js list;

	if (!r->complete)
		js_put_text(o, "why", map_cut_words(r));
	put_options(o, rep->options);
	put_server(o, rep);
	findings_ip(o, "local", map_local(r));
	map_json_public(js_put_array(o, "public"), r);
	map_json_verdict(o, r);
	list = js_put_array(o, "gateways");
	for (unsigned i = 0; i < r->gateway_count; i++)
		map_json_gateway(js_add_object(list), r, i);
	put_path(o, r);
	list = js_put_array(o, "evidence");
	for (unsigned i = 0; i < r->evidence_count; i++)
		map_json_evidence(js_add_object(list), &r->evidence[i]);
	put_cost(o, &r->path);
	return o;
}
