#include "run.h"

#include <errno.h>
#include <ifaddrs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "beliefs_file.h"
#include "beliefs_learn.h"
#include "broker.h"
#include "desk/sink.h"
#include "desk/timeouts.h"
#include "environment.h"
#include "face/exit.h"
#include "face/log.h"
#include "face/options.h"
#include "face/style.h"
#include "identity_file.h"
#include "io/clock.h"
#include "io/links.h"
#include "io/run.h"
#include "peers.h"
#include "ports.h"
#include "router.h"
#include "seen_file.h"
#include "settings.h"
#include "watch.h"

#define HOSTS_EVERY (5 * NK_S)

/**
 * struct job - One run of the command
 * @broker:	Where we register, or where the callee is
 * @beliefs:	Of the network that we are in; @before: of the callee, when it began
 * @router:	That may open ports for us
 * @hosts_at:	When our own addresses were last looked at
 * @seen:	Listening: offers that were taken
 * @environment: Of the program that was started last
 * @signal:	What ended it, or 0
 */
struct job {
	struct settings settings;
	struct identity identity;
	struct peers peers;
	struct card broker;
	struct beliefs beliefs;
	struct router router;
	struct tactics_belief before, after;
	struct natpunch *punch;
	struct report report;
	struct watch watch;
	struct seen_file seen;
	struct environment environment;
	nk_time hosts_at;
	int signal;
};

/* A folder would be read as if it were empty. */
static int check_input(void)
{
	struct stat st;

	if (fstat(STDIN_FILENO, &st) == 0 && S_ISDIR(st.st_mode)) {
		log_line(LEVEL_ERROR, "standard input is a folder");
		return EXIT_USAGE;
	}
	return EXIT_YES;
}

/* Nobody is there to answer who calls himself. */
static int check_callee(const struct job *j)
{
	const uint8_t *callee = j->peers.callee.card.key;

	if (j->settings.punch.mode == PUNCH_LISTEN ||
	    memcmp(callee, j->identity.sign_public, sizeof(j->peers.callee.card.key)) != 0)
		return EXIT_YES;
	log_line(LEVEL_ERROR, "that is our own card; call another's");
	return EXIT_USAGE;
}

static int find_broker(struct job *j)
{
	struct punch_options *p = &j->settings.punch;
	int status;

	if (p->mode != PUNCH_LISTEN) {
		j->broker = j->peers.callee.card;
	} else {
		status = broker_find(&j->broker, j->settings.broker, j->settings.identity);
		if (status != EXIT_YES)
			return status;
	}
	return broker_resolve(p->broker, &j->broker, j->settings.interface);
}

/* A listener's machine may be carried from one network to another. Return: whether it was. */
static bool find_hosts(struct job *j, nk_time now)
{
	struct call_options *c = &j->settings.punch.call;
	const unsigned count = c->host_count;
	struct ifaddrs *all = links_look();
	struct addr before[GATHER_HOSTS];

	j->hosts_at = now;
	if (all == NULL)
		return false;
	memcpy(before, c->hosts, sizeof(before));
	c->host_count = links_addresses(all, j->settings.interface, c->hosts, GATHER_HOSTS);
	freeifaddrs(all);
	router_look(&j->router, &j->settings.punch, j->settings.interface, now);
	return c->host_count != count || memcmp(before, c->hosts, count * sizeof(*before)) != 0;
}

static const struct addr *broker_addr(const struct job *j)
{
	const struct addr *broker = j->settings.punch.broker;

	return &broker[addr_family(&broker[0]) != ADDR_NONE ? 0 : 1];
}

/* How long a mapping lasts here; each network has its own answer. */
static void open_timeouts(struct job *j)
{
	struct keepalive_offer *o = &j->settings.punch.call.keepalive;
	struct timeouts t;

	timeouts_open(&t, broker_addr(j), j->settings.interface);
	o->lower_s = t.lower;
	o->outbound_only = t.outbound_only;
}

static void open_beliefs(struct job *j, int64_t unix_us)
{
	struct punch_options *p = &j->settings.punch;

	if (p->mode == PUNCH_LISTEN)
		return;
	beliefs_open(&j->beliefs, broker_addr(j), j->settings.interface, unix_us);
	j->before = *beliefs_of(&j->beliefs, p->callee.key);
	tactics_order(p->order, &j->before, run_now());
	if (j->before.tactic[TACTIC_PLAIN].yes + j->before.tactic[TACTIC_PLAIN].no > 0)
		p->call.plain_p = tactics_p(&j->before, TACTIC_PLAIN, run_now());
}

static void open_seen(struct job *j)
{
	struct punch_options *p = &j->settings.punch;

	if (p->mode != PUNCH_LISTEN)
		return;
	seen_open(&j->seen, j->identity.sign_public);
	p->seen = j->seen.list;
	p->seen_count = j->seen.count;
}

/* All that a run needs, before anything is sent. Return: EXIT_YES, or the exit status, told. */
static int prepare(struct job *j)
{
	struct punch_options *p = &j->settings.punch;
	const int64_t unix_us = clock_unix() - run_now();
	int status = crypto_init() == 0 ? check_input() : EXIT_INTERNAL;

	if (status == EXIT_YES)
		status = ports_check(p, j->settings.interface);
	if (status == EXIT_YES)
		status = peers_find(&j->peers, &j->settings);
	if (status == EXIT_YES)
		status = identity_open(&j->identity, j->settings.identity);
	if (status == EXIT_YES)
		status = check_callee(j);
	if (status != EXIT_YES)
		return status;
	router_begin(&j->router, !j->settings.no_mapping, unix_us);
	status = find_broker(j);
	if (status != EXIT_YES)
		return status;
	p->identity = &j->identity;
	p->allowed = j->peers.allowed;
	p->allowed_count = j->peers.allowed_count;
	memcpy(p->callee.key, j->peers.callee.card.key, sizeof(p->callee.key));
	p->callee.name = j->peers.callee.name[0] != '\0' ? j->peers.callee.name : NULL;
	p->call.unix_us = (uint64_t)unix_us;
	find_hosts(j, run_now());
	open_timeouts(j);
	open_beliefs(j, unix_us);
	open_seen(j);
	return EXIT_YES;
}

static int start(struct job *j)
{
	uint8_t seed[32];

	crypto_seed(seed);
	j->punch = natpunch_new(&j->settings.punch, seed);
	crypto_wipe(seed, sizeof(seed));
	if (j->punch != NULL)
		return EXIT_YES;
	log_line(LEVEL_ERROR, "%s", err_text(NK_ERR_NO_MEMORY));
	return EXIT_INTERNAL;
}

static void keep_seen(struct job *j)
{
	if (natpunch_seen(j->punch, j->seen.list, &j->seen.count))
		seen_save(&j->seen);
}

static void on_turn(void *user, nk_time now)
{
	struct job *j = user;

	watch_turn(&j->watch, now);
	keep_seen(j);
	if (now >= j->hosts_at + HOSTS_EVERY && find_hosts(j, now))
		open_timeouts(j);
}

static void plan_stream(void *user, uint32_t id, struct stream_plan *plan)
{
	struct natpunch_event peer;
	struct job *j = user;

	if (id == NATPUNCH_UPNP)
		worker_plan(&j->router.worker, id, plan);
	if (!natpunch_stream_peer(j->punch, id, &peer))
		return;
	plan->command = j->settings.exec;
	environment_free(&j->environment);
	if (environment_of_peer(&j->environment, &peer) == 0)
		plan->environment = j->environment.list;
}

/* What the calls of this run teach. */
static void learn(struct job *j, nk_time now)
{
	struct tactics_belief *b;
	struct call_report r;

	if (j->settings.punch.mode == PUNCH_LISTEN)
		return;
	for (unsigned i = 0; natpunch_call(j->punch, i, &r); i++) {
		for (unsigned k = 0; k < r.gathered.candidates.count; k++)
			if (r.gathered.candidates.list[k].kind == CANDIDATE_SERVER_REFLEXIVE)
				beliefs_seen(&j->beliefs, &r.gathered.candidates.list[k].addr);
		b = beliefs_of(&j->beliefs, j->settings.punch.callee.key);
		beliefs_learn(b, &r, now);
		j->after = *b;
	}
	beliefs_save(&j->beliefs);
}

static int write_failed(const char *what)
{
	log_line(LEVEL_ERROR, "cannot write the %s: %s", what, strerror(errno));
	return EXIT_INTERNAL;
}

static int write_report(const struct sink_whole *to, const struct report *r)
{
	bool failed;
	struct js root = report_json(r, &failed);
	const int rc = sink_write(to, root);

	js_free(root);
	return rc == 0 ? EXIT_YES : write_failed("report");
}

static int print(struct job *j)
{
	const struct settings *s = &j->settings;
	const struct style style = style_of(stdout);
	int status;

	watch_end(&j->watch);
	status = write_report(&s->report, &j->report);
	if (s->punch.mode != PUNCH_TEST || status != EXIT_YES)
		return status;
	if (s->format == FORMAT_JSON)
		return write_report(&(struct sink_whole){.fd = stdout}, &j->report);
	report_text(stdout, &style, &j->report);
	return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_YES : write_failed("report");
}

static int exit_of_end(enum call_end end)
{
	switch (end) {
	case CALL_CLOSED:
		return EXIT_YES;
	case CALL_NO_BROKER:
		return EXIT_UNREACHABLE;
	case CALL_FAILED:
		return EXIT_INTERNAL;
	default:
		return EXIT_NO;
	}
}

/* Whoever listens until it is told to stop has done all that was asked of it. */
static int exit_status(const struct job *j, int status)
{
	const struct punch_options *p = &j->settings.punch;

	if (j->signal != 0)
		return p->mode == PUNCH_LISTEN && !p->once ? EXIT_YES : EXIT_SIGNAL + j->signal;
	if (status != CORE_DONE) {
		log_line(LEVEL_ERROR, "%s", err_text(status));
		return exit_from_err(status);
	}
	return j->watch.refused ? EXIT_NO : exit_of_end(natpunch_end(j->punch));
}

static void begin_report(struct job *j)
{
	const enum punch_mode mode = j->settings.punch.mode;
	const bool lasts = mode == PUNCH_LISTEN || mode == PUNCH_CALL;

	j->report = (struct report){
		.started_unix = clock_unix(),
		.started = run_now(),
		.mode = mode,
		.key = j->identity.sign_public,
		.broker = &j->broker,
		.broker_addr = *broker_addr(j),
		.punch = j->punch,
		.contacts = &j->peers.contacts,
		.callee = j->settings.callee,
	};
	j->watch = (struct watch){
		.report = &j->report,
		.punch = j->punch,
		.events = j->settings.events,
		.talks = !j->settings.quiet && (lasts || isatty(STDERR_FILENO)),
		.wants_bare = !j->settings.punch.call.encrypt,
	};
}

static void end_report(struct job *j, int status)
{
	j->report.ended = run_now();
	watch_turn(&j->watch, j->report.ended); /* what happened in the last turn */
	keep_seen(j);
	j->report.complete = status == CORE_DONE && j->signal == 0;
	learn(j, j->report.ended);
	router_learn(&j->router, j->punch, j->report.ended);
	if (j->report.mode != PUNCH_LISTEN) {
		j->report.before = &j->before;
		j->report.after = &j->after;
	}
}

static int run(struct job *j)
{
	struct run_options options = {
		.interface = j->settings.interface,
		.on_turn = on_turn,
		.plan_stream = plan_stream,
		.user = j,
	};
	int status, printed;

	begin_report(j);
	watch_start(&j->watch);
	natpunch_start(j->punch, run_now());
	status = run_core(&natpunch_ops, j->punch, &options);
	j->signal = options.signal;
	end_report(j, status);
	printed = print(j);
	status = exit_status(j, status);
	if (options.stream_error != 0) {
		errno = options.stream_error;
		printed = write_failed("messages");
	}
	return printed != EXIT_YES ? printed : status;
}

static int main_of(enum punch_mode mode, int argc, char *argv[])
{
	struct job *j = calloc(1, sizeof(*j));
	int status;

	if (j == NULL)
		return EXIT_INTERNAL;
	status = settings_read(&j->settings, mode, argc, argv);
	if (status == OPTIONS_GO_ON) {
		status = prepare(j);
		if (status == EXIT_YES)
			status = start(j);
		if (status == EXIT_YES)
			status = run(j);
	}
	router_end(&j->router);
	natpunch_free(j->punch);
	environment_free(&j->environment);
	peers_free(&j->peers);
	settings_free(&j->settings);
	crypto_wipe(j, sizeof(*j));
	free(j);
	return status;
}

int listen_main(int argc, char *argv[])
{
	return main_of(PUNCH_LISTEN, argc, argv);
}

int call_main(int argc, char *argv[])
{
	return main_of(PUNCH_CALL, argc, argv);
}

int send_main(int argc, char *argv[])
{
	return main_of(PUNCH_SEND, argc, argv);
}

int test_main(int argc, char *argv[])
{
	return main_of(PUNCH_TEST, argc, argv);
}
