#include "core/call/attempt.h"

#include <stdlib.h>
#include <string.h>

#include "core/call/attempt_state.h"

#define GATHER_LIMIT (1 * NK_S)
#define RELAY_AFTER  (3 * NK_S) /* from fire, if nothing has told earlier that there is no path */
#define OTHER_FAMILY (1 * NK_S) /* of the broker's, when the first is silent */

static bool is_set(const struct addr *a)
{
	return addr_family(a) != ADDR_NONE;
}

static bool wants_family(const struct attempt_config *c, unsigned family)
{
	const enum addr_family wanted = family == 0 ? ADDR_V4 : ADDR_V6;

	for (unsigned i = 0; i < c->options->host_count; i++)
		if (addr_family(&c->options->hosts[i]) == wanted)
			return true;
	return is_set(&c->broker[family]);
}

struct attempt *attempt_new(const struct attempt_config *config, struct rng *rng)
{
	struct attempt *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->config = *config;
	a->config.known = NULL;
	a->rng = rng;
	a->turn_at = NK_NEVER;
	a->times = (struct attempt_times){NK_NEVER, NK_NEVER, NK_NEVER, NK_NEVER, NK_NEVER};
	/* Where ports go one after the other the last one is of use only while it is new. */
	a->quick = config->known != NULL && config->known->ports != HINT_PORTS_SEQUENTIAL;
	if (a->quick)
		a->hint = *config->known;
	for (unsigned f = 0; f < ATTEMPT_FAMILIES; f++)
		a->socket[f] = wants_family(config, f) ? SOCKET_WANTED : SOCKET_UNWANTED;
	if (config->door.port != 0) {
		a->socket[0] = SOCKET_OPEN;
		a->local[0] = config->door;
	}
	return a;
}

struct attempt *attempt_new_rung(const struct attempt_config *config, const struct noise *handshake,
				 const struct offer *offer, const struct rung *rung,
				 struct rng *rng)
{
	struct attempt *a = attempt_new(config, rng);

	if (a == NULL)
		return NULL;
	a->noise = *handshake;
	a->theirs = *offer;
	a->rung = *rung;
	return a;
}

void attempt_free(struct attempt *a)
{
	if (a == NULL)
		return;
	if (a->config.doors != NULL)
		doors_drop(a->config.doors, a->config.first_id);
	gather_free(a->gather);
	ring_free(a->ring);
	punch_free(a->punch);
	crypto_wipe(a, sizeof(*a));
	free(a);
}

void attempt_give_up(struct attempt *a, enum call_end end)
{
	a->state = ATTEMPT_OVER;
	a->end = end;
}

static bool open_next(struct attempt *a, struct action *action)
{
	for (unsigned f = 0; f < ATTEMPT_FAMILIES; f++) {
		if (a->socket[f] != SOCKET_WANTED)
			continue;
		a->socket[f] = SOCKET_ASKED;
		action->kind = ACTION_OPEN;
		action->id = a->config.first_id + f;
		action->socket = SOCKET_UDP;
		action->local = addr_any(f == 0 ? ADDR_V4 : ADDR_V6, 0);
		action->peer = (struct addr){0};
		return true;
	}
	return false;
}

static void want_door(struct attempt *a, nk_time now)
{
	const struct attempt_config *c = &a->config;

	if (c->doors != NULL && (c->options->tactics & TACTIC_BIT(TACTIC_MAPPED)) != 0)
		doors_want(c->doors, c->first_id, a->local[0].port, now);
}

static bool opened(struct attempt *a, const struct event *ev, nk_time now)
{
	const uint32_t f = ev->id - a->config.first_id;

	if (f >= ATTEMPT_FAMILIES || a->socket[f] != SOCKET_ASKED)
		return false;
	a->socket[f] = ev->kind == EVENT_OPENED ? SOCKET_OPEN : SOCKET_FAILED;
	a->local[f] = ev->local;
	if (f == 0 && a->socket[f] == SOCKET_OPEN)
		want_door(a, now);
	return true;
}

static bool all_opened(const struct attempt *a)
{
	for (unsigned f = 0; f < ATTEMPT_FAMILIES; f++)
		if (a->socket[f] == SOCKET_WANTED || a->socket[f] == SOCKET_ASKED)
			return false;
	return true;
}

static bool can_ask(const struct attempt *a, unsigned family)
{
	return a->socket[family] == SOCKET_OPEN && is_set(&a->config.broker[family]);
}

static void meet_broker(struct attempt *a, nk_time now)
{
	struct ring_config config = {
		.socket = a->config.first_id + a->family,
		.broker = a->config.broker[a->family],
	};

	memcpy(config.callee, a->config.callee, sizeof(config.callee));
	ring_free(a->ring);
	a->ring = ring_new(&config, a->rng, now);
	if (a->ring == NULL)
		attempt_give_up(a, CALL_FAILED);
}

/* A broker that is silent in one family may answer in the other. */
static void turn_family(struct attempt *a, nk_time now)
{
	if (now < a->turn_at || ring_state(a->ring) != RING_MEETING)
		return;
	a->turn_at = now + OTHER_FAMILY;
	if (!can_ask(a, 1 - a->family))
		return;
	a->family = 1 - a->family;
	meet_broker(a, now);
}

static struct gather_config gather_of(const struct attempt *a)
{
	struct gather_config config = {
		.first_socket = a->config.first_id + PUNCH_SOCKETS_MAX,
		.host_count = a->config.options->host_count,
		.quick = a->quick,
		.hint = a->hint,
		.want_fresh = true,
		.fresh_socket = a->config.first_id + ATTEMPT_FAMILIES,
		.limit = GATHER_LIMIT,
	};

	memcpy(config.hosts, a->config.options->hosts, sizeof(config.hosts));
	for (unsigned f = 0; f < ATTEMPT_FAMILIES; f++) {
		config.broker[f] = a->config.broker[f];
		config.socket[f] = a->config.first_id + f;
		config.have[f] = a->socket[f] == SOCKET_OPEN;
		config.local[f] = a->local[f];
	}
	return config;
}

static void start_gathering(struct attempt *a, nk_time now)
{
	const struct gather_config config = gather_of(a);

	a->family = can_ask(a, 0) ? 0 : 1;
	if (!can_ask(a, a->family)) {
		attempt_give_up(a, CALL_FAILED);
		return;
	}
	a->gather = gather_new(&config, a->rng, now);
	a->state = ATTEMPT_GATHERING;
	if (a->config.caller) {
		a->turn_at = now + OTHER_FAMILY;
		meet_broker(a, now);
	}
	if (a->gather == NULL)
		attempt_give_up(a, CALL_FAILED);
}

static void end_gathering(struct attempt *a, nk_time now)
{
	a->gathered = *gather_result(a->gather);
	gather_free(a->gather);
	a->gather = NULL;
	a->state = ATTEMPT_MEETING;
	if (!a->config.caller)
		attempt_answer(a, now);
}

/* A broker that came back only after the candidates were gathered has told us now. It is what the
 * peer needs most, and goes before what there is no room for then. */
static void add_mapped(struct candidates *list, const struct addr *mapped)
{
	struct candidates all = {.count = 0};

	candidates_add(&all, CANDIDATE_SERVER_REFLEXIVE, mapped);
	for (unsigned i = 0; i < list->count; i++)
		candidates_add(&all, list->list[i].kind, &list->list[i].addr);
	*list = all;
}

static void end_meeting(struct attempt *a, nk_time now)
{
	const struct addr mapped = ring_mapped(a->ring);

	if (!a->gathered.server_heard)
		add_mapped(&a->gathered.candidates, &mapped);
	attempt_ring(a, now);
}

static void while_ringing(struct attempt *a, nk_time now)
{
	if (a->times.acknowledged == NK_NEVER && ring_state(a->ring) >= RING_ACKNOWLEDGED)
		a->times.acknowledged = now;
	attempt_read_answers(a, now);
}

/* When the caller stops waiting for a path. The relay carries packets of a session alone. */
static nk_time relay_at(const struct attempt *a)
{
	const bool alone = (a->ours.tactics & a->theirs.tactics) == TACTIC_BIT(TACTIC_RELAY);
	const bool plain = (a->ours.flags & a->theirs.flags & OFFER_PLAIN) != 0;

	if (!a->config.caller || a->state != ATTEMPT_PUNCHING || a->relaying || plain ||
	    !ring_may_relay(a->ring))
		return NK_NEVER;
	return alone || punch_result(a->punch)->relay_likely > 0 ? a->fire : a->fire + RELAY_AFTER;
}

static void while_punching(struct attempt *a, nk_time now)
{
	const int status = punch_status(a->punch);

	if (now >= relay_at(a))
		a->relaying = true;
	if (status == CORE_DONE) {
		a->state = ATTEMPT_MET;
		a->times.connected = now;
	} else if (status != CORE_BUSY || now >= a->config.give_up) {
		attempt_give_up(a, CALL_NO_PATH);
		if (a->relaying)
			a->state = ATTEMPT_RELAYING;
	}
}

static enum call_end why_not(const struct attempt *a)
{
	if (!a->config.caller)
		return CALL_NO_PATH;
	return a->times.acknowledged == NK_NEVER ? CALL_NO_BROKER : CALL_NO_ANSWER;
}

/* Each state may be the end of the one before. */
static void advance(struct attempt *a, nk_time now)
{
	if (a->state == ATTEMPT_OPENING && all_opened(a))
		start_gathering(a, now);
	turn_family(a, now);
	if (a->state == ATTEMPT_GATHERING && gather_status(a->gather) != CORE_BUSY)
		end_gathering(a, now);
	if (a->state == ATTEMPT_MEETING && ring_state(a->ring) != RING_MEETING)
		end_meeting(a, now);
	if (a->state == ATTEMPT_RINGING)
		while_ringing(a, now);
	if (a->state == ATTEMPT_PUNCHING)
		while_punching(a, now);
	if (a->state < ATTEMPT_PUNCHING && now >= a->config.give_up)
		attempt_give_up(a, why_not(a));
}

bool attempt_input(struct attempt *a, const struct event *ev, nk_time now)
{
	bool ours = false;

	if (ev->kind == EVENT_OPENED || ev->kind == EVENT_OPEN_FAILED)
		ours = opened(a, ev, now);
	ours = ours || (a->gather != NULL && gather_input(a->gather, ev, now)) ||
	       (a->ring != NULL && ring_input(a->ring, ev, now)) ||
	       (a->punch != NULL && punch_input(a->punch, ev, now));
	if (ours)
		advance(a, now);
	return ours;
}

static bool out(struct attempt *a, struct action *action, nk_time now)
{
	if (a->state == ATTEMPT_OVER)
		return false;
	attempt_send_answer(a, now);
	return open_next(a, action) ||
	       (a->gather != NULL && gather_output(a->gather, action, now)) ||
	       (a->ring != NULL && ring_output(a->ring, action, now)) ||
	       (a->punch != NULL && punch_output(a->punch, action, now));
}

/* A part may come to its end without an action, and the next begin at once. */
bool attempt_output(struct attempt *a, struct action *action, nk_time now)
{
	enum attempt_state was;

	advance(a, now);
	do {
		was = a->state;
		if (out(a, action, now))
			return true;
		advance(a, now);
	} while (a->state != was);
	return false;
}

nk_time attempt_deadline(const struct attempt *a)
{
	nk_time at = a->state < ATTEMPT_MET ? a->config.give_up : NK_NEVER;

	if (a->state == ATTEMPT_OVER)
		return NK_NEVER;
	if (a->ring != NULL && ring_state(a->ring) == RING_MEETING)
		at = nk_min(at, a->turn_at);
	at = nk_min(at, relay_at(a));
	if (a->gather != NULL)
		at = nk_min(at, gather_deadline(a->gather));
	if (a->ring != NULL)
		at = nk_min(at, ring_deadline(a->ring));
	if (a->punch != NULL)
		at = nk_min(at, punch_deadline(a->punch));
	return at;
}
