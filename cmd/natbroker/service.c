#include "service.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/crypto.h"
#include "base/err.h"
#include "face/exit.h"
#include "face/log.h"
#include "io/privilege.h"
#include "io/run.h"

/**
 * struct service - A running broker
 * @answered:	Sockets that were opened or could not be
 * @dropped:	Privileges are gone
 * @error:	Why the service ends although the broker did not fail
 */
struct service {
	const struct settings *settings;
	struct broker *broker;
	unsigned answered;
	bool dropped;
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
	}
}

/* All sockets are open, and nothing has been read from them yet. */
static void drop(struct service *v)
{
	const struct event stop = {.kind = EVENT_STOP};
	const char *user = v->settings->user;
	char quoted[LOG_QUOTED];
	int rc;

	v->dropped = true;
	rc = user != NULL ? privilege_drop_to(user) : privilege_drop_capabilities();
	if (rc == 0)
		return;
	log_line(LEVEL_ERROR, "cannot become %s: %s",
		 user != NULL ? log_quote(quoted, sizeof(quoted), user) : "unprivileged",
		 rc == NK_ERR_BAD_INPUT ? "give a user who exists and is not root" : err_text(rc));
	v->error = rc;
	broker_input(v->broker, &stop, run_now());
}

static void on_turn(void *user, nk_time now)
{
	struct service *v = user;
	struct broker_event ev;

	(void)now;
	while (broker_next_event(v->broker, &ev))
		tell(v, &ev);
	if (!v->dropped && broker_status(v->broker) == CORE_BUSY &&
	    v->answered == broker_sockets(&v->settings->broker))
		drop(v);
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

static int serve(struct service *v)
{
	struct run_options run = {.on_turn = on_turn, .user = v};
	int rc;

	broker_start(v->broker, run_now());
	rc = run_core(&broker_ops, v->broker, &run);
	on_turn(v, run_now()); /* what happened in the last turn */
	if (v->error != 0)
		rc = v->error;
	if (rc == 0 || rc == NK_ERR_STOPPED)
		sum_up(v);
	else if (v->answered == 0)
		log_line(LEVEL_ERROR, "cannot start: %s",
			 run.error != 0 ? strerror(run.error) : err_text(rc));
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
	broker_free(v.broker);
	return status;
}
