/* The listener of a run: registered at its broker, and rung. */
#include <string.h>

#include "core/call/call_keepalive.h"
#include "core/call/call_offer.h"
#include "core/call/natpunch_state.h"
#include "core/keepalive/back_off.h"

#define OTHER_FAMILY_AFTER (10 * NK_S)

void listen_prepare(struct natpunch *n)
{
	n->family = addr_family(&n->options->broker[0]) != ADDR_NONE ? 0 : 1;
	callers_begin(&n->callers, n->options->seen, n->options->seen_count);
}

bool natpunch_seen(struct natpunch *n, struct punch_seen out[static PUNCH_SEEN_MAX],
		   unsigned *count)
{
	return callers_news(&n->callers, out, count);
}

static const struct punch_contact *find_allowed(const struct natpunch *n,
						const uint8_t key[static OFFER_KEY])
{
	for (unsigned i = 0; i < n->options->allowed_count; i++)
		if (memcmp(n->options->allowed[i].key, key, OFFER_KEY) == 0)
			return &n->options->allowed[i];
	return NULL;
}

/* A ring, opened */
struct opened {
	const struct rung *rung;
	struct noise handshake;
	struct offer offer;
};

/* The handshake has proved an X25519 key, and that is the one which belongs to the key in the offer. */
static bool is_callers_key(const struct opened *ring)
{
	uint8_t dh[CRYPTO_KEY];

	return crypto_dh_public_of(dh, ring->offer.key) &&
	       crypto_equal(dh, ring->handshake.rs, sizeof(dh));
}

static bool open_ring(const struct natpunch *n, const struct rung *rung, struct opened *out)
{
	uint8_t prologue[CALL_PROLOGUE], payload[RENDEZVOUS_BODY_MAX], dh[32];
	size_t len;

	out->rung = rung;
	call_prologue(prologue, n->options->identity->sign_public);
	return noise_read_offer(&out->handshake, n->options->identity, prologue, sizeof(prologue),
				rung->offer, rung->len, dh, payload, &len) == 0 &&
	       offer_read(&out->offer, payload, len) == 0 && out->offer.verdict == OFFER_CALLS &&
	       is_callers_key(out);
}

static bool was_told(const struct natpunch *n, const uint8_t call_id[static OFFER_CALL_ID])
{
	for (unsigned i = 0; i < STRANGERS_MAX; i++)
		if (memcmp(n->strangers[i], call_id, OFFER_CALL_ID) == 0)
			return true;
	return false;
}

/* Whom we do not allow hears nothing: not even that there is somebody. */
static void tell_stranger(struct natpunch *n, const struct opened *ring, nk_time now)
{
	struct natpunch_event e = {.kind = NATPUNCH_RANG, .addr = ring->rung->from};

	if (was_told(n, ring->offer.call_id))
		return;
	memcpy(n->strangers[n->next_stranger], ring->offer.call_id, OFFER_CALL_ID);
	n->next_stranger = (n->next_stranger + 1) % STRANGERS_MAX;
	memcpy(e.key, ring->offer.key, sizeof(e.key));
	natpunch_tell(n, NULL, e, now);
}

static void answer(struct natpunch *n, const struct rung *rung, const struct caller *who,
		   nk_time now)
{
	registration_answer(n->registration, rung, who->refusal, who->refusal_len, false, now);
}

static void refuse(struct natpunch *n, struct opened *ring, struct caller *who,
		   enum offer_verdict verdict, nk_time now)
{
	uint8_t sealed[RENDEZVOUS_BODY_MAX];
	const size_t len = call_refusal(sealed, &ring->handshake, &ring->offer, verdict, &n->rng);

	if (len == 0 || len > sizeof(who->refusal))
		return;
	memcpy(who->refusal, sealed, len);
	who->refusal_len = len;
	answer(n, ring->rung, who, now);
}

static bool is_some_calls(struct natpunch *n, const struct opened *ring)
{
	for (unsigned i = 0; i < n->slots; i++)
		if (n->talks[i].call != NULL &&
		    call_rung_again(n->talks[i].call, &ring->offer, ring->rung))
			return true;
	return false;
}

/* The hard tactics send a hundred packets a second: one call at a time may do so. */
static const struct call_options *options_for(struct natpunch *n, const struct call *c)
{
	for (unsigned i = 0; i < n->slots; i++) {
		const struct call *other = n->talks[i].call;

		if (other != NULL && other != c && call_tries_hard(other)) {
			n->soft_options = n->options->call; /* its hosts may be others now */
			n->soft_options.hard = false;
			return &n->soft_options;
		}
	}
	return &n->options->call;
}

static bool resumes_some_call(struct natpunch *n, const struct opened *ring, nk_time now)
{
	for (unsigned i = 0; i < n->slots; i++) {
		struct call *c = n->talks[i].call;

		if (c != NULL && call_resume(c, options_for(n, c), &ring->handshake, &ring->offer,
					     ring->rung, now))
			return true;
	}
	return false;
}

static bool is_ending(const struct call *c)
{
	return call_is_closing(c) || call_state(c) == CALL_OVER;
}

static bool is_full(const struct natpunch *n)
{
	unsigned held = 0;

	for (unsigned i = 0; i < n->slots; i++) {
		const struct talk *t = &n->talks[i];

		held += talk_is_busy(t) && (t->call == NULL || !is_ending(t->call));
	}
	return held >= (n->options->once ? 1 : n->options->calls_max);
}

/* Where there is no room for two, who calls anew has most likely lost his earlier call: his machine
 * was started anew, say, and that call would hold the place until it is noticed. */
static void give_way(struct natpunch *n, const uint8_t key[static 32])
{
	for (unsigned i = 0; i < n->slots && is_full(n); i++) {
		struct talk *t = &n->talks[i];

		if (t->call != NULL && memcmp(t->key, key, sizeof(t->key)) == 0)
			call_close(t->call);
	}
}

static void take_call(struct natpunch *n, struct opened *ring, const struct punch_contact *contact,
		      struct caller *who, nk_time now)
{
	struct addr door;
	struct talk *t;

	give_way(n, ring->offer.key);
	t = is_full(n) ? NULL : talk_begin(n, contact, ring->offer.key);
	if (t != NULL) {
		door = natpunch_spare_at(n, t);
		t->call = call_new_in(options_for(n, NULL), n->options->identity, &ring->handshake,
				      &ring->offer, ring->rung, survey_hint(&n->survey),
				      n->options->broker, n->registration, &n->doors, &door,
				      talk_first_id(t->slot), &n->rng, now);
	}
	if (t == NULL || t->call == NULL) {
		refuse(n, ring, who, OFFER_IS_BUSY, now);
		return;
	}
	natpunch_spare_take(n, t);
	natpunch_tell(n, t, (struct natpunch_event){.kind = NATPUNCH_CALLING}, now);
}

static bool resumes(const struct offer *offer)
{
	static const uint8_t nothing[OFFER_CALL_ID];

	return memcmp(offer->resumes, nothing, sizeof(nothing)) != 0;
}

static void be_rung(struct natpunch *n, struct opened *ring, nk_time now)
{
	const struct punch_contact *contact = find_allowed(n, ring->offer.key);
	struct caller *who;
	enum callers_verdict verdict;

	if (contact == NULL && !n->options->allow_any) {
		tell_stranger(n, ring, now);
		return;
	}
	verdict = callers_judge(&n->callers, &ring->offer, &who);
	if (verdict == CALLERS_OLD || is_some_calls(n, ring))
		return;
	if (verdict == CALLERS_AGAIN) {
		if (who->refusal_len > 0)
			answer(n, ring->rung, who, now);
		return;
	}
	survey_pause(&n->survey, now);
	if (resumes(&ring->offer)) {
		if (!resumes_some_call(n, ring, now))
			refuse(n, ring, who, OFFER_REFUSES, now);
	} else {
		take_call(n, ring, contact, who, now);
	}
}

static void take_rings(struct natpunch *n, nk_time now)
{
	struct opened ring;
	struct rung rung;

	while (registration_next_ring(n->registration, &rung)) {
		if (!n->stopping && open_ring(n, &rung, &ring))
			be_rung(n, &ring, now);
		crypto_wipe(&ring, sizeof(ring));
	}
}

static void take_relayed(struct natpunch *n, nk_time now)
{
	struct rung packet;

	while (registration_next_relayed(n->registration, &packet)) {
		bool taken = false;

		for (unsigned i = 0; i < NATPUNCH_CALLS_MAX && !taken; i++)
			taken = n->talks[i].call != NULL &&
				call_relayed(n->talks[i].call, &packet, now);
	}
}

/* The socket of the registration */

static void start_registration(struct natpunch *n, nk_time now)
{
	const struct registration_config config = {
		.socket = ID_REGISTRATION + n->family,
		.broker = n->options->broker[n->family],
		.identity = n->options->identity,
		.offer = call_keepalive_registration(&n->options->call.keepalive),
	};

	n->registration = registration_new(&config, &n->rng, now);
	survey_init(&n->survey, ID_SURVEY, config.socket, &config.broker);
	if (n->registration == NULL)
		natpunch_finish(n, CALL_FAILED);
}

static bool has_family(const struct natpunch *n, unsigned family)
{
	return addr_family(&n->options->broker[family]) != ADDR_NONE;
}

static void socket_opened(struct natpunch *n, nk_time now)
{
	n->registration_open[n->family] = true;
	if (n->registration == NULL)
		start_registration(n, now);
	else
		registration_move(n->registration, ID_REGISTRATION + n->family,
				  &n->options->broker[n->family], now);
}

static void socket_failed(struct natpunch *n)
{
	const unsigned other = 1 - n->family;

	if (n->registration != NULL) {
		n->family = other;
		return;
	}
	n->registration_asked = false;
	if (other == 0 || !has_family(n, other))
		natpunch_finish(n, CALL_FAILED);
	else
		n->family = other;
}

/* A broker that is silent may be heard by the other family. */
static void turn_family(struct natpunch *n, nk_time now)
{
	const unsigned other = 1 - n->family;

	if (n->registration == NULL || now < n->other_family_at || !has_family(n, other) ||
	    registration_state(n->registration) != REGISTRATION_SILENT)
		return;
	n->other_family_at = now + OTHER_FAMILY_AFTER;
	n->family = other;
	if (n->registration_open[other])
		socket_opened(n, now);
	else
		n->registration_asked = false;
}

static bool open_socket(struct natpunch *n, struct action *action)
{
	if (n->registration_asked || n->stopping)
		return false;
	n->registration_asked = true;
	action->kind = ACTION_OPEN;
	action->id = ID_REGISTRATION + n->family;
	action->socket = SOCKET_UDP;
	action->local = addr_any(n->family == 0 ? ADDR_V4 : ADDR_V6, 0);
	action->peer = (struct addr){0};
	return true;
}

static void tell_registration(struct natpunch *n, nk_time now)
{
	const enum registration_state state = registration_state(n->registration);
	struct natpunch_event e = {.kind = state == REGISTRATION_HELD ? NATPUNCH_REGISTERED
								      : NATPUNCH_UNREGISTERED};

	if (state == n->registered || state == REGISTRATION_TRYING)
		return;
	n->registered = state;
	e.addr = registration_mapped(n->registration);
	natpunch_tell(n, NULL, e, now);
}

static void see_ourselves(struct natpunch *n, nk_time now)
{
	const struct addr mapped = registration_mapped(n->registration);

	if (registration_state(n->registration) == REGISTRATION_HELD)
		survey_see(&n->survey, &mapped, now);
}

/* Perhaps another network, of whose NATs nothing is known. */
static void offer_anew(struct natpunch *n, nk_time now)
{
	struct keepalive_offer offer = call_keepalive_registration(&n->options->call.keepalive);

	keepalive_forget(&offer);
	registration_offer(n->registration, &offer, now);
	registration_refresh(n->registration, now);
}

void listen_input(struct natpunch *n, const struct event *ev, nk_time now)
{
	if (ev->id == ID_REGISTRATION + n->family && !n->registration_open[n->family]) {
		if (ev->kind == EVENT_OPENED)
			socket_opened(n, now);
		else if (ev->kind == EVENT_OPEN_FAILED)
			socket_failed(n);
		return;
	}
	if (n->registration == NULL)
		return;
	if (ev->kind == EVENT_RESUMED || ev->kind == EVENT_LINK_LOST) {
		survey_forget(&n->survey);
		offer_anew(n, now);
	} else if (!survey_input(&n->survey, ev, now) &&
		   registration_input(n->registration, ev, now)) {
		see_ourselves(n, now);
	}
	take_rings(n, now);
	take_relayed(n, now);
	tell_registration(n, now);
}

bool listen_output(struct natpunch *n, struct action *action, nk_time now)
{
	turn_family(n, now);
	if (open_socket(n, action))
		return true;
	if (n->registration == NULL)
		return false;
	tell_registration(n, now);
	return registration_output(n->registration, action, now) ||
	       natpunch_spare_output(n, action, now) ||
	       (!n->stopping && survey_output(&n->survey, action, &n->rng, now));
}

nk_time listen_deadline(const struct natpunch *n)
{
	if (n->registration == NULL)
		return NK_NEVER;
	return nk_min(registration_deadline(n->registration),
		      n->stopping ? NK_NEVER : survey_deadline(&n->survey));
}
