/*
 * pairs: natpunch's whole calls between two sides behind every pair of NATs, and who met by what.
 * Exit status: 0 if all that must be true is, 1 if not.
 */
#include "base/crypto.h"
#include "face/exit.h"
#include "face/options.h"
#include "out_file.h"
#include "pair_print.h"
#include "pair_trial.h"
#include "truth_print.h"
#include "zoo_file.h"

struct settings {
	unsigned seeds, first;
	const char *side[PAIR_SIDES], *zoo, *json, *svg, *pcap;
	int loss, delay;
	bool shared, verbose;
};

static int set_loss(void *into, const char *value, char why[static OPTIONS_WHY])
{
	struct settings *s = into;

	s->loss = pair_loss_find(value);
	if (s->loss < 0)
		snprintf(why, OPTIONS_WHY, "give none, 5%% or bursty");
	return s->loss < 0;
}

static int set_delay(void *into, const char *value, char why[static OPTIONS_WHY])
{
	struct settings *s = into;

	s->delay = pair_delay_find(value);
	if (s->delay < 0)
		snprintf(why, OPTIONS_WHY, "give 1, 40, 300 or asymmetric");
	return s->delay < 0;
}

#define AT(member) offsetof(struct settings, member)

static const struct option_spec options[] = {
	{.name = "seeds",
	 .argument = "N",
	 .kind = OPTION_COUNT,
	 .offset = AT(seeds),
	 .min = 1,
	 .max = 100000,
	 .help = "How many seeds for each pair, loss and delay (20)."},
	{.name = "first",
	 .argument = "SEED",
	 .kind = OPTION_COUNT,
	 .offset = AT(first),
	 .min = 0,
	 .max = 4e9,
	 .help = "The first of them (1)."},
	{.name = "a",
	 .argument = "NAT[,NAT]",
	 .kind = OPTION_STRING,
	 .offset = AT(side[CALLER]),
	 .help = "The caller behind that NAT alone; or two, the outermost first."},
	{.name = "b",
	 .argument = "NAT[,NAT]",
	 .kind = OPTION_STRING,
	 .offset = AT(side[CALLEE]),
	 .help = "The callee."},
	{.name = "shared",
	 .kind = OPTION_FLAG,
	 .offset = AT(shared),
	 .help = "The outermost NAT of both is one and the same."},
	{.name = "loss",
	 .argument = "LOSS",
	 .kind = OPTION_CALL,
	 .call = set_loss,
	 .help = "That one alone: none, 5% or bursty."},
	{.name = "delay",
	 .argument = "MS",
	 .kind = OPTION_CALL,
	 .call = set_delay,
	 .help = "That one alone, one way: 1, 40, 300 or asymmetric."},
	{.name = "zoo",
	 .argument = "FILE",
	 .kind = OPTION_STRING,
	 .offset = AT(zoo),
	 .help = "The NATs in that file, not those in share/zoo.conf."},
	{.name = "json",
	 .argument = "FILE",
	 .kind = OPTION_STRING,
	 .offset = AT(json),
	 .help = "The table for programs."},
	{.name = "svg",
	 .argument = "FILE",
	 .kind = OPTION_STRING,
	 .offset = AT(svg),
	 .help = "The table as a picture."},
	{.name = "pcap",
	 .argument = "FILE",
	 .kind = OPTION_STRING,
	 .offset = AT(pcap),
	 .help = "Every packet of one run: with --a, --b, --loss, --delay and --seeds 1."},
	{.name = "verbose",
	 .letter = 'v',
	 .kind = OPTION_FLAG,
	 .offset = AT(verbose),
	 .help = "The command for each run that should connect and does not."},
};

static const struct command_spec command = {
	.name = "pairs",
	.about =
		"Runs natpunch between all pairs of NATs in virtual time, and counts who connects, "
		"by what, and how fast.",
	.options = options,
	.count = sizeof(options) / sizeof(options[0]),
};

static bool write_files(const struct settings *s, const struct pair_table *t,
			const struct statement *statements, unsigned count)
{
	FILE *f;

	if (s->json != NULL) {
		f = out_file_open(command.name, s->json);
		if (f == NULL || !out_file_close(f, command.name, s->json,
						 pair_write_json(f, t, statements, count)))
			return false;
	}
	if (s->svg != NULL) {
		f = out_file_open(command.name, s->svg);
		if (f == NULL || !out_file_close(f, command.name, s->svg, pair_write_svg(f, t)))
			return false;
	}
	return true;
}

/* Judges a table and tells of it. Return: the exit status. */
static int judge_table(const struct settings *s, const struct pair_table *t)
{
	const bool whole = pair_table_sample(t) < t->count;
	struct statement statements[STATEMENTS_MAX];
	unsigned count = pair_verdict(t, statements);

	pair_print(t);
	if (whole &&
	    !pair_trials(t->plan.zoo, s->seeds * PAIR_TRIAL_RUNS, s->first, statements, &count)) {
		fprintf(stderr, "pairs: a process could not be had, or died\n");
		return EXIT_INTERNAL;
	}
	verdict_print(statements, count);
	if (!write_files(s, t, statements, count))
		return EXIT_INTERNAL;
	return statements_pass(statements, count) ? EXIT_YES : EXIT_NO;
}

static int run(const struct settings *s, struct pair_table_plan *plan)
{
	static struct pair_table t;
	int status = EXIT_INTERNAL;

	for (unsigned i = 0; i < PAIR_SIDES; i++)
		if (s->side[i] != NULL && !pair_side_find(&plan->side[i], plan->zoo, s->side[i])) {
			fprintf(stderr, "pairs: no NATs are called '%s'\n", s->side[i]);
			return EXIT_USAGE;
		}
	if (pair_table_fill(&t, plan))
		status = judge_table(s, &t);
	else
		fprintf(stderr, "pairs: the zoo has no combinations, or a process died\n");
	pair_table_free(&t);
	return status;
}

static int run_with_pcap(const struct settings *s, struct pair_table_plan *plan)
{
	int status;

	if (s->side[CALLER] == NULL || s->side[CALLEE] == NULL || s->loss < 0 || s->delay < 0 ||
	    s->seeds != 1) {
		fprintf(stderr, "pairs: --pcap is for one run: say which\n");
		return EXIT_USAGE;
	}
	plan->pcap = out_file_open(command.name, s->pcap);
	if (plan->pcap == NULL)
		return EXIT_INTERNAL;
	status = run(s, plan);
	fclose(plan->pcap);
	return status;
}

int main(int argc, char **argv)
{
	struct settings s = {.seeds = PAIR_SEEDS, .first = 1, .loss = ANY, .delay = ANY};
	int status = options_parse(&command, &s, argc, argv, NULL);
	struct pair_table_plan plan;
	struct zoo *zoo;
	char again[512];

	if (status != OPTIONS_GO_ON)
		return status;
	if (crypto_init() != 0)
		return EXIT_INTERNAL;
	snprintf(again, sizeof(again), "%s%s%s", argv[0], s.zoo == NULL ? "" : " --zoo ",
		 s.zoo == NULL ? "" : s.zoo);
	zoo = zoo_from_file(s.zoo);
	plan = (struct pair_table_plan){
		.zoo = zoo,
		.shared = s.shared,
		.loss = s.loss,
		.delay = s.delay,
		.first = s.first,
		.seeds = s.seeds,
		.verbose = s.verbose,
		.again = again,
	};
	status = s.pcap == NULL ? run(&s, &plan) : run_with_pcap(&s, &plan);
	zoo_free(zoo);
	return status;
}
