/* natsim - worlds of NATs, links and hosts on one machine, in real time. */
#include <locale.h>

#include "ask.h"
#include "catalogue.h"
#include "exec.h"
#include "face/commands.h"
#include "face/exit.h"
#include "io/standard.h"
#include "run.h"
#include "up.h"

static const struct subcommand commands[] = {
	{"run", "Run a program behind a NAT.", run_main},
	{"list", "Name the NATs that there are as presets.", list_main},
	{"show", "Say everything about one preset, and where it is from.", show_main},
	{"up", "Make a world of several hosts and NATs from a file.", up_main},
	{"exec", "Run a program in a host of a world.", exec_main},
	{"status", "Say what is in a world, and what its NATs remember.", status_main},
	{"set", "Change a link or a NAT of a world, or reboot it.", set_main},
	{"down", "End a world.", down_main},
};

static const struct program_spec program = {
	.name = "natsim",
	.about = "Runs programs behind any NAT there is, on one machine: hosts are network "
		 "namespaces, and one process is the internet between them.",
	.commands = commands,
	.count = sizeof(commands) / sizeof(commands[0]),
	.notes = "natsim(1) has the rest.",
};

int main(int argc, char *argv[])
{
	if (!standard_open())
		return EXIT_INTERNAL;
	setlocale(LC_CTYPE, "");
	return commands_run(&program, argc, argv);
}
