/*
 * A whole natmap run: all but the stateful hops at once (quick.h), and those as soon as the way to
 * the server is known.
 */
#include "core/natmap/natmap.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "core/natmap/quick.h"
#include "core/natmap/trace.h"
#include "core/natmap/verdict.h"

#define ENUMERATE_FIRST 0x10000u /* socket ids */

/**
 * struct natmap - State
 * @enumerates:	@enumerate has begun: the way is known, and it is to be and can be
 * @over:	With @status; what lingers is still to be sent
 * @sent, @received: Packets, all in all
 * @ttl:	By socket of the enumeration: that of the last packet of less than the usual TTL
 * @sent_at:	When that was
 * @hops:	Addresses of boxes at which such packets have ended; @rtt_ms: the least then, 0: not
 *		known
 */
struct natmap {
	struct natmap_options options;
	struct rng rng;
	struct natmap_result result;
	struct quick *quick;
	struct enumerate *enumerate;
	bool enumerates, over;
	int status;
	uint64_t sent, received;
	uint8_t ttl[ENUMERATE_SOCKETS];
	nk_time sent_at[ENUMERATE_SOCKETS];
	struct addr hops[NATMAP_HOPS_MAX];
	double rtt_ms[NATMAP_HOPS_MAX];
};

struct natmap *natmap_new(const struct natmap_options *options, bool upnp,
			  const uint8_t seed[static 32])
{
	struct natmap *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	m->options = *options;
	rng_seed(&m->rng, seed);
	m->quick = quick_new(&m->options, upnp ? NATMAP_UPNP_STREAM : 0, &m->rng);
	m->enumerate = enumerate_new();
	if (m->quick == NULL || m->enumerate == NULL) {
		natmap_free(m);
		return NULL;
	}
	return m;
}

void natmap_free(struct natmap *m)
{
	if (m == NULL)
		return;
	quick_free(m->quick);
	enumerate_free(m->enumerate);
	crypto_wipe(&m->rng, sizeof(m->rng));
	free(m);
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
	}
	if (m->options.nat64_count > 0)
		r->nat64 = m->options.nat64[0];
	quick_start(m->quick, now);
}

/* Why no stateful hops were looked for. */
static const char *why_not_enumerated(const struct natmap *m)
{
	const struct natmap_result *r = &m->result;

	if (!m->options.enumerate)
		return "it was not asked for";
	if (m->options.server_count == 0)
		return "there is no server to ask";
	if (quick_status(m->quick) < 0)
		return "no server answered";
	if (!r->path.reached)
		return "it was not found out how many boxes there are on the way";
	if (r->path.count == 0)
		return "there is no box on the way";
	if (!r->probe_service)
		return "the server is no natbroker, which would keep mappings from outside";
	return "the run was over before";
}

/* What the trace was told of a hop, and the enumeration, whose packets end there too. */
static void add_hop(struct hop *h, const struct addr *address, double rtt_ms)
{
	if (addr_family(&h->address) == ADDR_NONE)
		h->address = *address;
	if (rtt_ms > 0 && addr_same_ip(&h->address, address) &&
	    (!(h->rtt_ms > 0) || rtt_ms < h->rtt_ms))
		h->rtt_ms = rtt_ms;
}

/* The first box is where packets go, even if it tells nothing of itself. */
static void add_gateway(struct natmap *m)
{
	const struct natmap_result *r = &m->result;
	const struct addr *local =
		addr_family(&r->local) != ADDR_NONE ? &r->local : &r->ways[0].local;
	struct hop *first = &m->result.path.hops[0];

	first->by_route = false;
	for (unsigned i = 0; i < r->gateway_count; i++) {
		const struct natmap_way *w = &r->ways[i];

		if (addr_family(&first->address) != ADDR_NONE || w->tunnel ||
		    !addr_same_ip(&w->local, local))
			continue;
		first->address = w->gateway;
		first->by_route = addr_family(&w->gateway) != ADDR_NONE;
	}
}

static void add_addresses(struct natmap *m)
{
	struct path_result *path = &m->result.path;

	for (unsigned i = 0; i < path->count; i++)
		add_hop(&path->hops[i], &m->hops[i], m->rtt_ms[i]);
	if (path->count > 0)
		add_gateway(m);
}

/* What the parts know by now, and what it comes to. */
static void collect(struct natmap *m)
{
	struct path_result *path = &m->result.path;

	quick_report(m->quick, &m->result);
	add_addresses(m);
	m->result.quick_done = quick_status(m->quick) != CORE_BUSY;
	path->enumeration_why = why_not_enumerated(m);
	if (m->enumerates)
		enumerate_report(m->enumerate, path);
	if (!path->enumerated && path->enumeration_why == NULL)
		path->enumeration_why = "the run was over before all hops were decided";
	path->packets_out = m->sent;
	path->packets_in = m->received;
	natmap_judge(&m->result);
}

static void end(struct natmap *m, int status, nk_time now)
{
	quick_stop(m->quick, now);
	if (m->enumerates)
		enumerate_stop(m->enumerate);
	collect(m);
	m->result.ended = now;
	m->result.complete = status == CORE_DONE;
	m->result.cut_why = status;
	m->status = status;
	m->over = true;
}

static void start_enumerate(struct natmap *m)
{
	struct enumerate_config config = {
		.max = m->options.max,
		.mappings = m->options.mappings,
		.pace = m->options.pace,
		.first_socket = ENUMERATE_FIRST,
	};

	quick_report(m->quick, &m->result);
	config.broker = m->result.server;
	config.local = addr_any(addr_family(&config.broker), 0);
	config.count = m->result.path.reached ? m->result.path.count : 0;
	config.back = m->result.path.back;
	m->enumerates = m->result.probe_service && config.count > 0;
	if (m->enumerates)
		enumerate_start(m->enumerate, &config, &m->rng);
}

static bool enumerating(const struct natmap *m)
{
	return m->enumerates && enumerate_status(m->enumerate) == CORE_BUSY;
}

static void step(struct natmap *m, nk_time now)
{
	if (m->over)
		return;
	if (m->options.enumerate && !m->enumerates && quick_knows_path(m->quick))
		start_enumerate(m);
	if (quick_status(m->quick) != CORE_BUSY && !enumerating(m))
		end(m, quick_status(m->quick), now);
}

static void note_hop(struct natmap *m, const struct event *ev, nk_time now)
{
	const uint32_t socket = ev->id - ENUMERATE_FIRST;
	const unsigned ttl = socket < ENUMERATE_SOCKETS ? m->ttl[socket] : 0;
	double rtt_ms;

	if (ev->kind != EVENT_ICMP_ERROR || !trace_is_time_exceeded(ev) || ttl == 0 ||
	    ttl > NATMAP_HOPS_MAX || !addr_same_ip(&ev->from, &m->result.server))
		return;
	rtt_ms = (double)(now - m->sent_at[socket]) / 1e3;
	if (!addr_same_ip(&m->hops[ttl - 1], &ev->reporter))
		m->rtt_ms[ttl - 1] = 0;
	m->hops[ttl - 1] = addr_with_port(ev->reporter, 0);
	if (!(m->rtt_ms[ttl - 1] > 0) || rtt_ms < m->rtt_ms[ttl - 1])
		m->rtt_ms[ttl - 1] = rtt_ms;
}

static void note_ttl(struct natmap *m, const struct action *action, nk_time now)
{
	const uint32_t socket = action->id - ENUMERATE_FIRST;

	if (action->ttl == 0 || socket >= ENUMERATE_SOCKETS)
		return;
	m->ttl[socket] = action->ttl;
	m->sent_at[socket] = now;
}

void natmap_input(struct natmap *m, const struct event *ev, nk_time now)
{
	if (m->over)
		return;
	m->received += ev->kind == EVENT_DATAGRAM;
	if (ev->kind == EVENT_STOP || ev->kind == EVENT_LINK_LOST) {
		end(m, ev->kind == EVENT_STOP ? NK_ERR_STOPPED : NK_ERR_LINK_LOST, now);
		return;
	}
	if (!quick_input(m->quick, ev, now) && m->enumerates) {
		note_hop(m, ev, now);
		enumerate_input(m->enumerate, ev, now);
	}
	step(m, now);
}

static bool next_action(struct natmap *m, struct action *action, nk_time now)
{
	if (quick_output(m->quick, action, now))
		return true;
	step(m, now);
	if (m->enumerates && enumerate_output(m->enumerate, action, now))
		return true;
	/* What has ended without sending anything may be the last that was waited for. */
	step(m, now);
	return m->over && quick_output(m->quick, action, now);
}

bool natmap_output(struct natmap *m, struct action *action, nk_time now)
{
	if (!next_action(m, action, now))
		return false;
	if (action->kind == ACTION_SEND) {
		m->sent++;
		note_ttl(m, action, now);
	}
	return true;
}

nk_time natmap_deadline(const struct natmap *m)
{
	const nk_time at = quick_deadline(m->quick);

	return m->enumerates ? nk_min(at, enumerate_deadline(m->enumerate)) : at;
}

int natmap_status(const struct natmap *m)
{
	return !m->over || quick_lingers(m->quick) || enumerating(m) ? CORE_BUSY : m->status;
}

const struct natmap_result *natmap_result(struct natmap *m)
{
	if (!m->over)
		collect(m);
	return &m->result;
}

void natmap_progress(const struct natmap *m, struct enumerate_progress *out, nk_time now)
{
	nk_time left;

	if (enumerating(m)) {
		enumerate_progress(m->enumerate, out, now);
		return;
	}
	left = nk_max(0, m->result.started + m->options.limit - now);
	*out = (struct enumerate_progress){.left_max = m->over ? 0 : left};
	out->done = m->over ? 1 : 1 - (double)left / (double)m->options.limit;
	snprintf(out->stage, sizeof(out->stage), "asking servers and gateways");
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
