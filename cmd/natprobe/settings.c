#include "settings.h"

#include <stdio.h>

#include "desk/picture.h"
#include "face/options.h"

#define GENTLE_MAPPINGS 32
#define GENTLE_PACE     (50 * NK_MS)

static int add_server(void *into, const char *value, char why[static OPTIONS_WHY])
{
	return server_list_add(&((struct settings *)into)->servers, value, why);
}

static int set_svg(void *into, const char *value, char why[static OPTIONS_WHY])
{
	return picture_choose(&((struct settings *)into)->svg, value, why);
}

#define AT(field) .offset = offsetof(struct settings, field)

static const struct option_spec options[] = {
	SERVER_OPTION(
		add_server,
		"Measure with this server; may be given up to 8 times, the first that answers is "
		"used. Without it: $NATKIT_SERVER, then the configuration file, then the "
		"installed list of public servers."),
	{.name = "ipv4",
	 .letter = '4',
	 .help = "Measure IPv4. Without -4 and -6: IPv4, and IPv6 too if there is any.",
	 .kind = OPTION_FLAG,
	 AT(v4)},
	{.name = "ipv6",
	 .letter = '6',
	 .help = "Measure IPv6; with -4 both.",
	 .kind = OPTION_FLAG,
	 AT(v6)},
	INTERFACE_OPTION(AT(interface)),
	{.name = "quick",
	 .letter = 'q',
	 .help = "Classify only: about a second, no timeouts.",
	 .kind = OPTION_FLAG,
	 AT(probe.quick)},
	{.name = "max",
	 .letter = 'm',
	 .argument = "TIME",
	 .help = "Longest silence to try, 5s to 2h (default 6m).",
	 .kind = OPTION_DURATION,
	 AT(probe.max),
	 .min = 5,
	 .max = 7200},
	{.name = "resolution",
	 .argument = "SHARE",
	 .help = "Wanted precision of a timeout, 0.1% to 50% (default 1%), never finer than 0.25 "
		 "s.",
	 .kind = OPTION_RATIO,
	 AT(probe.resolution),
	 .min = 0.001,
	 .max = 0.5},
	{.name = "mappings",
	 .letter = 'n',
	 .argument = "N",
	 .help = "Most NAT mappings to hold at once, 16 to 4096 (default 256), shared by both "
		 "families.",
	 .kind = OPTION_COUNT,
	 AT(probe.mappings),
	 .min = 16,
	 .max = 4096},
	{.name = "pace",
	 .argument = "TIME",
	 .help = "Least time between two new mappings of a family, 1ms to 10s (default 20ms).",
	 .kind = OPTION_DURATION,
	 AT(probe.pace),
	 .min = 0.001,
	 .max = 10},
	{.name = "gentle",
	 .letter = 'g',
	 .help = "Be easy on a small router: --mappings 32 --pace 50ms, unless given.",
	 .kind = OPTION_FLAG,
	 AT(gentle)},
	{.name = "hairpin",
	 .help = "Test hairpinning too, with at most 3 packets: some firewalls take it for an "
		 "attack.",
	 .kind = OPTION_FLAG,
	 AT(probe.hairpin)},
	FORMAT_OPTIONS(AT(format)),
	{.name = "svg",
	 .argument = "FILE",
	 .help = "Also write the survival curves as a picture.",
	 .kind = OPTION_CALL,
	 .call = set_svg},
	{.name = "verbose",
	 .letter = 'v',
	 .help = "Say on standard error what each trial gave.",
	 .kind = OPTION_FLAG,
	 AT(verbose)},
};

static const struct command_spec command = {
	.name = "natprobe",
	.about =
		"Says how the NAT in front of this machine behaves, and how long it holds a silent "
		"UDP mapping.",
	.notes = "Exit status: 0 all is known, 1 something stayed unknown, 2 usage, 3 no server "
		 "reached, 4 not permitted, 5 internal error. natprobe(1) has the rest.",
	.options = options,
	.count = sizeof(options) / sizeof(options[0]),
};

int settings_read(struct settings *s, int argc, char *const argv[])
{
	uint64_t given = 0;
	int r;

	*s = (struct settings){
		.probe = {.max = 360 * NK_S,
			  .resolution = 0.01,
			  .mappings = 256,
			  .pace = 20 * NK_MS,
			  .icmp = true},
	};
	r = options_parse(&command, s, argc, argv, &given);
	if (r != OPTIONS_GO_ON)
		return r;
	if (s->gentle && !options_given(&command, given, "mappings"))
		s->probe.mappings = GENTLE_MAPPINGS;
	if (s->gentle && !options_given(&command, given, "pace"))
		s->probe.pace = GENTLE_PACE;
	s->format = format_settle(s->format);
	return OPTIONS_GO_ON;
}
