#include "gateways.h"

#include "base/err.h"
#include "core/probe/both.h"

#define LIMIT NK_S /* a gateway is near */

int gateways_start(struct gateways *g, const struct family_plan plan[static 2], nk_time now)
{
	struct scouts_config config = {
		.first_socket = PROBE_BOTH_GATEWAYS,
		.protocols = PORTMAP_ALL,
		.limit = LIMIT,
	};

	*g = (struct gateways){.worker = {.fd = -1}};
	for (unsigned i = 0; i < 2 && plan[i].options.server_count > 0; i++) {
		if (addr_family(&plan[i].route.gateway) == ADDR_NONE)
			continue;
		config.gateways[config.count] = plan[i].route.gateway;
		config.locals[config.count++] = plan[i].route.local;
	}
	if (config.count == 0)
		return 0;
	/* Without it UPnP is not asked for, which is no reason to be loud beside what was asked. */
	if (upnp_worker_start(&g->worker) == 0)
		config.upnp = PROBE_BOTH_UPNP;
	g->count = config.count;
	rng_seed_from_kernel(&g->rng);
	g->scouts = scouts_new(&config, &g->rng);
	if (g->scouts == NULL)
		return NK_ERR_NO_MEMORY;
	scouts_start(g->scouts, now);
	return 0;
}

void gateways_report(struct gateways *g, struct report *out)
{
	out->gateway_count = g->count;
	if (g->scouts == NULL)
		return;
	scouts_stop(g->scouts);
	for (unsigned i = 0; i < g->count; i++)
		scouts_result(g->scouts, i, &out->gateways[i]);
}

void gateways_end(struct gateways *g)
{
	scouts_free(g->scouts);
	g->scouts = NULL;
	upnp_worker_stop(&g->worker);
}
