/* What the map tells while it is made: events, the quick part for people, and a progress bar. */
#ifndef NATMAP_MAP_WATCH_H
#define NATMAP_MAP_WATCH_H

#include "capture.h"
#include "core/natmap/natmap.h"
#include "face/progress.h"
#include "map_report.h"
#include "quotes.h"

struct upnp_worker;

/**
 * struct map_watch - Told once per turn of the loop
 * @map:	Borrowed
 * @capture:	What it sees of the quick part goes into @quotes; NULL: there is none
 * @result:	Of the map, with @quotes
 * @report:	What is printed of @result; its times are kept up
 * @upnp:	The UPnP worker, which the run asks for
 * @events:	Where events go, or NULL
 * @early:	Where the quick part is printed as soon as it is there, or NULL
 * @shown:	It was
 * @told:	What events have told
 * @next:	When to look again
 */
struct map_watch {
	struct natmap *map;
	struct capture *capture;
	struct quotes quotes;
	struct natmap_result result;
	struct map_report *report;
	struct upnp_worker *upnp;
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

/* What has not been told yet, and the end of the progress bar; @w->report has the result then. */
void map_watch_end(struct map_watch *w, nk_time now);

/* The last event, which holds the report. */
void map_watch_report(struct map_watch *w);

#endif
