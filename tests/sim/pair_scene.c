#include "pair_scene.h"

#include <string.h>

#include "pair.h"
#include "sim/dict.h"

#define GRACE (5 * NK_S) /* beyond the timeout of a call */
#define SLICE (20 * NK_MS)

static const struct {
	const char *name;
	enum scene_loss of_each_link;
} losses[PAIR_LOSSES] = {
	[PAIR_LOSS_NONE] = {"none", LOSS_NONE},
	[PAIR_LOSS_5] = {"5%", LOSS_5},
	[PAIR_LOSS_BURSTY] = {"bursty", LOSS_BURSTY},
};

/* Of each side's link, in milliseconds, there and back: the peers are as far from each other, one
 * way, as each is from the broker there and back. */
static const struct {
	const char *name;
	double up[PAIR_SIDES], down[PAIR_SIDES];
} delays[PAIR_DELAYS] = {
	[PAIR_DELAY_1] = {"1", {0.5, 0.5}, {0.5, 0.5}},
	[PAIR_DELAY_40] = {"40", {20, 20}, {20, 20}},
	[PAIR_DELAY_300] = {"300", {150, 150}, {150, 150}},
	[PAIR_DELAY_ASYMMETRIC] = {"asymmetric", {5, 100}, {75, 20}},
};

const char *pair_loss_name(enum pair_loss l)
{
	return losses[l].name;
}

const char *pair_delay_name(enum pair_delay d)
{
	return delays[d].name;
}

int pair_loss_find(const char *name)
{
	for (int i = 0; i < PAIR_LOSSES; i++)
		if (strcmp(losses[i].name, name) == 0)
			return i;
	return -1;
}

int pair_delay_find(const char *name)
{
	for (int i = 0; i < PAIR_DELAYS; i++)
		if (strcmp(delays[i].name, name) == 0)
			return i;
	return -1;
}

static struct link_spec link_of(enum pair_loss l, double ms)
{
	struct link_spec link = loss_link(losses[l].of_each_link);

	link.delay = (nk_time)(ms * (double)NK_MS);
	link.jitter = link.delay / 10;
	return link;
}

struct link_spec pair_link_up(const struct pair_scene *s, unsigned side)
{
	return link_of(s->loss, delays[s->delay].up[side]);
}

struct link_spec pair_link_down(const struct pair_scene *s, unsigned side)
{
	return link_of(s->loss, delays[s->delay].down[side]);
}

nk_time pair_one_way(const struct pair_scene *s, unsigned from)
{
	const struct link_spec up = pair_link_up(s, from);
	const struct link_spec down = pair_link_down(s, from == CALLER ? CALLEE : CALLER);

	return up.delay + up.jitter / 2 + down.delay + down.jitter / 2;
}

/* Sides */

const char *pair_side_text(const struct pair_side *s, char text[static PAIR_SIDE_TEXT])
{
	snprintf(text, PAIR_SIDE_TEXT, "%s%s%s", s->nats[0]->name, s->count > 1 ? "," : "",
		 s->count > 1 ? s->nats[1]->name : "");
	return text;
}

bool pair_side_find(struct pair_side *out, const struct zoo *zoo, const char *text)
{
	char copy[PAIR_SIDE_TEXT], *rest = copy, *name;

	if (strlen(text) >= sizeof(copy))
		return false;
	strcpy(copy, text);
	*out = (struct pair_side){.count = 0};
	while ((name = strsep(&rest, ",")) != NULL) {
		if (out->count == PAIR_NATS_MAX || zoo_find(zoo, name) == NULL)
			return false;
		out->nats[out->count++] = zoo_find(zoo, name);
	}
	return true;
}

struct pair_class pair_side_class(const struct pair_side *s)
{
	struct nat_spec nats[PAIR_NATS_MAX];

	for (unsigned i = 0; i < s->count; i++)
		nats[i] = s->nats[i]->spec;
	return pair_class_of(nats, s->count);
}

enum pair_kind pair_scene_kind(const struct pair_scene *s)
{
	return pair_kind(pair_side_class(&s->side[CALLER]), pair_side_class(&s->side[CALLEE]));
}

/* As at home: both have the same address inside, unless they are in one network. */
struct addr pair_addresses(const struct pair_scene *s, unsigned side,
			   struct nat_spec nats[static PAIR_NATS_MAX])
{
	const bool one_network = s->shared && s->side[side].count == 1;
	const struct addr middle = addr_v4(100, 64, 0, (uint8_t)(1 + side), 0);
	const struct addr home = addr_v4(192, 168, 1, (uint8_t)(one_network ? 2 + side : 2), 0);
	struct addr here =
		side == CALLER ? addr_v4(203, 0, 113, 1, 0) : addr_v4(198, 51, 100, 200, 0);

	for (unsigned i = 0; i < s->side[side].count; i++) {
		nats[i] = s->side[side].nats[i]->spec;
		nats[i].external[0] = here;
		nats[i].external_count = 1;
		nats[i].sweep_phase = nats[i].sweep * (nk_time)(s->seed % 16) / 16;
		if (nats[i].translate)
			here = i + 1 < s->side[side].count ? middle : home;
	}
	return here;
}

/* Playing */

/* No two scenes share what chance does to them, and other presets in the file change nothing. */
static uint64_t seed_of(const struct pair_scene *s)
{
	const uint64_t numbers[] = {s->shared, s->loss, s->delay, s->seed};
	uint64_t seed = dict_hash(numbers, sizeof(numbers), 0);
	char text[PAIR_SIDE_TEXT];

	for (unsigned i = 0; i < PAIR_SIDES; i++) {
		pair_side_text(&s->side[i], text);
		seed = dict_hash(text, strlen(text), seed);
	}
	return seed;
}

static void set_end(struct pair_end_plan *end, const struct pair_scene *s, unsigned side)
{
	end->hosts[0] = pair_addresses(s, side, end->nats);
	end->nat_count = s->side[side].count;
	end->up = pair_link_up(s, side);
	end->down = pair_link_down(s, side);
	end->options.call.hard = true;
}

/* Which of two packets that leave at fire comes first to whom: whether one comes before the other
 * side has fired. */
static bool is_skewed(const struct pair_scene *s, const struct call_report reports[static 2])
{
	const nk_time a = reports[CALLER].fired, b = reports[CALLEE].fired;

	return a <= b ? a + pair_one_way(s, CALLER) < b : b + pair_one_way(s, CALLEE) < a;
}

/* What a side told when it was connected first, or NULL: what comes after is another matter. */
static const struct natpunch_event *connection(const struct pair *p, unsigned side)
{
	const struct pair_end *e = &p->ends[side];

	for (unsigned i = 0; i < e->event_count; i++)
		if (e->events[i].kind == NATPUNCH_CONNECTED)
			return &e->events[i];
	return NULL;
}

static bool is_connected(const struct pair *p)
{
	return connection(p, CALLER) != NULL && connection(p, CALLEE) != NULL;
}

/* Until both are connected, or the caller has given up. */
static void play_call(struct pair *p)
{
	const nk_time until =
		world_now(p->world) + p->ends[PAIR_CALLS].options.call.timeout + GRACE;

	while (world_now(p->world) < until && !is_connected(p) &&
	       natpunch_status(p->ends[PAIR_CALLS].run) == CORE_BUSY)
		world_run(p->world, NULL, world_now(p->world) + SLICE);
}

static void take_connection(const struct pair *p, const struct pair_scene *s,
			    const struct call_report reports[static 2], struct pair_result *out)
{
	const struct natpunch_event *a = connection(p, CALLER), *b = connection(p, CALLEE);
	const nk_time fire = nk_max(reports[CALLER].fired, reports[CALLEE].fired);
	const nk_time trip = pair_one_way(s, CALLER) + pair_one_way(s, CALLEE);

	out->connected = true;
	out->by = (uint8_t)(a->tactic > b->tactic ? a->tactic : b->tactic);
	out->first_check = reports[CALLER].punch.first_check || reports[CALLEE].punch.first_check;
	out->skewed = is_skewed(s, reports);
	out->first = (float)((double)(nk_min(a->at, b->at) - fire) / (double)trip);
	out->both = (float)((double)(nk_max(a->at, b->at) - fire) / (double)trip);
	out->call_s = (float)nk_seconds(nk_max(a->at, b->at) - reports[CALLER].started);
}

static void take_result(const struct pair *p, const struct pair_scene *s, struct pair_result *out)
{
	const nk_time told = pair_told(p, PAIR_CALLS, NATPUNCH_RELAY_LIKELY, 1);
	struct call_report reports[PAIR_SIDES] = {{.punches = 0}};

	if (!natpunch_call(p->ends[PAIR_CALLS].run, 0, &reports[CALLER]))
		return;
	out->finished = true;
	if (told != NK_NEVER)
		out->relay_likely_s = (float)nk_seconds(told - reports[CALLER].started);
	if (!natpunch_call(p->ends[PAIR_LISTENS].run, 0, &reports[CALLEE]))
		return;
	for (unsigned i = 0; i < TACTICS; i++)
		out->packets += reports[CALLER].punch.attempts[i].packets_out +
				reports[CALLEE].punch.attempts[i].packets_out;
	if (is_connected(p))
		take_connection(p, s, reports, out);
}

void pair_scene_play(const struct pair_scene *s, FILE *pcap, struct pair_result *out)
{
	struct pair_plan plan = pair_plan(seed_of(s), 0);
	struct pair p;

	*out = (struct pair_result){.relay_likely_s = -1};
	plan.pcap = pcap;
	plan.shared = s->shared;
	set_end(&plan.ends[PAIR_CALLS], s, CALLER);
	set_end(&plan.ends[PAIR_LISTENS], s, CALLEE);
	pair_set(&p, &plan);
	play_call(&p);
	take_result(&p, s, out);
	out->late = (unsigned)world_stats(p.world)->late;
	pair_strike(&p);
}
