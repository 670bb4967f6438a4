/* The configuration file of one command: its keys are the command's options. */
#ifndef DESK_CONFIG_FILE_H
#define DESK_CONFIG_FILE_H

#include "face/options.h"

/* The option that names it, for a command's table; @at says where the const char * is. */
#define CONFIG_FILE_OPTION(command, at)                                               \
	{                                                                             \
		.name = "config", .letter = 'c', .argument = "FILE",                  \
		.help = "Read options from this file. Default: " command              \
			".conf in ~/.config/natkit or /etc/natkit, if there is one.", \
		.kind = OPTION_STRING, .not_in_file = true, at                        \
	}

/**
 * config_file_read() - Reads what the command line has left unsaid
 * @path:	What --config says; NULL: the file of the command's name, if there is one
 * @text:	Set to the file, from which strings are borrowed; the caller frees it
 * @into, @given: As for options_parse(), which comes before
 *
 * Return: OPTIONS_GO_ON, or the exit status to end with, said.
 */
int config_file_read(const struct command_spec *cmd, void *into, const char *path, char **text,
		     uint64_t *given);

#endif
