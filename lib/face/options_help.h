/* What a table of options says about itself. Used by options.c and commands.c alone. */
#ifndef FACE_OPTIONS_HELP_H
#define FACE_OPTIONS_HELP_H

#include <stdbool.h>
#include <stddef.h>

struct command_spec;

/* Prints what "help", "version" or "help-options" asks for; false if @name is none of them. */
bool options_builtin(const struct command_spec *cmd, const char *name);

/* The option that @len bytes of @name are most likely meant to be, or NULL if none is near. */
const char *options_nearest(const struct command_spec *cmd, const char *name, size_t len);

/* Prints @text from column @at on, its lines broken before the 80th column and indented by @indent. */
void options_print_wrapped(const char *text, size_t at, size_t indent);

#endif
