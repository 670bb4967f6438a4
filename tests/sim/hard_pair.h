/* Two gatherers behind NATs that others use too, who exchange what they found and punch. */
#ifndef TESTS_SIM_HARD_PAIR_H
#define TESTS_SIM_HARD_PAIR_H

#include "core/punch/punch.h"
#include "gatherer.h"

/**
 * struct hard_plan - What to play
 * @nats:	[0] is the caller's
 * @foreign:	New mappings a second that others make on each
 * @link:	Both directions of each NAT to the internet
 * @hard:	Predict and birthday are allowed
 * @hints:	By side, where not all zero: instead of what was gathered
 */
struct hard_plan {
	uint64_t seed;
	struct nat_spec nats[2];
	unsigned foreign;
	struct link_spec link;
	bool hard;
	struct nat_hint hints[2];
};

/**
 * struct hard_result - What came of it
 * @connected:	Both say so; @took: from fire on; @by: the caller's tactic
 * @packets:	Hard ones of each side; @relay_likely: as the caller has it
 */
struct hard_result {
	bool connected;
	nk_time took;
	enum tactic by;
	unsigned packets[2];
	double relay_likely;
	struct nat_hint hints[2];
};

void hard_play(const struct hard_plan *plan, struct hard_result *out);

#endif
