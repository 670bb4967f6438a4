#include "core/probe/asker.h"

#include "core/probe/asker_parts.h"

void asker_start(struct asker *a, uint32_t socket, const struct addr *server,
		 struct exchanges *exchanges)
{
	*a = (struct asker){
		.mode = ASKER_STARTING,
		.socket = socket,
		.server = *server,
		.exchanges = exchanges,
		.silent_since = NK_NEVER,
	};
}

void asker_use_response_port(struct asker *a)
{
	a->mode = ASKER_RESPONSE_PORT;
}

static bool take_control(struct asker *a, const struct event *ev, nk_time now)
{
	struct stun_msg m;
	struct probe_msg p;
	struct asker_request *r;
	unsigned round, target;
	struct ask *k;

	if (!addr_eq(&ev->from, &a->server) || stun_read(&m, ev->data, ev->len) != 0 ||
	    probe_read(&p, &m) != 0)
		return false;
	if (m.method == PROBE_ECHO && m.cls == STUN_INDICATION && p.has_round) {
		k = ask_of_service(a, m.tid);
		if (k == NULL || p.round >= k->copies)
			return false;
		ask_control_came(a, k, p.round, now);
		return true;
	}
	if (m.method == STUN_BINDING && m.cls == STUN_SUCCESS) {
		k = ask_of_plain(a, m.tid, &round, &target);
		if (k != NULL && target == ASK_CONTROL) {
			ask_control_came(a, k, round, now);
			return true;
		}
	}
	r = asker_request_find(a, &m);
	if (r == NULL)
		return false;
	asker_request_answered(a, r, &m, &p, now);
	return true;
}

bool asker_input_control(struct asker *a, const struct event *ev, nk_time now)
{
	if (!take_control(a, ev, now))
		return false;
	a->answered_at = now;
	a->silent_since = NK_NEVER;
	return true;
}

bool asker_input_trial(struct asker *a, uint32_t trial, const struct event *ev, nk_time now)
{
	struct stun_msg m;
	struct probe_msg p;
	struct ask *k = NULL;
	unsigned round = 0, target = 0;

	if (!addr_eq(&ev->from, &a->server) || stun_read(&m, ev->data, ev->len) != 0 ||
	    probe_read(&p, &m) != 0)
		return false;
	if (m.method == PROBE_COPY && m.cls == STUN_INDICATION && p.has_round && p.has_trial) {
		k = ask_of_service(a, m.tid);
		round = p.round;
		while (k != NULL && target < k->count && k->targets[target].trial != p.trial)
			target++;
	} else if (m.method == STUN_BINDING && m.cls == STUN_SUCCESS) {
		k = ask_of_plain(a, m.tid, &round, &target);
	}
	if (k == NULL || target >= k->count || round >= k->copies ||
	    k->targets[target].trial != trial)
		return false;
	ask_copy_came(k, target, round, now);
	return true;
}

static void trim(struct asker *a)
{
	while (a->asks_end > 0 && !a->asks[a->asks_end - 1].used)
		a->asks_end--;
	while (a->requests_end > 0 && !a->requests[a->requests_end - 1].used)
		a->requests_end--;
}

bool asker_output(struct asker *a, struct action *action, nk_time now)
{
	trim(a);
	action->kind = ACTION_SEND;
	action->id = a->socket;
	action->to = a->server;
	action->local = (struct addr){.port = 0};
	action->ttl = 0;
	return asker_requests_output(a, action, now) || asker_plain_output(a, action, now);
}

nk_time asker_deadline(const struct asker *a)
{
	nk_time at = NK_NEVER;

	for (unsigned i = 0; i < a->requests_end; i++)
		if (a->requests[i].used)
			at = nk_min(at, asker_request_due(a, &a->requests[i]));
	for (unsigned i = 0; i < a->asks_end; i++)
		if (a->asks[i].used)
			at = nk_min(at, nk_min(ask_ends(&a->asks[i]), a->asks[i].round_due));
	return at;
}
