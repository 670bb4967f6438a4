/* Command lines: what is taken, what is refused, and in which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "face/exit.h"
#include "face/log.h"
#include "face/numbers.h"
#include "face/options.h"

struct settings {
	bool verbose, quick;
	int format;
	const char *file, *interface;
	unsigned count;
	nk_time max;
	double share;
	unsigned hosts;
	char last_host[32];
};

static int add_host(void *into, const char *value, char why[static OPTIONS_WHY])
{
	struct settings *s = into;

	if (strchr(value, '!') != NULL) {
		snprintf(why, OPTIONS_WHY, "give HOST or HOST:PORT");
		return -1;
	}
	s->hosts++;
	snprintf(s->last_host, sizeof(s->last_host), "%s", value);
	return 0;
}

#define AT(field) .offset = offsetof(struct settings, field)

static const struct option_spec table[] = {
	{.name = "verbose", .letter = 'v', .help = "Say more.", .kind = OPTION_FLAG, AT(verbose)},
	{.name = "quick", .letter = 'q', .help = "Be quick.", .kind = OPTION_FLAG, AT(quick)},
	{.name = "json", .help = "JSON.", .kind = OPTION_CHOICE, AT(format), .set = 2},
	{.name = "text", .help = "Text.", .kind = OPTION_CHOICE, AT(format), .set = 1},
	{.name = "file",
	 .letter = 'f',
	 .argument = "FILE",
	 .help = "A file.",
	 .kind = OPTION_STRING,
	 AT(file)},
	{.name = "count",
	 .letter = 'n',
	 .argument = "N",
	 .help = "How many.",
	 .kind = OPTION_COUNT,
	 AT(count),
	 .min = 16,
	 .max = 4096},
	{.name = "max",
	 .argument = "TIME",
	 .help = "How long.",
	 .kind = OPTION_DURATION,
	 AT(max),
	 .min = 5,
	 .max = 7200},
	{.name = "share",
	 .argument = "SHARE",
	 .help = "How fine. This help is long enough that it must be broken into several lines "
		 "when it is printed.",
	 .kind = OPTION_RATIO,
	 AT(share),
	 .min = 0.001,
	 .max = 0.5},
	{.name = "host",
	 .argument = "HOST",
	 .help = "A host.",
	 .kind = OPTION_CALL,
	 .repeatable = true,
	 .call = add_host},
	{.name = "interface",
	 .argument = "NAME",
	 .help = "An interface.",
	 .kind = OPTION_INTERFACE,
	 AT(interface)},
};

static const struct command_spec command = {
	.name = "thing",
	.about = "Does a thing.",
	.options = table,
	.count = sizeof(table) / sizeof(table[0]),
};

#define OUTPUT_MAX 8192

/* Runs the parser with standard output and error caught. */
static int parse(struct settings *s, uint64_t *given, char *out, char *err, const char *args)
{
	static char words[512]; /* string options borrow from it */
	char *argv[32] = {words}, *save = NULL;
	FILE *o = tmpfile(), *e = tmpfile();
	const int old_o = dup(STDOUT_FILENO), old_e = dup(STDERR_FILENO);
	int argc = 1, r;

	snprintf(words, sizeof(words), "%s", args);
	for (char *w = strtok_r(words, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	fflush(NULL);
	dup2(fileno(o), STDOUT_FILENO);
	dup2(fileno(e), STDERR_FILENO);
	r = options_parse(&command, s, argc, argv, given);
	fflush(NULL);
	dup2(old_o, STDOUT_FILENO);
	dup2(old_e, STDERR_FILENO);
	close(old_o);
	close(old_e);
	rewind(o);
	rewind(e);
	out[fread(out, 1, OUTPUT_MAX - 1, o)] = '\0';
	err[fread(err, 1, OUTPUT_MAX - 1, e)] = '\0';
	fclose(o);
	fclose(e);
	return r;
}

static void takes_every_form(void **state)
{
	static const char *const forms[] = {
		"--verbose --file=a --count=17 --max 5m",
		"-v -f a -n 17 --max=300",
		"-vfa -n17 --max 300s",
		"-vf a --count 17 --max 300000ms",
	};
	char out[OUTPUT_MAX], err[OUTPUT_MAX];
	(void)state;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct settings s = {0};
		uint64_t given = 0;

		assert_int_equal(parse(&s, &given, out, err, forms[i]), OPTIONS_GO_ON);
		assert_string_equal(out, "");
		assert_string_equal(err, "");
		assert_true(s.verbose);
		assert_false(s.quick);
		assert_string_equal(s.file, "a");
		assert_int_equal(s.count, 17);
		assert_int_equal(s.max, 300 * NK_S);
		assert_true(options_given(&command, given, "max"));
		assert_false(options_given(&command, given, "quick"));
		assert_false(options_given(&command, given, "nonsense"));
	}
}

static void last_use_wins_and_lists_grow(void **state)
{
	char out[OUTPUT_MAX], err[OUTPUT_MAX];
	struct settings s = {0};
	(void)state;

	assert_int_equal(parse(&s, NULL, out, err,
			       "--json --text --max 10 --max 20 --host a --host=b:1 --share 2% "
			       "--interface lo"),
			 OPTIONS_GO_ON);
	assert_int_equal(s.format, 1);
	assert_int_equal(s.max, 20 * NK_S);
	assert_int_equal(s.hosts, 2);
	assert_string_equal(s.last_host, "b:1");
	assert_true(s.share == 0.02);
	assert_string_equal(s.interface, "lo");
}

static void limits_belong_to_the_range(void **state)
{
	char out[OUTPUT_MAX], err[OUTPUT_MAX];
	struct settings s = {0};
	(void)state;

	assert_int_equal(parse(&s, NULL, out, err, "-n 16 --max 7200 --share 0.5"), OPTIONS_GO_ON);
	assert_int_equal(parse(&s, NULL, out, err, "-n 4096 --max 2h --share 0.1%"), OPTIONS_GO_ON);
	assert_int_equal(parse(&s, NULL, out, err, "-n 15"), EXIT_USAGE);
	assert_int_equal(parse(&s, NULL, out, err, "-n 4097"), EXIT_USAGE);
	assert_int_equal(parse(&s, NULL, out, err, "--max 7201"), EXIT_USAGE);
	assert_int_equal(parse(&s, NULL, out, err, "--max 4999ms"), EXIT_USAGE);
}

static void refuses_in_one_line(void **state)
{
	static const struct {
		const char *args, *says;
	} cases[] = {
		{"--max 2x", "thing: --max: cannot use '2x'; give a duration from 5s to 2h, "
			     "written like 90, 90s, 5m or 250ms\n"},
		{"--max=", "thing: --max: cannot use ''; give a duration from 5s to 2h, "
			   "written like 90, 90s, 5m or 250ms\n"},
		{"-n 17x", "thing: --count: cannot use '17x'; give a whole number from 16 to "
			   "4096\n"},
		{"-n -17", "thing: --count: cannot use '-17'; give a whole number from 16 to "
			   "4096\n"},
		{"--share 51%", "thing: --share: cannot use '51%'; give a share from 0.1% to 50%, "
				"written like 1% or 0.01\n"},
		{"--host x!", "thing: --host: cannot use 'x!'; give HOST or HOST:PORT\n"},
		{"--file=", "thing: --file: cannot use ''; the value must not be empty\n"},
		{"--interface nosuch", "thing: --interface: cannot use 'nosuch'; give the name of "
				       "an interface, as \"ip link\" shows it\n"},
		{"--file", "thing: --file wants a value: --file FILE\n"},
		{"-f", "thing: --file wants a value: --file FILE\n"},
		{"--file --json", "thing: --file wants a value before '--json': --file FILE\n"},
		{"--json=1", "thing: --json takes no value, but was given '1'\n"},
		{"--jsn", "thing: unknown option '--jsn'; did you mean --json?\n"},
		{"--mx=3", "thing: unknown option '--mx=3'; did you mean --max?\n"},
		{"--zzzzzz", "thing: unknown option '--zzzzzz'; thing --help lists them all\n"},
		{"-z", "thing: unknown option '-z'; thing --help lists them all\n"},
		{"-vz", "thing: unknown option '-vz'; thing --help lists them all\n"},
		{"word", "thing: cannot use 'word'; thing takes options only (see thing "
			 "--help)\n"},
		{"-- --json", "thing: cannot use '--json'; thing takes options only (see thing "
			      "--help)\n"},
		{"--\x01\n", "thing: unknown option '--\\x01\\x0a'; thing --help lists them "
			     "all\n"},
	};
	char out[OUTPUT_MAX], err[OUTPUT_MAX];
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct settings s = {0};

		assert_int_equal(parse(&s, NULL, out, err, cases[i].args), EXIT_USAGE);
		assert_string_equal(out, "");
		assert_string_equal(err, cases[i].says);
	}
}

static void help_fits_80_columns(void **state)
{
	char out[OUTPUT_MAX], err[OUTPUT_MAX];
	struct settings s = {0};
	size_t column = 0;
	(void)state;

	assert_int_equal(parse(&s, NULL, out, err, "--help"), EXIT_YES);
	assert_string_equal(err, "");
	for (const char *c = out; *c != '\0'; c++) {
		column = *c == '\n' ? 0 : column + 1;
		assert_true(column <= 80);
	}
	for (size_t i = 0; i < command.count; i++)
		assert_non_null(strstr(out, table[i].name));
	assert_non_null(strstr(out, "-n, --count N"));
	assert_int_equal(parse(&s, NULL, err, out, "-vh"), EXIT_YES);
	assert_int_equal(parse(&s, NULL, out, err, "--version"), EXIT_YES);
	assert_memory_equal(out, "thing (natkit) ", 15);
	assert_int_equal(parse(&s, NULL, out, err, "--help-options"), EXIT_YES);
	assert_non_null(strstr(out, "\n--count\t-n\tN\tHow many.\n"));
	assert_non_null(strstr(out, "\n--help\t-h\t\tPrint this help.\n"));
}

struct operands {
	bool verbose;
	char words[64];
	char *const *rest;
};

static int take_word(void *into, const char *value, char why[static OPTIONS_WHY])
{
	struct operands *o = into;

	if (strchr(value, '!') != NULL) {
		snprintf(why, OPTIONS_WHY, "give a word");
		return -1;
	}
	strcat(strcat(o->words, value), ",");
	return 0;
}

static void operands_and_what_follows_them(void **state)
{
	static const struct option_spec verbose[] = {
		{.name = "verbose",
		 .letter = 'v',
		 .help = "",
		 .kind = OPTION_FLAG,
		 .offset = offsetof(struct operands, verbose)}};
	struct command_spec spec = {.name = "some",
				    .options = verbose,
				    .count = 1,
				    .operand = take_word,
				    .takes_rest = true,
				    .rest = offsetof(struct operands, rest)};
	char *const args[] = {(char *)"some", (char *)"a",  (char *)"-v", (char *)"b",
			      (char *)"--",   (char *)"-v", (char *)"!",  NULL};
	struct operands o = {.verbose = false};
	(void)state;

	assert_int_equal(options_parse(&spec, &o, 7, args, NULL), OPTIONS_GO_ON);
	assert_string_equal(o.words, "a,b,");
	assert_true(o.verbose);
	assert_ptr_equal(o.rest, &args[5]);

	spec.takes_rest = false;
	o = (struct operands){.verbose = false};
	assert_int_equal(options_parse(&spec, &o, 6, args, NULL), OPTIONS_GO_ON);
	assert_string_equal(o.words, "a,b,-v,");
	assert_null(o.rest);
	assert_int_equal(options_parse(&spec, &o, 7, args, NULL), EXIT_USAGE);
}

static void files_use_the_same_table(void **state)
{
	char text[] = "# a comment\n\n verbose = yes\nquick=no\ncount = 99 # why\n"
		      "host = a\r\nhost=b#c\nmax = 7m";
	struct settings s = {.count = 20};
	uint64_t given = UINT64_C(1) << 5; /* --count was on the command line */
	(void)state;

	assert_int_equal(options_parse_file(&command, &s, "conf", text, &given), OPTIONS_GO_ON);
	assert_true(s.verbose);
	assert_false(s.quick);
	assert_int_equal(s.count, 20);
	assert_int_equal(s.hosts, 2);
	assert_string_equal(s.last_host, "b#c");
	assert_int_equal(s.max, 420 * NK_S);
	assert_true(options_given(&command, given, "max"));
	assert_true(options_given(&command, given, "count"));
}

static void files_refuse_what_they_do_not_know(void **state)
{
	static const char *const bad[] = {"verbose\n", "verbose = maybe\n", "x = 1\n", "= 1\n",
					  "count = 3\n"};
	char text[64];
	(void)state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct settings s = {0};

		snprintf(text, sizeof(text), "%s", bad[i]);
		assert_int_equal(options_parse_file(&command, &s, "conf", text, NULL), EXIT_USAGE);
	}
}

static void some_are_for_the_command_line_alone(void **state)
{
	static const struct option_spec only[] = {
		{.name = "file",
		 .help = "",
		 .argument = "FILE",
		 .kind = OPTION_STRING,
		 AT(file),
		 .not_in_file = true},
	};
	const struct command_spec spec = {.name = "some", .options = only, .count = 1};
	uint64_t given = 1; /* nor is it passed over if the command line has it */
	char text[] = "file = x\n";
	struct settings s = {0};
	(void)state;

	assert_int_equal(options_parse_file(&spec, &s, "conf", text, &given), EXIT_USAGE);
	assert_null(s.file);
}

static void numbers_are_read_whole(void **state)
{
	static const char *const bad_times[] = {"",
						"s",
						"5 s",
						" 5",
						"5S",
						"-1",
						"+1",
						"1e3",
						"0x10",
						"1..",
						"5d",
						"1.2.3",
						"99999999999999h",
						"nan",
						"inf",
						"."};
	static const char *const bad_counts[] = {"",   "-1",  "+1",  " 1",
						 "1 ", "0x1", "1.0", "18446744073709551616"};
	uint64_t n = 0;
	nk_time t = 0;
	double r = 0;
	(void)state;

	for (size_t i = 0; i < sizeof(bad_times) / sizeof(bad_times[0]); i++)
		assert_int_equal(number_duration(&t, bad_times[i]), NK_ERR_BAD_INPUT);
	for (size_t i = 0; i < sizeof(bad_counts) / sizeof(bad_counts[0]); i++)
		assert_int_equal(number_count(&n, bad_counts[i]), NK_ERR_BAD_INPUT);
	assert_int_equal(number_count(&n, "18446744073709551615"), 0);
	assert_true(n == UINT64_MAX);
	assert_int_equal(number_duration(&t, "0.25s"), 0);
	assert_int_equal(t, 250 * NK_MS);
	assert_int_equal(number_duration(&t, "1.5min"), 0);
	assert_int_equal(t, 90 * NK_S);
	assert_int_equal(number_ratio(&r, "2.5%"), 0);
	assert_true(r == 0.025);
	assert_int_equal(number_ratio(&r, "%"), NK_ERR_BAD_INPUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_every_form),
		cmocka_unit_test(last_use_wins_and_lists_grow),
		cmocka_unit_test(limits_belong_to_the_range),
		cmocka_unit_test(refuses_in_one_line),
		cmocka_unit_test(help_fits_80_columns),
		cmocka_unit_test(operands_and_what_follows_them),
		cmocka_unit_test(files_use_the_same_table),
		cmocka_unit_test(files_refuse_what_they_do_not_know),
		cmocka_unit_test(some_are_for_the_command_line_alone),
		cmocka_unit_test(numbers_are_read_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
