#include "ask.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "control.h"
#include "face/exit.h"
#include "face/log.h"
#include "worlds.h"

#define SETTINGS_MAX 64
#define STOP_MS      10000

/* @name comes first, for world_take_name(). */
struct wish {
	const char *name;
	bool json, all;
	const char *words[1 + SETTINGS_MAX];
	unsigned word_count;
};

static const struct option_spec status_options[] = {
	WORLD_NAME_OPTION,
	{.name = "json",
	 .letter = 'j',
	 .help = "Print JSON.",
	 .kind = OPTION_FLAG,
	 .offset = offsetof(struct wish, json)},
};

static const struct command_spec status_spec = {
	.name = "natsim status",
	.about = "Says what is in a world that is up: hosts and NATs, their addresses and links, "
		 "what each NAT remembers, and for how long still.",
	.options = status_options,
	.count = sizeof(status_options) / sizeof(status_options[0]),
};

static int print_fd(int fd)
{
	char bytes[65536];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(fd, bytes, sizeof(bytes), at)) > 0) {
		if (fwrite(bytes, 1, (size_t)n, stdout) != (size_t)n)
			break;
		at += n;
	}
	close(fd);
	if (n == 0 && fflush(stdout) == 0)
		return EXIT_YES;
	log_line(LEVEL_ERROR, "cannot write: %s", strerror(errno));
	return EXIT_INTERNAL;
}

int status_main(int argc, char *argv[])
{
	struct wish w = {.name = WORLD_DEFAULT};
	struct js request;
	bool failed;
	int fd, r = options_parse(&status_spec, &w, argc, argv, NULL);

	if (r != OPTIONS_GO_ON)
		return r;
	request = control_request(&failed, "status");
	js_put_bool(request, "json", w.json);
	r = control_ask(w.name, request, &fd, NULL);
	return r == OPTIONS_GO_ON ? print_fd(fd) : r;
}

static int take_word(void *into, const char *value, char why[static OPTIONS_WHY])
{
	struct wish *w = into;

	if (w->word_count == 1 + SETTINGS_MAX) {
		snprintf(why, OPTIONS_WHY, "give at most %d settings", SETTINGS_MAX);
		return -1;
	}
	w->words[w->word_count++] = value;
	return 0;
}

static const struct option_spec set_options[] = {WORLD_NAME_OPTION};

static const struct command_spec set_spec = {
	.name = "natsim set",
	.about = "Changes a host or a NAT of a world that is up. KEY is a property of its link "
		 "(delay, jitter, loss, bursts, duplicate, reorder, mtu, after \"up.\" or "
		 "\"down.\" of one direction), or address; of a NAT also nat, its preset, or an "
		 "axis as \"natsim show\" names it. reboot lets a NAT forget all, and so does a "
		 "change of anything but its link.",
	.operands = "HOST-OR-NAT KEY=VALUE|reboot...",
	.operand = take_word,
	.options = set_options,
	.count = sizeof(set_options) / sizeof(set_options[0]),
};

int set_main(int argc, char *argv[])
{
	struct wish w = {.name = WORLD_DEFAULT};
	struct js request, settings;
	bool failed;
	int fd, r = options_parse(&set_spec, &w, argc, argv, NULL);

	if (r != OPTIONS_GO_ON)
		return r;
	if (w.word_count < 2) {
		log_line(LEVEL_ERROR, "wants %s", set_spec.operands);
		return EXIT_USAGE;
	}
	request = control_request(&failed, "set");
	js_put_text(request, "name", w.words[0]);
	settings = js_put_array(request, "settings");
	for (unsigned i = 1; i < w.word_count; i++)
		js_add_text(settings, w.words[i]);
	r = control_ask(w.name, request, &fd, NULL);
	return r == OPTIONS_GO_ON ? EXIT_YES : r;
}

static const struct option_spec down_options[] = {
	WORLD_NAME_OPTION,
	{.name = "all",
	 .letter = 'a',
	 .help = "End all worlds of this user, and remove what crashes have left.",
	 .kind = OPTION_FLAG,
	 .offset = offsetof(struct wish, all)},
};

static const struct command_spec down_spec = {
	.name = "natsim down",
	.about = "Ends a world, and all that runs in it.",
	.options = down_options,
	.count = sizeof(down_options) / sizeof(down_options[0]),
};

/* Return: the exit status. */
static int end(const char *name)
{
	struct pollfd gone = {.events = POLLIN};
	bool failed, ended = false;
	int fd, socket;

	if (!world_is_up(name)) {
		if (world_end(name)) {
			log_line(LEVEL_INFO, "%s had crashed; its files are removed", name);
			return EXIT_YES;
		}
		log_line(LEVEL_ERROR, "%s is not up", name);
		return EXIT_UNREACHABLE;
	}
	if (control_ask(name, control_request(&failed, "stop"), &fd, &socket) == OPTIONS_GO_ON) {
		gone.fd = socket;
		ended = poll(&gone, 1, STOP_MS) > 0;
		close(socket);
	}
	if (!ended) /* else another may have that name already */
		world_end(name);
	return EXIT_YES;
}

static void end_each(void *user, const char *name)
{
	(void)user;
	end(name);
}

int down_main(int argc, char *argv[])
{
	struct wish w = {.name = WORLD_DEFAULT};
	int r = options_parse(&down_spec, &w, argc, argv, NULL);

	if (r != OPTIONS_GO_ON)
		return r;
	if (!w.all)
		return end(w.name);
	worlds_each(end_each, NULL);
	return EXIT_YES;
}
