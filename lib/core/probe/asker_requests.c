/* Requests on the control flow: each is repeated until it is answered or given up. */
#include <string.h>

#include "core/probe/asker_parts.h"

#define SESSION_LEN   128 /* a request pays for its answer */
#define REQUEST_TRIES 8
#define LEAST_TRIALS  6 /* fewer are nothing to plan with */
#define END_COPIES    3 /* or its trials keep the server's room for the next run, for an hour */

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
	for (unsigned i = 0; i < END_COPIES && a->mode == ASKER_SERVICE && !a->ended; i++) {
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

bool asker_request_copies(struct asker *a, unsigned index)
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
		a->limit_trials =
			p->has_limits && p->max_trials >= LEAST_TRIALS ? p->max_trials : 0;
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
		k->ends_at = now + (k->copies - 1) * ASK_SPACING + 3 * asker_margin(a);
}

struct asker_request *asker_request_find(struct asker *a, const struct stun_msg *m)
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

void asker_request_answered(struct asker *a, struct asker_request *r, const struct stun_msg *m,
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

nk_time asker_request_due(const struct asker *a, const struct asker_request *r)
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

bool asker_requests_output(struct asker *a, struct action *action, nk_time now)
{
	for (unsigned i = 0; i < a->requests_end; i++) {
		struct asker_request *r = &a->requests[i];

		if (!r->used || asker_request_due(a, r) > now)
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

bool asker_take_state(struct asker *a, struct probe_trial_state *out)
{
	if (a->states_count == 0)
		return false;
	*out = a->states[a->states_head];
	a->states_head = (a->states_head + 1) % ASKER_STATES_MAX;
	a->states_count--;
	return true;
}
