/* What a call teaches of the way to its peer. */
#ifndef NATPUNCH_BELIEFS_LEARN_H
#define NATPUNCH_BELIEFS_LEARN_H

#include "core/belief/tactics.h"
#include "core/call/call.h"

/* @r: of a call of ours that is over. */
void beliefs_learn(struct tactics_belief *b, const struct call_report *r, nk_time now);

#endif
