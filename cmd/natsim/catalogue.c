#include "catalogue.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "face/exit.h"
#include "face/js.h"
#include "face/log.h"
#include "zoo_file.h"

#define SCHEMA "natkit.natsim-list/1"

/* struct zoo_files comes first, for zoo_files_add(). */
struct wish {
	struct zoo_files files;
	const char *name;
	bool json;
};

static const struct option_spec options[] = {
	{.name = "json",
	 .letter = 'j',
	 .help = "Print JSON, with every axis of every preset.",
	 .kind = OPTION_FLAG,
	 .offset = offsetof(struct wish, json)},
	ZOO_FILES_OPTION(zoo_files_add),
};

static const struct command_spec list_spec = {
	.name = "natsim list",
	.about = "Names the presets. A value that is assumed has a \"?\"; \"-\" stands for what no "
		 "source says.",
	.options = options,
	.count = sizeof(options) / sizeof(options[0]),
};

static int take_name(void *into, const char *value, char why[static OPTIONS_WHY])
{
	struct wish *w = into;

	if (w->name != NULL) {
		snprintf(why, OPTIONS_WHY, "give one NAME");
		return -1;
	}
	w->name = value;
	return 0;
}

static const struct command_spec show_spec = {
	.name = "natsim show",
	.about = "Says everything about one preset: each axis, its value, whether that is sourced "
		 "or assumed, and where it is from or why.",
	.operands = "NAME",
	.operand = take_name,
	.options = options,
	.count = sizeof(options) / sizeof(options[0]),
};

static unsigned marked(const struct zoo_preset *p, enum zoo_mark mark)
{
	unsigned n = 0;

	for (int i = 0; i < ZOO_AXES; i++)
		n += p->claims[i].mark == mark;
	return n;
}

/* The columns of the list, by axis. */
static const struct column {
	const char *axis, *title;
	int width;
} columns[] = {
	{"mapping", "MAPPING", 7},     {"filtering", "FILTER", 6},    {"ports", "PORTS", 11},
	{"timer-first", "FIRST", 6},   {"timer-replied", "REPLY", 6}, {"timer-stream", "STREAM", 7},
	{"tcp-established", "TCP", 8},
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static int longest_name(const struct zoo *z)
{
	const struct zoo_preset *p;
	size_t longest = 0;

	for (unsigned i = 0; (p = zoo_at(z, i)) != NULL; i++)
		longest = strlen(p->name) > longest ? strlen(p->name) : longest;
	return (int)longest;
}

static void print_cell(const struct column *c, const struct zoo_claim *claim)
{
	char text[64];

	if (claim->mark == ZOO_ABSENT)
		snprintf(text, sizeof(text), "-");
	else
		snprintf(text, sizeof(text), "%s%s", claim->value,
			 claim->mark == ZOO_ASSUMED ? "?" : "");
	printf("  %-*s", c->width, text);
}

static void list_text(const struct zoo *z)
{
	const int width = longest_name(z);
	const struct zoo_preset *p;

	printf("%-*s", width, "NAME");
	for (size_t c = 0; c < COLUMNS; c++)
		printf("  %-*s", columns[c].width, columns[c].title);
	printf("  SOURCED  TITLE\n");
	for (unsigned i = 0; (p = zoo_at(z, i)) != NULL; i++) {
		const unsigned sourced = marked(p, ZOO_SOURCED);

		printf("%-*s", width, p->name);
		for (size_t c = 0; c < COLUMNS; c++)
			print_cell(&columns[c], &p->claims[zoo_axis_find(columns[c].axis)]);
		printf("  %2u of %2u %s\n", sourced, sourced + marked(p, ZOO_ASSUMED), p->title);
	}
}

static void print_axes(const struct zoo_preset *p, enum zoo_mark mark)
{
	for (int i = 0; i < ZOO_AXES; i++) {
		const struct zoo_claim *c = &p->claims[i];

		if (c->mark == mark)
			printf("  %-16s  %-12s  %s\n", zoo_axis_name(i), c->value, c->source);
	}
}

/* That a NAT translates goes without saying. */
static void print_absent(const struct zoo_preset *p)
{
	size_t column = 80;

	for (int i = 0; i < ZOO_AXES; i++) {
		const char *name = zoo_axis_name(i);

		if (p->claims[i].mark != ZOO_ABSENT || i == zoo_axis_find("translate"))
			continue;
		column += strlen(name) + 1;
		if (column > 80) {
			printf("\n ");
			column = 2 + strlen(name);
		}
		printf(" %s", name);
	}
	putchar('\n');
}

static void show_text(const struct zoo_preset *p)
{
	printf("%s: %s\n", p->name, p->title);
	if (marked(p, ZOO_SOURCED) > 0)
		printf("\nSourced:\n");
	print_axes(p, ZOO_SOURCED);
	if (marked(p, ZOO_ASSUMED) > 0)
		printf("\nAssumed, and why:\n");
	print_axes(p, ZOO_ASSUMED);
	if (marked(p, ZOO_ABSENT) > 0)
		printf("\nNo source speaks of these. The model goes without; timers of TCP and "
		       "ICMP are\n"
		       "then those of RFC 5382 and 5508:");
	print_absent(p);
}

static void put_preset(struct js array, const struct zoo_preset *p)
{
	struct js preset = js_add_object(array), axes;

	js_put_text(preset, "name", p->name);
	js_put_text(preset, "title", p->title);
	for (int m = 0; m < ZOO_MARKS; m++)
		js_put_int(preset, zoo_mark_name((enum zoo_mark)m), marked(p, (enum zoo_mark)m));
	axes = js_put_object(preset, "axes");
	for (int i = 0; i < ZOO_AXES; i++) {
		const struct zoo_claim *c = &p->claims[i];
		struct js axis = js_put_object(axes, zoo_axis_name(i));

		js_put_text(axis, "value", c->value);
		js_put_text(axis, "mark", zoo_mark_name(c->mark));
		js_put_text(axis, "source", c->source);
	}
}

/* @only, or all if it is NULL. */
static int print_json(const struct zoo *z, const struct zoo_preset *only)
{
	const struct zoo_preset *p;
	bool failed;
	struct js root = js_object(&failed), presets;
	int r;

	js_put_text(root, "schema", SCHEMA);
	js_put_text(root, "version", NK_VERSION);
	presets = js_put_array(root, "presets");
	for (unsigned i = 0; (p = zoo_at(z, i)) != NULL; i++)
		if (only == NULL || p == only)
			put_preset(presets, p);
	r = js_print(root, stdout, true);
	js_free(root);
	return r;
}

static int print(const struct zoo *z, const struct wish *w)
{
	const struct zoo_preset *p = NULL;
	int r = 0;

	if (w->name != NULL && (p = zoo_want(z, w->name)) == NULL)
		return EXIT_USAGE;
	if (w->json)
		r = print_json(z, p);
	else if (p != NULL)
		show_text(p);
	else
		list_text(z);
	if (r == 0 && fflush(stdout) == 0 && !ferror(stdout))
		return EXIT_YES;
	log_line(LEVEL_ERROR, "cannot write: %s", strerror(errno));
	return EXIT_INTERNAL;
}

static int run(const struct command_spec *spec, int argc, char *argv[])
{
	struct wish w = {.name = NULL};
	struct zoo *z;
	int r = options_parse(spec, &w, argc, argv, NULL);

	if (r != OPTIONS_GO_ON)
		return r;
	if (spec->operand != NULL && w.name == NULL) {
		log_line(LEVEL_ERROR, "wants the NAME of a preset; \"natsim list\" has them");
		return EXIT_USAGE;
	}
	r = zoo_open(&z, &w.files);
	if (r != 0)
		return exit_from_err(r);
	r = print(z, &w);
	zoo_free(z);
	return r;
}

int list_main(int argc, char *argv[])
{
	return run(&list_spec, argc, argv);
}

int show_main(int argc, char *argv[])
{
	return run(&show_spec, argc, argv);
}
