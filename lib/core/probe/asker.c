#include "core/probe/asker.h"

#include <string.h>

#include "base/err.h"

#define SESSION_LEN   128 /* a request pays for its answer */
#define REQUEST_TRIES 8

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

/* Slack for answers that are late or reordered, after the last should have come. */
static nk_time margin(const struct asker *a)
{
	return 20 * NK_MS + a->exchanges->rtt / 2;
}

static struct asker_request *request_new(struct asker *a, enum asker_request_kind kind,
					 unsigned tries)
{
	for (unsigned i = 0; i < ASKER_REQUESTS; i++) {
		struct asker_request *r = &a->requests[i];

		if (r->used)
			continue;
		if (i == a->requests_end)
			a->requests_end++;
		*r = (struct asker_request){.used = true, .kind = kind, .tries = tries};
		rng_bytes(a->exchanges->rng, r->tid, sizeof(r->tid));
		return r;
	}
	return NULL;
}

static void session_encode(const struct asker *a, struct asker_request *r)
{
	struct wr w = wr_make(r->bytes, sizeof(r->bytes));

	stun_begin(&w, PROBE_SESSION, STUN_REQUEST, r->tid);
	if (a->has_cookie)
		probe_put_cookie(&w, a->cookie);
	stun_pad_to(&w, SESSION_LEN);
	r->len = stun_end(&w);
}

void asker_open_session(struct asker *a, unsigned tries)
{
	struct asker_request *r = request_new(a, REQUEST_SESSION, tries);

	if (r != NULL)
		session_encode(a, r);
}

void asker_end(struct asker *a)
{
	for (unsigned i = 0; i < a->requests_end; i++)
		a->requests[i].used = false;
	for (unsigned i = 0; i < a->asks_end; i++)
		a->asks[i].used = false;
	if (a->mode == ASKER_SERVICE && a->token != 0 && !a->ended) {
		struct asker_request *r = request_new(a, REQUEST_SESSION, 1);
		struct wr w = wr_make(r->bytes, sizeof(r->bytes));

		stun_begin(&w, PROBE_SESSION, STUN_REQUEST, r->tid);
		probe_put_token(&w, a->token);
		stun_pad_to(&w, SESSION_LEN);
		r->len = stun_end(&w);
	}
	a->ended = true;
}

static unsigned requests_under_way(const struct asker *a, enum asker_request_kind kind)
{
	unsigned n = 0;

	for (unsigned i = 0; i < a->requests_end; i++)
		n += a->requests[i].used && a->requests[i].kind == kind;
	return n;
}

bool asker_status(struct asker *a, const uint32_t *trials, unsigned count)
{
	struct asker_request *r;

	/* Each is repeated until it is answered: a silent server is not to be flooded. */
	if (requests_under_way(a, REQUEST_STATUS) >= ASKER_STATUSES)
		return false;
	r = request_new(a, REQUEST_STATUS, REQUEST_TRIES);
	if (r == NULL)
		return false;

	struct wr w = wr_make(r->bytes, sizeof(r->bytes));

	stun_begin(&w, PROBE_STATUS, STUN_REQUEST, r->tid);
	probe_put_token(&w, a->token);
	probe_put_trials(&w, trials, count);
	r->len = stun_end(&w);
	return true;
}

void asker_check(struct asker *a)
{
	struct asker_request *r;

	for (unsigned i = 0; i < a->requests_end; i++)
		if (a->requests[i].used && a->requests[i].kind == REQUEST_CHECK)
			return;
	r = request_new(a, REQUEST_CHECK, REQUEST_TRIES);
	if (r == NULL)
		return;

	struct wr w = wr_make(r->bytes, sizeof(r->bytes));

	stun_begin(&w, STUN_BINDING, STUN_REQUEST, r->tid);
	r->len = stun_end(&w);
}

static bool ask_request(struct asker *a, unsigned index)
{
	struct ask *k = &a->asks[index];
	struct asker_request *r = request_new(a, REQUEST_ASK, REQUEST_TRIES);
	uint32_t numbers[PROBE_TRIALS_MAX];

	if (r == NULL)
		return false;
	for (unsigned i = 0; i < k->count; i++)
		numbers[i] = k->targets[i].trial;

	struct wr w = wr_make(r->bytes, sizeof(r->bytes));

	r->ask = index;
	stun_begin(&w, PROBE_ASK, STUN_REQUEST, r->tid);
	probe_put_token(&w, a->token);
	probe_put_trials(&w, numbers, k->count);
	probe_put_copies(&w, (uint8_t)k->copies, (uint16_t)(ASK_SPACING / NK_MS), 0);
	r->len = stun_end(&w);
	memcpy(k->tid, r->tid, sizeof(k->tid));
	return true;
}

bool asker_ask(struct asker *a, const struct ask_target *targets, unsigned count, unsigned copies,
	       nk_time now)
{
	for (unsigned i = 0; i < ASKS_MAX; i++) {
		struct ask *k = &a->asks[i];

		if (k->used)
			continue;
		if (i == a->asks_end)
			a->asks_end++;
		*k = (struct ask){
			.used = true,
			.count = count,
			.copies = copies,
			.fired = NK_NEVER,
			.ends_at = NK_NEVER,
			.round_due = a->mode == ASKER_RESPONSE_PORT ? now : NK_NEVER,
		};
		memcpy(k->targets, targets, count * sizeof(*targets));
		if (a->mode == ASKER_SERVICE && !ask_request(a, i)) {
			k->used = false;
			return false;
		}
		if (a->mode == ASKER_RESPONSE_PORT)
			rng_bytes(a->exchanges->rng, k->tid, sizeof(k->tid));
		return true;
	}
	return false;
}

/*
 * RESPONSE-PORT needs one transaction id per packet. They are the ask's id with
 * its last three bytes replaced by round and target: still 96 bits that are
 * compared, 72 of them random.
 */
#define PLAIN_CONTROL 0xffff

static void plain_tid(const struct ask *k, unsigned round, unsigned target,
		      uint8_t tid[static STUN_TID])
{
	memcpy(tid, k->tid, STUN_TID - 3);
	tid[STUN_TID - 3] = (uint8_t)round;
	tid[STUN_TID - 2] = (uint8_t)(target >> 8);
	tid[STUN_TID - 1] = (uint8_t)target;
}

static struct ask *plain_find(struct asker *a, const uint8_t tid[static STUN_TID], unsigned *round,
			      unsigned *target)
{
	for (unsigned i = 0; i < a->asks_end; i++) {
		struct ask *k = &a->asks[i];

		if (!k->used || memcmp(k->tid, tid, STUN_TID - 3) != 0)
			continue;
		*round = tid[STUN_TID - 3];
		*target = (unsigned)tid[STUN_TID - 2] << 8 | tid[STUN_TID - 1];
		if (*round < k->copies && (*target < k->count || *target == PLAIN_CONTROL))
			return k;
	}
	return NULL;
}

static struct ask *service_find(struct asker *a, const uint8_t tid[static STUN_TID])
{
	for (unsigned i = 0; i < a->asks_end; i++)
		if (a->asks[i].used && memcmp(a->asks[i].tid, tid, STUN_TID) == 0)
			return &a->asks[i];
	return NULL;
}

static void control_came(struct asker *a, struct ask *k, unsigned round, nk_time now)
{
	const uint8_t bit = (uint8_t)(1u << round);

	if (k->controls & bit)
		return;
	k->controls |= bit;
	k->fired = nk_min(k->fired, now - round * ASK_SPACING);
	if (round + 1 == k->copies)
		k->ends_at = nk_min(k->ends_at, now + margin(a));
	else
		k->ends_at = nk_max(k->ends_at == NK_NEVER ? 0 : k->ends_at,
				    now + (k->copies - 1 - round) * ASK_SPACING + 2 * margin(a));
}

static void copy_came(struct ask *k, unsigned target, unsigned round, nk_time now)
{
	if (k->got[target] == 0)
		k->first_copy[target] = now;
	k->got[target] |= (uint8_t)(1u << round);
}

static void session_answered(struct asker *a, struct asker_request *r, const struct stun_msg *m,
			     const struct probe_msg *p)
{
	if (a->ended)
		return;
	if (m->cls == STUN_ERROR && m->error == PROBE_ERR_COOKIE && p->has_cookie &&
	    !a->has_cookie) {
		a->has_cookie = true;
		a->cookie = p->cookie;
		asker_open_session(a, REQUEST_TRIES);
	} else if (m->cls == STUN_SUCCESS && p->has_token) {
		a->mode = ASKER_SERVICE;
		a->token = p->token;
		a->control_mapped = m->xor_mapped;
		a->limit_trials = p->has_limits ? p->max_trials : 0;
		a->limit_keep = p->has_limits ? p->max_keep_s * NK_S : NK_NEVER;
		a->abilities = p->abilities;
	} else {
		a->mode = ASKER_NONE;
	}
	r->used = false;
}

static void status_answered(struct asker *a, const struct probe_msg *p)
{
	for (unsigned i = 0; i < p->state_count && a->states_count < ASKER_STATES_MAX; i++) {
		a->states[(a->states_head + a->states_count) % ASKER_STATES_MAX] = p->states[i];
		a->states_count++;
	}
}

static void ask_answered(struct asker *a, struct ask *k, const struct probe_msg *p, nk_time now)
{
	k->acked = true;
	for (unsigned i = 0; i < p->state_count; i++)
		for (unsigned t = 0; t < k->count; t++)
			if (k->targets[t].trial == p->states[i].trial)
				k->refused[t] =
					p->states[i].flags &
					(PROBE_UNKNOWN_TRIAL | PROBE_REFUSED | PROBE_OTHER_ADDRESS);
	if (k->ends_at == NK_NEVER)
		k->ends_at = now + (k->copies - 1) * ASK_SPACING + 3 * margin(a);
}

static struct asker_request *request_find(struct asker *a, const struct stun_msg *m)
{
	static const uint16_t methods[] = {
		[REQUEST_SESSION] = PROBE_SESSION,
		[REQUEST_STATUS] = PROBE_STATUS,
		[REQUEST_ASK] = PROBE_ASK,
		[REQUEST_CHECK] = STUN_BINDING,
	};

	for (unsigned i = 0; i < a->requests_end; i++) {
		struct asker_request *r = &a->requests[i];

		if (r->used && r->repeats > 0 && stun_answers(m, methods[r->kind], r->tid))
			return r;
	}
	return NULL;
}

/* The ask that a request belongs to; NULL if it was concluded before the answer came. */
static struct ask *request_ask(struct asker *a, const struct asker_request *r)
{
	struct ask *k = &a->asks[r->ask];

	if (r->kind != REQUEST_ASK || !k->used || memcmp(k->tid, r->tid, STUN_TID) != 0)
		return NULL;
	return k;
}

static void request_answered(struct asker *a, struct asker_request *r, const struct stun_msg *m,
			     const struct probe_msg *p, nk_time now)
{
	if (r->repeats == 1)
		exchanges_learn(a->exchanges, now - r->sent, true);
	if (r->kind == REQUEST_SESSION) {
		session_answered(a, r, m, p);
		return;
	}
	struct ask *k = request_ask(a, r);

	r->used = false;
	if (r->kind == REQUEST_CHECK)
		return;
	if (m->cls == STUN_ERROR) {
		a->session_lost |= m->error == PROBE_ERR_SESSION;
		if (k != NULL)
			k->given_up = true;
		return;
	}
	if (r->kind == REQUEST_STATUS)
		status_answered(a, p);
	else if (k != NULL)
		ask_answered(a, k, p, now);
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
		k = service_find(a, m.tid);
		if (k == NULL || p.round >= k->copies)
			return false;
		control_came(a, k, p.round, now);
		return true;
	}
	if (m.method == STUN_BINDING && m.cls == STUN_SUCCESS) {
		k = plain_find(a, m.tid, &round, &target);
		if (k != NULL && target == PLAIN_CONTROL) {
			control_came(a, k, round, now);
			return true;
		}
	}
	r = request_find(a, &m);
	if (r == NULL)
		return false;
	request_answered(a, r, &m, &p, now);
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
		k = service_find(a, m.tid);
		round = p.round;
		while (k != NULL && target < k->count && k->targets[target].trial != p.trial)
			target++;
	} else if (m.method == STUN_BINDING && m.cls == STUN_SUCCESS) {
		k = plain_find(a, m.tid, &round, &target);
	}
	if (k == NULL || target >= k->count || round >= k->copies ||
	    k->targets[target].trial != trial)
		return false;
	copy_came(k, target, round, now);
	return true;
}

static nk_time request_due(const struct asker *a, const struct asker_request *r)
{
	if (r->repeats == 0)
		return 0;
	return r->sent + exchanges_backoff(a->exchanges, r->repeats);
}

static void request_given_up(struct asker *a, struct asker_request *r)
{
	struct ask *k = request_ask(a, r);

	r->used = false;
	if (k != NULL)
		k->given_up = true;
	if (r->kind == REQUEST_SESSION) {
		if (!a->ended)
			a->mode = ASKER_NONE;
	} else if (a->answered_at < r->first_sent) {
		a->silent_since = nk_min(a->silent_since, r->first_sent);
		asker_check(a);
	}
}

static bool requests_output(struct asker *a, struct action *action, nk_time now)
{
	for (unsigned i = 0; i < a->requests_end; i++) {
		struct asker_request *r = &a->requests[i];

		if (!r->used || request_due(a, r) > now)
			continue;
		if (r->repeats == r->tries) {
			request_given_up(a, r);
			continue;
		}
		if (r->repeats++ == 0)
			r->first_sent = now;
		r->sent = now;
		memcpy(action->data, r->bytes, r->len);
		action->len = r->len;
		return true;
	}
	return false;
}

/* One packet of an ask by RESPONSE-PORT: the targets of a round, then its control. */
static void plain_encode(struct ask *k, struct action *action)
{
	struct wr w = wr_make(action->data, sizeof(action->data));
	uint8_t tid[STUN_TID];
	const bool control = k->step == k->count;

	plain_tid(k, k->round, control ? PLAIN_CONTROL : k->step, tid);
	stun_begin(&w, STUN_BINDING, STUN_REQUEST, tid);
	if (!control)
		stun_put_response_port(&w, k->targets[k->step].port);
	action->len = stun_end(&w);
}

static bool plain_output(struct asker *a, struct action *action, nk_time now)
{
	for (unsigned i = 0; i < a->asks_end; i++) {
		struct ask *k = &a->asks[i];

		if (!k->used || k->round_due > now)
			continue;
		plain_encode(k, action);
		if (k->step++ < k->count)
			return true;
		k->step = 0;
		k->acked = true;
		k->round_due = ++k->round < k->copies ? now + ASK_SPACING : NK_NEVER;
		if (k->round == k->copies)
			k->ends_at = now + a->exchanges->rtt + 2 * margin(a);
		return true;
	}
	return false;
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
	return requests_output(a, action, now) || plain_output(a, action, now);
}

static bool all_came(const struct ask *k)
{
	for (unsigned i = 0; i < k->count; i++)
		if (k->got[i] == 0)
			return false;
	return true;
}

static nk_time ask_end(const struct ask *k)
{
	if (k->given_up || all_came(k))
		return 0;
	return k->acked ? k->ends_at : NK_NEVER;
}

nk_time asker_deadline(const struct asker *a)
{
	nk_time at = NK_NEVER;

	for (unsigned i = 0; i < a->requests_end; i++)
		if (a->requests[i].used)
			at = nk_min(at, request_due(a, &a->requests[i]));
	for (unsigned i = 0; i < a->asks_end; i++)
		if (a->asks[i].used)
			at = nk_min(at, nk_min(ask_end(&a->asks[i]), a->asks[i].round_due));
	return at;
}

static unsigned bits(unsigned v)
{
	unsigned n = 0;

	for (; v != 0; v &= v - 1)
		n++;
	return n;
}

static void judge(const struct ask *k, unsigned target, struct ask_verdict *out)
{
	*out = (struct ask_verdict){
		.trial = k->targets[target].trial,
		.verdict = VERDICT_VOID,
		.copies = k->got[target],
		.controls = k->controls,
		.at = k->fired,
	};
	if (k->got[target] != 0) {
		out->verdict = VERDICT_ALIVE;
		out->at = k->first_copy[target];
	} else if (k->given_up) {
		out->why = "the server did not take the question";
	} else if (k->refused[target] & PROBE_OTHER_ADDRESS) {
		out->why = "exit addresses differ";
	} else if (k->refused[target] != 0) {
		out->why = "the server refused to send";
	} else if (bits(k->controls) < (k->copies > 1 ? 2 : 1)) {
		out->why = "control answers were lost";
	} else {
		out->verdict = VERDICT_DEAD;
	}
}

bool asker_take(struct asker *a, struct ask_verdict *out, nk_time now)
{
	for (unsigned i = 0; i < a->asks_end; i++) {
		struct ask *k = &a->asks[i];

		if (!k->used || (!k->concluded && ask_end(k) > now))
			continue;
		if (!k->concluded && k->copies == ASK_COPIES && k->acked) {
			a->heard += k->controls != 0;
			a->unheard += k->controls == 0 && !all_came(k);
		}
		k->concluded = true;
		if (k->taken < k->count) {
			judge(k, k->taken++, out);
			return true;
		}
		k->used = false;
	}
	return false;
}

bool asker_take_state(struct asker *a, struct probe_trial_state *out)
{
	if (a->states_count == 0)
		return false;
	*out = a->states[a->states_head];
	a->states_head = (a->states_head + 1) % ASKER_STATES_MAX;
	a->states_count--;
	return true;
}
