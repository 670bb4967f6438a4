#include "service.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/crypto.h"
#include "base/err.h"
#include "face/exit.h"
#include "face/log.h"
#include "io/clock.h"
#include "io/files.h"
#include "io/privilege.h"
#include "io/run.h"
#include "ledger_file.h"
#include "metrics.h"

#define TICK NK_S

/**
 * struct service - A running broker
 * @numbers:	What @metrics tells
 * @metrics:	NULL: they are told nowhere
 * @tick_at:	When the next turn is due although nothing has happened
 * @answered:	Sockets that were opened or could not be
 * @settled:	Privileges are gone, and a ledger is begun
 * @ledger_failing: That was said
 * @error:	Why the service ends although the broker did not fail
 */
struct service {
	const struct settings *settings;
	struct broker *broker;
	struct ledger_file ledger;
	struct metrics_source numbers;
	struct metrics *metrics;
	struct run_options run;
	nk_time tick_at;
	unsigned answered;
	bool settled, ledger_failing;
	int error;
};

static void tell(struct service *v, const struct broker_event *ev)
{
	char text[ADDR_TEXT];

	addr_text(&ev->addr, text);
	switch (ev->kind) {
	case BROKER_SERVING:
		v->answered++;
		log_line(LEVEL_INFO, "serving %s", text);
		break;
	case BROKER_OPEN_FAILED:
		v->answered++;
		log_line(broker_status(v->broker) < 0 ? LEVEL_ERROR : LEVEL_WARNING,
			 "cannot serve %s: %s", text, strerror(ev->error));
		break;
	case BROKER_SERVING_ICMP:
		v->answered++;
		log_line(LEVEL_INFO, "serving pings to %s", text);
		break;
	case BROKER_NO_ICMP:
		v->answered++;
		log_line(LEVEL_INFO, "no ICMP timers can be measured with %s: %s", text,
			 strerror(ev->error));
		break;
	case BROKER_SESSION:
		log_line(LEVEL_DEBUG, "session of %s", text);
		break;
	case BROKER_REGISTERED:
		log_line(LEVEL_DEBUG, "registration of %s", text);
		break;
	case BROKER_BAD_PROOF:
		log_line(LEVEL_WARNING,
			 "no proof of its key: %s; if all are refused, clients know this broker by "
			 "another address: see --advertise",
			 text);
		break;
	case BROKER_TABLE_FULL:
		log_line(LEVEL_WARNING,
			 "a table is full: new clients, trials or registrations are refused");
		break;
	case BROKER_RATE_LIMITED:
		log_line(LEVEL_WARNING, "over its rate limit: %s", text);
		break;
	case BROKER_DRAINING:
		log_line(LEVEL_INFO, "new registrations are refused for %.15g s: then it ends",
			 nk_seconds(v->settings->broker.drain));
		break;
	}
}

static void give_up(struct service *v, int error)
{
	v->error = error;
	broker_end(v->broker);
}

/* Return: whether we are who we are to be. */
static bool drop(struct service *v)
{
	const char *user = v->settings->user;
	const int rc = user != NULL ? privilege_drop_to(user) : privilege_drop_capabilities();
	char quoted[LOG_QUOTED];

	if (rc == 0)
		return true;
	log_line(LEVEL_ERROR, "cannot become %s: %s",
		 user != NULL ? log_quote(quoted, sizeof(quoted), user) : "unprivileged",
		 rc == NK_ERR_BAD_INPUT ? "give a user who exists and is not root" : err_text(rc));
	give_up(v, rc);
	return false;
}

/* Once when it cannot be written, and once when it can again. */
static void tell_ledger(struct service *v)
{
	const struct ledger_file *f = &v->ledger;
	char quoted[LOG_QUOTED];

	if ((f->error != 0) == v->ledger_failing)
		return;
	v->ledger_failing = f->error != 0;
	log_quote(quoted, sizeof(quoted), f->path);
	if (v->ledger_failing)
		log_line(LEVEL_ERROR, "cannot write %s: %s", quoted, strerror(f->error));
	else
		log_line(LEVEL_INFO, "registrations are kept in %s again", quoted);
}

/* All sockets are open, and nothing has been read from them yet. */
static void settle(struct service *v, nk_time now)
{
	v->settled = true;
	if (!drop(v) || ledger_file_begin(&v->ledger, now) == 0)
		return;
	give_up(v, errno == EACCES || errno == EPERM ? NK_ERR_PERMISSION : NK_ERR_SYSTEM);
	tell_ledger(v);
}

static void on_turn(void *user, nk_time now)
{
	struct service *v = user;
	struct broker_event ev;
	nk_time due;

	while (broker_next_event(v->broker, &ev))
		tell(v, &ev);
	if (!v->settled && broker_status(v->broker) == CORE_BUSY &&
	    v->answered == broker_sockets(&v->settings->broker))
		settle(v, now);
	if (!v->settled)
		return;
	ledger_file_turn(&v->ledger, v->broker, now);
	tell_ledger(v);
	if (v->metrics != NULL)
		metrics_turn(v->metrics, now);
	if (now >= v->tick_at)
		v->tick_at = now + TICK;
	due = nk_min(v->tick_at, ledger_file_due(&v->ledger));
	if (v->metrics != NULL)
		due = nk_min(due, metrics_due(v->metrics));
	v->run.tick = nk_max(due - now, 1);
}

static void sum_up(const struct service *v)
{
	const struct broker_stats *n = broker_stats(v->broker);

	log_line(LEVEL_INFO,
		 "ended: %" PRIu64 " datagrams in, %" PRIu64 " out, %" PRIu64 " bindings, %" PRIu64
		 " sessions, %" PRIu64 " copies, %" PRIu64 " proofs of key, %" PRIu64
		 " rings, %" PRIu64 " answers, %" PRIu64 " relayed",
		 n->datagrams_in, n->datagrams_out, n->bindings, n->sessions_opened, n->copies_sent,
		 n->proofs, n->rings, n->answers, n->relayed);
}

static const char *why_no_ledger(int rc)
{
	if (rc == NK_ERR_BAD_INPUT)
		return "it is something else than a file of registrations";
	if (rc == NK_ERR_SYSTEM && errno == EWOULDBLOCK)
		return "another broker keeps its registrations there";
	return files_why(rc);
}

static void tell_taken(const struct service *v, const char *quoted)
{
	const struct broker_stats *n = broker_stats(v->broker);

	if (n->ledger_left == 0)
		log_line(LEVEL_INFO, "%" PRIu64 " registrations from %s", n->ledger_taken, quoted);
	else
		log_line(LEVEL_WARNING,
			 "%" PRIu64 " of %" PRIu64 " registrations from %s: the others are too "
			 "old, at an address that is not served any more, or too many",
			 n->ledger_taken, n->ledger_taken + n->ledger_left, quoted);
}

/* Return: 0, or the exit status to end with. */
static int open_ledger(struct service *v)
{
	const char *path = v->settings->state_path;
	const int rc = ledger_file_open(&v->ledger, path, v->broker, run_now());
	char quoted[LOG_QUOTED];

	if (path == NULL)
		return 0;
	log_quote(quoted, sizeof(quoted), path);
	if (rc < 0 && rc != NK_ERR_MALFORMED) {
		log_line(LEVEL_ERROR, "cannot use %s: %s", quoted, why_no_ledger(rc));
		return EXIT_USAGE;
	}
	if (rc == NK_ERR_MALFORMED)
		log_line(LEVEL_WARNING, "begins without registrations: %s is damaged", quoted);
	else
		tell_taken(v, quoted);
	if (v->ledger.exposed)
		log_line(LEVEL_WARNING, "%s could be read by others, and so the secret of tokens",
			 quoted);
	return 0;
}

/* Return: 0, or the exit status to end with. */
static int open_metrics(struct service *v)
{
	const struct settings *s = v->settings;
	char text[ADDR_TEXT];
	int rc;

	v->numbers = (struct metrics_source){
		.config = &s->broker,
		.broker = v->broker,
		.ledger = &v->ledger,
		.started = clock_unix(),
	};
	if (addr_family(&s->metrics) == ADDR_NONE)
		return 0;
	rc = metrics_open(&v->metrics, &s->metrics, &v->numbers);
	if (rc == 0) {
		v->run.wake_fd = metrics_fd(v->metrics);
		return 0;
	}
	log_line(s->metrics_given ? LEVEL_ERROR : LEVEL_WARNING, "no metrics at %s: %s",
		 addr_text(&s->metrics, text), strerror(-rc));
	if (!s->metrics_given)
		return 0;
	return rc == -EACCES || rc == -EPERM ? EXIT_PERMISSION : EXIT_INTERNAL;
}

static int finish_ledger(struct service *v)
{
	const int rc = ledger_file_finish(&v->ledger, v->broker, run_now());
	char quoted[LOG_QUOTED];

	if (rc != 0)
		log_line(LEVEL_ERROR, "registrations are lost: cannot write %s: %s",
			 log_quote(quoted, sizeof(quoted), v->settings->state_path),
			 strerror(v->ledger.error));
	return rc;
}

static int serve(struct service *v)
{
	int rc;

	v->run = (struct run_options){.no_ttl = true, .on_turn = on_turn, .user = v, .tick = TICK};
	rc = open_ledger(v);
	if (rc == 0)
		rc = open_metrics(v);
	if (rc != 0)
		return rc;
	broker_start(v->broker, run_now());
	rc = run_core(&broker_ops, v->broker, &v->run);
	on_turn(v, run_now()); /* what happened in the last turn */
	if (v->error != 0)
		rc = v->error;
	if (rc == 0 || rc == NK_ERR_STOPPED)
		sum_up(v);
	else if (v->answered == 0)
		log_line(LEVEL_ERROR, "cannot start: %s",
			 v->run.error != 0 ? strerror(v->run.error) : err_text(rc));
	if (rc == 0)
		rc = finish_ledger(v);
	metrics_close(v->metrics);
	return rc == NK_ERR_STOPPED ? EXIT_YES : (int)exit_from_err(rc);
}

int service_run(const struct settings *s)
{
	struct service v = {.settings = s};
	uint8_t seed[32];
	int status;

	if (crypto_init() != 0) {
		log_line(LEVEL_ERROR, "%s", err_text(NK_ERR_SYSTEM));
		return EXIT_INTERNAL;
	}
	crypto_seed(seed);
	v.broker = broker_new(&s->broker, seed);
	crypto_wipe(seed, sizeof(seed));
	if (v.broker == NULL) {
		log_line(LEVEL_ERROR, "%s", err_text(NK_ERR_NO_MEMORY));
		return EXIT_INTERNAL;
	}
	status = serve(&v);
	ledger_file_free(&v.ledger);
	broker_free(v.broker);
	return status;
}
