#include "core/keeper/keeper.h"

#include <stdlib.h>

#include "base/err.h"
#include "core/keeper/keeper_parts.h"

#define LONGEST (900 * NK_S)

static bool is_over(const struct keeper *k)
{
	return k->status != CORE_BUSY;
}

static bool make_learner(struct keeper *k, nk_time now)
{
	const struct keeper_options *o = k->options;
	const struct learner_config config = {
		.first_id = KEEPER_LEARNER_ID,
		.floor = o->floor > 0 ? o->floor : KEEPALIVE_INTERVAL,
		.longest = o->longest > 0 ? o->longest : LONGEST,
		.below_floor = o->below_floor,
		.risk = LEARNER_RISK,
		.lower = o->belief.lower,
		.upper = o->belief.upper,
		.age = o->belief.age,
	};

	if (o->algorithm == KEEPALIVE_LEARNED)
		k->learner = learner_new(&config, k->rng, now);
	return o->algorithm != KEEPALIVE_LEARNED || k->learner != NULL;
}

static nk_time first_interval(const struct keeper *k)
{
	if (k->learner != NULL)
		return learner_interval(k->learner);
	if (k->options->interval > 0)
		return k->options->interval;
	return k->options->algorithm == KEEPALIVE_TURNS ? KEEPALIVE_INTERVAL : KEEPALIVE_DRAWN;
}

static void add_target(struct keeper *k, unsigned i, nk_time now)
{
	const struct keeper_target *plan = &k->options->targets[i];

	k->targets[i] = (struct target){
		.plan = plan,
		.number = i,
		.addr = plan->addr,
		.is_natbroker = plan->kind == KEEPER_BROKER,
		.socket = outlets_take(&k->outlets, plan, &plan->addr),
		.last = now,
		.proved = now,
		.asked = NK_NEVER,
		.gone = now - 1,
		.register_at = now,
	};
}

struct keeper *keeper_new(const struct keeper_options *options, struct rng *rng, nk_time now)
{
	struct keeper *k = calloc(1, sizeof(*k));

	if (k == NULL)
		return NULL;
	k->options = options;
	k->belief = options->belief;
	k->rng = rng;
	k->started = now;
	k->moved = now - KEEPER_SAME_MOVE;
	k->anew = INT64_MIN / 2;
	k->gone = NK_NEVER;
	k->status = CORE_BUSY;
	k->share = keepalive_draw(rng);
	if (!make_learner(k, now)) {
		free(k);
		return NULL;
	}
	k->interval = k->told = first_interval(k);
	wake_start(&k->wake, now);
	ttl_init(&k->ttl, options->opener_ttl, KEEPER_TTL_ID);
	for (unsigned i = 0; i < options->target_count; i++)
		add_target(k, i, now);
	return k;
}

void keeper_free(struct keeper *k)
{
	if (k == NULL)
		return;
	for (unsigned i = 0; i < k->options->target_count; i++)
		target_broker_end(&k->targets[i]);
	ttl_free(&k->ttl);
	learner_free(k->learner);
	free(k);
}

/* A socket was opened, or could not be. */
static void socket_input(struct keeper *k, uint32_t id, nk_time now)
{
	for (unsigned i = 0; i < k->options->target_count; i++) {
		struct target *t = &k->targets[i];

		if (t->socket != id)
			continue;
		if (outlets_open(&k->outlets, id) || !t->started)
			target_start(k, t, now);
		/* Where nothing can leave there is no answer to wait for; but what was up may be
		 * between two networks. */
		if (!outlets_open(&k->outlets, id) && t->state == KEEPER_TRYING &&
		    t->plan->kind != KEEPER_PEER)
			target_lost(k, t, now);
	}
}

void keeper_awake(struct keeper *k, nk_time now)
{
	if (wake_note(&k->wake, now))
		k->share = keepalive_draw(k->rng);
}

static bool targets_input(struct keeper *k, const struct event *ev, nk_time now)
{
	for (unsigned i = 0; i < k->options->target_count; i++)
		if (target_input(k, &k->targets[i], ev, now))
			return true;
	return false;
}

/* What was measured costs too. */
static bool search_input(struct keeper *k, const struct event *ev, nk_time now)
{
	if (!(k->learner != NULL && learner_input(k->learner, ev, now)) &&
	    !ttl_input(&k->ttl, ev, now))
		return false;
	if (ev->kind == EVENT_DATAGRAM)
		k->search_bytes += ev->len + addr_overhead(&ev->from);
	return true;
}

static void resume(struct keeper *k, const struct event *ev, nk_time now)
{
	if (k->learner != NULL)
		learner_input(k->learner, ev, now);
	for (unsigned i = 0; i < k->options->target_count; i++)
		target_resumed(k, &k->targets[i], ev, now);
	keeper_tell_network(k, now);
}

static void stop(struct keeper *k)
{
	k->stopped = true;
	k->status = CORE_DONE;
}

void keeper_input(struct keeper *k, const struct event *ev, nk_time now)
{
	if (is_over(k))
		return;
	if (ev->kind == EVENT_STOP)
		stop(k);
	else if (ev->kind == EVENT_RESUMED)
		resume(k, ev, now);
	else if (ev->kind == EVENT_LINK_LOST || ev->kind == EVENT_NETWORK)
		keeper_moved(k, now);
	else if (outlets_input(&k->outlets, ev, now))
		socket_input(k, ev->id, now);
	else if ((search_input(k, ev, now) || targets_input(k, ev, now)) &&
		 ev->kind == EVENT_DATAGRAM)
		keeper_awake(k, now);
	keeper_settle(k, now);
}

static bool targets_output(struct keeper *k, struct action *action, nk_time now)
{
	for (unsigned i = 0; i < k->options->target_count; i++)
		if (target_output(k, &k->targets[i], action, now))
			return true;
	return false;
}

static bool search_output(struct keeper *k, struct action *action, nk_time now)
{
	if (!(k->learner != NULL && learner_output(k->learner, action, now)) &&
	    !ttl_output(&k->ttl, action, now))
		return false;
	if (action->kind != ACTION_SEND)
		return true;
	k->search_bytes += action->len + addr_overhead(&action->to);
	keeper_awake(k, now);
	return true;
}

bool keeper_output(struct keeper *k, struct action *action, nk_time now)
{
	if (is_over(k))
		return false;
	if (outlets_output(&k->outlets, action, now) || targets_output(k, action, now) ||
	    search_output(k, action, now))
		return true;
	keeper_settle(k, now);
	return targets_output(k, action, now);
}

static nk_time end_of(const struct keeper *k)
{
	return k->options->duration > 0 ? k->started + k->options->duration : NK_NEVER;
}

nk_time keeper_deadline(const struct keeper *k)
{
	nk_time at = nk_min(end_of(k), outlets_deadline(&k->outlets));

	for (unsigned i = 0; i < k->options->target_count; i++)
		at = nk_min(at, target_deadline(k, &k->targets[i]));
	if (k->learner != NULL)
		at = nk_min(at, learner_deadline(k->learner));
	at = nk_min(at, keeper_gone_deadline(k));
	return nk_min(at, ttl_deadline(&k->ttl));
}

int keeper_status(const struct keeper *k)
{
	return k->status;
}

bool keeper_next_event(struct keeper *k, struct keeper_event *out)
{
	return news_take(&k->news, out);
}

void keeper_retarget(struct keeper *k, unsigned target, const struct addr *addr, nk_time now)
{
	struct target *t = &k->targets[target];

	if (addr_eq(&t->addr, addr))
		return;
	if (addr_family(&t->addr) != addr_family(addr)) {
		outlets_leave(&k->outlets, t->socket);
		t->socket = outlets_take(&k->outlets, t->plan, addr);
		t->started = outlets_open(&k->outlets, t->socket);
	}
	t->addr = *addr;
	t->is_natbroker = t->plan->kind == KEEPER_BROKER;
	target_moved(k, t, now);
}

void keeper_believe(struct keeper *k, const struct keeper_belief *belief, nk_time now)
{
	k->belief = *belief;
	if (k->learner != NULL) {
		learner_moved(k->learner, now);
		learner_believe(k->learner, belief->lower, belief->upper, belief->age, now);
	}
	keeper_settle(k, now);
}

static void input(void *core, const struct event *ev, nk_time now)
{
	keeper_input(core, ev, now);
}

static bool output(void *core, struct action *action, nk_time now)
{
	return keeper_output(core, action, now);
}

static nk_time deadline(const void *core)
{
	return keeper_deadline(core);
}

static int status(const void *core)
{
	return keeper_status(core);
}

const struct core_ops keeper_ops = {
	.input = input, .output = output, .deadline = deadline, .status = status};
