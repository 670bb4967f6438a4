#include "scene.h"

#include <math.h>
#include <string.h>

#include "base/crypto.h"
#include "sim/dict.h"

/* To measure timers of 20 minutes in one round. */
#define ENOUGH_MAPPINGS 512

/* Longer than any run may take, as a multiple of the longest silence that it may try. */
#define PATIENCE 4

/* Of each direction. Bursts: 50 ms on average, one begins 50 * 97 / 3 ms after the last. */
static const struct {
	const char *name;
	struct link_spec link;
} losses[LOSSES] = {
	[LOSS_NONE] = {"none", {.loss = 0}},
	[LOSS_2] = {"2%", {.loss = 0.02}},
	[LOSS_5] = {"5%", {.loss = 0.05}},
	[LOSS_BURSTY] = {"bursty", {.burst_enter = 3.0 / 97 / 50, .burst_mean = 50 * NK_MS}},
};

static const struct {
	const char *name;
	nk_time round_trip;
} delays[DELAYS] = {{"1", NK_MS}, {"40", 40 * NK_MS}, {"300", 300 * NK_MS}};

const char *loss_name(enum scene_loss l)
{
	return losses[l].name;
}

const char *delay_name(unsigned delay)
{
	return delays[delay].name;
}

struct link_spec loss_link(enum scene_loss l)
{
	return losses[l].link;
}

int loss_find(const char *name)
{
	for (int i = 0; i < LOSSES; i++)
		if (strcmp(losses[i].name, name) == 0)
			return i;
	return -1;
}

int delay_find(const char *name)
{
	for (int i = 0; i < DELAYS; i++)
		if (strcmp(delays[i].name, name) == 0)
			return i;
	return -1;
}

/* No two scenes share what chance does to them, and other presets in the file change nothing. */
static uint64_t scene_seed(const struct scene *s)
{
	const uint64_t numbers[] = {s->loss, s->delay, s->seed};

	return dict_hash(numbers, sizeof(numbers),
			 dict_hash(s->preset->name, strlen(s->preset->name), 0));
}

static struct nat_spec scene_nat(const struct scene *s)
{
	struct nat_spec n = s->preset->spec;
	struct rng rng;

	rng_seed_from_number(&rng, ~scene_seed(s));
	n.external_count = n.arbitrary_pooling ? NAT_EXTERNALS_MAX : 1;
	for (unsigned i = 0; i < n.external_count; i++)
		n.external[i] = addr_v4(203, 0, 113, (uint8_t)(1 + i), 0);
	if (n.sweep > 0)
		n.sweep_phase = (nk_time)(rng_unit(&rng) * (double)n.sweep);
	return n;
}

/* The command's own, unless a timer of that NAT asks for a longer silence. */
static nk_time longest_silence(const struct scene *s)
{
	const struct nat_spec *n = &s->preset->spec;
	const nk_time timer = nk_max(n->t_first, nk_max(n->t_replied, n->t_stream));

	return nk_max(stage_options().max, timer + timer / 10);
}

void scene_set(struct stage *st, const struct scene *s, FILE *pcap)
{
	struct stage_plan plan = {
		.seed = scene_seed(s),
		.nats = {scene_nat(s)},
		.nat_count = 1,
		.link = loss_link(s->loss),
		.options = stage_options(),
		.pcap = pcap,
	};

	plan.link.delay = delays[s->delay].round_trip / 2;
	plan.link.jitter = delays[s->delay].round_trip / 20;
	plan.options.hairpin = true;
	plan.options.max = longest_silence(s);
	if (plan.options.max > stage_options().max)
		plan.options.mappings = ENOUGH_MAPPINGS;
	stage_set(st, &plan);
}

struct truth scene_truth(const struct stage *st, const struct scene *s)
{
	struct truth t = {
		.nat = scene_nat(s),
		.port = stage_options().servers[0].port,
		.held_peak = nat_mappings_peak(st->world, st->nats[0]),
	};

	for (unsigned i = 0; i < NAT_TRAFFICS; i++)
		t.applied[i] = nat_applied(st->world, st->nats[0], (enum nat_traffic)i);
	return t;
}

static struct timing time_measured(const struct measured *m, struct span truth)
{
	return (struct timing){
		.known = m->known,
		.holds = judge_holds(m, truth),
		.width = (m->hi - m->lo - (truth.hi - truth.lo)) / tolerance(truth.hi),
	};
}

static double wall(const struct probe_result *r, const struct truth *t, nk_time silence)
{
	const double max = nk_seconds(silence);
	double longest = 0;

	for (unsigned s = 0; s < STATE_COUNT; s++) {
		if (r->timeouts[s].known)
			longest = fmax(longest, truth_of_timer(t, (enum traffic_state)s).hi);
		else if (r->timeouts[s].at_least > 0)
			longest = max;
	}
	return (nk_seconds(r->ended - r->started) - WALL_FREE) / (longest > 0 ? longest : max);
}

void scene_play(struct stage *st, const struct scene *s, struct scene_result *out)
{
	const int status = world_run(st->world, st->probe, PATIENCE * longest_silence(s));
	const struct probe_result *r = natprobe_result(st->probe);
	const struct truth t = scene_truth(st, s);

	*out = (struct scene_result){
		.finished = status == CORE_DONE,
		.plausible = truth_is_plausible(&t),
		.late = (unsigned)world_stats(st->world)->late,
		.wall = wall(r, &t, longest_silence(s)),
	};
	for (unsigned f = 0; f < FIELD_COUNT; f++)
		out->outcome[f] = field_judge(r, &t, (enum field)f);
	for (unsigned i = 0; i < STATE_COUNT; i++)
		out->timers[i] =
			time_measured(&r->timeouts[i], truth_of_timer(&t, (enum traffic_state)i));
}
