/* One mapping of the enumeration: set up, held from our side, and ended. */
#include <string.h>

#include "core/natmap/enumerate_parts.h"

#define STREAM_AFTER (2150 * NK_MS) /* a flow of that age is a stream wherever there are such */
#define STEPS        3              /* exchanges: let through, proven, and a stream */
#define STEPS_CHECK  2              /* what only looks who comes need be no stream */
#define TRIES        4
#define GRACE        (80 * NK_MS)
#define TRIAL_LEN    64   /* pays for the answer, with a cookie */
#define CLOSE_AFTER  NK_S /* copies that are still under way find the socket open */
#define PORTS_AGAIN  NK_S
#define HOLD_AFTER   (600 * NK_MS) /* so that many flows go into one HOLD */

double flow_age(const struct flow *f, nk_time now)
{
	return nk_seconds(now - nk_max(f->last_out, f->last_in));
}

bool flow_counts(const struct flow *f, nk_time now)
{
	return f->phase == FLOW_HELD && !f->lapsed && (f->ttl == 0 || f->held_until >= now);
}

uint32_t flow_free(const struct enumerate *e)
{
	for (uint32_t i = 0; i < e->flow_max; i++)
		if (e->flow[i].phase == FLOW_FREE)
			return i;
	return NO_FLOW;
}

uint32_t flow_open(struct enumerate *e, unsigned line, struct action *action, nk_time now)
{
	const uint32_t index = flow_free(e);

	if (index == NO_FLOW)
		return NO_FLOW;
	e->flow[index] = (struct flow){
		.phase = FLOW_OPENING,
		.line = line,
		.ttl = line == CHECK_LINE ? 0 : line_ttl(e, line),
		.open = true,
		.mapping = budget_take(&e->budget, now),
		.hold_due = NK_NEVER,
	};
	*action = (struct action){
		.kind = ACTION_OPEN,
		.id = e->config.first_socket + 1 + index,
		.socket = SOCKET_UDP,
		.local = e->config.local,
		.peer = e->config.broker,
	};
	return index;
}

/* What the broker still sends to the number of an ended flow must not reach the next one of that
 * number. */
void flow_end(struct enumerate *e, uint32_t index, nk_time now)
{
	struct flow *f = &e->flow[index];

	if (f->phase == FLOW_FREE || f->phase == FLOW_ENDED)
		return;
	f->phase = FLOW_ENDED;
	if (f->held_until > now)
		hold_want(e, f, now + HOLD_AFTER);
	heap_set(&e->heap, index, now + CLOSE_AFTER);
}

static void failed(struct enumerate *e, uint32_t index, nk_time now)
{
	budget_gone(&e->budget, e->flow[index].mapping);
	openings_refused(e, e->flow[index].line, now);
	flow_end(e, index, now);
}

static void send_to_broker(const struct enumerate *e, uint32_t index, struct action *action)
{
	action->kind = ACTION_SEND;
	action->id = e->config.first_socket + 1 + index;
	action->to = e->config.broker;
	action->local = (struct addr){.port = 0};
	action->ttl = 0;
}

/* Three requests, and no answer. */
static bool unheard(const struct flow *f)
{
	return f->phase == FLOW_SETUP && f->step == 0 && f->tries >= 3;
}

static bool request(struct enumerate *e, uint32_t index, struct action *action, nk_time now)
{
	struct flow *f = &e->flow[index];
	struct wr w = wr_make(action->data, sizeof(action->data));

	if (f->tries++ == TRIES) {
		failed(e, index, now);
		return false;
	}
	rng_bytes(e->rng, f->tid, sizeof(f->tid));
	stun_begin(&w, PROBE_TRIAL, STUN_REQUEST, f->tid);
	probe_put_token(&w, e->asker.token);
	probe_put_trial(&w, FLOW_NUMBER(index));
	if (f->step < 2)
		probe_put_cookie(&w, f->cookie);
	stun_pad_to(&w, TRIAL_LEN);
	action->len = stun_end(&w);
	send_to_broker(e, index, action);
	f->last_out = now;
	budget_touch(&e->budget, f->mapping, now);
	heap_set(&e->heap, index, now + exchanges_backoff(&e->exchanges, f->tries) + GRACE);
	if (unheard(f)) /* has it come from elsewhere? */
		e->status_at = nk_min(e->status_at, now + nk_max(e->exchanges.rtt, NK_MS));
	return true;
}

/* Never answered, and of no interest to the broker if it gets there. */
static bool keepalive(struct enumerate *e, uint32_t index, struct action *action, nk_time now)
{
	const unsigned line = e->flow[index].line;
	const unsigned out = line == CHECK_LINE ? e->config.count + 1 : e->lines[line].out;
	struct wr w = wr_make(action->data, sizeof(action->data));
	uint8_t tid[STUN_TID];

	rng_bytes(e->rng, tid, sizeof(tid));
	stun_begin(&w, STUN_BINDING, STUN_INDICATION, tid);
	action->len = stun_end(&w);
	send_to_broker(e, index, action);
	action->ttl = out > e->config.count ? 0 : (uint8_t)out;
	heap_set(&e->heap, index, now + e->interval);
	return true;
}

void flow_is_at(struct enumerate *e, uint32_t index, uint16_t port, nk_time now)
{
	struct flow *f = &e->flow[index];

	if (f->port == port || f->phase == FLOW_FREE)
		return;
	f->port = port;
	for (uint32_t i = 0; i < e->flow_max; i++) {
		struct flow *other = &e->flow[i];

		if (i == index || other->port != port || other->phase == FLOW_FREE)
			continue;
		if (flow_counts(other, now))
			lines_gone(e, other, now);
		other->lapsed = true;
		f->lapsed |= other->phase < FLOW_ENDED || other->held_until > 0;
	}
}

void flow_is_elsewhere(struct enumerate *e, uint32_t index, nk_time now)
{
	const struct flow *f = &e->flow[index];

	if (!unheard(f))
		return;
	e->elsewhere = true;
	if (f->line != CHECK_LINE)
		e->lines[f->line].extra++;
	flow_end(e, index, now);
}

/* A box on the way has let it through, and holds it for now. */
static void not_held(struct enumerate *e, uint32_t index, nk_time now)
{
	struct flow *f = &e->flow[index];

	budget_touch(&e->budget, f->mapping, now);
	budget_seen(&e->budget, f->mapping);
	openings_no_room(e, f->line, now);
	flow_end(e, index, now);
}

void flow_is_refused(struct enumerate *e, uint32_t index, nk_time now)
{
	if (unheard(&e->flow[index]))
		not_held(e, index, now);
}

void flow_ask_ports(struct enumerate *e, nk_time now)
{
	uint32_t numbers[PROBE_TRIALS_MAX];
	unsigned n = 0;

	for (uint32_t i = 0; i < e->flow_max && n < PROBE_TRIALS_MAX; i++)
		if ((e->flow[i].phase == FLOW_HELD && e->flow[i].port == 0) || unheard(&e->flow[i]))
			numbers[n++] = FLOW_NUMBER(i);
	if (n > 0)
		asker_status(&e->asker, numbers, n);
	e->status_at = n > 0 ? now + PORTS_AGAIN : NK_NEVER;
}

static bool close_socket(struct enumerate *e, uint32_t index, struct action *action, nk_time now)
{
	struct flow *f = &e->flow[index];

	if (!f->open) {
		const nk_time until = f->hold_asked ? now + CLOSE_AFTER : f->held_until;

		if (until <= now)
			f->phase = FLOW_FREE;
		heap_set(&e->heap, index, until <= now ? NK_NEVER : until);
		return false;
	}
	f->open = false;
	heap_set(&e->heap, index, now + 1);
	action->kind = ACTION_CLOSE;
	action->id = e->config.first_socket + 1 + index;
	return true;
}

bool flow_output(struct enumerate *e, uint32_t index, struct action *action, nk_time now)
{
	switch (e->flow[index].phase) {
	case FLOW_SETUP:
		return request(e, index, action, now);
	case FLOW_HELD:
		return keepalive(e, index, action, now);
	case FLOW_ENDED:
		return close_socket(e, index, action, now);
	default:
		heap_set(&e->heap, index, NK_NEVER);
		return false;
	}
}

static void opened(struct enumerate *e, uint32_t index, uint16_t port, nk_time now)
{
	struct flow *f = &e->flow[index];
	uint8_t *byte = &e->used_ports[port / 8];

	if (f->phase != FLOW_OPENING)
		return;
	if (*byte & (1u << port % 8)) {
		/* A NAT may still hold the mapping of this port's last use. */
		budget_gone(&e->budget, f->mapping);
		if (f->line != CHECK_LINE)
			e->lines[f->line].extra++;
		flow_end(e, index, now);
		return;
	}
	*byte |= (uint8_t)(1u << port % 8);
	f->phase = FLOW_SETUP;
	heap_set(&e->heap, index, now);
}

static void set_up(struct enumerate *e, uint32_t index, nk_time now)
{
	struct flow *f = &e->flow[index];
	const bool keeps = f->line == CHECK_LINE || e->lines[f->line].out > 0;

	f->phase = FLOW_HELD;
	heap_set(&e->heap, index, keeps ? now + e->interval : NK_NEVER);
	if (f->line != CHECK_LINE)
		lines_set_up(e, f->line, now);
	if (f->port == 0)
		e->status_at = nk_min(e->status_at, now + PORTS_AGAIN);
}

static void answered(struct enumerate *e, uint32_t index, const struct probe_msg *m, nk_time now)
{
	struct flow *f = &e->flow[index];

	if (f->step == 0 && !m->has_cookie)
		return;
	if (f->step == 0) {
		f->cookie = m->cookie;
		f->answered = now;
		openings_let_through(e, now);
	}
	f->last_in = now;
	f->tries = 0;
	f->step++;
	budget_touch(&e->budget, f->mapping, now);
	budget_seen(&e->budget, f->mapping);
	if (f->step == (f->line == CHECK_LINE ? STEPS_CHECK : STEPS))
		set_up(e, index, now);
	else
		heap_set(&e->heap, index,
			 f->step == 1 ? now : nk_max(now, f->answered + STREAM_AFTER));
	if (f->step == 2)
		hold_want(e, f, now + HOLD_AFTER);
}

static void set_up_answered(struct enumerate *e, uint32_t index, const struct stun_msg *m,
			    const struct probe_msg *p, nk_time now)
{
	if (m->cls == STUN_SUCCESS)
		answered(e, index, p, now);
	else if (m->error == PROBE_ERR_FULL)
		not_held(e, index, now);
}

static void ticked(struct flow *f, const struct event *ev)
{
	f->ticks++;
	f->tick_ttl = ev->ttl;
}

static void datagram(struct enumerate *e, uint32_t index, const struct event *ev, nk_time now)
{
	struct flow *f = &e->flow[index];
	struct stun_msg m;
	struct probe_msg p;

	if (asker_input_trial(&e->asker, FLOW_NUMBER(index), ev, now)) {
		budget_tested(&e->budget, f->mapping, now);
		return;
	}
	if (!addr_eq(&ev->from, &e->config.broker) || stun_read(&m, ev->data, ev->len) != 0 ||
	    probe_read(&p, &m) != 0)
		return;
	if (m.method == PROBE_TICK && m.cls == STUN_INDICATION && p.trial == FLOW_NUMBER(index) &&
	    memcmp(m.tid, f->hold_tid, STUN_TID) == 0)
		ticked(f, ev);
	else if (f->phase == FLOW_SETUP && f->tries > 0 && stun_answers(&m, PROBE_TRIAL, f->tid))
		set_up_answered(e, index, &m, &p, now);
}

void flow_input(struct enumerate *e, uint32_t index, const struct event *ev, nk_time now)
{
	struct flow *f = &e->flow[index];

	switch (ev->kind) {
	case EVENT_OPENED:
		opened(e, index, ev->local.port, now);
		break;
	case EVENT_OPEN_FAILED:
		f->open = false;
		if (f->phase != FLOW_OPENING)
			break;
		budget_gone(&e->budget, f->mapping);
		openings_no_socket(e, f->line, now);
		flow_end(e, index, now);
		break;
	case EVENT_DATAGRAM:
		e->packets_in++;
		datagram(e, index, ev, now);
		break;
	default:
		break;
	}
}
