/* The files that tell of the ports which "natmap open" holds (desk/held.h). */
#ifndef NATMAP_OPEN_FILES_H
#define NATMAP_OPEN_FILES_H

#include "core/portmap/gate.h"
#include "desk/held.h"

/**
 * struct open_file - Of one port
 * @kept:	There is one; else none can be written. @warned: that was said, or that it cannot be written to
 * @rest:	What an earlier run has left, @before, may be there still
 * @worker:	For the removal of that, borrowed
 */
struct open_file {
	bool kept, warned, rest;
	struct held_file file;
	struct held_port port, before;
	struct upnp_worker *worker;
};

/**
 * open_file_take() - Makes the file of a port, and writes what is to be asked for: whoever finds it can close it
 * @map:	The port; its nonce is set, to that of an earlier run if the same is asked for again
 * @first:	The run has not begun: what else an earlier one has left is removed now, and not in the end
 *
 * Return: EXIT_YES, or the exit status to end with, said: EXIT_NO if another process holds the port.
 */
int open_file_take(struct open_file *f, struct portmap_config *map, struct upnp_worker *worker,
		   bool first);

/* Writes what has come of it. */
void open_file_note(struct open_file *f, const struct portmap_mapping *m, nk_time now);

/* Nothing of this run's is open: word is kept of what an earlier one has left, if that may be there still. */
void open_file_cancel(struct open_file *f);

/* The gate is to be elsewhere, and @m is its latest mapping: what may be open stays in its file until that is known to be
 * removed. */
void open_file_part(struct open_file *f, const struct portmap_mapping *m);

/* The run is over. @m: how it ended; NULL: it is not known. @detached: it was left open on purpose. Word is kept of
 * what is open, also by an earlier run if that cannot be removed. */
void open_file_end(struct open_file *f, const struct portmap_mapping *m, bool detached);

#endif
