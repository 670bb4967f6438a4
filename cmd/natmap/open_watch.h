/* What "natmap open" tells as it happens, and at the end. */
#ifndef NATMAP_OPEN_WATCH_H
#define NATMAP_OPEN_WATCH_H

#include <stdio.h>

#include "core/portmap/porter.h"
#include "face/style.h"

/**
 * struct open_watch - To whom
 * @format:	An enum format
 * @count:	Ports
 * @error:	The errno of the first line that could not be written, or 0
 */
struct open_watch {
	int format;
	unsigned count;
	nk_time started;
	int64_t started_unix;
	struct style style;
	int error;
};

void open_watch_start(struct open_watch *w);
void open_watch_event(struct open_watch *w, const struct porter_event *e);

/* The report. @complete: no signal ended the run before all was known. */
void open_watch_end(struct open_watch *w, const struct porter *p, nk_time now, bool complete);

#endif
