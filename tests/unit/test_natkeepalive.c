/* Parts of natkeepalive: the user's command, events and the report. */
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "../../cmd/natkeepalive/exec.h"
#include "../../cmd/natkeepalive/report.h"
#include "../../cmd/natkeepalive/watch.h"
#include "../../cmd/natkeepalive/words.h"
#include "face/style.h"
#include "io/wakes.h"

#define VALIDATOR                                                                            \
                                                                                             \
	"/usr/bin/python3 -W ignore -m jsonschema -i %s share/natkeepalive%s-1.schema.json " \
	">%s/said 2>&1"

static char folder[] = "/tmp/natkeepalive-test-XXXXXX";
static const struct keeper_options two = {
	.target_count = 2,
	.targets = {{.name = "one.example"}, {.kind = KEEPER_PEER, .name = "two.example:5"}},
	.algorithm = KEEPALIVE_LEARNED,
	.floor = 15 * NK_S,
	.longest = 3600 * NK_S,
};

static int begin(void **state)
{
	(void)state;
	return mkdtemp(folder) != NULL && chdir(folder) == 0 ? 0 : -1;
}

static int end(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command); /* NOLINT(cert-env33-c): a folder of our own */
}

static struct keeper_event happened(enum keeper_event_kind kind, unsigned target, uint16_t port)
{
	return (struct keeper_event){.kind = kind,
				     .target = target,
				     .at = 2 * NK_S,
				     .mapped = addr_v4(198, 51, 100, 7, port),
				     .before = addr_v4(198, 51, 100, 7, 999),
				     .local = addr_v4(10, 0, 0, 2, 40000)};
}

/* The command */

static void note(struct exec *e, enum keeper_event_kind kind, unsigned target, uint16_t port)
{
	const struct keeper_event ev = happened(kind, target, port);

	exec_note(e, &ev);
}

static struct exec start_exec(const char *command)
{
	unlink("log");
	return (struct exec){.hook = {.command = command, .wake = wakes_open()}, .options = &two};
}

/* Waits for the command that is running. */
static void wait_for(struct exec *e)
{
	struct pollfd p = {.fd = e->hook.wake, .events = POLLIN};

	if (e->hook.pid != 0) /* it may have ended within its turn */
		assert_int_equal(poll(&p, 1, 30000), 1);
}

static void assert_log(struct exec *e, const char *want)
{
	char text[1024] = "";
	FILE *in;

	exec_end(e, true);
	close(e->hook.wake);
	in = fopen("log", "r");
	if (in != NULL) {
		text[fread(text, 1, sizeof(text) - 1, in)] = '\0';
		fclose(in);
	}
	assert_string_equal(text, want);
}

#define TELL "echo $NATKIT_EVENT $NATKIT_SERVER $NATKIT_PUBLIC_PORT was $NATKIT_BEFORE_PORT >>log"

static void runs_once_for_each_change(void **state)
{
	struct exec e = start_exec(TELL);

	(void)state;
	exec_turn(&e);
	assert_int_equal(e.hook.pid, 0); /* nothing has happened */
	note(&e, KEEPER_EVENT_UP, 0, 1000);
	exec_turn(&e);
	wait_for(&e);
	exec_turn(&e);
	exec_turn(&e);
	assert_int_equal(e.hook.pid, 0);
	note(&e, KEEPER_EVENT_INTERVAL, 0, 0); /* these are no changes */
	note(&e, KEEPER_EVENT_NETWORK, KEEPER_TARGETS_MAX, 0);
	note(&e, KEEPER_EVENT_UP, 0, 1000);
	exec_turn(&e);
	assert_int_equal(e.hook.pid, 0);
	note(&e, KEEPER_EVENT_CHANGED, 0, 2000);
	exec_turn(&e);
	wait_for(&e);
	note(&e, KEEPER_EVENT_LOST, 0, 0);
	exec_turn(&e);
	wait_for(&e);
	note(&e, KEEPER_EVENT_UP, 0, 2000);
	exec_turn(&e);
	assert_log(&e, "up one.example 1000 was\n"
		       "changed one.example 2000 was 1000\n"
		       "lost one.example was 2000\n"
		       "up one.example 2000 was 2000\n");
}

/* While the first runs, until the pipe is written to, much happens. */
static void tells_the_latest_when_it_was_slow(void **state)
{
	struct exec e = start_exec("cat go >/dev/null; " TELL);
	FILE *go;

	(void)state;
	unlink("go");
	assert_int_equal(system("mkfifo go"), 0); /* NOLINT(cert-env33-c) */
	note(&e, KEEPER_EVENT_UP, 0, 1000);
	exec_turn(&e);
	note(&e, KEEPER_EVENT_LOST, 0, 0);
	note(&e, KEEPER_EVENT_UP, 0, 2000);
	note(&e, KEEPER_EVENT_UP, 1, 3000);
	note(&e, KEEPER_EVENT_CHANGED, 0, 4000);
	note(&e, KEEPER_EVENT_LOST, 1, 0);
	note(&e, KEEPER_EVENT_UP, 1, 5000);
	exec_turn(&e);
	for (unsigned i = 0; i < 3; i++) {
		go = fopen("go", "w");
		assert_non_null(go);
		fclose(go);
		wait_for(&e);
		exec_turn(&e);
	}
	assert_log(&e, "up one.example 1000 was\n"
		       "up two.example:5 5000 was\n"
		       "changed one.example 4000 was 1000\n");
}

static void says_nothing_of_what_passed(void **state)
{
	struct exec e = start_exec("cat go >/dev/null; " TELL);
	FILE *go;

	(void)state;
	note(&e, KEEPER_EVENT_UP, 0, 1000);
	exec_turn(&e);
	note(&e, KEEPER_EVENT_LOST, 0, 0);
	note(&e, KEEPER_EVENT_UP, 0, 1000);
	go = fopen("go", "w");
	assert_non_null(go);
	fclose(go);
	assert_log(&e, "up one.example 1000 was\n");
}

static void outlives_a_command_that_fails(void **state)
{
	struct exec e = start_exec(TELL "; kill -9 $$");

	(void)state;
	note(&e, KEEPER_EVENT_UP, 0, 1000);
	exec_turn(&e);
	wait_for(&e);
	exec_turn(&e);
	assert_int_equal(e.hook.pid, 0);
	note(&e, KEEPER_EVENT_LOST, 0, 0);
	exec_turn(&e);
	assert_log(&e, "up one.example 1000 was\nlost one.example was 1000\n");
}

/* Who starts us may have told the kernel to forget children at once: nobody knows then how they end. */
static void runs_where_children_are_forgotten(void **state)
{
	struct exec e = start_exec(TELL);

	(void)state;
	signal(SIGCHLD, SIG_IGN);
	note(&e, KEEPER_EVENT_UP, 0, 1000);
	exec_turn(&e);
	wait_for(&e);
	exec_turn(&e);
	assert_int_equal(e.hook.pid, 0);
	note(&e, KEEPER_EVENT_LOST, 0, 0);
	exec_turn(&e);
	assert_log(&e, "up one.example 1000 was\nlost one.example was 1000\n");
	signal(SIGCHLD, SIG_DFL);
}

static void ends_with_what_is_running_only(void **state)
{
	struct exec e = start_exec(TELL);

	(void)state;
	note(&e, KEEPER_EVENT_UP, 0, 1000);
	exec_turn(&e);
	note(&e, KEEPER_EVENT_UP, 1, 2000);
	exec_end(&e, false);
	assert_int_equal(e.hook.pid, 0);
	e.now[1] = e.told[1];
	assert_log(&e, "up one.example 1000 was\n");
}

/* It has no input, and nothing open that is ours. */
static void gives_the_command_nothing_else(void **state)
{
#define COUNT "{ cat; ls /proc/self/fd | wc -l; } >"
	struct exec e = start_exec(COUNT "log");
	char want[16] = "";
	FILE *in;

	(void)state;
	assert_int_equal(system(COUNT "want </dev/null"), 0); /* NOLINT(cert-env33-c) */
	in = fopen("want", "re");
	assert_non_null(in);
	assert_non_null(fgets(want, sizeof(want), in));
	note(&e, KEEPER_EVENT_UP, 0, 1000);
	exec_turn(&e);
	assert_log(&e, want);
	fclose(in);
}

/* Reports */

static struct keeper_result some_result(void)
{
	return (struct keeper_result){
		.target_count = 2,
		.elapsed = 3600 * NK_S,
		.wakes = 60,
		.constant_wakes = 480,
		.lower = 118,
		.value = 120,
		.upper = 121.5,
		.trials = 14,
		.bytes = 3349,
		.constant_bytes = 14880,
		.search_bytes = 900,
		.complete = true,
		.targets = {{.state = KEEPER_UP,
			     .local = addr_v4(10, 0, 0, 2, 40000),
			     .mapped = addr_v4(198, 51, 100, 7, 1000),
			     .interval = 96 * NK_S,
			     .rtt = 12 * NK_MS,
			     .packets_out = 40,
			     .packets_in = 39,
			     .bytes_out = 1240,
			     .bytes_in = 1209,
			     .constant_bytes = 14880},
			    {.state = KEEPER_TRYING, .age = NK_NEVER}},
	};
}

static json_t *json_of(const struct keeper_result *r, const char *file)
{
	const struct report report = {
		.started_unix = 1790000000 * NK_S, .options = &two, .result = r};
	FILE *out = fopen(file, "w");
	bool failed;
	struct js root = report_json(&report, &failed);
	json_t *read;

	assert_non_null(out);
	assert_int_equal(js_print(root, out, true), 0);
	assert_int_equal(fclose(out), 0);
	js_free(root);
	read = json_load_file(file, 0, NULL);
	assert_non_null(read);
	return read;
}

static double number_at(json_t *root, const char *a, const char *b)
{
	return json_number_value(json_object_get(json_object_get(root, a), b));
}

static void reports_what_it_cost(void **state)
{
	struct keeper_result r = some_result();
	json_t *j = json_of(&r, "report.json"), *cost;

	(void)state;
	cost = json_object_get(json_array_get(json_object_get(j, "targets"), 0), "cost");
	assert_true(json_number_value(json_object_get(cost, "bytes_per_hour")) == 2449);
	assert_true(json_number_value(json_object_get(cost, "constant_bytes_per_hour")) == 14880);
	assert_true(number_at(j, "cost", "bytes_per_hour") == 3349);
	assert_true(number_at(j, "timeout", "value") == 120);
	assert_true(number_at(j, "wakes", "constant_per_hour") == 480);
	assert_null(json_object_get(json_object_get(j, "timeout"), "at_least"));
	json_decref(j);

	/* Only that it is longer, and too early for rates. */
	r.value = r.upper = 0;
	r.elapsed = NK_S;
	j = json_of(&r, "early.json");
	assert_true(number_at(j, "timeout", "at_least") == 118);
	assert_true(json_is_null(json_object_get(json_object_get(j, "wakes"), "per_hour")));
	json_decref(j);

	r.lower = 0;
	j = json_of(&r, "unknown.json");
	assert_non_null(json_object_get(json_object_get(j, "timeout"), "why"));
	json_decref(j);
}

static char *text_of(const struct keeper_result *r)
{
	const struct style plain = {.width = 80};
	const struct report report = {.options = &two, .result = r};
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	report_text(out, &plain, &report);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void reports_for_people(void **state)
{
	const struct keeper_result r = some_result();
	char *text = text_of(&r);

	(void)state;
	assert_non_null(strstr(text, "198.51.100.7:1000"));
	assert_non_null(strstr(text, "96s     2449    14880\n"));
	assert_non_null(
		strstr(text, "120.0 s (118.0 s to 121.5 s), as 14 trials of this run tell\n"));
	assert_non_null(strstr(text, "3349 bytes an hour, in place of 14880 at 15 s\n"));
	assert_null(strstr(text, "nan"));
	for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1)
		assert_true(strcspn(line, "\n") <= 100);
	free(text);
}

static void reports_early(void **state)
{
	struct keeper_result r = some_result();
	char *text;

	(void)state;
	r.elapsed = 360 * NK_S;
	r.trials = 1;
	text = text_of(&r);
	assert_non_null(strstr(text, "33490 bytes an hour so far, in place of 148800 at 15 s\n"));
	assert_non_null(strstr(text, ", as 1 trial of this run tells\n"));
	free(text);
	r.trials = 0;
	r.value = r.upper = 0;
	r.elapsed = NK_S;
	text = text_of(&r);
	assert_non_null(strstr(text, "at least 118.0 s, as earlier runs tell\n"));
	assert_null(strstr(text, "an hour"));
	free(text);
}

static void words_times(void **state)
{
	char text[32];

	(void)state;
	assert_string_equal(words_for_time(text, sizeof(text), 750 * NK_MS), "750ms");
	assert_string_equal(words_for_time(text, sizeof(text), NK_S / 7), "143ms");
	assert_string_equal(words_for_time(text, sizeof(text), 1440 * NK_MS), "1.4s");
}

/* Events */

static void tells_events(void **state)
{
	static const char *const want[] = {"start",   "up",       "changed", "lost",
					   "network", "interval", "done"};
	struct keeper_event e[5] = {
		happened(KEEPER_EVENT_UP, 0, 1000),
		happened(KEEPER_EVENT_CHANGED, 0, 2000),
		happened(KEEPER_EVENT_LOST, 1, 0),
		happened(KEEPER_EVENT_NETWORK, KEEPER_TARGETS_MAX, 0),
		happened(KEEPER_EVENT_INTERVAL, 0, 0),
	};
	const struct keeper_result r = some_result();
	const struct report report = {.options = &two, .result = &r};
	struct watch w = {.options = &two, .talks = true, .events = fopen("events.json", "w")};
	char line[8192], name[32];
	json_t *j;

	(void)state;
	assert_non_null(w.events);
	e[4].interval = 12 * NK_S;
	watch_start(&w, 1790000000 * NK_S);
	for (unsigned i = 0; i < 5; i++)
		watch_event(&w, &e[i]);
	watch_end(&w, &report);
	assert_true(w.floor_told);
	assert_non_null(freopen("events.json", "r", w.events));
	for (unsigned i = 0; i < 7; i++) {
		assert_non_null(fgets(line, sizeof(line), w.events));
		j = json_loads(line, 0, NULL);
		assert_string_equal(json_string_value(json_object_get(j, "event")), want[i]);
		snprintf(name, sizeof(name), "event-%u.json", i);
		assert_int_equal(json_dump_file(j, name, 0), 0);
		json_decref(j);
	}
	assert_null(fgets(line, sizeof(line), w.events));
	fclose(w.events);
}

static const char *top;

static bool is_valid(const char *file, const char *which)
{
	char command[PATH_MAX + 256];

	snprintf(command, sizeof(command), "cd %s && " VALIDATOR, top, file, which, folder);
	return system(command) == 0; /* NOLINT(cert-env33-c): as it stands above */
}

static void fits_the_schemas(void **state)
{
	static const char *const reports[] = {"report.json", "early.json", "unknown.json"};
	char file[PATH_MAX];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		snprintf(file, sizeof(file), "%s/%s", folder, reports[i]);
		assert_true(is_valid(file, ""));
	}
	assert_false(is_valid(file, "-event"));
	for (unsigned i = 0; i < 7; i++) {
		snprintf(file, sizeof(file), "%s/event-%u.json", folder, i);
		assert_true(is_valid(file, "-event"));
	}
	assert_false(is_valid(file, ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_once_for_each_change),
		cmocka_unit_test(tells_the_latest_when_it_was_slow),
		cmocka_unit_test(says_nothing_of_what_passed),
		cmocka_unit_test(outlives_a_command_that_fails),
		cmocka_unit_test(runs_where_children_are_forgotten),
		cmocka_unit_test(ends_with_what_is_running_only),
		cmocka_unit_test(gives_the_command_nothing_else),
		cmocka_unit_test(reports_what_it_cost),
		cmocka_unit_test(reports_for_people),
		cmocka_unit_test(reports_early),
		cmocka_unit_test(words_times),
		cmocka_unit_test(tells_events),
		cmocka_unit_test(fits_the_schemas),
	};
	char here[PATH_MAX];

	top = getcwd(here, sizeof(here));
	return cmocka_run_group_tests(tests, begin, end);
}
