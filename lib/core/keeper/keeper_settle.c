/* What follows for all targets from what was heard of one, or from time. */
#include "base/err.h"
#include "core/keeper/keeper_parts.h"

#define WORTH_TELLING 1.1

void keeper_tell_network(struct keeper *k, nk_time now)
{
	const struct keeper_event e = {
		.kind = KEEPER_EVENT_NETWORK,
		.target = KEEPER_TARGETS_MAX,
		.at = now,
		.interval = k->interval,
	};

	if (now - k->moved >= KEEPER_SAME_MOVE)
		news_put(&k->news, &e);
	k->moved = now;
}

void keeper_moved(struct keeper *k, nk_time now)
{
	outlets_renew(&k->outlets);
	k->belief = (struct keeper_belief){.age = 0};
	k->gone = NK_NEVER;
	if (k->learner != NULL)
		learner_moved(k->learner, now);
	for (unsigned i = 0; i < k->options->target_count; i++)
		target_moved(k, &k->targets[i], now);
	k->ttl_known = false;
	keeper_tell_network(k, now);
}

static void tell_interval(struct keeper *k, nk_time now)
{
	const double ratio = (double)k->interval / (double)k->told;
	const struct keeper_event e = {
		.kind = KEEPER_EVENT_INTERVAL,
		.target = KEEPER_TARGETS_MAX,
		.at = now,
		.interval = k->interval,
	};

	if (ratio < WORTH_TELLING && ratio > 1 / WORTH_TELLING)
		return;
	k->told = k->interval;
	news_put(&k->news, &e);
}

static void settle_interval(struct keeper *k, nk_time now)
{
	const nk_time interval = learner_interval(k->learner);

	if (interval == k->interval)
		return;
	k->interval = interval;
	for (unsigned i = 0; i < k->options->target_count; i++)
		target_retime(k, &k->targets[i], now);
	tell_interval(k, now);
}

/* The first that is a natbroker; else the first other STUN server, which may know RESPONSE-PORT. */
static const struct target *find_server(const struct keeper *k)
{
	const struct target *other = NULL;

	for (unsigned i = 0; i < k->options->target_count; i++) {
		const struct target *t = &k->targets[i];

		if (t->state != KEEPER_UP || t->plan->kind == KEEPER_PEER)
			continue;
		if (t->is_natbroker)
			return t;
		if (other == NULL)
			other = t;
	}
	return other;
}

static void settle_server(struct keeper *k, nk_time now)
{
	const struct target *t = find_server(k);

	if (t == NULL || (addr_eq(&k->server, &t->addr) && k->server_probes == t->is_natbroker))
		return;
	k->server = t->addr;
	k->server_probes = t->is_natbroker;
	learner_serve(k->learner, &k->server, k->server_probes, now);
}

static void settle_ttl(struct keeper *k, nk_time now)
{
	const struct target *t = find_server(k);
	struct addr local;

	if (k->ttl_known || t == NULL || t->plan->shared || !outlets_open(&k->outlets, t->socket))
		return;
	k->ttl_known = true;
	local = outlets_local(&k->outlets, t->socket);
	ttl_measure(&k->ttl, &t->addr, t->socket, &local, k->rng, now);
}

static bool all_known(const struct keeper *k, bool *all_up)
{
	*all_up = true;
	for (unsigned i = 0; i < k->options->target_count; i++) {
		if (k->targets[i].state == KEEPER_TRYING)
			return false;
		*all_up &= k->targets[i].state == KEEPER_UP;
	}
	return true;
}

static void settle_end(struct keeper *k, nk_time now)
{
	const nk_time duration = k->options->duration;
	bool all_up;

	if (k->options->once && all_known(k, &all_up))
		k->status = all_up ? CORE_DONE : NK_ERR_UNREACHABLE;
	else if (duration > 0 && now >= k->started + duration)
		k->status = CORE_DONE;
}

void keeper_settle(struct keeper *k, nk_time now)
{
	if (k->status != CORE_BUSY)
		return;
	if (k->learner != NULL) {
		keeper_settle_gone(k, now);
		settle_server(k, now);
		settle_interval(k, now);
	}
	if (k->options->algorithm == KEEPALIVE_OPENER)
		settle_ttl(k, now);
	settle_end(k, now);
}
