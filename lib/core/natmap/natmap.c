/*
 * A whole natmap run:
 *
 *	QUICK      natprobe's classification in each family, a scout for each gateway and, as soon as a server has
 *		   answered, the trace; until all have ended or the limit is reached
 *	ENUMERATE  stateful hops
 *	OVER
 */
#include "core/natmap/natmap.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "core/natmap/trace.h"
#include "core/natmap/verdict.h"
#include "core/portmap/scout.h"
#include "core/portmap/upnp_line.h"
#include "core/probe/both.h"

/* Ids of sockets. Those of natprobe's runs have PROBES set, which they never set themselves. */
#define PROBES      0x40000000u
#define TRACE_FIRST 0x00010000u
#define SCOUT_FIRST 0x00020000u

#define SCOUTING    NK_S /* a gateway that is asked is on our link */
#define PREFERRED \
	(200 * NK_MS) /* more time for the first server's family, once the other was heard */

enum stage { STAGE_QUICK, STAGE_ENUMERATE, STAGE_OVER };

/**
 * struct natmap - State
 * @probes:	By family, that of the first server before the other
 * @main:	Which of them is the one whose way is mapped, or -1 as long as that is open
 * @other_heard: When the other than the first was known to have answered
 */
struct natmap {
	struct natmap_options options;
	struct rng rng;
	struct natmap_result result;
	struct probe_both probes;
	struct scout *scouts[NATMAP_GATEWAYS_MAX];
	struct upnp_line line;
	bool upnp;
	struct trace *trace;
	enum stage stage;
	int main, status;
	nk_time limit_at, other_heard;
};

static struct natprobe *new_probe(struct natmap *m, enum addr_family family)
{
	const struct natmap_options *o = &m->options;
	struct probe_options probe = {
		.local = addr_any(family, 0),
		.max = o->max,
		.resolution = 1,
		.mappings = o->mappings / 2,
		.pace = o->pace,
		.quick = true,
	};
	uint8_t seed[32];

	for (unsigned i = 0; i < o->server_count; i++)
		if (addr_family(&o->servers[i]) == family)
			probe.servers[probe.server_count++] = o->servers[i];
	rng_bytes(&m->rng, seed, sizeof(seed));
	return natprobe_new(&probe, seed);
}

static bool has_servers(const struct natmap_options *o, enum addr_family family)
{
	for (unsigned i = 0; i < o->server_count; i++)
		if (addr_family(&o->servers[i]) == family)
			return true;
	return false;
}

/* Return: false without memory. */
static bool make_probes(struct natmap *m)
{
	const enum addr_family first = addr_family(&m->options.servers[0]);
	const enum addr_family families[] = {first, first == ADDR_V4 ? ADDR_V6 : ADDR_V4};

	for (unsigned i = 0; i < 2; i++) {
		if (!has_servers(&m->options, families[i]))
			continue;
		m->probes.run[i] = new_probe(m, families[i]);
		if (m->probes.run[i] == NULL)
			return false;
	}
	return true;
}

struct natmap *natmap_new(const struct natmap_options *options, bool upnp,
			  const uint8_t seed[static 32])
{
	struct natmap *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	m->options = *options;
	m->upnp = upnp;
	upnp_line_init(&m->line, NATMAP_UPNP_STREAM);
	m->main = -1;
	m->status = CORE_BUSY;
	rng_seed(&m->rng, seed);
	if (!make_probes(m)) {
		natmap_free(m);
		return NULL;
	}
	return m;
}

void natmap_free(struct natmap *m)
{
	if (m == NULL)
		return;
	natprobe_free(m->probes.run[0]);
	natprobe_free(m->probes.run[1]);
	for (unsigned i = 0; i < NATMAP_GATEWAYS_MAX; i++)
		scout_free(m->scouts[i]);
	trace_free(m->trace);
	crypto_wipe(&m->rng, sizeof(m->rng));
	free(m);
}

static void start_scout(struct natmap *m, unsigned i, nk_time now)
{
	const struct natmap_way *way = &m->options.ways[i];
	const struct scout_config config = {
		.gateway = way->gateway,
		.local = way->local,
		.first_socket = SCOUT_FIRST + i * SCOUT_SOCKETS,
		.upnp = m->upnp ? &m->line : NULL,
		.protocols = m->options.protocols,
		.limit = nk_min(SCOUTING, m->options.limit),
	};

	if (addr_family(&way->gateway) != ADDR_NONE && m->options.protocols != 0)
		m->scouts[i] = scout_new(&config, &m->rng, now);
}

void natmap_start(struct natmap *m, nk_time now)
{
	struct natmap_result *r = &m->result;

	r->started = now;
	r->server = m->options.servers[0];
	r->gateway_count = m->options.way_count;
	for (unsigned i = 0; i < m->options.way_count; i++) {
		r->ways[i] = m->options.ways[i];
		r->gateways[i].gateway = r->ways[i].gateway;
		r->gateways[i].local = r->ways[i].local;
		start_scout(m, i, now);
	}
	if (m->options.nat64_count > 0)
		r->nat64 = m->options.nat64[0];
	m->limit_at = now + m->options.limit;
	m->other_heard = NK_NEVER;
	for (unsigned i = 0; i < 2; i++)
		if (m->probes.run[i] != NULL)
			natprobe_start(m->probes.run[i], now);
}

static void add_public(struct natmap_result *r, const struct probe_result *p)
{
	for (unsigned i = 0; i < p->public_count && r->public_count < PROBE_PUBLIC_MAX; i++) {
		r->locals[r->public_count] = p->local;
		r->public_addrs[r->public_count++] = p->public_addrs[i];
	}
}

/* What the family whose way is mapped has been told. */
static void take_main(struct natmap_result *r, const struct probe_result *p)
{
	r->server = p->server;
	r->local = p->local;
	r->probe_service = p->probe_service;
	r->filtered = p->firewall;
	r->rtt_ms = p->rtt_ms;
	snprintf(r->software, sizeof(r->software), "%s", p->software);
}

/* What the parts know by now, and what it comes to. */
static void collect(struct natmap *m)
{
	struct natmap_result *r = &m->result;

	r->public_count = 0;
	for (int i = 0; i < 2; i++) {
		if (m->probes.run[i] == NULL)
			continue;
		if (i == m->main)
			take_main(r, natprobe_result(m->probes.run[i]));
		add_public(r, natprobe_result(m->probes.run[i]));
	}
	for (unsigned i = 0; i < r->gateway_count; i++)
		if (m->scouts[i] != NULL)
			r->gateways[i] = *scout_result(m->scouts[i]);
	if (m->trace != NULL)
		trace_report(m->trace, &r->path);
	natmap_judge(r);
}

static void end(struct natmap *m, int status, nk_time now)
{
	struct natmap_result *r = &m->result;

	if (m->stage == STAGE_OVER)
		return;
	collect(m);
	r->ended = now;
	r->complete = status == CORE_DONE;
	r->cut_why = status;
	m->status = status;
	m->stage = STAGE_OVER;
}

/* The way of the first server's family is mapped, if it is not much later to answer than the other's. */
static void choose_main(struct natmap *m, nk_time now)
{
	nk_time rtt;

	if (m->probes.run[0] != NULL && natprobe_server(m->probes.run[0], &rtt) != NULL) {
		m->main = 0;
	} else if (m->probes.run[1] != NULL && natprobe_server(m->probes.run[1], &rtt) != NULL) {
		m->other_heard = nk_min(m->other_heard, now);
		if (now >= m->other_heard + PREFERRED)
			m->main = 1;
	}
}

static void start_trace(struct natmap *m, nk_time now)
{
	struct trace_config config = {
		.first_socket = TRACE_FIRST,
		.limit = m->limit_at - now,
	};

	config.server = *natprobe_server(m->probes.run[m->main], &config.rtt);
	config.local = addr_any(addr_family(&config.server), 0);
	m->trace = trace_new(&config, &m->rng, now);
}

static bool probes_busy(const struct natmap *m)
{
	return m->probes.run[0] != NULL && probe_both_status(&m->probes) == CORE_BUSY;
}

static bool scouts_busy(const struct natmap *m)
{
	for (unsigned i = 0; i < NATMAP_GATEWAYS_MAX; i++)
		if (m->scouts[i] != NULL && scout_status(m->scouts[i]) == CORE_BUSY)
			return true;
	return false;
}

static bool trace_busy(const struct natmap *m)
{
	return m->trace != NULL && trace_status(m->trace) == CORE_BUSY;
}

static void stop_probes(struct natmap *m, nk_time now)
{
	const struct event stop = {.kind = EVENT_STOP};

	if (probes_busy(m))
		probe_both_input(&m->probes, &stop, now);
}

/* Why there can be no enumeration, or NULL. */
static const char *why_not_enumerate(const struct natmap *m)
{
	const struct natmap_result *r = &m->result;

	if (!m->options.enumerate)
		return "not asked for (--quick)";
	if (m->main < 0)
		return "no server answered";
	if (!r->probe_service)
		return "the server is no natbroker: nothing keeps mappings from outside";
	if (!r->path.reached)
		return "it was not found out how many boxes there are on the way";
	if (r->path.count == 0)
		return "there is no box on the way";
	return "not done yet";
}

static int status_of(const struct natmap *m)
{
	const int probes = m->probes.run[0] == NULL ? CORE_DONE : probe_both_status(&m->probes);

	if (m->main >= 0 || m->probes.run[0] == NULL)
		return CORE_DONE;
	return probes == NK_ERR_PERMISSION ? probes : NK_ERR_UNREACHABLE;
}

static void end_quick(struct natmap *m, nk_time now)
{
	stop_probes(m, now);
	collect(m);
	m->result.quick_done = true;
	m->result.path.enumeration_why = why_not_enumerate(m);
	end(m, status_of(m), now);
}

static void step(struct natmap *m, nk_time now)
{
	if (m->stage != STAGE_QUICK)
		return;
	if (m->main < 0)
		choose_main(m, now);
	if (m->main >= 0 && m->trace == NULL)
		start_trace(m, now);
	if (now >= m->limit_at || !(probes_busy(m) || scouts_busy(m) || trace_busy(m)))
		end_quick(m, now);
}

static bool scouts_input(struct natmap *m, const struct event *ev, nk_time now)
{
	for (unsigned i = 0; i < NATMAP_GATEWAYS_MAX; i++)
		if (m->scouts[i] != NULL && scout_input(m->scouts[i], ev, now))
			return true;
	return false;
}

static void parts_input(struct natmap *m, const struct event *ev, nk_time now)
{
	struct event own = *ev;

	if (ev->id & PROBES) {
		own.id &= ~PROBES;
		probe_both_input(&m->probes, &own, now);
	} else if (!upnp_line_input(&m->line, ev, now) && !scouts_input(m, ev, now) &&
		   m->trace != NULL) {
		trace_input(m->trace, ev, now);
	}
}

void natmap_input(struct natmap *m, const struct event *ev, nk_time now)
{
	if (m->stage == STAGE_OVER)
		return;
	if (ev->kind == EVENT_STOP || ev->kind == EVENT_LINK_LOST) {
		stop_probes(m, now);
		end(m, ev->kind == EVENT_STOP ? NK_ERR_STOPPED : NK_ERR_LINK_LOST, now);
		return;
	}
	parts_input(m, ev, now);
	step(m, now);
}

static bool scouts_output(struct natmap *m, struct action *action, nk_time now)
{
	for (unsigned i = 0; i < NATMAP_GATEWAYS_MAX; i++)
		if (m->scouts[i] != NULL && scout_output(m->scouts[i], action, now))
			return true;
	return false;
}

/* Also at the end: a packet tells the server that its session is over. */
static bool probes_output(struct natmap *m, struct action *action, nk_time now)
{
	if (!probe_both_output(&m->probes, action, now))
		return false;
	action->id |= PROBES;
	return true;
}

bool natmap_output(struct natmap *m, struct action *action, nk_time now)
{
	step(m, now);
	if (probes_output(m, action, now))
		return true;
	if (m->stage == STAGE_OVER)
		return false;
	if (scouts_output(m, action, now) || upnp_line_output(&m->line, action, now) ||
	    (m->trace != NULL && trace_output(m->trace, action, now)))
		return true;
	/* What has ended without sending anything may end the stage. */
	step(m, now);
	return m->stage == STAGE_OVER && probes_output(m, action, now);
}

nk_time natmap_deadline(const struct natmap *m)
{
	nk_time at = m->limit_at;

	if (m->main < 0 && m->other_heard != NK_NEVER)
		at = nk_min(at, m->other_heard + PREFERRED);
	at = nk_min(at, probe_both_deadline(&m->probes));
	for (unsigned i = 0; i < NATMAP_GATEWAYS_MAX; i++)
		if (m->scouts[i] != NULL)
			at = nk_min(at, scout_deadline(m->scouts[i]));
	if (m->trace != NULL)
		at = nk_min(at, trace_deadline(m->trace));
	return at;
}

int natmap_status(const struct natmap *m)
{
	return m->stage == STAGE_OVER && probes_busy(m) ? CORE_BUSY : m->status;
}

const struct natmap_result *natmap_result(struct natmap *m)
{
	if (m->stage != STAGE_OVER)
		collect(m);
	return &m->result;
}

void natmap_progress(const struct natmap *m, struct enumerate_progress *out, nk_time now)
{
	const nk_time left = nk_max(0, m->limit_at - now);

	*out = (struct enumerate_progress){.left_max = left};
	snprintf(out->stage, sizeof(out->stage), "asking servers and gateways");
	if (m->stage == STAGE_OVER)
		out->done = 1;
	else
		out->done = 1 - (double)left / (double)m->options.limit;
}

static void ops_input(void *core, const struct event *ev, nk_time now)
{
	natmap_input(core, ev, now);
}

static bool ops_output(void *core, struct action *action, nk_time now)
{
	return natmap_output(core, action, now);
}

static nk_time ops_deadline(const void *core)
{
	return natmap_deadline(core);
}

static int ops_status(const void *core)
{
	return natmap_status(core);
}

const struct core_ops natmap_ops = {
	.input = ops_input,
	.output = ops_output,
	.deadline = ops_deadline,
	.status = ops_status,
};
