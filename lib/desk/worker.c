#include "desk/worker.h"

#include <errno.h>
#include <string.h>

#include "face/log.h"

void worker_start(struct upnp_worker *w)
{
	if (upnp_worker_start(w) == 0)
		return;
	log_line(LEVEL_WARNING, "cannot use UPnP: %s", strerror(errno));
}

void worker_stop(struct upnp_worker *w)
{
	upnp_worker_stop(w);
}

void worker_plan(void *user, uint32_t id, struct stream_plan *plan)
{
	const struct upnp_worker *w = user;

	(void)id;
	plan->input = plan->output = w->fd;
}
