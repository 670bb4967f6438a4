#include "open_watch.h"

#include <stdio.h>

#include "face/findings.h"
#include "face/format.h"
#include "face/log.h"
#include "port_json.h"
#include "port_words.h"

static enum tone tone_of(enum gate_state s)
{
	if (s == GATE_OPEN || s == GATE_ACCEPTED)
		return TONE_GOOD;
	return s == GATE_SHUT || s == GATE_FAILED ? TONE_BAD : TONE_DOUBT;
}

static void tell_person(struct open_watch *w, const struct gate_result *r)
{
	const struct portmap_mapping *m = &r->mapping;
	const struct addr public = gate_public(r);
	char pair[PORT_WORDS], standing[PORT_WORDS];

	port_pair(pair, m->ip_protocol, &public, &m->internal);
	port_standing(standing, r);
	port_tell_written(&w->tell,
			  printf("%s: %s%s%s\n", pair, style_tone(&w->style, tone_of(r->state)),
				 standing, style_tone(&w->style, TONE_PLAIN)) >= 0);
}

/* Of a mapping that was open, and is there no more. */
static bool is_lost(const struct porter_event *e)
{
	return e->now.state == GATE_ASKING && e->before.state != GATE_ASKING;
}

/* Also of one that nobody got in by. */
static bool is_removed(const struct porter_event *e)
{
	return e->now.mapping.state == PORTMAP_GONE && e->before.mapping.state != PORTMAP_GONE;
}

static bool is_renewed(const struct porter_event *e)
{
	return e->now.state == e->before.state &&
	       e->now.mapping.renewals != e->before.mapping.renewals;
}

static const char *name_of(const struct porter_event *e)
{
	if (is_removed(e))
		return "removed";
	if (is_lost(e))
		return "lost";
	return is_renewed(e) ? "renewed" : gate_state_name(e->now.state);
}

static void tell_program(struct open_watch *w, const struct porter_event *e)
{
	bool failed;
	struct js o = findings_event(name_of(e), nk_seconds(e->at - w->tell.started), &failed);

	port_put_gate(js_put_object(o, "port"), &e->now, e->at);
	port_tell_event(&w->tell, o);
}

/* What is wrong, whoever reads standard output: @told what people are, the reason too. */
static void warn(const struct porter_event *e, bool told)
{
	const struct portmap_mapping *m = &e->now.mapping;
	char text[PORT_WORDS], gateway[ADDR_TEXT];

	addr_text_ip(&m->gateway, gateway);
	if (e->now.state == GATE_FAILED || e->now.state == GATE_SHUT)
		log_line(e->now.state == GATE_FAILED ? LEVEL_ERROR : LEVEL_WARNING,
			 "%s %u on %s is not open%s%s", port_transport(m->ip_protocol),
			 m->internal.port, gateway, told ? "" : ": ",
			 told ? "" : port_reason(text, &e->now));
	else if (is_lost(e))
		log_line(LEVEL_WARNING, "the gateway %s has lost %s %u, which is asked for again",
			 gateway, port_transport(m->ip_protocol), m->internal.port);
}

/* By its address: it may be one that this machine had. */
static void warn_of_rest(const struct portmap_mapping *m)
{
	char internal[ADDR_TEXT], gateway[ADDR_TEXT];

	log_line(
		LEVEL_WARNING,
		"%s %u of %s could not be removed from %s, and stays open until its lifetime ends; "
		"natmap close tries again",
		port_transport(m->ip_protocol), m->internal.port,
		addr_text_ip(&m->internal, internal), addr_text_ip(&m->gateway, gateway));
}

void open_watch_event(struct open_watch *w, const struct porter_event *e)
{
	if (w->tell.format == FORMAT_EVENTS)
		tell_program(w, e);
	else if (w->tell.format == FORMAT_TEXT && !is_renewed(e) && e->now.state != GATE_ASKING)
		tell_person(w, &e->now);
	if (is_removed(e) && e->now.mapping.left_behind)
		warn_of_rest(&e->now.mapping);
	if (!is_removed(e))
		warn(e, w->tell.format == FORMAT_TEXT);
}

void open_watch_end(struct open_watch *w, const struct porter *p, nk_time now, bool complete)
{
	bool failed;
	struct js o =
		port_report("open", w->tell.started_unix, now - w->tell.started, complete, &failed);
	struct js list = js_put_array(o, "ports");

	for (unsigned i = 0; i < w->count; i++)
		port_put_gate(js_add_object(list), porter_gate(p, i), now);
	port_tell_end(&w->tell, o, now);
}
