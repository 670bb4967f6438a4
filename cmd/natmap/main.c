/* natmap - the map of the NATs in front of this machine, and ports opened on them. */
#include <locale.h>

#include "face/commands.h"
#include "face/exit.h"
#include "io/standard.h"
#include "map.h"
#include "ports.h"

static const struct subcommand commands[] = {
	{"open", "Open a port on the gateway, look at it from outside, and hold it.", open_main},
	{"close", "Remove what an earlier run has left open.", close_main},
	{"list", "List ports that are open on the gateway.", list_main},
	{"watch", "Tell of gateways as they come, go, and lose their state.", watch_main},
};

static const struct program_spec program = {
	.name = "natmap",
	.commands = commands,
	.count = sizeof(commands) / sizeof(commands[0]),
	.notes = "natmap(1) has the rest.",
	.alone = map_main,
};

int main(int argc, char *argv[])
{
	if (!standard_open())
		return EXIT_INTERNAL;
	setlocale(LC_CTYPE, "");
	return commands_run(&program, argc, argv);
}
