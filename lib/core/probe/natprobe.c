/*
 * A whole natprobe run:
 *
 *	FIND      ask the servers; the first that answers is used
 *	CLASSIFY  mapping, filtering, ports ...; the session with the probe service opens beside it
 *	ABILITY   a server without the probe service: does it serve RESPONSE-PORT?
 *	FAN       timeouts, with the refresh test beside
 *	OVER
 */
#include "core/probe/natprobe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "core/probe/natprobe_parts.h"

#define CONTROL_SOCKET    1u
#define SESSION_TRIES     5
#define ABILITY_TRIES     4
#define FIND_TRIES        7
#define RESERVED          5           /* flows kept for the refresh test and a witness */
#define REFRESH_WAIT      (10 * NK_S) /* after the fan, for a direction that is nearly decided */
#define LOST_AFTER        (15 * NK_S) /* the server does not answer any more */
#define LEAST_FOR_REFRESH 12
#define LEAST_FOR_ICMP    (4 * ICMP_HELD)

struct natprobe *natprobe_new(const struct probe_options *options, const uint8_t seed[static 32])
{
	struct natprobe *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->options = *options;
	p->status = CORE_BUSY;
	rng_seed(&p->rng, seed);
	return p;
}

void natprobe_free(struct natprobe *p)
{
	if (p == NULL)
		return;
	crypto_wipe(&p->rng, sizeof(p->rng));
	crypto_wipe(&p->asker, sizeof(p->asker)); /* the session's token */
	crypto_wipe(&p->refresh, sizeof(p->refresh));
	free(p);
}

void natprobe_start(struct natprobe *p, nk_time now)
{
	p->started = now;
	p->result.started = now;
	p->result.family = addr_family(&p->options.servers[0]);
	p->result.server = p->options.servers[0];
	exchanges_init(&p->exchanges, &p->rng);
	budget_init(&p->budget, p->options.mappings, p->options.pace);
	p->stage = STAGE_FIND;
	p->choose_at = NK_NEVER;
}

#define ALL_LANES ((1u << STATE_COUNT) - 1)

static void nothing_measured(struct natprobe *p, enum why_kind kind, const char *why)
{
	report_timeouts_unknown(p, ALL_LANES, kind, why);
	report_refresh_unknown(p, kind, why);
	icmp_timer_not(&p->icmp, kind, why);
}

static void end(struct natprobe *p, int status, nk_time now)
{
	struct probe_result *r = &p->result;

	if (p->stage == STAGE_OVER)
		return;
	if (p->stage == STAGE_CLASSIFY)
		report_classification(p);
	if (p->stage < STAGE_FAN && status < 0)
		nothing_measured(p, WHY_PATH, err_text(status));
	fan_report(&p->fan);
	refresh_report(&p->refresh);
	icmp_timer_report(&p->icmp, &r->icmp_query);
	if (p->stage != STAGE_FIND)
		report_ports(p);
	report_faults(p);
	r->ended = now;
	r->complete = status == CORE_DONE;
	r->cut_why = status;
	r->rtt_ms = (double)p->exchanges.rtt / 1e3;
	r->mappings_peak = p->budget.peak;
	asker_end(&p->asker);
	p->stage = STAGE_OVER;
	p->ending = true;
	p->status = status;
}

static void to_classify(struct natprobe *p, const struct exchange *chosen, nk_time now)
{
	p->result.server = chosen->to;
	p->control_flow = chosen->flow;
	budget_seen(&p->budget, chosen->flow);
	p->classify = (struct classify){
		.options = &p->options,
		.exchanges = &p->exchanges,
		.budget = &p->budget,
		.result = &p->result,
		.server = chosen->to,
		.run_started = p->started,
	};
	asker_start(&p->asker, CONTROL_SOCKET, &chosen->to, &p->exchanges);
	p->asker.control_mapped = chosen->xor_mapped;
	asker_open_session(&p->asker, SESSION_TRIES);
	classify_start(&p->classify, &chosen->other, now);
	if (p->options.icmp && !p->options.quick)
		icmp_timer_try(&p->icmp, &chosen->to, &p->options.local);
	p->stage = STAGE_CLASSIFY;
}

/* How many of @room mappings the ICMP timer gets: the fan must not miss them. */
static unsigned room_for_icmp(struct natprobe *p, unsigned room)
{
	if (!p->options.icmp)
		icmp_timer_not(&p->icmp, WHY_NOT_ASKED, "not asked for");
	else if (!p->icmp.permitted)
		icmp_timer_not(&p->icmp, WHY_NOT_ASKED, "no ping socket was opened");
	else if ((p->asker.abilities & PROBE_ABLE_ICMP) == 0)
		icmp_timer_not(&p->icmp, WHY_SERVER, "the server takes no trials by ICMP echo");
	else if (room < LEAST_FOR_ICMP)
		icmp_timer_not(&p->icmp, WHY_NOT_ASKED,
			       "no mappings were left for it: see --mappings");
	else
		return ICMP_RESERVED;
	return 0;
}

static void to_fan(struct natprobe *p, nk_time now)
{
	const unsigned lanes = p->asker.mode == ASKER_SERVICE
				       ? ALL_LANES
				       : 1u << STATE_REPLIED | 1u << STATE_STREAM;
	unsigned limit = p->options.mappings;
	unsigned room, icmp;

	/* It counts trials: what the classification holds is none. */
	if (p->asker.limit_trials > 0 && limit > p->budget.held + p->asker.limit_trials)
		limit = p->budget.held + p->asker.limit_trials;
	p->budget.limit = limit;
	room = limit > p->budget.held ? limit - p->budget.held : 1;
	p->fan.options = &p->options;
	p->fan.asker = &p->asker;
	p->fan.budget = &p->budget;
	p->fan.exchanges = &p->exchanges;
	p->fan.result = &p->result;
	p->fan.server = p->result.server;
	p->fan.local = p->options.local;
	p->fan.run_started = p->started;
	p->stage = STAGE_FAN;
	if (p->asker.mode != ASKER_SERVICE)
		report_timeouts_unknown(
			p, 1u << STATE_SOLITARY, WHY_SERVER,
			"the server answers each packet and has no probe service: no "
			"mapping stays solitary");
	if (room > LEAST_FOR_REFRESH + RESERVED) {
		refresh_start(&p->refresh, &p->fan, now);
		room -= RESERVED;
	} else {
		report_refresh_unknown(p, WHY_NOT_ASKED,
				       "no mappings were left for it: see --mappings");
	}
	icmp = room_for_icmp(p, room);
	fan_start(&p->fan, lanes, room - icmp, now);
	if (icmp > 0)
		icmp_timer_start(&p->icmp, &p->fan, now);
}

/* After the classification: what can be measured, and is there anything to measure? */
static void after_classify(struct natprobe *p, nk_time now)
{
	const struct probe_result *r = &p->result;

	if (p->options.quick) {
		nothing_measured(p, WHY_NOT_ASKED, "classification alone was asked for (--quick)");
	} else if (r->nat.answer == TRI_NO && r->filtering.cls == CLASS_ENDPOINT_INDEPENDENT) {
		nothing_measured(
			p, WHY_NOT_ASKED,
			"no NAT and no stateful firewall: there is nothing that could expire");
	} else if (p->asker.mode == ASKER_NONE) {
		nothing_measured(p, WHY_SERVER,
				 "the server has neither the probe service nor RESPONSE-PORT");
	} else {
		to_fan(p, now);
		return;
	}
	end(p, CORE_DONE, now);
}

/* RESPONSE-PORT: the answer to a question of the control socket must come to a mapping socket. */
static void to_ability(struct natprobe *p, nk_time now)
{
	const struct exchange *m = p->classify.map[0][DEST_PRIMARY];

	p->stage = STAGE_ABILITY;
	if (m == NULL || m->state != EXCHANGE_ANSWERED)
		return;
	p->ability =
		exchange_add(&p->exchanges, CONTROL_SOCKET, &p->result.server, ABILITY_TRIES, now);
	if (p->ability == NULL)
		return;
	p->ability->heard_on = m->socket;
	p->ability->response_port = m->xor_mapped.port;
}

static bool find_over(struct natprobe *p, nk_time now, const struct exchange **best)
{
	nk_time first = NK_NEVER;

	*best = NULL;
	for (unsigned i = 0; i < p->options.server_count; i++) {
		const struct exchange *e = p->find[i];

		if (e == NULL || e->state != EXCHANGE_ANSWERED || e->error != 0)
			continue;
		first = nk_min(first, e->answered_at);
		if (*best == NULL || (addr_family(&(*best)->other) == ADDR_NONE &&
				      addr_family(&e->other) != ADDR_NONE))
			*best = e;
	}
	/* The first in order of preference need not be the first to answer. */
	if (*best == NULL)
		return false;
	p->choose_at = first + exchanges_wait(&p->exchanges);
	return *best == p->find[0] || p->options.server_count == 1 || now >= p->choose_at;
}

/* The server knows our token no more, or not from this address. */
static void session_lost(struct natprobe *p, nk_time now)
{
	if (p->result.pooling != POOL_ARBITRARY) {
		end(p, NK_ERR_FORGOTTEN, now);
		return;
	}
	end(p, CORE_DONE, now);
	p->fan.running = false;
	nothing_measured(
		p, WHY_PATH,
		"exit addresses differ: the server cannot tell that the mappings are ours");
}

static void step(struct natprobe *p, nk_time now)
{
	const struct exchange *best;

	switch (p->stage) {
	case STAGE_FIND:
		if (find_over(p, now, &best))
			to_classify(p, best, now);
		else if (now >= p->started + SILENT_AFTER)
			end(p, NK_ERR_UNREACHABLE, now);
		break;
	case STAGE_CLASSIFY:
		if (!p->classify.done)
			break;
		if (p->classify.map[0][DEST_PRIMARY] == NULL) {
			end(p, NK_ERR_UNREACHABLE, now);
			break;
		}
		if (p->asker.mode == ASKER_STARTING && !p->options.quick)
			break;
		report_classification(p);
		if (p->asker.mode == ASKER_NONE && !p->options.quick)
			to_ability(p, now);
		else
			after_classify(p, now);
		break;
	case STAGE_ABILITY:
		if (p->ability != NULL && p->ability->state == EXCHANGE_WAITING)
			break;
		if (p->ability != NULL)
			p->result.response_port = TRI_NO;
		if (p->ability != NULL && p->ability->state == EXCHANGE_ANSWERED &&
		    p->ability->error == 0) {
			p->result.response_port = TRI_YES;
			asker_use_response_port(&p->asker);
		}
		after_classify(p, now);
		break;
	case STAGE_FAN:
		if (p->asker.session_lost) {
			session_lost(p, now);
			break;
		}
		if (p->asker.silent_since < now - LOST_AFTER) {
			end(p, NK_ERR_LOST, now);
			break;
		}
		if (p->fan.done && p->fan_done_at == 0)
			p->fan_done_at = now;
		if (p->fan.done &&
		    (refresh_done(&p->refresh) || now >= p->fan_done_at + REFRESH_WAIT))
			end(p, CORE_DONE, now);
		break;
	case STAGE_OVER:
		break;
	}
}

static bool is_refusal(int error)
{
	return error == EPERM || error == EACCES;
}

static void control_input(struct natprobe *p, const struct event *ev, nk_time now)
{
	if (ev->kind == EVENT_OPENED) {
		for (unsigned i = 0; i < p->options.server_count; i++) {
			p->find[i] = exchange_add(&p->exchanges, CONTROL_SOCKET,
						  &p->options.servers[i], FIND_TRIES, now);
			p->find[i]->flow = budget_take(&p->budget, now);
		}
	} else if (ev->kind == EVENT_OPEN_FAILED) {
		end(p, is_refusal(ev->error) ? NK_ERR_PERMISSION : NK_ERR_UNREACHABLE, now);
	} else if (ev->kind == EVENT_SEND_FAILED && p->stage == STAGE_FIND &&
		   is_refusal(ev->error)) {
		end(p, NK_ERR_PERMISSION, now); /* a firewall of this machine */
	} else if (ev->kind == EVENT_DATAGRAM) {
		if (p->stage > STAGE_FIND && asker_input_control(&p->asker, ev, now))
			return;
		if (p->stage == STAGE_FAN)
			return; /* late answers to questions that are settled */
		exchanges_input(&p->exchanges, ev, now);
		/* An answer that should have gone elsewhere: RESPONSE-PORT is not served. */
		if (p->ability != NULL && p->ability->state == EXCHANGE_WAITING &&
		    p->ability->repeats > 0 && addr_eq(&p->ability->source, &p->ability->from))
			p->ability->state = EXCHANGE_FAILED;
	}
}

static void take_verdicts(struct natprobe *p, nk_time now)
{
	struct ask_verdict v;
	struct probe_trial_state s;

	while (asker_take_state(&p->asker, &s))
		fan_state(&p->fan, &s, now);
	while (asker_take(&p->asker, &v, now)) {
		if (v.trial >= ICMP_NUMBER)
			icmp_timer_verdict(&p->icmp, &v, now);
		else if (v.trial >= REFRESH_NUMBER)
			refresh_verdict(&p->refresh, &v, now);
		else
			fan_verdict(&p->fan, &v, now);
	}
}

void natprobe_input(struct natprobe *p, const struct event *ev, nk_time now)
{
	if (p->stage == STAGE_OVER)
		return;
	p->due = 0;
	if (ev->kind == EVENT_DATAGRAM) {
		p->result.packets_in++;
		p->result.bytes_in += ev->len + addr_overhead(&ev->from);
	}
	if (ev->kind == EVENT_STOP) {
		end(p, NK_ERR_STOPPED, now);
		return;
	}
	if (ev->kind == EVENT_LINK_LOST) {
		end(p, NK_ERR_LINK_LOST, now);
		return;
	}
	if (ev->id == CONTROL_SOCKET)
		control_input(p, ev, now);
	else if (ev->id >= ICMP_SOCKETS)
		icmp_timer_input(&p->icmp, ev, now);
	else if (ev->id >= REFRESH_SOCKETS)
		refresh_input(&p->refresh, ev, now);
	else if (ev->id >= FAN_SOCKETS)
		fan_input(&p->fan, ev, now);
	else if (ev->id >= CLASSIFY_SOCKETS)
		classify_input(&p->classify, ev, now);
	take_verdicts(p, now);
	step(p, now);
}

static bool open_control(struct natprobe *p, struct action *action)
{
	if (p->control_opening)
		return false;
	p->control_opening = true;
	*action = (struct action){
		.kind = ACTION_OPEN,
		.id = CONTROL_SOCKET,
		.socket = SOCKET_UDP,
		.local = p->options.local,
		.peer = p->options.servers[0],
	};
	return true;
}

static bool parts_output(struct natprobe *p, struct action *action, nk_time now)
{
	if (p->stage == STAGE_OVER) {
		/* What ends the session leaves; then the run is over. */
		p->ending = p->ending && asker_output(&p->asker, action, now);
		return p->ending;
	}
	if (open_control(p, action))
		return true;
	take_verdicts(p, now);
	step(p, now);
	return exchanges_output(&p->exchanges, action, now) ||
	       classify_output(&p->classify, action, now) ||
	       refresh_output(&p->refresh, action, now) || fan_output(&p->fan, action, now) ||
	       icmp_timer_output(&p->icmp, action, now) ||
	       (p->stage > STAGE_FIND && asker_output(&p->asker, action, now));
}

static nk_time deadline(const struct natprobe *p)
{
	nk_time at;

	if (p->stage == STAGE_OVER)
		return NK_NEVER;
	at = nk_min(exchanges_deadline(&p->exchanges), classify_deadline(&p->classify));
	at = nk_min(at, nk_min(fan_deadline(&p->fan), refresh_deadline(&p->refresh)));
	at = nk_min(at, icmp_timer_deadline(&p->icmp));
	if (p->stage == STAGE_FIND)
		return nk_min(at, nk_min(p->choose_at, p->started + SILENT_AFTER));
	if (p->fan_done_at != 0)
		at = nk_min(at, p->fan_done_at + REFRESH_WAIT);
	return nk_min(at, asker_deadline(&p->asker));
}

/* What the parts have found without sending anything may end this stage; a question may have been
 * given up, or a mapping, which makes room for another part's. Return: false if nothing is to be
 * done before the deadline. */
static bool moves_on(struct natprobe *p, enum stage before, bool again, nk_time now)
{
	step(p, now);
	if (p->stage != before)
		return true;
	p->due = deadline(p);
	return before == STAGE_FAN && p->due <= now && !again;
}

bool natprobe_output(struct natprobe *p, struct action *action, nk_time now)
{
	enum stage before = p->stage;

	p->due = 0;
	for (bool again = false; !parts_output(p, action, now); again = true) {
		if (!moves_on(p, before, again, now))
			return false;
		before = p->stage;
		p->due = 0;
	}
	if (action->kind == ACTION_SEND) {
		if (action->id == CONTROL_SOCKET)
			budget_touch(&p->budget, p->control_flow, now);
		p->result.packets_out++;
		p->result.bytes_out += action->len + addr_overhead(&action->to);
	}
	return true;
}

nk_time natprobe_deadline(const struct natprobe *p)
{
	return p->due != 0 ? p->due : deadline(p);
}

int natprobe_status(const struct natprobe *p)
{
	return p->ending ? CORE_BUSY : p->status;
}

const struct probe_result *natprobe_result(struct natprobe *p)
{
	fan_report(&p->fan);
	icmp_timer_report(&p->icmp, &p->result.icmp_query);
	return &p->result;
}

static void ops_input(void *core, const struct event *ev, nk_time now)
{
	natprobe_input(core, ev, now);
}

static bool ops_output(void *core, struct action *action, nk_time now)
{
	return natprobe_output(core, action, now);
}

static nk_time ops_deadline(const void *core)
{
	return natprobe_deadline(core);
}

static int ops_status(const void *core)
{
	return natprobe_status(core);
}

const struct core_ops natprobe_ops = {
	.input = ops_input,
	.output = ops_output,
	.deadline = ops_deadline,
	.status = ops_status,
};
