#include "face/commands.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "face/exit.h"
#include "face/log.h"
#include "face/options.h"
#include "face/options_help.h"

#define COLUMN 12

static void print_commands(const struct program_spec *p)
{
	printf("\nCommands:\n");
	for (unsigned i = 0; i < p->count; i++) {
		printf("  %-*s", COLUMN - 2, p->commands[i].name);
		options_print_wrapped(p->commands[i].about, COLUMN, COLUMN);
	}
	printf("\n\"%s COMMAND --help\" lists the options of one.\n", p->name);
	if (p->notes != NULL) {
		putchar('\n');
		options_print_wrapped(p->notes, 0, 0);
	}
}

static void print_help(const struct program_spec *p)
{
	printf("Usage: %s COMMAND [OPTION]...\n\n", p->name);
	options_print_wrapped(p->about, 0, 0);
	print_commands(p);
}

static bool asks_for_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* Prints what is asked for by an option. Return: false if @word is none that we have. */
static bool print_builtin(const struct program_spec *p, const char *word)
{
	const struct command_spec bare = {.name = p->name};

	if (asks_for_help(word)) {
		print_help(p);
	} else if (strcmp(word, "--help-commands") == 0) {
		for (unsigned i = 0; i < p->count; i++)
			printf("%s\t%s\n", p->commands[i].name, p->commands[i].about);
	} else if (strcmp(word, "-V") == 0) {
		return options_builtin(&bare, "version");
	} else {
		return strncmp(word, "--", 2) == 0 && options_builtin(&bare, word + 2);
	}
	return true;
}

static const struct subcommand *find(const struct program_spec *p, const char *name)
{
	for (unsigned i = 0; i < p->count; i++) {
		if (strcmp(p->commands[i].name, name) == 0)
			return &p->commands[i];
	}
	return NULL;
}

static int end_printing(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return EXIT_YES;
	log_line(LEVEL_ERROR, "cannot write to standard output: %s", strerror(errno));
	return EXIT_INTERNAL;
}

static bool is_alone(const struct program_spec *p, int argc, char *argv[])
{
	return p->alone != NULL &&
	       (argc < 2 || (argv[1][0] == '-' && strcmp(argv[1], "--help-commands") != 0));
}

static int run_alone(const struct program_spec *p, int argc, char *argv[])
{
	const int status = p->alone(argc, argv);

	if (status != EXIT_YES || argc < 2 || !asks_for_help(argv[1]))
		return status;
	print_commands(p);
	return end_printing();
}

int commands_run(const struct program_spec *program, int argc, char *argv[])
{
	static char name[64];
	const struct subcommand *c;
	char quoted[LOG_QUOTED];

	log_setup(program->name, LOG_COMMAND, LEVEL_INFO);
	if (is_alone(program, argc, argv))
		return run_alone(program, argc, argv);
	if (argc < 2) {
		log_line(LEVEL_ERROR, "wants a command; %s --help lists them all", program->name);
		return EXIT_USAGE;
	}
	if (print_builtin(program, argv[1]))
		return end_printing();
	c = find(program, argv[1]);
	if (c == NULL) {
		log_line(LEVEL_ERROR, "unknown command %s; %s --help lists them all",
			 log_quote(quoted, sizeof(quoted), argv[1]), program->name);
		return EXIT_USAGE;
	}
	snprintf(name, sizeof(name), "%s %s", program->name, c->name);
	log_setup(name, LOG_COMMAND, LEVEL_INFO);
	return c->main(argc - 1, argv + 1);
}
