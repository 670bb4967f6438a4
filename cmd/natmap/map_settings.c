#include "map_settings.h"

#include <stdio.h>

#include "core/portmap/protocol.h"
#include "desk/picture.h"
#include "face/options.h"

#define QUICK_LIMIT (1800 * NK_MS)

static int add_server(void *into, const char *value, char why[static OPTIONS_WHY])
{
	return server_list_add(&((struct map_settings *)into)->servers, value, why);
}

/* "natmap --text open" */
static int refuse_operand(void *into, const char *value, char why[static OPTIONS_WHY])
{
	(void)into;
	(void)value;
	snprintf(why, OPTIONS_WHY,
		 "a command comes first, as in \"natmap open\", and the map takes none");
	return -1;
}

static int set_svg(void *into, const char *value, char why[static OPTIONS_WHY])
{
	return picture_choose(&((struct map_settings *)into)->svg, value, why);
}

#define AT(field) .offset = offsetof(struct map_settings, field)

static const struct option_spec options[] = {
	SERVER_OPTION(
		add_server,
		"Map the way to this natbroker, or STUN server; may be given up to 8 times, the "
		"first that answers is used. Without it: $NATKIT_SERVER, then the configuration "
		"file, then the installed list of public servers."),
	{.name = "ipv4",
	 .letter = '4',
	 .help = "IPv4 only. Without -4 and -6: whatever there is.",
	 .kind = OPTION_FLAG,
	 AT(v4)},
	{.name = "ipv6", .letter = '6', .help = "IPv6 only.", .kind = OPTION_FLAG, AT(v6)},
	INTERFACE_OPTION(AT(interface)),
	{.name = "quick",
	 .letter = 'q',
	 .help = "Do not look which boxes keep state, and for how long: that takes as long as the "
		 "longest timeout, all else a second or two.",
	 .kind = OPTION_FLAG,
	 AT(quick)},
	{.name = "max",
	 .letter = 'm',
	 .argument = "TIME",
	 .help = "Longest timeout to look for, 5s to 2h (default 6m).",
	 .kind = OPTION_DURATION,
	 AT(natmap.max),
	 .min = 5,
	 .max = 7200},
	{.name = "mappings",
	 .letter = 'n',
	 .argument = "N",
	 .help = "Most NAT mappings to hold at once, 16 to 768 (default 256).",
	 .kind = OPTION_COUNT,
	 AT(natmap.mappings),
	 .min = 16,
	 .max = 768},
	{.name = "pace",
	 .argument = "TIME",
	 .help = "Least time between two new mappings, 1ms to 10s (default 20ms).",
	 .kind = OPTION_DURATION,
	 AT(natmap.pace),
	 .min = 0.001,
	 .max = 10},
	FORMAT_OPTIONS(AT(format)),
	{.name = "svg",
	 .argument = "FILE",
	 .help = "Also draw the map as a picture.",
	 .kind = OPTION_CALL,
	 .call = set_svg},
};

static const struct command_spec command = {
	.name = "natmap",
	.about = "Draws a map of the NATs in front of this machine: which boxes lie on the way, "
		 "which "
		 "of them keep state and for how long, and which gateways open ports.",
	.operand = refuse_operand,
	.options = options,
	.count = sizeof(options) / sizeof(options[0]),
};

int map_settings_read(struct map_settings *s, int argc, char *const argv[])
{
	int r;

	*s = (struct map_settings){
		.natmap = {.max = 360 * NK_S,
			   .mappings = 256,
			   .pace = 20 * NK_MS,
			   .protocols = PORTMAP_ALL,
			   .limit = QUICK_LIMIT},
	};
	r = options_parse(&command, s, argc, argv, NULL);
	if (r != OPTIONS_GO_ON)
		return r;
	s->natmap.enumerate = !s->quick;
	s->format = format_settle(s->format);
	return OPTIONS_GO_ON;
}
