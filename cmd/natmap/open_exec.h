/*
 * The user's command, run once for each real change of a port: one at a time, and what happens meanwhile is not
 * queued. The next run tells how it is by then, and if that is what was told last there is none.
 */
#ifndef NATMAP_OPEN_EXEC_H
#define NATMAP_OPEN_EXEC_H

#include "core/portmap/porter.h"
#include "desk/hook.h"

/**
 * struct open_exec - The command
 * @count:	Ports
 * @now, @told:	How each is, and what the command was told last; GATE_ASKING: it is not open
 * @next:	The port whose turn is next
 */
struct open_exec {
	struct hook hook;
	unsigned count;
	struct gate_result now[PORTER_GATES_MAX], told[PORTER_GATES_MAX];
	unsigned next;
};

/* Something happened. */
void open_exec_note(struct open_exec *e, const struct porter_event *ev);

/* To be called once a turn: reaps what has ended, and runs what is due. */
void open_exec_turn(struct open_exec *e);

/* The run has ended: waits for what is running and what is due. */
void open_exec_end(struct open_exec *e);

#endif
