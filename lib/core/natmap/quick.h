/*
 * All of a map but its stateful hops, at once: natprobe's classification in each family, a scout
 * for each gateway and, as soon as a server has answered, the trace. It is over when all have
 * ended, or at the limit.
 */
#ifndef CORE_NATMAP_QUICK_H
#define CORE_NATMAP_QUICK_H

#include "base/crypto.h"
#include "core/core.h"
#include "core/natmap/result.h"

/* Ids of its sockets have QUICK_IDS set; but for that of the stream to the UPnP worker. */
#define QUICK_IDS 0x40000000u

struct quick; /* quick_new() to quick_free() */

/* @upnp: id of the stream to the UPnP worker, 0: there is none. @options and @rng are used as long
 * as it lives. Return: NULL without memory. quick_free() takes NULL. */
struct quick *quick_new(const struct natmap_options *options, uint32_t upnp, struct rng *rng);
void quick_free(struct quick *q);
void quick_start(struct quick *q, nk_time now);

/* Return: true if the event was its own. */
bool quick_input(struct quick *q, const struct event *ev, nk_time now);

/* Also when it is over: what is left is said and closed. */
bool quick_output(struct quick *q, struct action *action, nk_time now);
nk_time quick_deadline(const struct quick *q);

/* What is not known yet stays so. */
void quick_stop(struct quick *q, nk_time now);

/* CORE_BUSY; CORE_DONE; NK_ERR_UNREACHABLE or NK_ERR_PERMISSION: there are servers, and none was
 * heard. */
int quick_status(const struct quick *q);

/* The way to the server in use is as well known as it will be. */
bool quick_knows_path(const struct quick *q);

/* Something is still to be sent or closed. */
bool quick_lingers(const struct quick *q);

/* Writes what is known by now. */
void quick_report(struct quick *q, struct natmap_result *r);

#endif
