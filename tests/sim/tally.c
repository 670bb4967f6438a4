#include "tally.h"

#include <stdlib.h>

double share_value(struct share s)
{
	return s.of == 0 ? 1 : (double)s.some / s.of;
}

void share_add(struct share *s, bool counts)
{
	s->some += counts;
	s->of++;
}

unsigned tally_count(const struct tally *t, enum field f, enum outcome o)
{
	unsigned n = 0;

	for (unsigned l = 0; l < LOSSES; l++)
		n += t->count[l][f][o];
	return n;
}

static void add_timer(struct timer_tally *t, const struct timing *m, bool lossy)
{
	if (!m->known)
		return;
	if (lossy)
		share_add(&t->narrow_lossy, m->width <= WIDTH_LOSSY_MAX);
	else
		share_add(&t->narrow, m->width <= WIDTH_MAX);
}

static void add_cell(struct share *all, struct share *worst, struct share cell)
{
	if (worst->of == 0 || share_value(cell) < share_value(*worst))
		*worst = cell;
	all->some += cell.some;
	all->of += cell.of;
}

static void add_run(struct tally *out, const struct scene_result *r, enum scene_loss loss)
{
	out->runs++;
	out->unfinished += !r->finished;
	out->implausible += r->finished && !r->plausible;
	out->late += r->late;
	for (unsigned f = 0; f < FIELD_COUNT && r->finished; f++)
		out->count[loss][f][r->outcome[f]]++;
	for (unsigned s = 0; s < STATE_COUNT && r->finished; s++)
		add_timer(&out->timers[s], &r->timers[s], loss != LOSS_NONE);
}

/* A run that has not finished is right about nothing. @walls: its end is moved. */
static void tally_cell(const struct truth_table *t, unsigned cell, struct tally *out,
		       double **walls)
{
	struct share holds[STATE_COUNT] = {{0, 0}}, right[STATE_COUNT] = {{0, 0}};
	struct scene s;

	for (unsigned i = cell; i < cell + t->plan.seeds; i++) {
		const struct scene_result *r = &t->results[i];

		if (!truth_table_scene(t, i, &s))
			continue;
		add_run(out, r, s.loss);
		for (unsigned k = 0; k < STATE_COUNT; k++) {
			share_add(&holds[k], r->finished && r->timers[k].holds);
			share_add(&right[k],
				  r->finished && r->outcome[FIELD_SOLITARY + k] == RIGHT);
		}
		if (!r->finished)
			continue;
		share_add(&out->in_time, r->wall <= (out->tight ? WALL_TIGHT_MAX : WALL_MAX));
		*(*walls)++ = r->wall;
	}
	for (unsigned k = 0; k < STATE_COUNT && holds[k].of > 0; k++) {
		add_cell(&out->timers[k].holds, &out->timers[k].worst_holds, holds[k]);
		add_cell(&out->timers[k].right, &out->timers[k].worst_right, right[k]);
	}
}

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static bool is_tight(const struct nat_spec *n)
{
	const unsigned wanted = stage_options().mappings;

	return (n->quota > 0 && n->quota < wanted) || (n->port_block > 0 && n->port_block < wanted);
}

bool tally_preset(const struct truth_table *t, unsigned preset, struct tally *out)
{
	double *walls = calloc(LOSSES * DELAYS, t->plan.seeds * sizeof(*walls)), *end = walls;
	size_t n;

	if (walls == NULL)
		return false;
	*out = (struct tally){
		.name = zoo_at(t->plan.zoo, preset)->name,
		.tight = is_tight(&zoo_at(t->plan.zoo, preset)->spec),
	};
	for (unsigned loss = 0; loss < LOSSES; loss++)
		for (unsigned delay = 0; delay < DELAYS; delay++)
			tally_cell(t, truth_table_cell(t, preset, (enum scene_loss)loss, delay),
				   out, &end);
	n = (size_t)(end - walls);
	qsort(walls, n, sizeof(*walls), by_value);
	out->wall = n == 0 ? 0 : (walls[(n - 1) / 2] + walls[n / 2]) / 2;
	free(walls);
	return out->runs > 0;
}
