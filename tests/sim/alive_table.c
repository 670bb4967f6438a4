#include "alive_table.h"

#include <stdio.h>
#include <string.h>

#include "crew.h"

unsigned alive_table_cell(const struct alive_table *t, unsigned preset, enum alive_way way,
			  enum alive_loss loss)
{
	return ((preset * ALIVE_WAYS + way) * ALIVE_LOSSES + loss) * t->plan.seeds;
}

static bool is_way_asked_for(int asked, enum alive_way way)
{
	return asked == ALIVE_ANY || (unsigned)asked == way ||
	       (asked == ALIVE_LEARNED && way == ALIVE_ORACLE);
}

static bool is_asked_for(const struct alive_plan *p, const struct alive_scene *s)
{
	return !s->preset->spec.nat64 &&
	       (p->preset == NULL || strcmp(s->preset->name, p->preset) == 0) &&
	       is_way_asked_for(p->way, s->way) &&
	       (p->loss == ALIVE_ANY || (unsigned)p->loss == s->loss);
}

bool alive_table_scene(const struct alive_table *t, unsigned i, struct alive_scene *out)
{
	const struct alive_plan *p = &t->plan;
	const unsigned seed = i % p->seeds, loss = i / p->seeds % ALIVE_LOSSES;
	const unsigned way = i / p->seeds / ALIVE_LOSSES % ALIVE_WAYS;
	const unsigned preset = i / p->seeds / ALIVE_LOSSES / ALIVE_WAYS;
	const unsigned drift =
		p->drift == ALIVE_ANY ? (unsigned)((preset + loss + p->first + seed) % ALIVE_DRIFTS)
				      : (unsigned)p->drift;

	*out = (struct alive_scene){
		.preset = zoo_at(p->zoo, preset),
		.way = (enum alive_way)way,
		.loss = (enum alive_loss)loss,
		.drift = (enum alive_drift)drift,
		.days = p->days,
		.seed = p->first + seed,
	};
	return is_asked_for(p, out);
}

static void tell(const struct alive_table *t, const struct alive_scene *s, const char *what)
{
	printf("%s | %s --preset %s --algorithm %s --loss %s --drift %s --days %g --first %llu "
	       "--seeds 1\n",
	       what, t->plan.again, s->preset->name, alive_way_name(s->way),
	       alive_loss_name(s->loss), alive_drift_name(s->drift), s->days,
	       (unsigned long long)s->seed);
}

static void play_number(void *user, unsigned i)
{
	const struct alive_table *t = user;
	struct alive_scene s;

	if (!alive_table_scene(t, i, &s))
		return;
	if (t->plan.verbose)
		tell(t, &s, "begins");
	alive_scene_play(&s, t->plan.verbose, &t->results[i]);
	if (t->results[i].late > 0)
		tell(t, &s, "a deadline was in the past");
}

static size_t results_size(const struct alive_table *t)
{
	return t->count * sizeof(*t->results);
}

bool alive_table_fill(struct alive_table *t, const struct alive_plan *plan)
{
	struct alive_scene s;

	*t = (struct alive_table){.plan = *plan};
	while (zoo_at(plan->zoo, t->presets) != NULL)
		t->presets++;
	t->count = alive_table_cell(t, t->presets, ALIVE_TURNS, ALIVE_LOSS_NONE);
	for (unsigned i = 0; i < t->count; i++)
		t->runs += alive_table_scene(t, i, &s);
	t->results = crew_memory(results_size(t));
	if (t->results == NULL)
		return false;
	setvbuf(stdout, NULL, _IOLBF, 0);
	return crew_work(t->count, play_number, t, &t->cpu_s, &t->wall_s);
}

void alive_table_free(struct alive_table *t)
{
	crew_free(t->results, results_size(t));
	t->results = NULL;
}
