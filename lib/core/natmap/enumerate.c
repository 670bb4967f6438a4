#include "core/natmap/enumerate.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "core/natmap/enumerate_parts.h"

#define SESSION_TRIES   6
#define SESSION_WAIT    (5 * NK_S)
#define CHECK_PATIENCE  (10 * NK_S)
#define SILENT_PATIENCE (30 * NK_S) /* of the broker: then it is gone */
#define SILENT_HOLD     (3 * NK_S)  /* towards the end of a run */
#define KEEP_MARGIN     (60 * NK_S) /* before a broker forgets a silent mapping */
#define LEAST_MAX       (5 * NK_S)
#define FIRST_INTERVAL  NK_S
#define SPARE_TRIALS    8  /* of those that the broker allows */
#define SPARE_NONE      16 /* with so few, all are needed */

struct enumerate *enumerate_new(void)
{
	return calloc(1, sizeof(struct enumerate));
}

void enumerate_free(struct enumerate *e)
{
	free(e);
}

void enumerate_start(struct enumerate *e, const struct enumerate_config *config, struct rng *rng)
{
	e->config = *config;
	e->rng = rng;
	e->status = CORE_DONE;
	e->interval = FIRST_INTERVAL;
	e->consult_at = e->hold_at = e->status_at = NK_NEVER;
	e->run_until = NK_NEVER;
	exchanges_init(&e->exchanges, rng);
	heap_init(&e->heap, e->heap_at, e->heap_order, e->heap_where, ENUMERATE_FLOWS_MAX);
	for (unsigned i = 0; i < 3; i++)
		e->check.flows[i] = NO_FLOW;
	if (config->count == 0 || config->count > NATMAP_HOPS_MAX)
		e->stage = STAGE_OVER; /* no box to look at */
}

/* The broker is told, and so keeps nothing alive any more; and all sockets are closed. */
static void end(struct enumerate *e, int status, const char *why)
{
	e->status = status;
	e->why = why;
	asker_end(&e->asker);
	e->stage = STAGE_END;
}

void enumerate_stop(struct enumerate *e)
{
	const bool begun = e->stage > STAGE_OPENS;

	if (e->stage >= STAGE_END)
		return;
	end(e, NK_ERR_STOPPED, NULL);
	if (!begun)
		e->stage = STAGE_OVER;
}

/* Where the broker has told of no limit, it will say when it has no room. */
static unsigned flows_allowed(const struct enumerate *e)
{
	const unsigned limit = e->asker.limit_trials;

	if (limit == 0 || limit >= ENUMERATE_FLOWS_MAX + SPARE_TRIALS)
		return ENUMERATE_FLOWS_MAX;
	if (limit <= SPARE_NONE)
		return limit;
	return limit > SPARE_NONE + SPARE_TRIALS ? limit - SPARE_TRIALS : SPARE_NONE;
}

static void session_step(struct enumerate *e, nk_time now)
{
	if (e->asker.mode == ASKER_STARTING)
		return;
	if (e->asker.mode == ASKER_NONE) {
		end(e, NK_ERR_UNREACHABLE, "the server has no probe service, or is silent");
		return;
	}
	if ((e->asker.abilities & PROBE_ABLE_HOLD) == 0) {
		end(e, NK_ERR_UNREACHABLE, "the server cannot hold mappings for us");
		return;
	}
	e->flow_max = flows_allowed(e);
	e->config.max = nk_min(e->config.max, nk_max(LEAST_MAX, e->asker.limit_keep - KEEP_MARGIN));
	budget_init(&e->budget, e->config.mappings, e->config.pace);
	e->check.until = now + CHECK_PATIENCE;
	e->stage = STAGE_RUN;
	lines_start(e, now);
}

/* Too long for losses. */
static bool is_silent(const struct enumerate *e, nk_time now)
{
	return e->asker.silent_since != NK_NEVER || hold_unanswered(e, now) >= SILENT_HOLD;
}

/* For so long that it is not coming back, or at the end, so that what is not known stays so. */
static bool has_gone(const struct enumerate *e, nk_time now)
{
	if (e->asker.silent_since != NK_NEVER && now >= e->asker.silent_since + SILENT_PATIENCE)
		return true;
	return lines_done(e, now) && !e->all_known && is_silent(e, now);
}

static void run_step(struct enumerate *e, nk_time now)
{
	struct probe_trial_state state;
	struct ask_verdict v;

	while (asker_take(&e->asker, &v, now))
		lines_verdict(e, &v, now);
	while (asker_take_state(&e->asker, &state)) {
		if (state.trial == 0 || state.trial > e->flow_max)
			continue;
		if ((state.flags & PROBE_OTHER_ADDRESS) != 0)
			flow_is_elsewhere(e, state.trial - 1, now);
		else if ((state.flags & (PROBE_REFUSED | PROBE_SEEN)) == PROBE_REFUSED)
			flow_is_refused(e, state.trial - 1, now);
		else if (e->flow[state.trial - 1].phase != FLOW_SETUP)
			flow_is_at(e, state.trial - 1, state.port, now);
	}
	if (e->status_at <= now)
		flow_ask_ports(e, now);
	check_step(e, now);
	if (e->check.stage == CHECK_FAILED) {
		end(e, NK_ERR_UNREACHABLE, e->check.why);
		return;
	}
	lines_decide(e, now);
	if (e->asker.session_lost)
		end(e, NK_ERR_UNREACHABLE, "the server has forgotten us");
	else if (has_gone(e, now))
		end(e, NK_ERR_UNREACHABLE, "the server has become silent");
	else if (lines_done(e, now))
		end(e, CORE_DONE, NULL);
}

bool enumerate_input(struct enumerate *e, const struct event *ev, nk_time now)
{
	const uint32_t number = ev->id - e->config.first_socket;

	if (number > ENUMERATE_FLOWS_MAX)
		return false;
	if (e->stage == STAGE_OVER)
		return true;
	if (number > 0) {
		flow_input(e, number - 1, ev, now);
	} else if (ev->kind == EVENT_OPENED && e->stage == STAGE_CONTROL) {
		asker_start(&e->asker, e->config.first_socket, &e->config.broker, &e->exchanges);
		asker_open_session(&e->asker, SESSION_TRIES);
		e->stage = STAGE_SESSION;
	} else if (ev->kind == EVENT_OPEN_FAILED) {
		e->status = NK_ERR_UNREACHABLE;
		e->why = "no socket could be opened";
		e->stage = STAGE_OVER;
	} else if (ev->kind == EVENT_DATAGRAM && e->stage >= STAGE_SESSION) {
		e->packets_in++;
		if (!asker_input_control(&e->asker, ev, now))
			hold_input(e, ev, now);
	}
	return true;
}

static bool open_control(struct enumerate *e, struct action *action)
{
	*action = (struct action){
		.kind = ACTION_OPEN,
		.id = e->config.first_socket,
		.socket = SOCKET_UDP,
		.local = e->config.local,
		.peer = e->config.broker,
	};
	e->stage = STAGE_CONTROL;
	return true;
}

static bool close_all(struct enumerate *e, struct action *action, nk_time now)
{
	if (asker_output(&e->asker, action, now))
		return true;
	action->kind = ACTION_CLOSE;
	for (uint32_t i = 0; i < e->flow_max; i++) {
		if (!e->flow[i].open)
			continue;
		e->flow[i].open = false;
		action->id = e->config.first_socket + 1 + i;
		return true;
	}
	action->id = e->config.first_socket;
	e->stage = STAGE_OVER;
	return true;
}

static bool run_output(struct enumerate *e, struct action *action, nk_time now)
{
	uint32_t index;

	while ((index = heap_due(&e->heap, now)) != HEAP_NONE)
		if (flow_output(e, index, action, now))
			return true;
	return asker_output(&e->asker, action, now) || hold_output(e, action, now) ||
	       check_open(e, action, now) || openings_next(e, action, now);
}

static bool next_action(struct enumerate *e, struct action *action, nk_time now)
{
	if (e->stage == STAGE_OPENS)
		return open_control(e, action);
	if (e->stage == STAGE_SESSION)
		session_step(e, now);
	if (e->stage == STAGE_RUN)
		run_step(e, now);
	switch (e->stage) {
	case STAGE_SESSION:
		return asker_output(&e->asker, action, now);
	case STAGE_RUN:
		return run_output(e, action, now);
	case STAGE_END:
		return close_all(e, action, now);
	default:
		return false;
	}
}

bool enumerate_output(struct enumerate *e, struct action *action, nk_time now)
{
	if (!next_action(e, action, now))
		return false;
	e->packets_out += action->kind == ACTION_SEND;
	return true;
}

nk_time enumerate_deadline(const struct enumerate *e)
{
	nk_time at = asker_deadline(&e->asker);

	switch (e->stage) {
	case STAGE_OPENS:
	case STAGE_END:
		return 0;
	case STAGE_SESSION:
		return at;
	case STAGE_RUN:
		if (e->asker.silent_since != NK_NEVER)
			at = nk_min(at, e->asker.silent_since + SILENT_PATIENCE);
		at = nk_min(nk_min(at, e->status_at),
			    nk_min(heap_next(&e->heap), hold_deadline(e)));
		at = nk_min(at, nk_min(check_deadline(e), openings_deadline(e)));
		return nk_min(at, lines_deadline(e));
	default:
		return NK_NEVER;
	}
}

int enumerate_status(const struct enumerate *e)
{
	return e->stage == STAGE_OVER ? e->status : CORE_BUSY;
}

void enumerate_progress(const struct enumerate *e, struct enumerate_progress *out, nk_time now)
{
	const nk_time whole = e->run_until - e->run_started;

	*out = (struct enumerate_progress){.left_max = NK_NEVER};
	if (e->stage < STAGE_RUN) {
		snprintf(out->stage, sizeof(out->stage), "opening a session");
		return;
	}
	if (e->stage > STAGE_RUN) {
		*out = (struct enumerate_progress){.stage = "letting go of mappings", .done = 1};
		return;
	}
	snprintf(out->stage, sizeof(out->stage), "%u of %u hops are known", lines_known(e),
		 e->config.count);
	out->left_max = nk_max(0, e->run_until - now);
	out->done = 1 - nk_seconds(out->left_max) / nk_seconds(whole);
}
