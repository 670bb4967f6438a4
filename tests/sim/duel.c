#include "duel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/stun.h"

#define PORT  40000
#define FIRST 2 /* id of the first socket */

static void need(bool there)
{
	if (there)
		return;
	fprintf(stderr, "duel: no memory, or no room in the world\n");
	abort();
}

/* The core: opens two sockets, asks the server, then punches. */

static void on_mapped(struct duelist *s, const struct event *ev)
{
	struct stun_msg m;

	if (stun_read(&m, ev->data, ev->len) == 0 && m.cls == STUN_SUCCESS)
		s->mapped[ev->id - FIRST] = m.xor_mapped;
}

static void side_input(void *core, const struct event *ev, nk_time now)
{
	struct duelist *s = core;

	if (s->punch != NULL)
		punch_input(s->punch, ev, now);
	else if (ev->kind == EVENT_OPENED)
		s->local[ev->id - FIRST].port = ev->local.port;
	else if (ev->kind == EVENT_DATAGRAM)
		on_mapped(s, ev);
}

static bool open_or_ask(struct duelist *s, struct action *action)
{
	const unsigned family = s->opened < 2 ? s->opened++ : s->asked++;
	struct wr w = wr_make(action->data, sizeof(action->data));
	uint8_t tid[STUN_TID];

	if (family > 1 || addr_family(&s->local[family]) == ADDR_NONE)
		return family <= 1 && open_or_ask(s, action);
	action->id = FIRST + family;
	action->local = action->peer = (struct addr){.port = 0};
	if (s->asked == 0) {
		action->kind = ACTION_OPEN;
		action->socket = SOCKET_UDP;
		action->local = s->local[family];
		return true;
	}
	rng_bytes(&s->rng, tid, sizeof(tid));
	stun_begin(&w, STUN_BINDING, STUN_REQUEST, tid);
	action->kind = ACTION_SEND;
	action->to = s->server[family];
	action->ttl = 0;
	action->len = stun_end(&w);
	return true;
}

static void count_sent(struct duelist *s, const struct addr *to)
{
	unsigned i = 0;

	while (i < s->addr_count && !addr_eq(&s->sent_to[i].addr, to))
		i++;
	if (i == s->addr_count && i < DUEL_ADDRS)
		s->sent_to[s->addr_count++].addr = *to;
	if (i < DUEL_ADDRS)
		s->sent_to[i].packets++;
}

static bool side_output(void *core, struct action *action, nk_time now)
{
	struct duelist *s = core;

	if (s->punch == NULL)
		return open_or_ask(s, action);
	if (!punch_output(s->punch, action, now))
		return false;
	if (action->kind == ACTION_SEND)
		count_sent(s, &action->to);
	else
		s->spares += action->kind == ACTION_OPEN ? 1u : -1u;
	if (s->spares > s->spares_most)
		s->spares_most = s->spares;
	return true;
}

static nk_time side_deadline(const void *core)
{
	const struct duelist *s = core;

	return s->punch == NULL ? NK_NEVER : punch_deadline(s->punch);
}

static bool is_busy(const struct duelist *s)
{
	if (s->punch == NULL || punch_status(s->punch) == CORE_BUSY)
		return true;
	return s->config.ice && !punch_result(s->punch)->nominated;
}

/* Who is connected still answers, as long as the other may ask. */
static int side_status(const void *core)
{
	const struct duelist *s = core;

	return is_busy(s) || is_busy(s->other) ? CORE_BUSY : punch_status(s->punch);
}

static const struct core_ops side_ops = {
	.input = side_input,
	.output = side_output,
	.deadline = side_deadline,
	.status = side_status,
};

/* Plans */

struct nat_spec duel_linux(uint8_t last_byte)
{
	return (struct nat_spec){
		.translate = true,
		.mapping = NAT_EI,
		.filtering = NAT_APD,
		.ports = NAT_PORTS_PRESERVE,
		.port_overload = true,
		.t_first = 30 * NK_S,
		.t_replied = 30 * NK_S,
		.t_stream = 120 * NK_S,
		.stream_after = 2 * NK_S,
		.refresh_out = true,
		.refresh_in = true,
		.flow_timers = true,
		.external = {addr_v4(203, 0, 113, last_byte, 0)},
		.external_count = 1,
	};
}

struct duel_plan duel_plan(uint64_t seed, nk_time delay)
{
	struct duel_plan plan = {
		.seed = seed,
		.tactics = TACTICS_ALL,
		.first_pause = nk_max(50 * NK_MS, 4 * delay),
		.timeout = 30 * NK_S,
	};

	for (unsigned i = 0; i < 2; i++) {
		plan.sides[i].nats[0] = duel_linux((uint8_t)(i + 1));
		plan.sides[i].nat_count = 1;
		plan.sides[i].link.delay = delay;
	}
	return plan;
}

/* Building */

static void add_server(struct duel *d)
{
	const struct addr addrs[] = {addr_v4(192, 0, 2, 1, 3478),
				     {.ip = {0x20, 1, 0xd, 0xb8, [15] = 1}, .port = 3478}};

	for (unsigned i = 0; i < 2; i++) {
		const int host = world_add_host(d->world, &addrs[i], 1, -1);

		need(host >= 0);
		plain_server_start(&d->servers[i], &addrs[i], NULL, 0, 1);
		world_attach(d->world, host, &plain_server_ops, &d->servers[i]);
		d->sides[0].server[i] = d->sides[1].server[i] = addrs[i];
	}
}

static void add_side(struct duel *d, const struct duel_plan *plan, unsigned i)
{
	const struct duel_side *side = &plan->sides[i];
	struct duelist *s = &d->sides[i];
	const struct addr hosts[] = {addr_v4(10, 0, 0, (uint8_t)(i + 2), 0),
				     {.ip = {0x20, 1, 0xd, 0xb8, (uint8_t)(i + 1), [15] = 2}}};
	int behind = -1;

	for (unsigned k = 0; k < side->nat_count; k++) {
		const bool shared = i == 1 && k < plan->shared;

		d->nats[i][k] =
			shared ? d->nats[0][k] : world_add_nat(d->world, &side->nats[k], behind);
		behind = d->nats[i][k];
		need(behind >= 0);
	}
	d->hosts[i] = world_add_host(d->world, hosts, side->v6 ? 2 : 1, behind);
	need(d->hosts[i] >= 0);
	if (side->nat_count > 0)
		world_set_nat_link(d->world, d->nats[i][0], &side->link, &side->link);
	else
		world_set_link(d->world, d->hosts[i], &side->link, &side->link);
	s->other = &d->sides[!i];
	rng_seed_from_number(&s->rng, plan->seed * 2 + i);
	s->local[0] = addr_with_port(hosts[0], (uint16_t)(PORT + i));
	if (side->v6)
		s->local[1] = addr_with_port(hosts[1], (uint16_t)(PORT + i));
	world_attach(d->world, d->hosts[i], &side_ops, s);
}

static void add_candidate(struct candidates *c, enum candidate_kind kind, const struct addr *a)
{
	if (addr_family(a) != ADDR_NONE && c->count < CANDIDATES_MAX)
		c->list[c->count++] = (struct candidate){kind, *a};
}

static struct candidates candidates_of(const struct duelist *s)
{
	struct candidates c = {.count = 0};

	for (unsigned f = 0; f < 2; f++) {
		add_candidate(&c, CANDIDATE_HOST, &s->local[f]);
		if (!addr_eq(&s->mapped[f], &s->local[f]))
			add_candidate(&c, CANDIDATE_SERVER_REFLEXIVE, &s->mapped[f]);
	}
	return c;
}

static struct ice_secret secret_of(uint64_t seed, unsigned side)
{
	struct ice_secret s;

	snprintf(s.ufrag, sizeof(s.ufrag), "%04x%04u", (unsigned)(seed & 0xffff), side);
	snprintf(s.password, sizeof(s.password), "password%016x", (unsigned)(seed * 2 + side));
	return s;
}

/* The last port of a NAT that gives them in turn is the one that the server saw. */
static struct nat_hint hint_of(const struct duel *d, const struct duel_plan *plan, unsigned i)
{
	struct nat_hint hint = plan->sides[i].hint;

	if (hint.ports == HINT_PORTS_SEQUENTIAL && hint.last_port == 0)
		hint.last_port = d->sides[i].mapped[0].port;
	return hint;
}

static void start_punch(struct duel *d, const struct duel_plan *plan, unsigned i)
{
	const struct duel_side *side = &plan->sides[i];
	struct duelist *s = &d->sides[i];

	s->config = (struct punch_config){
		.ours = secret_of(plan->seed, i),
		.theirs = secret_of(plan->seed, !i),
		.controlling = i == 0 || plan->both_control,
		.local = candidates_of(s),
		.remote = candidates_of(&d->sides[!i]),
		.local_hint = hint_of(d, plan, i),
		.remote_hint = hint_of(d, plan, !i),
		.first_socket = FIRST,
		.have_v4 = true,
		.have_v6 = side->v6,
		.fire = d->began + side->fire,
		.opener_ttl = side->opener_ttl,
		.first_pause = plan->first_pause,
		.pause_factor = 1.5,
		.jitter = 0.1,
		.pause_max = 20 * NK_S,
		.give_up = d->began + plan->timeout,
		.tactics = plan->tactics,
		.hard = plan->hard,
		.hard_ip = addr_with_port(d->sides[!i].mapped[0], 0),
		.one_ip = addr_same_ip(&d->sides[0].mapped[0], &d->sides[1].mapped[0]),
		.ice = plan->ice,
	};
	for (unsigned k = 0; i == 0 && k < plan->remote.count; k++)
		add_candidate(&s->config.remote, plan->remote.list[k].kind,
			      &plan->remote.list[k].addr);
	s->punch = punch_new(&s->config, &s->rng, d->began);
	need(s->punch != NULL);
	world_tell(d->world, d->hosts[i], &(struct event){.kind = EVENT_RESUMED});
}

void duel_set(struct duel *d, const struct duel_plan *plan)
{
	memset(d, 0, sizeof(*d));
	d->world = world_new(plan->seed);
	need(d->world != NULL);
	add_server(d);
	add_side(d, plan, 0);
	add_side(d, plan, 1);
	world_run(d->world, NULL, 5 * NK_S);
	need(addr_family(&d->sides[0].mapped[0]) == ADDR_V4);
	need(addr_family(&d->sides[1].mapped[0]) == ADDR_V4);
	d->began = world_now(d->world);
	start_punch(d, plan, 0);
	start_punch(d, plan, 1);
}

bool duel_run(struct duel *d)
{
	const nk_time limit = d->began + 120 * NK_S;

	world_run(d->world, &d->sides[0], limit);
	return punch_status(d->sides[0].punch) == CORE_DONE &&
	       punch_status(d->sides[1].punch) == CORE_DONE;
}

double duel_round_trips(const struct duel *d, nk_time rtt)
{
	const struct punch_result *a = punch_result(d->sides[0].punch);
	const struct punch_result *b = punch_result(d->sides[1].punch);
	const nk_time fire = nk_max(d->sides[0].config.fire, d->sides[1].config.fire);

	return (double)(nk_max(a->established, b->established) - fire) / (double)rtt;
}

unsigned duel_sent_to(const struct duelist *s, const struct addr *to)
{
	for (unsigned i = 0; i < s->addr_count; i++)
		if (addr_eq(&s->sent_to[i].addr, to))
			return s->sent_to[i].packets;
	return 0;
}

void duel_strike(struct duel *d)
{
	punch_free(d->sides[0].punch);
	punch_free(d->sides[1].punch);
	world_free(d->world);
}
