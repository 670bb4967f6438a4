/* What "natmap open" tells as it happens, and at the end. */
#ifndef NATMAP_OPEN_WATCH_H
#define NATMAP_OPEN_WATCH_H

#include "core/portmap/porter.h"
#include "face/style.h"
#include "port_tell.h"

/**
 * struct open_watch - To whom
 * @count:	Ports
 */
struct open_watch {
	struct port_tell tell;
	unsigned count;
	struct style style;
};

void open_watch_event(struct open_watch *w, const struct porter_event *e);

/* The report. @complete: no signal ended the run before all was known. */
void open_watch_end(struct open_watch *w, const struct porter *p, nk_time now, bool complete);

#endif
