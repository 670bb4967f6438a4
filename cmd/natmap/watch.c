/* natmap watch - tells of gateways that come, go, have another address, or have lost their state. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/err.h"
#include "core/portmap/lookout.h"
#include "desk/hook.h"
#include "desk/worker.h"
#include "face/environment.h"
#include "face/exit.h"
#include "face/findings.h"
#include "face/format.h"
#include "face/log.h"
#include "face/numbers.h"
#include "io/clock.h"
#include "io/links.h"
#include "io/run.h"
#include "io/wakes.h"
#include "port_json.h"
#include "port_tell.h"
#include "port_words.h"
#include "ports.h"
#include "where.h"

#define INTERVAL    (60 * NK_S)
#define SCOUT_LIMIT (2 * NK_S) /* an answer by SSDP may be held back for a second */
#define DUE_MAX     16

struct settings {
	struct where where;
	nk_time interval;
	const char *exec;
	int format;
};

/**
 * struct job - One run of the command
 * @due:	Events that the user's command is to be run for, @due_count of them: the oldest first
 */
struct job {
	struct settings settings;
	struct way ways[WHERE_MAX];
	unsigned way_count;
	struct upnp_worker worker;
	struct lookout *lookout;
	struct hook hook;
	struct lookout_event due[DUE_MAX];
	unsigned due_count;
	struct run_options run;
	struct port_tell tell;
	int wake, links;
};

#define AT(field) .offset = offsetof(struct settings, field)

static const struct option_spec options[] = {
	WHERE_OPTIONS("all of these."),
	{.name = "interval",
	 .letter = 'n',
	 .argument = "TIME",
	 .help = "Ask so often, besides what gateways announce, 2s to 24h (default 60s).",
	 .kind = OPTION_DURATION,
	 AT(interval),
	 .min = 2,
	 .max = 86400},
	{.name = "exec",
	 .letter = 'X',
	 .argument = "COMMAND",
	 .help = "Run this by the shell for each event, with NATKIT_EVENT, NATKIT_GATEWAY ... in "
		 "its "
		 "environment.",
	 .kind = OPTION_STRING,
	 AT(exec)},
	FORMAT_OPTIONS(AT(format)),
};

static const struct command_spec command = {
	.name = "natmap watch",
	.about =
		"Watches gateways until it is told to stop, and tells when a port mapping protocol "
		"comes or goes, when the external address is another one, and when a gateway has "
		"lost its mappings. Nothing is mapped.",
	.notes = "Exit status: 2 usage, 3 there is no gateway, 5 internal error, 128 and the "
		 "signal's number: it was told to stop. natmap(1) has the rest.",
	.options = options,
	.count = sizeof(options) / sizeof(options[0]),
};

static bool has_protocol(const struct lookout_event *e)
{
	return e->kind != LOOKOUT_ANNOUNCED && e->kind != LOOKOUT_NONE;
}

static void tell_program(struct job *j, const struct lookout_event *e)
{
	bool failed;
	struct js o = findings_event(lookout_kind_name(e->kind),
				     nk_seconds(e->at - j->tell.started), &failed);

	findings_ip(o, "gateway", &e->address);
	js_put_text(o, "protocol", has_protocol(e) ? portmap_protocol_name(e->protocol) : NULL);
	findings_ip(o, "external_address", &e->external);
	findings_ip(o, "before", &e->before);
	port_tell_event(&j->tell, o);
}

static const char *words_for(char out[static PORT_WORDS], const struct lookout_event *e)
{
	char now[ADDR_TEXT], before[ADDR_TEXT];
	const char *protocol = portmap_protocol_text(e->protocol);
	const bool told = addr_family(&e->external) != ADDR_NONE;

	addr_text_ip(&e->external, now);
	addr_text_ip(&e->before, before);
	switch (e->kind) {
	case LOOKOUT_THERE:
		snprintf(out, PORT_WORDS, "%s answers%s%s", protocol,
			 told ? ", external address " : "", told ? now : "");
		break;
	case LOOKOUT_GONE:
		snprintf(out, PORT_WORDS, "%s answers no more", protocol);
		break;
	case LOOKOUT_ANNOUNCED:
		snprintf(out, PORT_WORDS, "announces something");
		break;
	case LOOKOUT_LOST:
		snprintf(out, PORT_WORDS, "has lost its mappings, as %s tells", protocol);
		break;
	case LOOKOUT_ADDRESS:
		snprintf(out, PORT_WORDS, "external address %s by %s, no longer %s", now, protocol,
			 before);
		break;
	case LOOKOUT_NONE:
	case LOOKOUT_KINDS:
		snprintf(out, PORT_WORDS, "answers none of the port mapping protocols");
		break;
	}
	return out;
}

static void tell_person(struct job *j, const struct lookout_event *e)
{
	char text[PORT_WORDS], gateway[ADDR_TEXT], when[32];

	port_tell_written(&j->tell,
			  printf("%s %s: %s\n", date_text(when, sizeof(when), clock_unix()),
				 addr_text_ip(&e->address, gateway), words_for(text, e)) >= 0);
}

static void put_addr(struct environment *env, const char *name, const struct addr *a)
{
	char ip[ADDR_TEXT] = "";

	if (addr_family(a) != ADDR_NONE)
		addr_text_ip(a, ip);
	environment_put(env, HOOK_PREFIX "%s=%s", name, ip);
}

static void run_hook(struct job *j, const struct lookout_event *e)
{
	struct environment env;

	if (environment_begin(&env, HOOK_PREFIX) == 0) {
		environment_put(&env, HOOK_PREFIX "EVENT=%s", lookout_kind_name(e->kind));
		environment_put(&env, HOOK_PREFIX "PROTOCOL=%s",
				has_protocol(e) ? portmap_protocol_name(e->protocol) : "");
		put_addr(&env, "GATEWAY", &e->address);
		put_addr(&env, "PUBLIC_ADDRESS", &e->external);
		put_addr(&env, "BEFORE_ADDRESS", &e->before);
		hook_run(&j->hook, &env, lookout_kind_name(e->kind));
	}
	environment_free(&env);
}

/* One at a time; of very many the oldest wait. */
static void turn_hook(struct job *j, bool wait)
{
	while (hook_reap(&j->hook, wait) && j->due_count > 0) {
		const struct lookout_event e = j->due[0];

		memmove(&j->due[0], &j->due[1], --j->due_count * sizeof(j->due[0]));
		run_hook(j, &e);
	}
}

static void take_events(struct job *j)
{
	struct lookout_event e;

	while (lookout_event(j->lookout, &e)) {
		if (j->settings.format == FORMAT_EVENTS)
			tell_program(j, &e);
		else if (j->settings.format == FORMAT_TEXT)
			tell_person(j, &e);
		if (j->settings.exec != NULL && j->due_count < DUE_MAX)
			j->due[j->due_count++] = e;
	}
}

static void look_at_links(struct job *j, nk_time now)
{
	const struct where *where = &j->settings.where;
	struct way found[WHERE_MAX];
	unsigned count;

	if (j->links < 0 || !wakes_is_ready(j->links))
		return;
	links_drain(j->links);
	lookout_ops.input(j->lookout, &(struct event){.kind = EVENT_NETWORK}, now);
	count = where_look(found, where);
	for (unsigned i = 0; i < j->way_count; i++) {
		const struct way *to = where_instead(where, j->ways, j->way_count, i, found, count);

		if (to == NULL)
			continue;
		lookout_move(j->lookout, i, &to->gateway, &to->local, now);
		j->ways[i] = *to;
	}
}

static void on_turn(void *user, nk_time now)
{
	struct job *j = user;

	look_at_links(j, now);
	take_events(j);
	if (j->tell.error != 0) /* nobody would hear of the rest */
		lookout_ops.input(j->lookout, &(struct event){.kind = EVENT_STOP}, now);
	turn_hook(j, false);
}

static void plan_stream(void *user, uint32_t id, struct stream_plan *plan)
{
	struct job *j = user;

	worker_plan(&j->worker, id, plan);
}

static void print_end(struct job *j, nk_time now)
{
	bool failed;
	struct js o =
		port_report("watch", j->tell.started_unix, now - j->tell.started, true, &failed);
	struct js list = js_put_array(o, "gateways");

	for (unsigned i = 0; i < j->way_count; i++) {
		struct js g = js_add_object(list);

		findings_ip(g, "gateway", &j->ways[i].gateway);
		findings_ip(g, "local", &j->ways[i].local);
		js_put_text(g, "interface", j->ways[i].interface);
		findings_offers(g, "protocols", lookout_gateway(j->lookout, i));
	}
	port_tell_end(&j->tell, o, now);
}

static int start(struct job *j)
{
	struct lookout_options o = {
		.count = j->way_count,
		.protocols = where_protocols(&j->settings.where),
		.interval = j->settings.interval,
		.limit = SCOUT_LIMIT,
	};
	uint8_t seed[32];

	for (unsigned i = 0; i < j->way_count; i++) {
		o.gateways[i] = j->ways[i].gateway;
		o.locals[i] = j->ways[i].local;
	}
	worker_start(&j->worker);
	o.upnp = j->worker.fd >= 0;
	crypto_seed(seed);
	j->tell = (struct port_tell){
		.format = j->settings.format, .started = run_now(), .started_unix = clock_unix()};
	j->lookout = lookout_new(&o, seed, j->tell.started);
	j->wake = wakes_open();
	j->links = links_open_routes();
	if (j->links >= 0)
		wakes_add(j->wake, j->links);
	j->hook = (struct hook){.command = j->settings.exec, .wake = j->wake};
	return j->lookout != NULL ? 0 : NK_ERR_NO_MEMORY;
}

static int exit_status(const struct job *j, int r)
{
	if (j->tell.error != 0) {
		log_line(LEVEL_ERROR, "cannot write the report: %s", strerror(j->tell.error));
		return EXIT_INTERNAL;
	}
	if (j->run.signal != 0)
		return EXIT_SIGNAL + j->run.signal;
	log_line(LEVEL_ERROR, "%s", j->run.error != 0 ? strerror(j->run.error) : err_text(r));
	return EXIT_INTERNAL;
}

static int run(struct job *j)
{
	int r;

	if (crypto_init() != 0) {
		log_line(LEVEL_ERROR, "%s", err_text(NK_ERR_SYSTEM));
		return EXIT_INTERNAL;
	}
	j->way_count = where_find(j->ways, &j->settings.where);
	if (j->way_count == 0)
		return EXIT_UNREACHABLE;
	r = start(j);
	if (r != 0)
		return exit_status(j, r);
	j->run = (struct run_options){
		.by_address = true,
		.on_turn = on_turn,
		.plan_stream = plan_stream,
		.user = j,
		.wake_fd = j->wake,
	};
	port_tell_start(&j->tell, "watch");
	r = run_core(&lookout_ops, j->lookout, &j->run);
	take_events(j);
	print_end(j, run_now());
	turn_hook(j, true);
	return exit_status(j, r);
}

int watch_main(int argc, char *argv[])
{
	struct job *j = calloc(1, sizeof(*j));
	int status;

	if (j == NULL) {
		log_line(LEVEL_ERROR, "%s", err_text(NK_ERR_NO_MEMORY));
		return EXIT_INTERNAL;
	}
	j->worker.fd = j->wake = j->links = -1;
	j->settings.interval = INTERVAL;
	status = options_parse(&command, &j->settings, argc, argv, NULL);
	j->settings.format = format_settle(j->settings.format);
	if (status == OPTIONS_GO_ON)
		status = run(j);
	lookout_free(j->lookout);
	worker_stop(&j->worker);
	if (j->links >= 0)
		close(j->links);
	if (j->wake >= 0)
		close(j->wake);
	free(j);
	return status;
}
