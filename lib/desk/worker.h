/* The UPnP worker (io/upnp.h), as commands have it. */
#ifndef DESK_WORKER_H
#define DESK_WORKER_H

#include "io/run.h"
#include "io/upnp.h"

/* Starts it; without it all but UPnP can be had, which is said. */
void worker_start(struct upnp_worker *w);

/* Ends it, if there is one. */
void worker_stop(struct upnp_worker *w);

/* run_options.plan_stream, with the worker as its @user. */
void worker_plan(void *user, uint32_t id, struct stream_plan *plan);

#endif
