/* natprobe: says how the NAT in front of this machine behaves, and how long it holds a mapping. */
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/err.h"
#include "core/probe/both.h"
#include "desk/picture.h"
#include "face/exit.h"
#include "face/log.h"
#include "face/options.h"
#include "face/style.h"
#include "gateways.h"
#include "io/clock.h"
#include "io/run.h"
#include "io/standard.h"
#include "keep.h"
#include "report.h"
#include "servers.h"
#include "settings.h"
#include "watch.h"

#define TICK (250 * NK_MS)

/**
 * struct session - One run of the command
 * @plan:	[0] is the report's .udp, [1] its .udp6 if there are two
 * @both:	The core; its runs are ours, and @gateways has the rest of it
 * @signal:	What ended it, or 0
 */
struct session {
	struct settings settings;
	struct server_list servers;
	struct family_plan plan[2];
	struct probe_both both;
	struct gateways gateways;
	struct report report;
	struct watch watch;
	int signal;
};

/* Two families share the budget, since conntrack counts them together. */
static void share_budget(struct family_plan plan[2])
{
	const unsigned half = plan[0].options.mappings / 2;

	plan[0].options.mappings -= half;
	plan[1].options.mappings = half;
}

static int out_of_memory(void)
{
	log_line(LEVEL_ERROR, "%s", err_text(NK_ERR_NO_MEMORY));
	return NK_ERR_NO_MEMORY;
}

/* Return: 0, or an error that has been told. */
static int prepare(struct session *s)
{
	struct family_plan v4, v6;
	int r = crypto_init();

	if (r != 0)
		log_line(LEVEL_ERROR, "cannot start the cryptographic library");
	else
		r = server_list_find(&s->servers, s->settings.servers.names,
				     s->settings.servers.count);
	if (r == NK_ERR_NO_MEMORY)
		return out_of_memory();
	if (r == 0)
		r = servers_resolve(&s->servers, &s->settings, &v4, &v6);
	if (r != 0)
		return r;
	if (v4.options.server_count > 0) {
		s->plan[0] = v4;
		s->plan[1] = v6;
	} else {
		s->plan[0] = v6;
	}
	if (s->plan[1].options.server_count > 0)
		share_budget(s->plan);
	return 0;
}

static int start_core(struct session *s, nk_time now)
{
	uint8_t seed[32];

	for (unsigned i = 0; i < 2 && s->plan[i].options.server_count > 0; i++) {
		crypto_seed(seed);
		s->both.run[i] = natprobe_new(&s->plan[i].options, seed);
		crypto_wipe(seed, sizeof(seed));
		if (s->both.run[i] == NULL)
			return out_of_memory();
		natprobe_start(s->both.run[i], now);
	}
	if (gateways_start(&s->gateways, s->plan, now) != 0)
		return out_of_memory();
	s->both.scouts = s->gateways.scouts;
	s->both.quick = s->settings.probe.quick;
	return 0;
}

/* The name that the server in use was given by. */
static const char *name_in_use(const struct session *s)
{
	const struct family_plan *p = &s->plan[0];

	for (unsigned i = 0; i < p->options.server_count; i++) {
		if (addr_eq(&p->options.servers[i], &s->report.main->server))
			return p->name[i];
	}
	return p->name[0];
}

static void finish_report(struct session *s, nk_time started, nk_time now)
{
	s->report.elapsed_s = nk_seconds(now - started);
	s->report.main = natprobe_result(s->both.run[0]);
	s->report.other = s->both.run[1] != NULL ? natprobe_result(s->both.run[1]) : NULL;
	s->report.server_name = name_in_use(s);
	gateways_report(&s->gateways, &s->report);
}

static int draw(FILE *out, const void *report)
{
	return report_svg(out, report);
}

static void say_no_picture(const char *path)
{
	char quoted[LOG_QUOTED];

	log_line(LEVEL_WARNING, "%s was not written: no timeout to draw",
		 log_quote(quoted, sizeof(quoted), path));
}

/* The addresses of plans @from to @to gave no answer. If those are all, @family is empty. */
static void say_silent(const struct session *s, unsigned from, unsigned to, const char *family)
{
	const struct family_plan *p = &s->plan[from];
	char first[ADDR_TEXT], in_brackets[ADDR_TEXT + 3] = "", others[48] = "";
	unsigned more = 0;

	for (unsigned i = from; i <= to; i++)
		more += s->plan[i].options.server_count;
	more--;

	addr_text(&p->options.servers[0], first);
	if (strcmp(first, p->name[0]) != 0)
		snprintf(in_brackets, sizeof(in_brackets), " (%s)", first);
	if (more > 0)
		snprintf(others, sizeof(others), ", nor from %u other address%s", more,
			 more > 1 ? "es" : "");
	log_line(LEVEL_ERROR, "no answer%s from server %s%s%s; named by %s", family, p->name[0],
		 in_brackets, others, s->servers.from);
}

/* One family of two failed, which does not make the run fail. */
static void say_failed_family(const struct session *s)
{
	for (unsigned i = 0; i < 2 && s->both.run[i] != NULL; i++) {
		const bool v6 = natprobe_result(s->both.run[i])->family == ADDR_V6;
		const int status = natprobe_status(s->both.run[i]);

		if (status == NK_ERR_UNREACHABLE)
			say_silent(s, i, i, v6 ? " by IPv6" : " by IPv4");
		else if (status != CORE_DONE && status != NK_ERR_STOPPED)
			log_line(LEVEL_ERROR, "%s: %s", v6 ? "IPv6" : "IPv4", err_text(status));
	}
}

/* Says on standard error what ended the run, if that was no wish. */
static void say_end(const struct session *s, const struct run_options *run, int status)
{
	if (status == NK_ERR_STOPPED)
		return;
	if (status == CORE_DONE)
		say_failed_family(s);
	else if (status == NK_ERR_UNREACHABLE)
		say_silent(s, 0, s->both.run[1] != NULL, "");
	else if (status == NK_ERR_LINK_LOST)
		log_line(LEVEL_ERROR, "%s: %s", s->plan[0].route.interface, err_text(status));
	else if (status == NK_ERR_SYSTEM && run->error != 0)
		log_line(LEVEL_ERROR, "cannot open sockets: %s", strerror(run->error));
	else
		log_line(LEVEL_ERROR, "%s", err_text(status));
}

static void keep(const struct session *s)
{
	for (unsigned i = 0; i < 2; i++)
		if (s->both.run[i] != NULL)
			keep_timeouts(natprobe_result(s->both.run[i]), s->settings.interface,
				      clock_unix());
}

static int print(struct session *s, int status)
{
	const struct style style = style_of(stdout);
	int r = 0;

	if (s->settings.format == FORMAT_EVENTS)
		watch_report(&s->watch, &s->report);
	else if (s->settings.format == FORMAT_JSON)
		r = report_json(stdout, &s->report, true);
	else if (status != NK_ERR_UNREACHABLE)
		report_text(stdout, &style, &s->report);
	if (r == 0 && (fflush(stdout) != 0 || ferror(stdout)))
		r = NK_ERR_SYSTEM;
	if (r != 0)
		log_line(LEVEL_ERROR, "cannot write the report: %s", strerror(errno));
	if (s->settings.svg != NULL && report_drawn(&s->report) == NULL)
		say_no_picture(s->settings.svg);
	else if (s->settings.svg != NULL && picture_write(s->settings.svg, draw, &s->report) != 0)
		r = NK_ERR_SYSTEM;
	return r;
}

static int exit_status(const struct session *s, int status)
{
	if (s->signal != 0)
		return EXIT_SIGNAL + s->signal;
	if (status == NK_ERR_STOPPED)
		return EXIT_INTERNAL;
	if (status != CORE_DONE)
		return exit_from_err(status);
	return report_all_known(&s->report) ? EXIT_YES : EXIT_NO;
}

static void on_turn(void *session, nk_time now)
{
	struct session *s = session;

	watch_turn(&s->watch, now);
}

static void plan_stream(void *session, uint32_t id, struct stream_plan *plan)
{
	struct session *s = session;

	worker_plan(&s->gateways.worker, id, plan);
}

/* Runs the core and prints what it found. Return: the exit status. */
static int measure(struct session *s)
{
	const nk_time started = run_now();
	struct run_options run = {
		.interface = s->settings.interface,
		.watch_links = true,
		.by_address = true,
		.on_turn = on_turn,
		.plan_stream = plan_stream,
		.user = s,
		.tick = TICK,
	};
	int status;

	s->watch = (struct watch){
		.both = &s->both,
		.events = s->settings.format == FORMAT_EVENTS ? stdout : NULL,
		.verbose = s->settings.verbose,
		.progress = progress_on(stderr),
	};
	s->report.started_unix = clock_unix();
	s->report.server_name = s->plan[0].name[0];
	watch_start(&s->watch, &s->report, started);
	status = run_core(&probe_both_ops, &s->both, &run);
	if (status == NK_ERR_UNREACHABLE && (run.error == EMFILE || run.error == ENFILE))
		status = NK_ERR_SYSTEM; /* it was not asked well enough to be called silent */
	s->signal = run.signal;
	watch_end(&s->watch, run_now());
	finish_report(s, started, run_now());
	keep(s);
	say_end(s, &run, status);
	if (print(s, status) != 0)
		return EXIT_INTERNAL;
	return exit_status(s, status);
}

int main(int argc, char *argv[])
{
	struct session s = {.gateways = {.worker = {.fd = -1}}};
	int r;

	if (!standard_open())
		return EXIT_INTERNAL;
	setlocale(LC_CTYPE, "");
	log_setup("natprobe", LOG_COMMAND, LEVEL_INFO);
	r = settings_read(&s.settings, argc, argv);
	if (r != OPTIONS_GO_ON)
		return r;
	r = prepare(&s);
	if (r == 0)
		r = start_core(&s, run_now());
	if (r == 0) {
		s.report.options = &s.settings.probe;
		s.report.interface = s.plan[0].route.interface;
		r = measure(&s);
	} else {
		r = exit_from_err(r);
	}
	natprobe_free(s.both.run[0]);
	natprobe_free(s.both.run[1]);
	gateways_end(&s.gateways);
	server_list_free(&s.servers);
	return r;
}
