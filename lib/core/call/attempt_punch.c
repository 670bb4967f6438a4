/* From both offers to the punch. */
#include "core/call/attempt_state.h"
#include "core/call/call_fire.h"
#include "core/call/call_offer.h"
#include "core/punch/opener.h"

#define HOPE        (4 * NK_S) /* nine checks each way, and the relay has had its turn */
#define HOPE_ROUNDS 8          /* in first pauses: four checks */

static bool names_ip(const struct offer *o, const struct addr *ip)
{
	for (unsigned i = 0; i < o->candidate_count; i++)
		if (addr_same_ip(&o->candidates[i].addr, ip))
			return true;
	return false;
}

/* The one address of the peer that many packets may go to: where the broker has seen it, if it says
 * so too. */
static struct addr hard_ip(const struct attempt *a)
{
	return names_ip(&a->theirs, &a->rung.from) ? addr_with_port(a->rung.from, 0)
						   : (struct addr){0};
}

static bool one_ip(const struct attempt *a)
{
	const struct addr ours = call_offer_reflexive(&a->ours);

	return addr_family(&ours) != ADDR_NONE && names_ip(&a->theirs, &ours);
}

uint8_t attempt_opener(const struct attempt *a, bool our)
{
	const struct addr our_ip = call_offer_reflexive(&a->ours);
	const struct addr their_ip = call_offer_reflexive(&a->theirs);
	const struct call_options *o = a->config.options;
	struct nat_hint theirs;

	if (our && (!o->opener || o->opener_ttl != 0))
		return o->opener ? o->opener_ttl : 0;
	call_offer_hint(&theirs, &a->theirs);
	return our ? opener_ttl(&a->gathered.hint, &theirs, &our_ip, &their_ip, a->config.retry)
		   : opener_ttl(&theirs, &a->gathered.hint, &their_ip, &our_ip, a->config.retry);
}

static struct punch_config punch_of(const struct attempt *a)
{
	const struct call_options *o = a->config.options;
	struct punch_config config = {
		.controlling = a->config.caller,
		.local = a->gathered.candidates,
		.local_hint = a->gathered.hint,
		.first_socket = a->config.first_id,
		.have_v4 = a->socket[0] == SOCKET_OPEN,
		.have_v6 = a->socket[1] == SOCKET_OPEN,
		.have_fresh = a->gathered.fresh,
		.fire = a->fire,
		.first_pause = call_first_pause(o, a->ours.rtt_us, a->theirs.rtt_us),
		.pause_factor = o->pause_factor,
		.jitter = o->jitter,
		.pause_max = o->pause_max,
		.give_up = a->config.give_up,
		.tactics = a->ours.tactics & a->theirs.tactics,
		.hard = (a->ours.flags & a->theirs.flags & OFFER_HARD) != 0,
		.hard_ip = hard_ip(a),
		.plain_p = o->plain_p,
		.one_ip = one_ip(a),
	};

	call_secrets(a->config.caller ? &config.ours : &config.theirs,
		     a->config.caller ? &config.theirs : &config.ours, a->keys.export);
	call_offer_candidates(&config.remote, &a->theirs);
	call_offer_hint(&config.remote_hint, &a->theirs);
	config.opener_ttl = attempt_opener(a, true);
	return config;
}

nk_time attempt_hopes_until(const struct attempt *a)
{
	const struct punch_result *r = attempt_punch(a);

	if (a->state != ATTEMPT_PUNCHING || a->relaying || r->heard > 0 || r->relay_likely > 0 ||
	    r->guesses)
		return NK_NEVER;
	return a->times.fired +
	       nk_max(HOPE, HOPE_ROUNDS * call_first_pause(a->config.options, a->ours.rtt_us,
							   a->theirs.rtt_us));
}

static bool names_kind(const struct offer *o, enum candidate_kind kind)
{
	for (unsigned i = 0; i < o->candidate_count; i++)
		if (o->candidates[i].kind == (uint8_t)kind)
			return true;
	return false;
}

static bool names_v6(const struct offer *o)
{
	for (unsigned i = 0; i < o->candidate_count; i++)
		if (addr_family(&o->candidates[i].addr) == ADDR_V6)
			return true;
	return false;
}

/* The caller's: what some tactics need is not there, and then they need not be waited for. */
static bool is_hopeless(const struct attempt *a, const struct punch_config *c)
{
	uint32_t left = c->tactics;

	if (!names_kind(&a->ours, CANDIDATE_MAPPED) && !names_kind(&a->theirs, CANDIDATE_MAPPED))
		left &= ~TACTIC_BIT(TACTIC_MAPPED);
	if (!names_v6(&a->ours) || !names_v6(&a->theirs))
		left &= ~TACTIC_BIT(TACTIC_IPV6);
	if (!c->one_ip)
		left &= ~TACTIC_BIT(TACTIC_HAIRPIN);
	if (!c->hard)
		left &= ~(TACTIC_BIT(TACTIC_PREDICT) | TACTIC_BIT(TACTIC_BIRTHDAY));
	if (!ring_may_relay(a->ring))
		left &= ~TACTIC_BIT(TACTIC_RELAY);
	return left == 0;
}

void attempt_start_punch(struct attempt *a, uint64_t fire_us, nk_time now)
{
	const struct broker_clock *clock =
		a->config.caller ? ring_clock(a->ring) : registration_clock(a->config.registration);
	struct punch_config config;
	bool hopeless;

	a->fire = broker_clock_ours(clock, fire_us) - broker_clock_rtt(clock) / 2;
	a->times.fired = nk_max(a->fire, now);
	config = punch_of(a);
	hopeless = a->config.caller && is_hopeless(a, &config);
	a->punch = punch_new(&config, a->rng, now);
	crypto_wipe(&config, sizeof(config));
	a->state = ATTEMPT_PUNCHING;
	if (a->punch == NULL)
		attempt_give_up(a, CALL_FAILED);
	else if (hopeless)
		attempt_give_up(a, CALL_NO_PATH);
}
