#include "watch.h"

#include "face/findings.h"
#include "face/log.h"
#include "report_json.h"

#define LOOK_EVERY (200 * NK_MS)

/* One event: {"event":...,"t_s":...,"family":...}, to which the caller adds. */
static struct js begin(const struct watch *w, const char *name, const struct probe_result *r,
		       nk_time now, bool *failed)
{
	struct js o = findings_event(name, nk_seconds(now - w->started), failed);

	if (r != NULL)
		js_put_text(o, "family", r->family == ADDR_V6 ? "ipv6" : "ipv4");
	return o;
}

static void end(const struct watch *w, struct js o)
{
	js_print(o, w->events, false);
	js_free(o);
}

static void tell_trial(const struct watch *w, const struct evidence *e,
		       const struct probe_result *r, nk_time now)
{
	char server[ADDR_TEXT], gap[48] = "";
	bool failed;
	struct js o;

	if (w->events != NULL) {
		o = begin(w, "trial", NULL, now, &failed);
		json_evidence(o, e, r->family);
		end(w, o);
	}
	if (!w->verbose)
		return;
	if (e->kind == EVIDENCE_LIFETIME || e->kind == EVIDENCE_REFRESH || e->kind == EVIDENCE_ICMP)
		snprintf(gap, sizeof(gap), " after %.2f s", e->gap_s);
	log_line(LEVEL_INFO, "%8.2f s  %s%s%s port %u, server %s: %s%s%s%s",
		 nk_seconds(now - w->started), evidence_kind_name(e->kind),
		 e->kind == EVIDENCE_LIFETIME ? " " : "",
		 e->kind == EVIDENCE_LIFETIME ? traffic_state_name(e->state) : "", e->local_port,
		 addr_text(&e->server, server), verdict_name(e->verdict), gap,
		 e->why != NULL ? ", " : "", e->why != NULL ? e->why : "");
}

static bool same_measured(const struct measured *a, const struct measured *b)
{
	return a->known == b->known && a->value == b->value && a->lo == b->lo && a->hi == b->hi &&
	       a->at_least == b->at_least;
}

static bool class_changed(struct watched *told, const struct probe_result *r)
{
	const struct watched before = *told;

	told->nat = r->nat.answer;
	told->mapping = r->mapping.cls;
	told->filtering = r->filtering.cls;
	told->ports = r->ports.pattern;
	return before.nat != told->nat || before.mapping != told->mapping ||
	       before.filtering != told->filtering || before.ports != told->ports;
}

static void tell_class(const struct watch *w, const struct probe_result *r, nk_time now)
{
	bool failed;
	struct js o = begin(w, "classified", r, now, &failed);

	json_fact(o, "nat", &r->nat);
	json_class(o, "mapping", &r->mapping);
	json_class(o, "filtering", &r->filtering);
	json_ports(o, "ports", &r->ports);
	end(w, o);
}

static void tell_timeout(const struct watch *w, const struct probe_result *r, enum traffic_state s,
			 nk_time now)
{
	bool failed;
	struct js o = begin(w, "timeout", r, now, &failed);

	js_put_text(o, "state", traffic_state_name(s));
	findings_measured(o, "timeout", &r->timeouts[s]);
	end(w, o);
}

static void tell_quota(const struct watch *w, const struct probe_result *r, nk_time now)
{
	bool failed;
	struct js o = begin(w, "quota", r, now, &failed);

	json_quota(o, "quota", &r->quota);
	end(w, o);
}

/* Tells what is new in one family since the last look. */
static void look(struct watch *w, unsigned i, nk_time now)
{
	const struct probe_result *r = natprobe_result(w->both->run[i]);
	struct watched *told = &w->told[i];

	for (; told->evidence < r->evidence_count; told->evidence++)
		tell_trial(w, &r->evidence[told->evidence], r, now);
	if (w->events == NULL)
		return;
	if (class_changed(told, r))
		tell_class(w, r, now);
	if (told->quota != r->quota.policy) {
		told->quota = r->quota.policy;
		if (told->quota == QUOTA_REFUSES || told->quota == QUOTA_EVICTS)
			tell_quota(w, r, now);
	}
	for (int s = 0; s < STATE_COUNT; s++) {
		if (same_measured(&told->timeouts[s], &r->timeouts[s]))
			continue;
		told->timeouts[s] = r->timeouts[s];
		tell_timeout(w, r, (enum traffic_state)s, now);
	}
}

static void look_at_both(struct watch *w, nk_time now)
{
	if (w->events == NULL && !w->verbose)
		return;
	progress_clear(&w->progress);
	for (unsigned i = 0; i < 2; i++) {
		if (w->both->run[i] != NULL)
			look(w, i, now);
	}
}

void watch_turn(void *watch, nk_time now)
{
	struct watch *w = watch;
	struct natprobe_progress p;

	if (now < w->next)
		return;
	w->next = now + LOOK_EVERY;
	look_at_both(w, now);
	probe_both_progress(w->both, &p, now);
	progress_draw(&w->progress, p.done, p.stage, p.left_max);
}

void watch_start(struct watch *w, const struct report *r, nk_time now)
{
	bool failed;
	struct js o;

	w->started = now;
	if (w->events == NULL)
		return;
	o = findings_start(REPORT_SCHEMA, r->started_unix, &failed);
	js_put_text(o, "server", r->server_name);
	end(w, o);
}

void watch_end(struct watch *w, nk_time now)
{
	look_at_both(w, now);
	progress_clear(&w->progress);
}

void watch_report(struct watch *w, const struct report *r)
{
	bool failed;

	end(w, findings_done(json_report(r, &failed), r->elapsed_s));
}
