/* natsim - worlds of NATs, links and hosts on one machine, in real time. */
#include <locale.h>

#include "catalogue.h"
#include "face/commands.h"
#include "face/exit.h"
#include "io/standard.h"
#include "run.h"

static const struct subcommand commands[] = {
	{"list", "Name the NATs that there are as presets.", list_main},
	{"show", "Say everything about one preset, and where it is from.", show_main},
	{"run", "Run a program behind a NAT.", run_main},
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
