/* The files that tell of the ports which "natmap open" holds (desk/held.h). */
#ifndef NATMAP_OPEN_FILES_H
#define NATMAP_OPEN_FILES_H

#include "core/portmap/gate.h"
#include "desk/held.h"

/**
 * struct open_file - Of one port
 * @kept:	There is one; else none can be written. @warned: that was said, or that it cannot be written to
 * @rest:	What one has left, @before, may be there still
 */
struct open_file {
	bool kept, warned, rest;
	struct held_file file;
	struct held_port port, before;
};

enum open_claim { OPEN_NEW, OPEN_AGAIN, OPEN_BUSY };

/* Makes the file of the port that @config would open, before it is asked for; OPEN_AGAIN: an earlier run has left
 * @f->before. OPEN_BUSY: another process holds it, which was said. */
enum open_claim open_file_claim(struct open_file *f, const struct portmap_config *config);

/* Writes what is to be asked for: whoever finds it can close it. */
void open_file_begin(struct open_file *f, const struct portmap_config *config);

/* Writes what has come of it. */
void open_file_note(struct open_file *f, const struct portmap_mapping *m, nk_time now);

/* Nothing of this run's is open: word is kept of what an earlier one has left, if that may be there still. */
void open_file_cancel(struct open_file *f);

/* The gate is to be elsewhere, and @m is its latest mapping: what may be open stays in its file until that is known to be
 * removed. */
void open_file_part(struct open_file *f, const struct portmap_mapping *m);

/* The run is over. @m: how it ended; NULL: it is not known. @detached: it was left open on purpose. Word is kept of
 * what is open, also by an earlier run. */
void open_file_end(struct open_file *f, const struct portmap_mapping *m, bool detached);

#endif
