#include "core/probe/classify.h"

#include <stdio.h>
#include <string.h>

#define MAP_TRIES       6
#define CHECK_TRIES     4
#define ROUNDS_AT_ONCE  3
#define ROUND_SPACING   (20 * NK_MS)
#define LEAST_PACE      (5 * NK_MS) /* RFC 8445 section 14.2: never faster */
#define FRAGMENT_LEN    1600        /* does not fit an Ethernet frame */
#define HAIRPIN_PACKETS 3           /* some firewalls read more as an attack */
#define FEW_MAPPINGS    64

/* Classification is short: it may go at a quarter of the fan's pace. */
static nk_time pace(const struct classify *c)
{
	return nk_max(LEAST_PACE, c->options->pace / 4);
}

static uint32_t map_socket(unsigned s)
{
	return CLASSIFY_SOCKETS + s;
}

static uint32_t filter_socket(unsigned s)
{
	return CLASSIFY_SOCKETS + CLASSIFY_PORTS + s;
}

/* What other addresses the server has. */
static void plan_addresses(struct classify *c, const struct addr *other)
{
	struct probe_result *r = c->result;

	if (addr_family(other) == ADDR_NONE)
		return;
	r->other_address = *other;
	c->dest[DEST_PORT] = addr_with_port(c->server, other->port);
	c->dest[DEST_IP] = addr_with_port(*other, c->server.port);
	c->dest[DEST_BOTH] = *other;
	c->other_is_self = addr_same_ip(other, &c->server);
	c->alternate = !c->other_is_self && other->port != c->server.port &&
		       addr_family(other) == addr_family(&c->server);
}

/* All destinations of one mapping socket, shuffled: with overloaded ports the class depends on the order. */
static void plan_mapping(struct classify *c, unsigned s, nk_time now)
{
	unsigned order[DEST_COUNT];

	for (unsigned i = 0; i < DEST_COUNT; i++) {
		const unsigned k = rng_below(c->exchanges->rng, i + 1);

		order[i] = order[k];
		order[k] = i;
	}
	for (unsigned i = 0; i < DEST_COUNT; i++) {
		const unsigned d = order[i];

		if (d != DEST_PRIMARY && !c->alternate)
			continue;
		c->map[s][d] = exchange_add(c->exchanges, map_socket(s), &c->dest[d], MAP_TRIES,
					    now + (i * c->ports + s) * pace(c));
		if (c->map[s][d] != NULL)
			c->map[s][d]->flow = budget_take(c->budget, now);
	}
}

static void plan_filter_round(struct classify *c, unsigned s, unsigned round, nk_time at)
{
	static const uint8_t change[FILTER_KINDS] = {
		[FILTER_BOTH] = STUN_CHANGE_IP | STUN_CHANGE_PORT,
		[FILTER_PORT] = STUN_CHANGE_PORT,
	};

	for (unsigned k = 0; k < FILTER_KINDS; k++) {
		struct exchange *e;

		if (!c->alternate && k == FILTER_BOTH)
			continue;
		e = exchange_add(c->exchanges, filter_socket(s), &c->server, 1, at);
		if (e == NULL)
			return;
		e->change = change[k];
		e->flow = c->filter_flow[s];
		if (k == FILTER_BOTH)
			e->from = c->dest[DEST_BOTH];
		else if (k == FILTER_PORT)
			e->from = c->alternate ? c->dest[DEST_PORT] : addr_with_port(c->server, 0);
		c->filter[s][round][k] = e;
	}
}

static void plan_filtering(struct classify *c, unsigned s, nk_time now)
{
	if (c->rounds[s] == 0)
		c->filter_flow[s] = budget_take(c->budget, now);
	for (unsigned i = 0; i < ROUNDS_AT_ONCE && c->rounds[s] < FILTER_ROUNDS; i++)
		plan_filter_round(c, s, c->rounds[s]++, now + i * ROUND_SPACING + s * pace(c));
}

void classify_start(struct classify *c, const struct addr *other, nk_time now)
{
	c->ports = c->options->mappings < FEW_MAPPINGS ? CLASSIFY_PORTS - 1 : CLASSIFY_PORTS;
	c->started = true;
	c->dest[DEST_PRIMARY] = c->server;
	c->hairpin_due = c->options->hairpin ? now + 2 * exchanges_wait(c->exchanges) : NK_NEVER;
	rng_bytes(c->exchanges->rng, c->hairpin_tid, sizeof(c->hairpin_tid));
	plan_addresses(c, other);
}

/*
 * Whether the server really sends changed answers: asked for on a socket that
 * has talked to their source, where no filter can hold them back (unless the
 * mapping differs by destination, when nothing can be said).
 */
static void plan_check(struct classify *c, nk_time now)
{
	if (c->check != NULL || !c->alternate || c->map[0][DEST_BOTH] == NULL ||
	    c->map[0][DEST_BOTH]->state != EXCHANGE_ANSWERED)
		return;
	c->check = exchange_add(c->exchanges, map_socket(0), &c->server, CHECK_TRIES, now);
	if (c->check == NULL)
		return;
	c->check->change = STUN_CHANGE_IP | STUN_CHANGE_PORT;
	c->check->from = c->dest[DEST_BOTH];
}

static bool is_hairpin(struct classify *c, const struct event *ev)
{
	struct stun_msg m;

	if (c->hairpin_sent == 0 || stun_read(&m, ev->data, ev->len) != 0 ||
	    m.cls != STUN_INDICATION || memcmp(m.tid, c->hairpin_tid, STUN_TID) != 0)
		return false;
	c->hairpin_heard = true;
	c->hairpin_source = ev->from;
	return true;
}

static void datagram(struct classify *c, const struct event *ev, nk_time now)
{
	struct exchange *e;

	if (is_hairpin(c, ev))
		return;
	e = exchanges_input(c->exchanges, ev, now);
	if (e == NULL)
		return;
	if (e->change != 0 && e->state != EXCHANGE_ANSWERED && addr_eq(&e->source, &e->to)) {
		c->change_refused |= e->error != 0;
		c->change_ignored |= e->error == 0;
		e->state = EXCHANGE_FAILED;
		return;
	}
	if (e->state != EXCHANGE_ANSWERED)
		return;
	budget_touch(c->budget, e->flow, now);
	budget_seen(c->budget, e->flow);
	plan_check(c, now);
}

void classify_input(struct classify *c, const struct event *ev, nk_time now)
{
	const uint32_t s = ev->id - CLASSIFY_SOCKETS;

	if (s >= 2 * CLASSIFY_PORTS)
		return;
	if (ev->kind == EVENT_DATAGRAM) {
		datagram(c, ev, now);
	} else if (ev->kind == EVENT_OPENED) {
		c->opened++;
		c->local[s] = ev->local;
		if (s >= CLASSIFY_PORTS)
			plan_filtering(c, s - CLASSIFY_PORTS, now);
		else
			plan_mapping(c, s, now);
		if (s > 0)
			return;
		c->fragment = exchange_add(c->exchanges, map_socket(0), &c->server, CHECK_TRIES,
					   now + exchanges_wait(c->exchanges));
		if (c->fragment != NULL)
			c->fragment->padding = FRAGMENT_LEN - STUN_HEADER - 4;
	} else if (ev->kind == EVENT_OPEN_FAILED) {
		c->opened++;
	}
}

static bool open_next(struct classify *c, struct action *action)
{
	while (c->opening < 2 * CLASSIFY_PORTS) {
		const unsigned s = c->opening++;

		if (s % CLASSIFY_PORTS >= c->ports)
			continue;
		*action = (struct action){
			.kind = ACTION_OPEN,
			.id = CLASSIFY_SOCKETS + s,
			.socket = SOCKET_UDP,
			.local = c->options->local,
			.peer = c->server,
		};
		return true;
	}
	return false;
}

/* One packet each way between two mapped addresses of ours, then one more. */
static bool hairpin_output(struct classify *c, struct action *action, nk_time now)
{
	const unsigned from = c->hairpin_sent % 2;
	const struct exchange *to = c->map[1 - from][DEST_PRIMARY];
	struct wr w;

	if (c->hairpin_due > now)
		return false;
	if (c->opened < 2 * c->ports || (to != NULL && to->state == EXCHANGE_WAITING)) {
		/* Its mapping is still being learnt. */
		c->hairpin_due = now + exchanges_wait(c->exchanges);
		return false;
	}
	if (c->hairpin_sent == HAIRPIN_PACKETS || to == NULL || to->state != EXCHANGE_ANSWERED) {
		c->hairpin_due = NK_NEVER;
		return false;
	}
	*action = (struct action){
		.kind = ACTION_SEND,
		.id = map_socket(from),
		.to = to->xor_mapped,
	};
	w = wr_make(action->data, sizeof(action->data));
	stun_begin(&w, STUN_BINDING, STUN_INDICATION, c->hairpin_tid);
	action->len = stun_end(&w);
	c->hairpin_sent++;
	c->hairpin_due = now + exchanges_wait(c->exchanges);
	return true;
}

static bool settled(const struct exchange *e)
{
	return e == NULL || e->state != EXCHANGE_WAITING;
}

static bool mapping_settled(const struct classify *c)
{
	for (unsigned s = 0; s < c->ports; s++)
		for (unsigned d = 0; d < DEST_COUNT; d++)
			if (!settled(c->map[s][d]))
				return false;
	return settled(c->check) && settled(c->fragment);
}

/* A changed answer has come: nothing more can be learnt from this socket. */
static bool filter_open(const struct classify *c, unsigned s)
{
	for (unsigned r = 0; r < c->rounds[s]; r++) {
		const struct exchange *e = c->filter[s][r][FILTER_BOTH];

		if (e != NULL && e->state == EXCHANGE_ANSWERED)
			return true;
	}
	return false;
}

static bool filtering_settled(struct classify *c, nk_time now)
{
	bool all = true;

	for (unsigned s = 0; s < c->ports; s++) {
		bool waiting = false;

		if (filter_open(c, s))
			continue;
		for (unsigned r = 0; r < c->rounds[s]; r++)
			for (unsigned k = 0; k < FILTER_KINDS; k++)
				waiting |= !settled(c->filter[s][r][k]);
		if (!waiting && c->rounds[s] > 0 && c->rounds[s] < FILTER_ROUNDS &&
		    behaviour_filter_void(c, s)) {
			plan_filtering(c, s, now);
			waiting = true;
		}
		all &= !waiting;
	}
	return all;
}

bool classify_output(struct classify *c, struct action *action, nk_time now)
{
	if (!c->started || c->done)
		return false;
	if (open_next(c, action) || exchanges_output(c->exchanges, action, now) ||
	    hairpin_output(c, action, now))
		return true;
	if (c->opened < 2 * c->ports)
		return false;

	const bool settled_now = filtering_settled(c, now);

	/* More rounds may have been planned just now. */
	if (exchanges_output(c->exchanges, action, now))
		return true;
	c->done = settled_now && mapping_settled(c) && c->hairpin_due == NK_NEVER;
	return false;
}

nk_time classify_deadline(const struct classify *c)
{
	if (!c->started || c->done)
		return NK_NEVER;
	return nk_min(exchanges_deadline(c->exchanges), c->hairpin_due);
}

static void report_hairpin(struct classify *c)
{
	struct fact *h = &c->result->hairpin;
	const struct exchange *a = c->map[0][DEST_PRIMARY], *b = c->map[1][DEST_PRIMARY];

	*h = (struct fact){.why_kind = WHY_NOT_ASKED, .why = "asked for with --hairpin alone"};
	if (!c->options->hairpin)
		return;
	*h = (struct fact){.why_kind = WHY_PATH, .why = "no two mappings to test with"};
	if (c->hairpin_sent == 0 || a == NULL || b == NULL)
		return;
	*h = (struct fact){.answer = c->hairpin_heard ? TRI_YES : TRI_NO,
			   .p = c->hairpin_heard ? 0.99 : 0.9,
			   .trials = c->hairpin_sent};
	c->result->hairpin_internal_source = c->hairpin_heard &&
					     !addr_same_ip(&c->hairpin_source, &a->xor_mapped) &&
					     !addr_same_ip(&c->hairpin_source, &b->xor_mapped);
}

static void report_fragments(struct classify *c)
{
	struct fact *out = &c->result->fragments_out, *in = &c->result->fragments_in;

	*out = *in = (struct fact){
		.why_kind = WHY_SERVER,
		.why = "no answer to a fragmented request: it or its answer was lost or not served",
	};
	if (c->fragment == NULL || c->fragment->state != EXCHANGE_ANSWERED ||
	    c->fragment->error != 0)
		return;
	*out = (struct fact){.answer = TRI_YES, .p = 0.99, .trials = 1};
	if (c->fragment->answer_padding >= FRAGMENT_LEN / 2)
		*in = *out;
	else
		snprintf(in->why, sizeof(in->why), "the server's answer was not fragmented");
}

static void report_evidence(struct classify *c)
{
	struct probe_result *r = c->result;

	for (unsigned i = 0; i < c->exchanges->count && r->evidence_count < PROBE_EVIDENCE_MAX;
	     i++) {
		const struct exchange *e = &c->exchanges->table[i];
		const uint32_t s = e->socket - CLASSIFY_SOCKETS;
		const bool came = e->state == EXCHANGE_ANSWERED;

		if (e->repeats == 0 || s >= 2 * CLASSIFY_PORTS)
			continue;
		r->evidence[r->evidence_count++] = (struct evidence){
			.kind = e->padding != 0                         ? EVIDENCE_FRAGMENT
				: e->change != 0 || s >= CLASSIFY_PORTS ? EVIDENCE_FILTERING
									: EVIDENCE_MAPPING,
			.verdict = came             ? VERDICT_ALIVE
				   : e->change != 0 ? VERDICT_DEAD
						    : VERDICT_VOID,
			.at_s = nk_seconds(e->first_sent - c->run_started),
			.local_port = c->local[s].port,
			.server = e->from,
			.mapped = e->xor_mapped,
			.why = came || e->change != 0 ? NULL : "no answer",
		};
	}
}

/* The other address was asked by every socket, and never answered. */
static bool other_silent(const struct classify *c)
{
	bool asked = false;

	for (unsigned s = 0; s < c->ports; s++)
		for (unsigned d = DEST_IP; d <= DEST_BOTH; d++) {
			if (c->map[s][d] == NULL || c->map[s][d]->state == EXCHANGE_WAITING)
				continue;
			if (c->map[s][d]->state == EXCHANGE_ANSWERED)
				return false;
			asked = true;
		}
	return asked;
}

void classify_report(struct classify *c)
{
	struct probe_result *r = c->result;

	c->other_silent = other_silent(c);
	behaviour_nat(c, &r->nat);
	behaviour_mapping(c, &r->mapping);
	behaviour_filtering(c, &r->filtering);
	behaviour_alg(c, &r->alg);
	behaviour_pooling(c, &r->pooling, &r->pooling_trials);
	r->can_change = !c->change_ignored && !c->change_refused && c->alternate;
	r->firewall = (struct fact){.why_kind = r->filtering.why_kind};
	snprintf(r->firewall.why, sizeof(r->firewall.why), "%s", r->filtering.why);
	if (r->filtering.cls != CLASS_UNKNOWN) {
		r->firewall.answer =
			r->filtering.cls == CLASS_ENDPOINT_INDEPENDENT ? TRI_NO : TRI_YES;
		r->firewall.p = r->filtering.p;
		r->firewall.trials = r->filtering.votes[r->filtering.cls];
	}
	report_hairpin(c);
	report_fragments(c);
	report_evidence(c);
}
