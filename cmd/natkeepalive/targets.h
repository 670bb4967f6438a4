/* Names to addresses: at first, and again for a target that is lost. */
#ifndef NATKEEPALIVE_TARGETS_H
#define NATKEEPALIVE_TARGETS_H

#include "core/keeper/keeper.h"
#include "desk/server_list.h"
#include "settings.h"

/**
 * struct targets - Of a run
 * @list:	Where the names come from that nobody gave
 * @options:	Of the keeper: its targets are those found at first
 * @now:	What each is now; @family: what its name is looked up for
 * @lost:	And when it was looked up last
 * @asking:	The number of the one that is being looked up, by @fd; -1: none is
 * @wake:	An epoll descriptor for @fd
 */
struct targets {
	struct server_list list;
	struct keeper_options *options;
	struct addr now[KEEPER_TARGETS_MAX];
	enum addr_family family[KEEPER_TARGETS_MAX];
	bool lost[KEEPER_TARGETS_MAX];
	nk_time asked[KEEPER_TARGETS_MAX];
	unsigned asking;
	int fd, wake;
};

/* Sets the targets of @s->keeper, which is borrowed. Return: EXIT_YES, or the exit status to end with,
 * which has been told. targets_free() in either case. */
int targets_find(struct targets *t, struct settings *s);
void targets_free(struct targets *t);

/* Something happened to one. */
void targets_note(struct targets *t, const struct keeper_event *e);

/* To be called once a turn: looks up who is lost, and tells the keeper who is elsewhere now. */
void targets_turn(struct targets *t, struct keeper *k, nk_time now);

#endif
