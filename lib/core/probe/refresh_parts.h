/* What the flows and their judge share. */
#ifndef CORE_PROBE_REFRESH_PARTS_H
#define CORE_PROBE_REFRESH_PARTS_H

#include "core/probe/refresh.h"

#define ASK_RETRY (200 * NK_MS)

static inline bool refresh_is_outbound(unsigned kind)
{
	return kind != REFRESH_IN;
}

/* Sets a flow up anew, on the same socket. */
void refresh_again(struct refresh *r, unsigned kind, nk_time now);

/* Nothing is known of what that flow was to tell. */
void refresh_undecide(struct refresh *r, unsigned kind);

/* An inbound flow may have died: of a timer that is known by now, or pushed out by a quota. */
void refresh_judge_death(struct refresh *r);

/* The lane whose timer rules the outbound flows, which nothing answers. */
const struct lane *refresh_outbound_lane(const struct refresh *r);

/*
 * The shortest that any timer of an outbound flow can be: some NATs go over to
 * another one with the second packet. INFINITY while none is known.
 */
double refresh_shortest(const struct refresh *r);

/*
 * Seconds that a mapping would live at most if nothing restarted its timer.
 * INFINITY while that is not known.
 */
double refresh_longest(const struct refresh *r, unsigned kind);

#endif
