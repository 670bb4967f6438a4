#include "core/natmap/quick.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "core/natmap/trace.h"
#include "core/portmap/scouts.h"
#include "core/probe/both.h"

/* Ids of sockets, besides those of natprobe's runs, which have PROBES set here and never set it
 * themselves. */
#define PROBES      0x20000000u
#define TRACE_FIRST (QUICK_IDS | 0x00010000u)
#define SCOUT_FIRST (QUICK_IDS | 0x00020000u)
#define BLIND_FIRST (QUICK_IDS | 0x00030000u)

#define SCOUTING    NK_S           /* a gateway that is asked is on our link */
#define TRACING     (1200 * NK_MS) /* the boxes that will answer have done so by then */
#define SILENT      (500 * NK_MS) /* then the way to where the first server should be is looked at */
#define BLIND_TRIES 3
#define PREFERRED \
	(200 * NK_MS) /* more time for the first server's family, once the other was heard */

/**
 * struct quick - State
 * @probes:	By family, that of the first server before the other
 * @main:	Which of them is the one whose way is mapped, or -1 as long as that is open
 * @other_heard: When the other than the first was known to have answered
 * @traces:	The way to the main one's server; and towards the first server while none has
 *		answered; @traced: they have begun
 * @over:	Ended, or stopped
 */
struct quick {
	const struct natmap_options *options;
	struct rng *rng;
	struct probe_both probes;
	struct scouts *scouts;
	struct trace *traces[2];
	bool traced[2];
	int main;
	bool over;
	nk_time limit_at, silent_at, other_heard;
};

enum { MAIN_TRACE, BLIND_TRACE };

static struct natprobe *new_probe(struct quick *q, enum addr_family family)
{
	const struct natmap_options *o = q->options;
	struct probe_options probe = {
		.local = addr_any(family, 0),
		.max = o->max,
		.resolution = 1,
		.mappings = o->mappings / 2,
		.pace = o->pace,
		.quick = true,
	};
	struct natprobe *run;
	uint8_t seed[32];

	static_assert(NATMAP_SERVERS_MAX <= PROBE_SERVERS_MAX, "a run takes all servers");
	for (unsigned i = 0; i < o->server_count; i++)
		if (addr_family(&o->servers[i]) == family)
			probe.servers[probe.server_count++] = o->servers[i];
	rng_bytes(q->rng, seed, sizeof(seed));
	run = natprobe_new(&probe, seed);
	crypto_wipe(seed, sizeof(seed));
	return run;
}

static bool has_servers(const struct natmap_options *o, enum addr_family family)
{
	for (unsigned i = 0; i < o->server_count; i++)
		if (addr_family(&o->servers[i]) == family)
			return true;
	return false;
}

/* Return: false without memory. */
static bool make_probes(struct quick *q)
{
	const enum addr_family first = addr_family(&q->options->servers[0]);
	const enum addr_family families[] = {first, first == ADDR_V4 ? ADDR_V6 : ADDR_V4};

	for (unsigned i = 0; i < 2; i++) {
		if (!has_servers(q->options, families[i]))
			continue;
		q->probes.run[i] = new_probe(q, families[i]);
		if (q->probes.run[i] == NULL)
			return false;
	}
	return true;
}

static struct scouts *make_scouts(struct quick *q, uint32_t upnp)
{
	struct scouts_config config = {
		.count = q->options->way_count,
		.first_socket = SCOUT_FIRST,
		.upnp = upnp,
		.protocols = q->options->protocols,
		.limit = nk_min(SCOUTING, q->options->limit),
	};

	static_assert(NATMAP_GATEWAYS_MAX <= SCOUTS_MAX, "each way has a scout");
	for (unsigned i = 0; i < config.count; i++) {
		config.gateways[i] = q->options->ways[i].gateway;
		config.locals[i] = q->options->ways[i].local;
	}
	return scouts_new(&config, q->rng);
}

struct quick *quick_new(const struct natmap_options *options, uint32_t upnp, struct rng *rng)
{
	struct quick *q = calloc(1, sizeof(*q));

	if (q == NULL)
		return NULL;
	q->options = options;
	q->rng = rng;
	q->main = -1;
	q->other_heard = NK_NEVER;
	q->scouts = make_scouts(q, upnp);
	q->traces[MAIN_TRACE] = trace_new();
	q->traces[BLIND_TRACE] = trace_new();
	if (q->scouts == NULL || q->traces[MAIN_TRACE] == NULL || q->traces[BLIND_TRACE] == NULL ||
	    !make_probes(q)) {
		quick_free(q);
		return NULL;
	}
	return q;
}

void quick_free(struct quick *q)
{
	if (q == NULL)
		return;
	natprobe_free(q->probes.run[0]);
	natprobe_free(q->probes.run[1]);
	scouts_free(q->scouts);
	trace_free(q->traces[MAIN_TRACE]);
	trace_free(q->traces[BLIND_TRACE]);
	free(q);
}

void quick_start(struct quick *q, nk_time now)
{
	q->limit_at = now + q->options->limit;
	q->silent_at = now + SILENT;
	scouts_start(q->scouts, now);
	for (unsigned i = 0; i < 2; i++)
		if (q->probes.run[i] != NULL)
			natprobe_start(q->probes.run[i], now);
}

/* The way of the first server's family is mapped, if it is not much later to answer than the
 * other's. */
static void choose_main(struct quick *q, nk_time now)
{
	nk_time rtt;

	if (q->probes.run[0] != NULL && natprobe_server(q->probes.run[0], &rtt) != NULL) {
		q->main = 0;
	} else if (q->probes.run[1] != NULL && natprobe_server(q->probes.run[1], &rtt) != NULL) {
		q->other_heard = nk_min(q->other_heard, now);
		if (now >= q->other_heard + PREFERRED)
			q->main = 1;
	}
}

static void start_trace(struct quick *q, nk_time now)
{
	struct trace_config config = {
		.first_socket = TRACE_FIRST,
		.limit = nk_min(TRACING, q->limit_at - now),
	};

	config.server = *natprobe_server(q->probes.run[q->main], &config.rtt);
	config.local = addr_any(addr_family(&config.server), 0);
	trace_start(q->traces[MAIN_TRACE], &config, q->rng, now);
	q->traced[MAIN_TRACE] = true;
}

static void start_blind(struct quick *q, nk_time now)
{
	const struct trace_config config = {
		.server = q->options->servers[0],
		.local = addr_any(addr_family(&q->options->servers[0]), 0),
		.first_socket = BLIND_FIRST,
		.tries = BLIND_TRIES,
		.limit = nk_min(TRACING, q->limit_at - now),
	};

	trace_start(q->traces[BLIND_TRACE], &config, q->rng, now);
	q->traced[BLIND_TRACE] = true;
}

static bool probes_busy(const struct quick *q)
{
	return q->probes.run[0] != NULL && probe_both_status(&q->probes) == CORE_BUSY;
}

static bool trace_busy(const struct quick *q)
{
	for (unsigned i = 0; i < 2; i++)
		if (q->traced[i] && trace_status(q->traces[i]) == CORE_BUSY)
			return true;
	return false;
}

void quick_stop(struct quick *q, nk_time now)
{
	const struct event stop = {.kind = EVENT_STOP};

	if (q->over)
		return;
	q->over = true;
	if (probes_busy(q))
		probe_both_input(&q->probes, &stop, now);
	scouts_stop(q->scouts);
	for (unsigned i = 0; i < 2; i++)
		if (q->traced[i])
			trace_stop(q->traces[i]);
}

/* There are servers, of which none has been heard. */
static bool is_blind(const struct quick *q)
{
	return !q->over && q->main < 0 && q->options->server_count > 0 && !q->traced[BLIND_TRACE];
}

static void step(struct quick *q, nk_time now)
{
	if (q->over)
		return;
	if (q->main < 0)
		choose_main(q, now);
	if (q->main >= 0 && !q->traced[MAIN_TRACE])
		start_trace(q, now);
	if (is_blind(q) && (now >= q->silent_at || !probes_busy(q)))
		start_blind(q, now);
	if (now >= q->limit_at || !(probes_busy(q) || scouts_busy(q->scouts) || trace_busy(q)))
		quick_stop(q, now);
}

static bool parts_input(struct quick *q, const struct event *ev, nk_time now)
{
	struct event own = *ev;

	own.id &= ~(QUICK_IDS | PROBES);
	if ((ev->id & QUICK_IDS) != 0 && (ev->id & PROBES) != 0) {
		probe_both_input(&q->probes, &own, now);
		return true;
	}
	for (unsigned i = 0; i < 2; i++)
		if (q->traced[i] && trace_input(q->traces[i], ev, now))
			return true;
	return scouts_input(q->scouts, ev, now);
}

bool quick_input(struct quick *q, const struct event *ev, nk_time now)
{
	const bool own = parts_input(q, ev, now);

	if (own)
		step(q, now);
	return own;
}

static bool parts_output(struct quick *q, struct action *action, nk_time now)
{
	if (probe_both_output(&q->probes, action, now)) {
		action->id |= QUICK_IDS | PROBES;
		return true;
	}
	for (unsigned i = 0; i < 2; i++)
		if (q->traced[i] && trace_output(q->traces[i], action, now))
			return true;
	return scouts_output(q->scouts, action, now);
}

bool quick_output(struct quick *q, struct action *action, nk_time now)
{
	const bool was_over = q->over;

	step(q, now);
	if (parts_output(q, action, now))
		return true;
	/* What has ended without sending anything may be the last that was waited for. */
	step(q, now);
	return q->over && !was_over && parts_output(q, action, now);
}

nk_time quick_deadline(const struct quick *q)
{
	nk_time at = probe_both_deadline(&q->probes);

	if (!q->over)
		at = nk_min(at, q->limit_at);
	if (q->main < 0 && q->other_heard != NK_NEVER)
		at = nk_min(at, q->other_heard + PREFERRED);
	at = nk_min(at, scouts_deadline(q->scouts));
	if (is_blind(q))
		at = nk_min(at, q->silent_at);
	for (unsigned i = 0; i < 2; i++)
		if (q->traced[i])
			at = nk_min(at, trace_deadline(q->traces[i]));
	return at;
}

int quick_status(const struct quick *q)
{
	if (!q->over)
		return CORE_BUSY;
	if (q->main >= 0 || q->probes.run[0] == NULL)
		return CORE_DONE;
	return probe_both_status(&q->probes) == NK_ERR_PERMISSION ? NK_ERR_PERMISSION
								  : NK_ERR_UNREACHABLE;
}

bool quick_knows_path(const struct quick *q)
{
	const struct trace *t = q->traces[MAIN_TRACE];

	return q->main >= 0 && q->traced[MAIN_TRACE] &&
	       (trace_counted(t) || trace_status(t) != CORE_BUSY) &&
	       natprobe_status(q->probes.run[q->main]) != CORE_BUSY;
}

bool quick_lingers(const struct quick *q)
{
	return probes_busy(q) || scouts_busy(q->scouts) || trace_busy(q);
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

void quick_report(struct quick *q, struct natmap_result *r)
{
	r->public_count = 0;
	for (int i = 0; i < 2; i++) {
		if (q->probes.run[i] == NULL)
			continue;
		if (i == q->main)
			take_main(r, natprobe_result(q->probes.run[i]));
		add_public(r, natprobe_result(q->probes.run[i]));
	}
	for (unsigned i = 0; i < r->gateway_count; i++)
		scouts_result(q->scouts, i, &r->gateways[i]);
	if (q->traced[MAIN_TRACE])
		trace_report(q->traces[MAIN_TRACE], &r->path);
	else if (q->traced[BLIND_TRACE])
		trace_report(q->traces[BLIND_TRACE], &r->path);
}
