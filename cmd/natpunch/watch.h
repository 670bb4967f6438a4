/* What natpunch tells while it runs: events for programs, and messages for people. */
#ifndef NATPUNCH_WATCH_H
#define NATPUNCH_WATCH_H

#include "report.h"

/**
 * struct watch - Told once per turn of the loop
 * @report:	Borrowed; @punch of it gives the events
 * @events:	Where events go, or NULL
 * @talks:	Messages on what goes well are wanted
 * @wants_bare:	Of this side, encryption is not wanted
 * @doubt:	There seems to be no direct path for this call, which has not been said; @call 0: none
 * @stranger:	Who rang last without being allowed to: one message for each is enough
 * @refused:	A line was too long to be sent
 */
struct watch {
	const struct report *report;
	struct natpunch *punch;
	FILE *events;
	bool talks, wants_bare, refused;
	struct natpunch_event doubt;
	uint8_t stranger[32];
};

/* The first event. */
void watch_start(const struct watch *w);

/* Tells what is new. */
void watch_turn(struct watch *w, nk_time now);

/* The last event, which holds the report. */
void watch_end(const struct watch *w);

#endif
