/*
 * At a natbroker the run registers, under a key of this target's own: then three bytes keep the
 * mapping, by whatever algorithm was agreed. Until that is so, and when it no longer is, Binding
 * requests do; a broker that does not take us is asked again much later.
 */
#include <math.h>

#include "core/keeper/keeper_parts.h"

#define PATIENCE (30 * NK_S)
#define AGAIN    (600 * NK_S)
#define HEADROOM \
	2 /* of the interval that is agreed, so that a learned one need not be agreed often */
#define MARGIN 0.8 /* what keepalive_agree() takes of a timeout */

static bool wants(const struct keeper *k, const struct target *t)
{
	const enum keepalive_algorithm a = k->options->algorithm;

	return t->is_natbroker && !t->plan->shared && !k->options->once && a != KEEPALIVE_NONE &&
	       a != KEEPALIVE_OPENER;
}

/* The pace is our own, and our own care: the bound that is told lets the broker hold us so long. With
 * turns it is the broker's too, so that it is told what is believed. */
static struct keepalive_offer offer_of(const struct keeper *k)
{
	const bool learns = k->options->algorithm == KEEPALIVE_LEARNED;
	const bool turns = k->options->algorithm == KEEPALIVE_TURNS;
	const double interval_s = nk_seconds(k->interval) * (learns ? HEADROOM : 1);
	const uint16_t max_s = (uint16_t)fmin(UINT16_MAX, ceil(interval_s));

	return (struct keepalive_offer){
		.wish = {{(uint8_t)k->options->algorithm, 1, max_s}, {KEEPALIVE_FIXED, 1, max_s}},
		.count = 2,
		.lower_s = turns ? k->belief.lower : interval_s / MARGIN,
		.outbound_only = k->belief.outbound_only,
	};
}

static void begin(struct keeper *k, struct target *t, nk_time now)
{
	const struct registration_config config = {
		.socket = t->socket,
		.broker = t->addr,
		.identity = &t->identity,
		.offer = offer_of(k),
	};
	uint8_t seed[CRYPTO_KEY];

	rng_bytes(k->rng, seed, sizeof(seed));
	identity_from_seed(&t->identity, seed);
	crypto_wipe(seed, sizeof(seed));
	t->registration = registration_new(&config, k->rng, now);
	t->offered_s = config.offer.wish[0].max_s;
	t->offer_again = now + AGAIN;
	t->register_since = now;
	t->register_at = now + AGAIN;
}

void target_broker_end(struct target *t)
{
	registration_free(t->registration);
	t->registration = NULL;
	t->registered = false;
	crypto_wipe(&t->identity, sizeof(t->identity));
}

/*
 * A learned interval may be anything less than what was agreed; for more it is agreed anew. What was
 * agreed may be less than was offered: by the broker's bounds, or because the registration was lost.
 */
void target_broker_retime(const struct keeper *k, struct target *t, nk_time now)
{
	struct keepalive *flow = t->registered ? registration_keepalive(t->registration) : NULL;
	const double interval_s = nk_seconds(k->interval);
	struct keepalive_offer offer;
	double agreed_s;

	if (flow == NULL || k->options->algorithm != KEEPALIVE_LEARNED)
		return;
	agreed_s = registration_terms(t->registration).interval_s;
	keepalive_retime(flow, nk_from_seconds(fmin(interval_s, agreed_s)), now);
	if (interval_s <= agreed_s || (interval_s <= t->offered_s && now < t->offer_again))
		return;
	offer = offer_of(k);
	t->offered_s = offer.wish[0].max_s;
	t->offer_again = now + AGAIN;
	registration_offer(t->registration, &offer, now);
}

/* Held or not: which of both is in charge. */
static void look(struct keeper *k, struct target *t, nk_time now)
{
	const bool held = registration_state(t->registration) == REGISTRATION_HELD;

	if (!held && t->registered) {
		t->register_since = now;
		target_start(k, t, now);
	}
	t->registered = held;
}

bool target_broker_input(struct keeper *k, struct target *t, const struct event *ev, nk_time now)
{
	struct addr mapped;

	if (t->registration == NULL || !registration_input(t->registration, ev, now))
		return false;
	if (ev->kind == EVENT_DATAGRAM)
		target_count_in(t, ev->len, now);
	look(k, t, now);
	target_broker_retime(k, t, now);
	mapped = registration_mapped(t->registration);
	if (t->registered && !target_doubted(t))
		target_heard(k, t, &mapped, now);
	return true;
}

static bool gave_up(const struct target *t, nk_time now)
{
	return !t->registered && now >= t->register_since + PATIENCE;
}

bool target_broker_output(struct keeper *k, struct target *t, struct action *action, nk_time now)
{
	bool sends;

	if (t->registration == NULL && t->state == KEEPER_UP && wants(k, t) &&
	    now >= t->register_at)
		begin(k, t, now);
	if (t->registration != NULL && gave_up(t, now))
		target_broker_end(t);
	if (t->registration == NULL)
		return false;
	if (wake_is_up(&k->wake, now))
		keepalive_hurry(target_keepalive(t), now);
	sends = registration_output(t->registration, action, now);
	if (sends)
		target_asks(t, now);
	look(k, t, now);
	return sends;
}

nk_time target_broker_deadline(const struct keeper *k, const struct target *t)
{
	if (t->registration == NULL)
		return t->state == KEEPER_UP && wants(k, t) ? t->register_at : NK_NEVER;
	return nk_min(registration_deadline(t->registration),
		      t->registered ? NK_NEVER : t->register_since + PATIENCE);
}
