#include "face/options_help.h"

#include <stdio.h>
#include <string.h>

#include "face/options.h"

#define HELP_COLUMN  26
#define HELP_WIDTH   80
#define NAME_MAX_LEN 32

static const struct option_spec builtins[] = {
	{.name = "help", .letter = 'h', .help = "Print this help."},
	{.name = "version", .letter = 'V', .help = "Print the version."},
};
#define BUILTINS (sizeof(builtins) / sizeof(builtins[0]))

void options_print_wrapped(const char *text, size_t at, size_t indent)
{
	while (*text != '\0') {
		const size_t word = strcspn(text, " ");

		if (at > indent && at + 1 + word > HELP_WIDTH) {
			printf("\n%*s", (int)indent, "");
			at = indent;
		} else if (at > indent) {
			putchar(' ');
			at++;
		}
		printf("%.*s", (int)word, text);
		at += word;
		text += word;
		text += strspn(text, " ");
	}
	putchar('\n');
}

static void print_option(const struct option_spec *o)
{
	char head[96], letter[4] = "   ";
	int n;

	if (o->letter != 0)
		snprintf(letter, sizeof(letter), "-%c,", o->letter);
	n = snprintf(head, sizeof(head), "  %s --%s%s%s", letter, o->name,
		     o->argument != NULL ? " " : "", o->argument != NULL ? o->argument : "");
	if (n + 2 > HELP_COLUMN)
		printf("%s\n%*s", head, HELP_COLUMN, "");
	else
		printf("%-*s", HELP_COLUMN, head);
	options_print_wrapped(o->help, HELP_COLUMN, HELP_COLUMN);
}

static void print_help(const struct command_spec *cmd)
{
	printf("Usage: %s [OPTION]...%s%s\n\n", cmd->name, cmd->operands != NULL ? " " : "",
	       cmd->operands != NULL ? cmd->operands : "");
	options_print_wrapped(cmd->about, 0, 0);
	printf("\nOptions:\n");
	for (unsigned i = 0; i < cmd->count; i++)
		print_option(&cmd->options[i]);
	for (size_t i = 0; i < BUILTINS; i++)
		print_option(&builtins[i]);
	if (cmd->notes != NULL) {
		putchar('\n');
		options_print_wrapped(cmd->notes, 0, 0);
	}
}

/* One option a line, tab-separated: --name, -x or nothing, ARGUMENT or nothing, help. */
static void print_list(const struct option_spec *options, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct option_spec *o = &options[i];

		printf("--%s\t", o->name);
		if (o->letter != 0)
			printf("-%c", o->letter);
		printf("\t%s\t%s\n", o->argument != NULL ? o->argument : "", o->help);
	}
}

bool options_builtin(const struct command_spec *cmd, const char *name)
{
	if (strcmp(name, "help") == 0) {
		print_help(cmd);
	} else if (strcmp(name, "version") == 0) {
		printf("%s (natkit) %s\n", cmd->name, NK_VERSION);
	} else if (strcmp(name, "help-options") == 0) {
		print_list(cmd->options, cmd->count);
		print_list(builtins, BUILTINS);
	} else {
		return false;
	}
	return true;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Levenshtein distance, one row at a time. Both at most NAME_MAX_LEN bytes. */
static size_t distance(const char *a, size_t na, const char *b, size_t nb)
{
	size_t row[NAME_MAX_LEN + 1];

	for (size_t j = 0; j <= nb; j++)
		row[j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			const size_t change = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = least(change, least(row[j], row[j - 1]) + 1);
		}
	}
	return row[nb];
}

const char *options_nearest(const struct command_spec *cmd, const char *name, size_t len)
{
	const char *best = NULL;
	size_t best_distance = len / 3 + 2; /* must be less: 1 of 1-2 letters, 2 of 3-5, ... */

	if (len < 2 || len > NAME_MAX_LEN)
		return NULL;
	for (size_t i = 0; i < cmd->count + BUILTINS; i++) {
		const char *n =
			i < cmd->count ? cmd->options[i].name : builtins[i - cmd->count].name;
		const size_t n_len = strlen(n);
		const size_t d = n_len <= NAME_MAX_LEN ? distance(name, len, n, n_len) : len;

		if (d < best_distance) {
			best_distance = d;
			best = n;
		}
	}
	return best;
}
