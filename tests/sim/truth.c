/*
 * truth: natprobe's whole run against natbroker, behind every NAT of the zoo, and what was found
 * against what is so. Exit status: 0 if all that must be true is, 1 if not.
 */
#include "base/crypto.h"
#include "face/exit.h"
#include "face/options.h"
#include "out_file.h"
#include "truth_print.h"
#include "zoo_file.h"

struct settings {
	unsigned seeds, first;
	const char *preset, *zoo, *json, *pcap;
	int loss, delay;
	bool sample, verbose;
};

static int set_loss(void *into, const char *value, char why[static OPTIONS_WHY])
{
	struct settings *s = into;

	s->loss = loss_find(value);
	if (s->loss < 0)
		snprintf(why, OPTIONS_WHY, "give none, 2%%, 5%% or bursty");
	return s->loss < 0;
}

static int set_delay(void *into, const char *value, char why[static OPTIONS_WHY])
{
	struct settings *s = into;

	s->delay = delay_find(value);
	if (s->delay < 0)
		snprintf(why, OPTIONS_WHY, "give 1, 40 or 300");
	return s->delay < 0;
}

#define AT(member) offsetof(struct settings, member)

static const struct option_spec options[] = {
	{.name = "seeds",
	 .argument = "N",
	 .kind = OPTION_COUNT,
	 .offset = AT(seeds),
	 .min = 1,
	 .max = 10000,
	 .help = "How many seeds (100)."},
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
	{.name = "loss",
	 .argument = "LOSS",
	 .kind = OPTION_CALL,
	 .call = set_loss,
	 .help = "That one alone: none, 2%, 5% or bursty."},
	{.name = "delay",
	 .argument = "MS",
	 .kind = OPTION_CALL,
	 .call = set_delay,
	 .help = "That round trip alone: 1, 40 or 300."},
	{.name = "sample",
	 .kind = OPTION_FLAG,
	 .offset = AT(sample),
	 .help = "With one round trip for each NAT and loss, another with the next seed."},
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
	{.name = "pcap",
	 .argument = "FILE",
	 .kind = OPTION_STRING,
	 .offset = AT(pcap),
	 .help = "Every packet of one run: with --preset, --loss, --delay and --seeds 1."},
	{.name = "verbose",
	 .letter = 'v',
	 .kind = OPTION_FLAG,
	 .offset = AT(verbose),
	 .help = "Each finding and each trial."},
};

static const struct command_spec command = {
	.name = "truth",
	.about = "Runs natprobe behind every NAT of the zoo in virtual time, and counts which of "
		 "its findings are right, honestly unknown, or wrong.",
	.options = options,
	.count = sizeof(options) / sizeof(options[0]),
};

static bool write_json(const char *path, const struct truth_table *t, const struct tally *presets,
		       unsigned preset_count, const struct statement *statements, unsigned count)
{
	FILE *f = out_file_open(command.name, path);

	return f != NULL &&
	       out_file_close(f, command.name, path,
			      truth_write_json(f, t, presets, preset_count, statements, count));
}

/* Judges a table and tells of it. Return: the exit status. */
static int judge_table(const struct truth_table *t, const char *json)
{
	static struct tally tallies[ZOO_PRESETS_MAX];
	struct statement statements[STATEMENTS_MAX];
	unsigned presets = 0, count;

	for (unsigned i = 0; i < t->presets; i++)
		presets += tally_preset(t, i, &tallies[presets]);
	count = verdict(tallies, presets, t->plan.seeds, statements);
	truth_print(t, tallies, presets);
	verdict_print(statements, count);
	if (json != NULL && !write_json(json, t, tallies, presets, statements, count))
		return EXIT_INTERNAL;
	return statements_pass(statements, count) ? EXIT_YES : EXIT_NO;
}

static int run(const struct settings *s, const struct zoo *zoo, FILE *pcap, const char *again)
{
	const struct truth_plan plan = {
		.zoo = zoo,
		.preset = s->preset,
		.loss = s->loss,
		.delay = s->delay,
		.first = s->first,
		.seeds = s->seeds,
		.sample = s->sample,
		.verbose = s->verbose,
		.pcap = pcap,
		.again = again,
	};
	struct truth_table t;
	int status = EXIT_INTERNAL;

	if (truth_table_fill(&t, &plan))
		status = judge_table(&t, s->json);
	else
		fprintf(stderr, "truth: a process could not be had, or died\n");
	truth_table_free(&t);
	return status;
}

static int run_with_pcap(const struct settings *s, const struct zoo *zoo, const char *again)
{
	FILE *f;
	int status;

	if (s->preset == NULL || s->loss < 0 || s->delay < 0 || s->seeds != 1) {
		fprintf(stderr, "truth: --pcap is for one run: say which\n");
		return EXIT_USAGE;
	}
	f = out_file_open(command.name, s->pcap);
	if (f == NULL)
		return EXIT_INTERNAL;
	status = run(s, zoo, f, again);
	fclose(f);
	return status;
}

int main(int argc, char **argv)
{
	struct settings s = {.seeds = FULL_SEEDS, .first = 1, .loss = -1, .delay = -1};
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
		fprintf(stderr, "truth: no NAT is called '%s'\n", s.preset);
		status = EXIT_USAGE;
	} else {
		status = s.pcap == NULL ? run(&s, zoo, NULL, again) : run_with_pcap(&s, zoo, again);
	}
	zoo_free(zoo);
	return status;
}
