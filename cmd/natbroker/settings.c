#include "settings.h"

#include <pwd.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "desk/config_file.h"
#include "face/exit.h"
#include "face/format.h"
#include "face/log.h"
#include "face/options.h"

#define STATE_NAME        "registrations"
#define METRICS_PORT      9478
#define REGISTRATIONS_MAX 2097152

static int add_addr(struct addr list[static BROKER_ADDRS_MAX], unsigned *count, const char *value,
		    char why[static OPTIONS_WHY])
{
	struct addr a;

	if (addr_parse(&a, value, 0) != 0 || a.port != 0) {
		snprintf(why, OPTIONS_WHY, "give a numeric IPv4 or IPv6 address without a port");
		return -1;
	}
	for (unsigned i = 0; i < *count; i++) {
		if (addr_same_ip(&list[i], &a)) {
			snprintf(why, OPTIONS_WHY, "give each address once");
			return -1;
		}
	}
	if (*count == BROKER_ADDRS_MAX) {
		snprintf(why, OPTIONS_WHY, "give at most %d addresses", BROKER_ADDRS_MAX);
		return -1;
	}
	list[(*count)++] = a;
	return 0;
}

static int add_listen(void *into, const char *value, char why[static OPTIONS_WHY])
{
	struct settings *s = into;

	return add_addr(s->listen, &s->listen_count, value, why);
}

static int add_advertise(void *into, const char *value, char why[static OPTIONS_WHY])
{
	struct settings *s = into;

	return add_addr(s->advertise, &s->advertise_count, value, why);
}

static int set_metrics(void *into, const char *value, char why[static OPTIONS_WHY])
{
	struct settings *s = into;
	struct addr a = {.port = 0};

	if (strcmp(value, "none") != 0 && addr_parse(&a, value, METRICS_PORT) != 0) {
		snprintf(why, OPTIONS_WHY, "give ADDRESS, ADDRESS:PORT or none");
		return -1;
	}
	s->metrics = a;
	return 0;
}

static const struct option_spec options[] = {
	{
		.name = "listen",
		.letter = 'l',
		.argument = "ADDR",
		.help = "Serve this address. The first two of a family are the primary and the "
			"alternate address of RFC 5780. Default: all addresses, without an "
			"alternate one.",
		.kind = OPTION_CALL,
		.repeatable = true,
		.call = add_listen,
	},
	{
		.name = "port",
		.letter = 'p',
		.argument = "PORT",
		.help = "Primary port of each address (3478).",
		.kind = OPTION_COUNT,
		.offset = offsetof(struct settings, port),
		.min = 1,
		.max = 65535,
	},
	{
		.name = "alt-port",
		.argument = "PORT",
		.help = "Alternate port of each address (3479).",
		.kind = OPTION_COUNT,
		.offset = offsetof(struct settings, alt_port),
		.min = 1,
		.max = 65535,
	},
	{
		.name = "advertise",
		.argument = "ADDR",
		.help = "Name this address to clients in place of the first, second ... listen "
			"address of its family, where a 1:1 NAT stands in front.",
		.kind = OPTION_CALL,
		.repeatable = true,
		.call = add_advertise,
	},
	{
		.name = "max-sessions",
		.argument = "N",
		.help = "Clients of the probe service at once (4096).",
		.kind = OPTION_COUNT,
		.offset = offsetof(struct settings, sessions_max),
		.min = 1,
		.max = 1000000,
	},
	{
		.name = "max-trials",
		.argument = "N",
		.help = "Mappings under test at once, of all clients (65536).",
		.kind = OPTION_COUNT,
		.offset = offsetof(struct settings, trials_max),
		.min = 1,
		.max = 10000000,
	},
	{
		.name = "binding-rate",
		.argument = "N",
		.help = "STUN answers longer than their request, each second to one /24 or IPv6 "
			"/48 (300).",
		.kind = OPTION_COUNT,
		.offset = offsetof(struct settings, binding_per_s),
		.min = 0,
		.max = 1000000,
	},
	{
		.name = "max-registrations",
		.argument = "N",
		.help = "Keys that can be rung, at once (2097152).",
		.kind = OPTION_COUNT,
		.offset = offsetof(struct settings, registrations_max),
		.min = 1,
		.max = 10000000,
	},
	{
		.name = "call-rate",
		.argument = "N",
		.help = "Rings, and proofs of key, each second from one IP or IPv6 /64 (20). One "
			"key is rung 4 times as often.",
		.kind = OPTION_COUNT,
		.offset = offsetof(struct settings, calls_per_s),
		.min = 1,
		.max = 1000000,
	},
	{
		.name = "relay",
		.argument = "N",
		.help = "Relay so many packets each second from one IP or IPv6 /64, for pairs that "
			"find no other way and wish it (0: none).",
		.kind = OPTION_COUNT,
		.offset = offsetof(struct settings, relays_per_s),
		.min = 0,
		.max = 1000000,
	},
	{
		.name = "state",
		.letter = 's',
		.argument = "FILE",
		.help = "Keep registrations in this file, so that they outlive a restart or a "
			"crash. Default: registrations in $STATE_DIRECTORY, if that is set.",
		.kind = OPTION_STRING,
		.offset = offsetof(struct settings, state_path),
	},
	{
		.name = "metrics",
		.argument = "ADDR:PORT",
		.help = "Serve counters there for Prometheus, at /metrics (127.0.0.1:9478); "
			"\"none\": nowhere.",
		.kind = OPTION_CALL,
		.call = set_metrics,
	},
	{
		.name = "drain",
		.argument = "SECONDS",
		.help = "On a signal refuse new registrations, and end so much later (0).",
		.kind = OPTION_DURATION,
		.offset = offsetof(struct settings, broker.drain),
		.min = 0,
		.max = 86400,
	},
	{
		.name = "stats",
		.help = "Ask the broker that runs here, by --metrics, and print what it does and "
			"holds.",
		.kind = OPTION_FLAG,
		.not_in_file = true,
		.offset = offsetof(struct settings, stats),
	},
	{
		.name = "json",
		.letter = 'j',
		.help = "With --stats: as JSON, the default if standard output is no terminal.",
		.kind = OPTION_CHOICE,
		.not_in_file = true,
		.offset = offsetof(struct settings, format),
		.set = FORMAT_JSON,
	},
	{
		.name = "text",
		.letter = 't',
		.help = "With --stats: for people, the default on a terminal.",
		.kind = OPTION_CHOICE,
		.not_in_file = true,
		.offset = offsetof(struct settings, format),
		.set = FORMAT_TEXT,
	},
	{
		.name = "user",
		.letter = 'u',
		.argument = "NAME",
		.help = "Become this user once all sockets are open.",
		.kind = OPTION_STRING,
		.offset = offsetof(struct settings, user),
	},
	CONFIG_FILE_OPTION("natbroker", .offset = offsetof(struct settings, config_path)),
	{
		.name = "verbose",
		.letter = 'v',
		.help = "Log each new client too.",
		.kind = OPTION_FLAG,
		.offset = offsetof(struct settings, verbose),
	},
};

static const struct command_spec command = {
	.name = "natbroker",
	.about = "Serve those behind NATs: a STUN server (RFC 8489) that also tells NAT behaviour "
		 "(RFC 5780), has the probe service of natprobe, and is where natpunch's listeners "
		 "and callers find each other.",
	.notes = "The configuration file has lines of \"name = value\" with the names above. The "
		 "command line wins. SIGTERM ends the server, at once if it comes twice.",
	.options = options,
	.count = sizeof(options) / sizeof(options[0]),
};

static int refuse_addr(const char *option, const struct addr *a, const char *right)
{
	char text[ADDR_TEXT];

	log_line(LEVEL_ERROR, "--%s: cannot use '%s'; %s", option, addr_text_ip(a, text), right);
	return EXIT_USAGE;
}

/* "Any" binds the ports of every address of its family. */
static int check_listen(const struct settings *s)
{
	for (unsigned i = 0; i < s->listen_count; i++) {
		for (unsigned k = 0; k < s->listen_count; k++) {
			if (k != i && addr_is_any(&s->listen[i]) &&
			    addr_family(&s->listen[i]) == addr_family(&s->listen[k]))
				return refuse_addr("listen", &s->listen[i],
						   "give it alone in its family");
		}
	}
	return OPTIONS_GO_ON;
}

/* The n-th advertised address of a family stands for its n-th listen address. */
static int join_advertise(struct settings *s)
{
	struct broker_config *c = &s->broker;

	for (unsigned i = 0; i < s->advertise_count; i++) {
		const struct addr *a = &s->advertise[i];
		unsigned k = 0;

		while (k < c->listen_count && (addr_family(&c->listen[k]) != addr_family(a) ||
					       addr_family(&c->advertise[k]) != ADDR_NONE))
			k++;
		if (k == c->listen_count)
			return refuse_addr(
				"advertise", a,
				"give no more than there are listen addresses of its family");
		c->advertise[k] = *a;
	}
	return OPTIONS_GO_ON;
}

/* Found out before anything is opened. */
static int check_user(const char *user)
{
	const struct passwd *pw = user != NULL ? getpwnam(user) : NULL;
	char quoted[LOG_QUOTED];

	if (user == NULL || (pw != NULL && pw->pw_uid != 0))
		return OPTIONS_GO_ON;
	log_line(LEVEL_ERROR, "--user: cannot use %s; give a user who exists and is not root",
		 log_quote(quoted, sizeof(quoted), user));
	return EXIT_USAGE;
}

/* systemd gives a service of ours one folder or several, with colons between them. */
static int find_state(struct settings *s)
{
	const char *folder = getenv("STATE_DIRECTORY");
	int len;

	if (s->state_path != NULL || folder == NULL || folder[0] == '\0')
		return OPTIONS_GO_ON;
	len = snprintf(s->state, sizeof(s->state), "%.*s/" STATE_NAME, (int)strcspn(folder, ":"),
		       folder);
	if (len >= (int)sizeof(s->state)) {
		log_line(LEVEL_ERROR, "STATE_DIRECTORY is too long");
		return EXIT_USAGE;
	}
	s->state_path = s->state;
	return OPTIONS_GO_ON;
}

static int check(struct settings *s)
{
	struct broker_config *c = &s->broker;
	int rc;

	if (s->port == s->alt_port) {
		log_line(LEVEL_ERROR, "--alt-port: cannot use '%u'; give another port than --port",
			 s->alt_port);
		return EXIT_USAGE;
	}
	if (s->format != FORMAT_AUTO && !s->stats) {
		log_line(LEVEL_ERROR, "--json and --text go with --stats");
		return EXIT_USAGE;
	}
	if (s->stats && addr_family(&s->metrics) == ADDR_NONE) {
		log_line(LEVEL_ERROR,
			 "--stats: with --metrics none there is nobody to ask; give --metrics "
			 "ADDRESS:PORT of the broker");
		return EXIT_USAGE;
	}
	rc = check_user(s->user);
	if (rc == OPTIONS_GO_ON)
		rc = check_listen(s);
	if (rc == OPTIONS_GO_ON)
		rc = find_state(s);
	if (rc != OPTIONS_GO_ON)
		return rc;
	if (s->listen_count > 0) {
		memcpy(c->listen, s->listen, sizeof(c->listen));
		c->listen_count = s->listen_count;
	}
	c->port = (uint16_t)s->port;
	c->alt_port = (uint16_t)s->alt_port;
	c->sessions_max = s->sessions_max;
	c->trials_max = s->trials_max;
	c->binding_per_s = s->binding_per_s;
	c->registrations_max = s->registrations_max;
	c->calls_per_s = s->calls_per_s;
	c->relays_per_s = s->relays_per_s;
	return join_advertise(s);
}

int settings_read(struct settings *s, int argc, char *const argv[])
{
	uint64_t given = 0;
	int rc;

	*s = (struct settings){.broker = broker_default_config()};
	s->port = s->broker.port;
	s->alt_port = s->broker.alt_port;
	s->sessions_max = s->broker.sessions_max;
	s->trials_max = s->broker.trials_max;
	s->binding_per_s = s->broker.binding_per_s;
	s->registrations_max = REGISTRATIONS_MAX;
	s->calls_per_s = s->broker.calls_per_s;
	s->relays_per_s = s->broker.relays_per_s;
	s->metrics = addr_v4(127, 0, 0, 1, METRICS_PORT);

	rc = options_parse(&command, s, argc, argv, &given);
	if (rc == OPTIONS_GO_ON)
		rc = config_file_read(&command, s, s->config_path, &s->text, &given);
	s->metrics_given = options_given(&command, given, "metrics");
	return rc == OPTIONS_GO_ON ? check(s) : rc;
}

void settings_free(struct settings *s)
{
	free(s->text);
	s->text = NULL;
}
