#include "pair_tally.h"

#include <math.h>
#include <stdlib.h>

struct wilson wilson(struct share s)
{
	const double z = 1.959964, n = s.of, p = share_value(s);
	const double middle = p + z * z / (2 * n);
	const double half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n));

	if (s.of == 0)
		return (struct wilson){0, 1};
	return (struct wilson){fmax(0, (middle - half) / (1 + z * z / n)),
			       fmin(1, (middle + half) / (1 + z * z / n))};
}

static bool fits(int wanted, unsigned is)
{
	return wanted == ANY || (unsigned)wanted == is;
}

/* Whether the runs of a cell are wanted, but for what they came to. */
static bool is_wanted(const struct pair_wanted *w, const struct pair_scene *s)
{
	const struct pair_class a = pair_side_class(&s->side[CALLER]);
	const struct pair_class b = pair_side_class(&s->side[CALLEE]);
	const unsigned x = pair_class_number(a), y = pair_class_number(b);

	return fits(w->low, x < y ? x : y) && fits(w->high, x < y ? y : x) &&
	       fits(w->loss, s->loss) && fits(w->delay, s->delay) &&
	       fits(w->kind, pair_kind(a, b)) && fits(w->plain, pair_is_plain(a, b));
}

static bool is_wanted_cell(const struct pair_table *t, const struct pair_wanted *w, unsigned cell)
{
	struct pair_scene s;

	if (t->cell_from[cell] == t->cell_from[cell + 1])
		return false;
	s = pair_table_scene(t, t->cell_from[cell]);
	return is_wanted(w, &s);
}

static void add_cell(struct pair_pool *p, const struct pair_table *t, unsigned cell)
{
	struct share met = {0, 0};

	for (unsigned i = t->cell_from[cell]; i < t->cell_from[cell + 1]; i++) {
		const struct pair_result *r = &t->results[i];

		share_add(&met, r->connected);
		if (!r->connected)
			continue;
		p->by[r->by]++;
		share_add(&p->first_check, r->first_check);
	}
	if (met.of > 0 && (p->worst.of == 0 || share_value(met) < share_value(p->worst))) {
		p->worst = met;
		p->worst_at = cell;
	}
	p->met.some += met.some;
	p->met.of += met.of;
}

struct pair_pool pair_pool(const struct pair_table *t, const struct pair_wanted *w)
{
	struct pair_pool p = {.worst_at = 0};

	for (unsigned cell = 0; cell < t->cells; cell++)
		if (is_wanted_cell(t, w, cell))
			add_cell(&p, t, cell);
	return p;
}

#define CELLS_OF_PAIR (PAIR_LOSSES * PAIR_DELAYS)

struct pair_pool pair_pool_at(const struct pair_table *t, unsigned caller, unsigned callee)
{
	const unsigned from = pair_table_cell(t, caller, callee, PAIR_LOSS_NONE, PAIR_DELAY_1);
	struct pair_pool p = {.worst_at = 0};

	for (unsigned cell = from; cell < from + CELLS_OF_PAIR; cell++)
		add_cell(&p, t, cell);
	return p;
}

enum tactic pair_main_tactic(const struct pair_pool *p)
{
	enum tactic most = TACTICS;

	for (unsigned k = 0; k < TACTICS; k++)
		if (p->by[k] > 0 && (most == TACTICS || p->by[k] > p->by[most]))
			most = (enum tactic)k;
	return most;
}

/* Medians */

static double figure_of(const struct pair_result *r, enum pair_figure f)
{
	switch (f) {
	case PAIR_FIRST:
		return r->first;
	case PAIR_BOTH:
		return r->both;
	case PAIR_CALL_S:
		return r->call_s;
	case PAIR_PACKETS:
	default:
		return r->packets;
	}
}

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Values on a heap, to be sorted. */
struct values {
	double *v;
	unsigned count;
};

static void collect(struct values *out, const struct pair_table *t, unsigned cell, int skewed,
		    enum pair_figure f)
{
	for (unsigned i = t->cell_from[cell]; out->v != NULL && i < t->cell_from[cell + 1]; i++)
		if (t->results[i].connected && fits(skewed, t->results[i].skewed))
			out->v[out->count++] = figure_of(&t->results[i], f);
}

/* Frees them. */
static double median_of(struct values *values)
{
	const unsigned n = values->count;
	double median = NAN;

	if (n > 0) {
		qsort(values->v, n, sizeof(*values->v), by_value);
		median = (values->v[(n - 1) / 2] + values->v[n / 2]) / 2;
	}
	free(values->v);
	return median;
}

double pair_median(const struct pair_table *t, const struct pair_wanted *w, enum pair_figure f,
		   unsigned *count)
{
	struct values values = {.v = malloc(t->count * sizeof(double))};

	for (unsigned cell = 0; cell < t->cells; cell++)
		if (is_wanted_cell(t, w, cell))
			collect(&values, t, cell, w->skewed, f);
	if (count != NULL)
		*count = values.count;
	return median_of(&values);
}

double pair_median_at(const struct pair_table *t, unsigned caller, unsigned callee,
		      enum pair_figure f)
{
	const unsigned from = pair_table_cell(t, caller, callee, PAIR_LOSS_NONE, PAIR_DELAY_1);
	const unsigned end = from + CELLS_OF_PAIR;
	struct values values = {
		.v = malloc((t->cell_from[end] - t->cell_from[from] + 1) * sizeof(double))};

	for (unsigned cell = from; cell < end; cell++)
		collect(&values, t, cell, ANY, f);
	return median_of(&values);
}

/* The sample */

struct pair_sample pair_sample(const struct pair_table *t, enum pair_loss loss)
{
	struct pair_sample sample = {.lan = {0, 0}};

	for (unsigned i = pair_table_sample(t); i < t->count; i++) {
		const struct pair_scene s = pair_table_scene(t, i);
		const bool met = t->results[i].connected;

		if (s.loss != loss)
			continue;
		if (!s.shared)
			share_add(&sample.met[pair_scene_kind(&s)], met);
		else if (s.side[CALLER].count == 1 && s.side[CALLEE].count == 1)
			share_add(&sample.lan, met);
		else
			share_add(&sample.carrier, met);
	}
	return sample;
}
