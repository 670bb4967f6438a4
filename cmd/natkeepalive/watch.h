/* What natkeepalive tells while it runs: events for programs, and messages for people. */
#ifndef NATKEEPALIVE_WATCH_H
#define NATKEEPALIVE_WATCH_H

#include "report.h"

/**
 * struct watch - What is told, and to whom
 * @events:	Where events go, or NULL
 * @talks:	Messages on what goes well are wanted
 * @was_up:	Of each target: the next time it is back
 * @floor_told:	That packets are sent more often than one should
 * @error:	The errno of the first event that could not be written, or 0
 */
struct watch {
	const struct keeper_options *options;
	FILE *events;
	bool talks;
	nk_time started;
	bool was_up[KEEPER_TARGETS_MAX];
	bool floor_told;
	int error;
};

/* The first event. */
void watch_start(struct watch *w, int64_t started_unix);

/* Tells what happened. */
void watch_event(struct watch *w, const struct keeper_event *e);

/* The last event, which holds the report. */
void watch_end(struct watch *w, const struct report *r);

#endif
