/* One trial of the fan: opened, its traffic pattern played once, confirmed, and left silent. */
#include <string.h>

#include "core/probe/fan_parts.h"

#define STREAM_LASTS      (3 * NK_S) /* traffic both ways for more than this: design, section 5 */
#define STREAM_STEP       (500 * NK_MS)
#define STREAM_TRIES      14
#define STATUS_AFTER      (15 * NK_MS)
#define STATUS_GRACE      (80 * NK_MS)
#define OPEN_AGAIN        NK_S /* after a failure: sockets of trials that ended are closed by then */
#define OPEN_FAILURES_MAX 16   /* in a row */
#define CLOSE_AFTER       NK_S /* copies that are still under way find the socket open */

nk_time trial_last_use(const struct trial *t)
{
	return nk_max(t->last_out, t->last_in);
}

double trial_age(const struct trial *t, nk_time now)
{
	return nk_seconds(now - trial_last_use(t));
}

size_t fan_trial_len(const struct addr *server)
{
	const size_t overhead = addr_overhead(server);
	const size_t owed =
		ASK_COPIES * (PROBE_COPY_LEN + overhead) + PROBE_TRIAL_REPLY_LEN + overhead;

	return owed - overhead;
}

void fan_put_trial(const struct fan *f, struct action *action, uint32_t number, enum stun_class cls,
		   const uint8_t tid[static STUN_TID])
{
	struct wr w = wr_make(action->data, sizeof(action->data));

	stun_begin(&w, PROBE_TRIAL, cls, tid);
	probe_put_token(&w, f->asker->token);
	probe_put_trial(&w, number);
	stun_pad_to(&w, fan_trial_len(&f->server));
	action->len = stun_end(&w);
}

static void put_binding(struct action *action, const uint8_t tid[static STUN_TID])
{
	struct wr w = wr_make(action->data, sizeof(action->data));

	stun_begin(&w, STUN_BINDING, STUN_REQUEST, tid);
	action->len = stun_end(&w);
}

void trial_end(struct fan *f, uint32_t index, nk_time now)
{
	struct trial *t = &f->trials[index];

	if (t->phase == TRIAL_CLOSED)
		return;
	t->phase = TRIAL_ENDED;
	heap_set(&f->heap, index, now + CLOSE_AFTER);
}

void trial_void(struct fan *f, uint32_t index, const char *why, nk_time now)
{
	struct trial *t = &f->trials[index];

	fan_evidence(f, t, VERDICT_VOID, 0, NULL, why);
	trial_end(f, index, now);
	f->decide_at[t->state] = now;
}

static void set_up(struct fan *f, uint32_t index, nk_time now)
{
	struct trial *t = &f->trials[index];

	t->phase = TRIAL_SILENT;
	heap_set(&f->heap, index, NK_NEVER);
	f->decide_at[t->state] = now;
	f->accepted = now;
	budget_seen(f->budget, t->flow);
	quota_confirmed(f, t);
}

/* A set-up that did not come through: void, and another in its place. */
static void not_set_up(struct fan *f, uint32_t index, const char *why, nk_time now)
{
	struct trial *t = &f->trials[index];

	trial_void(f, index, f->server_full ? ASKER_SERVER_FULL : why, now);
	if (!f->server_full)
		quota_unconfirmed(f, t, now);
}

/* It ignores set-ups: that is not the NAT's doing. */
static void server_is_full(struct fan *f, uint32_t index, nk_time now)
{
	f->server_full = true;
	if (f->trials[index].phase < TRIAL_SILENT)
		trial_void(f, index, ASKER_SERVER_FULL, now);
	fan_no_more(f, now);
}

static nk_time reply_wait(const struct fan *f)
{
	return 2 * f->exchanges->rtt + STATUS_GRACE;
}

static void send_one(struct fan *f, uint32_t index, struct action *action, nk_time now)
{
	struct trial *t = &f->trials[index];
	const bool answered = t->state != STATE_SOLITARY;

	rng_bytes(f->exchanges->rng, t->tid, sizeof(t->tid));
	if (f->plain)
		put_binding(action, t->tid);
	else
		fan_put_trial(f, action, FAN_NUMBER(index),
			      answered ? STUN_REQUEST : STUN_INDICATION, t->tid);
	action->kind = ACTION_SEND;
	action->id = FAN_SOCKETS + index;
	action->to = f->server;
	action->local = (struct addr){.port = 0};
	action->ttl = 0;
	if (t->sends++ == 0)
		t->first_out = now;
	t->last_out = now;
	t->replied = false;
	budget_touch(f->budget, t->flow, now);
}

/* The pattern's next packet, or its failure. True if a packet is to leave. */
static bool pattern_output(struct fan *f, uint32_t index, struct action *action, nk_time now)
{
	struct trial *t = &f->trials[index];
	const nk_time step =
		nk_max(STREAM_STEP, f->exchanges->rtt + f->exchanges->rtt / 4 + 50 * NK_MS);

	if (t->state == STATE_REPLIED && t->sends > 0) {
		not_set_up(f, index, "no reply to the set-up", now);
		return false;
	}
	if (t->state == STATE_STREAM &&
	    (t->sends >= STREAM_TRIES || (t->sends >= 3 && t->last_in == 0))) {
		not_set_up(f, index, "too few replies in the set-up", now);
		return false;
	}
	send_one(f, index, action, now);
	if (t->state == STATE_SOLITARY) {
		t->phase = TRIAL_CONFIRM;
		t->status_at = NK_NEVER;
		f->status_due = nk_min(f->status_due, now + STATUS_AFTER);
		heap_set(&f->heap, index, NK_NEVER);
	} else {
		heap_set(&f->heap, index, now + (t->state == STATE_STREAM ? step : reply_wait(f)));
	}
	return true;
}

bool trial_output(struct fan *f, uint32_t index, struct action *action, nk_time now)
{
	struct trial *t = &f->trials[index];

	if (t->phase == TRIAL_SETUP)
		return pattern_output(f, index, action, now);
	heap_set(&f->heap, index, NK_NEVER);
	if (t->phase != TRIAL_ENDED)
		return false;
	t->phase = TRIAL_CLOSED;
	action->kind = ACTION_CLOSE;
	action->id = FAN_SOCKETS + index;
	return true;
}

static void opened(struct fan *f, uint32_t index, const struct event *ev, nk_time now)
{
	struct trial *t = &f->trials[index];
	const uint16_t port = ev->local.port;
	uint8_t *byte = &f->used_ports[port / 8];

	t->local_port = port;
	f->open_failures = 0;
	if (*byte & (1u << port % 8)) {
		/* The NAT may still hold the mapping of this port's last use. */
		budget_gone(f->budget, t->flow);
		f->extra[t->state]++;
		trial_end(f, index, now - CLOSE_AFTER);
		return;
	}
	*byte |= (uint8_t)(1u << port % 8);
	if (t->phase != TRIAL_OPENING)
		return;
	t->phase = TRIAL_SETUP;
	heap_set(&f->heap, index, now);
}

/* Others may be opened in the place of those that end; if there are none, never. */
static void open_failed(struct fan *f, struct trial *t, nk_time now)
{
	bool others = false;

	budget_gone(f->budget, t->flow);
	fan_evidence(f, t, VERDICT_VOID, 0, NULL, "no socket could be opened");
	t->phase = TRIAL_CLOSED;
	f->budget->limit = f->budget->held;
	f->budget->next = now + OPEN_AGAIN;
	f->decide_at[t->state] = now;
	for (uint32_t i = 0; i < f->count; i++)
		others |= f->trials[i].phase < TRIAL_ENDED;
	if (!others || ++f->open_failures == OPEN_FAILURES_MAX)
		fan_no_more(f, now);
}

/* Whether it answers the last packet of the pattern. */
static bool answers(const struct fan *f, const struct trial *t, const struct event *ev,
		    struct stun_msg *m)
{
	return addr_eq(&ev->from, &f->server) && stun_read(m, ev->data, ev->len) == 0 &&
	       stun_answers(m, f->plain ? STUN_BINDING : PROBE_TRIAL, t->tid);
}

static void set_up_answered(struct fan *f, uint32_t index, const struct stun_msg *m, nk_time now)
{
	struct trial *t = &f->trials[index];

	if (m->cls == STUN_ERROR) {
		if (!f->plain && m->error == PROBE_ERR_FULL)
			server_is_full(f, index, now);
		return;
	}
	if (f->plain && !addr_same_ip(&m->xor_mapped, &f->asker->control_mapped))
		return;
	t->last_in = now;
	t->replied = true;
	if (m->xor_mapped.port != 0)
		t->mapped_port = m->xor_mapped.port;
	budget_touch(f->budget, t->flow, now);
	budget_seen(f->budget, t->flow);
	if (t->state == STATE_REPLIED || t->last_out - t->first_out >= STREAM_LASTS)
		set_up(f, index, now);
}

void trial_input(struct fan *f, uint32_t index, const struct event *ev, nk_time now)
{
	struct trial *t = &f->trials[index];
	struct stun_msg m;

	switch (ev->kind) {
	case EVENT_OPENED:
		opened(f, index, ev, now);
		return;
	case EVENT_OPEN_FAILED:
		open_failed(f, t, now);
		return;
	case EVENT_SEND_FAILED:
		if (t->phase == TRIAL_SETUP || t->phase == TRIAL_CONFIRM) {
			trial_void(f, index, "the packet could not be sent", now);
			if (t->sends == 1)
				budget_gone(f->budget, t->flow);
			f->extra[t->state]++;
		}
		return;
	case EVENT_DATAGRAM:
		break;
	default:
		return;
	}
	if (asker_input_trial(f->asker, FAN_NUMBER(index), ev, now)) {
		budget_tested(f->budget, t->flow, now);
		return;
	}
	if (t->phase == TRIAL_SETUP && answers(f, t, ev, &m))
		set_up_answered(f, index, &m, now);
}

static bool wants_status(const struct trial *t)
{
	return t->phase == TRIAL_CONFIRM ||
	       (t->phase == TRIAL_SILENT && t->mapped_port == 0 && t->missed == 0);
}

static nk_time status_time(const struct fan *f, const struct trial *t)
{
	if (t->status_at == NK_NEVER || t->status_at == 0)
		return trial_last_use(t) + STATUS_AFTER;
	return t->status_at + exchanges_wait(f->exchanges) + STATUS_AFTER;
}

/* Asks about up to PROBE_TRIALS_MAX trials in one packet. Never gives an action: the asker does. */
void status_output(struct fan *f, nk_time now)
{
	uint32_t numbers[PROBE_TRIALS_MAX];
	uint32_t index[PROBE_TRIALS_MAX];
	unsigned n = 0;
	bool urgent = false;
	nk_time next = NK_NEVER;

	for (uint32_t i = 0; i < f->count; i++) {
		const struct trial *t = &f->trials[i];

		if (f->plain || !wants_status(t))
			continue;
		if (status_time(f, t) > now || n == PROBE_TRIALS_MAX) {
			if (t->phase == TRIAL_CONFIRM)
				next = nk_min(next, nk_max(now, status_time(f, t)));
			continue;
		}
		urgent |= t->phase == TRIAL_CONFIRM || n > PROBE_TRIALS_MAX / 2;
		index[n] = i;
		numbers[n++] = FAN_NUMBER(i);
	}
	f->status_due = next;
	if (!urgent)
		return;
	f->status_due = nk_min(next, now + exchanges_wait(f->exchanges) + STATUS_AFTER);
	if (!asker_status(f->asker, numbers, n)) {
		/* Too many requests are under way. */
		f->status_due = now + exchanges_wait(f->exchanges);
		return;
	}
	for (unsigned i = 0; i < n; i++)
		f->trials[index[i]].status_at = now;
}

void fan_state(struct fan *f, const struct probe_trial_state *s, nk_time now)
{
	const uint32_t index = s->trial - 1;
	struct trial *t;

	if (s->trial == 0 || index >= f->count)
		return;
	t = &f->trials[index];
	if (s->flags & PROBE_OTHER_ADDRESS) {
		if (t->phase == TRIAL_CONFIRM || t->phase == TRIAL_SILENT)
			trial_void(f, index, "exit addresses differ", now);
		return;
	}
	if (s->flags & PROBE_SEEN) {
		t->mapped_port = s->port;
		if (t->phase == TRIAL_CONFIRM)
			set_up(f, index, now);
		return;
	}
	t->missed++;
	if (s->flags & PROBE_REFUSED) {
		server_is_full(f, index, now);
		return;
	}
	if (t->phase == TRIAL_CONFIRM && t->missed >= 2 &&
	    now - t->last_out >= STATUS_GRACE + f->exchanges->rtt)
		not_set_up(f, index, "the server did not see the set-up", now);
	f->status_due = nk_min(f->status_due, now + STATUS_AFTER);
}
