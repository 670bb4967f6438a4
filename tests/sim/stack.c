#include "stack.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "core/broker/broker.h"

#define MAX_SILENCE (360 * NK_S)
#define SHORTEST    8.0 /* seconds, of timers that are drawn */
#define PATIENCE    3
#define NEAR        0.97

/* Drawing */

/* Half of the NATs have timers of their own; of others only the way they are used is as in the zoo. */
static void redraw_timers(struct nat_spec *n, struct rng *rng)
{
	const double top = nk_seconds(n->t_stream + n->sweep) / nk_seconds(n->t_stream);
	const double longest = nk_seconds(MAX_SILENCE) / 1.05 / top;
	const double t = SHORTEST * pow(longest / SHORTEST, rng_unit(rng));
	const double by = t / nk_seconds(n->t_stream);

	n->t_stream = nk_from_seconds(t);
	n->sweep = (nk_time)((double)n->sweep * by);
	n->t_first = nk_max(5 * NK_S, (nk_time)((double)n->t_first * by));
	n->t_replied = nk_max(5 * NK_S, (nk_time)((double)n->t_replied * by));
}

static void draw_nat(struct stack *s, const struct zoo *zoo, struct rng *rng)
{
	struct nat_spec *n = &s->specs[s->count];
	const struct zoo_preset *p;
	unsigned presets = 0;

	while (zoo_at(zoo, presets) != NULL)
		presets++;
	do
		p = zoo_at(zoo, rng_below(rng, presets));
	while (p->spec.nat64);
	s->boxes[s->count] = p;
	*n = p->spec;
	n->external_count = 1;
	n->external[0] = addr_v4(203, 0, 113, (uint8_t)(1 + s->count), 0);
	if (rng_below(rng, 2) == 0)
		redraw_timers(n, rng);
	if (n->sweep > 0)
		n->sweep_phase = (nk_time)(rng_unit(rng) * (double)n->sweep);
	s->count++;
}

void stack_draw(struct stack *s, const struct zoo *zoo, enum scene_loss loss, uint64_t seed)
{
	struct rng rng;
	unsigned nats, routers;

	rng_seed_from_number(&rng, seed);
	*s = (struct stack){.seed = seed,
			    .loss = loss,
			    .max = MAX_SILENCE,
			    .mappings = 256,
			    /* as the command does */ .internet = true};
	nats = 1 + rng_below(&rng, STACK_NATS_MAX);
	routers = rng_below(&rng, STACK_ROUTERS_MAX + 1);
	while (nats + routers > 0) {
		if (rng_below(&rng, nats + routers) < nats) {
			nats--;
			draw_nat(s, zoo, &rng);
		} else {
			routers--;
			s->boxes[s->count++] = NULL;
		}
	}
	for (unsigned aside = rng_below(&rng, STACK_ASIDE_MAX + 1); aside > 0; aside--) {
		s->ways[s->count] = rng_below(&rng, 2) == 0 ? NET_OUT_ONLY : NET_BACK_ONLY;
		s->boxes[s->count++] = NULL;
	}
}

bool stack_is_tight(const struct stack *s)
{
	for (unsigned i = 0; i < s->count; i++) {
		const struct nat_spec *n = &s->specs[i];

		if (s->boxes[i] != NULL && ((n->port_block > 0 && n->port_block < s->mappings) ||
					    (n->quota > 0 && n->quota < s->mappings)))
			return true;
	}
	return false;
}

/* Whether a packet of the client meets it; what is not of the stack is the internet. */
static bool is_hop(const struct stack *s, unsigned i)
{
	return i < s->count ? s->ways[i] != NET_BACK_ONLY : s->internet;
}

static bool is_router(const struct stack *s, unsigned i)
{
	return i >= s->count || s->boxes[i] == NULL;
}

static unsigned count_hops(const struct stack *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i <= s->count; i++)
		n += is_hop(s, i);
	return n;
}

/* The world */

/* The broker as far as it lives. */
struct mortal {
	struct broker *broker;
	nk_time dies;
	bool dead;
};

struct rig {
	struct world *world;
	struct mortal mortal;
	struct enumerate *e;
	struct rng rng;
	int nodes[STACK_BOXES_MAX];
};

static void need(bool there)
{
	if (there)
		return;
	fprintf(stderr, "stack: no memory, or no room in the world\n");
	abort();
}

static void input(void *core, const struct event *ev, nk_time now)
{
	struct rig *rig = core;

	enumerate_input(rig->e, ev, now);
}

static bool output(void *core, struct action *action, nk_time now)
{
	struct rig *rig = core;

	return enumerate_output(rig->e, action, now);
}

static nk_time deadline(const void *core)
{
	const struct rig *rig = core;

	return enumerate_deadline(rig->e);
}

static int status(const void *core)
{
	const struct rig *rig = core;

	return enumerate_status(rig->e);
}

static const struct core_ops ops = {
	.input = input, .output = output, .deadline = deadline, .status = status};

static void live_input(void *core, const struct event *ev, nk_time now)
{
	struct mortal *m = core;

	m->dead |= m->dies > 0 && now >= m->dies;
	if (!m->dead)
		broker_ops.input(m->broker, ev, now);
}

static bool live_output(void *core, struct action *action, nk_time now)
{
	struct mortal *m = core;

	m->dead |= m->dies > 0 && now >= m->dies;
	return !m->dead && broker_ops.output(m->broker, action, now);
}

static nk_time live_deadline(const void *core)
{
	const struct mortal *m = core;

	return m->dead ? NK_NEVER : broker_ops.deadline(m->broker);
}

static int live_status(const void *core)
{
	const struct mortal *m = core;

	return broker_ops.status(m->broker);
}

static const struct core_ops live_ops = {.input = live_input,
					 .output = live_output,
					 .deadline = live_deadline,
					 .status = live_status};

static void set_broker(struct rig *rig, uint64_t number)
{
	const struct addr addr = addr_v4(192, 0, 2, 1, 0);
	const int host = world_add_host(rig->world, &addr, 1, -1);
	struct broker_config config = broker_default_config();
	uint8_t seed[32] = {1};

	memcpy(seed + 1, &number, sizeof(number));
	config.listen_count = 1;
	config.listen[0] = addr;
	config.sessions_max = 4;
	config.trials_max = 1024;
	config.registrations_max = 1;
	rig->mortal.broker = broker_new(&config, seed);
	need(host >= 0 && rig->mortal.broker != NULL);
	broker_start(rig->mortal.broker, 0);
	world_attach(rig->world, host, &live_ops, &rig->mortal);
}

/* Half of what is lost gets lost near the client, half beyond all boxes. */
static void set_links(struct rig *rig, const struct stack *s, int client)
{
	struct link_spec near = loss_link(s->loss), far;

	near.loss /= 2;
	far = near;
	near.delay = 2 * NK_MS;
	near.jitter = NK_MS;
	far.delay = 10 * NK_MS;
	far.jitter = NK_MS;
	world_set_link(rig->world, client, &near, &near);
	world_set_nat_link(rig->world, rig->nodes[s->count - 1], &far, &far);
}

static void set_up(struct rig *rig, const struct stack *s)
{
	const struct addr addr = addr_v4(100, 64, 0, 2, 0);
	struct enumerate_config config = {
		.broker = addr_v4(192, 0, 2, 1, 3478),
		.local = addr_any(ADDR_V4, 0),
		.count = count_hops(s),
		.max = s->max,
		.mappings = s->mappings,
		.pace = 20 * NK_MS,
		.first_socket = 7,
	};
	int behind = -1, client;

	memset(rig, 0, sizeof(*rig));
	rig->mortal.dies = s->dies;
	rig->world = world_new(s->seed);
	need(rig->world != NULL);
	set_broker(rig, s->seed);
	for (unsigned i = s->count; i-- > 0; behind = rig->nodes[i]) {
		rig->nodes[i] = is_router(s, i) ? world_add_router(rig->world, behind)
						: world_add_nat(rig->world, &s->specs[i], behind);
		world_set_way(rig->world, rig->nodes[i], s->ways[i]);
	}
	client = world_add_host(rig->world, &addr, 1, behind);
	need(client >= 0);
	set_links(rig, s, client);
	rng_seed_from_number(&rig->rng, ~s->seed);
	rig->e = enumerate_new();
	need(rig->e != NULL);
	enumerate_start(rig->e, &config, &rig->rng);
	world_attach(rig->world, client, &ops, rig);
}

static void strike(struct rig *rig)
{
	enumerate_free(rig->e);
	broker_free(rig->mortal.broker);
	world_free(rig->world);
}

/* What is so */

/* As described, or, where a timer is not the same for each mapping, as it was. */
static struct span timer_of(const struct rig *rig, const struct stack *s, unsigned i)
{
	struct truth t = {.port = 3478};

	if (is_router(s, i))
		return (struct span){INFINITY, INFINITY};
	t.nat = s->specs[i];
	t.applied[NAT_TRAFFIC_STREAM] = nat_applied(rig->world, rig->nodes[i], NAT_TRAFFIC_STREAM);
	return truth_of_timer(&t, STATE_STREAM);
}

static void truth_of(const struct rig *rig, const struct stack *s,
		     struct stack_truth truth[static NATMAP_HOPS_MAX])
{
	const double max = nk_seconds(s->max);
	struct span hides = {INFINITY, INFINITY};
	unsigned h = count_hops(s);

	for (unsigned i = s->count + 1; i-- > 0;) {
		struct stack_truth *t = &truth[h - 1];

		if (!is_hop(s, i))
			continue;
		h--;
		t->name = i == s->count     ? "internet"
			  : is_router(s, i) ? "router"
					    : s->boxes[i]->name;
		t->timeout = timer_of(rig, s, i);
		t->state = is_router(s, i) ? HOP_STATELESS : HOP_STATEFUL;
		if (hides.lo <= max && t->timeout.lo >= hides.lo * NEAR)
			t->state = HOP_HIDDEN;
		t->either = t->state == HOP_HIDDEN && t->timeout.lo < hides.hi;
		if (!is_router(s, i) && !s->specs[i].refresh_in && t->timeout.lo < hides.lo)
			hides = t->timeout;
	}
}

/* Judging */

static void judge(const struct path_result *path, const struct stack_truth *truth,
		  struct stack_result *out)
{
	bool stateless = false;

	out->right = true;
	for (unsigned h = 0; h < path->count; h++) {
		const struct hop *hop = &path->hops[h];
		const struct stack_truth *t = &truth[h];
		const bool either = t->either && hop->state == HOP_STATEFUL;

		out->right &= hop->state == t->state || either;
		out->absent += hop->state == HOP_STATELESS && t->state != HOP_STATELESS;
		stateless |= t->state == HOP_STATELESS;
		if (!isinf(t->timeout.hi))
			out->longest = fmax(out->longest, t->timeout.hi);
		if (hop->state != HOP_STATEFUL || t->state != HOP_STATEFUL)
			continue;
		out->timeouts++;
		out->held += judge_holds(&hop->timeout, t->timeout);
		out->width += (hop->timeout.hi - hop->timeout.lo) / t->timeout.hi;
	}
	if (stateless)
		out->longest = 0;
}

void stack_play(const struct stack *s, struct stack_result *out, struct path_result *path,
		struct stack_truth truth[static NATMAP_HOPS_MAX])
{
	struct rig rig;

	set_up(&rig, s);
	memset(path, 0, sizeof(*path));
	path->count = count_hops(s);
	*out = (struct stack_result){
		.finished = world_run(rig.world, &rig, PATIENCE * s->max) == CORE_DONE,
		.wall = nk_seconds(world_now(rig.world)),
	};
	enumerate_report(rig.e, path);
	truth_of(&rig, s, truth);
	if (out->finished)
		judge(path, truth, out);
	out->packets_out = path->packets_out;
	out->packets_in = path->packets_in;
	out->late = (unsigned)world_stats(rig.world)->late;
	strike(&rig);
}
