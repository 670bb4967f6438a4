/* natmap - the map of the NATs in front of this machine, and ports opened on them. */
#include <locale.h>

#include "face/commands.h"
#include "face/exit.h"
#include "io/standard.h"
#include "map.h"

static const struct program_spec program = {
	.name = "natmap",
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
