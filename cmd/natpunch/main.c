/* natpunch - two machines behind NATs meet, over UDP. */
#include <locale.h>

#include "beliefs.h"
#include "contact.h"
#include "face/commands.h"
#include "face/exit.h"
#include "ice.h"
#include "id.h"
#include "io/standard.h"
#include "run.h"

static const struct subcommand commands[] = {
	{"id", "Print the card by which others ring us.", id_main},
	{"contact", "Keep names for the cards of others.", contact_main},
	{"listen", "Wait for calls, and connect them with standard input and output.", listen_main},
	{"call", "Call a peer, and connect it with standard input and output.", call_main},
	{"send", "Send one message to a peer.", send_main},
	{"test", "Try each way to reach a peer, and report.", test_main},
	{"ice", "Meet an ICE agent of another make.", ice_main},
	{"beliefs", "Show what earlier calls teach, or forget it.", beliefs_main},
};

static const struct program_spec program = {
	.name = "natpunch",
	.about = "Connects two machines behind NATs, over UDP: by keys, through a broker that need "
		 "not be trusted, with messages and programs at both ends.",
	.commands = commands,
	.count = sizeof(commands) / sizeof(commands[0]),
	.notes = "natpunch(1) has the rest.",
};

int main(int argc, char *argv[])
{
	if (!standard_open())
		return EXIT_INTERNAL;
	setlocale(LC_CTYPE, "");
	return commands_run(&program, argc, argv);
}
