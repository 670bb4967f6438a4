/* What "natmap open" and "natmap watch" print: a report in the end, or what happens as it happens. */
#ifndef NATMAP_PORT_TELL_H
#define NATMAP_PORT_TELL_H

#include <stdint.h>

#include "base/time.h"
#include "face/js.h"

/**
 * struct port_tell - To whom
 * @format:	An enum format
 * @error:	The errno of the first line that could not be written, or 0
 */
struct port_tell {
	int format;
	nk_time started;
	int64_t started_unix;
	int error;
};

/* After a line for people. @good: printf() has taken it. */
void port_tell_written(struct port_tell *t, bool good);

/* Prints an event, and ends it. */
void port_tell_event(struct port_tell *t, struct js event);

/* The first event of "natmap @command", if there are any. */
void port_tell_start(struct port_tell *t, const char *command);

/* The report or the last event, if either is wanted; ends @report. */
void port_tell_end(struct port_tell *t, struct js report, nk_time now);

#endif
