#include "open_settings.h"

#include <stdio.h>
#include <string.h>

#include "face/exit.h"
#include "face/format.h"
#include "face/log.h"
#include "face/numbers.h"

#define TCP        6
#define UDP        17
#define LIFETIME_S 7200 /* RFC 6886 section 3.3 */

int open_take_operand(unsigned *ip_protocol, unsigned *port, const char *value,
		      char why[static OPTIONS_WHY])
{
	uint64_t n;

	if (*ip_protocol == 0) {
		if (strcmp(value, "tcp") == 0)
			*ip_protocol = TCP;
		else if (strcmp(value, "udp") == 0)
			*ip_protocol = UDP;
		else
			snprintf(why, OPTIONS_WHY, "give tcp or udp, and then a port");
		return *ip_protocol != 0 ? 0 : -1;
	}
	if (*port != 0 || number_count(&n, value) != 0 || n < 1 || n > 65535) {
		snprintf(why, OPTIONS_WHY, "give %s, 1 to 65535",
			 *port != 0 ? "one port" : "a port");
		return -1;
	}
	*port = (unsigned)n;
	return 0;
}

static int take_operand(void *into, const char *value, char why[static OPTIONS_WHY])
{
	struct open_settings *s = into;

	return open_take_operand(&s->ip_protocol, &s->port, value, why);
}

static int add_server(void *into, const char *value, char why[static OPTIONS_WHY])
{
	return server_list_add(&((struct open_settings *)into)->servers, value, why);
}

static int set_remote(void *into, const char *value, char why[static OPTIONS_WHY])
{
	struct addr *remote = &((struct open_settings *)into)->remote;

	if (addr_parse(remote, value, 0) == 0 && addr_is_one_host(remote))
		return 0;
	snprintf(why, OPTIONS_WHY, "give an address, such as 192.0.2.1");
	return -1;
}

#define AT(field) .offset = offsetof(struct open_settings, field)

static const struct option_spec options[] = {
	WHERE_OPTIONS("the first of these that works."),
	{.name = "external",
	 .letter = 'x',
	 .argument = "PORT",
	 .help = "Ask for this port outside. Default: the same as inside. The gateway may give "
		 "another one.",
	 .kind = OPTION_COUNT,
	 AT(external),
	 .min = 1,
	 .max = 65535},
	{.name = "strict", .help = "That port outside, or none.", .kind = OPTION_FLAG, AT(strict)},
	{.name = "lifetime",
	 .letter = 'l',
	 .argument = "TIME",
	 .help = "How long the gateway is to keep it if we vanish, 5s to 24h (default 2h).",
	 .kind = OPTION_DURATION,
	 AT(lifetime),
	 .min = 5, /* gateways count in whole seconds, and half of it is to be some */
	 .max = 86400},
	{.name = "remote",
	 .letter = 'r',
	 .argument = "ADDRESS",
	 .help = "Let only this address in, where the gateway can: it is then not verified.",
	 .kind = OPTION_CALL,
	 .call = set_remote},
	SERVER_OPTION(
		add_server,
		"The natbroker that looks from outside whether the port is open; may be given up "
		"to 8 times. Without it: $NATKIT_SERVER, then the configuration file."),
	{.name = "no-verify",
	 .letter = 'n',
	 .help = "Do not look from outside.",
	 .kind = OPTION_FLAG,
	 AT(no_verify)},
	{.name = "detach",
	 .letter = 'd',
	 .help = "End as soon as it is open, and leave it so until its lifetime ends.",
	 .kind = OPTION_FLAG,
	 AT(detach)},
	{.name = "exec",
	 .letter = 'X',
	 .argument = "COMMAND",
	 .help = "Run this by the shell whenever the port is open, is another one, or is not open "
		 "any more, with NATKIT_EVENT, NATKIT_PUBLIC_ADDRESS ... in its environment.",
	 .kind = OPTION_STRING,
	 AT(exec)},
	FORMAT_OPTIONS(AT(format)),
};

static const struct command_spec command = {
	.name = "natmap open",
	.about =
		"Opens a port of this machine on the gateway, by PCP, NAT-PMP or UPnP, has a "
		"natbroker look from outside whether one gets in, and holds it until it is told to "
		"stop.",
	.notes = "Exit status: 0 it was left open (--detach), 1 it cannot be opened or nobody gets "
		 "in, 2 usage, 3 there is no gateway, 4 not permitted, 5 internal error, 128 and "
		 "the signal's number: it was held until then. natmap(1) has the rest.",
	.operands = "tcp|udp PORT",
	.operand = take_operand,
	.options = options,
	.count = sizeof(options) / sizeof(options[0]),
};

static int refuse(const char *text)
{
	log_line(LEVEL_ERROR, "%s", text);
	return EXIT_USAGE;
}

int open_settings_read(struct open_settings *s, int argc, char *const argv[])
{
	int r;

	*s = (struct open_settings){.lifetime = LIFETIME_S * NK_S};
	r = options_parse(&command, s, argc, argv, NULL);
	if (r != OPTIONS_GO_ON)
		return r;
	if (s->port == 0)
		return refuse("say what to open: tcp or udp, and a port");
	if (s->no_verify && s->servers.count > 0)
		return refuse("--server does not go with --no-verify");
	s->format = format_settle(s->format);
	return OPTIONS_GO_ON;
}
