/* What earlier runs say of the NAT's timeout, and what this one adds: kept by network. */
#ifndef NATKEEPALIVE_LEARNED_H
#define NATKEEPALIVE_LEARNED_H

#include "core/keeper/keeper.h"
#include "desk/timeouts.h"

/**
 * struct learned - Of the network of the first target
 * @interface:	Only through this one, or NULL; borrowed
 * @towards:	The first target
 * @trials:	Of the keeper's, so many were elsewhere
 * @result:	Room for what the keeper says of itself
 */
struct learned {
	struct timeouts timeouts;
	const char *interface;
	struct addr towards;
	unsigned trials;
	struct keeper_result result;
};

/* Sets what the options say of it. */
void learned_start(struct learned *l, struct keeper_options *o, const char *interface,
		   int64_t unix_us);

/* Something happened: the keeper forgets what was of another network, and what it has found out is
 * written. */
void learned_note(struct learned *l, struct keeper *k, const struct keeper_event *e,
		  int64_t unix_us);

/* The way out is another one, as the keeper was told: it begins with what is known of that network. What
 * it had found out before was saved. */
void learned_move(struct learned *l, struct keeper *k, nk_time now, int64_t unix_us);

/* Writes what the keeper has found out on this network, if that is anything new. */
void learned_save(struct learned *l, struct keeper *k, nk_time now, int64_t unix_us);

#endif
