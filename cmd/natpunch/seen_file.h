/* The newest offer of each caller, kept so that none is taken again by a later run of the listener. */
#ifndef NATPUNCH_SEEN_FILE_H
#define NATPUNCH_SEEN_FILE_H

#include <limits.h>
#include <stdbool.h>

#include "core/call/punch_options.h"

/**
 * struct seen_file - What is kept for one identity
 * @path:	Of $XDG_STATE_HOME/natkit/seen/; empty: there is no place for it
 * @warned:	That it could not be kept, which is said once
 * @list:	The latest @count, the oldest first
 */
struct seen_file {
	char path[PATH_MAX];
	bool warned;
	struct punch_seen list[PUNCH_SEEN_MAX];
	unsigned count;
};

/* Reads what is there. What cannot be read is warned of, and the list is empty then. */
void seen_open(struct seen_file *f, const uint8_t key[static 32]);

/* Writes the list, at once and as a whole. */
void seen_save(struct seen_file *f);

#endif
