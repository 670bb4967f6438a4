#include "map_watch.h"

#include <math.h>

#include "face/findings.h"
#include "map_json.h"

#define LOOK_EVERY (100 * NK_MS)
#define P_CHANGE   0.05 /* of the verdict, to be told */

static struct js begin(const struct map_watch *w, const char *name, nk_time now, bool *failed)
{
	return findings_event(name, nk_seconds(now - w->started), failed);
}

static void end(const struct map_watch *w, struct js o)
{
	js_print(o, w->events, false);
	js_free(o);
}

static bool same_offers(const struct portmap_gateway *a, const struct portmap_gateway *b)
{
	for (int p = 0; p < PORTMAP_PROTOCOLS; p++)
		if (a->offer[p].answers != b->offer[p].answers ||
		    a->offer[p].usable != b->offer[p].usable ||
		    !addr_eq(&a->offer[p].external, &b->offer[p].external))
			return false;
	return true;
}

/* The interval is not looked at by itself: with the round trip it changes all the time, a little. */
static bool same_hop(const struct hop *a, const struct hop *b)
{
	return addr_eq(&a->address, &b->address) && a->by_route == b->by_route &&
	       a->state == b->state && a->timeout.value == b->timeout.value;
}

static void tell_gateways(struct map_watch *w, const struct natmap_result *r, nk_time now)
{
	bool failed;

	for (unsigned i = 0; i < r->gateway_count; i++) {
		struct js o;

		if (same_offers(&w->told.gateways[i], &r->gateways[i]))
			continue;
		o = begin(w, "gateway", now, &failed);
		map_json_gateway(o, r, i);
		end(w, o);
	}
}

static void tell_public(struct map_watch *w, const struct natmap_result *r, nk_time now)
{
	bool failed;
	struct js o;

	if (r->public_count == w->told.public_count)
		return;
	o = begin(w, "public", now, &failed);
	map_json_public(js_put_array(o, "public"), r);
	end(w, o);
}

static void tell_hops(struct map_watch *w, const struct natmap_result *r, nk_time now)
{
	bool failed;

	for (unsigned i = 0; i < r->path.count; i++) {
		struct js o;

		if (i < w->told.path.count && same_hop(&w->told.path.hops[i], &r->path.hops[i]))
			continue;
		o = begin(w, "hop", now, &failed);
		map_json_hop(o, &r->path, i);
		end(w, o);
	}
}

static bool same_verdict(const struct natmap_result *a, const struct natmap_result *b)
{
	return a->verdict == b->verdict && fabs(a->p - b->p) < P_CHANGE && a->nats == b->nats &&
	       a->nats_at_least == b->nats_at_least && a->carrier_hop == b->carrier_hop;
}

static void tell_verdict(struct map_watch *w, const struct natmap_result *r, nk_time now)
{
	bool failed;
	struct js o;

	if (same_verdict(&w->told, r))
		return;
	w->told.p = r->p;
	o = begin(w, "verdict", now, &failed);
	map_json_verdict(o, r);
	end(w, o);
}

/* The enumeration's packets end on the way too, by the thousand: those are of no use. */
static const struct natmap_result *result_of(struct map_watch *w)
{
	w->result = *natmap_result(w->map);
	if (w->capture != NULL && !w->result.quick_done)
		capture_read(w->capture, &w->quotes);
	quotes_apply(&w->quotes, &w->result);
	return &w->result;
}

static void look(struct map_watch *w, nk_time now)
{
	const struct natmap_result *r = result_of(w);
	double told_p;

	w->report->result = r;
	w->report->elapsed_s = nk_seconds(now - w->started);
	if (w->events != NULL) {
		tell_gateways(w, r, now);
		tell_public(w, r, now);
		tell_hops(w, r, now);
		tell_verdict(w, r, now);
		told_p = w->told.p;
		w->told = *r;
		w->told.p = told_p; /* small changes add up */
	}
	if (w->early != NULL && !w->shown && r->quick_done && natmap_status(w->map) == CORE_BUSY) {
		const struct style style = style_of(w->early);

		progress_clear(&w->progress);
		map_report_early(w->early, &style, w->report);
		fflush(w->early);
		w->shown = true;
	}
}

void map_watch_turn(void *watch, nk_time now)
{
	struct map_watch *w = watch;
	struct enumerate_progress p;

	if (now < w->next)
		return;
	w->next = now + LOOK_EVERY;
	look(w, now);
	natmap_progress(w->map, &p, now);
	progress_draw(&w->progress, p.done, p.stage, p.left_max);
}

void map_watch_start(struct map_watch *w, nk_time now)
{
	bool failed;

	w->started = now;
	if (w->events != NULL)
		end(w, findings_start(MAP_SCHEMA, w->report->started_unix, &failed));
}

void map_watch_end(struct map_watch *w, nk_time now)
{
	look(w, now);
	progress_clear(&w->progress);
}

void map_watch_report(struct map_watch *w)
{
	bool failed;

	end(w, findings_done(map_report_json(w->report, &failed), w->report->elapsed_s));
}
