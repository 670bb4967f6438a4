#include "watch.h"

#include <errno.h>

#include "face/findings.h"
#include "face/log.h"
#include "words.h"

static void end(struct watch *w, struct js o)
{
	if ((js_print(o, w->events, false) != 0 || fflush(w->events) != 0) && w->error == 0)
		w->error = errno;
	js_free(o);
}

static bool has_addresses(const struct keeper_event *e)
{
	return e->kind == KEEPER_EVENT_UP || e->kind == KEEPER_EVENT_CHANGED ||
	       e->kind == KEEPER_EVENT_LOST;
}

static void tell_program(struct watch *w, const struct keeper_event *e)
{
	bool failed;
	struct js o =
		findings_event(word_of_event(e->kind), nk_seconds(e->at - w->started), &failed);

	if (e->target < w->options->target_count)
		js_put_text(o, "target", w->options->targets[e->target].name);
	if (has_addresses(e)) {
		if (e->kind == KEEPER_EVENT_LOST)
			js_put_null(o, "public");
		else
			report_put_addr(o, "public", &e->mapped);
		report_put_addr(o, "before", &e->before);
		report_put_addr(o, "local", &e->local);
	}
	if (e->kind == KEEPER_EVENT_INTERVAL)
		js_put_seconds(o, "interval_s", nk_seconds(e->interval));
	end(w, o);
}

static void tell_person(const struct watch *w, const struct keeper_event *e)
{
	const char *name = e->target < w->options->target_count
				   ? w->options->targets[e->target].name
				   : "all targets";
	char now[ADDR_TEXT], before[ADDR_TEXT], every[32];

	switch (e->kind) {
	case KEEPER_EVENT_UP:
		log_line(LEVEL_INFO, "%s sees us at %s%s", name, addr_text(&e->mapped, now),
			 w->was_up[e->target] ? " again" : "");
		break;
	case KEEPER_EVENT_CHANGED:
		log_line(LEVEL_INFO, "%s sees us at %s now, no longer at %s", name,
			 addr_text(&e->mapped, now), addr_text(&e->before, before));
		break;
	case KEEPER_EVENT_INTERVAL:
		log_line(LEVEL_INFO, "%s: every %s from now on", name,
			 words_for_time(every, sizeof(every), e->interval));
		break;
	case KEEPER_EVENT_NETWORK:
		log_line(LEVEL_INFO, "the network is another one, or the machine was asleep");
		break;
	case KEEPER_EVENT_LOST:
		break;
	}
}

static void warn_of_floor(struct watch *w, nk_time interval)
{
	char every[32];

	if (w->floor_told || w->options->algorithm != KEEPALIVE_LEARNED ||
	    interval >= w->options->floor)
		return;
	w->floor_told = true;
	log_line(LEVEL_WARNING,
		 "the NAT forgets so soon that packets are sent every %s, more often than every "
		 "15 s (RFC 8085); --floor 15s would let mappings be lost",
		 words_for_time(every, sizeof(every), interval));
}

/* What is wrong, whoever wants to hear it or not. */
static void warn(struct watch *w, const struct keeper_event *e)
{
	if (e->kind == KEEPER_EVENT_LOST)
		log_line(LEVEL_WARNING, "%s %s%s",
			 e->local.port != 0 ? "no answer from" : "nothing could be sent to",
			 w->options->targets[e->target].name,
			 w->was_up[e->target] ? " any more" : "");
	if (e->kind == KEEPER_EVENT_INTERVAL)
		warn_of_floor(w, e->interval);
}

void watch_event(struct watch *w, const struct keeper_event *e)
{
	if (w->events != NULL)
		tell_program(w, e);
	warn(w, e);
	if (w->talks)
		tell_person(w, e);
	if (e->kind == KEEPER_EVENT_UP)
		w->was_up[e->target] = true;
}

void watch_start(struct watch *w, int64_t started_unix)
{
	struct js o, list;
	bool failed;

	if (w->events == NULL)
		return;
	o = findings_start(REPORT_SCHEMA, started_unix, &failed);
	list = js_put_array(o, "targets");
	for (unsigned i = 0; i < w->options->target_count; i++)
		js_add_text(list, w->options->targets[i].name);
	end(w, o);
}

void watch_end(struct watch *w, const struct report *r)
{
	bool failed;

	if (w->events != NULL)
		end(w, findings_done(report_json(r, &failed), nk_seconds(r->result->elapsed)));
}
