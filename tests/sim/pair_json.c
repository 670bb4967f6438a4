#include <math.h>

#include "face/js.h"
#include "pair_print.h"
#include "truth_print.h"

static void put_share(struct js object, const char *key, struct share s)
{
	struct js share = js_put_object(object, key);
	const struct wilson w = wilson(s);
	struct js ci95;

	js_put_int(share, "runs", s.of);
	js_put_number(share, "p", s.of == 0 ? NAN : share_value(s));
	ci95 = js_put_array(share, "ci95");
	js_add_number(ci95, w.lo);
	js_add_number(ci95, w.hi);
}

static void put_tactics(struct js object, const struct pair_pool *p)
{
	struct js by = js_put_object(object, "by");

	for (unsigned k = 0; k < TACTICS; k++)
		if (p->by[k] > 0)
			js_put_int(by, tactic_name((enum tactic)k), p->by[k]);
}

static void put_class_pair(struct js all, const struct pair_table *t, unsigned low, unsigned high)
{
	const struct pair_class a = pair_class_at(low), b = pair_class_at(high);
	struct pair_wanted w = PAIR_ALL;
	struct js one, connected;
	struct pair_pool p;

	w.low = (int)low;
	w.high = (int)high;
	p = pair_pool(t, &w);
	if (p.met.of == 0)
		return;
	one = js_add_object(all);
	js_put_text(one, "a", pair_class_text(a));
	js_put_text(one, "b", pair_class_text(b));
	js_put_text(one, "kind", pair_kind_name(pair_kind(a, b)));
	js_put_int(one, "runs", p.met.of);
	put_tactics(one, &p);
	js_put_number(one, "first_check", p.first_check.of == 0 ? NAN : share_value(p.first_check));
	js_put_number(one, "call_s", pair_median(t, &w, PAIR_CALL_S, NULL));
	js_put_number(one, "packets", pair_median(t, &w, PAIR_PACKETS, NULL));
	connected = js_put_object(one, "connected");
	for (unsigned loss = 0; loss < PAIR_LOSSES; loss++) {
		w.loss = (int)loss;
		put_share(connected, pair_loss_name((enum pair_loss)loss), pair_pool(t, &w).met);
	}
}

static void put_classes(struct js root, const struct pair_table *t)
{
	struct js all = js_put_array(root, "classes");

	for (unsigned low = 0; low < PAIR_CLASSES; low++)
		for (unsigned high = low; high < PAIR_CLASSES; high++)
			put_class_pair(all, t, low, high);
}

static void put_pairs(struct js root, const struct pair_table *t)
{
	struct js all = js_put_array(root, "pairs");
	char text[PAIR_SIDE_TEXT];

	for (unsigned a = 0; a < t->side_count[CALLER]; a++)
		for (unsigned b = 0; b < t->side_count[CALLEE]; b++) {
			const struct pair_pool p = pair_pool_at(t, a, b);
			struct js one = js_add_object(all);

			js_put_text(one, "a", pair_side_text(&t->sides[CALLER][a], text));
			js_put_text(one, "b", pair_side_text(&t->sides[CALLEE][b], text));
			js_put_text(
				one, "kind",
				pair_kind_name(pair_kind(pair_side_class(&t->sides[CALLER][a]),
							 pair_side_class(&t->sides[CALLEE][b]))));
			put_share(one, "connected", p.met);
			put_tactics(one, &p);
			js_put_number(one, "call_s", pair_median_at(t, a, b, PAIR_CALL_S));
			js_put_number(one, "packets", pair_median_at(t, a, b, PAIR_PACKETS));
		}
}

static void put_sample(struct js root, const struct pair_table *t)
{
	struct js sample = js_put_object(root, "sample");

	js_put_int(sample, "runs", t->count - pair_table_sample(t));
	for (unsigned loss = 0; loss < PAIR_LOSSES; loss++) {
		const struct pair_sample s = pair_sample(t, (enum pair_loss)loss);
		struct js one = js_put_object(sample, pair_loss_name((enum pair_loss)loss));

		for (unsigned kind = 0; kind < PAIR_KINDS; kind++)
			put_share(one, pair_kind_name((enum pair_kind)kind), s.met[kind]);
		put_share(one, "lan", s.lan);
		put_share(one, "carrier", s.carrier);
	}
}

int pair_write_json(FILE *out, const struct pair_table *t, const struct statement *statements,
		    unsigned count)
{
	bool failed;
	struct js root = js_object(&failed);
	int err;

	js_put_text(root, "schema", "natkit.pairs/1");
	js_put_int(root, "seeds", t->plan.seeds);
	js_put_int(root, "first", (int64_t)t->plan.first);
	js_put_int(root, "runs", t->count);
	js_put_seconds(root, "cpu_s", t->cpu_s);
	js_put_seconds(root, "wall_s", t->wall_s);
	put_classes(root, t);
	put_pairs(root, t);
	put_sample(root, t);
	verdict_put(root, statements, count);
	err = js_print(root, out, true);
	js_free(root);
	return err;
}
