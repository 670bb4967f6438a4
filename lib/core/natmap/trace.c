#include "core/natmap/trace.h"

#include <assert.h>
#include <stdlib.h>

#include "core/probe/exchange.h"

/* The last ones a second later, for boxes that send one ICMP error a second (Linux: after a burst
 * of 6). */
#define TRIES               7
#define LOST                4           /* so many requests are not lost one after the other */
#define PACE                (2 * NK_MS) /* so few go beyond the server, and round trips can be told */

#define ICMP4_TIME_EXCEEDED 11
#define ICMP6_TIME_EXCEEDED 3

/**
 * struct probe - The request of one TTL, which is its index and one more
 * @exchange:	NULL until the socket is open; @failed: it could not be opened
 * @hop:	Whose ICMP error came back, and when; @left: TTL of the server's answer
 */
struct probe {
	bool open, failed;
	struct exchange *exchange;
	struct addr hop;
	nk_time hop_rtt;
	uint8_t left;
};

struct trace {
	struct trace_config config;
	struct exchanges exchanges;
	struct probe probes[TRACE_SOCKETS];
	unsigned opening, closing;
	nk_time ends;
	bool done;
};

struct trace *trace_new(const struct trace_config *config, struct rng *rng, nk_time now)
{
	struct trace *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->config = *config;
	t->ends = now + config->limit;
	exchanges_init(&t->exchanges, rng);
	if (config->rtt > 0)
		exchanges_learn(&t->exchanges, config->rtt, true);
	return t;
}

void trace_free(struct trace *t)
{
	free(t);
}

static bool answered(const struct probe *p)
{
	return p->exchange != NULL && p->exchange->state == EXCHANGE_ANSWERED;
}

/* Boxes on the way; TRACE_SOCKETS: the server has not answered. */
static unsigned boxes(const struct trace *t)
{
	unsigned n = 0;

	while (n < TRACE_SOCKETS && !answered(&t->probes[n]))
		n++;
	return n;
}

static void give_up(struct probe *p)
{
	if (p->exchange != NULL && p->exchange->state == EXCHANGE_WAITING)
		p->exchange->state = EXCHANGE_FAILED;
}

/* What a greater TTL than one that reached the server would tell is known. */
static void give_up_beyond(struct trace *t)
{
	for (unsigned i = boxes(t); i < TRACE_SOCKETS; i++)
		give_up(&t->probes[i]);
}

static bool all_settled(const struct trace *t)
{
	for (unsigned i = 0; i < TRACE_SOCKETS; i++) {
		const struct probe *p = &t->probes[i];

		if (p->exchange == NULL ? !p->failed : p->exchange->state == EXCHANGE_WAITING)
			return false;
	}
	return true;
}

bool trace_counted(const struct trace *t)
{
	const unsigned n = boxes(t);

	for (unsigned i = 0; i < n && n < TRACE_SOCKETS; i++) {
		const struct exchange *e = t->probes[i].exchange;

		if (e != NULL && e->state == EXCHANGE_WAITING && e->repeats < LOST)
			return false;
	}
	return n < TRACE_SOCKETS;
}

bool trace_is_time_exceeded(const struct event *ev)
{
	return ev->icmp_type ==
	       (addr_family(&ev->from) == ADDR_V4 ? ICMP4_TIME_EXCEEDED : ICMP6_TIME_EXCEEDED);
}

/* Any error says that this request will have no answer; whose it is only one about its TTL does. */
static void take_error(struct trace *t, struct probe *p, const struct event *ev, nk_time now)
{
	if (p->exchange == NULL || p->exchange->repeats == 0 || answered(p) ||
	    !addr_eq(&ev->from, &t->config.server))
		return;
	if (trace_is_time_exceeded(ev) && addr_family(&p->hop) == ADDR_NONE) {
		p->hop = addr_with_port(ev->reporter, 0);
		p->hop_rtt = now - p->exchange->sent;
	}
	give_up(p);
}

static void opened(struct trace *t, unsigned i, nk_time now)
{
	struct probe *p = &t->probes[i];

	static_assert(TRACE_SOCKETS <= EXCHANGES_MAX, "each socket has an exchange");
	p->open = true;
	p->exchange = exchange_add(&t->exchanges, t->config.first_socket + i, &t->config.server,
				   TRIES, now + i * PACE);
	p->exchange->ttl = (uint8_t)(i + 1);
}

bool trace_input(struct trace *t, const struct event *ev, nk_time now)
{
	const uint32_t i = ev->id - t->config.first_socket;
	struct exchange *e;

	if (i >= TRACE_SOCKETS)
		return false;
	if (t->done)
		return true;
	if (ev->kind == EVENT_OPENED) {
		opened(t, i, now);
	} else if (ev->kind == EVENT_OPEN_FAILED) {
		t->probes[i].failed = true;
	} else if (ev->kind == EVENT_ICMP_ERROR) {
		take_error(t, &t->probes[i], ev, now);
	} else if (ev->kind == EVENT_SEND_FAILED) {
		give_up(&t->probes[i]);
	} else if (ev->kind == EVENT_DATAGRAM) {
		e = exchanges_input(&t->exchanges, ev, now);
		if (e != NULL && e == t->probes[i].exchange && answered(&t->probes[i]))
			t->probes[i].left = ev->ttl;
		give_up_beyond(t);
	}
	return true;
}

static bool close_next(struct trace *t, struct action *action)
{
	while (t->closing < TRACE_SOCKETS) {
		const unsigned i = t->closing++;

		if (!t->probes[i].open)
			continue;
		*action = (struct action){.kind = ACTION_CLOSE, .id = t->config.first_socket + i};
		return true;
	}
	return false;
}

bool trace_output(struct trace *t, struct action *action, nk_time now)
{
	if (!t->done && t->opening < TRACE_SOCKETS) {
		*action = (struct action){
			.kind = ACTION_OPEN,
			.id = t->config.first_socket + t->opening++,
			.socket = SOCKET_UDP,
			.local = t->config.local,
			.peer = t->config.server,
		};
		return true;
	}
	if (!t->done && now < t->ends && exchanges_output(&t->exchanges, action, now))
		return true;
	t->done = t->done || now >= t->ends || all_settled(t);
	return t->done && close_next(t, action);
}

nk_time trace_deadline(const struct trace *t)
{
	if (t->done)
		return NK_NEVER;
	return nk_min(t->ends, exchanges_deadline(&t->exchanges));
}

void trace_stop(struct trace *t)
{
	t->done = true;
}

int trace_status(const struct trace *t)
{
	return t->done && t->closing == TRACE_SOCKETS ? CORE_DONE : CORE_BUSY;
}

/* Systems begin with 64, 128 or 255, and no way has so many boxes that two of them could be
 * meant. */
static unsigned taken_off(uint8_t left)
{
	if (left == 0)
		return 0;
	return (left <= 64 ? 64u : left <= 128 ? 128u : 255u) - left;
}

void trace_report(const struct trace *t, struct path_result *path)
{
	const unsigned n = boxes(t);

	path->reached = n < TRACE_SOCKETS;
	path->count = path->reached ? n : 0;
	path->back = path->reached ? taken_off(t->probes[n].left) : 0;
	for (unsigned i = 0; i < n; i++) {
		path->hops[i].address = t->probes[i].hop;
		path->hops[i].rtt_ms = (double)t->probes[i].hop_rtt / 1e3;
	}
}
