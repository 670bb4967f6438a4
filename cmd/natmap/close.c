/* natmap close - what earlier runs have left open is removed, and nothing else. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/err.h"
#include "closing.h"
#include "desk/worker.h"
#include "face/exit.h"
#include "face/findings.h"
#include "face/format.h"
#include "face/log.h"
#include "io/clock.h"
#include "open_settings.h"
#include "port_json.h"
#include "port_words.h"
#include "ports.h"

struct settings {
	unsigned ip_protocol, port;
	bool all;
	int format;
};

/**
 * struct job - One run of the command
 * @list:	What is to be closed, @count of them, with their @files
 * @busy:	Ports that another process holds
 * @unread:	Files that were not looked at, or could not be read: they may tell of more
 */
struct job {
	struct settings settings;
	struct closing list[HELD_MAX];
	struct held_file files[HELD_MAX];
	unsigned count, busy, unread;
};

static int take_operand(void *into, const char *value, char why[static OPTIONS_WHY])
{
	struct settings *s = into;

	return open_take_operand(&s->ip_protocol, &s->port, value, why);
}

#define AT(field) .offset = offsetof(struct settings, field)

static const struct option_spec options[] = {
	{.name = "all",
	 .letter = 'a',
	 .help = "Close all that earlier runs have left open.",
	 .kind = OPTION_FLAG,
	 AT(all)},
	FORMAT_OPTIONS_PLAIN(AT(format)),
};

static const struct command_spec command = {
	.name = "natmap close",
	.about = "Closes what earlier runs of natmap open have left open, because they were "
		 "killed or told to detach; nothing else is touched.",
	.notes = "Exit status: 0 nothing of it is open any more, 1 something is or may be, or "
		 "nothing is known of that port, 2 usage, 4 not permitted, 5 internal error. "
		 "natmap(1) has the rest.",
	.operands = "[tcp|udp PORT]",
	.operand = take_operand,
	.options = options,
	.count = sizeof(options) / sizeof(options[0]),
};

static int read_settings(struct settings *s, int argc, char *const argv[])
{
	const int r = options_parse(&command, s, argc, argv, NULL);

	if (r != OPTIONS_GO_ON)
		return r;
	if (s->all == (s->port != 0) || (s->ip_protocol != 0 && s->port == 0)) {
		log_line(LEVEL_ERROR, "say what to close: tcp or udp, and a port; or --all");
		return EXIT_USAGE;
	}
	s->format = format_settle(s->format);
	return OPTIONS_GO_ON;
}

static bool is_wanted(const struct settings *s, const struct held_port *port)
{
	return s->all || (port->ip_protocol == s->ip_protocol && port->internal.port == s->port);
}

static void claim(struct job *j, const struct held_entry *e)
{
	struct closing *c = &j->list[j->count];
	char pair[PORT_WORDS];
	int r;

	c->port = e->port;
	r = held_claim(&j->files[j->count], &c->port);
	if (r == HELD_AGAIN) {
		j->count++;
		return;
	}
	if (r == HELD_NEW) { /* closed by another meanwhile */
		held_forget(&j->files[j->count]);
		return;
	}
	j->busy++;
	port_pair(pair, e->port.ip_protocol, &e->port.external, &e->port.internal);
	if (r == HELD_BUSY)
		log_line(LEVEL_WARNING, "%s is held by process %d, which is to be ended for that",
			 pair, (int)e->owner);
	else
		log_line(LEVEL_WARNING, "cannot use the file of %s: %s", pair, strerror(errno));
}

static int say_unknown(int code)
{
	const bool barred = code == NK_ERR_SYSTEM && (errno == EACCES || errno == EPERM);

	log_line(LEVEL_ERROR, "cannot look what is open (%s): %s", HELD_PLACE, held_why(code));
	return barred ? EXIT_PERMISSION : exit_from_err(code);
}

/* Return: EXIT_YES, or the exit status to end with, said. */
static int find(struct job *j)
{
	struct held_entry *entries = calloc(HELD_MAX, sizeof(*entries));
	const int n = entries != NULL ? held_list(entries, HELD_MAX, clock_unix(), &j->unread)
				      : NK_ERR_NO_MEMORY;

	if (n < 0) {
		free(entries);
		return say_unknown(n);
	}
	for (int i = 0; i < n; i++)
		if (is_wanted(&j->settings, &entries[i].port))
			claim(j, &entries[i]);
	free(entries);
	return EXIT_YES;
}

static void end_files(struct job *j)
{
	for (unsigned i = 0; i < j->count; i++) {
		if (j->list[i].removed)
			held_forget(&j->files[i]);
		else
			held_leave(&j->files[i]);
	}
}

static const char *reason(char out[static PORT_WORDS], const struct closing *c)
{
	snprintf(out, PORT_WORDS, "%s: %s", portmap_protocol_text(c->protocol),
		 portmap_why_text(c->why));
	return out;
}

static void print_text(const struct job *j)
{
	char pair[PORT_WORDS], why[PORT_WORDS];

	for (unsigned i = 0; i < j->count; i++) {
		const struct closing *c = &j->list[i];

		port_pair(pair, c->port.ip_protocol, &c->port.external, &c->port.internal);
		printf("%s: %s%s\n", pair, c->removed ? "closed" : "could not be closed: ",
		       c->removed ? "" : reason(why, c));
	}
	if (j->settings.all && j->count == 0 && j->busy == 0 && j->unread == 0)
		printf("nothing is left open\n");
}

static int print_json(const struct job *j, int64_t started_unix, nk_time elapsed, bool complete)
{
	bool failed;
	struct js o = port_report("close", started_unix, elapsed, complete, &failed);
	struct js list = js_put_array(o, "ports");
	char why[PORT_WORDS];
	int r;

	for (unsigned i = 0; i < j->count; i++) {
		const struct closing *c = &j->list[i];
		struct js p = js_add_object(list);

		port_put_held(p, &c->port);
		js_put_bool(p, "removed", c->removed);
		js_put_text(p, "why", c->removed ? NULL : reason(why, c));
	}
	js_put_int(o, "busy", j->busy);
	r = js_print(o, stdout, true);
	js_free(o);
	return r;
}

/* Return: EXIT_YES, or EXIT_INTERNAL, said. */
static int print(const struct job *j, int64_t started_unix, nk_time elapsed, bool complete)
{
	if (j->settings.format == FORMAT_TEXT)
		print_text(j);
	else if (print_json(j, started_unix, elapsed, complete) == NK_ERR_NO_MEMORY)
		errno = ENOMEM;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return EXIT_YES;
	log_line(LEVEL_ERROR, "cannot write the report: %s", strerror(errno));
	return EXIT_INTERNAL;
}

static int exit_status(const struct job *j)
{
	bool all = j->busy == 0 && (j->unread == 0 || !j->settings.all);

	for (unsigned i = 0; i < j->count; i++)
		all = all && j->list[i].removed;
	if (all && j->count == 0 && !j->settings.all) {
		log_line(LEVEL_ERROR, "no run of natmap is known to have left %s %u open",
			 port_transport((uint8_t)j->settings.ip_protocol), j->settings.port);
		return EXIT_NO;
	}
	return all ? EXIT_YES : EXIT_NO;
}

static int remove_all(struct job *j, int *signal)
{
	struct upnp_worker upnp;
	int r;

	if (j->count == 0)
		return 0;
	worker_start(&upnp);
	r = closing_run(j->list, j->count, &upnp, signal);
	worker_stop(&upnp);
	return r;
}

static int run(struct job *j)
{
	const int64_t started_unix = clock_unix();
	const nk_time started = clock_boottime();
	int signal = 0, r, status;

	if (crypto_init() != 0) {
		log_line(LEVEL_ERROR, "%s", err_text(NK_ERR_SYSTEM));
		return EXIT_INTERNAL;
	}
	status = find(j);
	if (status != EXIT_YES)
		return status;
	r = remove_all(j, &signal);
	end_files(j);
	status = print(j, started_unix, clock_boottime() - started, signal == 0 && j->unread == 0);
	if (signal != 0)
		return EXIT_SIGNAL + signal;
	if (r != 0 || status != EXIT_YES)
		return EXIT_INTERNAL;
	return exit_status(j);
}

int close_main(int argc, char *argv[])
{
	struct job *j = calloc(1, sizeof(*j));
	int status;

	if (j == NULL) {
		log_line(LEVEL_ERROR, "%s", err_text(NK_ERR_NO_MEMORY));
		return EXIT_INTERNAL;
	}
	status = read_settings(&j->settings, argc, argv);
	if (status == OPTIONS_GO_ON)
		status = run(j);
	crypto_wipe(j, sizeof(*j));
	free(j);
	return status;
}
