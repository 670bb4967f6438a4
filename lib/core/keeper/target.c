#include "core/keeper/keeper_parts.h"

#define SILENCE (2 * NK_S) /* less is a conversation, hellos among it */

struct keepalive *target_keepalive(struct target *t)
{
	struct keepalive *k = t->registered ? registration_keepalive(t->registration) : NULL;

	return k != NULL ? k : &t->keepalive;
}

/* NATs hold a flow that was never answered for less long than the streams that are learned from. */
static nk_time pace(const struct keeper *k, const struct target *t)
{
	const bool is_silent = t->plan->kind == KEEPER_PEER && t->state != KEEPER_UP;

	return is_silent && k->learner != NULL ? nk_min(k->interval, KEEPALIVE_DRAWN) : k->interval;
}

/* Frames are a broker's; to all others "turns" and "learned" are intervals like any other. */
static struct keepalive_terms terms_for(const struct keeper *k, const struct target *t)
{
	double interval_s = nk_seconds(pace(k, t));

	if (k->options->algorithm == KEEPALIVE_NONE)
		return (struct keepalive_terms){KEEPALIVE_NONE, 0};
	if (k->options->algorithm == KEEPALIVE_TURNS) /* are not drawn; these are */
		interval_s *= nk_seconds(KEEPALIVE_DRAWN) / nk_seconds(KEEPALIVE_INTERVAL);
	if (k->options->algorithm == KEEPALIVE_OPENER || t->state == KEEPER_UNPROVEN)
		return (struct keepalive_terms){KEEPALIVE_OPENER, interval_s};
	return (struct keepalive_terms){KEEPALIVE_FIXED, interval_s};
}

static void begin(struct keeper *k, struct target *t, nk_time now)
{
	const struct keepalive_config config = {
		.terms = terms_for(k, t),
		.first = true,
		.gap = KEEPALIVE_GAP,
		.tries = KEEPALIVE_TRIES,
		.rng = k->rng,
	};
	const nk_time rtt = t->keepalive.rtt;

	keepalive_start(&t->keepalive, &config, now);
	t->keepalive.rtt = rtt;
	keepalive_share(&t->keepalive, k->share);
}

void target_start(struct keeper *k, struct target *t, nk_time now)
{
	t->started = true;
	begin(k, t, now);
	keepalive_doubt(&t->keepalive, now);
}

static void tell(struct keeper *k, const struct target *t, enum keeper_event_kind kind,
		 const struct addr *before, nk_time now)
{
	const struct keeper_event e = {
		.kind = kind,
		.target = t->number,
		.at = now,
		.mapped = t->mapped,
		.before = *before,
		.local = outlets_local(&k->outlets, t->socket),
		.interval = k->interval,
	};

	news_put(&k->news, &e);
}

static void come_up(struct keeper *k, struct target *t, const struct addr *mapped, nk_time now)
{
	const struct addr before = t->mapped;
	const bool begins = t->state == KEEPER_UNPROVEN;

	t->mends += t->had;
	t->had = true;
	t->mapped = *mapped;
	t->state = KEEPER_UP;
	if (begins)
		begin(k, t, now);
	target_retime(k, t, now);
	tell(k, t, KEEPER_EVENT_UP, &before, now);
}

static void change(struct keeper *k, struct target *t, const struct addr *mapped, nk_time now)
{
	const struct addr before = t->mapped;

	if (addr_eq(mapped, &before))
		return;
	keeper_gone(k, t, mapped, now);
	t->changes++;
	t->mapped = *mapped;
	tell(k, t, KEEPER_EVENT_CHANGED, &before, now);
}

/* For how long nothing of ours was answered is what intervals must leave room for. */
static void learn_outage(struct keeper *k, const struct target *t, nk_time now)
{
	if (k->learner != NULL && t->state == KEEPER_UP && t->asked < t->sent)
		learner_outage(k->learner, t->sent - t->asked, now);
}

void target_heard(struct keeper *k, struct target *t, const struct addr *mapped, nk_time now)
{
	learn_outage(k, t, now);
	t->asked = NK_NEVER;
	if (t->state == KEEPER_UP)
		change(k, t, mapped, now);
	else
		come_up(k, t, mapped, now);
	t->proved = now;
	t->excused = false;
}

/* A peer that never answered need not be one of us: it is sent to all the same. */
void target_lost(struct keeper *k, struct target *t, nk_time now)
{
	if (t->plan->kind == KEEPER_PEER && !t->had) {
		t->state = KEEPER_UNPROVEN;
		begin(k, t, now);
		return;
	}
	if (t->state == KEEPER_LOST)
		return;
	t->losses += t->had;
	t->state = KEEPER_LOST;
	target_retime(k, t, now);
	tell(k, t, KEEPER_EVENT_LOST, &t->mapped, now);
}

static nk_time note(struct target *t, nk_time now)
{
	const nk_time silence = now - t->last;

	t->last = now;
	if (silence >= SILENCE)
		t->idle = silence;
	return silence;
}

nk_time target_count_in(struct target *t, size_t bytes, nk_time now)
{
	t->packets_in++;
	t->bytes_in += bytes + addr_overhead(&t->addr);
	return note(t, now);
}

void target_count_out(struct target *t, size_t bytes, nk_time now)
{
	t->packets_out++;
	t->bytes_out += bytes + addr_overhead(&t->addr);
	note(t, now);
}

void target_asks(struct target *t, nk_time now)
{
	t->asked = nk_min(t->asked, now);
	t->sent = now;
}

void target_retime(const struct keeper *k, struct target *t, nk_time now)
{
	if (t->keepalive.terms.algorithm != KEEPALIVE_NONE)
		keepalive_retime(&t->keepalive, pace(k, t), now);
	target_broker_retime(k, t, now);
}

bool target_doubted(struct target *t)
{
	if (t->registered)
		return registration_keepalive(t->registration) == NULL;
	return t->keepalive.doubted;
}

enum keeper_state target_state(struct target *t)
{
	return t->state == KEEPER_UP && target_doubted(t) ? KEEPER_DOUBTED : t->state;
}
