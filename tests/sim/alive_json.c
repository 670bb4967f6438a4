#include "alive_print.h"
#include "face/js.h"
#include "truth_print.h"

static void put_runs(struct js algorithm, const struct alive_table *t, unsigned preset,
		     enum alive_way way)
{
	const unsigned first = alive_table_cell(t, preset, way, ALIVE_LOSS_NONE);
	struct js all = js_put_array(algorithm, "runs");
	struct alive_scene s;

	for (unsigned i = first; i < first + ALIVE_LOSSES * t->plan.seeds; i++) {
		const struct alive_result *r = &t->results[i];
		struct js run;

		if (!alive_table_scene(t, i, &s))
			continue;
		run = js_add_object(all);
		js_put_text(run, "loss", alive_loss_name(s.loss));
		js_put_text(run, "drift", alive_drift_name(s.drift));
		js_put_int(run, "seed", (int64_t)s.seed);
		js_put_int(run, "packets", (int64_t)r->packets);
		js_put_int(run, "bytes", (int64_t)r->bytes);
		js_put_int(run, "lost", r->lost);
		js_put_int(run, "opened", r->opened);
		js_put_seconds(run, "interval_s", r->interval_s);
		js_put_seconds(run, "timeout_s", r->timeout_s);
	}
}

static void put_algorithm(struct js algorithms, const struct alive_table *t, unsigned preset,
			  enum alive_way way)
{
	const struct alive_wanted w = {way, (int)preset, ALIVE_ANY, false};
	const struct alive_sum s = alive_sum(t, &w);
	struct js a;

	if (s.runs == 0)
		return;
	a = js_put_object(algorithms, alive_way_name(way));
	js_put_number(a, "packets_per_h", alive_an_hour(&s, s.packets));
	js_put_number(a, "bytes_per_h", alive_an_hour(&s, s.bytes));
	js_put_number(a, "lost_per_30_d", alive_lost_a_month(&s));
	js_put_seconds(a, "dark_s", alive_mean(s.dark_s, s.lost));
	js_put_seconds(a, "back_s", alive_mean(s.back_s, s.runs));
	js_put_number(a, "back_dark", alive_mean(s.back_dark, s.runs));
	if (s.deaths > 0)
		js_put_seconds(a, "dead_s", alive_mean(s.dead_s, s.deaths));
	else
		js_put_null(a, "dead_s");
	put_runs(a, t, preset, way);
}

static void put_presets(struct js root, const struct alive_table *t)
{
	struct js all = js_put_array(root, "presets");

	for (unsigned i = 0; i < t->presets; i++) {
		const struct zoo_preset *p = zoo_at(t->plan.zoo, i);
		struct js preset = js_add_object(all), algorithms;

		js_put_text(preset, "name", p->name);
		js_put_seconds(preset, "timeout_s", alive_timeout(&p->spec));
		algorithms = js_put_object(preset, "algorithms");
		for (unsigned way = 0; way < ALIVE_WAYS; way++)
			put_algorithm(algorithms, t, i, (enum alive_way)way);
	}
}

int alive_write_json(FILE *out, const struct alive_table *t, const struct statement *statements,
		     unsigned count)
{
	bool failed;
	struct js root = js_object(&failed);
	int err;

	js_put_text(root, "schema", "natkit.alive/1");
	js_put_number(root, "days", t->plan.days);
	js_put_int(root, "seeds", t->plan.seeds);
	js_put_int(root, "first", (int64_t)t->plan.first);
	js_put_int(root, "runs", t->runs);
	js_put_seconds(root, "cpu_s", t->cpu_s);
	js_put_seconds(root, "wall_s", t->wall_s);
	put_presets(root, t);
	verdict_put(root, statements, count);
	err = js_print(root, out, true);
	js_free(root);
	return err;
}
