#include "exec.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "control.h"
#include "face/exit.h"
#include "face/log.h"
#include "worlds.h"

/* @name comes first, for world_take_name(). */
struct wish {
	const char *name, *host;
	char *const *argv;
};

static const struct option_spec options[] = {
	WORLD_NAME_OPTION,
};

static int take_host(void *into, const char *value, char why[static OPTIONS_WHY])
{
	struct wish *w = into;

	if (w->host != NULL) {
		snprintf(why, OPTIONS_WHY, "write -- between HOST and COMMAND");
		return -1;
	}
	w->host = value;
	return 0;
}

static const struct command_spec spec = {
	.name = "natsim exec",
	.about = "Runs a program in a host of a world that is up: with the terminal, the folder "
		 "and the environment that there are here, and the network and name of the host.",
	.operands = "HOST -- COMMAND [ARGUMENT]...",
	.operand = take_host,
	.takes_rest = true,
	.rest = offsetof(struct wish, argv),
	.options = options,
	.count = sizeof(options) / sizeof(options[0]),
	.notes = "Exit status: the program's, 128 and the number of the signal that ended it; 127 "
		 "if there is no such program.",
};

static int run(int init, char *const argv[])
{
	struct command c;
	struct pollfd signals = {.events = POLLIN};
	int status;

	if (command_prepare(&c) != 0 || command_start(&c, init, argv) != 0) {
		log_line(LEVEL_ERROR, "cannot enter the host: %s", strerror(errno));
		return errno == EPERM ? EXIT_PERMISSION : EXIT_INTERNAL;
	}
	signals.fd = c.signals;
	do
		poll(&signals, 1, -1);
	while (!command_turn(&c, &status));
	return status;
}

int exec_main(int argc, char *argv[])
{
	struct wish w = {.name = WORLD_DEFAULT};
	struct js request;
	bool failed;
	int init, r = options_parse(&spec, &w, argc, argv, NULL);

	if (r != OPTIONS_GO_ON)
		return r;
	if (w.host == NULL || w.argv == NULL || w.argv[0] == NULL) {
		log_line(LEVEL_ERROR, "wants %s", spec.operands);
		return EXIT_USAGE;
	}
	request = control_request(&failed, "exec");
	js_put_text(request, "host", w.host);
	r = control_ask(w.name, request, &init, NULL);
	return r == OPTIONS_GO_ON ? run(init, w.argv) : r;
}
