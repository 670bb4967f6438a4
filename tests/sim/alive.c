/*
 * alive: each way to keep a mapping, behind every NAT of the zoo, for a year of virtual time: what it
 * costs, and how often the mapping is lost. Exit status: 0 if all that must be true is, 1 if not.
 */
#include "alive_print.h"
#include "base/crypto.h"
#include "face/exit.h"
#include "face/options.h"
#include "out_file.h"
#include "truth_print.h"
#include "zoo_file.h"

struct settings {
	unsigned seeds, first, days;
	const char *preset, *zoo, *json, *svg;
	int way, loss, drift;
	bool verbose;
};

static int set_way(void *into, const char *value, char why[static OPTIONS_WHY])
{
	struct settings *s = into;

	s->way = alive_way_find(value);
	if (s->way < 0)
		snprintf(why, OPTIONS_WHY, "give turns, fixed, learned, opener, none or oracle");
	return s->way < 0;
}

static int set_loss(void *into, const char *value, char why[static OPTIONS_WHY])
{
	struct settings *s = into;

	s->loss = alive_loss_find(value);
	if (s->loss < 0)
		snprintf(why, OPTIONS_WHY, "give none, 2%%, 5%% or bursts");
	return s->loss < 0;
}

static int set_drift(void *into, const char *value, char why[static OPTIONS_WHY])
{
	struct settings *s = into;

	s->drift = alive_drift_find(value);
	if (s->drift < 0)
		snprintf(why, OPTIONS_WHY, "give steady, grows, shrinks or walks");
	return s->drift < 0;
}

#define AT(member) offsetof(struct settings, member)

static const struct option_spec options[] = {
	{.name = "days",
	 .argument = "N",
	 .kind = OPTION_COUNT,
	 .offset = AT(days),
	 .min = 1,
	 .max = 3650,
	 .help = "How many days of virtual time (365)."},
	{.name = "seeds",
	 .argument = "N",
	 .kind = OPTION_COUNT,
	 .offset = AT(seeds),
	 .min = 1,
	 .max = 1000,
	 .help = "How many seeds (1)."},
	{.name = "first",
	 .argument = "SEED",
	 .kind = OPTION_COUNT,
	 .offset = AT(first),
	 .min = 0,
	 .max = 4e9,
	 .help = "The first of them (1)."},
	{.name = "preset",
	 .argument = "NAME",
	 .kind = OPTION_STRING,
	 .offset = AT(preset),
	 .help = "That NAT alone."},
	{.name = "algorithm",
	 .argument = "NAME",
	 .kind = OPTION_CALL,
	 .call = set_way,
	 .help = "That one alone: turns, fixed, learned (with the oracle), opener, none or "
		 "oracle."},
	{.name = "loss",
	 .argument = "LOSS",
	 .kind = OPTION_CALL,
	 .call = set_loss,
	 .help = "That one alone: none, 2%, 5% or bursts."},
	{.name = "drift",
	 .argument = "DRIFT",
	 .kind = OPTION_CALL,
	 .call = set_drift,
	 .help = "That one alone: steady, grows, shrinks or walks. Else one for each NAT and loss, "
		 "and another with the next seed."},
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
	{.name = "verbose",
	 .letter = 'v',
	 .kind = OPTION_FLAG,
	 .offset = AT(verbose),
	 .help = "Each mapping that is lost."},
};

static const struct command_spec command = {
	.name = "alive",
	.about = "Keeps a mapping open behind every NAT of the zoo in virtual time, by each "
		 "algorithm, and counts what that costs and how often it is lost.",
	.options = options,
	.count = sizeof(options) / sizeof(options[0]),
};

static bool write_files(const struct settings *s, const struct alive_table *t,
			const struct statement *statements, unsigned count)
{
	FILE *f;

	if (s->json != NULL) {
		f = out_file_open(command.name, s->json);
		if (f == NULL || !out_file_close(f, command.name, s->json,
						 alive_write_json(f, t, statements, count)))
			return false;
	}
	if (s->svg != NULL) {
		f = out_file_open(command.name, s->svg);
		if (f == NULL || !out_file_close(f, command.name, s->svg, alive_write_svg(f, t)))
			return false;
	}
	return true;
}

/* Judges a table and tells of it. Return: the exit status. */
static int judge_table(const struct settings *s, const struct alive_table *t)
{
	struct statement statements[STATEMENTS_MAX];
	const unsigned count = alive_verdict(t, statements);

	alive_print(t);
	verdict_print(statements, count);
	if (!write_files(s, t, statements, count))
		return EXIT_INTERNAL;
	return statements_pass(statements, count) ? EXIT_YES : EXIT_NO;
}

static int run(const struct settings *s, const struct zoo *zoo, const char *again)
{
	const struct alive_plan plan = {
		.zoo = zoo,
		.preset = s->preset,
		.way = s->way,
		.loss = s->loss,
		.drift = s->drift,
		.days = s->days,
		.first = s->first,
		.seeds = s->seeds,
		.verbose = s->verbose,
		.again = again,
	};
	struct alive_table t;
	int status = EXIT_INTERNAL;

	if (alive_table_fill(&t, &plan))
		status = judge_table(s, &t);
	else
		fprintf(stderr, "alive: a process could not be had, or died\n");
	alive_table_free(&t);
	return status;
}

int main(int argc, char **argv)
{
	struct settings s = {
		.seeds = ALIVE_SEEDS,
		.first = 1,
		.days = ALIVE_DAYS,
		.way = ALIVE_ANY,
		.loss = ALIVE_ANY,
		.drift = ALIVE_ANY,
	};
	int status = options_parse(&command, &s, argc, argv, NULL);
	struct zoo *zoo;
	char again[512];

	if (status != OPTIONS_GO_ON)
		return status;
	if (crypto_init() != 0)
		return EXIT_INTERNAL;
	snprintf(again, sizeof(again), "%s%s%s", argv[0], s.zoo == NULL ? "" : " --zoo ",
		 s.zoo == NULL ? "" : s.zoo);
	zoo = zoo_from_file(s.zoo);
	if (s.preset != NULL && zoo_find(zoo, s.preset) == NULL) {
		fprintf(stderr, "alive: no NAT is called '%s'\n", s.preset);
		status = EXIT_USAGE;
	} else {
		status = run(&s, zoo, again);
	}
	zoo_free(zoo);
	return status;
}
