#include "hard_pair.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIDES   2
#define TIMEOUT (30 * NK_S)

/* Others behind the same NAT: each mapping a new socket's only one. */
struct crowd {
	struct rng rng;
	double per_s;
	nk_time next;
	uint32_t id;
	bool open;
};

struct side {
	struct gatherer gatherer;
	struct crowd crowd;
	struct punch *punch;
};

static void need(bool there)
{
	if (there)
		return;
	fprintf(stderr, "hard_pair: no memory, or no room in the world\n");
	abort();
}

/* ---- the crowd ---- */

static nk_time until_next(struct crowd *c)
{
	return nk_from_seconds(-log(1 - rng_unit(&c->rng)) / c->per_s);
}

static void crowd_input(void *core, const struct event *ev, nk_time now)
{
	struct crowd *c = core;

	(void)now;
	if (ev->kind == EVENT_OPENED)
		c->open = true;
}

static bool crowd_output(void *core, struct action *action, nk_time now)
{
	struct crowd *c = core;

	if (c->open) {
		*action = (struct action){.kind = ACTION_SEND,
					  .id = c->id,
					  .to = addr_v4(198, 51, 100, 99, 53),
					  .len = 1};
		c->open = false;
		return true;
	}
	if (c->next > now)
		return false;
	c->next = now + until_next(c);
	*action = (struct action){.kind = ACTION_OPEN,
				  .id = ++c->id,
				  .socket = SOCKET_UDP,
				  .local = addr_any(ADDR_V4, 0)};
	return true;
}

static nk_time crowd_deadline(const void *core)
{
	return ((const struct crowd *)core)->next;
}

static int crowd_status(const void *core)
{
	(void)core;
	return CORE_BUSY;
}

static const struct core_ops crowd_ops = {
	.input = crowd_input,
	.output = crowd_output,
	.deadline = crowd_deadline,
	.status = crowd_status,
};

/* ---- one side ---- */

static void side_input(void *core, const struct event *ev, nk_time now)
{
	struct side *s = core;

	if (s->punch != NULL && punch_input(s->punch, ev, now))
		return;
	gatherer_ops.input(&s->gatherer, ev, now);
}

static bool side_output(void *core, struct action *action, nk_time now)
{
	struct side *s = core;

	return gatherer_ops.output(&s->gatherer, action, now) ||
	       (s->punch != NULL && punch_output(s->punch, action, now));
}

static nk_time side_deadline(const void *core)
{
	const struct side *s = core;
	const nk_time at = gatherer_ops.deadline(&s->gatherer);

	return s->punch == NULL ? at : nk_min(at, punch_deadline(s->punch));
}

/* A host whose core is done loses its sockets: this one never is. */
static int side_status(const void *core)
{
	(void)core;
	return CORE_BUSY;
}

static const struct core_ops side_ops = {
	.input = side_input,
	.output = side_output,
	.deadline = side_deadline,
	.status = side_status,
};

/* ---- both ---- */

struct pair {
	const struct hard_plan *plan;
	struct world *world;
	struct broker *broker;
	int hosts[SIDES];
	struct side side[SIDES];
};

static void build(struct pair *p)
{
	const struct hard_plan *plan = p->plan;

	p->world = world_new(plan->seed);
	need(p->world != NULL);
	p->broker = gatherer_broker(p->world, false, plan->seed);
	for (unsigned i = 0; i < SIDES; i++) {
		const struct addr inside = addr_v4(100, 64, (uint8_t)i, 2, 0);
		const struct addr other = addr_v4(100, 64, (uint8_t)i, 3, 0);
		struct crowd *crowd = &p->side[i].crowd;
		struct nat_spec nat = plan->nats[i];
		int number;

		nat.external[0] = addr_v4(203, 0, 113, (uint8_t)(i + 1), 0);
		nat.external_count = 1;
		number = world_add_nat(p->world, &nat, -1);
		world_set_nat_link(p->world, number, &plan->link, &plan->link);
		p->hosts[i] = world_add_host(p->world, &inside, 1, number);
		need(p->hosts[i] >= 0);
		if (plan->foreign == 0)
			continue;
		crowd->per_s = plan->foreign;
		rng_seed_from_number(&crowd->rng, plan->seed * SIDES + i);
		crowd->next = until_next(crowd);
		world_attach(p->world, world_add_host(p->world, &other, 1, number), &crowd_ops,
			     crowd);
	}
}

static void wait(struct pair *p, nk_time span)
{
	world_run(p->world, NULL, world_now(p->world) + span);
}

static void gather(struct pair *p, unsigned i)
{
	const struct addr server = addr_v4(192, 0, 2, 1, 3478);
	const struct addr inside = addr_v4(100, 64, (uint8_t)i, 2, 0);
	struct gatherer *g = &p->side[i].gatherer;

	gatherer_start(g, &server, &inside, p->plan->seed * SIDES + i, 2 * NK_S);
	world_attach(p->world, p->hosts[i], &side_ops, &p->side[i]);
	do
		wait(p, NK_MS);
	while (gatherer_ops.status(g) == CORE_BUSY);
}

static struct nat_hint hint_of(const struct pair *p, unsigned i)
{
	const struct nat_hint none = {.last_port = 0};

	if (memcmp(&p->plan->hints[i], &none, sizeof(none)) != 0)
		return p->plan->hints[i];
	return gather_result(p->side[i].gatherer.gather)->hint;
}

static struct ice_secret secret_of(unsigned i)
{
	struct ice_secret s = {.ufrag = "caller00", .password = "callerscallerscallers000"};

	if (i == 1)
		s = (struct ice_secret){"callee00", "calleescalleescallees000"};
	return s;
}

/* @fire is the same moment for both. */
static void punch(struct pair *p, unsigned i, nk_time fire, nk_time both_rtts)
{
	const struct gather_result *ours = gather_result(p->side[i].gatherer.gather);
	const struct gather_result *theirs = gather_result(p->side[!i].gatherer.gather);
	const struct punch_config config = {
		.ours = secret_of(i),
		.theirs = secret_of(!i),
		.controlling = i == 0,
		.local = ours->candidates,
		.remote = theirs->candidates,
		.local_hint = hint_of(p, i),
		.remote_hint = hint_of(p, !i),
		.first_socket = GATHERER_MAIN,
		.have_v4 = true,
		.have_fresh = ours->fresh,
		.fire = fire,
		.first_pause = nk_max(50 * NK_MS, both_rtts),
		.pause_factor = 1.5,
		.jitter = 0.1,
		.pause_max = 20 * NK_S,
		.give_up = fire + TIMEOUT,
		.tactics = TACTICS_ALL,
		.hard = p->plan->hard,
		.hard_ip = addr_v4(203, 0, 113, (uint8_t)(2 - i), 0),
	};

	p->side[i].punch = punch_new(&config, &p->side[i].gatherer.rng, world_now(p->world));
	need(p->side[i].punch != NULL);
	world_tell(p->world, p->hosts[i], &(struct event){.kind = EVENT_RESUMED});
}

static void tell(struct pair *p, nk_time fire, struct hard_result *out)
{
	const struct punch_result *r[SIDES];

	for (unsigned i = 0; i < SIDES; i++) {
		r[i] = punch_result(p->side[i].punch);
		out->packets[i] = r[i]->attempts[TACTIC_PREDICT].packets_out +
				  r[i]->attempts[TACTIC_BIRTHDAY].packets_out;
		out->hints[i] = hint_of(p, i);
	}
	out->connected = r[0]->connected && r[1]->connected;
	out->took = nk_max(r[0]->established, r[1]->established) - fire;
	out->by = r[0]->by;
	out->relay_likely = r[0]->relay_likely;
}

/* As a call goes: the caller gathers and rings, the callee gathers and answers, both fire. */
void hard_play(const struct hard_plan *plan, struct hard_result *out)
{
	struct pair *p = calloc(1, sizeof(*p));
	const nk_time rtt = 2 * plan->link.delay;
	nk_time fire;

	need(p != NULL);
	*out = (struct hard_result){.connected = false};
	p->plan = plan;
	build(p);
	gather(p, 0);
	wait(p, rtt);
	gather(p, 1);
	fire = world_now(p->world) + 3 * rtt + 20 * NK_MS;
	punch(p, 1, fire, 2 * rtt);
	wait(p, rtt);
	punch(p, 0, fire, 2 * rtt);
	while (punch_status(p->side[0].punch) == CORE_BUSY ||
	       punch_status(p->side[1].punch) == CORE_BUSY)
		wait(p, NK_MS);
	tell(p, fire, out);
	for (unsigned i = 0; i < SIDES; i++) {
		punch_free(p->side[i].punch);
		gatherer_end(&p->side[i].gatherer);
	}
	broker_free(p->broker);
	world_free(p->world);
	free(p);
}
