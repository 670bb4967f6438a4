#include "core/punch/punch.h"

#include <stdlib.h>

#include "base/err.h"
#include "core/punch/punch_parts.h"

/* When the pause between checks would exceed what is allowed. */
static nk_time last_moment(const struct punch_config *c, nk_time now)
{
	nk_time at = nk_max(c->fire, now);
	double pause = (double)c->first_pause;

	while (at < c->give_up && pause <= (double)c->pause_max) {
		at += (nk_time)pause;
		pause *= c->pause_factor;
	}
	return nk_min(at, c->give_up);
}

static struct plan_config plan_of(const struct punch_config *c, struct rng *rng)
{
	return (struct plan_config){
		.ours = c->local_hint,
		.theirs = c->remote_hint,
		.remote = c->remote,
		.have_fresh = c->have_fresh,
		.controlling = c->controlling,
		.one_ip = c->one_ip,
		.mapped = candidates_have_mapped(&c->local),
		.tactics = c->tactics,
		.hard = c->hard,
		.hard_ip = c->hard_ip,
		.fire = c->fire,
		.first_pause = c->first_pause,
		.give_up = c->give_up,
		.plain_p = c->plain_p,
		.rng = rng,
	};
}

struct punch *punch_new(const struct punch_config *config, struct rng *rng, nk_time now)
{
	struct punch *p = calloc(1, sizeof(*p));
	struct plan_config plan;

	if (p == NULL)
		return NULL;
	p->config = *config;
	p->rng = rng;
	p->end = last_moment(config, now);
	for (unsigned t = 0; t < TACTICS; t++)
		p->result.attempts[t] = (struct punch_attempt){
			.first_sent = NK_NEVER,
			.first_heard = NK_NEVER,
			.established = NK_NEVER,
		};
	checks_init(&p->checks, &p->config.ours, &p->config.theirs, config->controlling, rng);
	caps_init(&p->caps, config->hard ? &config->hard_ip : NULL);
	spares_init(&p->spares, config->first_socket);
	if (config->have_fresh)
		spares_have(&p->spares, PLAN_FRESH);
	plan = plan_of(config, rng);
	plan_start(&p->plan, &plan, now);
	p->result.guesses = p->plan.start[TACTIC_PREDICT] != NK_NEVER ||
			    p->plan.start[TACTIC_BIRTHDAY] != NK_NEVER;
	p->result.relay_likely = p->plan.relay_likely;
	punch_make_pairs(p, now);
	return p;
}

void punch_free(struct punch *p)
{
	if (p != NULL)
		crypto_wipe(p, sizeof(*p));
	free(p);
}

static void note_out(struct punch *p, enum tactic tactic, nk_time now)
{
	struct punch_attempt *a = &p->result.attempts[tactic];

	a->tried = true;
	a->packets_out++;
	if (a->first_sent == NK_NEVER)
		a->first_sent = now;
}

static void address(const struct punch *p, struct action *action, uint32_t socket,
		    const struct addr *to, uint8_t ttl)
{
	action->kind = ACTION_SEND;
	action->id = p->config.first_socket + socket;
	action->local = (struct addr){.port = 0};
	action->to = *to;
	action->ttl = ttl;
}

static bool send_answer(struct punch *p, struct action *action)
{
	while (p->answer_count > 0) {
		const struct punch_answer a = p->answers[0];

		p->answer_count--;
		for (unsigned i = 0; i < p->answer_count; i++)
			p->answers[i] = p->answers[i + 1];
		if (!caps_take(&p->caps, &a.to))
			continue;
		address(p, action, a.socket, &a.to, 0);
		checks_answer(&p->checks, action, a.tid, &a.to, a.error);
		return true;
	}
	return false;
}

/* A check to a pair; false if it is beyond the caps. */
static bool send_check(struct punch *p, struct action *action, struct pair *pair, uint8_t ttl,
		       nk_time now)
{
	struct check check = {
		.aim = {pair->socket, pair->to, ttl, pair->tactic},
		.first = ttl == 0 && !pair->begun,
		.nominates = pair->nominating && p->checks.controlling,
	};

	if (!caps_take(&p->caps, &pair->to))
		return false;
	pair->begun |= ttl == 0;
	address(p, action, pair->socket, &pair->to, ttl);
	checks_write(&p->checks, action, &check, pair->heard ? pair->heard_tid : NULL);
	note_out(p, pair->tactic, now);
	return true;
}

static bool send_triggered(struct punch *p, struct action *action, nk_time now)
{
	struct pair *pair;

	while ((pair = pairs_triggered(&p->pairs)) != NULL) {
		pair->trigger = false;
		if (send_check(p, action, pair, 0, now))
			return true;
	}
	return false;
}

static bool send_opener(struct punch *p, struct action *action, nk_time now)
{
	struct pair *pair;

	while ((pair = pairs_opener(&p->pairs)) != NULL) {
		pair->opener = false;
		if (!send_check(p, action, pair, p->config.opener_ttl, now))
			continue;
		p->result.opener_sent++;
		return true;
	}
	return false;
}

static void next_round(struct punch *p, struct pair *pair, nk_time now)
{
	const double shake = 1 + p->config.jitter * (2 * rng_unit(p->rng) - 1);

	pair->due = now + nk_max(1, (nk_time)((double)pair->pause * shake));
	pair->pause = (nk_time)((double)pair->pause * p->config.pause_factor);
}

static bool send_due(struct punch *p, struct action *action, nk_time now)
{
	struct pair *pair;

	while ((pair = pairs_due(&p->pairs, now)) != NULL) {
		next_round(p, pair, now);
		if (send_check(p, action, pair, 0, now))
			return true;
		pair->due = NK_NEVER;
	}
	return false;
}

/* Whether a check that the plan aims may go. Of the hard tactics the caps count nothing: the plan
 * paces them, and they go to one IP alone that is known to be a caller's. */
static bool may_aim(struct punch *p, const struct aim *aim)
{
	if ((p->config.tactics & TACTIC_BIT(aim->tactic)) == 0)
		return false;
	if (aim->tactic != TACTIC_PREDICT && aim->tactic != TACTIC_BIRTHDAY)
		return caps_take(&p->caps, &aim->to);
	return p->config.hard && addr_same_ip(&aim->to, &p->config.hard_ip);
}

static void send_aimed(struct punch *p, struct action *action, const struct aim *aim, nk_time now)
{
	struct check check = {
		.aim = *aim,
		.first = aim->tactic == TACTIC_PLAIN &&
			 checks_last(&p->checks, aim->socket, &aim->to) == NULL,
	};

	address(p, action, aim->socket, &aim->to, aim->ttl);
	checks_write(&p->checks, action, &check, NULL);
	note_out(p, aim->tactic, now);
}

static bool do_aims(struct punch *p, struct action *action, nk_time now)
{
	struct aim aim;

	if (spares_next(&p->spares, &aim)) {
		send_aimed(p, action, &aim, now);
		return true;
	}
	while (plan_next(&p->plan, &aim, now)) {
		if (!may_aim(p, &aim))
			continue;
		if (spares_can_send(&p->spares, aim.socket)) {
			send_aimed(p, action, &aim, now);
			return true;
		}
		if (spares_open(&p->spares, &aim, action))
			return true;
	}
	return false;
}

static bool send_keepalive(struct punch *p, struct action *action, nk_time now)
{
	uint8_t tid[STUN_TID];

	if (!p->config.ice || p->keepalive > now)
		return false;
	p->keepalive = now + PUNCH_KEEPALIVE;
	rng_bytes(p->rng, tid, sizeof(tid));
	address(p, action, p->result.socket - p->config.first_socket, &p->result.peer, 0);
	action->len = ice_keepalive_write(action->data, sizeof(action->data), tid);
	return true;
}

bool punch_output(struct punch *p, struct action *action, nk_time now)
{
	const uint32_t used = p->result.socket - p->config.first_socket;

	if (!p->result.connected && now >= p->end)
		p->over = true;
	if (p->over)
		return spares_close(&p->spares, UINT32_MAX, action);
	if (send_answer(p, action) || send_triggered(p, action, now))
		return true;
	if (p->result.connected)
		return spares_close(&p->spares, used, action) || send_due(p, action, now) ||
		       send_keepalive(p, action, now);
	return send_opener(p, action, now) || send_due(p, action, now) || do_aims(p, action, now);
}

nk_time punch_deadline(const struct punch *p)
{
	if (p->over)
		return NK_NEVER;
	if (p->result.connected)
		return p->config.ice ? nk_min(p->keepalive, pairs_next(&p->pairs)) : NK_NEVER;
	return nk_min(p->end, nk_min(pairs_next(&p->pairs), plan_deadline(&p->plan)));
}

int punch_status(const struct punch *p)
{
	if (p->result.connected)
		return CORE_DONE;
	return p->over ? NK_ERR_UNREACHABLE : CORE_BUSY;
}

const struct punch_result *punch_result(const struct punch *p)
{
	return &p->result;
}
