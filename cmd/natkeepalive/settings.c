#include "settings.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/keepalive/keepalive.h"
#include "desk/config_file.h"
#include "desk/server_list.h"
#include "face/exit.h"
#include "face/log.h"
#include "face/options.h"
#include "io/resolve.h"

#define LONGEST_S 14400 /* a little more is what timeout_grid_init() has room for */

static bool has_port(const char *name)
{
	struct addr a;

	return addr_parse(&a, name, 0) == 0 ? a.port != 0 : strchr(name, ':') != NULL;
}

static int add_wish(struct settings *s, enum keeper_target_kind kind, const char *name,
		    char why[static OPTIONS_WHY])
{
	const char *right = resolve_wrong(name);

	if (kind == KEEPER_PEER && (right != NULL || !has_port(name)))
		right = "give HOST:PORT, or [ADDRESS]:PORT for IPv6";
	if (right != NULL) {
		snprintf(why, OPTIONS_WHY, "%s", right);
		return -1;
	}
	if (s->wish_count == KEEPER_TARGETS_MAX) {
		snprintf(why, OPTIONS_WHY, "give at most %d servers and peers", KEEPER_TARGETS_MAX);
		return -1;
	}
	s->wishes[s->wish_count++] = (struct wish){kind, name};
	return 0;
}

static int add_server(void *into, const char *value, char why[static OPTIONS_WHY])
{
	return add_wish(into, KEEPER_STUN, value, why);
}

static int add_peer(void *into, const char *value, char why[static OPTIONS_WHY])
{
	return add_wish(into, KEEPER_PEER, value, why);
}

static int set_algorithm(void *into, const char *value, char why[static OPTIONS_WHY])
{
	const enum keepalive_algorithm a = keepalive_algorithm_of(value);

	if (a == KEEPALIVE_ALGORITHMS) {
		snprintf(why, OPTIONS_WHY, "give learned, fixed, turns, opener or none");
		return -1;
	}
	((struct settings *)into)->keeper.algorithm = a;
	return 0;
}

static int set_report(void *into, const char *value, char why[static OPTIONS_WHY])
{
	return sink_choose(&((struct settings *)into)->report, value, why);
}

#define AT(field) .offset = offsetof(struct settings, field)

static const struct option_spec options[] = {
	SERVER_OPTION(
		add_server,
		"Keep a mapping open to this STUN server or natbroker; may be given often, up to "
		"64 times with --peer. Without either: the first of $NATKIT_SERVER, then of the "
		"configuration file of all commands, then of the installed list."),
	{.name = "peer",
	 .letter = 'p',
	 .argument = "HOST:PORT",
	 .help = "Keep a mapping open to this peer, which need not answer; may be given often.",
	 .kind = OPTION_CALL,
	 .repeatable = true,
	 .call = add_peer},
	{.name = "ipv4",
	 .letter = '4',
	 .help = "Use IPv4. Without -4 and -6: what the name gives first.",
	 .kind = OPTION_FLAG,
	 AT(v4)},
	{.name = "ipv6",
	 .letter = '6',
	 .help = "Use IPv6; with -4 both.",
	 .kind = OPTION_FLAG,
	 AT(v6)},
	INTERFACE_OPTION(AT(interface)),
	{.name = "local-port",
	 .letter = 'l',
	 .argument = "PORT",
	 .help = "Send from this UDP port, all of it. Default: any, one for each target.",
	 .kind = OPTION_COUNT,
	 AT(local_port),
	 .min = 1,
	 .max = 65535},
	{.name = "share",
	 .argument = "PORT",
	 .help = "Keep the mappings of another program that has this UDP port, unmodified; takes "
		 "CAP_NET_RAW, which is given up before anything is read.",
	 .kind = OPTION_COUNT,
	 AT(share),
	 .min = 1,
	 .max = 65535},
	{.name = "user",
	 .letter = 'u',
	 .argument = "NAME",
	 .help = "With --share: become this user then.",
	 .kind = OPTION_STRING,
	 AT(user)},
	{.name = "algorithm",
	 .letter = 'a',
	 .argument = "NAME",
	 .help = "When to send: learned (default: at an interval that follows what the NAT is "
		 "found to allow), fixed, turns, opener or none.",
	 .kind = OPTION_CALL,
	 .call = set_algorithm},
	{.name = "interval",
	 .argument = "TIME",
	 .help = "Of fixed, turns and opener, 1s to 24h (default 15s).",
	 .kind = OPTION_DURATION,
	 AT(keeper.interval),
	 .min = 1,
	 .max = 86400},
	{.name = "floor",
	 .argument = "TIME",
	 .help = "Of learned: send no more often, whatever that costs, 1s to 4h. Default: 15s, "
		 "and lower where the NAT demands it, which is said.",
	 .kind = OPTION_DURATION,
	 AT(keeper.floor),
	 .min = 1,
	 .max = LONGEST_S},
	{.name = "max",
	 .letter = 'm',
	 .argument = "TIME",
	 .help = "Of learned: send no less often, 1s to 4h (default 1h): a new public address is "
		 "noticed as late.",
	 .kind = OPTION_DURATION,
	 AT(keeper.longest),
	 .min = 1,
	 .max = LONGEST_S},
	{.name = "opener-ttl",
	 .argument = "N",
	 .help = "Of opener: the TTL of its packets, 1 to 64. Default: as measured.",
	 .kind = OPTION_COUNT,
	 AT(opener_ttl),
	 .min = 1,
	 .max = 64},
	{.name = "duration",
	 .letter = 'd',
	 .argument = "TIME",
	 .help = "End after so long. Default: when told to stop.",
	 .kind = OPTION_DURATION,
	 AT(keeper.duration),
	 .min = 0.1,
	 .max = 366 * 86400.0},
	{.name = "once",
	 .letter = '1',
	 .help = "End as soon as each target has answered, or has not.",
	 .kind = OPTION_FLAG,
	 AT(keeper.once)},
	{.name = "exec",
	 .letter = 'x',
	 .argument = "COMMAND",
	 .help = "Run this by the shell when a public address is there, changes, is lost or is "
		 "back, with NATKIT_EVENT, NATKIT_PUBLIC_ADDRESS ... in its environment.",
	 .kind = OPTION_STRING,
	 AT(exec)},
	FORMAT_OPTIONS(AT(format)),
	{.name = "report",
	 .letter = 'r',
	 .argument = SINK_ARGUMENT,
	 .help = "Write the report there too, as JSON.",
	 .kind = OPTION_CALL,
	 .call = set_report},
	{.name = "quiet",
	 .letter = 'q',
	 .help = "Write only warnings and errors to standard error.",
	 .kind = OPTION_FLAG,
	 AT(quiet)},
	CONFIG_FILE_OPTION("natkeepalive", AT(config_path)),
};

static const struct command_spec command = {
	.name = "natkeepalive",
	.about = "Keeps NAT mappings open at the least cost, and says the public address and when "
		 "it changes, is lost, or is back.",
	.notes = "Exit status: 0 each target answered, 1 one was lost, 2 usage, 3 one cannot be "
		 "reached, 4 not permitted, 5 internal error. natkeepalive(1) has the rest.",
	.options = options,
	.count = sizeof(options) / sizeof(options[0]),
};

static int refuse(const char *text)
{
	log_line(LEVEL_ERROR, "%s", text);
	return EXIT_USAGE;
}

/* What each option is right about by itself may not go together. */
static int check(const struct settings *s, uint64_t given)
{
	const struct keeper_options *k = &s->keeper;
	const bool learned = k->algorithm == KEEPALIVE_LEARNED;

	if (s->share > 0 && s->local_port > 0)
		return refuse(
			"--share does not go with --local-port: it is that of another program");
	if (s->user != NULL && s->share == 0)
		return refuse("--user goes with --share only");
	if ((learned || k->algorithm == KEEPALIVE_NONE) &&
	    options_given(&command, given, "interval"))
		return refuse("--interval goes with --algorithm fixed, turns or opener: learned "
			      "finds it");
	if (!learned &&
	    (options_given(&command, given, "floor") || options_given(&command, given, "max")))
		return refuse("--floor and --max go with --algorithm learned only");
	if (k->floor > k->longest)
		return refuse("--floor: give no more than --max");
	if (s->opener_ttl > 0 && k->algorithm != KEEPALIVE_OPENER)
		return refuse("--opener-ttl goes with --algorithm opener only");
	return OPTIONS_GO_ON;
}

int settings_read(struct settings *s, int argc, char *const argv[])
{
	struct keeper_options *k = &s->keeper;
	uint64_t given = 0;
	int r;

	*s = (struct settings){
		.keeper = {.algorithm = KEEPALIVE_LEARNED, .longest = 3600 * NK_S},
	};
	r = options_parse(&command, s, argc, argv, &given);
	if (r == OPTIONS_GO_ON)
		r = config_file_read(&command, s, s->config_path, &s->text, &given);
	k->below_floor = !options_given(&command, given, "floor");
	if (k->below_floor)
		k->floor = nk_min(KEEPALIVE_INTERVAL, k->longest);
	if (r == OPTIONS_GO_ON)
		r = check(s, given);
	if (r != OPTIONS_GO_ON)
		return r;
	k->opener_ttl = (uint8_t)s->opener_ttl;
	s->format = format_settle(s->format);
	return OPTIONS_GO_ON;
}

void settings_free(struct settings *s)
{
	sink_close(s->report.fd);
	s->report.fd = NULL;
	free(s->text);
	s->text = NULL;
}
