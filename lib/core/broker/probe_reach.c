/*
 * Reaches: a port of the client's own IP is visited from where the client has not sent.
 *
 * Others may be behind that IP: so it is rarely done, by three small datagrams or one connection
 * that says nothing, and the request is at least as long as all of that.
 */
#include <errno.h>
#include <string.h>

#include "core/broker/state.h"
#include "wire/ip.h"

#define EACH       (10 * NK_S) /* of one IP or /64; at once it may have this many: */
#define AT_ONCE    20
#define ALL_PER_S  20 /* of all clients together */
#define SPACING    (100 * NK_MS)
#define KNOCK_TIME (4 * NK_S) /* three SYNs */
#define REMEMBER   (8 * NK_S) /* what came of it */

static uint32_t socket_of(const struct broker *b, const struct visit *v)
{
	return broker_sockets(&b->config) + (uint32_t)(v - b->visits.places);
}

static void answer_reach(struct broker *b, const struct request *q, const struct visit *v)
{
	const struct probe_visit told = {
		.protocol = v->protocol, .reach = (uint8_t)v->reach, .port = v->to.port};
	uint8_t buf[CORE_DATAGRAM_MAX];
	struct wr w = answer_begin(q, STUN_SUCCESS, buf);

	probe_put_visit(&w, &told);
	probe_put_time(&w, (uint64_t)q->now);
	answer_send(b, q, ANSWER_PROVEN, &w);
}

/* The other port, of another address if there is one. */
static struct endpoint elsewhere(const struct broker *b, const struct request *q)
{
	const uint32_t partner = partner_of(&b->config, q->at.id / 2);
	struct endpoint e = {.id = q->at.id ^ 1};

	if (partner != NOBODY)
		e.id = 2 * partner + (e.id & 1);
	else if (!addr_is_any(&q->at.local))
		e.local = addr_with_port(q->at.local,
					 e.id % 2 != 0 ? b->config.alt_port : b->config.port);
	return e;
}

static bool may_visit(struct broker *b, const struct request *q)
{
	static const struct addr all;

	return limits_take_rare(&b->limits, LIMIT_REACH, &q->from, AT_ONCE, EACH, q->now) &&
	       limits_take(&b->limits, LIMIT_REACH, &all, 1, ALL_PER_S, q->now);
}

static void begin(struct broker *b, const struct request *q, const struct probe_msg *m,
		  const struct session *s)
{
	struct visit *v;

	if (q->len < PROBE_REACH_LEN) {
		b->stats.refused_unpaid++;
		answer_error(b, q, ANSWER_NO_LONGER, 400, "Too Short");
		return;
	}
	v = may_visit(b, q) ? visits_add(&b->visits, s->token) : NULL;
	if (v == NULL) {
		log_rate(b, &q->from, q->now);
		answer_error(b, q, ANSWER_NO_LONGER, PROBE_ERR_FULL, "Too Often");
		return;
	}
	memcpy(v->tid, q->msg->tid, STUN_TID);
	v->protocol = m->visit.protocol;
	v->to = addr_with_port(q->from, m->visit.port);
	v->from = elsewhere(b, q);
	visits_set_due(&b->visits, v, q->now);
	answer_reach(b, q, v);
}

/* Whether it is this visit that a request asks about, and not for another one. */
static bool is_about(const struct visit *v, const struct request *q, const struct probe_msg *m)
{
	return v->protocol == m->visit.protocol && v->to.port == m->visit.port &&
	       (!v->is_told || memcmp(v->told, q->msg->tid, STUN_TID) == 0);
}

void probe_reach_input(struct broker *b, const struct request *q, const struct probe_msg *m,
		       const struct session *s)
{
	struct visit *v = visits_of(&b->visits, s->token);

	if (v != NULL && is_about(v, q, m)) {
		v->is_told = v->reach != PROBE_REACH_UNDER_WAY;
		memcpy(v->told, q->msg->tid, STUN_TID);
		answer_reach(b, q, v);
		return;
	}
	if (v != NULL && (v->reach == PROBE_REACH_UNDER_WAY || v->knocking)) {
		answer_error(b, q, ANSWER_NO_LONGER, PROBE_ERR_FULL, "Busy");
		return;
	}
	if (v != NULL)
		visits_end(&b->visits, v);
	begin(b, q, m, s);
}

void probe_reach_event(struct broker *b, const struct event *ev, nk_time now)
{
	const uint32_t i = ev->id - broker_sockets(&b->config);
	struct visit *v = i < VISIT_PLACES ? &b->visits.places[i] : NULL;

	if (v == NULL || !v->knocking || v->reach != PROBE_REACH_UNDER_WAY)
		return;
	if (ev->kind == EVENT_OPENED) {
		v->reach = PROBE_REACH_ACCEPTED;
		visits_set_due(&b->visits, v, now); /* to be closed */
	} else if (ev->kind == EVENT_OPEN_FAILED) {
		v->knocking = false;
		v->reach = ev->error == ECONNREFUSED ? PROBE_REACH_REFUSED
			   : ev->error == ETIMEDOUT  ? PROBE_REACH_SILENT
						     : PROBE_REACH_NO_WAY;
		visits_set_due(&b->visits, v, now + REMEMBER);
	}
}

static bool send_visit(struct broker *b, struct visit *v, struct action *action, nk_time now)
{
	struct wr w = wr_make(action->data, sizeof(action->data));

	v->sent++;
	if (v->sent == PROBE_VISITS)
		v->reach = PROBE_REACH_SENT;
	visits_set_due(&b->visits, v, now + (v->sent < PROBE_VISITS ? SPACING : REMEMBER));
	stun_begin(&w, PROBE_VISIT, STUN_INDICATION, v->tid);
	action->len = stun_end(&w);
	send_from(action, &v->from, &v->to);
	return true;
}

static bool open_knock(struct broker *b, struct visit *v, struct action *action, nk_time now)
{
	const struct addr listen = b->config.listen[v->from.id / 2];

	v->knocking = true;
	visits_set_due(&b->visits, v, now + KNOCK_TIME);
	action->kind = ACTION_OPEN;
	action->id = socket_of(b, v);
	action->socket = SOCKET_TCP_KNOCK;
	action->local = addr_with_port(addr_is_any(&listen) ? v->from.local : listen, 0);
	action->peer = v->to;
	return true;
}

static bool close_knock(struct broker *b, struct visit *v, struct action *action, nk_time now)
{
	if (v->reach == PROBE_REACH_UNDER_WAY)
		v->reach = PROBE_REACH_SILENT;
	v->knocking = false;
	visits_set_due(&b->visits, v, now + REMEMBER);
	action->kind = ACTION_CLOSE;
	action->id = socket_of(b, v);
	return true;
}

bool probe_reach_output(struct broker *b, struct visit *v, struct action *action, nk_time now)
{
	if (v->knocking)
		return close_knock(b, v, action, now);
	if (v->reach != PROBE_REACH_UNDER_WAY) {
		visits_end(&b->visits, v);
		return false;
	}
	if (v->sent == 0)
		b->stats.visits++;
	return v->protocol == IP_TCP ? open_knock(b, v, action, now)
				     : send_visit(b, v, action, now);
}
