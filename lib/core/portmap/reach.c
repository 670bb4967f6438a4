#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/portmap/reach_parts.h"
#include "wire/ip.h"

#define SESSION_LEN 128 /* a request pays for its answer */
#define PLAN        ((struct retry_plan){.first = 300 * NK_MS, .most = NK_S, .tries = 5})

/* Sockets, from @first_socket on. */
enum { CONTROL, PORT };

struct reach *reach_new(const struct reach_config *config, struct rng *rng, nk_time now)
{
	struct reach *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	*r = (struct reach){
		.config = *config,
		.rng = rng,
		.started = now,
		.stage = STAGE_CONTROL,
		.wanted = 1 << CONTROL,
		.until = NK_NEVER,
	};
	retry_stop(&r->request);
	return r;
}

void reach_free(struct reach *r)
{
	if (r != NULL)
		crypto_wipe(r, sizeof(*r));
	free(r);
}

void reach_ask(struct reach *r, nk_time at)
{
	rng_bytes(r->rng, r->tid, sizeof(r->tid));
	retry_start(&r->request, &PLAN, at);
}

static bool is_tcp(const struct reach *r)
{
	return r->config.ip_protocol == IP_TCP;
}

static void look_at_port(struct reach *r, nk_time now)
{
	if (r->config.seen != 0) {
		reach_visit(r, now);
		return;
	}
	r->stage = STAGE_PORT;
	r->wanted |= 1 << PORT;
}

static void session_answered(struct reach *r, const struct stun_msg *m, const struct probe_msg *p,
			     nk_time now)
{
	if (m->cls == STUN_ERROR && m->error == PROBE_ERR_COOKIE && p->has_cookie &&
	    r->cookie == 0) {
		r->cookie = p->cookie;
		reach_ask(r, now);
	} else if (m->cls == STUN_ERROR && m->error == PROBE_ERR_FULL) {
		reach_end(r, REACH_UNKNOWN, REACH_LIMITED, now);
	} else if (m->cls == STUN_SUCCESS && p->has_token &&
		   (p->abilities & PROBE_ABLE_REACH) != 0) {
		r->token = p->token;
		r->abilities = p->abilities;
		r->result.mapped = addr_with_port(m->xor_mapped, 0);
		retry_stop(&r->request);
		look_at_port(r, now);
	} else {
		reach_end(r, REACH_UNKNOWN, REACH_BROKER_CANNOT, now);
	}
}

static void visit_answered(struct reach *r, const struct stun_msg *m, const struct probe_msg *p,
			   nk_time now)
{
	if (m->cls == STUN_SUCCESS && p->has_visit)
		reach_told(r, p->visit.reach, now);
	else if (m->error == PROBE_ERR_FULL)
		reach_end(r, REACH_UNKNOWN, REACH_LIMITED, now);
	else
		reach_end(r, REACH_UNKNOWN, REACH_BROKER_CANNOT, now);
}

static void control_input(struct reach *r, const struct event *ev, nk_time now)
{
	const bool visiting = r->stage == STAGE_VISIT;
	struct probe_msg p;
	struct stun_msg m;

	if (r->request.due == NK_NEVER || r->request.sent == 0 ||
	    !addr_eq(&ev->from, &r->config.broker) || stun_read(&m, ev->data, ev->len) != 0 ||
	    probe_read(&p, &m) != 0 ||
	    !stun_answers(&m, visiting ? PROBE_REACH : PROBE_SESSION, r->tid))
		return;
	if (visiting)
		visit_answered(r, &m, &p, now);
	else
		session_answered(r, &m, &p, now);
}

/* Whether it is ours: it has 96 bits that nobody else was told. */
static bool is_visit(const struct reach *r, const struct event *ev)
{
	struct stun_msg m;

	return !is_tcp(r) && r->result.tries > 0 && ev->kind == EVENT_DATAGRAM &&
	       stun_read(&m, ev->data, ev->len) == 0 && m.method == PROBE_VISIT &&
	       m.cls == STUN_INDICATION && memcmp(m.tid, r->visit_tid, STUN_TID) == 0;
}

/* Somebody has it, or who has it cannot be told from here: he may accept all the same. */
static void port_taken(struct reach *r, bool barred, nk_time now)
{
	r->opened &= ~(1u << PORT);
	r->wanted &= ~(1u << PORT);
	r->taken = true;
	r->barred = barred;
	if (is_tcp(r))
		reach_visit(r, now);
	else
		reach_end(r, REACH_UNKNOWN, barred ? REACH_BARRED : REACH_PORT_TAKEN, now);
}

static void port_input(struct reach *r, const struct event *ev, nk_time now)
{
	if (r->stage == STAGE_PORT && ev->kind == EVENT_OPENED)
		reach_visit(r, now);
	else if (r->stage == STAGE_PORT && ev->kind == EVENT_OPEN_FAILED)
		port_taken(r, ev->error == EACCES, now);
	else if (ev->kind == EVENT_KNOCK)
		reach_knocked(r, &ev->from, now);
	else if (is_visit(r, ev))
		reach_seen(r, &ev->from, now);
}

static void control_event(struct reach *r, const struct event *ev, nk_time now)
{
	if (ev->kind == EVENT_DATAGRAM) {
		control_input(r, ev, now);
	} else if (ev->kind == EVENT_OPENED) {
		r->stage = STAGE_SESSION;
		reach_ask(r, now);
	} else if (ev->kind == EVENT_OPEN_FAILED) {
		r->opened &= ~(1u << CONTROL);
		reach_end(r, REACH_UNKNOWN, REACH_BROKER_SILENT, now);
	}
}

bool reach_input(struct reach *r, const struct event *ev, nk_time now)
{
	const bool shared = r->config.seen != 0 && ev->id == r->config.seen;
	const bool ours = ev->id - r->config.first_socket < REACH_SOCKETS;

	if (shared && (r->stage == STAGE_OVER || !is_visit(r, ev)))
		return false;
	if (r->stage == STAGE_OVER || (!ours && !shared))
		return ours;
	if (ev->id == r->config.first_socket + CONTROL)
		control_event(r, ev, now);
	else
		port_input(r, ev, now);
	return true;
}

static void open_socket(const struct reach *r, struct action *action, unsigned i)
{
	action->kind = ACTION_OPEN;
	action->id = r->config.first_socket + i;
	action->socket = i == PORT && is_tcp(r) ? SOCKET_TCP_DOOR : SOCKET_UDP;
	action->local = i == PORT ? r->config.internal : addr_with_port(r->config.internal, 0);
	action->peer = i == PORT ? (struct addr){0} : r->config.broker;
}

static void send_request(struct reach *r, struct action *action, nk_time now)
{
	const struct probe_visit visit = {.protocol = r->config.ip_protocol,
					  .reach = PROBE_REACH_ASKED,
					  .port = r->config.external.port};
	const bool visiting = r->stage == STAGE_VISIT;
	struct wr w = wr_make(action->data, sizeof(action->data));

	stun_begin(&w, visiting ? PROBE_REACH : PROBE_SESSION, STUN_REQUEST, r->tid);
	if (r->token != 0)
		probe_put_token(&w, r->token);
	else if (r->cookie != 0)
		probe_put_cookie(&w, r->cookie);
	if (visiting)
		probe_put_visit(&w, &visit);
	if (!visiting)
		stun_pad_to(&w, SESSION_LEN);
	else if (memcmp(r->tid, r->visit_tid, STUN_TID) == 0)
		stun_pad_to(&w, PROBE_REACH_LEN);
	action->kind = ACTION_SEND;
	action->id = r->config.first_socket + CONTROL;
	action->local = (struct addr){0};
	action->to = r->config.broker;
	action->ttl = 0;
	action->len = stun_end(&w);
	if (r->stage != STAGE_OVER)
		retry_sent(&r->request, r->rng, now);
}

/* Opens and closes what is to be. */
static bool next_socket(struct reach *r, struct action *action)
{
	for (unsigned i = 0; i < REACH_SOCKETS; i++) {
		const unsigned bit = 1u << i;

		if ((r->opened & bit) == (r->wanted & bit))
			continue;
		r->opened ^= bit;
		if ((r->wanted & bit) != 0) {
			open_socket(r, action, i);
		} else {
			action->kind = ACTION_CLOSE;
			action->id = r->config.first_socket + i;
		}
		return true;
	}
	return false;
}

/* What was waited for has not come. */
static void time_passes(struct reach *r, nk_time now)
{
	if (retry_is_over(&r->request, now))
		reach_end(r, REACH_UNKNOWN, REACH_BROKER_SILENT, now);
	else if (now >= r->until)
		reach_missed(r, now);
}

bool reach_output(struct reach *r, struct action *action, nk_time now)
{
	time_passes(r, now);
	if (r->goodbye) {
		r->goodbye = false;
		send_request(r, action, now);
		return true;
	}
	if (next_socket(r, action))
		return true;
	if (!retry_to_send(&r->request, now))
		return false;
	send_request(r, action, now);
	return true;
}

nk_time reach_deadline(const struct reach *r)
{
	if (r->opened != r->wanted || r->goodbye)
		return 0;
	return nk_min(r->request.due, r->until);
}

int reach_status(const struct reach *r)
{
	return r->stage == STAGE_OVER && r->opened == 0 && !r->goodbye ? CORE_DONE : CORE_BUSY;
}

const struct reach_result *reach_result(const struct reach *r)
{
	return &r->result;
}
