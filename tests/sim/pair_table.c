#include "pair_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "crew.h"

unsigned pair_table_cell(const struct pair_table *t, unsigned caller, unsigned callee,
			 enum pair_loss loss, enum pair_delay delay)
{
	return ((caller * t->side_count[CALLEE] + callee) * PAIR_LOSSES + loss) * PAIR_DELAYS +
	       delay;
}

/* The scene of a cell's first seed. */
static struct pair_scene cell_scene(const struct pair_table *t, unsigned cell)
{
	const unsigned pair = cell / PAIR_DELAYS / PAIR_LOSSES;

	return (struct pair_scene){
		.side = {t->sides[CALLER][pair / t->side_count[CALLEE]],
			 t->sides[CALLEE][pair % t->side_count[CALLEE]]},
		.shared = t->plan.shared,
		.loss = (enum pair_loss)(cell / PAIR_DELAYS % PAIR_LOSSES),
		.delay = (enum pair_delay)(cell % PAIR_DELAYS),
		.seed = t->plan.first,
	};
}

unsigned pair_table_sample(const struct pair_table *t)
{
	return t->cell_from[t->cells];
}

/* The sample */

static bool is_combination(const struct zoo_preset *p)
{
	return strncmp(p->name, "ei-", 3) == 0 || strncmp(p->name, "ad-", 3) == 0 ||
	       strncmp(p->name, "apd-", 4) == 0;
}

/* Any but a NAT64: the broker has IPv4 addresses. */
static const struct zoo_preset *draw_preset(const struct zoo *zoo, unsigned presets,
					    struct rng *rng)
{
	const struct zoo_preset *p;

	do
		p = zoo_at(zoo, rng_below(rng, presets));
	while (p->spec.nat64);
	return p;
}

static unsigned zoo_presets(const struct zoo *zoo)
{
	unsigned n = 0;

	while (zoo_at(zoo, n) != NULL)
		n++;
	return n;
}

/* Half of the sides have one NAT and half have two; one pair in eight has its outermost in common. */
static struct pair_scene sample_scene(const struct pair_table *t, unsigned number)
{
	const unsigned presets = zoo_presets(t->plan.zoo);
	struct pair_scene s = {.seed = t->plan.first + number};
	struct rng rng;

	rng_seed_from_number(&rng, s.seed);
	for (unsigned i = 0; i < PAIR_SIDES; i++) {
		s.side[i].count = 1 + rng_below(&rng, PAIR_NATS_MAX);
		for (unsigned k = 0; k < s.side[i].count; k++)
			s.side[i].nats[k] = draw_preset(t->plan.zoo, presets, &rng);
	}
	s.shared = rng_below(&rng, 8) == 0;
	if (s.shared)
		s.side[CALLEE].nats[0] = s.side[CALLER].nats[0];
	s.loss = (enum pair_loss)rng_below(&rng, PAIR_LOSSES);
	s.delay = (enum pair_delay)rng_below(&rng, PAIR_DELAYS);
	return s;
}

/* Scenes by number */

static unsigned cell_of(const struct pair_table *t, unsigned i)
{
	unsigned low = 0, high = t->cells;

	while (high - low > 1) {
		const unsigned middle = low + (high - low) / 2;

		if (t->cell_from[middle] <= i)
			low = middle;
		else
			high = middle;
	}
	return low;
}

struct pair_scene pair_table_scene(const struct pair_table *t, unsigned i)
{
	struct pair_scene s;
	unsigned cell;

	if (i >= pair_table_sample(t))
		return sample_scene(t, i - pair_table_sample(t));
	cell = cell_of(t, i);
	s = cell_scene(t, cell);
	s.seed += i - t->cell_from[cell];
	return s;
}

/* Playing */

static void tell(const struct pair_table *t, const struct pair_scene *s, const char *what)
{
	char a[PAIR_SIDE_TEXT], b[PAIR_SIDE_TEXT];

	printf("%s | %s --a %s --b %s%s --loss %s --delay %s --first %llu --seeds 1\n", what,
	       t->plan.again, pair_side_text(&s->side[CALLER], a),
	       pair_side_text(&s->side[CALLEE], b), s->shared ? " --shared" : "",
	       pair_loss_name(s->loss), pair_delay_name(s->delay), (unsigned long long)s->seed);
}

static void play_number(void *user, unsigned i)
{
	const struct pair_table *t = user;
	const struct pair_scene s = pair_table_scene(t, i);
	struct pair_result *r = &t->results[i];

	pair_scene_play(&s, t->plan.pcap, r);
	if (!r->finished)
		tell(t, &s, "unfinished");
	else if (!r->connected && t->plan.verbose && !s.shared &&
		 pair_scene_kind(&s) == PAIR_ALLOWED)
		tell(t, &s, "not connected");
	if (r->late > 0)
		tell(t, &s, "a deadline was in the past");
}

/* The table */

static bool is_asked_for(const struct pair_table_plan *p, const struct pair_scene *s)
{
	return (p->loss < 0 || (unsigned)p->loss == s->loss) &&
	       (p->delay < 0 || (unsigned)p->delay == s->delay);
}

/* Allowed pairs have more than others, so that each of their classes has its pool for both of the
 * losses that have a bound. */
static unsigned cell_seeds(const struct pair_table *t, const struct pair_scene *s)
{
	const struct pair_class a = pair_side_class(&s->side[CALLER]);
	const struct pair_class b = pair_side_class(&s->side[CALLEE]);
	const unsigned alike = pair_class_number(a) == pair_class_number(b) ? 1 : 2;
	const unsigned cells = alike * 9 * PAIR_DELAYS;

	if (!is_asked_for(&t->plan, s))
		return 0;
	if (t->plan.side[CALLER].count > 0 || t->plan.side[CALLEE].count > 0 ||
	    s->loss == PAIR_LOSS_BURSTY || pair_kind(a, b) != PAIR_ALLOWED)
		return t->plan.seeds;
	return (t->plan.seeds * PAIR_POOL + cells - 1) / cells;
}

static void choose_sides(struct pair_table *t, unsigned side)
{
	const struct zoo_preset *p;

	if (t->plan.side[side].count > 0) {
		t->sides[side][0] = t->plan.side[side];
		t->side_count[side] = 1;
		return;
	}
	for (unsigned i = 0; (p = zoo_at(t->plan.zoo, i)) != NULL; i++)
		if (is_combination(p) && t->side_count[side] < PAIR_PRESETS)
			t->sides[side][t->side_count[side]++] =
				(struct pair_side){.nats = {p}, .count = 1};
}

static void number_scenes(struct pair_table *t)
{
	t->cells = t->side_count[CALLER] * t->side_count[CALLEE] * PAIR_LOSSES * PAIR_DELAYS;
	for (unsigned cell = 0; cell < t->cells; cell++) {
		const struct pair_scene s = cell_scene(t, cell);

		t->cell_from[cell + 1] = t->cell_from[cell] + cell_seeds(t, &s);
	}
	t->count = pair_table_sample(t);
	if (t->side_count[CALLER] > 1 && t->side_count[CALLEE] > 1 && t->plan.loss < 0 &&
	    t->plan.delay < 0)
		t->count += t->plan.seeds * PAIR_SAMPLE;
}

static size_t results_size(const struct pair_table *t)
{
	return t->count * sizeof(*t->results);
}

bool pair_table_fill(struct pair_table *t, const struct pair_table_plan *plan)
{
	*t = (struct pair_table){.plan = *plan};
	for (unsigned side = 0; side < PAIR_SIDES; side++)
		choose_sides(t, side);
	if (t->side_count[CALLER] == 0 || t->side_count[CALLEE] == 0)
		return false;
	number_scenes(t);
	t->results = crew_memory(results_size(t));
	if (t->results == NULL)
		return false;
	setvbuf(stdout, NULL, _IOLBF, 0);
	return crew_work(t->count, play_number, t, &t->cpu_s, &t->wall_s);
}

void pair_table_free(struct pair_table *t)
{
	crew_free(t->results, results_size(t));
	t->results = NULL;
}
