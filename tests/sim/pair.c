#include "pair.h"

#include <stdlib.h>
#include <string.h>

#include "stage.h"

#define PORT     3478
#define SLICE    (5 * NK_MS)
#define SETTLING (1 * NK_S)

static void need(bool there)
{
	if (there)
		return;
	fprintf(stderr, "pair: no memory, or no room in the world\n");
	abort();
}

struct punch_options pair_options(enum punch_mode mode)
{
	struct punch_options o = {
		.mode = mode,
		.payload = mode == PUNCH_SEND ? PUNCH_WHOLE : PUNCH_LINES,
		.call = call_default_options(),
		.calls_max = 8,
	};

	o.call.unix_us = 1800000000ull * 1000000;
	return o;
}

struct pair_end_plan pair_end_plan(enum punch_mode mode, uint8_t number, nk_time delay)
{
	struct pair_end_plan e = {
		.nats = {stage_linux(30, 120)},
		.nat_count = 1,
		.hosts = {addr_v4(10, 0, number, 2, 0)},
		.host_count = 1,
		.up = {.delay = delay},
		.down = {.delay = delay},
		.options = pair_options(mode),
	};

	/* Not of one /24: those are taken for neighbours. */
	e.nats[0].external[0] = addr_v4(203, 0, (uint8_t)(112 + number), number, 0);
	return e;
}

struct pair_plan pair_plan(uint64_t seed, nk_time delay)
{
	return (struct pair_plan){
		.seed = seed,
		.ends = {pair_end_plan(PUNCH_CALL, 1, delay),
			 pair_end_plan(PUNCH_LISTEN, 2, delay)},
		.broker = broker_default_config(),
		.call_at = SETTLING,
	};
}

/* The streams */

static void tell(struct pair_end *e, enum event_kind kind, const char *bytes, size_t len,
		 uint32_t id, nk_time now)
{
	const struct event ev = {
		.kind = kind,
		.id = id,
		.data = (const uint8_t *)bytes,
		.len = len,
	};

	natpunch_input(e->run, &ev, now);
}

static void give(struct pair_end *e, uint32_t id, nk_time now)
{
	const char *text = e->say;
	const size_t len = text != NULL ? strlen(text) : 0;
	const size_t now_len = len < CORE_DATAGRAM_MAX ? len : CORE_DATAGRAM_MAX;

	if (len == 0 && !e->then_end)
		return;
	e->reading = false;
	e->say = text + now_len;
	tell(e, len > 0 ? EVENT_STREAM_DATA : EVENT_STREAM_END, text, now_len, id, now);
}

static void serve_stream(struct pair_end *e, const struct action *a, nk_time now)
{
	switch (a->kind) {
	case ACTION_OPEN:
		tell(e, EVENT_OPENED, NULL, 0, a->id, now);
		break;
	case ACTION_READ:
		e->reading = true;
		give(e, a->id, now);
		break;
	case ACTION_SEND:
		need(a->len <= PAIR_HEARD - e->heard_len);
		memcpy(e->heard + e->heard_len, a->data, a->len);
		e->heard_len += a->len;
		tell(e, EVENT_STREAM_ROOM, NULL, 0, a->id, now);
		break;
	case ACTION_END:
	case ACTION_CLOSE:
		e->ended = true;
		break;
	}
}

/* A run as a core of the world, whose hosts have no streams */

static void note_events(struct pair_end *e)
{
	struct natpunch_event ev;

	while (natpunch_next_event(e->run, &ev))
		if (e->event_count < PAIR_EVENTS)
			e->events[e->event_count++] = ev;
}

static void end_input(void *core, const struct event *ev, nk_time now)
{
	struct pair_end *e = core;

	natpunch_input(e->run, ev, now);
	note_events(e);
}

static bool end_output(void *core, struct action *action, nk_time now)
{
	struct pair_end *e = core;

	while (natpunch_output(e->run, action, now)) {
		if (action->id < NATPUNCH_STREAMS) {
			serve_stream(e, action, now);
			continue;
		}
		if (action->kind != ACTION_SEND)
			return true;
		if (e->watch != NULL && !e->watch(e->user, action))
			continue;
		e->packets++;
		return true;
	}
	note_events(e);
	return false;
}

static nk_time end_deadline(const void *core)
{
	return natpunch_deadline(((const struct pair_end *)core)->run);
}

static int end_status(const void *core)
{
	return natpunch_status(((const struct pair_end *)core)->run);
}

static const struct core_ops end_ops = {
	.input = end_input,
	.output = end_output,
	.deadline = end_deadline,
	.status = end_status,
};

/* The broker, and who meddles with it */

static void meddled_input(void *core, const struct event *ev, nk_time now)
{
	struct pair *p = core;

	broker_input(p->broker, ev, now);
}

static bool meddled_output(void *core, struct action *action, nk_time now)
{
	struct pair *p = core;
	const struct pair_meddler *m = &p->meddler;

	if (m->adds != NULL && m->adds(m->user, action))
		return true;
	while (broker_output(p->broker, action, now))
		if (m->passes == NULL || action->kind != ACTION_SEND || m->passes(m->user, action))
			return true;
	return false;
}

static nk_time meddled_deadline(const void *core)
{
	return broker_deadline(((const struct pair *)core)->broker);
}

static int meddled_status(const void *core)
{
	return broker_status(((const struct pair *)core)->broker);
}

static const struct core_ops meddled_ops = {
	.input = meddled_input,
	.output = meddled_output,
	.deadline = meddled_deadline,
	.status = meddled_status,
};

/* The stage */

static void seed_of(uint8_t out[static 32], uint64_t seed, uint8_t which)
{
	memset(out, which, 32);
	memcpy(out, &seed, sizeof(seed));
}

void pair_start_broker(struct pair *p)
{
	uint8_t seed[32];

	seed_of(seed, p->seed, 1);
	p->broker = broker_new(&p->config, seed);
	need(p->broker != NULL);
	broker_start(p->broker, world_now(p->world));
	world_attach(p->world, p->broker_host, &meddled_ops, p);
}

void pair_kill_broker(struct pair *p)
{
	world_attach(p->world, p->broker_host, NULL, NULL);
	broker_free(p->broker);
	p->broker = NULL;
	p->seed++; /* the next has other secrets */
}

static void set_broker(struct pair *p, const struct pair_plan *plan)
{
	const struct addr addrs[] = {addr_v4(192, 0, 2, 1, 0), addr_v4(198, 51, 100, 1, 0)};
	const unsigned count = plan->one_address ? 1 : 2;

	p->broker_host = world_add_host(p->world, addrs, count, -1);
	need(p->broker_host >= 0);
	p->config = plan->broker;
	p->meddler = plan->meddler;
	p->config.listen_count = count;
	memcpy(p->config.listen, addrs, sizeof(addrs));
	p->config.sessions_max = 16;
	p->config.trials_max = 16;
	p->config.registrations_max = 16;
	pair_start_broker(p);
}

static void set_place(struct pair *p, const struct pair_plan *plan, enum pair_who who)
{
	const struct pair_end_plan *plan_end = &plan->ends[who];
	struct pair_end *e = &p->ends[who];
	const unsigned shared = who == PAIR_LISTENS ? plan->shared : 0;
	int behind;

	e->router = shared > 0 ? p->ends[0].router : world_add_router(p->world, -1);
	behind = e->router;
	for (unsigned i = 0; i < plan_end->nat_count; i++) {
		e->nats[i] = i < shared ? p->ends[0].nats[i]
					: world_add_nat(p->world, &plan_end->nats[i], behind);
		behind = e->nats[i];
		need(behind >= 0);
	}
	e->host = world_add_host(p->world, plan_end->hosts, plan_end->host_count, behind);
	need(e->host >= 0);
	if (plan_end->nat_count == 0 || shared > 0)
		world_set_link(p->world, e->host, &plan_end->up, &plan_end->down);
	else
		world_set_nat_link(p->world, e->nats[0], &plan_end->up, &plan_end->down);
}

/* At the first address of its host's /24. */
static void set_gateway(struct pair *p, const struct pair_plan *plan, enum pair_who who)
{
	const struct pair_end_plan *plan_end = &plan->ends[who];
	struct pair_end *e = &p->ends[who];
	const struct addr nowhere = {.port = 0};
	int host;

	if (!plan_end->gateway.pcp && !plan_end->gateway.nat_pmp)
		return;
	e->gateway_addr = addr_prefix(&plan_end->hosts[0], 24, 64);
	e->gateway_addr.ip[15] = 1;
	host = world_add_host(p->world, &e->gateway_addr, 1, e->nats[plan_end->nat_count - 1]);
	need(host >= 0);
	port_host_start(&e->gateway, p->world, host, e->nats[plan_end->nat_count - 1],
			&e->gateway_addr, &nowhere, &plan_end->gateway, plan->seed);
}

static struct punch_contact contact_of(const struct pair *p, enum pair_who who)
{
	struct punch_contact c = {.name = "somebody"};

	memcpy(c.key, p->ends[who].identity.sign_public, sizeof(c.key));
	return c;
}

static void set_options(struct pair *p, const struct pair_plan *plan, enum pair_who who)
{
	const struct pair_end_plan *plan_end = &plan->ends[who];
	struct pair_end *e = &p->ends[who];
	struct punch_options *o = &e->options;

	*o = plan_end->options;
	o->identity = &e->identity;
	if (addr_family(&o->broker[0]) == ADDR_NONE)
		o->broker[0] = addr_v4(192, 0, 2, 1, PORT);
	if (o->callee.name == NULL)
		o->callee = contact_of(p, PAIR_LISTENS);
	if (o->allowed == NULL && !o->allow_any) {
		for (unsigned i = 0; i < PAIR_ENDS; i++)
			e->allowed[i] = contact_of(p, (enum pair_who)i);
		o->allowed = e->allowed;
		o->allowed_count = PAIR_ENDS;
	}
	if (o->call.host_count == 0) {
		memcpy(o->call.hosts, plan_end->hosts, sizeof(plan_end->hosts));
		o->call.host_count = plan_end->host_count;
	}
	if (addr_family(&e->gateway_addr) != ADDR_NONE)
		o->call.doors = (struct doors_config){
			.gateway = e->gateway_addr,
			.local = plan_end->hosts[0],
			.protocols = PORTMAP_ALL,
		};
	e->say = plan_end->say;
	e->then_end = plan_end->then_end;
}

void pair_start(struct pair *p, enum pair_who who)
{
	struct pair_end *e = &p->ends[who];
	uint8_t seed[32];

	seed_of(seed, p->seed, (uint8_t)(10 + p->starts++));
	e->run = natpunch_new(&e->options, seed);
	need(e->run != NULL);
	natpunch_start(e->run, world_now(p->world));
	world_attach(p->world, e->host, &end_ops, e);
}

void pair_set(struct pair *p, const struct pair_plan *plan)
{
	uint8_t seed[32];

	memset(p, 0, sizeof(*p));
	p->seed = plan->seed;
	p->world = world_new(plan->seed);
	need(p->world != NULL);
	need(plan->pcap == NULL || world_write_pcap(p->world, plan->pcap));
	set_broker(p, plan);
	for (unsigned i = 0; i < PAIR_ENDS; i++) {
		if (plan->ends[i].host_count > 0)
			set_place(p, plan, (enum pair_who)i);
		set_gateway(p, plan, (enum pair_who)i);
		seed_of(seed, plan->seed, (uint8_t)(2 + i));
		identity_from_seed(&p->ends[i].identity, seed);
	}
	for (unsigned i = 0; i < PAIR_ENDS; i++)
		set_options(p, plan, (enum pair_who)i);
	pair_start(p, PAIR_LISTENS);
	world_run(p->world, NULL, plan->call_at);
	pair_start(p, PAIR_CALLS);
	if (plan->ends[PAIR_TOO].host_count > 0)
		pair_start(p, PAIR_TOO);
}

void pair_strike(struct pair *p)
{
	for (unsigned i = 0; i < PAIR_ENDS; i++)
		natpunch_free(p->ends[i].run);
	broker_free(p->broker);
	world_free(p->world);
}

int pair_run(struct pair *p, nk_time until)
{
	return world_run(p->world, &p->ends[PAIR_CALLS], until);
}

nk_time pair_told(const struct pair *p, enum pair_who who, enum natpunch_event_kind kind,
		  unsigned nth)
{
	const struct pair_end *e = &p->ends[who];

	for (unsigned i = 0; i < e->event_count; i++)
		if (e->events[i].kind == kind && --nth == 0)
			return e->events[i].at;
	return NK_NEVER;
}

nk_time pair_wait(struct pair *p, enum pair_who who, enum natpunch_event_kind kind, unsigned nth,
		  nk_time until)
{
	while (pair_told(p, who, kind, nth) == NK_NEVER && world_now(p->world) < until)
		world_run(p->world, NULL, nk_min(until, world_now(p->world) + SLICE));
	return pair_told(p, who, kind, nth);
}

void pair_say(struct pair *p, enum pair_who who, const char *text)
{
	struct pair_end *e = &p->ends[who];

	e->say = text;
	if (!e->reading)
		return;
	give(e, 0, world_now(p->world));
	world_tell(p->world, e->host, &(struct event){.kind = EVENT_STREAM_ROOM, .id = 1});
}

static bool ends_with(const struct pair_end *e, const char *text)
{
	const size_t len = strlen(text);

	return e->heard_len >= len && memcmp(e->heard + e->heard_len - len, text, len) == 0;
}

nk_time pair_hears(struct pair *p, enum pair_who who, const char *text, nk_time until)
{
	while (!ends_with(&p->ends[who], text) && world_now(p->world) < until)
		world_run(p->world, NULL, nk_min(until, world_now(p->world) + SLICE));
	return ends_with(&p->ends[who], text) ? world_now(p->world) : NK_NEVER;
}
