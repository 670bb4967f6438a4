#include "alive_end.h"

#include <stddef.h>
#include <string.h>

#include "base/bytes.h"
#include "wire/frame.h"

/* All long packets: the sender's counter, its interval in microseconds, and where the receiver was
 * seen. */
#define HELLO_LEN (PACKET_OVERHEAD + FRAME_PING_LEN)

void alive_end_start(struct alive_end *e, const struct keepalive_config *config,
		     const struct addr *local, const struct addr *other)
{
	*e = (struct alive_end){
		.config = *config,
		.flow = {.key = "as agreed before", .first = config->first},
		.local = *local,
		.other = *other,
		.opening = ALIVE_OPENING,
		.told = nk_from_seconds(config->terms.interval_s),
	};
	e->tell = e->told;
	keepalive_start(&e->k, config, 0);
}

bool alive_end_is_up(const struct alive_end *e)
{
	return e->opening == 0 && !keepalive_lost(&e->k);
}

void alive_end_retime(struct alive_end *e, nk_time interval, bool tell, nk_time now)
{
	const bool shorter = interval <= nk_from_seconds(e->config.terms.interval_s);

	e->tell = interval;
	if (!tell)
		e->told = interval;
	if (tell && !shorter)
		return;
	e->config.terms.interval_s = nk_seconds(interval);
	keepalive_retime(&e->k, interval, now);
}

/* Input */

static void open_anew(struct alive_end *e, nk_time now)
{
	e->opening = ALIVE_OPENING;
	e->open_at = now + KEEPALIVE_GAP;
}

static void note_mapped(struct alive_end *e, const struct addr *mapped, nk_time now)
{
	const bool moved = e->mapped.port != 0 && !addr_eq(&e->mapped, mapped);

	e->mapped = *mapped;
	if (!moved)
		return;
	e->moved_after = nk_max(now - e->k.heard, 1);
	open_anew(e, now);
}

static void note_answered(struct alive_end *e)
{
	if (e->asked != 0)
		e->outage = e->again - e->asked;
	e->asked = 0;
}

static void go_up(struct alive_end *e, nk_time now)
{
	e->ups++;
	keepalive_start(&e->k, &e->config, now);
}

static void take_hello(struct alive_end *e, struct rd *r, const struct addr *from, nk_time now)
{
	const uint64_t counter = rd_be64(r);
	const nk_time interval = (nk_time)rd_be64(r);

	if (r->bad || e->config.first)
		return;
	e->other = *from;
	e->owes_welcome = true;
	e->flow.heard = counter;
	if (!alive_end_is_up(e)) {
		e->opening = 0;
		go_up(e, now);
	}
	keepalive_heard(&e->k, KEEPALIVE_HEARD_TRAFFIC, now);
	alive_end_retime(e, interval, false, now);
}

static void take_welcome(struct alive_end *e, struct rd *r, nk_time now)
{
	const uint64_t counter = rd_be64(r);
	const nk_time interval = (nk_time)rd_be64(r);
	struct addr mapped = addr_v4(0, 0, 0, 0, 0);
	const uint8_t *ip = rd_bytes(r, sizeof(mapped.ip));

	mapped.port = rd_be16(r);
	if (r->bad)
		return;
	memcpy(mapped.ip, ip, sizeof(mapped.ip));
	note_answered(e);
	e->flow.heard = counter;
	if (interval == e->tell)
		alive_end_retime(e, interval, false, now);
	note_mapped(e, &mapped, now);
	if (e->opening > 0 && --e->opening == 0)
		go_up(e, now);
	keepalive_heard(&e->k, KEEPALIVE_HEARD_ANSWER, now);
}

static void take_frame(struct alive_end *e, const struct event *ev, nk_time now)
{
	enum keepalive_kind kind;
	uint64_t acked;

	if (e->opening > 0 || !addr_eq(&ev->from, &e->other) ||
	    !keepalive_read(&e->flow, ev->data, ev->len, &kind, &acked))
		return;
	e->owes_answer |= kind == KEEPALIVE_ASK;
	if (kind == KEEPALIVE_ANSWER)
		note_answered(e);
	keepalive_heard(&e->k, keepalive_news(&e->flow, kind, acked), now);
}

void alive_end_input(struct alive_end *e, const struct event *ev, nk_time now)
{
	struct rd r = rd_make(ev->data, ev->len);
	uint8_t kind;

	if (e->gone || ev->kind != EVENT_DATAGRAM)
		return;
	if (keepalive_is_frame(ev->data, ev->len)) {
		take_frame(e, ev, now);
		return;
	}
	kind = rd_u8(&r);
	if (kind == ALIVE_HELLO)
		take_hello(e, &r, &ev->from, now);
	else if (kind == ALIVE_WELCOME)
		take_welcome(e, &r, now);
	else if (kind == ALIVE_DATA)
		keepalive_heard(&e->k, KEEPALIVE_HEARD_TRAFFIC, now);
}

/* Output */

static void note_asked(struct alive_end *e, nk_time now)
{
	if (e->asked == 0)
		e->asked = now;
	e->again = now;
}

static bool send_frame(struct alive_end *e, struct action *a, enum keepalive_kind kind)
{
	keepalive_write(&e->flow, kind, a->data);
	a->len = KEEPALIVE_LEN;
	return true;
}

static bool send_long(struct alive_end *e, struct action *a, enum alive_long kind)
{
	struct wr w = wr_make(a->data, HELLO_LEN);

	wr_u8(&w, (uint8_t)kind);
	wr_be64(&w, e->flow.sent);
	wr_be64(&w, (uint64_t)e->tell);
	wr_bytes(&w, e->other.ip, sizeof(e->other.ip));
	wr_be16(&w, e->other.port);
	memset(a->data + w.len, 0, HELLO_LEN - w.len);
	a->len = HELLO_LEN;
	return true;
}

static bool send_needed(struct alive_end *e, struct action *a, nk_time now)
{
	switch (keepalive_next(&e->k, now)) {
	case KEEPALIVE_SEND_TURN:
		return send_frame(e, a, KEEPALIVE_TURN);
	case KEEPALIVE_SEND_ASK:
		note_asked(e, now);
		return send_frame(e, a, KEEPALIVE_ASK);
	case KEEPALIVE_SEND_OPENER:
		a->ttl = ALIVE_TTL;
		return send_frame(e, a, KEEPALIVE_TURN);
	case KEEPALIVE_SEND_HELLO:
		note_asked(e, now);
		return send_long(e, a, ALIVE_HELLO);
	case KEEPALIVE_REST:
	default:
		return false;
	}
}

static bool send_owed(struct alive_end *e, struct action *a, nk_time now)
{
	if (e->owes_welcome) {
		e->owes_welcome = false;
		keepalive_sent(&e->k, false, now);
		return send_long(e, a, ALIVE_WELCOME);
	}
	if (e->has_data) {
		e->has_data = false;
		keepalive_sent(&e->k, false, now);
		return send_long(e, a, ALIVE_DATA);
	}
	if (e->owes_answer) {
		e->owes_answer = false;
		keepalive_sent(&e->k, false, now);
		return send_frame(e, a, KEEPALIVE_ANSWER);
	}
	return false;
}

static bool send_opening(struct alive_end *e, struct action *a, nk_time now)
{
	if (now < e->open_at)
		return false;
	e->open_at = now + KEEPALIVE_GAP;
	note_asked(e, now);
	return send_long(e, a, ALIVE_HELLO);
}

static bool send_any(struct alive_end *e, struct action *a, nk_time now)
{
	if (send_owed(e, a, now))
		return true;
	if (e->config.first && e->opening == 0 && keepalive_lost(&e->k))
		open_anew(e, now - KEEPALIVE_GAP);
	if (e->opening > 0)
		return e->config.first && send_opening(e, a, now);
	if (e->tell != e->told) {
		e->told = e->tell;
		note_asked(e, now);
		keepalive_sent(&e->k, true, now);
		return send_long(e, a, ALIVE_HELLO);
	}
	return send_needed(e, a, now);
}

bool alive_end_output(struct alive_end *e, struct action *a, nk_time now)
{
	memset(a, 0, offsetof(struct action, data));
	if (!e->opened) {
		e->opened = true;
		a->kind = ACTION_OPEN;
		a->local = e->local;
		return true;
	}
	if (e->gone || !send_any(e, a, now))
		return false;
	a->kind = ACTION_SEND;
	a->to = e->other;
	return true;
}

nk_time alive_end_deadline(const struct alive_end *e)
{
	if (e->gone)
		return NK_NEVER;
	if (e->opening > 0)
		return e->config.first ? e->open_at : NK_NEVER;
	return keepalive_deadline(&e->k);
}

static void input(void *core, const struct event *ev, nk_time now)
{
	alive_end_input(core, ev, now);
}

static bool output(void *core, struct action *a, nk_time now)
{
	return alive_end_output(core, a, now);
}

static nk_time deadline(const void *core)
{
	return alive_end_deadline(core);
}

static int status(const void *core)
{
	(void)core;
	return CORE_BUSY;
}

const struct core_ops alive_end_ops = {
	.input = input,
	.output = output,
	.deadline = deadline,
	.status = status,
};
