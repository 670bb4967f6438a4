#include "core/punch/gather.h"

#include <stdlib.h>

#include "core/punch/gather_parts.h"
#include "wire/stun.h"

#define BROKER_GAP (100 * NK_MS) /* at first, then twice that */
#define STEP_GAP   (1 * NK_MS)
#define TRIES      4
#define TRY_LEAST  (3 * NK_MS) /* between tries of the calibration: an eighth of a round trip */
#define TRY_MOST   (20 * NK_MS)
#define LATEST     (5 * NK_MS)   /* that an answer may be late */
#define RATE_SPAN  (200 * NK_MS) /* at least, to count foreign mappings in */

static bool wants_hint(const struct gather *g)
{
	return !g->config.quick && g->config.have[0];
}

static bool wants_fresh(const struct gather *g)
{
	const struct gather_config *c = &g->config;

	return c->want_fresh && c->have[0] && (!c->quick || gather_needs_fresh(&c->hint));
}

/* Not as one exchange: what its pauses are made of is the round trip of other paths too. */
static void ask_broker(struct gather *g, unsigned f, nk_time now)
{
	for (unsigned i = 0; i < GATHER_BROKER; i++) {
		struct exchange *e = exchange_add(&g->exchanges, g->config.socket[f],
						  &g->config.broker[f], 1, now);

		e->due = now + (i < 3 ? i : 2 * i - 2) * BROKER_GAP;
		g->broker[f][i] = e;
	}
}

static void stop_asking(struct gather *g, unsigned f)
{
	for (unsigned i = 0; i < GATHER_BROKER; i++)
		if (g->broker[f][i] != NULL && g->broker[f][i]->state == EXCHANGE_WAITING)
			g->broker[f][i]->state = EXCHANGE_FAILED;
}

struct gather *gather_new(const struct gather_config *config, struct rng *rng, nk_time now)
{
	struct gather *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return NULL;
	g->config = *config;
	exchanges_init(&g->exchanges, rng);
	g->give_up = now + config->limit;
	g->try_at = NK_NEVER;
	g->step_at = now + STEP_GAP;
	g->asker = -1;
	for (unsigned f = 0; f < 2; f++)
		if (config->have[f])
			ask_broker(g, f, now);
	for (unsigned i = 0; i < GATHER_OWN; i++)
		g->own[i].id = config->first_socket + i;
	g->own[GATHER_OWN].id = config->fresh_socket;
	for (unsigned i = 0; i <= GATHER_OWN; i++)
		if (!(i == GATHER_OWN ? wants_fresh(g) : wants_hint(g)))
			g->own[i].state = CLOSED;
	return g;
}

void gather_free(struct gather *g)
{
	free(g);
}

static bool settled(const struct exchange *e)
{
	return e == NULL || e->state != EXCHANGE_WAITING;
}

static struct exchange *ask(struct gather *g, unsigned socket, const struct addr *to,
			    unsigned tries, nk_time now)
{
	if (g->own[socket].state != OPEN)
		return NULL;
	return exchange_add(&g->exchanges, g->own[socket].id, to, tries, now);
}

static bool steps_settled(const struct gather *g)
{
	for (unsigned i = 0; i < GATHER_STEPS; i++)
		if (!settled(g->step[i]))
			return false;
	return g->steps == GATHER_STEPS;
}

static bool dests_settled(const struct gather *g)
{
	return g->asker >= 0 && settled(g->dest[DEST_PORT]) && settled(g->dest[DEST_IP]) &&
	       settled(g->dest[DEST_BOTH]);
}

static bool ports_move(const struct gather *g)
{
	const enum hint_mapping m = gather_mapping(g);
	int step;

	return (m == HINT_MAPPING_AD || m == HINT_MAPPING_APD) &&
	       gather_ports(g, &step) == HINT_PORTS_SEQUENTIAL;
}

/* A server of one address names no other, but natbroker's other port is the next one. */
static void ask_dests(struct gather *g, unsigned asker, nk_time now)
{
	const struct addr server = g->config.broker[0];
	const bool has_other =
		addr_family(&g->other) == ADDR_V4 && !addr_same_ip(&g->other, &server);
	const uint16_t port = has_other ? g->other.port : (uint16_t)(server.port + 1);
	const struct addr dest[GATHER_DESTS] = {
		[DEST_PORT] = addr_with_port(server, port),
		[DEST_IP] = addr_with_port(g->other, server.port),
		[DEST_BOTH] = g->other,
	};

	g->asker = (int)asker;
	for (unsigned i = 0; i < (has_other ? GATHER_DESTS : 1); i++)
		g->dest[i] = ask(g, GATHER_STEP + asker, &dest[i], TRIES, now);
	g->calibrated = !has_other;
}

/*
 * Only where all destinations share a mapping can an answer from the other address come through
 * it. And where ports go one after the other, packets that tell nothing would move on the port
 * that the peer is to count from: then the class is waited for.
 */
static bool may_calibrate(const struct gather *g)
{
	int step;

	if (g->calibrated || g->try_at != NK_NEVER || g->asker < 0 || !steps_settled(g))
		return false;
	if (gather_ports(g, &step) == HINT_PORTS_SEQUENTIAL)
		return gather_mapping(g) == HINT_MAPPING_EI;
	return true;
}

static void ask_changed(struct gather *g, nk_time now)
{
	for (unsigned k = 0; k <= GATHER_TTLS; k++) {
		struct exchange *e = ask(g, GATHER_TTL + k, &g->config.broker[0], 1, now);

		if (e == NULL)
			continue;
		e->change = STUN_CHANGE_IP | STUN_CHANGE_PORT;
		e->from = g->other;
		g->change[k][g->tries] = e;
	}
	g->tries++;
	g->tried_at = now;
	g->calibrated = g->tries == GATHER_TRIES;
	g->try_at = g->calibrated ? NK_NEVER
				  : now + nk_max(TRY_LEAST, nk_min(g->exchanges.rtt / 8, TRY_MOST));
	g->low_next = 1;
}

/* An indication: a server that it reaches does not answer. And whoever else was named as the other
 * address is farther away than these go. */
static void write_low(struct gather *g, struct action *action, unsigned ttl)
{
	uint8_t tid[STUN_TID];
	struct wr w;

	rng_bytes(g->exchanges.rng, tid, sizeof(tid));
	action->kind = ACTION_SEND;
	action->id = g->own[GATHER_TTL + ttl].id;
	action->local = (struct addr){.port = 0};
	action->to = g->other;
	action->ttl = (uint8_t)ttl;
	w = wr_make(action->data, sizeof(action->data));
	stun_begin(&w, STUN_BINDING, STUN_INDICATION, tid);
	action->len = stun_end(&w);
}

/* A try: to the other address with each low TTL, then the requests. */
static bool calibrate(struct gather *g, struct action *action, nk_time now)
{
	if (now < g->try_at)
		return false;
	while (g->low_next <= GATHER_TTLS) {
		const unsigned ttl = g->low_next++;

		if (g->own[GATHER_TTL + ttl].state == OPEN) {
			write_low(g, action, ttl);
			return true;
		}
	}
	ask_changed(g, now);
	return false;
}

/* Of most TTLs no answer will come: they are waited for as long as one takes. */
static nk_time changes_end(const struct gather *g)
{
	const nk_time rtt = g->exchanges.rtt;

	return g->tries == 0 ? 0 : g->tried_at + rtt + nk_max(rtt / 8, LATEST);
}

static bool is_opening(const struct gather *g, unsigned socket)
{
	return g->own[socket].state == UNOPENED || g->own[socket].state == OPENING;
}

/* The next step, if it is time: what leaves at one moment from several sockets may leave in any
 * order, and what else is asked meanwhile would come between their ports. */
static void ask_step(struct gather *g, nk_time now)
{
	const unsigned i = g->steps;

	if (i == GATHER_STEPS || g->step_at > now || is_opening(g, GATHER_STEP + i))
		return;
	g->step[i] = ask(g, GATHER_STEP + i, &g->config.broker[0], TRIES, now);
	g->steps++;
	g->step_at = now + STEP_GAP;
}

/* The first step that was answered, once all have left; -1: none. */
static int next_asker(const struct gather *g)
{
	for (unsigned i = 0; i < GATHER_STEPS && g->steps == GATHER_STEPS; i++)
		if (gather_answered(g->step[i]))
			return (int)i;
	return -1;
}

/* When ask_more() has something to do by the clock alone. */
static nk_time more_at(const struct gather *g)
{
	if (!wants_hint(g) || g->asker >= 0)
		return NK_NEVER;
	if (g->steps < GATHER_STEPS)
		return is_opening(g, GATHER_STEP + g->steps) ? NK_NEVER : g->step_at;
	return next_asker(g) < 0 ? NK_NEVER : g->step_at;
}

static void ask_more(struct gather *g, nk_time now)
{
	if (!wants_hint(g))
		return;
	ask_step(g, now);
	if (g->asker < 0 && g->step_at <= now && next_asker(g) >= 0)
		ask_dests(g, (unsigned)next_asker(g), now);
	if (may_calibrate(g)) {
		g->try_at = now;
		g->low_next = 1;
	}
	if (!g->asked_last && steps_settled(g) && dests_settled(g) && ports_move(g)) {
		g->asked_last = true;
		g->last = ask(g, GATHER_LAST, &g->config.broker[0], TRIES, now);
		if (g->last != NULL)
			g->last->due = nk_max(now, gather_newest_step(g)->first_sent + RATE_SPAN);
	}
}

static bool hint_settled(const struct gather *g)
{
	if (!wants_hint(g))
		return true;
	if (!steps_settled(g))
		return false;
	if (g->asker < 0)
		return next_asker(g) < 0; /* nobody was answered */
	if (!dests_settled(g) || !settled(g->last))
		return false;
	return ports_move(g) || g->try_at == NK_NEVER;
}

static bool own_event(struct gather *g, const struct event *ev)
{
	for (unsigned i = 0; i <= GATHER_OWN; i++) {
		if (g->own[i].id != ev->id || g->own[i].state == CLOSED)
			continue;
		if (ev->kind == EVENT_OPENED) {
			g->own[i].state = OPEN;
			g->own[i].port = ev->local.port;
		} else if (ev->kind == EVENT_OPEN_FAILED) {
			g->own[i].state = CLOSED;
		}
		return ev->kind != EVENT_DATAGRAM;
	}
	return false;
}

static bool answer(struct gather *g, const struct event *ev, nk_time now)
{
	const struct exchange *e = exchanges_input(&g->exchanges, ev, now);

	if (e == NULL)
		return false;
	for (unsigned f = 0; f < 2; f++)
		if (gather_heard(g, f) == e) {
			stop_asking(g, f);
			if (f == 0 || !g->config.have[0])
				g->hops = gather_judge_hops(ev->ttl);
		}
	if (gather_answered(e) && addr_family(&e->other) == ADDR_V4 &&
	    addr_family(&g->other) == ADDR_NONE)
		g->other = e->other;
	return true;
}

bool gather_input(struct gather *g, const struct event *ev, nk_time now)
{
	if (own_event(g, ev))
		return true;
	if (g->over)
		return false;
	for (unsigned f = 0; f < 2; f++)
		if (ev->kind == EVENT_SEND_FAILED && g->config.have[f] &&
		    ev->id == g->config.socket[f])
			stop_asking(g, f); /* there is no way to it */
	return ev->kind == EVENT_DATAGRAM && answer(g, ev, now);
}

static bool open_next(struct gather *g, struct action *action)
{
	for (unsigned i = 0; i <= GATHER_OWN; i++) {
		if (g->own[i].state != UNOPENED)
			continue;
		g->own[i].state = OPENING;
		*action = (struct action){
			.kind = ACTION_OPEN,
			.id = g->own[i].id,
			.socket = SOCKET_UDP,
			.local = addr_any(ADDR_V4, 0),
		};
		return true;
	}
	return false;
}

/* The fresh socket, where the punch shall have it. */
static bool is_left(const struct gather *g, unsigned i)
{
	return i == GATHER_OWN && g->result.fresh;
}

static bool close_next(struct gather *g, struct action *action)
{
	for (unsigned i = 0; i <= GATHER_OWN; i++) {
		if (g->own[i].state != OPEN || is_left(g, i))
			continue;
		g->own[i].state = CLOSED;
		action->kind = ACTION_CLOSE;
		action->id = g->own[i].id;
		return true;
	}
	return false;
}

/* Once one family's broker is heard, the other's is waited for no longer than it should take. */
static nk_time patience(const struct gather *g, unsigned f)
{
	bool waits = false;

	for (unsigned i = 0; i < GATHER_BROKER; i++)
		waits |= !settled(g->broker[f][i]);
	if (!waits)
		return 0;
	return gather_heard(g, !f) != NULL
		       ? g->broker[f][0]->first_sent + 2 * exchanges_wait(&g->exchanges)
		       : NK_NEVER;
}

static nk_time hearing_ends(const struct gather *g)
{
	return nk_max(changes_end(g), nk_max(patience(g, 0), patience(g, 1)));
}

bool gather_output(struct gather *g, struct action *action, nk_time now)
{
	if (!g->over) {
		if (open_next(g, action))
			return true;
		ask_more(g, now);
		if (calibrate(g, action, now) || exchanges_output(&g->exchanges, action, now))
			return true;
		if (now >= g->give_up || (hint_settled(g) && now >= hearing_ends(g))) {
			gather_conclude(g);
			g->over = true;
		}
	}
	return g->over && close_next(g, action);
}

nk_time gather_deadline(const struct gather *g)
{
	nk_time at = nk_min(more_at(g), nk_min(g->give_up, g->try_at));

	if (g->over)
		return NK_NEVER;
	if (hint_settled(g))
		at = nk_min(at, hearing_ends(g));
	return nk_min(at, exchanges_deadline(&g->exchanges));
}

int gather_status(const struct gather *g)
{
	for (unsigned i = 0; i <= GATHER_OWN; i++)
		if (g->own[i].state == OPENING || (g->own[i].state == OPEN && !is_left(g, i)))
			return CORE_BUSY;
	return g->over ? CORE_DONE : CORE_BUSY;
}

const struct gather_result *gather_result(const struct gather *g)
{
	return &g->result;
}
