#include "core/punch/gather.h"

#include <stdlib.h>
#include <string.h>

#include "core/probe/exchange.h"
#include "core/punch/gather_judge.h"
#include "wire/stun.h"

#define STEPS     5 /* fresh sockets whose first mappings show how ports go */
#define STEP_GAP  (1 * NK_MS)
#define TRIES     4
#define TRY_GAP   (20 * NK_MS)  /* between tries of the calibration */
#define RATE_SPAN (200 * NK_MS) /* at least, to count foreign mappings in */
#define RATE_IDLE (50 * NK_MS)  /* as if so long none had been seen before: few are no rate */

/* Its own sockets, counted from the first. */
enum {
	SOCKET_STEP,
	SOCKET_LAST = SOCKET_STEP + STEPS,
	SOCKET_TTL, /* [0]: without a packet of low TTL */
	SOCKET_COUNT = SOCKET_TTL + GATHER_TTLS + 1,
};
static_assert(SOCKET_COUNT <= GATHER_SOCKETS, "its ids are given by the owner");

/* The server's other addresses (RFC 5780 section 4.3). */
enum { DEST_PORT, DEST_IP, DEST_BOTH, DESTS };

enum socket_state { UNOPENED, OPENING, OPEN, CLOSED };

struct own_socket {
	enum socket_state state;
	uint32_t id;
	uint16_t port;
};

/**
 * struct gather - One run
 * @own:	SOCKET_COUNT, and the fresh one at the end
 * @broker:	The exchanges of the candidates, by family
 * @asker:	The step's socket that asked the other addresses, -1: none yet
 * @step, @dest, @last, @change: The other exchanges; NULL: not asked
 * @other:	The server's other address, once it has named it
 * @hops:	To the broker
 * @try_at:	Next try of the calibration, NK_NEVER: none; @tries: done
 * @low_next:	TTL of the next low packet of this try; above GATHER_TTLS: all sent
 */
struct gather {
	struct gather_config config;
	struct exchanges exchanges;
	struct own_socket own[SOCKET_COUNT + 1];
	struct exchange *broker[2], *step[STEPS], *dest[DESTS], *last;
	struct exchange *change[GATHER_TTLS + 1][GATHER_TRIES];
	struct addr other;
	uint8_t hops;
	nk_time give_up, try_at;
	unsigned tries, low_next;
	int asker;
	bool asked_last, calibrated, over;
	struct gather_result result;
};

static bool wants_hint(const struct gather *g)
{
	return !g->config.quick && g->config.have[0];
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
	g->asker = -1;
	for (unsigned f = 0; f < 2; f++)
		if (config->have[f])
			g->broker[f] = exchange_add(&g->exchanges, config->socket[f],
						    &config->broker[f], 2 * TRIES, now);
	for (unsigned i = 0; i < SOCKET_COUNT; i++)
		g->own[i].id = config->first_socket + i;
	g->own[SOCKET_COUNT].id = config->fresh_socket;
	for (unsigned i = 0; i <= SOCKET_COUNT; i++)
		if (!wants_hint(g) || (i == SOCKET_COUNT && !config->want_fresh))
			g->own[i].state = CLOSED;
	return g;
}

void gather_free(struct gather *g)
{
	free(g);
}

static bool answered(const struct exchange *e)
{
	return e != NULL && e->state == EXCHANGE_ANSWERED && e->error == 0;
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

/* ---- what is known so far ---- */

/* What is asked meanwhile would come between their ports. */
static bool steps_sent(const struct gather *g)
{
	for (unsigned i = 0; i < STEPS; i++) {
		const enum socket_state state = g->own[SOCKET_STEP + i].state;

		if (state == UNOPENED || state == OPENING ||
		    (g->step[i] != NULL && g->step[i]->repeats == 0))
			return false;
	}
	return true;
}

static bool steps_settled(const struct gather *g)
{
	for (unsigned i = 0; i < STEPS; i++)
		if (!settled(g->step[i]))
			return false;
	return steps_sent(g);
}

static enum hint_ports ports_so_far(const struct gather *g, int *step)
{
	struct gather_port ports[STEPS];
	unsigned count = 0;

	for (unsigned i = 0; i < STEPS; i++)
		if (answered(g->step[i]))
			ports[count++] = (struct gather_port){
				.local = g->own[SOCKET_STEP + i].port,
				.mapped = g->step[i]->xor_mapped.port,
			};
	return gather_judge_ports(ports, count, step);
}

/* The newest of the step's mappings; NULL if none was seen. */
static const struct exchange *newest_step(const struct gather *g)
{
	for (unsigned i = STEPS; i-- > 0;)
		if (answered(g->step[i]))
			return g->step[i];
	return NULL;
}

static struct addr seen_at(const struct exchange *e)
{
	return answered(e) ? e->xor_mapped : (struct addr){.port = 0};
}

static enum hint_mapping mapping_so_far(const struct gather *g)
{
	const struct addr port = seen_at(g->dest[DEST_PORT]), ip = seen_at(g->dest[DEST_IP]);
	const struct addr both = seen_at(g->dest[DEST_BOTH]);
	const struct addr primary = seen_at(g->asker < 0 ? NULL : g->step[g->asker]);

	return gather_judge_mapping(&primary, &port, &ip, &both);
}

static bool dests_settled(const struct gather *g)
{
	return g->asker >= 0 && settled(g->dest[DEST_PORT]) && settled(g->dest[DEST_IP]) &&
	       settled(g->dest[DEST_BOTH]);
}

static bool ports_move(const struct gather *g)
{
	const enum hint_mapping m = mapping_so_far(g);
	int step;

	return (m == HINT_MAPPING_AD || m == HINT_MAPPING_APD) &&
	       ports_so_far(g, &step) == HINT_PORTS_SEQUENTIAL;
}

/* ---- what to ask next ---- */

/* A server of one address names no other, but natbroker's other port is the next one. */
static void ask_dests(struct gather *g, unsigned asker, nk_time now)
{
	const struct addr server = g->config.broker[0];
	const bool has_other =
		addr_family(&g->other) == ADDR_V4 && !addr_same_ip(&g->other, &server);
	const uint16_t port = has_other ? g->other.port : (uint16_t)(server.port + 1);
	const struct addr dest[DESTS] = {
		[DEST_PORT] = addr_with_port(server, port),
		[DEST_IP] = addr_with_port(g->other, server.port),
		[DEST_BOTH] = g->other,
	};

	g->asker = (int)asker;
	for (unsigned i = 0; i < (has_other ? DESTS : 1); i++)
		g->dest[i] = ask(g, SOCKET_STEP + asker, &dest[i], TRIES, now);
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
	if (ports_so_far(g, &step) == HINT_PORTS_SEQUENTIAL)
		return mapping_so_far(g) == HINT_MAPPING_EI;
	return true;
}

static void ask_changed(struct gather *g, nk_time now)
{
	for (unsigned k = 0; k <= GATHER_TTLS; k++) {
		struct exchange *e = ask(g, SOCKET_TTL + k, &g->config.broker[0], 1, now);

		if (e == NULL)
			continue;
		e->change = STUN_CHANGE_IP | STUN_CHANGE_PORT;
		e->from = g->other;
		g->change[k][g->tries] = e;
	}
	g->tries++;
	g->calibrated = g->tries == GATHER_TRIES;
	g->try_at = g->calibrated ? NK_NEVER : now + TRY_GAP;
	g->low_next = 1;
}

/* An indication: a server that it reaches does not answer. */
static void write_low(struct gather *g, struct action *action, unsigned ttl)
{
	uint8_t tid[STUN_TID];
	struct wr w;

	rng_bytes(g->exchanges.rng, tid, sizeof(tid));
	action->kind = ACTION_SEND;
	action->id = g->own[SOCKET_TTL + ttl].id;
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

		if (g->own[SOCKET_TTL + ttl].state == OPEN) {
			write_low(g, action, ttl);
			return true;
		}
	}
	ask_changed(g, now);
	return false;
}

static bool changes_settled(const struct gather *g)
{
	for (unsigned k = 0; k <= GATHER_TTLS; k++)
		for (unsigned i = 0; i < GATHER_TRIES; i++)
			if (!settled(g->change[k][i]))
				return false;
	return true;
}

static void ask_more(struct gather *g, nk_time now)
{
	for (unsigned i = 0; i < STEPS && g->asker < 0 && steps_sent(g); i++)
		if (answered(g->step[i]))
			ask_dests(g, i, now);
	if (may_calibrate(g)) {
		g->try_at = now;
		g->low_next = 1;
	}
	if (!g->asked_last && steps_settled(g) && dests_settled(g) && ports_move(g)) {
		g->asked_last = true;
		g->last = ask(g, SOCKET_LAST, &g->config.broker[0], TRIES, now);
		if (g->last != NULL)
			g->last->due = nk_max(now, newest_step(g)->first_sent + RATE_SPAN);
	}
}

static bool hint_settled(const struct gather *g)
{
	if (!wants_hint(g))
		return true;
	if (!steps_settled(g))
		return false;
	if (g->asker < 0)
		return true; /* nobody was answered */
	if (!dests_settled(g) || !settled(g->last))
		return false;
	return ports_move(g) || (g->try_at == NK_NEVER && changes_settled(g));
}

/* ---- the end ---- */

static void add_candidate(struct candidates *c, enum candidate_kind kind, const struct addr *a)
{
	unsigned public_ips = !addr_is_private(a);

	for (unsigned i = 0; i < c->count; i++) {
		const struct addr *b = &c->list[i].addr;

		if (addr_eq(a, b)) { /* RFC 8445 section 5.1.3: of two alike the better one stays */
			c->list[i].kind = kind;
			return;
		}
		public_ips += !addr_is_private(b) && !addr_same_ip(a, b);
	}
	if (c->count < CANDIDATES_MAX && public_ips <= CANDIDATES_PUBLIC_IPS_MAX)
		c->list[c->count++] = (struct candidate){kind, *a};
}

/* What the peer needs most takes its place first: how the broker sees us. */
static void list_candidates(struct gather *g)
{
	const struct gather_config *c = &g->config;
	struct candidates *out = &g->result.candidates, all = {.count = 0};

	for (unsigned f = 0; f < 2; f++)
		if (answered(g->broker[f]))
			add_candidate(&all, CANDIDATE_SERVER_REFLEXIVE, &g->broker[f]->xor_mapped);
	if (g->result.fresh) {
		const struct addr fresh =
			addr_with_port(g->broker[0]->xor_mapped, g->own[SOCKET_COUNT].port);

		add_candidate(&all, CANDIDATE_SERVER_REFLEXIVE, &fresh);
	}
	for (unsigned i = 0; i < c->host_count; i++) {
		const unsigned f = addr_family(&c->hosts[i]) == ADDR_V6;
		const struct addr host = addr_with_port(c->hosts[i], c->local[f].port);

		if (c->have[f])
			add_candidate(&all, CANDIDATE_HOST, &host);
	}
	for (unsigned kind = CANDIDATE_HOST; kind <= CANDIDATE_SERVER_REFLEXIVE; kind++)
		for (unsigned i = 0; i < all.count; i++)
			if (all.list[i].kind == kind)
				out->list[out->count++] = all.list[i];
}

/* Between the step's last mapping and the last of all, what was not ours? */
static uint16_t foreign_per_minute(const struct gather *g, const struct exchange *from)
{
	const int moved = g->last->xor_mapped.port - from->xor_mapped.port;
	const int ours = g->result.hint.mapping == HINT_MAPPING_APD ? DESTS + 1 : 2;
	const int foreign = moved / g->result.hint.step - ours;
	const nk_time span = g->last->first_sent - from->first_sent + RATE_IDLE;

	if (foreign <= 0)
		return 0;
	return (uint16_t)nk_min(foreign * 60 * NK_S / span, UINT16_MAX);
}

static void judge_ports(struct gather *g)
{
	struct nat_hint *h = &g->result.hint;
	const struct exchange *newest = newest_step(g);
	int step = 0;

	h->ports = ports_so_far(g, &step);
	h->step = (int16_t)step;
	if (newest == NULL)
		return;
	h->last_port = newest->xor_mapped.port;
	if (!answered(g->last))
		return;
	h->last_port = g->last->xor_mapped.port;
	h->per_minute = foreign_per_minute(g, newest);
}

static void judge_ttl(struct gather *g)
{
	unsigned came[GATHER_TTLS + 1] = {0};

	for (unsigned k = 0; k <= GATHER_TTLS; k++)
		for (unsigned i = 0; i < GATHER_TRIES; i++)
			came[k] += answered(g->change[k][i]);
	g->result.hint.opener_ttl = gather_judge_ttl(came);
}

static void finish(struct gather *g)
{
	struct nat_hint *h = &g->result.hint;

	g->over = true;
	g->result.server_heard = answered(g->broker[0]) || answered(g->broker[1]);
	g->result.rtt = g->exchanges.rtt;
	h->mapping = mapping_so_far(g);
	h->broker_hops = g->hops;
	judge_ports(g);
	judge_ttl(g);
	g->result.fresh = h->ports == HINT_PORTS_KEPT && answered(g->broker[0]) &&
			  (h->mapping == HINT_MAPPING_AD || h->mapping == HINT_MAPPING_APD) &&
			  g->own[SOCKET_COUNT].state == OPEN;
	list_candidates(g);
}

/* ---- as a core ---- */

static void opened(struct gather *g, unsigned i, const struct event *ev, nk_time now)
{
	g->own[i].state = OPEN;
	g->own[i].port = ev->local.port;
	if (i >= SOCKET_LAST)
		return;
	g->step[i] = ask(g, i, &g->config.broker[0], TRIES, now);
	g->step[i]->due = now + i * STEP_GAP;
}

static bool own_event(struct gather *g, const struct event *ev, nk_time now)
{
	for (unsigned i = 0; i <= SOCKET_COUNT; i++) {
		if (g->own[i].id != ev->id || g->own[i].state == CLOSED)
			continue;
		if (ev->kind == EVENT_OPENED)
			opened(g, i, ev, now);
		else if (ev->kind == EVENT_OPEN_FAILED)
			g->own[i].state = CLOSED;
		return ev->kind != EVENT_DATAGRAM;
	}
	return false;
}

static bool answer(struct gather *g, const struct event *ev, nk_time now)
{
	const struct exchange *e = exchanges_input(&g->exchanges, ev, now);

	if (e == NULL)
		return false;
	if (e == g->broker[0] || (e == g->broker[1] && !g->config.have[0]))
		g->hops = gather_judge_hops(ev->ttl);
	if (answered(e) && addr_family(&e->other) == ADDR_V4 && addr_family(&g->other) == ADDR_NONE)
		g->other = e->other;
	return true;
}

bool gather_input(struct gather *g, const struct event *ev, nk_time now)
{
	if (g->over)
		return false;
	if (own_event(g, ev, now))
		return true;
	for (unsigned f = 0; f < 2; f++)
		if (ev->kind == EVENT_SEND_FAILED && g->config.have[f] &&
		    ev->id == g->config.socket[f] && !settled(g->broker[f]))
			g->broker[f]->state = EXCHANGE_FAILED; /* there is no way to it */
	return ev->kind == EVENT_DATAGRAM && answer(g, ev, now);
}

static bool open_next(struct gather *g, struct action *action)
{
	for (unsigned i = 0; i <= SOCKET_COUNT; i++) {
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

static bool close_next(struct gather *g, struct action *action)
{
	for (unsigned i = 0; i <= SOCKET_COUNT; i++) {
		if (g->own[i].state != OPEN || (i == SOCKET_COUNT && g->result.fresh))
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
	const struct exchange *e = g->broker[f];

	if (settled(e))
		return 0;
	return answered(g->broker[!f]) ? e->first_sent + 2 * exchanges_wait(&g->exchanges)
				       : NK_NEVER;
}

static nk_time hearing_ends(const struct gather *g)
{
	return nk_max(patience(g, 0), patience(g, 1));
}

bool gather_output(struct gather *g, struct action *action, nk_time now)
{
	if (!g->over) {
		if (open_next(g, action))
			return true;
		ask_more(g, now);
		if (calibrate(g, action, now) || exchanges_output(&g->exchanges, action, now))
			return true;
		if (now >= g->give_up || (hint_settled(g) && now >= hearing_ends(g)))
			finish(g);
	}
	return g->over && close_next(g, action);
}

nk_time gather_deadline(const struct gather *g)
{
	nk_time at = nk_min(g->give_up, g->try_at);

	if (g->over)
		return NK_NEVER;
	if (hint_settled(g))
		at = nk_min(at, hearing_ends(g));
	return nk_min(at, exchanges_deadline(&g->exchanges));
}

int gather_status(const struct gather *g)
{
	return g->over ? CORE_DONE : CORE_BUSY;
}

const struct gather_result *gather_result(const struct gather *g)
{
	return &g->result;
}
