#include "supervisor.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "command.h"
#include "engine.h"
#include "face/exit.h"
#include "face/log.h"
#include "hosts.h"
#include "io/clock.h"
#include "requests.h"
#include "spaces.h"

#define CONNECTIONS 32

struct supervisor;

/* Somebody who has not asked yet; without @s: nobody. */
struct connection {
	struct supervisor *s;
	int fd;
};

/**
 * struct supervisor - A running world
 * @signals:	Tells of those that end it, and of children
 */
struct supervisor {
	const struct supervisor_options *o;
	struct hosts hosts;
	struct capture *capture;
	struct engine *engine;
	struct world_view view;
	struct command signals;
	struct connection connections[CONNECTIONS];
};

static bool be_asked(void *user)
{
	struct connection *c = user;

	if (requests_answer(&c->s->view, c->fd))
		close(c->fd);
	else /* whoever asked waits until this process ends, and the connection with it */
		engine_stop(c->s->engine);
	c->s = NULL;
	return false;
}

static bool take_connection(void *user)
{
	struct supervisor *s = user;
	const int fd = accept4(s->o->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	for (size_t i = 0; fd >= 0 && i < CONNECTIONS; i++) {
		struct connection *c = &s->connections[i];

		if (c->s != NULL)
			continue;
		*c = (struct connection){.s = s, .fd = fd};
		if (engine_watch(s->engine, fd, be_asked, c))
			return true;
		c->s = NULL;
		break;
	}
	if (fd >= 0)
		close(fd);
	return true;
}

static bool take_signals(void *user)
{
	struct supervisor *s = user;
	struct signalfd_siginfo info;

	while (read(s->signals.signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			hosts_look(&s->hosts);
		else
			engine_stop(s->engine);
	}
	return true;
}

static int say_failed(const char *what)
{
	log_line(LEVEL_ERROR, "cannot %s: %s", what, strerror(errno));
	return EXIT_INTERNAL;
}

/* With its hosts running. Return: the exit status. */
static int run(struct supervisor *s)
{
	const struct supervisor_options *o = s->o;

	s->engine = engine_new(o->t, &s->hosts, s->capture);
	if (s->engine == NULL)
		return say_failed("make the network");
	s->view = (struct world_view){
		.name = o->name,
		.file = o->file,
		.t = o->t,
		.net = engine_net(s->engine),
		.hosts = &s->hosts,
		.zoo = o->zoo,
		.started = clock_monotonic(),
	};
	if (!engine_watch(s->engine, o->listener, take_connection, s) ||
	    !engine_watch(s->engine, s->signals.signals, take_signals, s))
		return say_failed("watch what happens");
	if (!o->ready(o->user))
		return EXIT_INTERNAL;
	return engine_run(s->engine) == 0 ? EXIT_YES : say_failed("go on");
}

int supervisor_run(const struct supervisor_options *o)
{
	struct supervisor *s = calloc(1, sizeof(*s));
	int status;

	if (s == NULL || command_prepare(&s->signals) != 0) {
		free(s);
		return say_failed("begin");
	}
	s->o = o;
	status = spaces_prepare();
	if (status == EXIT_YES && o->pcap != NULL) {
		s->capture = capture_open(o->pcap, o->t);
		status = s->capture != NULL ? EXIT_YES : EXIT_USAGE;
	}
	if (status == EXIT_YES) {
		const struct server_options server = {.signals = &s->signals.before};

		status = hosts_start(&s->hosts, o->t, &server);
	}
	if (status == EXIT_YES)
		status = run(s);
	hosts_end(&s->hosts);
	engine_free(s->engine);
	capture_close(s->capture);
	free(s);
	return status;
}
