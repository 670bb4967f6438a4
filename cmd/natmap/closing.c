#include "closing.h"

#include <errno.h>
#include <string.h>

#include "base/crypto.h"
#include "base/err.h"
#include "core/portmap/closer.h"
#include "desk/worker.h"
#include "face/log.h"
#include "io/clock.h"
#include "io/run.h"

#define LIMIT (2 * NK_S)

static_assert(CLOSER_JOBS_MAX >= HELD_MAX * PORTMAP_PROTOCOLS, "each by each protocol");

/* Those by which a port may be open: all, where its file was not written to any more. */
static unsigned protocols_of(const struct held_port *port)
{
	for (enum portmap_protocol p = 0; p < PORTMAP_PROTOCOLS; p++)
		if (strcmp(port->protocol, portmap_protocol_name(p)) == 0)
			return PORTMAP_BIT(p);
	return PORTMAP_ALL;
}

/*
 * What is over may be another program's by now: only PCP, by its nonce, and UPnP, by its
 * description, tell. Gateways' clocks are not ours, so these are asked all the same.
 */
static unsigned to_ask(const struct closing *c)
{
	const unsigned over = c->over ? PORTMAP_BIT(PORTMAP_NAT_PMP) : 0;

	return protocols_of(&c->port) & ~over;
}

static struct closer_job job_for(const struct held_port *port, enum portmap_protocol p)
{
	struct closer_job job = {
		.map = {.gateway = port->gateway,
			.internal = port->internal,
			.ip_protocol = port->ip_protocol,
			.external_port = port->external.port,
			.protocols = PORTMAP_BIT(p),
			.pinhole = port->pinhole,
			.limit = LIMIT},
		.protocol = p,
		.external_port = port->external.port,
	};

	memcpy(job.map.nonce, port->nonce, sizeof(job.map.nonce));
	return job;
}

/* What a gateway does not know at all says nothing of the port. */
static bool knows_not(enum portmap_why why)
{
	return why == PORTMAP_SILENT || why == PORTMAP_UNSUPPORTED || why == PORTMAP_TIMED_OUT;
}

/* One protocol's answer is enough: gateways refuse to remove what was not opened by that protocol. */
static void sum_up(struct closing *c, const struct closer_job *jobs, unsigned count)
{
	bool refused = false;

	c->why = PORTMAP_TIMED_OUT;
	c->removed = c->over;
	for (unsigned i = 0; i < count; i++) {
		const struct closer_job *j = &jobs[i];

		c->removed = c->removed || (j->done && !j->left);
		if (!j->left || refused)
			continue;
		refused = !knows_not(j->why);
		c->protocol = j->protocol;
		c->why = j->why;
	}
}

static int run(struct closer_job *jobs, unsigned count, struct upnp_worker *upnp, int *signal)
{
	struct run_options options = {.by_address = true, .plan_stream = worker_plan, .user = upnp};
	struct closer *closer;
	uint8_t seed[32];
	int r = NK_ERR_NO_MEMORY;

	crypto_seed(seed);
	closer = closer_new(jobs, count, upnp->fd >= 0, seed);
	crypto_wipe(seed, sizeof(seed));
	if (closer != NULL)
		r = run_core(&closer_ops, closer, &options);
	closer_free(closer);
	*signal = options.signal;
	if (r != CORE_DONE && options.signal == 0)
		log_line(LEVEL_ERROR, "%s",
			 options.error != 0 ? strerror(options.error) : err_text(r));
	return r;
}

int closing_run(struct closing *list, unsigned count, struct upnp_worker *upnp, int *signal)
{
	struct closer_job jobs[CLOSER_JOBS_MAX];
	unsigned first[HELD_MAX + 1], n = 0;
	const int64_t now = clock_unix();
	int r;

	for (unsigned i = 0; i < count; i++) {
		unsigned protocols;

		list[i].over = held_is_over(&list[i].port, now);
		protocols = to_ask(&list[i]);

		first[i] = n;
		for (enum portmap_protocol p = 0; p < PORTMAP_PROTOCOLS; p++)
			if ((protocols & PORTMAP_BIT(p)) != 0)
				jobs[n++] = job_for(&list[i].port, p);
	}
	first[count] = n;
	r = n > 0 ? run(jobs, n, upnp, signal) : 0;
	for (unsigned i = 0; i < count; i++)
		sum_up(&list[i], &jobs[first[i]], first[i + 1] - first[i]);
	crypto_wipe(jobs, sizeof(jobs));
	return r;
}
