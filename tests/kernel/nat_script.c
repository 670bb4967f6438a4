/*
 * nat_script [--show] [SCRIPT...] - A Linux NAT of the zoo against the kernel's
 *
 * Plays each script, all at once, before the kernel's NAT, and then, with every
 * packet at the time when it was really sent, before the model. What comes out
 * must be the same. Without arguments: tests/kernel/scripts, all of them.
 * Speaks TAP; --show shows also what was the same.
 *
 * Needs the TUN device, nft and ip, and to be root, if only in a user namespace.
 */
#include <glob.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../sim/zoo_file.h"
#include "cast.h"
#include "edges.h"
#include "kernel_nat.h"
#include "play.h"
#include "sim/net.h"

#define SCRIPTS    "tests/kernel/scripts/*.nat"
#define CHECKS_MAX 100
#define TRIES      3
#define TICKS      (10 * NK_MS) /* one, of the slowest clock that a kernel is built with */
#define STALL      (20 * NK_MS) /* a machine that stands still so long proves nothing */

static bool failed; /* this process */

/* No packets yet, and the NAT that is compared. */
static struct script blank(void)
{
	struct script s = {.spec = zoo_find(zoo_from_file(NULL), "linux")->spec,
			   .mtu = NET_MTU_DEFAULT};

	s.spec.external_count = 2;
	s.spec.external[0] = cast_addr("n");
	s.spec.external[1] = cast_addr("n6");
	return s;
}

/* The lines of @text, each after @before. */
static void print_lines(const char *before, const char *text)
{
	if (*text == '\0')
		printf("%snothing\n", before);
	while (*text != '\0') {
		const size_t n = strcspn(text, "\n");

		printf("%s%.*s\n", before, (int)n, text);
		text += n + (text[n] == '\n');
	}
}

/* Each packet that was not treated alike; with @all, the others too. */
static void print_steps(const struct script *script, const struct transcript *kernel,
			const struct transcript *model, bool all)
{
	for (unsigned i = 0; i < script->count; i++) {
		const bool same = strcmp(kernel->came[i], model->came[i]) == 0;

		if (same && !all)
			continue;
		printf("# %.3f %s\n", nk_seconds(kernel->at[i]), script->steps[i].text);
		print_lines(same ? "#      " : "#      kernel: ", kernel->came[i]);
		if (!same)
			print_lines("#      model:  ", model->came[i]);
	}
}

static void verdict(unsigned number, bool ok, const char *what)
{
	failed |= !ok;
	printf("%sok %u - model and kernel: %s\n", ok ? "" : "not ", number, what);
}

static void skip(unsigned number, const char *what, const char *why)
{
	printf("ok %u - model and kernel: %s # skip %s\n", number, what, why);
}

static bool is_same(const struct transcript *kernel, const struct transcript *model)
{
	return memcmp(kernel->came, model->came, sizeof(model->came)) == 0;
}

/* One script on both stages, until they agree: what differs once may be due to a port that by chance
 * was drawn as one of the script, or to a machine that stood still. Return: NULL, or why not. */
static const char *play_both(const struct script *script, struct transcript *kernel,
			     struct transcript *model)
{
	for (unsigned i = 0; i < TRIES; i++) {
		const char *why = play(script, kernel_stage, NULL, kernel);

		if (why == NULL)
			why = play(script, model_stage, kernel->at, model);
		if (why != NULL || is_same(kernel, model))
			return why;
	}
	return kernel->late < STALL ? NULL : "the machine stood still";
}

static void check_script(unsigned number, const char *path, bool show)
{
	static struct transcript kernel, model;
	static struct script script;
	const char *why;
	char wrong[256];

	script = blank();
	if (!script_read(&script, path, wrong, sizeof(wrong))) {
		verdict(number, false, wrong);
		return;
	}
	why = play_both(&script, &kernel, &model);
	if (why != NULL) {
		skip(number, path, why);
		return;
	}
	verdict(number, is_same(&kernel, &model), path);
	print_steps(&script, &kernel, &model, show);
	printf("# %u packets, late by %.1f ms at most\n", script.count,
	       nk_seconds(kernel.late) * 1e3);
}

static void check_edges(unsigned number)
{
	static const char what[] = "timers end together";
	static struct transcript kernel, model;
	static struct script script;
	const char *why;
	nk_time error;

	script = blank();
	edges_make(&script);
	why = play(&script, kernel_stage, NULL, &kernel);
	if (why == NULL)
		why = play(&script, model_stage, kernel.at, &model);
	if (why != NULL) {
		skip(number, what, why);
		return;
	}
	error = edges_error(&script, &kernel, &model);
	verdict(number, error <= TICKS, what);
	printf("# to within %.1f ms\n", nk_seconds(error) * 1e3);
}

/* What an administrator has not set, the preset has as the kernel does. */
static void check_timers(unsigned number)
{
	static const char what[] = "timers, if left alone";
	char lines[1024] = "";
	FILE *to = fmemopen(lines, sizeof(lines), "w");
	const int others =
		unshare(CLONE_NEWNET) != 0 ? -1 : kernel_nat_compare_timers(blank().spec, to);

	fclose(to);
	if (others < 0) {
		skip(number, what, "no network namespace with conntrack");
		return;
	}
	verdict(number, others == 0, what);
	if (others > 0)
		print_lines("# ", lines);
}

/* A check in a process of its own, which the kernel's stage needs.
 * Return: what it prints, or NULL if it cannot be. */
static FILE *begin(unsigned number, const char *path, bool show)
{
	FILE *out = tmpfile();
	pid_t child;

	fflush(stdout);
	child = out == NULL ? -1 : fork();
	if (child != 0)
		return out; /* without a child it stays empty, and lacks a result */
	if (dup2(fileno(out), STDOUT_FILENO) < 0)
		_exit(1);
	if (number == 1)
		check_timers(number);
	else if (number == 2)
		check_edges(number);
	else
		check_script(number, path, show);
	fflush(stdout);
	_exit(failed);
}

static void copy(FILE *from)
{
	char line[1024];

	rewind(from);
	while (fgets(line, sizeof(line), from) != NULL)
		fputs(line, stdout);
	fclose(from);
}

int main(int argc, char **argv)
{
	const bool show = argc > 1 && strcmp(argv[1], "--show") == 0;
	glob_t all = {.gl_offs = 0};
	char **paths = argv + 1 + show;
	unsigned count = (unsigned)(argc - 1 - show);
	FILE *out[CHECKS_MAX];
	int status;

	if (count == 0 && glob(SCRIPTS, 0, NULL, &all) == 0) {
		paths = all.gl_pathv;
		count = (unsigned)all.gl_pathc;
	}
	if (count == 0 || count >= CHECKS_MAX) {
		fprintf(stderr, "nat_script: no scripts, or too many\n");
		return 2;
	}
	count += 2;
	printf("1..%u\n", count);
	for (unsigned i = 0; i < count; i++)
		out[i] = begin(i + 1, i < 2 ? NULL : paths[i - 2], show);
	while (wait(&status) > 0)
		failed |= status != 0;
	for (unsigned i = 0; i < count; i++)
		if (out[i] != NULL)
			copy(out[i]);
	globfree(&all);
	return failed;
}
