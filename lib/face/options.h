/*
 * Command lines. One static const table per command gives the parsing, the
 * --help text, the keys of a configuration file, and the list that tests
 * compare with the manual page and the completions.
 */
#ifndef FACE_OPTIONS_H
#define FACE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"

#define OPTIONS_MAX   64  /* in one table */
#define OPTIONS_WHY   160 /* bytes of a handler's complaint */
#define OPTIONS_GO_ON (-1)

enum option_kind {
	OPTION_FLAG,      /* bool: becomes true; takes no value */
	OPTION_CHOICE,    /* int: becomes @set; takes no value */
	OPTION_STRING,    /* const char *: borrowed from the command line or file; not empty */
	OPTION_INTERFACE, /* const char *: the name of a network interface that there is */
	OPTION_COUNT,     /* unsigned: a whole number, @min to @max */
	OPTION_DURATION,  /* nk_time: 90, 90s, 5m, 2h or 250ms; @min to @max in seconds */
	OPTION_RATIO,     /* double: 1% or 0.01; @min to @max as fractions */
	OPTION_CALL,      /* @call takes the value */
};

/**
 * struct option_spec - One option
 * @name:	Long name without dashes
 * @letter:	Short name, or 0
 * @argument:	What --help calls its value, such as "SECONDS"; NULL if it takes none
 * @help:	One or a few sentences for --help
 * @offset:	offsetof() the target in the caller's struct; not used by OPTION_CALL
 * @min, @max:	Limits, inclusive, of numbers
 * @set:	OPTION_CHOICE: the value stored
 * @not_in_file: For the command line alone; a configuration file that has it is refused
 * @repeatable:	Each use adds to a list; otherwise the last use wins
 * @call:	OPTION_CALL: stores @value in @into. On refusal returns non-zero and writes to @why
 *		what would be right, such as "give HOST or HOST:PORT"; the parser quotes the text
 */
struct option_spec {
	const char *name;
	char letter;
	const char *argument;
	const char *help;
	enum option_kind kind;
	size_t offset;
	double min, max;
	int set;
	bool not_in_file;
	bool repeatable;
	int (*call)(void *into, const char *value, char why[static OPTIONS_WHY]);
};

/* A row that many tables have; @at says where the const char * is. */
#define INTERFACE_OPTION(at)                                                              \
	{                                                                                 \
		.name = "interface", .letter = 'i', .argument = "NAME",                   \
		.help = "Send through this interface only.", .kind = OPTION_INTERFACE, at \
	}

/**
 * struct command_spec - A command as its --help shows it
 * @name:	Such as "natprobe", or "natsim run"
 * @about:	One paragraph: what it does
 * @notes:	A paragraph after the options, or NULL
 * @operands:	How --help writes what may follow the options, such as "FILE"; NULL: nothing
 * @operand:	Takes each operand before "--", as an option's @call does its value; NULL: none
 * @takes_rest:	What follows "--" is not for us
 * @rest:	With it, offsetof() a char *const * in the caller's struct, set to what follows "--"
 *		(NULL at its end); left alone without "--"
 *
 * --help (-h), --version (-V) and the unlisted --help-options come by themselves.
 */
struct command_spec {
	const char *name;
	const char *about;
	const char *notes;
	const char *operands;
	int (*operand)(void *into, const char *value, char why[static OPTIONS_WHY]);
	bool takes_rest;
	size_t rest;
	const struct option_spec *options;
	unsigned count;
};

/**
 * options_parse() - Reads a command line
 * @into:	The caller's struct, holding the defaults; written through each option's @offset
 * @given:	Bit i is set if options[i] was used; may be NULL. Start with 0
 *
 * Takes --name=value, --name value, -x value, -xvalue, bundled flags (-4v) and "--".
 * Prints what --help and --version ask for on standard output, and a refusal, one
 * line, on standard error.
 *
 * Return: OPTIONS_GO_ON, or the exit status to end with.
 */
int options_parse(const struct command_spec *cmd, void *into, int argc, char *const argv[],
		  uint64_t *given);

/**
 * options_parse_file() - Reads a configuration file of "name = value" lines
 * @path:	For messages
 * @text:	The file, cut into lines in place; string options borrow from it
 * @given:	Options whose bit is set are left alone: the command line wins. Bits of options
 *		found here are added at the end. May be NULL
 *
 * Names are those of the table; options without a value take yes or no. "#" begins a
 * comment at the start of a line or after a space. A refusal names path and line.
 *
 * Return: OPTIONS_GO_ON, or the exit status to end with.
 */
int options_parse_file(const struct command_spec *cmd, void *into, const char *path, char *text,
		       uint64_t *given);

/* Whether the option of that name is among @given. */
bool options_given(const struct command_spec *cmd, uint64_t given, const char *name);

/**
 * config_next() - Takes the next "key = value" line of a configuration file
 * @text:	Where to go on; moved past the line, which is cut up in place
 * @line:	Counted up with each line, comments included
 * @key, @value: Without the space around them; *@value is NULL on a line without "="
 *
 * Return: false at the end.
 */
bool config_next(char **text, unsigned *line, char **key, char **value);

#endif
