#include "truth_print.h"

#include <math.h>
#include <string.h>

#include "face/js.h"

/* "." for nothing but right ones, else "12?" for so many unknown, "3!" for so many wrong. */
static void print_field(const struct tally *t, enum field f)
{
	const unsigned unknown = tally_count(t, f, UNKNOWN), wrong = tally_count(t, f, WRONG);
	char text[32] = "", more[16] = "";

	if (unknown > 0)
		snprintf(text, sizeof(text), "%u?", unknown);
	if (wrong > 0)
		snprintf(more, sizeof(more), "%u!", wrong);
	strcat(text, more);
	printf(" %9s", text[0] == '\0' ? "." : text);
}

static void print_fields(const struct tally *presets, unsigned count)
{
	printf("%-20s %6s", "unknown?, wrong!", "runs");
	for (unsigned f = 0; f < FIELD_COUNT; f++)
		printf(" %9.9s", field_name((enum field)f));
	printf("\n");
	for (unsigned i = 0; i < count; i++) {
		printf("%-20s %6u", presets[i].name, presets[i].runs);
		for (unsigned f = 0; f < FIELD_COUNT; f++)
			print_field(&presets[i], (enum field)f);
		printf("\n");
	}
}

/* Rounded down, so that 100 means all. */
static void print_share(struct share s)
{
	printf(" %6.1f", floor(1000 * share_value(s) + 1e-9) / 10);
}

static void print_timers(const struct tally *presets, unsigned count)
{
	printf("\nShares of runs in %% in which\n"
	       "  ci95    holds the timer\n"
	       "  value   is within 1 %% or 0.25 s of it, whichever is more\n"
	       "  cell    as those two, in the worst cell of one loss and one round trip\n"
	       "  narrow  ci95 is at most %g times that wide; lossy: with loss, %g times\n"
	       "wall: median of (time - %g s) / the longest timer that was measured\n\n",
	       WIDTH_MAX, WIDTH_LOSSY_MAX, WALL_FREE);
	printf("%-20s %-8s %6s %6s %6s %6s %6s %6s %6s\n", "", "timer", "ci95", "value", "cell",
	       "cell", "narrow", "lossy", "wall");
	for (unsigned i = 0; i < count; i++)
		for (unsigned s = 0; s < STATE_COUNT; s++) {
			const struct timer_tally *t = &presets[i].timers[s];

			printf("%-20s %-8s", presets[i].name,
			       traffic_state_name((enum traffic_state)s));
			print_share(t->holds);
			print_share(t->right);
			print_share(t->worst_holds);
			print_share(t->worst_right);
			print_share(t->narrow);
			print_share(t->narrow_lossy);
			printf(" %6.3f\n", presets[i].wall);
		}
}

void truth_print(const struct truth_table *t, const struct tally *presets, unsigned count)
{
	print_fields(presets, count);
	print_timers(presets, count);
	printf("\n%u runs in %.1f s, %.2f ms of processor time each\n\n", t->runs, t->wall_s,
	       t->runs == 0 ? 0 : 1e3 * t->cpu_s / t->runs);
}

void verdict_print(const struct statement *statements, unsigned count)
{
	unsigned missed = 0;

	printf("%-68s %10s %10s  %s\n", "statement", "figure", "bound", "verdict");
	for (unsigned i = 0; i < count; i++) {
		const struct statement *s = &statements[i];

		printf("%-68s %10.5g %s%8.5g  %s%s%s\n", s->text, s->figure,
		       s->at_most ? "<=" : ">=", s->bound, s->pass ? "pass" : "MISSED",
		       s->where[0] == '\0' ? "" : ": ", s->where);
		missed += !s->pass;
	}
	printf("%u statements, %u missed\n", count, missed);
}

/* JSON */

static void put_fields(struct js preset, const struct tally *t)
{
	struct js fields = js_put_object(preset, "fields");

	for (unsigned f = 0; f < FIELD_COUNT; f++) {
		struct js field = js_put_object(fields, field_name((enum field)f));

		for (unsigned o = 0; o < OUTCOMES; o++)
			js_put_int(field, outcome_name((enum outcome)o),
				   tally_count(t, (enum field)f, (enum outcome)o));
	}
}

static void put_timers(struct js preset, const struct tally *t)
{
	struct js timers = js_put_object(preset, "timers");

	for (unsigned s = 0; s < STATE_COUNT; s++) {
		const struct timer_tally *m = &t->timers[s];
		struct js timer = js_put_object(timers, traffic_state_name((enum traffic_state)s));

		js_put_number(timer, "holds", share_value(m->holds));
		js_put_number(timer, "right", share_value(m->right));
		js_put_number(timer, "worst_cell_holds", share_value(m->worst_holds));
		js_put_number(timer, "worst_cell_right", share_value(m->worst_right));
		js_put_number(timer, "narrow", share_value(m->narrow));
		js_put_number(timer, "narrow_with_loss", share_value(m->narrow_lossy));
	}
}

static void put_presets(struct js root, const struct tally *presets, unsigned count)
{
	struct js all = js_put_array(root, "presets");

	for (unsigned i = 0; i < count; i++) {
		struct js preset = js_add_object(all);

		js_put_text(preset, "name", presets[i].name);
		js_put_int(preset, "runs", presets[i].runs);
		put_fields(preset, &presets[i]);
		put_timers(preset, &presets[i]);
		js_put_number(preset, "wall", presets[i].wall);
	}
}

void verdict_put(struct js root, const struct statement *statements, unsigned count)
{
	struct js all = js_put_array(root, "statements");

	for (unsigned i = 0; i < count; i++) {
		const struct statement *s = &statements[i];
		struct js one = js_add_object(all);

		js_put_text(one, "statement", s->text);
		js_put_number(one, "figure", s->figure);
		js_put_number(one, "bound", s->bound);
		js_put_bool(one, "at_most", s->at_most);
		js_put_text(one, "where", s->where);
		js_put_bool(one, "pass", s->pass);
	}
	js_put_bool(root, "pass", statements_pass(statements, count));
}

int truth_write_json(FILE *out, const struct truth_table *t, const struct tally *presets,
		     unsigned preset_count, const struct statement *statements, unsigned count)
{
	bool failed;
	struct js root = js_object(&failed);
	int err;

	js_put_text(root, "schema", "natkit.truth/1");
	js_put_int(root, "seeds", t->plan.seeds);
	js_put_int(root, "first", (int64_t)t->plan.first);
	js_put_int(root, "runs", t->runs);
	js_put_seconds(root, "cpu_s", t->cpu_s);
	js_put_seconds(root, "wall_s", t->wall_s);
	put_presets(root, presets, preset_count);
	verdict_put(root, statements, count);
	err = js_print(root, out, true);
	js_free(root);
	return err;
}
