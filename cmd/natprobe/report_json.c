#include "report_json.h"

#include "advice.h"
#include "face/findings.h"
#include "report.h"

#define CONTROL_BITS 8

static void put_tri(struct js parent, const char *key, enum tri answer)
{
	if (answer == TRI_UNKNOWN)
		js_put_null(parent, key);
	else
		js_put_bool(parent, key, answer == TRI_YES);
}

void json_fact(struct js parent, const char *key, const struct fact *f)
{
	struct js o = js_put_object(parent, key);

	put_tri(o, "value", f->answer);
	findings_p(o, f->p);
	js_put_int(o, "trials", f->trials);
	if (f->answer == TRI_UNKNOWN)
		findings_why(o, f->why);
}

void json_class(struct js parent, const char *key, const struct class_finding *c)
{
	struct js o = js_put_object(parent, key), votes;
	unsigned trials = 0;

	js_put_text(o, "class", nat_class_name(c->cls));
	findings_p(o, c->p);
	for (int i = CLASS_UNKNOWN + 1; i < CLASS_COUNT; i++)
		trials += c->votes[i];
	js_put_int(o, "trials", trials);
	votes = js_put_object(o, "votes");
	for (int i = 0; i < CLASS_COUNT; i++)
		js_put_int(votes, nat_class_name((enum nat_class)i), c->votes[i]);
	js_put_bool(o, "consistent", !c->inconsistent);
	if (c->cls == CLASS_UNKNOWN || c->why[0] != '\0')
		findings_why(o, c->why);
}

void json_ports(struct js parent, const char *key, const struct ports_finding *p)
{
	struct js o = js_put_object(parent, key), range;

	js_put_text(o, "pattern", port_pattern_name(p->pattern));
	findings_p(o, p->p);
	js_put_int(o, "trials", p->trials);
	js_put_int(o, "kept", p->kept);
	js_put_int(o, "parity_kept", p->parity);
	if (p->pattern == PORTS_SEQUENTIAL)
		js_put_int(o, "step", p->step);
	if (p->trials > 0) {
		range = js_put_array(o, "range");
		js_add_int(range, p->lo);
		js_add_int(range, p->hi);
	}
	if (p->pattern == PORTS_UNKNOWN)
		findings_why(o, p->why);
}

void json_quota(struct js parent, const char *key, const struct quota_finding *q)
{
	struct js o = js_put_object(parent, key);

	js_put_text(o, "policy", quota_policy_name(q->policy));
	if (q->policy == QUOTA_UNKNOWN) {
		js_put_null(o, "value");
		js_put_text(o, "why", "not tested");
	} else if (q->policy == QUOTA_NONE_SEEN) {
		js_put_null(o, "value");
		if (q->held > 0)
			js_put_int(o, "at_least", q->held);
	} else {
		js_put_int(o, "value", q->value);
	}
	findings_p(o, q->p);
}

/* The copies, or the controls, that came: as a list of their numbers from 0. */
static void put_bits(struct js o, const char *key, unsigned bits)
{
	struct js list = js_put_array(o, key);

	for (unsigned i = 0; i < CONTROL_BITS; i++) {
		if (bits >> i & 1)
			js_add_int(list, i);
	}
}

void json_evidence(struct js o, const struct evidence *e, enum addr_family family)
{
	const bool timed = e->kind == EVIDENCE_LIFETIME || e->kind == EVIDENCE_REFRESH ||
			   e->kind == EVIDENCE_ICMP;

	js_put_text(o, "kind", evidence_kind_name(e->kind));
	js_put_text(o, "family", family == ADDR_V6 ? "ipv6" : "ipv4");
	if (e->kind == EVIDENCE_LIFETIME)
		js_put_text(o, "state", traffic_state_name(e->state));
	js_put_text(o, "verdict", verdict_name(e->verdict));
	js_put_seconds(o, "at_s", e->at_s);
	if (timed)
		js_put_seconds(o, "gap_s", e->gap_s);
	js_put_int(o, "local_port", e->local_port);
	findings_addr(o, "server", &e->server);
	findings_addr(o, "mapped", &e->mapped);
	put_bits(o, "copies", e->copies);
	put_bits(o, "controls", e->controls);
	if (e->verdict == VERDICT_VOID && e->why != NULL)
		js_put_text(o, "why", e->why);
}

static void put_pooling(struct js parent, const struct probe_result *r)
{
	struct js o = js_put_object(parent, "pooling");

	js_put_text(o, "class", pooling_name(r->pooling));
	js_put_int(o, "trials", r->pooling_trials);
}

static void put_hairpin(struct js parent, const struct probe_result *r)
{
	struct js o = js_put_object(parent, "hairpin");

	put_tri(o, "value", r->hairpin.answer);
	findings_p(o, r->hairpin.p);
	js_put_int(o, "trials", r->hairpin.trials);
	if (r->hairpin.answer == TRI_YES)
		js_put_text(o, "source", r->hairpin_internal_source ? "internal" : "external");
	if (r->hairpin.answer == TRI_UNKNOWN)
		findings_why(o, r->hairpin.why);
}

static void put_timeouts(struct js parent, const struct probe_result *r)
{
	struct js o = js_put_object(parent, "timeouts");

	for (int s = 0; s < STATE_COUNT; s++)
		findings_measured(o, traffic_state_name((enum traffic_state)s), &r->timeouts[s]);
}

static void put_curves(struct js parent, const struct probe_result *r)
{
	struct js all = js_put_object(parent, "curves");

	for (int s = 0; s < STATE_COUNT; s++) {
		const struct survival_curve *c = &r->curves[s];
		struct js o = js_put_object(all, traffic_state_name((enum traffic_state)s));
		struct js t = js_put_array(o, "t_s"), p = js_put_array(o, "p");

		for (unsigned i = 0; i < c->count && i < PROBE_CURVE_POINTS; i++) {
			js_add_seconds(t, c->t[i]);
			js_add_number(p, c->p[i]);
		}
	}
}

static void put_keepalive(struct js parent, const struct probe_result *r)
{
	struct js o = js_put_object(parent, "keepalive");
	struct keepalive k;

	if (advice_keepalive(r, &k)) {
		js_put_seconds(o, "value", k.interval_s);
		js_put_text(o, "unit", "s");
		js_put_text(o, "state", traffic_state_name(k.state));
	} else {
		js_put_null(o, "value");
		js_put_text(o, "unit", "s");
		js_put_text(o, "why", "no timeout is known");
	}
}

static void put_requirements(struct js parent, const struct probe_result *r)
{
	struct requirement list[ADVICE_REQUIREMENTS_MAX];
	const unsigned count = advice_requirements(r, list);
	struct js all = js_put_array(parent, "rfc4787");

	for (unsigned i = 0; i < count; i++) {
		struct js o = js_add_object(all);

		js_put_text(o, "requirement", list[i].name);
		js_put_text(o, "level", list[i].level);
		js_put_text(o, "about", list[i].about);
		js_put_text(o, "verdict", requirement_verdict_name(list[i].verdict));
		if (list[i].finding[0] != '\0')
			js_put_text(o, "finding", list[i].finding);
	}
}

static void put_cost(struct js parent, const struct probe_result *r)
{
	struct js path = js_put_object(parent, "path"), loss, cost;

	if (r->rtt_ms > 0)
		js_put_number(path, "rtt_ms", r->rtt_ms);
	else
		js_put_null(path, "rtt_ms");
	loss = js_put_object(path, "loss");
	if (r->loss_trials > 0)
		js_put_number(loss, "value", r->loss);
	else
		js_put_null(loss, "value");
	js_put_int(loss, "trials", r->loss_trials);

	cost = js_put_object(parent, "cost");
	js_put_int(cost, "packets_out", (int64_t)r->packets_out);
	js_put_int(cost, "packets_in", (int64_t)r->packets_in);
	js_put_int(cost, "sent_bytes", (int64_t)r->bytes_out);
	js_put_int(cost, "received_bytes", (int64_t)r->bytes_in);
	js_put_int(cost, "mappings_peak", r->mappings_peak);
}

static void put_public(struct js list, const struct probe_result *r)
{
	char text[ADDR_TEXT];

	for (unsigned i = 0; i < r->public_count && i < PROBE_PUBLIC_MAX; i++)
		js_add_text(list, addr_text_ip(&r->public_addrs[i], text));
}

/* .udp and .icmp, or .udp6 and .icmp6. */
static void put_family(struct js parent, const char *udp, const char *icmp,
		       const struct probe_result *r)
{
	struct js o = js_put_object(parent, udp), sub;

	js_put_text(o, "family", r->family == ADDR_V6 ? "ipv6" : "ipv4");
	findings_ip(o, "local", &r->local);
	put_public(js_put_array(o, "public"), r);
	json_fact(o, "nat", &r->nat);
	json_fact(o, "firewall", &r->firewall);
	json_class(o, "mapping", &r->mapping);
	json_class(o, "filtering", &r->filtering);
	json_ports(o, "ports", &r->ports);
	put_pooling(o, r);
	put_hairpin(o, r);
	sub = js_put_object(o, "fragments");
	json_fact(sub, "outbound", &r->fragments_out);
	json_fact(sub, "inbound", &r->fragments_in);
	json_fact(o, "alg", &r->alg);
	put_timeouts(o, r);
	sub = js_put_object(o, "refresh");
	json_fact(sub, "outbound", &r->refresh_out);
	json_fact(sub, "inbound", &r->refresh_in);
	json_quota(o, "quota", &r->quota);
	put_keepalive(o, r);
	put_requirements(o, r);
	put_curves(o, r);
	put_cost(o, r);
	findings_measured(js_put_object(parent, icmp), "query_timeout", &r->icmp_query);
}

static void put_server(struct js parent, const struct report *rep)
{
	const struct probe_result *r = rep->main;
	struct js o = js_put_object(parent, "server");

	js_put_text(o, "name", rep->server_name);
	findings_addr(o, "address", &r->server);
	findings_addr(o, "other_address", &r->other_address);
	js_put_text(o, "software", r->software[0] != '\0' ? r->software : NULL);
	js_put_bool(o, "probe_service", r->probe_service);
	js_put_bool(o, "change_request", r->can_change);
	put_tri(o, "response_port", r->response_port);
}

static void put_gateways(struct js list, const struct report *r)
{
	for (unsigned i = 0; i < r->gateway_count; i++) {
		struct js o = js_add_object(list);

		findings_ip(o, "gateway", &r->gateways[i].gateway);
		findings_ip(o, "local", &r->gateways[i].local);
		findings_offers(o, "protocols", &r->gateways[i]);
	}
}

static void put_faults(struct js list, const struct probe_result *r)
{
	for (unsigned i = 0; i < r->fault_count && i < PROBE_FAULTS_MAX; i++) {
		struct js o = js_add_object(list);

		js_put_text(o, "fault", fault_name(r->faults[i].kind));
		findings_addr(o, "server", &r->faults[i].server);
		js_put_int(o, "count", r->faults[i].count);
	}
}

static void put_evidence(struct js list, const struct probe_result *r)
{
	for (unsigned i = 0; i < r->evidence_count && i < PROBE_EVIDENCE_MAX; i++)
		json_evidence(js_add_object(list), &r->evidence[i], r->family);
}

static void put_options(struct js parent, const struct probe_options *p)
{
	struct js o = js_put_object(parent, "options");

	js_put_seconds(o, "max_s", nk_seconds(p->max));
	js_put_number(o, "resolution", p->resolution);
	js_put_int(o, "mappings", p->mappings);
	js_put_number(o, "pace_ms", nk_seconds(p->pace) * 1e3);
	js_put_bool(o, "quick", p->quick);
	js_put_bool(o, "hairpin", p->hairpin);
}

struct js json_report(const struct report *r, bool *failed)
{
	struct js o = findings_report(REPORT_SCHEMA, r->started_unix, r->elapsed_s,
				      report_complete(r), failed);
	struct js list;

	if (!report_complete(r))
		js_put_text(o, "why", report_cut_why(r));
	put_options(o, r->options);
	put_server(o, r);
	js_put_text(o, "interface", r->interface[0] != '\0' ? r->interface : NULL);
	findings_ip(o, "local", &r->main->local);
	list = js_put_array(o, "public");
	put_public(list, r->main);
	if (r->other != NULL)
		put_public(list, r->other);
	put_tri(o, "nat", r->main->nat.answer);
	put_family(o, "udp", "icmp", r->main);
	if (r->other != NULL)
		put_family(o, "udp6", "icmp6", r->other);
	put_gateways(js_put_array(o, "gateways"), r);
	list = js_put_array(o, "faults");
	put_faults(list, r->main);
	if (r->other != NULL)
		put_faults(list, r->other);
	list = js_put_array(o, "evidence");
	put_evidence(list, r->main);
	if (r->other != NULL)
		put_evidence(list, r->other);
	js_put_int(o, "evidence_lost",
		   r->main->evidence_lost + (r->other != NULL ? r->other->evidence_lost : 0));
	return o;
}

int report_json(FILE *out, const struct report *r, bool pretty)
{
	bool failed;
	const struct js root = json_report(r, &failed);
	const int status = js_print(root, out, pretty);

	js_free(root);
	return status;
}
