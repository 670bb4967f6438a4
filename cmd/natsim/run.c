#include "run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/err.h"
#include "command.h"
#include "engine.h"
#include "face/exit.h"
#include "face/log.h"
#include "face/options.h"
#include "hosts.h"
#include "names.h"
#include "run_settings.h"
#include "spaces.h"

/**
 * struct run - One run of the command
 * @status:	The exit status to end with
 */
struct run {
	struct run_settings settings;
	struct topology *topology;
	struct hosts hosts;
	struct capture *capture;
	struct engine *engine;
	struct command command;
	int status;
};

static bool on_signal(void *user)
{
	struct run *r = user;

	hosts_look(&r->hosts);
	if (command_turn(&r->command, &r->status))
		engine_stop(r->engine);
	return true;
}

static int say_failed(const char *what)
{
	log_line(LEVEL_ERROR, "cannot %s: %s", what, strerror(errno));
	return EXIT_INTERNAL;
}

/* The hosts are there. Return: the exit status to end with. */
static int play(struct run *r)
{
	r->engine = engine_new(r->topology, &r->hosts, r->capture);
	if (r->engine == NULL || !engine_watch(r->engine, r->command.signals, on_signal, r))
		return say_failed("make the network");
	if (!r->settings.no_server)
		setenv("NATKIT_SERVER", RUN_SERVER "." NAMES_DOMAIN, 1);
	if (command_start(&r->command, r->hosts.host[0].init, r->settings.argv) != 0)
		return say_failed("start the program");
	return engine_run(r->engine) == 0 ? r->status : say_failed("wait");
}

static int open_capture(struct run *r)
{
	if (r->settings.pcap == NULL)
		return EXIT_YES;
	r->capture = capture_open(r->settings.pcap, r->topology);
	return r->capture != NULL ? EXIT_YES : EXIT_USAGE;
}

static int run(struct run *r)
{
	const struct server_options servers = {.program = r->settings.broker,
					       .verbose = r->settings.verbose,
					       .signals = &r->command.before};
	int status = run_settings_world(&r->topology, &r->settings);

	if (status == EXIT_YES)
		status = spaces_prepare();
	if (status == EXIT_YES)
		status = open_capture(r);
	if (status == EXIT_YES && command_prepare(&r->command) != 0)
		status = say_failed("take signals");
	if (status == EXIT_YES)
		status = hosts_start(&r->hosts, r->topology, &servers);
	return status == EXIT_YES ? play(r) : status;
}

int run_main(int argc, char *argv[])
{
	struct run *r = calloc(1, sizeof(*r));
	int status;

	if (r == NULL || crypto_init() != 0) {
		log_line(LEVEL_ERROR, "%s", err_text(r == NULL ? NK_ERR_NO_MEMORY : NK_ERR_SYSTEM));
		free(r);
		return EXIT_INTERNAL;
	}
	status = run_settings_read(&r->settings, argc, argv);
	if (status == OPTIONS_GO_ON)
		status = run(r);
	engine_free(r->engine);
	capture_close(r->capture);
	hosts_end(&r->hosts);
	free(r->topology);
	free(r);
	return status;
}
