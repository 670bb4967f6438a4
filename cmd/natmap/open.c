/* natmap open - a port of this machine is opened on the gateway, looked at from outside, and held. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/err.h"
#include "desk/worker.h"
#include "face/exit.h"
#include "face/format.h"
#include "face/log.h"
#include "io/clock.h"
#include "io/links.h"
#include "io/run.h"
#include "io/wakes.h"
#include "open_brokers.h"
#include "open_exec.h"
#include "open_files.h"
#include "open_settings.h"
#include "open_watch.h"
#include "port_words.h"
#include "ports.h"

#define SCOUT_LIMIT NK_S

/**
 * struct job - One run of the command
 * @ways:	Where the gates are; @files: of each, what is kept of it; @away: its way is not there now
 * @wake:	What makes a turn besides sockets; @links: of these, news of routes and addresses
 */
struct job {
	struct open_settings settings;
	struct open_brokers brokers;
	struct way ways[WHERE_MAX];
	bool away[WHERE_MAX];
	struct porter_options options;
	struct open_file files[PORTER_GATES_MAX];
	struct upnp_worker worker;
	struct porter *porter;
	struct open_exec exec;
	struct open_watch watch;
	struct run_options run;
	int wake, links;
};

static_assert(WHERE_MAX <= PORTER_GATES_MAX, "a gate for each way");

static int say(int r)
{
	log_line(LEVEL_ERROR, "%s", r == NK_ERR_SYSTEM ? strerror(errno) : err_text(r));
	return exit_from_err(r);
}

/* Where only one may come in, a broker may not. */
static bool is_looked_at(const struct open_settings *s)
{
	return !s->no_verify && addr_family(&s->remote) == ADDR_NONE;
}

static struct gate_config config_for(const struct job *j, const struct way *way)
{
	const struct open_settings *s = &j->settings;
	struct gate_config c = {
		.map = {.gateway = way->gateway,
			.internal = addr_with_port(way->local, (uint16_t)s->port),
			.remote = s->remote,
			.ip_protocol = (uint8_t)s->ip_protocol,
			.external_port = (uint16_t)(s->external != 0 ? s->external : s->port),
			.strict = s->strict,
			.detach = s->detach,
			.lifetime_s = (uint32_t)(s->lifetime / NK_S),
			.protocols = where_protocols(&s->where),
			.limit = SCOUT_LIMIT},
		.verify = is_looked_at(s),
	};

	open_brokers_give(&j->brokers, way, &c);
	return c;
}

/* No gateway lets in one family to another. Return: false, said. */
static bool remote_fits(const struct job *j, unsigned count)
{
	const enum addr_family remote = addr_family(&j->settings.remote);

	for (unsigned i = 0; i < count && remote != ADDR_NONE; i++) {
		if (addr_family(&j->ways[i].gateway) == remote)
			continue;
		log_line(LEVEL_ERROR, "--remote is an %s address, which takes %s",
			 remote == ADDR_V6 ? "IPv6" : "IPv4",
			 remote == ADDR_V6 ? "--ipv6 without --ipv4" : "--ipv4 alone");
		return false;
	}
	return true;
}

/* Return: EXIT_YES, or the exit status to end with, said. */
static int claim_all(struct job *j, unsigned count)
{
	struct porter_options *o = &j->options;
	int status = EXIT_YES;

	for (; o->gate_count < count && status == EXIT_YES; o->gate_count++) {
		struct gate_config *c = &o->gates[o->gate_count];

		where_warn(&j->ways[o->gate_count]);
		*c = config_for(j, &j->ways[o->gate_count]);
		status = open_file_take(&j->files[o->gate_count], &c->map, &j->worker, true);
	}
	return status;
}

/* Return: as claim_all(). */
static int find_brokers(struct job *j)
{
	const int r = is_looked_at(&j->settings)
			      ? open_brokers_find(&j->brokers, &j->settings.servers)
			      : 0;

	for (unsigned i = 0; i < j->options.gate_count; i++)
		open_brokers_give(&j->brokers, &j->ways[i], &j->options.gates[i]);
	return r == 0 ? EXIT_YES : exit_from_err(r);
}

/* Return: as claim_all(). */
static int prepare(struct job *j)
{
	unsigned count;
	int status;

	if (crypto_init() != 0)
		return say(NK_ERR_SYSTEM);
	count = where_find(j->ways, &j->settings.where);
	if (count == 0)
		return EXIT_UNREACHABLE;
	if (!remote_fits(j, count))
		return EXIT_USAGE;
	worker_start(&j->worker); /* before there are threads, as the resolver's */
	status = claim_all(j, count);
	if (status == EXIT_YES)
		status = find_brokers(j);
	for (unsigned i = 0; i < j->options.gate_count && status != EXIT_YES; i++)
		open_file_cancel(&j->files[i]);
	return status;
}

static int start(struct job *j)
{
	uint8_t seed[32];

	j->options.upnp = j->worker.fd >= 0;
	crypto_seed(seed);
	j->porter = porter_new(&j->options, seed);
	crypto_wipe(seed, sizeof(seed));
	j->wake = wakes_open();
	j->links = links_open_routes();
	if (j->links >= 0)
		wakes_add(j->wake, j->links);
	j->exec = (struct open_exec){
		.hook = {.command = j->settings.exec, .wake = j->wake},
		.count = j->options.gate_count,
	};
	j->watch = (struct open_watch){
		.tell = {.format = j->settings.format,
			 .started = run_now(),
			 .started_unix = clock_unix()},
		.count = j->options.gate_count,
		.style = style_of(stdout),
	};
	return j->porter != NULL ? EXIT_YES : say(NK_ERR_NO_MEMORY);
}

static void take_events(struct job *j)
{
	struct porter_event e;

	while (porter_event(j->porter, &e)) {
		open_watch_event(&j->watch, &e);
		open_file_note(&j->files[e.gate], &e.now.mapping, e.at);
		open_exec_note(&j->exec, &e);
	}
}

static void move(struct job *j, unsigned i, const struct way *to, nk_time now)
{
	struct gate_config *c = &j->options.gates[i];

	*c = config_for(j, to);
	j->ways[i] = *to;
	j->away[i] = false;
	open_file_part(&j->files[i], &porter_gate(j->porter, i)->mapping);
	if (open_file_take(&j->files[i], &c->map, &j->worker, false) == EXIT_YES)
		porter_move(j->porter, i, c, now);
}

/* A way that was gone may lead to another network now; and to brokers it may lead no more, or again. */
static void doubt(struct job *j, unsigned i, bool there, nk_time now)
{
	struct gate_config *c = &j->options.gates[i];

	if (there && (open_brokers_give(&j->brokers, &j->ways[i], c) || j->away[i]))
		porter_doubt(j->porter, i, c, now);
	j->away[i] = !there;
}

/* A gate whose way is there no more takes one that no other gate has. */
static void take_ways(struct job *j, const struct way *ways, unsigned count, nk_time now)
{
	const unsigned gates = j->options.gate_count;

	for (unsigned i = 0; i < gates; i++) {
		const struct way *to =
			where_instead(&j->settings.where, j->ways, gates, i, ways, count);

		if (to != NULL)
			move(j, i, to, now);
		else
			doubt(j, i, where_has(ways, count, &j->ways[i]), now);
	}
}

static void look_at_links(struct job *j, nk_time now)
{
	struct way ways[WHERE_MAX];

	if (j->links < 0 || !wakes_is_ready(j->links))
		return;
	links_drain(j->links);
	take_ways(j, ways, where_look(ways, &j->settings.where), now);
}

static void on_turn(void *user, nk_time now)
{
	struct job *j = user;

	look_at_links(j, now);
	take_events(j);
	if (j->watch.tell.error != 0) /* nobody would hear of the rest */
		porter_input(j->porter, &(struct event){.kind = EVENT_STOP}, now);
	open_exec_turn(&j->exec);
}

static void plan_stream(void *user, uint32_t id, struct stream_plan *plan)
{
	struct job *j = user;

	worker_plan(&j->worker, id, plan);
}

static void end_file(struct job *j, struct open_file *f, const struct gate_result *r)
{
	const bool detached = j->settings.detach && gate_is_up(r->state);

	if (r->mapping.left_behind && r->mapping.state != PORTMAP_GONE)
		log_line(LEVEL_WARNING,
			 "%s %u may be open all the same until its lifetime ends; natmap "
			 "close tries to remove it",
			 port_transport(r->mapping.ip_protocol), r->mapping.internal.port);
	open_file_end(f, &r->mapping, detached);
}

static void end_files(struct job *j, int status)
{
	for (unsigned i = 0; i < j->options.gate_count; i++) {
		if (status == CORE_DONE)
			end_file(j, &j->files[i], porter_gate(j->porter, i));
		else
			open_file_end(&j->files[i], NULL, false);
	}
}

static int exit_status(const struct job *j, int status)
{
	if (j->watch.tell.error != 0) {
		log_line(LEVEL_ERROR, "cannot write the report: %s", strerror(j->watch.tell.error));
		return EXIT_INTERNAL;
	}
	if (j->run.signal != 0)
		return EXIT_SIGNAL + j->run.signal;
	if (status != CORE_DONE)
		return say(status);
	for (unsigned i = 0; i < j->options.gate_count; i++)
		if (gate_is_up(porter_gate(j->porter, i)->state))
			return EXIT_YES;
	return EXIT_NO;
}

static int hold(struct job *j)
{
	int status;

	j->run = (struct run_options){
		.by_address = true,
		.on_turn = on_turn,
		.plan_stream = plan_stream,
		.user = j,
		.wake_fd = j->wake,
	};
	port_tell_start(&j->watch.tell, "open");
	status = run_core(&porter_ops, j->porter, &j->run);
	take_events(j);
	open_watch_end(&j->watch, j->porter, run_now(), j->run.signal == 0);
	open_exec_end(&j->exec);
	end_files(j, status);
	return exit_status(j, status);
}

int open_main(int argc, char *argv[])
{
	struct job *j = calloc(1, sizeof(*j));
	int status;

	if (j == NULL)
		return say(NK_ERR_NO_MEMORY);
	j->worker.fd = j->wake = j->links = -1;
	status = open_settings_read(&j->settings, argc, argv);
	if (status == OPTIONS_GO_ON)
		status = prepare(j);
	if (status == EXIT_YES)
		status = start(j);
	if (status == EXIT_YES)
		status = hold(j);
	porter_free(j->porter);
	worker_stop(&j->worker);
	if (j->links >= 0)
		close(j->links);
	if (j->wake >= 0)
		close(j->wake);
	server_list_free(&j->settings.servers);
	crypto_wipe(j, sizeof(*j));
	free(j);
	return status;
}
