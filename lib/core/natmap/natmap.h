/*
 * A whole natmap run as a core: public addresses, gateways, hops, and then the enumeration.
 *
 * Everything but the enumeration runs at once and is there within the limit; @quick_done of the
 * result tells, so that it can be shown while the enumeration goes on.
 */
#ifndef CORE_NATMAP_NATMAP_H
#define CORE_NATMAP_NATMAP_H

#include "core/core.h"
#include "core/natmap/enumerate.h"
#include "core/natmap/options.h"
#include "core/natmap/result.h"

#define NATMAP_UPNP_STREAM 1 /* id of the stream to the UPnP worker */

struct natmap; /* large; natmap_new() to natmap_free() */

/* @upnp: there is a worker at the end of the stream NATMAP_UPNP_STREAM. Return: NULL without
 * memory. */
struct natmap *natmap_new(const struct natmap_options *options, bool upnp,
			  const uint8_t seed[static 32]);
void natmap_free(struct natmap *m);

void natmap_start(struct natmap *m, nk_time now);
void natmap_input(struct natmap *m, const struct event *ev, nk_time now);
bool natmap_output(struct natmap *m, struct action *action, nk_time now);
nk_time natmap_deadline(const struct natmap *m);
int natmap_status(const struct natmap *m);

/* The findings so far; complete when the status is no longer busy. Borrowed. */
const struct natmap_result *natmap_result(struct natmap *m);
void natmap_progress(const struct natmap *m, struct enumerate_progress *out, nk_time now);

extern const struct core_ops natmap_ops;

#endif
