#include "face/options.h"

#include <errno.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "face/exit.h"
#include "face/log.h"
#include "face/numbers.h"
#include "face/options_help.h"

/**
 * struct parse - One pass over a command line or a file
 * @from:	What a refusal begins with: the command's name, or "name: path:line"
 * @dashes:	How a refusal writes an option's name: "--" or ""
 */
struct parse {
	const struct command_spec *cmd;
	void *into;
	char from[256];
	const char *dashes;
	uint64_t given;
};

/* One line on standard error. Always EXIT_USAGE. */
static int refuse(const struct parse *p, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int refuse(const struct parse *p, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s: ", p->from);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return EXIT_USAGE;
}

/* The status that --help and its like end with. */
static int printed(const struct parse *p)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return EXIT_YES;
	refuse(p, "cannot write to standard output: %s", strerror(errno));
	return EXIT_INTERNAL;
}

static int refuse_value(const struct parse *p, const struct option_spec *o, const char *value,
			const char *right)
{
	char quoted[LOG_QUOTED];

	return refuse(p, "%s%s: cannot use %s; %s", p->dashes, o->name,
		      log_quote(quoted, sizeof(quoted), value), right);
}

static int set_count(const struct parse *p, const struct option_spec *o, const char *value)
{
	char right[OPTIONS_WHY];
	uint64_t n;

	if (number_count(&n, value) != 0 || (double)n < o->min || (double)n > o->max) {
		snprintf(right, sizeof(right), "give a whole number from %.0f to %.0f", o->min,
			 o->max);
		return refuse_value(p, o, value, right);
	}
	*(unsigned *)((char *)p->into + o->offset) = (unsigned)n;
	return OPTIONS_GO_ON;
}

static int set_duration(const struct parse *p, const struct option_spec *o, const char *value)
{
	const nk_time lo = nk_from_seconds(o->min), hi = nk_from_seconds(o->max);
	char right[OPTIONS_WHY], a[32], b[32];
	nk_time t;

	if (number_duration(&t, value) != 0 || t < lo || t > hi) {
		snprintf(right, sizeof(right),
			 "give a duration from %s to %s, written like 90, 90s, 5m or 250ms",
			 duration_text(a, sizeof(a), lo), duration_text(b, sizeof(b), hi));
		return refuse_value(p, o, value, right);
	}
	*(nk_time *)((char *)p->into + o->offset) = t;
	return OPTIONS_GO_ON;
}

static int set_ratio(const struct parse *p, const struct option_spec *o, const char *value)
{
	char right[OPTIONS_WHY];
	double r;

	if (number_ratio(&r, value) != 0 || r < o->min || r > o->max) {
		snprintf(right, sizeof(right),
			 "give a share from %g%% to %g%%, written like 1%% or 0.01", o->min * 100,
			 o->max * 100);
		return refuse_value(p, o, value, right);
	}
	*(double *)((char *)p->into + o->offset) = r;
	return OPTIONS_GO_ON;
}

static int set_interface(const struct parse *p, const struct option_spec *o, const char *value)
{
	if (strlen(value) >= IF_NAMESIZE || if_nametoindex(value) == 0)
		return refuse_value(p, o, value,
				    "give the name of an interface, as \"ip link\" shows it");
	*(const char **)((char *)p->into + o->offset) = value;
	return OPTIONS_GO_ON;
}

static bool takes_value(const struct option_spec *o)
{
	return o->kind != OPTION_FLAG && o->kind != OPTION_CHOICE;
}

/* Stores one use of an option. @value is NULL for those that take none. */
static int apply(struct parse *p, const struct option_spec *o, const char *value)
{
	char *target = (char *)p->into + o->offset;
	char why[OPTIONS_WHY] = "";

	p->given |= UINT64_C(1) << (o - p->cmd->options);
	switch (o->kind) {
	case OPTION_FLAG:
		*(bool *)target = true;
		return OPTIONS_GO_ON;
	case OPTION_CHOICE:
		*(int *)target = o->set;
		return OPTIONS_GO_ON;
	case OPTION_STRING:
		if (*value == '\0')
			return refuse_value(p, o, value, "the value must not be empty");
		*(const char **)target = value;
		return OPTIONS_GO_ON;
	case OPTION_INTERFACE:
		return set_interface(p, o, value);
	case OPTION_COUNT:
		return set_count(p, o, value);
	case OPTION_DURATION:
		return set_duration(p, o, value);
	case OPTION_RATIO:
		return set_ratio(p, o, value);
	case OPTION_CALL:
		if (o->call(p->into, value, why) != 0)
			return refuse_value(p, o, value, why);
		return OPTIONS_GO_ON;
	}
	return EXIT_INTERNAL;
}

static const struct option_spec *find_name(const struct command_spec *cmd, const char *name,
					   size_t len)
{
	for (unsigned i = 0; i < cmd->count; i++) {
		if (strlen(cmd->options[i].name) == len &&
		    memcmp(cmd->options[i].name, name, len) == 0)
			return &cmd->options[i];
	}
	return NULL;
}

static const struct option_spec *find_letter(const struct command_spec *cmd, char letter)
{
	for (unsigned i = 0; i < cmd->count; i++) {
		if (cmd->options[i].letter == letter)
			return &cmd->options[i];
	}
	return NULL;
}

static int refuse_unknown(const struct parse *p, const char *text, const char *name, size_t len)
{
	const char *near = options_nearest(p->cmd, name, len);
	char quoted[LOG_QUOTED];

	log_quote(quoted, sizeof(quoted), text);
	if (near != NULL)
		return refuse(p, "unknown option %s; did you mean %s%s?", quoted, p->dashes, near);
	return refuse(p, "unknown option %s; %s --help lists them all", quoted, p->cmd->name);
}

/* The value in the next argument; one that looks like an option is more likely a slip. */
static int take_value(const struct parse *p, const struct option_spec *o, const char *next,
		      const char **value)
{
	char quoted[LOG_QUOTED];

	if (next == NULL)
		return refuse(p, "--%s wants a value: --%s %s", o->name, o->name, o->argument);
	if (strncmp(next, "--", 2) == 0)
		return refuse(p, "--%s wants a value before %s: --%s %s", o->name,
			      log_quote(quoted, sizeof(quoted), next), o->name, o->argument);
	*value = next;
	return OPTIONS_GO_ON;
}

/* "--name", "--name=value"; @used counts the next argument if it was the value. */
static int parse_long(struct parse *p, const char *arg, const char *next, int *used)
{
	const char *name = arg + 2;
	const size_t len = strcspn(name, "=");
	const char *value = name[len] == '=' ? name + len + 1 : NULL;
	const struct option_spec *o = find_name(p->cmd, name, len);
	char quoted[LOG_QUOTED];
	int r;

	if (options_builtin(p->cmd, name))
		return printed(p);
	if (o == NULL)
		return refuse_unknown(p, arg, name, len);
	if (!takes_value(o) && value != NULL)
		return refuse(p, "--%s takes no value, but was given %s", o->name,
			      log_quote(quoted, sizeof(quoted), value));
	if (takes_value(o) && value == NULL) {
		r = take_value(p, o, next, &value);
		if (r != OPTIONS_GO_ON)
			return r;
		*used += 1;
	}
	return apply(p, o, value);
}

/* "-x", "-xyz", "-x value", "-xvalue". */
static int parse_short(struct parse *p, const char *arg, const char *next, int *used)
{
	int r = OPTIONS_GO_ON;

	for (const char *c = arg + 1; *c != '\0' && r == OPTIONS_GO_ON; c++) {
		const struct option_spec *o = find_letter(p->cmd, *c);
		const char *value = c[1] != '\0' ? c + 1 : NULL;

		if (*c == 'h' || *c == 'V') {
			options_builtin(p->cmd, *c == 'h' ? "help" : "version");
			return printed(p);
		}
		if (o == NULL)
			return refuse_unknown(p, arg, "", 0);
		if (!takes_value(o)) {
			r = apply(p, o, NULL);
			continue;
		}
		if (value == NULL) {
			r = take_value(p, o, next, &value);
			if (r != OPTIONS_GO_ON)
				return r;
			*used += 1;
		}
		return apply(p, o, value);
	}
	return r;
}

static int take_operand(const struct parse *p, const char *value)
{
	char quoted[LOG_QUOTED], why[OPTIONS_WHY] = "";

	log_quote(quoted, sizeof(quoted), value);
	if (p->cmd->operand == NULL)
		return refuse(p, "cannot use %s; %s takes options only (see %s --help)", quoted,
			      p->cmd->name, p->cmd->name);
	if (p->cmd->operand(p->into, value, why) != 0)
		return refuse(p, "cannot use %s; %s", quoted, why);
	return OPTIONS_GO_ON;
}

int options_parse(const struct command_spec *cmd, void *into, int argc, char *const argv[],
		  uint64_t *given)
{
	struct parse p = {.cmd = cmd, .into = into, .dashes = "--"};
	bool only_operands = false;
	int r = OPTIONS_GO_ON;

	snprintf(p.from, sizeof(p.from), "%s", cmd->name);
	for (int i = 1; i < argc && r == OPTIONS_GO_ON; i++) {
		const char *arg = argv[i], *next = i + 1 < argc ? argv[i + 1] : NULL;

		if (!only_operands && strcmp(arg, "--") == 0 && cmd->takes_rest) {
			*(char *const **)((char *)into + cmd->rest) = &argv[i + 1];
			break;
		}
		if (!only_operands && strcmp(arg, "--") == 0)
			only_operands = true;
		else if (!only_operands && strncmp(arg, "--", 2) == 0)
			r = parse_long(&p, arg, next, &i);
		else if (!only_operands && arg[0] == '-' && arg[1] != '\0')
			r = parse_short(&p, arg, next, &i);
		else
			r = take_operand(&p, arg);
	}
	if (given != NULL)
		*given |= p.given;
	return r;
}

static char *trim(char *s)
{
	size_t n;

	s += strspn(s, " \t\r");
	n = strlen(s);
	while (n > 0 && strchr(" \t\r", s[n - 1]) != NULL)
		n--;
	s[n] = '\0';
	return s;
}

/* Ends @line where a comment begins: "#" first of all or after a space. */
static void cut_comment(char *line)
{
	for (char *c = line; *c != '\0'; c++) {
		if (*c == '#' && (c == line || c[-1] == ' ' || c[-1] == '\t')) {
			*c = '\0';
			return;
		}
	}
}

bool config_next(char **text, unsigned *line, char **key, char **value)
{
	while (**text != '\0') {
		char *start = *text;
		char *end = start + strcspn(start, "\n");
		char *equals;

		*text = *end != '\0' ? end + 1 : end;
		*end = '\0';
		*line += 1;
		cut_comment(start);
		start = trim(start);
		if (*start == '\0')
			continue;
		equals = strchr(start, '=');
		if (equals != NULL)
			*equals = '\0';
		*key = trim(start);
		*value = equals != NULL ? trim(equals + 1) : NULL;
		return true;
	}
	return false;
}

static bool is_printed(const char *name)
{
	return strcmp(name, "help") == 0 || strcmp(name, "version") == 0;
}

static int apply_line(struct parse *p, const struct option_spec *o, const char *value)
{
	if (takes_value(o))
		return apply(p, o, value);
	if (strcasecmp(value, "yes") == 0)
		return apply(p, o, NULL);
	if (strcasecmp(value, "no") == 0)
		return OPTIONS_GO_ON;
	return refuse_value(p, o, value, "give yes or no");
}

int options_parse_file(const struct command_spec *cmd, void *into, const char *path, char *text,
		       uint64_t *given)
{
	const uint64_t before = given != NULL ? *given : 0;
	struct parse p = {.cmd = cmd, .into = into, .dashes = ""};
	char *key, *value, quoted[LOG_QUOTED];
	int r = OPTIONS_GO_ON;
	unsigned line = 0;

	while (r == OPTIONS_GO_ON && config_next(&text, &line, &key, &value)) {
		const struct option_spec *o = find_name(cmd, key, strlen(key));

		snprintf(p.from, sizeof(p.from), "%s: %s:%u", cmd->name, path, line);
		if (value == NULL)
			r = refuse(&p, "cannot use %s; write NAME = VALUE",
				   log_quote(quoted, sizeof(quoted), key));
		else if (o != NULL ? o->not_in_file : is_printed(key))
			r = refuse(&p, "'%s' is for the command line alone", key);
		else if (o == NULL)
			r = refuse_unknown(&p, key, key, strlen(key));
		else if ((before >> (o - cmd->options) & 1) == 0)
			r = apply_line(&p, o, value);
	}
	if (given != NULL)
		*given |= p.given;
	return r;
}

bool options_given(const struct command_spec *cmd, uint64_t given, const char *name)
{
	const struct option_spec *o = find_name(cmd, name, strlen(name));

	return o != NULL && (given >> (o - cmd->options) & 1) != 0;
}
