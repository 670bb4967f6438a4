/* natmap list - the ports that are open on gateways as far as they tell, and those that we hold. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/err.h"
#include "core/portmap/lister.h"
#include "desk/worker.h"
#include "face/exit.h"
#include "face/findings.h"
#include "face/format.h"
#include "face/log.h"
#include "face/numbers.h"
#include "face/prose.h"
#include "io/clock.h"
#include "io/run.h"
#include "map_words.h"
#include "port_json.h"
#include "port_words.h"
#include "ports.h"
#include "where.h"

#define SCOUT_LIMIT (2 * NK_S)   /* an answer by SSDP may be held back for a second */
#define EXACT       (600 * NK_S) /* longer ones are told in minutes */
#define OURS        "natkit "    /* how our descriptions begin */

struct settings {
	struct where where;
	int format;
};

/**
 * struct job - One run of the command
 * @held:	@held_count ports that runs of natmap hold, or have left open; @unread: there may be more
 * @entries:	Of @lister; @cut: there are more
 */
struct job {
	struct settings settings;
	struct way ways[WHERE_MAX];
	unsigned way_count;
	struct upnp_worker worker;
	struct lister *lister;
	const struct lister_entry *entries;
	unsigned entry_count;
	bool cut, complete, unread;
	struct held_entry held[HELD_MAX];
	unsigned held_count;
	int64_t started_unix;
	nk_time started;
};

static const struct option_spec options[] = {
	WHERE_OPTIONS("all of these."),
	FORMAT_OPTIONS_PLAIN(.offset = offsetof(struct settings, format)),
};

static const struct command_spec command = {
	.name = "natmap list",
	.about = "Lists the ports that are open on the gateway, as far as it tells (only UPnP "
		 "does), "
		 "and those that runs of natmap hold or have left open.",
	.notes = "Exit status: 0 a gateway answers, 2 usage, 3 there is no gateway, or none "
		 "answers, 5 internal error. natmap(1) has the rest.",
	.options = options,
	.count = sizeof(options) / sizeof(options[0]),
};

/* By PCP and NAT-PMP a gateway gives its own descriptions. */
static bool is_held(const struct job *j, const struct lister_entry *e)
{
	for (unsigned i = 0; i < j->held_count; i++) {
		const struct held_port *p = &j->held[i].port;

		if (p->ip_protocol == e->ip_protocol && p->external.port == e->external_port &&
		    addr_eq(&p->internal, &e->client))
			return true;
	}
	return false;
}

static bool is_ours(const struct job *j, const struct lister_entry *e)
{
	return is_held(j, e) || (addr_same_ip(&e->client, &j->ways[e->gateway].local) &&
				 strncmp(e->description, OURS, strlen(OURS)) == 0);
}

/* 0: it does not end by itself, or that is not known. */
static nk_time left(const struct held_entry *e, int64_t unix_us)
{
	return e->port.expires_unix_us > unix_us ? e->port.expires_unix_us - unix_us : 0;
}

static void put_lease(struct js o, const char *key, nk_time t)
{
	if (t > 0)
		js_put_seconds(o, key, nk_seconds(t));
	else
		js_put_null(o, key);
}

static void put_entry(struct js list, const struct job *j, const struct lister_entry *e)
{
	struct js o = js_add_object(list);

	js_put_text(o, "transport", port_transport(e->ip_protocol));
	js_put_int(o, "external_port", e->external_port);
	findings_addr(o, "internal", &e->client);
	put_lease(o, "left_s", e->lease_s * NK_S);
	js_put_text(o, "description", e->description);
	js_put_bool(o, "ours", is_ours(j, e));
}

static void put_gateway(struct js list, const struct job *j, unsigned i)
{
	const struct portmap_gateway *g = lister_gateway(j->lister, i);
	struct js o = js_add_object(list), entries;

	findings_ip(o, "gateway", &j->ways[i].gateway);
	findings_ip(o, "local", &j->ways[i].local);
	js_put_text(o, "interface", j->ways[i].interface);
	findings_offers(o, "protocols", g);
	entries = js_put_array(o, "entries");
	for (unsigned k = 0; k < j->entry_count; k++)
		if (j->entries[k].gateway == i)
			put_entry(entries, j, &j->entries[k]);
}

static void put_held(struct js list, const struct held_entry *e, int64_t unix_us)
{
	struct js o = js_add_object(list);

	port_put_held(o, &e->port);
	if (held_is_over(&e->port, unix_us))
		js_put_seconds(o, "left_s", 0);
	else
		put_lease(o, "left_s", left(e, unix_us));
	js_put_bool(o, "detached", e->port.detached);
	if (e->owner != 0)
		js_put_int(o, "process", e->owner);
	else
		js_put_null(o, "process");
}

static int print_json(const struct job *j)
{
	bool failed;
	struct js o = port_report("list", j->started_unix, clock_boottime() - j->started,
				  j->complete && !j->cut && !j->unread, &failed);
	struct js list = js_put_array(o, "gateways");
	int r;

	for (unsigned i = 0; i < j->way_count; i++)
		put_gateway(list, j, i);
	list = js_put_array(o, "held");
	for (unsigned i = 0; i < j->held_count; i++)
		put_held(list, &j->held[i], clock_unix());
	r = js_print(o, stdout, true);
	js_free(o);
	return r;
}

static const char *lease_words(char *out, size_t size, nk_time t)
{
	char text[32];

	snprintf(out, size, "%s%s",
		 t > 0 ? duration_text(text, sizeof(text), t / NK_S * NK_S) : "no end",
		 t > 0 ? " left" : "");
	return out;
}

static void print_gateway(const struct style *st, const struct job *j, unsigned i)
{
	const struct portmap_gateway *g = lister_gateway(j->lister, i);
	char text[PORT_WORDS], address[ADDR_TEXT], lease[48];

	snprintf(text, sizeof(text), "%s (%s)", addr_text_ip(&j->ways[i].gateway, address),
		 j->ways[i].interface);
	prose_line(stdout, st, "Gateway", text);
	for (enum portmap_protocol p = 0; p < PORTMAP_PROTOCOLS; p++)
		if (g->offer[p].why != PORTMAP_UNASKED)
			prose_line(stdout, st, portmap_protocol_text(p),
				   map_offer_words(text, sizeof(text), &g->offer[p], p));
	for (unsigned k = 0; k < j->entry_count; k++) {
		const struct lister_entry *e = &j->entries[k];

		if (e->gateway != i)
			continue;
		snprintf(text, sizeof(text), "%u -> %s, %s, \"%s\"%s", e->external_port,
			 addr_text(&e->client, address),
			 lease_words(lease, sizeof(lease), e->lease_s * NK_S), e->description,
			 is_ours(j, e) ? ", ours" : "");
		prose_line(stdout, st, port_transport(e->ip_protocol), text);
	}
}

static void print_held(const struct style *st, const struct held_entry *e, int64_t unix_us)
{
	char text[2 * PORT_WORDS], pair[PORT_WORDS], lease[48], owner[48];
	const bool over = e->owner == 0 && held_is_over(&e->port, unix_us);
	const char *unknown = e->owner != 0 ? "not open yet" : "perhaps open";

	if (e->owner != 0)
		snprintf(owner, sizeof(owner), "held by process %d", (int)e->owner);
	else
		snprintf(owner, sizeof(owner), "%s",
			 e->port.detached ? "left open" : "left by an earlier run");
	snprintf(text, sizeof(text), "%s, %s, %s, %s",
		 port_pair(pair, e->port.ip_protocol, &e->port.external, &e->port.internal),
		 e->port.protocol[0] != '\0' ? e->port.protocol : unknown,
		 over ? "over" : lease_words(lease, sizeof(lease), left(e, unix_us)), owner);
	prose_line(stdout, st, "Held", text);
}

static void print_text(const struct job *j)
{
	const struct style style = style_of(stdout);

	for (unsigned i = 0; i < j->way_count; i++)
		print_gateway(&style, j, i);
	for (unsigned i = 0; i < j->held_count; i++)
		print_held(&style, &j->held[i], clock_unix());
}

static void look_at_held(struct job *j)
{
	unsigned unread;
	const int n = held_list(j->held, HELD_MAX, j->started_unix, &unread);

	if (n < 0)
		log_line(LEVEL_WARNING, "cannot look what this user has left open (%s): %s",
			 HELD_PLACE, held_why(n));
	j->held_count = n > 0 ? (unsigned)n : 0;
	j->unread = n < 0 || unread > 0;
}

static int start(struct job *j)
{
	struct lister_options o = {
		.count = j->way_count,
		.protocols = where_protocols(&j->settings.where),
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
	j->started_unix = clock_unix();
	j->started = run_now();
	j->lister = lister_new(&o, seed, j->started);
	look_at_held(j);
	return j->lister != NULL ? 0 : NK_ERR_NO_MEMORY;
}

static bool answers(const struct job *j)
{
	for (unsigned i = 0; i < j->way_count; i++)
		for (enum portmap_protocol p = 0; p < PORTMAP_PROTOCOLS; p++)
			if (lister_gateway(j->lister, i)->offer[p].answers)
				return true;
	return false;
}

/* Return: the exit status. */
static int print(struct job *j)
{
	if (j->settings.format == FORMAT_TEXT)
		print_text(j);
	else if (print_json(j) == NK_ERR_NO_MEMORY)
		errno = ENOMEM;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return answers(j) ? EXIT_YES : EXIT_UNREACHABLE;
	log_line(LEVEL_ERROR, "cannot write the report: %s", strerror(errno));
	return EXIT_INTERNAL;
}

static int run(struct job *j)
{
	struct run_options run = {
		.by_address = true, .plan_stream = worker_plan, .user = &j->worker};
	int r, status;

	if (crypto_init() != 0) {
		log_line(LEVEL_ERROR, "%s", err_text(NK_ERR_SYSTEM));
		return EXIT_INTERNAL;
	}
	j->way_count = where_find(j->ways, &j->settings.where);
	if (j->way_count == 0)
		return EXIT_UNREACHABLE;
	r = start(j);
	if (r == 0)
		r = run_core(&lister_ops, j->lister, &run);
	if (r != CORE_DONE) {
		log_line(LEVEL_ERROR, "%s", run.error != 0 ? strerror(run.error) : err_text(r));
		return EXIT_INTERNAL;
	}
	j->complete = run.signal == 0;
	j->entries = lister_entries(j->lister, &j->entry_count, &j->cut);
	status = print(j);
	return run.signal != 0 ? EXIT_SIGNAL + run.signal : status;
}

int list_main(int argc, char *argv[])
{
	struct job *j = calloc(1, sizeof(*j));
	int status;

	if (j == NULL) {
		log_line(LEVEL_ERROR, "%s", err_text(NK_ERR_NO_MEMORY));
		return EXIT_INTERNAL;
	}
	j->worker.fd = -1;
	status = options_parse(&command, &j->settings, argc, argv, NULL);
	j->settings.format = format_settle(j->settings.format);
	if (status == OPTIONS_GO_ON)
		status = run(j);
	lister_free(j->lister);
	worker_stop(&j->worker);
	free(j);
	return status;
}
