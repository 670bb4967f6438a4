#include "map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/err.h"
#include "core/natmap/natmap.h"
#include "desk/picture.h"
#include "desk/worker.h"
#include "face/exit.h"
#include "face/log.h"
#include "face/options.h"
#include "face/style.h"
#include "io/clock.h"
#include "io/privilege.h"
#include "io/run.h"
#include "map_report.h"
#include "map_settings.h"
#include "map_watch.h"
#include "map_ways.h"

#define TICK (100 * NK_MS)

/**
 * struct session - One run
 * @started:	The program, names of servers being looked up before the core
 * @servers_found: What the look for servers ended with: without any, gateways are asked all the
 *		same
 */
struct session {
	struct map_settings settings;
	struct server_list servers;
	struct map_ways ways;
	nk_time started;
	int servers_found;
	struct upnp_worker upnp;
	struct capture *capture;
	struct natmap *map;
	struct map_report report;
	struct map_watch watch;
};

/* Whoever has privileges gets to see what hops quote; nothing else needs them. */
static int give_up_privileges(struct session *s)
{
	int r;

	s->capture = capture_open();
	r = privilege_drop_capabilities();
	if (r != 0)
		log_line(LEVEL_ERROR, "cannot give up privileges: %s", err_text(r));
	return r;
}

static int out_of_memory(void)
{
	log_line(LEVEL_ERROR, "%s", err_text(NK_ERR_NO_MEMORY));
	return NK_ERR_NO_MEMORY;
}

/* Return: 0, or an error that has been told. */
static int prepare(struct session *s)
{
	int r = crypto_init();

	if (r != 0) {
		log_line(LEVEL_ERROR, "cannot start the cryptographic library");
		return r;
	}
	r = server_list_find(&s->servers, s->settings.servers.names, s->settings.servers.count);
	if (r == NK_ERR_NO_MEMORY)
		return out_of_memory();
	if (r != 0 && r != NK_ERR_UNREACHABLE)
		return r;
	r = map_ways_find(&s->ways, &s->settings, &s->servers);
	s->servers_found = r;
	if (s->capture != NULL)
		capture_follow(s->capture, &s->ways.options);
	return r == NK_ERR_UNREACHABLE && s->ways.options.way_count > 0 ? 0 : r;
}

static int start_core(struct session *s, nk_time now)
{
	uint8_t seed[32];

	crypto_seed(seed);
	s->map = natmap_new(&s->ways.options, s->upnp.fd >= 0, seed);
	crypto_wipe(seed, sizeof(seed));
	if (s->map == NULL)
		return out_of_memory();
	natmap_start(s->map, now);
	return 0;
}

static void plan_stream(void *user, uint32_t id, struct stream_plan *plan)
{
	const struct map_watch *w = user;

	worker_plan(w->upnp, id, plan);
}

/* Says on standard error what ended the run, if that was no wish. */
static void say_end(const struct session *s, const struct run_options *run, int status)
{
	if (status == CORE_DONE || status == NK_ERR_STOPPED)
		return;
	if (status == NK_ERR_UNREACHABLE)
		log_line(LEVEL_ERROR, "no answer from %s%s; named by %s", s->ways.name[0],
			 s->ways.options.server_count > 1 ? " or any other server" : "",
			 s->servers.from);
	else if (status == NK_ERR_SYSTEM && run->error != 0)
		log_line(LEVEL_ERROR, "cannot open sockets: %s", strerror(run->error));
	else
		log_line(LEVEL_ERROR, "%s", err_text(status));
}

static int print_json(const struct map_report *report)
{
	bool failed;
	struct js root = map_report_json(report, &failed);
	const int r = js_print(root, stdout, true);

	js_free(root);
	return r;
}

static int draw(FILE *out, const void *report)
{
	return map_report_svg(out, report);
}

static int print(struct session *s)
{
	const struct style style = style_of(stdout);
	int r = 0;

	if (s->settings.format == FORMAT_EVENTS)
		map_watch_report(&s->watch);
	else if (s->settings.format == FORMAT_JSON)
		r = print_json(&s->report);
	else if (s->watch.shown)
		map_report_late(stdout, &style, &s->report);
	else
		map_report_text(stdout, &style, &s->report);
	if (r == 0 && (fflush(stdout) != 0 || ferror(stdout)))
		r = NK_ERR_SYSTEM;
	if (r != 0)
		log_line(LEVEL_ERROR, "cannot write the report: %s", strerror(errno));
	if (s->settings.svg != NULL && picture_write(s->settings.svg, draw, &s->report) != 0)
		r = NK_ERR_SYSTEM;
	return r;
}

static int exit_status(const struct session *s, int signal, int status)
{
	if (signal != 0)
		return EXIT_SIGNAL + signal;
	if (status == NK_ERR_STOPPED)
		return EXIT_INTERNAL;
	if (status == CORE_DONE)
		status = s->servers_found;
	if (status != CORE_DONE)
		return exit_from_err(status);
	return s->report.result->verdict == NATMAP_UNKNOWN ? EXIT_NO : EXIT_YES;
}

/* Runs the core and prints what it found. Return: the exit status. */
static int make_map(struct session *s)
{
	const bool text = s->settings.format == FORMAT_TEXT;
	struct run_options run = {
		.interface = s->settings.interface,
		.watch_links = true,
		.by_address = true,
		.on_turn = map_watch_turn,
		.plan_stream = plan_stream,
		.user = &s->watch,
		.tick = TICK,
	};
	int status;

	s->report.options = &s->ways.options;
	s->report.server_name = s->ways.name[0];
	s->watch = (struct map_watch){
		.map = s->map,
		.report = &s->report,
		.capture = s->capture,
		.upnp = &s->upnp,
		.events = s->settings.format == FORMAT_EVENTS ? stdout : NULL,
		.early = text && isatty(STDOUT_FILENO) ? stdout : NULL,
		.progress = progress_on(stderr),
	};
	map_watch_start(&s->watch, s->started);
	status = run_core(&natmap_ops, s->map, &run);
	map_watch_end(&s->watch, run_now());
	s->report.server_name = map_ways_name(&s->ways, &s->report.result->server);
	say_end(s, &run, status);
	if (print(s) != 0)
		return EXIT_INTERNAL;
	return exit_status(s, run.signal, status);
}

int map_main(int argc, char *argv[])
{
	struct session s = {.upnp = {.fd = -1}};
	int r;

	s.started = run_now();
	s.report.started_unix = clock_unix();
	r = map_settings_read(&s.settings, argc, argv);

	if (r != OPTIONS_GO_ON)
		return r;
	worker_start(&s.upnp); /* while it can become nobody, and before there are threads */
	r = give_up_privileges(&s);
	if (r == 0)
		r = prepare(&s);
	if (r == 0)
		r = start_core(&s, run_now());
	r = r == 0 ? make_map(&s) : exit_from_err(r);
	natmap_free(s.map);
	capture_close(s.capture);
	worker_stop(&s.upnp);
	server_list_free(&s.servers);
	return r;
}
