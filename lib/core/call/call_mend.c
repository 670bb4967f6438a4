/* From one attempt to the next: the first that is answered makes the session, later ones give it
 * its path, or a new one. */
#include <string.h>

#include "core/call/call_state.h"
#include "core/keepalive/back_off.h"

#define VAIN_MAX 2            /* attempts that may find no path, before the one that is the last */
#define LINGER   (50 * NK_MS) /* and some round trips, so that the peer hears that we know */

/* The other one than has the path, or what is given up for lost. */
static unsigned next_bank(const struct call *c)
{
	const unsigned used = c->carrying != NOBODY ? c->carrying : c->trying;

	return used == 0 ? 1 : 0;
}

/* What is told of a call is what its latest attempt found, or the one before if that did not come
 * to fire; but the times are those of the first that connected. */
void call_note(struct call_report *r, const struct attempt *a)
{
	const struct attempt_times *times = attempt_times(a);

	if (r->fired != NK_NEVER && times->fired == NK_NEVER)
		return;
	r->gathered = *attempt_gathered(a);
	r->mapping = *attempt_mapping(a);
	r->broker_rtt = attempt_broker_rtt(a);
	r->peer = *attempt_theirs(a);
	if (attempt_punch(a) != NULL)
		r->punch = *attempt_punch(a);
	if (r->connected != NK_NEVER)
		return;
	r->met = times->met;
	r->acknowledged = times->acknowledged;
	r->answered = times->answered;
	r->fired = times->fired;
	r->connected = times->connected;
}

void call_drop(struct call *c, unsigned bank)
{
	if (bank == NOBODY || c->attempts[bank] == NULL)
		return;
	if (bank == c->trying || c->trying == NOBODY)
		call_note(&c->report, c->attempts[bank]);
	attempt_free(c->attempts[bank]);
	c->attempts[bank] = NULL;
	bank_shut(&c->banks[bank]);
	if (c->carrying == bank)
		c->carrying = NOBODY;
	if (c->trying == bank)
		c->trying = NOBODY;
	if (c->relaying == bank)
		c->relaying = NOBODY;
}

bool call_try(struct call *c, const struct noise *handshake, const struct offer *offer,
	      const struct rung *rung, const struct nat_hint *known)
{
	struct attempt_config config = {
		.options = c->options,
		.identity = c->identity,
		.caller = c->caller,
		.broker = {c->broker[0], c->broker[1]},
		.registration = c->registration,
		.retry = c->punches,
		.vain = c->vain,
		.known = known,
		.keepalive = &c->keepalive,
		.doors = c->doors,
		.door = c->door,
		.give_up = c->give_up,
	};
	const unsigned bank = next_bank(c);

	call_drop(c, c->trying);
	if (c->carrying != NOBODY)
		config.known = &attempt_gathered(c->attempts[c->carrying])->hint;
	config.first_id = c->banks[bank].first;
	memcpy(config.callee, c->peer, sizeof(config.callee));
	memcpy(config.resumes, c->id, sizeof(config.resumes));
	c->attempts[bank] = handshake == NULL
				    ? attempt_new(&config, c->rng)
				    : attempt_new_rung(&config, handshake, offer, rung, c->rng);
	if (c->attempts[bank] == NULL)
		return false;
	c->door = (struct addr){.port = 0};
	c->trying = bank;
	c->keyed = c->heard[bank] = false;
	return true;
}

bool call_tries_hard(const struct call *c)
{
	return c->options->hard && c->trying != NOBODY &&
	       (attempt_theirs(c->attempts[c->trying])->flags & OFFER_HARD) != 0;
}

static void make_session(struct call *c, const struct attempt *a, nk_time now)
{
	const uint32_t both = attempt_ours(a)->flags & attempt_theirs(a)->flags;
	struct session_config config = {
		.keys = *attempt_keys(a),
		.caller = c->caller,
		.index = attempt_ours(a)->index,
		.peer_index = attempt_theirs(a)->index,
		.keepalive = *attempt_keepalive(a),
	};

	memcpy(c->id, attempt_ours(a)->call_id, sizeof(c->id));
	c->plain = (both & OFFER_PLAIN) != 0;
	if (!c->plain)
		c->session = session_new(&config, c->rng, now);
	crypto_wipe(&config, sizeof(config));
}

/* Return: false without memory. */
static bool take_keys(struct call *c, struct attempt *a, nk_time now)
{
	c->keyed = true;
	c->opener_ttl = attempt_keepalive(a)->opener_ttl;
	c->punches++;
	if (c->session != NULL)
		session_renew(c->session, attempt_keys(a), attempt_ours(a)->index,
			      attempt_theirs(a)->index, attempt_keepalive(a), now);
	else
		make_session(c, a, now);
	attempt_forget_keys(a);
	return c->plain || c->session != NULL;
}

/* What was tried is what carries from now on. */
static void settle(struct call *c)
{
	call_note(&c->report, c->attempts[c->trying]);
	call_drop(c, c->carrying);
	c->carrying = c->trying;
	c->trying = NOBODY;
}

/* The punch has a path: from now on it is the session's. */
static void take_path(struct call *c, nk_time now)
{
	const struct attempt *a = c->attempts[c->trying];
	const struct punch_result *punch = attempt_punch(a);

	if (c->plain)
		bare_set_path(&c->bare, punch->socket, &punch->peer, now);
	else
		session_set_path(c->session, punch->socket, &punch->peer, now);
	settle(c);
	c->relaying = NOBODY;
	c->vain = 0;
	c->state = CALL_CONNECTED;
}

static void take_relay(struct call *c, nk_time now)
{
	const struct addr nobody = {0};

	if (c->relaying == c->trying || c->session == NULL)
		return;
	session_set_path(c->session, SESSION_VIA_RELAY, &nobody, now);
	c->relaying = c->trying;
	c->state = CALL_CONNECTED;
}

/* There is no new path. After a disturbance the old one may be as good as it was. */
static void not_mended(struct call *c)
{
	if (session_lost(c->session))
		call_end(c, CALL_LOST);
	else
		c->state = CALL_CONNECTED;
}

static void give_way(struct call *c)
{
	const enum call_end end = attempt_end(c->attempts[c->trying]);

	call_drop(c, c->trying);
	if (c->state < CALL_CONNECTED)
		call_end(c, c->vain > 0 && end != CALL_FAILED ? CALL_NO_PATH : end);
	else if (c->state == CALL_MENDING && c->caller)
		not_mended(c);
}

nk_time call_again_at(const struct call *c)
{
	if (!c->caller || c->state != CALL_PUNCHING || c->session == NULL || c->trying == NOBODY ||
	    c->vain == VAIN_MAX)
		return NK_NEVER;
	return attempt_hopes_until(c->attempts[c->trying]);
}

/* A NAT of one side may have taken the other's first check for its own, and gives the port to
 * nobody as long as checks come (opener.h). */
static void try_again(struct call *c)
{
	c->vain++;
	if (!call_try(c, NULL, NULL, NULL, NULL))
		call_end(c, CALL_FAILED);
}

static void follow_attempt(struct call *c, nk_time now)
{
	struct attempt *a = c->attempts[c->trying];
	const enum attempt_state state = attempt_state(a);

	if (c->state < CALL_CONNECTED)
		c->state = state < ATTEMPT_RINGING    ? CALL_GATHERING
			   : state < ATTEMPT_PUNCHING ? CALL_RINGING
						      : CALL_PUNCHING;
	if (state == ATTEMPT_OVER) {
		give_way(c);
		return;
	}
	if (state >= ATTEMPT_PUNCHING && !c->keyed && !take_keys(c, a, now)) {
		call_end(c, CALL_FAILED);
		return;
	}
	if (state == ATTEMPT_MET)
		take_path(c, now);
	else if (attempt_wants_relay(a))
		take_relay(c, now);
	if (state == ATTEMPT_RELAYING)
		settle(c);
}

bool call_follow(struct call *c, nk_time now)
{
	const enum call_state state = c->state;
	const unsigned trying = c->trying, relaying = c->relaying;

	if (c->trying != NOBODY && !c->closing)
		follow_attempt(c, now);
	if (now >= call_again_at(c))
		try_again(c);
	if (c->state == CALL_MENDING && !c->closing && now >= c->give_up)
		not_mended(c);
	if (bare_is_lost(&c->bare, now))
		call_end(c, CALL_LOST);
	if (c->closing && (session_closed(c->session) || now >= c->give_up))
		call_end(c, CALL_CLOSED);
	return c->state != state || c->trying != trying || c->relaying != relaying;
}

void call_closed_by_peer(struct call *c, nk_time now)
{
	if (c->closing)
		return;
	call_drop(c, c->trying);
	c->closing = true;
	c->give_up = now + LINGER + 4 * session_stats(c->session)->rtt;
}

/* The very path that was lost answers again: the cause may have been a link. That is believed once, since
 * a NAT may make a mapping anew as it was. */
static void excuse(struct call *c)
{
	if (c->excused || c->changes != session_stats(c->session)->paths_changed)
		return;
	c->excused = true;
	c->keepalive = c->before;
}

void call_path_back(struct call *c, nk_time now)
{
	struct keepalive_offer ours;

	if (c->state != CALL_MENDING)
		return;
	excuse(c);
	ours = call_keepalive_ours(&c->keepalive, c->opener_ttl);
	session_offer(c->session, &ours, now);
	c->state = CALL_CONNECTED;
	/* The session may be ahead of our punch, on a path that the peer's has found. */
	if (c->trying != NOBODY && !c->heard[c->trying])
		call_drop(c, c->trying);
}

/* If our NAT was started anew, the caller may find out first: it shall be able to ring us then. */
void call_path_doubted(struct call *c, nk_time now)
{
	if (!c->caller)
		registration_refresh(c->registration, now);
}

static void mend(struct call *c, nk_time now)
{
	if (c->closing || c->state < CALL_CONNECTED)
		return;
	c->state = CALL_MENDING;
	c->give_up = now + c->options->timeout;
	if (!c->caller)
		registration_refresh(c->registration, now);
	else if (!call_try(c, NULL, NULL, NULL, NULL))
		call_end(c, CALL_FAILED);
}

/* It may be that our NAT bears less than was believed; by the relay the terms were others. After a
 * disturbance it is being mended already. */
void call_silenced(struct call *c, nk_time now)
{
	if (c->state == CALL_MENDING)
		return;
	c->before = c->keepalive;
	c->changes = session_stats(c->session)->paths_changed;
	if (!call_is_relayed(c))
		keepalive_back_off(&c->keepalive, session_terms(c->session),
				   session_stats(c->session)->silence);
	mend(c, now);
}

/* Better a new path than to wait and see whether the old one is still there; and what was known of the
 * NATs may be true no more. */
void call_disturbed(struct call *c, nk_time now)
{
	keepalive_forget(&c->keepalive);
	c->before = c->keepalive;
	if (c->state != CALL_CONNECTED || c->session == NULL)
		return;
	session_doubt(c->session, now);
	mend(c, now);
}
