/*
 * natkeepalive's run: mappings kept open to many targets at the least cost, and what was learned of
 * the NAT meanwhile.
 */
#ifndef CORE_KEEPER_KEEPER_H
#define CORE_KEEPER_KEEPER_H

#include "base/crypto.h"
#include "core/core.h"
#include "core/keeper/options.h"
#include "core/keeper/result.h"

struct keeper; /* keeper_new() to keeper_free() */

/* Return: NULL without memory. @options is borrowed for the run's life, so is @rng. */
struct keeper *keeper_new(const struct keeper_options *options, struct rng *rng, nk_time now);
void keeper_free(struct keeper *k);

void keeper_input(struct keeper *k, const struct event *ev, nk_time now);
bool keeper_output(struct keeper *k, struct action *action, nk_time now);
nk_time keeper_deadline(const struct keeper *k);
/* CORE_DONE: stopped, or @once is answered. NK_ERR_UNREACHABLE: @once, and a target did not answer. */
int keeper_status(const struct keeper *k);

/* Takes the oldest event; false if there is none. The list is bounded: the oldest are dropped. */
bool keeper_next_event(struct keeper *k, struct keeper_event *out);

/* A target's name was looked up again, and is this now. */
void keeper_retarget(struct keeper *k, unsigned target, const struct addr *addr, nk_time now);

/* The NAT is another one than was thought, and this is what is known of it; all zero: nothing is. */
void keeper_believe(struct keeper *k, const struct keeper_belief *belief, nk_time now);

/* As it is now. */
void keeper_result(struct keeper *k, struct keeper_result *out, nk_time now);

extern const struct core_ops keeper_ops;

#endif
