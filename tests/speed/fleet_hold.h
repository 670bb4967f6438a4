/*
 * Registered hosts that keep themselves alive, in a closed loop: who is not answered holds back what
 * others send, so a broker is asked no more than it answers, and being slow shows as being late.
 */
#ifndef SPEED_FLEET_HOLD_H
#define SPEED_FLEET_HOLD_H

#include "fleet_join.h"
#include "fleet_members.h"
#include "fleet_ring.h"

/**
 * struct fleet_plan - What to play
 * @turns:	Each sends an interval after the broker's packet; else each asks once in an interval
 * @interval, @length: How long between two, and in all
 * @join_from, @join_per_s: When hosts begin to join, and how fast
 * @ring_at:	When keys are rung
 */
struct fleet_plan {
	bool turns;
	nk_time interval, length;
	nk_time join_from, ring_at;
	uint32_t join_per_s;
};

/**
 * struct fleet_counts - What came of it
 * @sent, @answered: Keepalive frames
 * @hellos, @refreshed: Long ones, after a frame was not answered in time
 * @lost:	Members whose hellos were in vain until they gave up; @forgotten: whom the broker did not know
 * @late_ms:	The most by which a packet left too late
 * @slowest:	Of all answers
 * @wrong:	What came and was none of these
 */
struct fleet_counts {
	uint64_t sent, answered, hellos, refreshed, lost, forgotten, wrong;
	uint32_t late_ms, slowest_ms;
};

/* All rolled members are registered. @ring may be NULL. */
struct fleet_counts fleet_hold(const struct fleet_plan *plan, struct fleet_members *members,
			       struct fleet_join *join, struct fleet_ring *ring);

#endif
