#include "run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/err.h"
#include "core/keeper/keeper.h"
#include "exec.h"
#include "face/exit.h"
#include "face/log.h"
#include "face/style.h"
#include "io/clock.h"
#include "io/netinfo.h"
#include "io/privilege.h"
#include "io/run.h"
#include "io/wakes.h"
#include "learned.h"
#include "report.h"
#include "share.h"
#include "targets.h"
#include "watch.h"
#include "ways.h"

/**
 * struct job - One run of the command
 * @share:	Raw means for another program's port, or NULL
 * @wake:	What makes a turn besides sockets: all that the parts below wait for
 * @said:	The errno of what could not be sent that was told last
 */
struct job {
	struct settings *settings;
	struct share *share;
	struct run_shared shared;
	struct targets targets;
	struct learned learned;
	struct ways ways;
	struct exec exec;
	struct watch watch;
	struct rng rng;
	struct keeper *keeper;
	struct keeper_result result;
	struct report report;
	struct run_options run;
	int wake, said;
};

static int out_of_memory(void)
{
	log_line(LEVEL_ERROR, "%s", err_text(NK_ERR_NO_MEMORY));
	return EXIT_INTERNAL;
}

/* Nothing has been read from the network by then. */
static int drop(const char *user)
{
	const int r = user != NULL ? privilege_drop_to(user) : privilege_drop_capabilities();
	char quoted[LOG_QUOTED];

	if (r == 0)
		return EXIT_YES;
	log_line(LEVEL_ERROR, "cannot become %s: %s",
		 user != NULL ? log_quote(quoted, sizeof(quoted), user) : "unprivileged",
		 r == NK_ERR_BAD_INPUT ? "give a user who exists and is not root" : err_text(r));
	return exit_from_err(r);
}

static int open_share(struct job *j)
{
	const struct settings *s = j->settings;
	int status;

	if (s->share == 0)
		return EXIT_YES;
	j->share = share_open((uint16_t)s->share, s->interface, &status);
	if (j->share == NULL)
		return status;
	j->shared = share_callbacks(j->share);
	wakes_add(j->wake, share_fd(j->share));
	status = drop(s->user);
	if (status == EXIT_YES)
		share_tell((uint16_t)s->share);
	return status;
}

/* All that a run needs, before anything is sent. Return: EXIT_YES, or the exit status, told. */
static int prepare(struct job *j)
{
	struct keeper_options *o = &j->settings->keeper;
	const char *interface = j->settings->interface;
	int status;

	j->wake = wakes_open();
	if (j->wake < 0 || crypto_init() != 0) {
		log_line(LEVEL_ERROR, "cannot start: %s", strerror(errno));
		return EXIT_INTERNAL;
	}
	status = open_share(j);
	if (status == EXIT_YES)
		status = targets_find(&j->targets, j->settings);
	if (status != EXIT_YES)
		return status;
	j->targets.wake = j->exec.hook.wake = j->wake;
	j->exec.hook.command = j->settings->exec;
	j->exec.options = o;
	ways_start(&j->ways, o, interface, j->wake);
	learned_start(&j->learned, o, interface, clock_unix());
	return EXIT_YES;
}

static int start(struct job *j)
{
	rng_seed_from_kernel(&j->rng);
	j->keeper = keeper_new(&j->settings->keeper, &j->rng, run_now());
	return j->keeper != NULL ? EXIT_YES : out_of_memory();
}

/* A socket that serves several targets has no address of its own: the kernel chooses. */
static void know_local(const struct job *j, struct addr *local, unsigned target)
{
	struct route_info route;

	if (local->port != 0 && addr_is_any(local) &&
	    netinfo_route(&route, &j->targets.now[target], j->settings->interface) == 0)
		*local = addr_with_port(route.local, local->port);
}

/* That nothing comes is no wonder where nothing could leave: once for each reason. */
static void say_why(struct job *j)
{
	const int error = j->run.error;

	if (error == 0 || error == j->said)
		return;
	j->said = error;
	if (error == EADDRINUSE)
		log_line(LEVEL_WARNING, "port %u: %s", j->settings->local_port, strerror(error));
	else
		log_line(LEVEL_WARNING, "cannot send: %s", strerror(error));
}

static void take_event(struct job *j, struct keeper_event *e)
{
	if (e->target < KEEPER_TARGETS_MAX)
		know_local(j, &e->local, e->target);
	watch_event(&j->watch, e);
	exec_note(&j->exec, e);
	targets_note(&j->targets, e);
	learned_note(&j->learned, j->keeper, e, clock_unix());
}

static void take_events(struct job *j)
{
	struct keeper_event e;

	say_why(j);
	while (keeper_next_event(j->keeper, &e))
		take_event(j, &e);
}

static void on_turn(void *user, nk_time now)
{
	struct job *j = user;

	if (ways_changed(&j->ways)) {
		learned_save(&j->learned, j->keeper, now, clock_unix());
		keeper_input(j->keeper, &(struct event){.kind = EVENT_NETWORK}, now);
		learned_move(&j->learned, j->keeper, now, clock_unix());
	}
	take_events(j);
	if (j->watch.error != 0) /* nobody would hear of the rest */
		keeper_input(j->keeper, &(struct event){.kind = EVENT_STOP}, now);
	targets_turn(&j->targets, j->keeper, now);
	exec_turn(&j->exec);
}

static int print(struct job *j)
{
	const struct sink_whole standard = {.fd = stdout};
	const struct settings *s = j->settings;
	const struct style style = style_of(stdout);
	bool failed;
	struct js root = report_json(&j->report, &failed);
	int r = sink_write(&s->report, root);

	if (r == 0 && s->format == FORMAT_JSON)
		r = sink_write(&standard, root);
	else if (s->format == FORMAT_EVENTS)
		watch_end(&j->watch, &j->report);
	else if (s->format == FORMAT_TEXT)
		report_text(stdout, &style, &j->report);
	js_free(root);
	if (r == 0 && (fflush(stdout) != 0 || ferror(stdout)))
		r = NK_ERR_SYSTEM;
	if (r == 0)
		return EXIT_YES;
	if (j->watch.error != 0)
		errno = j->watch.error;
	log_line(LEVEL_ERROR, "cannot write the report: %s",
		 r == NK_ERR_SYSTEM ? strerror(errno) : err_text(r));
	return EXIT_INTERNAL;
}

static void begin_report(struct job *j)
{
	const struct settings *s = j->settings;

	j->report = (struct report){
		.started_unix = clock_unix(),
		.shared = s->share,
		.options = &s->keeper,
		.result = &j->result,
	};
	j->watch = (struct watch){
		.options = &s->keeper,
		.events = s->format == FORMAT_EVENTS ? stdout : NULL,
		.talks = !s->keeper.once || isatty(STDERR_FILENO),
		.started = run_now(),
	};
	watch_start(&j->watch, j->report.started_unix);
}

static void end_report(struct job *j)
{
	const nk_time now = run_now();

	take_events(j);
	keeper_result(j->keeper, &j->result, now);
	for (unsigned i = 0; i < j->result.target_count; i++)
		know_local(j, &j->result.targets[i].local, i);
	learned_save(&j->learned, j->keeper, now, clock_unix());
	exec_end(&j->exec, j->run.signal == 0);
}

/* Whether all is well at the end of a run that was to end. */
static int exit_of_states(const struct keeper_result *r)
{
	int status = EXIT_YES;

	for (unsigned i = 0; i < r->target_count; i++) {
		const struct keeper_target_result *t = &r->targets[i];

		if (t->state == KEEPER_UP || t->state == KEEPER_DOUBTED ||
		    t->state == KEEPER_UNPROVEN)
			continue;
		if (t->mapped.port == 0)
			return EXIT_UNREACHABLE;
		status = EXIT_NO;
	}
	return status;
}

static int exit_status(const struct job *j, int status)
{
	const struct run_options *run = &j->run;

	if (run->signal != 0)
		return EXIT_SIGNAL + run->signal;
	if (status != CORE_DONE && status != NK_ERR_UNREACHABLE)
		log_line(LEVEL_ERROR, "%s",
			 run->error != 0 ? strerror(run->error) : err_text(status));
	if (status == CORE_DONE)
		return exit_of_states(&j->result);
	return exit_from_err(status);
}

static int keep(struct job *j)
{
	int status;

	j->run = (struct run_options){
		.interface = j->settings->interface,
		.on_turn = on_turn,
		.user = j,
		.wake_fd = j->wake,
		.shared = j->share != NULL ? &j->shared : NULL,
	};
	begin_report(j);
	status = run_core(&keeper_ops, j->keeper, &j->run);
	end_report(j);
	if (print(j) != EXIT_YES)
		return EXIT_INTERNAL;
	return exit_status(j, status);
}

int run_keeper(struct settings *s)
{
	struct job *j = calloc(1, sizeof(*j));
	int status;

	if (j == NULL)
		return out_of_memory();
	log_setup("natkeepalive", LOG_COMMAND, s->quiet ? LEVEL_WARNING : LEVEL_INFO);
	*j = (struct job){.settings = s, .wake = -1, .ways = {.fd = -1}};
	status = prepare(j);
	if (status == EXIT_YES)
		status = start(j);
	if (status == EXIT_YES)
		status = keep(j);
	keeper_free(j->keeper);
	ways_stop(&j->ways);
	targets_free(&j->targets);
	share_close(j->share);
	if (j->wake >= 0)
		close(j->wake);
	crypto_wipe(j, sizeof(*j));
	free(j);
	return status;
}
