/*
 * One round of the learner: a control flow is opened, spare mappings are made and left silent, each is
 * asked in time, and all is closed again.
 */
#include "core/keepalive/learner_parts.h"

#define SESSION_TRIES 8
#define BEYOND        1.25 /* a death nothing is waited for */

static bool has_server(const struct learner *l)
{
	return addr_family(&l->config.server) != ADDR_NONE;
}

void learner_end_round(struct learner *l)
{
	l->phase = RESTING;
	asker_end(&l->asker);
	l->doomed = l->open | l->opening;
	l->spare_count = 0;
	l->control_wanted = false;
}

static void begin_round(struct learner *l)
{
	l->phase = STARTING;
	l->control_wanted = true;
	l->verdicts = 0;
	l->surprised = false;
}

static void begin_spares(struct learner *l)
{
	double gaps[SILENCES_GAPS];

	l->spare_count = learner_gaps(l, gaps);
	for (unsigned i = 0; i < l->spare_count; i++)
		l->spares[i] = (struct spare){
			.phase = SPARE_UNOPENED,
			.id = l->config.first_id + 1 + i,
			.number = ++l->last_number,
			.gap = gaps[i],
		};
	l->phase = RUNNING;
}

static struct spare *spare_of(struct learner *l, uint32_t number)
{
	for (unsigned i = 0; i < l->spare_count; i++)
		if (l->spares[i].number == number)
			return &l->spares[i];
	return NULL;
}

/* What is to be silent for much longer is not waited for. */
static void give_up_beyond(struct learner *l, double gap)
{
	for (unsigned i = 0; i < l->spare_count; i++)
		if (l->spares[i].gap > BEYOND * gap)
			l->spares[i].phase = SPARE_OVER;
}

static void judge(struct learner *l, const struct ask_verdict *v, nk_time now)
{
	struct spare *s = spare_of(l, v->trial);

	if (s == NULL || s->phase != SPARE_ASKED)
		return;
	s->phase = SPARE_OVER;
	if (v->verdict == VERDICT_VOID)
		return;
	l->verdicts++;
	l->trials++;
	if (v->verdict == VERDICT_ALIVE) {
		learner_lived(l, s->gap, now);
	} else if (s->gap > SILENCES_SANE) {
		learner_died(l, nk_seconds(v->at - s->used), now);
		give_up_beyond(l, s->gap);
	} else {
		learner_void(l, now);
	}
}

static void ask(struct learner *l, struct spare *s, nk_time now)
{
	const struct ask_target target = {
		.trial = s->number, .socket = s->id, .port = s->mapped.port};

	s->phase = SPARE_OVER;
	/* RESPONSE-PORT reaches only the IP that asks; the probe service finds out by itself. */
	if (!l->config.probe_service && !addr_same_ip(&s->mapped, &l->mapped))
		return;
	if (asker_ask(&l->asker, &target, 1, ASK_COPIES, now))
		s->phase = SPARE_ASKED;
}

static bool all_over(const struct learner *l)
{
	for (unsigned i = 0; i < l->spare_count; i++)
		if (l->spares[i].phase != SPARE_OVER)
			return false;
	return true;
}

static void run(struct learner *l, nk_time now)
{
	struct ask_verdict v;

	for (unsigned i = 0; i < l->spare_count; i++) {
		struct spare *s = &l->spares[i];

		if (spare_unanswered(s, now))
			s->phase = SPARE_OVER;
		else if (s->phase == SPARE_SILENT && spare_deadline(s) <= now)
			ask(l, s, now);
	}
	while (l->phase == RUNNING && asker_take(&l->asker, &v, now))
		judge(l, &v, now);
	if (l->phase != RUNNING || !all_over(l))
		return;
	if (l->verdicts > 0)
		learner_plan(l, now);
	else
		learner_put_off(l, now);
}

/* Whether the server can serve; not for sure, with RESPONSE-PORT. */
static bool is_refused(const struct learner *l)
{
	return l->asker.mode == ASKER_NONE || l->asker.silent_since != NK_NEVER;
}

static bool is_served(const struct learner *l)
{
	return l->asker.mode == ASKER_SERVICE ||
	       (l->asker.mode == ASKER_RESPONSE_PORT && addr_family(&l->mapped) != ADDR_NONE);
}

static void step(struct learner *l, nk_time now)
{
	const bool closed = (l->open | l->opening) == 0;

	if (l->phase == RESTING && has_server(l) && l->round <= now && closed)
		begin_round(l);
	if (l->phase == STARTING && (l->open & 1) != 0) {
		if (is_refused(l))
			learner_put_off(l, now);
		else if (is_served(l))
			begin_spares(l);
	}
	if (l->phase == RUNNING)
		run(l, now);
}

static void control_opened(struct learner *l)
{
	l->mapped = (struct addr){.port = 0};
	asker_start(&l->asker, l->config.first_id, &l->config.server, &l->exchanges);
	if (l->config.probe_service) {
		asker_open_session(&l->asker, SESSION_TRIES);
	} else {
		asker_use_response_port(&l->asker);
		asker_check(&l->asker);
	}
}

static void control_datagram(struct learner *l, const struct event *ev, nk_time now)
{
	struct stun_msg m;

	if (!asker_input_control(&l->asker, ev, now))
		return;
	if (stun_read(&m, ev->data, ev->len) == 0 && addr_family(&m.xor_mapped) != ADDR_NONE)
		l->mapped = m.xor_mapped;
}

static void control_event(struct learner *l, const struct event *ev, nk_time now)
{
	if (ev->kind == EVENT_OPENED)
		control_opened(l);
	else if (ev->kind == EVENT_OPEN_FAILED && l->phase == STARTING)
		learner_put_off(l, now);
	else if (ev->kind == EVENT_DATAGRAM)
		control_datagram(l, ev, now);
}

static void spare_event(struct learner *l, unsigned i, const struct event *ev, nk_time now)
{
	struct spare *s = &l->spares[i];

	if (i >= l->spare_count)
		return;
	if (ev->kind != EVENT_DATAGRAM || !asker_input_trial(&l->asker, s->number, ev, now))
		spare_input(s, &l->asker, ev, now);
}

bool learner_input(struct learner *l, const struct event *ev, nk_time now)
{
	const uint32_t i = ev->id - l->config.first_id;

	if (ev->kind == EVENT_RESUMED && l->phase != RESTING)
		learner_put_off(l, now);
	if (ev->kind == EVENT_RESUMED || ev->id < l->config.first_id || i >= LEARNER_SOCKETS)
		return false;
	if (ev->kind == EVENT_OPENED || ev->kind == EVENT_OPEN_FAILED)
		l->opening &= ~(1u << i);
	if (ev->kind == EVENT_OPENED)
		l->open |= 1u << i;
	if (ev->kind == EVENT_OPEN_FAILED)
		l->doomed &= ~(1u << i);
	if (i == 0)
		control_event(l, ev, now);
	else
		spare_event(l, i - 1, ev, now);
	return true;
}

/* What ends the session leaves before its socket goes. */
static bool close_one(struct learner *l, struct action *action, nk_time now)
{
	if ((l->doomed & l->open & 1) != 0 && asker_output(&l->asker, action, now))
		return true;
	for (unsigned i = 0; i < LEARNER_SOCKETS; i++) {
		const unsigned bit = 1u << i;

		if ((l->doomed & l->open & bit) == 0)
			continue;
		l->doomed &= ~bit;
		l->open &= ~bit;
		*action = (struct action){.kind = ACTION_CLOSE, .id = l->config.first_id + i};
		return true;
	}
	return false;
}

static void open_socket(struct learner *l, unsigned i, struct action *action)
{
	l->opening |= 1u << i;
	*action = (struct action){
		.kind = ACTION_OPEN,
		.id = l->config.first_id + i,
		.socket = SOCKET_UDP,
		.local = addr_any(addr_family(&l->config.server), 0),
		.peer = l->config.server,
	};
}

static bool open_one(struct learner *l, struct action *action)
{
	if (l->control_wanted) {
		l->control_wanted = false;
		open_socket(l, 0, action);
		return true;
	}
	for (unsigned i = 0; i < l->spare_count; i++) {
		if (l->spares[i].phase != SPARE_UNOPENED)
			continue;
		l->spares[i].phase = SPARE_OPENING;
		open_socket(l, i + 1, action);
		return true;
	}
	return false;
}

static bool talk(struct learner *l, struct action *action, nk_time now)
{
	if (l->phase == RESTING || (l->open & 1) == 0)
		return false;
	if (asker_output(&l->asker, action, now))
		return true;
	for (unsigned i = 0; i < l->spare_count; i++)
		if (spare_output(&l->spares[i], &l->asker, action, now))
			return true;
	return false;
}

static bool turn(struct learner *l, struct action *action, nk_time now)
{
	step(l, now);
	return close_one(l, action, now) || open_one(l, action) || talk(l, action, now);
}

bool learner_output(struct learner *l, struct action *action, nk_time now)
{
	/* Twice: what is given up while there is nothing to send changes what is next. */
	for (unsigned i = 0; i < 2; i++)
		if (turn(l, action, now))
			return true;
	return false;
}

nk_time learner_deadline(const struct learner *l)
{
	nk_time at;

	if (l->phase == RESTING)
		return has_server(l) && (l->open | l->opening) == 0 ? l->round : NK_NEVER;
	if ((l->open & 1) == 0)
		return NK_NEVER;
	at = asker_deadline(&l->asker);
	for (unsigned i = 0; i < l->spare_count; i++)
		at = nk_min(at, spare_deadline(&l->spares[i]));
	return at;
}
