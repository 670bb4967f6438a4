/* The gateways towards the servers: which port mapping protocols they offer. Nothing is mapped. */
#ifndef NATPROBE_GATEWAYS_H
#define NATPROBE_GATEWAYS_H

#include "base/crypto.h"
#include "core/portmap/scouts.h"
#include "desk/worker.h"
#include "report.h"
#include "servers.h"

/**
 * struct gateways - Those of up to two families
 * @scouts:	For probe_both; NULL: there is no gateway
 * @worker:	For run_options.plan_stream by worker_plan()
 */
struct gateways {
	struct scouts *scouts;
	struct upnp_worker worker;
	struct rng rng;
	unsigned count;
};

/* Starts to ask the gateways of families that are measured. Return: 0 or NK_ERR_NO_MEMORY. */
int gateways_start(struct gateways *g, const struct family_plan plan[static 2], nk_time now);

/* What they offer, as far as it is known now. */
void gateways_report(struct gateways *g, struct report *out);
void gateways_end(struct gateways *g);

#endif
