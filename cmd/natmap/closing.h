/* Ports that earlier runs have left are closed, on their gateways. */
#ifndef NATMAP_CLOSING_H
#define NATMAP_CLOSING_H

#include "core/portmap/protocol.h"
#include "desk/held.h"

struct upnp_worker;

/**
 * struct closing - One port
 * @over:	It has ended by itself
 * @removed:	It is not there any more; else @why, of the protocol @protocol
 */
struct closing {
	struct held_port port;
	bool over, removed;
	enum portmap_protocol protocol;
	enum portmap_why why;
};

/* Removes them, at most HELD_MAX, with the help of @upnp, which may not have been started (desk/worker.h). Return: 0 or
 * a negative error of the run, said; *@signal: that ended it, 0 if none did. */
int closing_run(struct closing *list, unsigned count, struct upnp_worker *upnp, int *signal);

#endif
