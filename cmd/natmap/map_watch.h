/* What the map tells while it is made: events, the quick part for people, and a progress bar. */
#ifndef NATMAP_MAP_WATCH_H
#define NATMAP_MAP_WATCH_H

#include "core/natmap/natmap.h"
#include "face/progress.h"
#include "map_report.h"

/**
 * struct map_watch - Told once per turn of the loop
 * @map:	Borrowed
 * @report:	What is printed of it; its times are kept up
 * @upnp_fd:	Our end of the line to the UPnP worker, which the run asks for
 * @events:	Where events go, or NULL
 * @early:	Where the quick part is printed as soon as it is there, or NULL
 * @shown:	It was
 * @told:	What events have told
 * @next:	When to look again
 */
struct map_watch {
	struct natmap *map;
	struct map_report *report;
	int upnp_fd;
	FILE *events, *early;
	bool shown;
	struct progress progress;
	nk_time started, next;
	struct natmap_result told;
};

/* run_options.on_turn; @watch is a struct map_watch. */
void map_watch_turn(void *watch, nk_time now);

/* The first event. */
void map_watch_start(struct map_watch *w, nk_time now);

/* What has not been told yet, and the end of the progress bar. */
void map_watch_end(struct map_watch *w, nk_time now);

/* The last event, which holds the report. */
void map_watch_report(struct map_watch *w);

#endif
