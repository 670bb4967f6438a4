#include "core/call/call.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "core/call/call_state.h"

static_assert(CALL_BANKS * BANK_IDS <= CALL_IDS, "a call's ids are those of its banks");

struct call_options call_default_options(void)
{
	return (struct call_options){
		.timeout = 30 * NK_S,
		.pause_max = 20 * NK_S,
		.pause_factor = 1.5,
		.jitter = 0.1,
		.tactics = TACTICS_ALL,
		.encrypt = true,
		.opener = true,
		.keepalive = keepalive_default_offer(),
	};
}

static struct call *make(const struct call_options *options, const struct identity *identity,
			 const uint8_t peer[static 32], const struct addr broker[static 2],
			 struct doors *doors, uint32_t first_id, struct rng *rng, nk_time now)
{
	struct call *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->options = options;
	c->keepalive = options->keepalive;
	c->identity = identity;
	memcpy(c->peer, peer, sizeof(c->peer));
	memcpy(c->broker, broker, sizeof(c->broker));
	c->doors = doors;
	c->rng = rng;
	c->carrying = c->trying = c->relaying = NOBODY;
	for (unsigned i = 0; i < CALL_BANKS; i++)
		c->banks[i].first = first_id + i * BANK_IDS;
	c->give_up = now + options->timeout;
	c->report.started = now;
	c->report.met = c->report.acknowledged = c->report.answered = NK_NEVER;
	c->report.fired = c->report.connected = NK_NEVER;
	return c;
}

struct call *call_new_out(const struct call_options *options, const struct identity *identity,
			  const uint8_t callee[static 32], const struct addr broker[static 2],
			  struct doors *doors, uint32_t first_id, struct rng *rng, nk_time now)
{
	struct call *c = make(options, identity, callee, broker, doors, first_id, rng, now);

	if (c == NULL)
		return NULL;
	c->caller = true;
	if (call_try(c, NULL, NULL, NULL, NULL))
		return c;
	call_free(c);
	return NULL;
}

struct call *call_new_in(const struct call_options *options, const struct identity *identity,
			 const struct noise *handshake, const struct offer *offer,
			 const struct rung *rung, const struct nat_hint *known,
			 const struct addr broker[static 2], struct registration *registration,
			 struct doors *doors, const struct addr *door, uint32_t first_id,
			 struct rng *rng, nk_time now)
{
	struct call *c = make(options, identity, offer->key, broker, doors, first_id, rng, now);

	if (c == NULL)
		return NULL;
	c->registration = registration;
	c->door = *door;
	if (door->port != 0)
		bank_note(&c->banks[0],
			  &(struct action){.kind = ACTION_OPEN, .id = c->banks[0].first});
	if (call_try(c, handshake, offer, rung, known))
		return c;
	call_free(c);
	return NULL;
}

void call_free(struct call *c)
{
	if (c == NULL)
		return;
	for (unsigned i = 0; i < CALL_BANKS; i++)
		attempt_free(c->attempts[i]);
	session_free(c->session);
	crypto_wipe(c, sizeof(*c));
	free(c);
}

void call_end(struct call *c, enum call_end end)
{
	if (c->state == CALL_OVER)
		return;
	c->report.relayed = call_is_relayed(c);
	for (unsigned i = 0; i < CALL_BANKS; i++)
		call_drop(c, i);
	c->bare.up = false;
	c->state = CALL_OVER;
	c->end = end;
}

static bool is_attempts_offer(const struct attempt *a, const struct offer *offer)
{
	return a != NULL && memcmp(attempt_theirs(a)->call_id, offer->call_id, OFFER_CALL_ID) == 0;
}

static bool is_from_caller(const struct call *c, const struct offer *offer)
{
	return !c->caller && c->state != CALL_OVER &&
	       memcmp(offer->key, c->peer, sizeof(c->peer)) == 0;
}

bool call_rung_again(struct call *c, const struct offer *offer, const struct rung *rung)
{
	if (!is_from_caller(c, offer))
		return false;
	for (unsigned i = 0; i < CALL_BANKS; i++) {
		if (is_attempts_offer(c->attempts[i], offer)) {
			attempt_rung_again(c->attempts[i], rung);
			return true;
		}
	}
	return false;
}

bool call_resume(struct call *c, const struct call_options *options, const struct noise *handshake,
		 const struct offer *offer, const struct rung *rung, nk_time now)
{
	if (!is_from_caller(c, offer) || c->session == NULL || c->closing ||
	    memcmp(offer->resumes, c->id, OFFER_CALL_ID) != 0)
		return false;
	c->options = options;
	if (c->state < CALL_CONNECTED)
		c->vain++;
	else if (c->state == CALL_CONNECTED)
		c->give_up = now + options->timeout;
	if (!call_try(c, handshake, offer, rung, NULL))
		call_end(c, CALL_FAILED);
	return true;
}

bool call_relayed(struct call *c, const struct rung *packet, nk_time now)
{
	const unsigned by = c->relaying != NOBODY ? c->relaying : c->trying;
	const struct event ev = {
		.kind = EVENT_DATAGRAM,
		.id = SESSION_VIA_RELAY,
		.from = packet->from,
		.data = packet->offer,
		.len = packet->len,
	};

	if (by == NOBODY || c->session == NULL || !session_input(c->session, &ev, now))
		return false;
	attempt_relayed(c->attempts[by], packet);
	return true;
}

/* What the broker passed on to a caller. */
static void take_relayed(struct call *c, nk_time now)
{
	uint8_t packet[RENDEZVOUS_BODY_MAX];
	struct event ev = {.kind = EVENT_DATAGRAM, .id = SESSION_VIA_RELAY, .data = packet};

	for (unsigned i = 0; i < CALL_BANKS; i++)
		while (c->session != NULL && c->attempts[i] != NULL &&
		       attempt_next_relayed(c->attempts[i], packet, &ev.len))
			session_input(c->session, &ev, now);
}

static bool attempts_input(struct call *c, const struct event *ev, nk_time now)
{
	for (unsigned i = 0; i < CALL_BANKS; i++)
		if (c->attempts[i] != NULL && bank_has(&c->banks[i], ev->id))
			return attempt_input(c->attempts[i], ev, now);
	return false;
}

static bool has_id(const struct call *c, uint32_t id)
{
	return bank_has(&c->banks[0], id) || bank_has(&c->banks[1], id);
}

static void session_in(struct call *c, const struct event *ev, nk_time now)
{
	const unsigned bank = bank_has(&c->banks[0], ev->id) ? 0 : 1;

	if (!session_input(c->session, ev, now) || ev->kind != EVENT_DATAGRAM || c->heard[bank])
		return;
	c->heard[bank] = true;
	bank_release(&c->banks[bank], ev->id);
}

bool call_input(struct call *c, const struct event *ev, nk_time now)
{
	bool is_peer;

	if (ev->kind == EVENT_RESUMED || ev->kind == EVENT_LINK_LOST) {
		call_disturbed(c, now);
		return true;
	}
	if (!has_id(c, ev->id) || c->state == CALL_OVER)
		return false;
	if (ev->kind == EVENT_OPEN_FAILED)
		bank_forget(&c->banks[bank_has(&c->banks[0], ev->id) ? 0 : 1], ev->id);
	is_peer = ev->kind == EVENT_DATAGRAM && c->carrying != NOBODY &&
		  attempt_is_peer(c->attempts[c->carrying], ev);
	if (is_peer)
		bare_heard(&c->bare, now);
	if (attempts_input(c, ev, now))
		take_relayed(c, now);
	else if (c->session != NULL)
		session_in(c, ev, now);
	else if (is_peer)
		bare_input(&c->bare, ev);
	call_follow(c, now);
	return true;
}

/* Where there are several ways the two punches may end with different ones, and the session is on
 * that of the caller: nothing is closed before it was heard. */
static bool may_close(struct call *c, unsigned bank, const struct action *action)
{
	if (action->kind != ACTION_CLOSE ||
	    action->id - c->banks[bank].first >= PUNCH_SOCKETS_MAX ||
	    attempt_state(c->attempts[bank]) != ATTEMPT_MET || c->plain || c->heard[bank])
		return true;
	bank_hold(&c->banks[bank], action->id);
	return false;
}

static bool attempts_output(struct call *c, struct action *action, nk_time now)
{
	for (unsigned i = 0; i < CALL_BANKS; i++)
		while (c->attempts[i] != NULL && attempt_output(c->attempts[i], action, now))
			if (may_close(c, i, action))
				return true;
	return false;
}

/* Packets of the session for the relay go by the attempt that rang, which then has more to do. */
static bool session_out(struct call *c, struct action *action, nk_time now)
{
	while (c->session != NULL && session_output(c->session, action, now)) {
		if (action->id != SESSION_VIA_RELAY)
			return true;
		if (c->relaying != NOBODY)
			attempt_relay(c->attempts[c->relaying], action->data, action->len);
	}
	return false;
}

static bool out(struct call *c, struct action *action, nk_time now)
{
	for (unsigned i = 0; i < CALL_BANKS; i++)
		if (bank_output(&c->banks[i], action))
			return true;
	if (c->state == CALL_OVER ||
	    (!session_out(c, action, now) && !attempts_output(c, action, now) &&
	     !bare_output(&c->bare, action, c->rng, now)))
		return false;
	for (unsigned i = 0; i < CALL_BANKS; i++)
		bank_note(&c->banks[i], action);
	return true;
}

bool call_output(struct call *c, struct action *action, nk_time now)
{
	do {
		if (out(c, action, now))
			return true;
	} while (call_follow(c, now));
	return false;
}

nk_time call_deadline(const struct call *c)
{
	nk_time at = c->state == CALL_MENDING || c->closing ? c->give_up : call_again_at(c);

	if (c->state == CALL_OVER)
		return NK_NEVER;
	for (unsigned i = 0; i < CALL_BANKS; i++)
		if (c->attempts[i] != NULL)
			at = nk_min(at, attempt_deadline(c->attempts[i]));
	if (c->session != NULL)
		at = nk_min(at, session_deadline(c->session));
	return nk_min(at, bare_deadline(&c->bare));
}

enum call_state call_state(const struct call *c)
{
	return c->state;
}

struct session *call_session(struct call *c)
{
	return c->state == CALL_CONNECTED || c->state == CALL_MENDING ? c->session : NULL;
}

bool call_next(struct call *c, struct session_news *out, nk_time now)
{
	while (call_session(c) != NULL && session_next(c->session, out)) {
		switch (out->kind) {
		case SESSION_MESSAGE:
		case SESSION_DATAGRAM:
			return true;
		case SESSION_PATH_DOUBTED:
			call_path_doubted(c, now);
			break;
		case SESSION_PATH_LOST:
			call_silenced(c, now);
			break;
		case SESSION_PATH_CHANGED:
			call_path_back(c, now);
			break;
		case SESSION_CLOSED:
			call_closed_by_peer(c, now);
			break;
		}
	}
	return false;
}

bool call_is_bare(const struct call *c)
{
	return c->bare.up;
}

int call_send_bare(struct call *c, const void *bytes, size_t len)
{
	return bare_send(&c->bare, bytes, len);
}

bool call_next_bare(struct call *c, const uint8_t **bytes, size_t *len)
{
	return bare_next(&c->bare, bytes, len);
}

void call_close(struct call *c)
{
	if (c->state == CALL_OVER || c->closing)
		return;
	if (call_session(c) == NULL) {
		call_end(c, c->state == CALL_CONNECTED ? CALL_CLOSED : CALL_NOT_OVER);
		return;
	}
	session_close(c->session);
	call_drop(c, c->trying);
	c->closing = true;
	c->give_up = NK_NEVER;
}

bool call_acknowledged(const struct call *c)
{
	if (c->report.acknowledged != NK_NEVER)
		return true;
	return c->trying != NOBODY &&
	       attempt_times(c->attempts[c->trying])->acknowledged != NK_NEVER;
}

double call_relay_likely(const struct call *c)
{
	const struct punch_result *punch =
		c->trying != NOBODY ? attempt_punch(c->attempts[c->trying]) : NULL;

	return punch != NULL ? punch->relay_likely : 0;
}

bool call_is_closing(const struct call *c)
{
	return c->closing;
}

bool call_is_relayed(const struct call *c)
{
	return c->relaying != NOBODY;
}

void call_report(const struct call *c, struct call_report *out)
{
	const unsigned by = c->trying != NOBODY ? c->trying : c->carrying;

	*out = c->report;
	if (by != NOBODY)
		call_note(out, c->attempts[by]);
	out->state = c->state;
	out->end = c->end;
	memcpy(out->peer_key, c->peer, sizeof(out->peer_key));
	out->punches = c->punches;
	out->relayed |= call_is_relayed(c);
	out->ours = c->keepalive;
	out->theirs = call_keepalive_theirs(&out->peer);
	if (c->session == NULL)
		return;
	out->session = session_stats(c->session);
	out->terms = *session_terms(c->session);
}
