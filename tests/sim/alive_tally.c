#include "alive_tally.h"

#include <math.h>

#define HOURS_A_DAY 24
#define MONTH       30

static void add(struct alive_sum *sum, const struct alive_result *r, double days)
{
	sum->runs++;
	sum->unfinished += !r->done;
	sum->late += r->late;
	if (!r->done)
		return;
	sum->days += days;
	sum->packets += (double)r->packets;
	sum->bytes += (double)r->bytes;
	sum->lost += r->lost;
	sum->dark_s += r->dark_s * r->lost;
	sum->back_s += r->back_s;
	sum->back_dark += r->back_dark;
	if (r->dead_s < 0)
		return;
	sum->deaths++;
	sum->dead_s += r->dead_s;
	sum->dead_most_s = fmax(sum->dead_most_s, r->dead_s);
}

static void add_cell(struct alive_sum *sum, const struct alive_table *t,
		     const struct alive_wanted *w, unsigned cell)
{
	struct alive_scene s;

	for (unsigned i = cell; i < cell + t->plan.seeds; i++)
		if (alive_table_scene(t, i, &s) &&
		    (!w->holding || s.drift == ALIVE_STEADY || s.drift == ALIVE_GROWS))
			add(sum, &t->results[i], s.days);
}

struct alive_sum alive_sum(const struct alive_table *t, const struct alive_wanted *w)
{
	struct alive_sum sum = {.runs = 0};

	for (unsigned preset = 0; preset < t->presets; preset++)
		for (unsigned loss = 0; loss < ALIVE_LOSSES; loss++)
			if ((w->preset == ALIVE_ANY || (unsigned)w->preset == preset) &&
			    (w->loss == ALIVE_ANY || (unsigned)w->loss == loss))
				add_cell(
					&sum, t, w,
					alive_table_cell(t, preset, w->way, (enum alive_loss)loss));
	return sum;
}

double alive_mean(double sum, double count)
{
	return count > 0 ? sum / count : 0;
}

double alive_an_hour(const struct alive_sum *s, double of)
{
	return alive_mean(of, s->days * HOURS_A_DAY);
}

double alive_lost_a_month(const struct alive_sum *s)
{
	return alive_mean(s->lost * MONTH, s->days);
}
