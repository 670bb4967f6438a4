/* Plain STUN Binding requests as fast as they leave, from many hosts in turn. */
#ifndef SPEED_FLEET_FLOOD_H
#define SPEED_FLEET_FLOOD_H

#include "base/time.h"
#include "fleet_tun.h"

/**
 * struct fleet_flood - What came of it
 * @sent:	In @took
 * @answers:	That the server sent; of them @looked_at, the others were not taken from the kernel;
 *		@wrong of these
 */
struct fleet_flood {
	uint64_t sent, answers, looked_at, wrong;
	nk_time took;
};

struct fleet_flood fleet_flood(struct fleet_tun *t, uint32_t hosts, nk_time length);

#endif
