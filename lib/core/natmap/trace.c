#include "core/natmap/trace.h"

#include <assert.h>
#include <stdlib.h>

#include "core/probe/exchange.h"

/* The last ones a second later, for boxes that send one ICMP error a second (Linux: after a burst
 * of 6). */
#define TRIES               7
#define LOST                4 /* so many requests are not lost one after the other */
#define AGAIN               (50 * NK_MS)
#define PACE                (2 * NK_MS) /* so few go beyond the server, and round trips can be told */

#define ICMP4_TIME_EXCEEDED 11
#define ICMP6_TIME_EXCEEDED 3
#define ICMP4_UNREACHABLE   3
#define ICMP6_UNREACHABLE   1

/**
 * struct probe - The request of one TTL, which is its index and one more
 * @exchange:	NULL until the socket is open; @failed: it could not be opened
 * @again:	The second one to a hop that has told its address, or NULL
 * @hop:	Whose ICMP error came back, and when; @hop_certain: to which request is known
 * @met:	The server said by ICMP that nobody is at its port; @left: TTL of its answer
 */
struct probe {
	bool open, failed, met, hop_certain;
	struct exchange *exchange, *again;
	struct addr hop;
	nk_time hop_rtt;
	uint8_t left;
};

/* @refused_by, @refused_why: As in the result, by the least TTL, which is @refused_at and one more. */
struct trace {
	struct trace_config config;
	struct exchanges exchanges;
	struct probe probes[TRACE_SOCKETS];
	unsigned opening, closing;
	struct addr refused_by;
	const char *refused_why;
	unsigned refused_at;
	nk_time ends;
	bool done;
};

struct trace *trace_new(void)
{
	return calloc(1, sizeof(struct trace));
}

void trace_free(struct trace *t)
{
	free(t);
}

void trace_start(struct trace *t, const struct trace_config *config, struct rng *rng, nk_time now)
{
	t->config = *config;
	if (t->config.tries == 0)
		t->config.tries = TRIES;
	t->ends = now + config->limit;
	exchanges_init(&t->exchanges, rng);
	if (config->rtt > 0)
		exchanges_learn(&t->exchanges, config->rtt, true);
}

static bool answered(const struct probe *p)
{
	return p->exchange != NULL && (p->met || p->exchange->state == EXCHANGE_ANSWERED);
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
		if (p->again != NULL && p->again->state == EXCHANGE_WAITING)
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

/* What an ICMP error says of a destination (RFC 792, 1812, 4443); NULL: it is about something else. */
static const char *refusal(const struct event *ev)
{
	static const char *const v4[] = {
		[0] = "network unreachable", [1] = "host unreachable", [2] = "protocol unreachable",
		[3] = "port unreachable",    [9] = "prohibited",       [10] = "prohibited",
		[13] = "prohibited",
	};
	static const char *const v6[] = {
		[0] = "no route",         [1] = "prohibited", [3] = "address unreachable",
		[4] = "port unreachable", [5] = "prohibited", [6] = "route rejected",
	};
	const bool is_v4 = addr_family(&ev->from) == ADDR_V4;
	const size_t count = is_v4 ? sizeof(v4) / sizeof(v4[0]) : sizeof(v6) / sizeof(v6[0]);
	const char *text = NULL;

	if (ev->icmp_type != (is_v4 ? ICMP4_UNREACHABLE : ICMP6_UNREACHABLE))
		return NULL;
	if (ev->icmp_code < count)
		text = is_v4 ? v4[ev->icmp_code] : v6[ev->icmp_code];
	return text != NULL ? text : "unreachable";
}

static void take_refusal(struct trace *t, unsigned i, const struct event *ev)
{
	const char *why = refusal(ev);

	if (why == NULL)
		return;
	t->probes[i].met |= addr_same_ip(&ev->reporter, &t->config.server);
	if (t->refused_why != NULL && t->refused_at <= i)
		return;
	t->refused_by = addr_with_port(ev->reporter, 0);
	t->refused_why = why;
	t->refused_at = i;
}

/* The second request goes out well after the first. */
static void ask_again(struct trace *t, unsigned i, nk_time now)
{
	struct probe *p = &t->probes[i];

	p->again = exchange_add(&t->exchanges, t->config.first_socket + i, &t->config.server, 1,
				now + AGAIN);
	if (p->again != NULL)
		p->again->ttl = (uint8_t)(i + 1);
}

static void take_hop(struct trace *t, unsigned i, const struct event *ev, nk_time now)
{
	struct probe *p = &t->probes[i];

	if (addr_family(&p->hop) == ADDR_NONE) {
		p->hop = addr_with_port(ev->reporter, 0);
		p->hop_rtt = now - p->exchange->sent;
		p->hop_certain = p->exchange->repeats == 1;
		ask_again(t, i, now);
	} else if (p->again != NULL && p->again->repeats == 1 &&
		   p->again->state == EXCHANGE_WAITING) {
		p->hop_rtt = p->hop_certain ? nk_min(p->hop_rtt, now - p->again->sent)
					    : now - p->again->sent;
		p->again->state = EXCHANGE_FAILED;
	}
}

/* Any error says that this request will have no answer; whose it is only one about its TTL does. */
static void take_error(struct trace *t, unsigned i, const struct event *ev, nk_time now)
{
	struct probe *p = &t->probes[i];

	if (p->exchange == NULL || p->exchange->repeats == 0 || answered(p) ||
	    !addr_eq(&ev->from, &t->config.server))
		return;
	if (trace_is_time_exceeded(ev))
		take_hop(t, i, ev, now);
	else
		take_refusal(t, i, ev);
	give_up(p);
	if (p->met)
		give_up_beyond(t);
}

static void opened(struct trace *t, unsigned i, nk_time now)
{
	struct probe *p = &t->probes[i];

	static_assert(TRACE_SOCKETS <= EXCHANGES_MAX, "each socket has an exchange");
	p->open = true;
	p->exchange = exchange_add(&t->exchanges, t->config.first_socket + i, &t->config.server,
				   t->config.tries, now + i * PACE);
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
		take_error(t, i, ev, now);
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

/* Up to the last hop that was heard of. */
static unsigned heard_of(const struct trace *t)
{
	unsigned n = TRACE_SOCKETS;

	while (n > 0 && addr_family(&t->probes[n - 1].hop) == ADDR_NONE)
		n--;
	return n;
}

/* The server's host sends few errors a second: a lesser TTL than that which it was heard by may have
 * got there, unless a box was heard of by it. */
static bool is_counted(const struct trace *t, unsigned n)
{
	return n < TRACE_SOCKETS && (!t->probes[n].met || heard_of(t) == n);
}

void trace_report(const struct trace *t, struct path_result *path)
{
	const unsigned n = boxes(t);

	path->reached = is_counted(t, n);
	path->count = path->reached ? n : heard_of(t);
	path->back = path->reached ? taken_off(t->probes[n].left) : 0;
	path->refused_by = t->refused_by;
	path->refused_why = t->refused_why;
	for (unsigned i = 0; i < path->count; i++) {
		path->hops[i].address = t->probes[i].hop;
		path->hops[i].rtt_ms = (double)t->probes[i].hop_rtt / 1e3;
	}
}
