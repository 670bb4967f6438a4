#include "up.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/err.h"
#include "face/exit.h"
#include "face/log.h"
#include "supervisor.h"
#include "worlds.h"
#include "zoo_file.h"

/**
 * struct up - What is to be up, and how far it is
 * @name:	First, for world_take_name()
 * @lock:	Holds the name
 * @report:	Where the background process tells the other one its exit status; -1: nobody waits
 */
struct up {
	const char *name;
	struct zoo_files files;
	const char *path, *pcap;
	bool foreground;
	struct zoo *zoo;
	struct topology *t;
	int lock, report;
};

static int add_zoo(void *into, const char *value, char why[static OPTIONS_WHY])
{
	return zoo_files_add(&((struct up *)into)->files, value, why);
}

static int take_file(void *into, const char *value, char why[static OPTIONS_WHY])
{
	struct up *u = into;

	if (u->path != NULL) {
		snprintf(why, OPTIONS_WHY, "give one FILE");
		return -1;
	}
	u->path = value;
	return 0;
}

static const struct option_spec options[] = {
	WORLD_NAME_OPTION,
	{.name = "foreground",
	 .letter = 'f',
	 .help = "Stay in the foreground until a signal comes.",
	 .kind = OPTION_FLAG,
	 .offset = offsetof(struct up, foreground)},
	{.name = "pcap",
	 .letter = 'p',
	 .argument = "FILE",
	 .help = "Write what is sent in it to this file, for packet dissectors.",
	 .kind = OPTION_STRING,
	 .offset = offsetof(struct up, pcap)},
	ZOO_FILES_OPTION(add_zoo),
};

static const struct command_spec spec = {
	.name = "natsim up",
	.about = "Makes a world of hosts, NATs and links as a file describes it. Returns when all "
		 "hosts run and natbroker answers on those that are servers.",
	.operands = "FILE",
	.operand = take_file,
	.options = options,
	.count = sizeof(options) / sizeof(options[0]),
};

static bool stay(void *user)
{
	(void)user;
	return true;
}

/* Return: false if whoever started it is there no more. */
static bool tell(struct up *u, int status)
{
	const ssize_t n = send(u->report, &status, sizeof(status), MSG_NOSIGNAL);

	close(u->report);
	u->report = -1;
	return n == sizeof(status);
}

/* Lets go of the terminal and of whoever started it. Until here, what is typed there ends it. */
static bool detach(void *user)
{
	struct up *u = user;
	const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (nothing < 0 || !world_log(u->name) || chdir("/") != 0)
		return false;
	dup2(nothing, STDIN_FILENO);
	dup2(nothing, STDOUT_FILENO);
	close(nothing);
	setsid();
	return tell(u, EXIT_YES);
}

/* Return: the exit status. */
static int be_world(struct up *u)
{
	char file[PATH_MAX];
	struct supervisor_options o = {
		.name = u->name,
		.file = realpath(u->path, file) != NULL ? file : u->path,
		.t = u->t,
		.zoo = u->zoo,
		.pcap = u->pcap,
		.listener = world_listen(u->name),
		.ready = u->foreground ? stay : detach,
		.user = u,
	};
	int status = EXIT_INTERNAL;

	if (o.listener >= 0 && world_sign(u->lock))
		status = supervisor_run(&o);
	world_forget(u->name);
	return status;
}

/* Return: the exit status, in the one process and in the other. */
static int be_background(struct up *u)
{
	int ends[2], status = EXIT_INTERNAL;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0 || (pid = fork()) < 0) {
		log_line(LEVEL_ERROR, "cannot start a process: %s", strerror(errno));
		return EXIT_INTERNAL;
	}
	if (pid == 0) {
		close(ends[0]);
		u->report = ends[1];
		status = be_world(u);
		if (u->report >= 0)
			tell(u, status);
		return status;
	}
	close(ends[1]);
	if (read(ends[0], &status, sizeof(status)) != sizeof(status))
		log_line(LEVEL_ERROR, "the world has ended unexpectedly");
	return status;
}

static int make(struct up *u)
{
	int r = zoo_open(&u->zoo, &u->files);

	if (r != 0)
		return exit_from_err(r);
	u->t = topology_new();
	if (u->t == NULL) {
		log_line(LEVEL_ERROR, "%s", err_text(NK_ERR_NO_MEMORY));
		return EXIT_INTERNAL;
	}
	r = topology_read(u->t, u->zoo, u->path);
	if (r != OPTIONS_GO_ON)
		return r;
	r = world_claim(u->name, &u->lock);
	if (r != 0)
		return exit_from_err(r);
	return u->foreground ? be_world(u) : be_background(u);
}

int up_main(int argc, char *argv[])
{
	struct up u = {.name = WORLD_DEFAULT, .report = -1};
	int r = options_parse(&spec, &u, argc, argv, NULL);

	if (r != OPTIONS_GO_ON)
		return r;
	if (u.path == NULL) {
		log_line(LEVEL_ERROR, "wants the FILE that describes the world");
		return EXIT_USAGE;
	}
	/* Who waits for the end of what we inherited is not to wait for the end of the world. */
	if (!u.foreground)
		close_range(STDERR_FILENO + 1, ~0U, 0);
	if (crypto_init() != 0) {
		log_line(LEVEL_ERROR, "%s", err_text(NK_ERR_SYSTEM));
		return EXIT_INTERNAL;
	}
	r = make(&u);
	free(u.t);
	zoo_free(u.zoo);
	return r;
}
