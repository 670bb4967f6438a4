/* What natprobe tells while it runs: events, the log of trials, and the progress bar. */
#ifndef NATPROBE_WATCH_H
#define NATPROBE_WATCH_H

#include "core/probe/both.h"
#include "face/progress.h"
#include "report.h"

/**
 * struct watched - What has been told of one family, so that only news is told
 */
struct watched {
	unsigned evidence;
	enum tri nat;
	enum nat_class mapping, filtering;
	enum port_pattern ports;
	enum quota_policy quota;
	struct measured timeouts[STATE_COUNT];
};

/**
 * struct watch - Told once per turn of the loop
 * @both:	Borrowed
 * @events:	Where events go, or NULL
 * @verbose:	Each trial becomes a line on standard error
 * @next:	When to look again: looking costs a posterior
 */
struct watch {
	struct probe_both *both;
	FILE *events;
	bool verbose;
	struct progress progress;
	nk_time started, next;
	struct watched told[2];
};

/* run_options.on_turn; @watch is a struct watch. */
void watch_turn(void *watch, nk_time now);

/* The first event. */
void watch_start(struct watch *w, const struct report *r, nk_time now);

/* What has not been told yet, and the end of the progress bar. */
void watch_end(struct watch *w, nk_time now);

/* The last event, which holds the report. */
void watch_report(struct watch *w, const struct report *r);

#endif
