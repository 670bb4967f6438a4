#include "pair_scene.h"

#include <string.h>

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
