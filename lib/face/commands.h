/* Programs that are several commands: "natsim run", "natsim up" ... */
#ifndef FACE_COMMANDS_H
#define FACE_COMMANDS_H

/**
 * struct subcommand - One of them
 * @about:	One line for --help
 * @main:	As a program's, with @name as argv[0]; messages begin with "PROGRAM NAME: " by then
 */
struct subcommand {
	const char *name;
	const char *about;
	int (*main)(int argc, char *argv[]);
};

/**
 * struct program_spec - A program as its --help shows it
 * @commands:	@count of them, in the order of --help
 * @notes:	A paragraph at the end, or NULL
 * @alone:	Run, as a program's main(), where no command is named: without arguments, or with
 *		options first, of which --help is then also its own; @about is not shown. NULL: a
 *		command is wanted
 */
struct program_spec {
	const char *name;
	const char *about;
	const struct subcommand *commands;
	unsigned count;
	const char *notes;
	int (*alone)(int argc, char *argv[]);
};

/**
 * commands_run() - Runs the subcommand that the first argument names
 *
 * Takes --help, --version, and the unlisted --help-commands and --help-options, which print the
 * names for tests and completions.
 *
 * Return: the exit status.
 */
int commands_run(const struct program_spec *program, int argc, char *argv[]);

#endif
