/*
 * The user's command, run by sh(1) once for each real change of a target's public address.
 *
 * One at a time. What happens meanwhile is not queued: the next run tells how it is by then, and if
 * that is what was told last there is none.
 */
#ifndef NATKEEPALIVE_EXEC_H
#define NATKEEPALIVE_EXEC_H

#include "core/keeper/options.h"
#include "core/keeper/result.h"
#include "desk/hook.h"

/**
 * struct exec_state - How it is with a target
 * @known:	Else nothing has happened yet
 * @mapped:	Its public address while @up, and the last one after that
 */
struct exec_state {
	bool known, up;
	struct addr mapped, local;
};

/**
 * struct exec - The command
 * @options:	Names the targets; borrowed
 * @now, @told:	How it is, and what the command was told last
 * @next:	The target whose turn is next
 */
struct exec {
	struct hook hook;
	const struct keeper_options *options;
	struct exec_state now[KEEPER_TARGETS_MAX], told[KEEPER_TARGETS_MAX];
	unsigned next;
};

/* Something happened. */
void exec_note(struct exec *e, const struct keeper_event *ev);

/* To be called once a turn: reaps what has ended, and runs what is due. */
void exec_turn(struct exec *e);

/* The run has ended: waits for what is running, and if @all for what is due, too. */
void exec_end(struct exec *e, bool all);

#endif
