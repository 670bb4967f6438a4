#include "face/findings.h"

#include "face/numbers.h"

static void put_run(struct js o, const char *schema, int64_t started_unix)
{
	char when[32];

	js_put_text(o, "schema", schema);
	js_put_text(o, "version", NK_VERSION);
	js_put_text(o, "started", date_text(when, sizeof(when), started_unix));
}

struct js findings_report(const char *schema, int64_t started_unix, double elapsed_s, bool complete,
			  bool *failed)
{
	struct js o = js_object(failed);

	put_run(o, schema, started_unix);
	js_put_seconds(o, "elapsed_s", elapsed_s);
	js_put_bool(o, "complete", complete);
	return o;
}

struct js findings_event(const char *name, double t_s, bool *failed)
{
	struct js o = js_object(failed);

	js_put_text(o, "event", name);
	js_put_seconds(o, "t_s", t_s);
	return o;
}

struct js findings_start(const char *schema, int64_t started_unix, bool *failed)
{
	struct js o = findings_event("start", 0, failed);

	put_run(o, schema, started_unix);
	return o;
}

struct js findings_done(struct js report, double t_s)
{
	const bool report_failed = *report.failed;
	struct js o = findings_event("done", t_s, report.failed);

	js_put_root(o, "report", report);
	*report.failed = *report.failed || report_failed;
	return o;
}

void findings_addr(struct js parent, const char *key, const struct addr *a)
{
	char text[ADDR_TEXT];

	js_put_text(parent, key, addr_is_any(a) ? NULL : addr_text(a, text));
}

void findings_ip(struct js parent, const char *key, const struct addr *a)
{
	char text[ADDR_TEXT];

	js_put_text(parent, key, addr_is_any(a) ? NULL : addr_text_ip(a, text));
}

void findings_p(struct js object, double p)
{
	if (p > 0)
		js_put_number(object, "p", p);
	else
		js_put_null(object, "p");
}

void findings_why(struct js object, const char *why)
{
	js_put_text(object, "why", why[0] != '\0' ? why : "not measured");
}

void findings_measured(struct js parent, const char *key, const struct measured *m)
{
	struct js o = js_put_object(parent, key), ci;

	if (m->known) {
		js_put_seconds(o, "value", m->value);
		ci = js_put_array(o, "ci95");
		js_add_seconds(ci, m->lo);
		js_add_seconds(ci, m->hi);
		if (m->varies)
			js_put_bool(o, "varies", true);
	} else {
		js_put_null(o, "value");
		js_put_null(o, "ci95");
		if (m->at_least > 0)
			js_put_seconds(o, "at_least", m->at_least);
	}
	js_put_text(o, "unit", "s");
	findings_p(o, m->p);
	js_put_int(o, "trials", m->trials);
	if (!m->known && (!(m->at_least > 0) || m->why[0] != '\0'))
		findings_why(o, m->why);
}

static void put_offer(struct js o, const struct portmap_offer *f, enum portmap_protocol p)
{
	js_put_bool(o, "answers", f->answers);
	js_put_bool(o, "usable", f->usable);
	js_put_text(o, "why", f->why == PORTMAP_OK ? NULL : portmap_why_name(f->why));
	if (f->code > 0)
		js_put_int(o, "code", f->code);
	else
		js_put_null(o, "code");
	findings_ip(o, "source", &f->source);
	if (!f->answers)
		return;
	js_put_int(o, "protocol_version", f->version);
	findings_ip(o, "external", &f->external);
	if (p != PORTMAP_UPNP)
		js_put_int(o, "epoch_s", f->epoch_s);
	js_put_bool(o, "pinholes", f->pinholes);
	if (f->rtt > 0)
		js_put_number(o, "rtt_ms", nk_seconds(f->rtt) * 1e3);
	else
		js_put_null(o, "rtt_ms");
	if (p == PORTMAP_UPNP)
		js_put_text(o, "device", f->device[0] != '\0' ? f->device : NULL);
}

void findings_offers(struct js parent, const char *key, const struct portmap_gateway *g)
{
	const struct js list = js_put_object(parent, key);

	for (enum portmap_protocol p = 0; p < PORTMAP_PROTOCOLS; p++)
		put_offer(js_put_object(list, portmap_protocol_name(p)), &g->offer[p], p);
}
