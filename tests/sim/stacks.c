/*
 * stacks: the enumeration of stateful hops behind thousands of random stacks of NATs, and what it found against what is
 * so. Exit status: 0 if all that must be true is, 1 if not.
 */
#include <math.h>
#include <string.h>

#include "base/crypto.h"
#include "crew.h"
#include "face/exit.h"
#include "face/js.h"
#include "face/options.h"
#include "out_file.h"
#include "stack.h"
#include "tally.h"
#include "truth_print.h"
#include "zoo_file.h"

#define FULL_RUNS   2000 /* of each kind: fewer may miss a bound by chance */
#define WALL_FACTOR 1.3
#define WALL_FREE   5.0
#define MAX_FACTOR  1.05

struct settings {
	unsigned runs, first;
	const char *json;
	bool verbose;
};

static const struct option_spec options[] = {
	{.name = "runs",
	 .argument = "N",
	 .kind = OPTION_COUNT,
	 .offset = offsetof(struct settings, runs),
	 .min = 1,
	 .max = 1000000,
	 .help = "How many stacks with each loss (2000)."},
	{.name = "first",
	 .argument = "SEED",
	 .kind = OPTION_COUNT,
	 .offset = offsetof(struct settings, first),
	 .min = 0,
	 .max = 4e9,
	 .help = "Seed of the first of them (1)."},
	{.name = "json",
	 .argument = "FILE",
	 .kind = OPTION_STRING,
	 .offset = offsetof(struct settings, json),
	 .help = "The figures for programs."},
	{.name = "verbose",
	 .letter = 'v',
	 .kind = OPTION_FLAG,
	 .offset = offsetof(struct settings, verbose),
	 .help = "Each stack, not only those that were not understood."},
};

static const struct command_spec command = {
	.name = "stacks",
	.about =
		"Enumerates the stateful hops of random stacks of NATs of the zoo in virtual time, "
		"and counts how often each hop, and each timer, is right.",
	.options = options,
	.count = sizeof(options) / sizeof(options[0]),
};

/* Every other stack ends where its last box does: with nothing beyond that keeps no state. */
struct table {
	const struct settings *settings;
	const struct zoo *zoo;
	struct stack_result *results;
	double cpu_s, wall_s;
};

static const enum scene_loss kinds[] = {LOSS_NONE, LOSS_2};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void stack_number(const struct table *t, unsigned i, struct stack *s)
{
	const uint64_t seed = t->settings->first + i / KINDS;

	stack_draw(s, t->zoo, kinds[i % KINDS], seed);
	s->internet = seed % 2 == 0;
}

/* Telling */

static const char *name_of(enum hop_state s)
{
	static const char *const names[] = {[HOP_UNKNOWN] = "unknown",
					    [HOP_STATELESS] = "stateless",
					    [HOP_STATEFUL] = "stateful",
					    [HOP_HIDDEN] = "hidden"};

	return names[s];
}

static void tell_hop(unsigned i, const struct hop *hop, const struct stack_truth *t)
{
	printf("  %u %-18s %-9s %8.3f to %8.3f s; found: %-9s %8.3f [%.3f, %.3f] at least %.1f, "
	       "%u trials, behind %u; %s\n",
	       i + 1, t->name, name_of(t->state), t->timeout.lo, t->timeout.hi, name_of(hop->state),
	       hop->timeout.value, hop->timeout.lo, hop->timeout.hi, hop->timeout.at_least,
	       hop->timeout.trials, hop->behind, hop->why == NULL ? "" : hop->why);
}

static void play(void *user, unsigned i)
{
	const struct table *t = user;
	struct stack_result *r = &t->results[i];
	struct stack_truth truth[NATMAP_HOPS_MAX];
	struct path_result path;
	struct stack s;

	stack_number(t, i, &s);
	stack_play(&s, r, &path, truth);
	if (!t->settings->verbose && r->finished && r->right && r->held == r->timeouts)
		return;
	printf("seed %llu, loss %s: %s, %.1f s\n", (unsigned long long)s.seed, loss_name(s.loss),
	       !r->finished ? "not finished"
	       : !r->right  ? "not right"
			    : "a timer is not held, or as it should be",
	       r->wall);
	for (unsigned h = 0; h < path.count; h++)
		tell_hop(h, &path.hops[h], &truth[h]);
}

/* Judging */

struct figures {
	struct share right[KINDS], held[KINDS], in_time, bounded;
	unsigned absent, late;
	double width, packets;
};

static bool in_time(const struct stack_result *r)
{
	return r->wall <= WALL_FACTOR * r->longest + WALL_FREE;
}

static void add(struct figures *f, unsigned kind, const struct stack *s,
		const struct stack_result *r)
{
	share_add(&f->right[kind], r->finished && r->right);
	f->held[kind].some += r->held;
	f->held[kind].of += r->timeouts;
	f->absent += r->absent;
	f->late += r->late;
	f->width += r->width;
	f->packets += (double)r->packets_out / r->wall;
	share_add(&f->bounded, r->wall <= MAX_FACTOR * nk_seconds(s->max) + WALL_FREE + 0.5);
	if (r->longest > 0 && !stack_is_tight(s))
		share_add(&f->in_time, in_time(r));
}

static void state(struct statement *all, unsigned *count, const char *text, struct share got,
		  double bound, unsigned runs)
{
	struct statement *s = statement_add(all, count, text, bound, false);
	const double n = got.of, missed = n - got.some;
	const double chance = runs >= FULL_RUNS ? 0 : 1 + 3 * sqrt(n * bound * (1 - bound));

	s->figure = share_value(got);
	s->pass = missed <= n * (1 - bound) + chance + 1e-9;
}

static unsigned verdict_of(const struct figures *f, unsigned runs, struct statement *out)
{
	struct statement *s;
	unsigned n = 0;

	state(out, &n, "every hop right, without loss", f->right[0], 0.99, runs);
	state(out, &n, "every hop right, 2 % loss", f->right[1], 0.97, runs);
	state(out, &n, "timers inside ci95, without loss", f->held[0], 0.95, runs);
	state(out, &n, "timers inside ci95, 2 % loss", f->held[1], 0.95, runs);
	state(out, &n, "within 1.3 x longest timer + 5 s, where every hop keeps state", f->in_time,
	      0.99, runs);
	state(out, &n, "within 1.05 x longest silence + 5 s", f->bounded, 1, FULL_RUNS);
	s = statement_add(out, &n, "hops said to keep no state that may", 0, true);
	s->figure = f->absent;
	s->pass = f->absent == 0;
	s = statement_add(out, &n, "deadlines in the past", 0, true);
	s->figure = f->late;
	s->pass = f->late == 0;
	return n;
}

static int write_json(FILE *out, const struct table *t, const struct figures *f,
		      const struct statement *statements, unsigned count)
{
	const unsigned timers = f->held[0].of + f->held[1].of;
	const unsigned runs = (unsigned)KINDS * t->settings->runs;
	bool failed;
	struct js root = js_object(&failed);
	int err;

	js_put_text(root, "schema", "natkit.stacks/1");
	js_put_int(root, "runs", runs);
	js_put_int(root, "first", t->settings->first);
	js_put_seconds(root, "cpu_s", t->cpu_s);
	js_put_seconds(root, "wall_s", t->wall_s);
	js_put_int(root, "timers", timers);
	js_put_number(root, "mean_ci95_width", timers > 0 ? f->width / timers : 0);
	js_put_number(root, "mean_packets_out_per_s", f->packets / runs);
	verdict_put(root, statements, count);
	err = js_print(root, out, true);
	js_free(root);
	return err;
}

static int judge(const struct table *t)
{
	struct statement statements[STATEMENTS_MAX];
	const unsigned runs = t->settings->runs;
	struct figures f = {.absent = 0};
	struct stack s;
	unsigned count;
	FILE *out;

	for (unsigned i = 0; i < KINDS * runs; i++) {
		stack_number(t, i, &s);
		add(&f, i % KINDS, &s, &t->results[i]);
	}
	count = verdict_of(&f, runs, statements);
	printf("%u stacks, %u timers: ci95 is %.1f %% wide; %.0f packets a second; %.1f s of "
	       "processor, %.1f s\n",
	       (unsigned)KINDS * runs, f.held[0].of + f.held[1].of,
	       100 * f.width / fmax(1, f.held[0].of + f.held[1].of),
	       f.packets / (double)(KINDS * runs), t->cpu_s, t->wall_s);
	verdict_print(statements, count);
	if (t->settings->json != NULL) {
		out = out_file_open(command.name, t->settings->json);
		if (out == NULL || !out_file_close(out, command.name, t->settings->json,
						   write_json(out, t, &f, statements, count)))
			return EXIT_INTERNAL;
	}
	return statements_pass(statements, count) ? EXIT_YES : EXIT_NO;
}

int main(int argc, char **argv)
{
	struct settings settings = {.runs = FULL_RUNS, .first = 1};
	struct table t = {.settings = &settings};
	struct zoo *zoo;
	int status = options_parse(&command, &settings, argc, argv, NULL);
	size_t size;

	if (status != OPTIONS_GO_ON)
		return status;
	if (crypto_init() != 0)
		return EXIT_INTERNAL;
	t.zoo = zoo = zoo_from_file(NULL);
	size = KINDS * settings.runs * sizeof(*t.results);
	t.results = crew_memory(size);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (t.results != NULL &&
	    crew_work((unsigned)KINDS * settings.runs, play, &t, &t.cpu_s, &t.wall_s)) {
		status = judge(&t);
	} else {
		fprintf(stderr, "stacks: a process could not be had, or died\n");
		status = EXIT_INTERNAL;
	}
	crew_free(t.results, size);
	zoo_free(zoo);
	return status;
}
